//! Serde in both directions: any user type to and from a [`Value`], and a `Value` to and from any
//! format.
//!
//! # A value in a format that is not ours
//! Null, bools, integers, finite floats, strings, lists and maps are themselves. The rest:
//!
//! | value | form |
//! |---|---|
//! | float that is not finite | `{"$f64": "NaN"}`, `"inf"`, `"-inf"` |
//! | bytes | `{"$bytes": "<padded base64>"}` |
//! | array | `{"$array": {"dtype": "f64", "shape": [2, 3], "data": "<base64, little-endian>"}}` |
//! | map whose only key starts with `$` | that `$` doubled: `{"$bytes": 1}` is `{"$$bytes": 1}` |
//! | [`Ext`](crate::Ext) | what its type turns it into, else an error that names it |
//!
//! Any other map with one key and a `$` in front is refused on reading. So whatever is written
//! reads back as an equal value, given a format that keeps floats (serde_json: `float_roundtrip`);
//! only an [`Ext`](crate::Ext) stays the data it became.
//!
//! # A user type as a value
//! serde_json's conventions, see [`to_value`] and [`from_value`]. A `Value` inside goes through as
//! it is, opaque ones included: [`handover`]. Under serde's `untagged`, `flatten` and internally
//! tagged forms serde itself buffers the data and knows no arrays, no opaque values and no `$` to
//! escape: there an array reads as a list, and an opaque value is refused.

mod base64;
mod error;
mod handover;
mod keys;
mod parse;
mod plain;
mod reader;
mod writer;

pub use error::SerdeError;
pub use reader::{from_value, from_value_ref};
pub use writer::to_value;

use super::MAX_DEPTH;

/// Calls from this library into a user's type and back that may lie on the stack. An optional or
/// a newtype takes one without nesting deeper, and a type can be nothing but these without end.
const MAX_STEPS: u16 = 3 * MAX_DEPTH;
