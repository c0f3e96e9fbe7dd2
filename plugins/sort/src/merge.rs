//! Merge sort: halves side by side, then merged.

use terrace_plugin_api::{ErrorClass, Flow, TaskError, task};

/// Sorts integers by a workflow: two nodes that do the same with the halves, and one that merges
/// them. Up to `cutoff` integers are sorted at once.
///
/// Knuth, The Art of Computer Programming 3, section 5.2.4. The tasks it names are
/// `sort/merge_sort`, `sort/sort` and `sort/merge`, so the workflow around it calls this pack
/// `sort`. Each half is written into the workflow that is to run, so a level more copies the data
/// once more.
///
/// # Errors
/// Code `cutoff` where the cutoff is 0.
#[task(pure)]
pub fn merge_sort(
    /// What to sort.
    values: Vec<i64>,
    /// Up to how many to sort without splitting, at least 1.
    #[default = 4096]
    cutoff: u32,
) -> Result<Flow, TaskError> {
    if cutoff == 0 {
        let message = "input `cutoff`: 0 integers cannot be split further";
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("cutoff"));
    }
    if values.len() <= cutoff as usize {
        return Ok(Flow::done(sort(values)));
    }
    let mut flow = Flow::new();
    let (left, right) = values.split_at(values.len() / 2);
    let [left, right] = [("left", left), ("right", right)].map(|(name, half)| {
        if half.len() <= cutoff as usize {
            // A leaf needs no workflow of its own.
            return flow.node(name, "sort/sort").with("values", half.to_vec()).add();
        }
        let node = flow.node(name, "sort/merge_sort").with("values", half.to_vec());
        node.with("cutoff", cutoff).add()
    });
    let merged = flow.node("merge", "sort/merge").with("a", left).with("b", right).add();
    Ok(flow.output(merged))
}

/// Sorts integers at once, the smallest first.
#[task(pure)]
pub fn sort(
    /// What to sort.
    mut values: Vec<i64>,
) -> Vec<i64> {
    values.sort_unstable();
    values
}

/// Merges two sorted lists into one. Lists that are not sorted give one that is not.
#[task(pure, associative)]
pub fn merge(
    /// One list.
    a: Vec<i64>,
    /// The other.
    b: Vec<i64>,
) -> Vec<i64> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.as_slice(), b.as_slice());
    while let ([first, rest @ ..], [second, others @ ..]) = (a, b) {
        if first <= second {
            merged.push(*first);
            a = rest;
        } else {
            merged.push(*second);
            b = others;
        }
    }
    merged.extend_from_slice(a);
    merged.extend_from_slice(b);
    merged
}

/// Tells whether no integer is smaller than the one before it.
#[task(pure)]
pub fn is_sorted(
    /// The list.
    values: &[i64],
) -> bool {
    values.is_sorted()
}

#[cfg(test)]
mod tests {
    use terrace_plugin_api::{PortType, Value};

    use super::*;
    use crate::random::random;

    /// Runs what a description says, as an engine would.
    fn run(values: Vec<i64>, cutoff: u32, deepest: &mut usize, depth: usize) -> Vec<i64> {
        *deepest = depth.max(*deepest);
        let description = merge_sort(values, cutoff).unwrap().into_value().unwrap();
        let nodes = description.get("nodes").and_then(Value::as_map).unwrap();
        if nodes.is_empty() {
            return Vec::from_value(description.get("output").unwrap().clone()).unwrap();
        }
        let names: Vec<&str> = nodes.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["left", "right", "merge"]);
        assert_eq!(description.get("output"), Some(&Value::from("${merge}")));
        let mut half = |name: &str| {
            let node = nodes.get(name).unwrap();
            let values = node.get("with").and_then(|with| with.get("values")).unwrap();
            let values = Vec::from_value(values.clone()).unwrap();
            match node.get("task").and_then(Value::as_str).unwrap() {
                "sort/sort" => sort(values),
                _ => run(values, cutoff, deepest, depth + 1),
            }
        };
        merge(half("left"), half("right"))
    }

    #[test]
    fn any_list_comes_out_sorted() {
        for length in [0, 1, 2, 3, 5, 64, 1000] {
            for cutoff in [1, 2, 7, 100, u32::MAX] {
                let values = random(length, 7).unwrap();
                let mut expected = values.clone();
                expected.sort_unstable();
                assert_eq!(run(values, cutoff, &mut 0, 0), expected, "{length} {cutoff}");
            }
        }
        let same = vec![3; 10];
        assert_eq!(run(same.clone(), 1, &mut 0, 0), same);
        let down: Vec<i64> = (0..100).rev().collect();
        assert!(is_sorted(&run(down, 1, &mut 0, 0)));
    }

    #[test]
    fn the_graph_is_as_deep_as_the_logarithm() {
        let mut deepest = 0;
        run(random(1024, 1).unwrap(), 1, &mut deepest, 0);
        // The last halving gives leaves, which are no workflows.
        assert_eq!(deepest, 9);
        assert_eq!(merge_sort(vec![1], 0).err().unwrap().code(), "cutoff");
    }

    #[test]
    fn merging_keeps_everything() {
        assert_eq!(merge(vec![1, 3, 3], vec![2, 3, 9]), [1, 2, 3, 3, 3, 9]);
        assert_eq!(merge(vec![], vec![1]), [1]);
        assert_eq!(merge(vec![i64::MIN], vec![]), [i64::MIN]);
        assert!(is_sorted(&[]) && is_sorted(&[1, 1, 2]) && !is_sorted(&[2, 1]));
    }
}
