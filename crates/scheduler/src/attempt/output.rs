//! Whether what a task gave is of the kind it said: at the top only, so that it costs the same
//! whatever the size. What lies deeper is checked by whoever reads it.

use terrace_core::{TaskError, Type, Value};
use terrace_plugin_api::ErrorClass;

/// Passes the value on, or says how it differs.
pub(crate) fn check(ty: &Type, value: Value) -> Result<Value, TaskError> {
    if fits(ty, &value) {
        return Ok(value);
    }
    let message = format!("the task gave {} where it says {ty}", value.kind());
    crate::frame::discard(value);
    Err(TaskError::new(ErrorClass::INVALID_OUTPUT, message))
}

fn fits(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Null => matches!(value, Value::Null | Value::Ext(_)),
        Type::Bool => matches!(value, Value::Bool(_) | Value::Ext(_)),
        Type::I64 => matches!(value, Value::I64(_) | Value::Ext(_)),
        Type::U64 => matches!(value, Value::U64(_) | Value::Ext(_)) || value.as_u64().is_some(),
        Type::F64 | Type::Number => {
            matches!(value, Value::F64(_) | Value::I64(_) | Value::U64(_) | Value::Ext(_))
        }
        Type::Str => matches!(value, Value::Str(_) | Value::Ext(_)),
        Type::Bytes => matches!(value, Value::Bytes(_) | Value::Ext(_)),
        Type::List(_) | Type::Array(_) | Type::Tuple(_) => {
            matches!(value, Value::List(_) | Value::Array(_) | Value::Ext(_))
        }
        Type::Map(_) | Type::Record(_) | Type::Workflow => {
            matches!(value, Value::Map(_) | Value::Ext(_))
        }
        // A Rust value of a closure stands for any of these, and new kinds of type are its readers'.
        _ => true,
    }
}
