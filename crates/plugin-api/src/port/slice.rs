//! Ports behind `&` whose size is not known: text, bytes, slices.

use std::fmt;
use std::ops::Deref;

use super::{PortError, PortRef, PortType};
use crate::schema::Schema;
use crate::value::Value;

impl<'a> PortRef<'a> for str {
    const SCHEMA: Schema = Schema::Str;
    type Held = &'a str;
    fn hold(value: &'a Value) -> Result<&'a str, PortError> {
        value.as_str().ok_or_else(|| PortError::expected("a string", value))
    }
}

/// A borrowed slice parameter: lies in the value itself, or was made from it for the call.
pub struct HeldSlice<'a, T>(Repr<'a, T>);

enum Repr<'a, T> {
    Borrowed(&'a [T]),
    Owned(Vec<T>),
}

impl<T> Deref for HeldSlice<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.0 {
            Repr::Borrowed(items) => items,
            Repr::Owned(items) => items,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for HeldSlice<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// `&[f64]`, `&[i64]`, `&[u8]` and the like read an array, `&[u8]` bytes and `&[Value]` a list
/// without copying; anything else is made for the call.
impl<'a, T: PortType + 'a> PortRef<'a> for [T] {
    const SCHEMA: Schema = T::SLICE;
    type Held = HeldSlice<'a, T>;
    fn hold(value: &'a Value) -> Result<HeldSlice<'a, T>, PortError> {
        Ok(HeldSlice(match T::slice_of(value) {
            Some(items) => Repr::Borrowed(items),
            None => Repr::Owned(Vec::from_value(value.clone())?),
        }))
    }
}
