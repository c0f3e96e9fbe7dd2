//! Stand-ins: a task that does nothing, and two that only hand on.

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

/// Gives on a value without reading what else it is given. The edge to `given` makes it wait all
/// the same: to order two tasks on purpose, write `after`.
#[task(pure)]
pub fn unread(
    /// Waited for, not read.
    _given: Value,
    /// What to give; null without it.
    value: Option<Value>,
) -> Value {
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_passes_as_it_is() {
        let list = Value::list(vec![Value::Null, Value::from(1_i64)]).unwrap();
        assert_eq!(identity(list.clone()), list);
        stub(Some(list.clone()));
        stub(None);
        assert_eq!(unread(Value::Null, Some(list.clone())), list);
    }
}
