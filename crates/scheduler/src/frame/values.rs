//! Values on their way: which have heap, how they are copied and dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use terrace_core::Value;

/// Whether dropping a value does anything.
#[inline]
pub(crate) fn has_heap(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::F64(_))
}

/// Drops a value, whatever its destructor does.
#[inline]
pub(crate) fn discard(value: Value) {
    if has_heap(&value) {
        let_go(value);
    }
}

/// Drops something that holds what is not ours, whatever the destructors in it do.
pub(crate) fn let_go<T>(thing: T) {
    let guard = crate::attempt::Quiet::new();
    if let Err(payload) = catch_unwind(AssertUnwindSafe(move || drop(thing))) {
        // Its destructor might panic in turn; what that throws is left alone.
        if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
            std::mem::forget(again);
        }
    }
    drop(guard);
}

/// Adds a copy of a value, part by part where it has no heap: one that was moved whole right after
/// would wait for its parts.
#[inline]
pub(crate) fn push(args: &mut Vec<Value>, value: &Value) {
    match value {
        Value::I64(number) => args.push(Value::I64(*number)),
        Value::F64(number) => args.push(Value::F64(*number)),
        Value::Bool(truth) => args.push(Value::Bool(*truth)),
        Value::Null => args.push(Value::Null),
        other => args.push(other.clone()),
    }
}

/// Drops arguments where they lie.
#[inline]
pub(crate) fn clear(args: &mut Vec<Value>) {
    if args.iter().any(has_heap) {
        args.drain(..).for_each(discard);
    } else {
        args.clear();
    }
}
