//! Hands a whole value through serde's traits, which know no such thing, to the other side of
//! this library.
//!
//! Writing: a [`Value`] calls `serialize_newtype_struct` with the name [`TOKEN`] and puts itself
//! here meanwhile. Any format but ours sees a newtype, writes its inside (the `$` forms) and never
//! looks here; ours recognises the name and takes the value as it is. Reading is the same the
//! other way round: our deserializer, asked for a newtype of that name, puts the value here, and
//! the visitor takes it. serde_json's `RawValue` and toml's `Datetime` work like this.
//!
//! # Invariants
//! - A value lies here only between the two calls on one thread, with nothing but adapters (such
//!   as erased-serde) between them. Whoever is asked takes it before it does anything else.
//! - [`Offer`] puts back on drop what lay here before, so neither a panic nor a format that calls
//!   into this library from inside leaves a value to be found by someone else.

use std::cell::Cell;

use crate::value::Value;

/// The name of the newtype. A type of a user's with this name would find nothing here.
pub(super) const TOKEN: &str = "$terrace::Value";

thread_local! {
    static HANDED: Cell<Option<Value>> = const { Cell::new(None) };
}

/// Keeps a value on offer.
pub(super) struct Offer {
    before: Option<Value>,
}

/// Offers a value to the next [`take`] on this thread, until the result is dropped.
pub(super) fn offer(value: Value) -> Offer {
    Offer { before: replace(Some(value)) }
}

/// Takes the value on offer, if there is one.
pub(super) fn take() -> Option<Value> {
    replace(None)
}

impl Drop for Offer {
    fn drop(&mut self) {
        // What is dropped here may run a user's destructor, but only after the slot was written.
        drop(replace(self.before.take()));
    }
}

/// While a thread is being torn down there is no slot and nothing is handed over: values then go
/// through in their plain forms.
fn replace(value: Option<Value>) -> Option<Value> {
    HANDED.try_with(|slot| slot.replace(value)).unwrap_or(None)
}
