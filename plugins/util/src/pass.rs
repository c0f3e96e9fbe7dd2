//! Stand-ins: a task that does nothing, and one that only hands on.

use terrace_plugin_api::{Value, task};

/// Does nothing, whatever it gets, and gives null: a stand-in for a task still to come.
#[task(idempotent)]
pub fn stub(
    /// Anything, or nothing.
    value: Option<Value>,
) {
    drop(value);
}

/// Gives back what it gets.
#[task(pure)]
pub fn identity(
    /// Anything.
    value: Value,
) -> Value {
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_passes_as_it_is() {
        let list = Value::list(vec![Value::Null, Value::from(1_i64)]).unwrap();
        assert_eq!(identity(list.clone()), list);
        stub(Some(list));
        stub(None);
    }
}
