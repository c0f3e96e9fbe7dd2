//! Additions whose number is known only when the pairs are: a graph that a task builds.

use std::collections::BTreeMap;

use terrace_plugin_api::{Flow, PortType, Record, TaskError, Value, task};

use crate::number::Number;

/// Two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Record)]
pub(crate) struct Pair {
    /// One.
    x: Number,
    /// The other.
    y: Number,
}

/// Adds the two numbers of each pair by a workflow: a node `sum_0`, `sum_1`, … for each, in the
/// order of the keys, and a map of what they give, under these names.
///
/// The task it names is `math/add`, so the workflow around it calls this pack `math`.
#[task(pure)]
pub(crate) fn add_pairs(
    /// The pairs, each with a key of its own.
    data: BTreeMap<String, Pair>,
) -> Result<Flow, TaskError> {
    let mut nodes = Vec::with_capacity(data.len());
    let mut sums = Vec::with_capacity(data.len());
    for (at, pair) in data.into_values().enumerate() {
        let name = format!("sum_{at}");
        sums.push((name.clone(), Value::from(format!("${{{name}}}"))));
        let node = [("task", Value::from("math/add")), ("with", pair.into_value()?)];
        nodes.push((name, Value::map(node)?));
    }
    // `Flow::output` takes one node or a list of them; a map of them is written by hand.
    let description = [
        ("terrace", Value::from(1_i64)),
        ("nodes", Value::map(nodes)?),
        ("output", Value::map(sums)?),
    ];
    Ok(Flow::described(Value::map(description)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_a_node() {
        let data = (0..3_i64)
            .map(|i| (format!("list_{i}"), Pair { x: Number::Int(i), y: Number::Int(i) }));
        let flow = add_pairs(data.collect()).unwrap().into_value().unwrap();
        let nodes = flow.get("nodes").and_then(Value::as_map).unwrap();
        assert_eq!(nodes.len(), 3);
        let last = nodes.get("sum_2").unwrap();
        assert_eq!(last.get("task"), Some(&Value::from("math/add")));
        assert_eq!(last.get("with").and_then(|with| with.get("y")), Some(&Value::from(2_i64)));
        let output = flow.get("output").and_then(Value::as_map).unwrap();
        assert_eq!(output.get("sum_2"), Some(&Value::from("${sum_2}")));
        assert!(add_pairs(BTreeMap::new()).is_ok());
    }
}
