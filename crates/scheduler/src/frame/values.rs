//! Values on their way: which have heap, how they are copied and dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use terrace_core::Value;

/// Whether dropping a value does anything.
#[inline]
pub(crate) fn has_heap(value: &Value) -> bool {
    !value.is_plain()
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

/// Adds a copy of a value.
#[inline]
pub(crate) fn push(args: &mut Vec<Value>, value: &Value) {
    args.reserve(1);
    if !push_plain(args, value) {
        args.push(value.clone());
    }
}

/// Adds a copy of a value without heap, where there is room. `false`: it has heap, or there is none.
#[inline(always)]
pub(crate) fn push_plain(args: &mut Vec<Value>, value: &Value) -> bool {
    let Some(place) = args.spare_capacity_mut().first_mut() else { return false };
    let is_plain = value.copy_plain(place);
    if is_plain {
        let length = args.len() + 1;
        // SAFETY: it was written.
        unsafe { args.set_len(length) };
    }
    is_plain
}

/// Drops arguments where they lie.
#[inline(always)]
pub(crate) fn clear(args: &mut Vec<Value>) {
    if args.iter().any(has_heap) {
        args.drain(..).for_each(discard);
    } else {
        args.clear();
    }
}
