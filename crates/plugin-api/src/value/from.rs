//! What becomes a [`Value`] without a question: scalars, text, bytes and the payload types.
//!
//! A list or a map can fail (depth, duplicate keys): [`Value::list`], [`Value::map`]. Anything that
//! serde knows: [`super::to_value`].

use super::{Array, BigU64, Bytes, List, Map, Str, Value};
use crate::ext::Ext;

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        BigU64::new(value).map_or(Self::I64(value as i64), Self::U64)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<char> for Value {
    fn from(value: char) -> Self {
        Self::from(String::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Str(Str::from(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Str(Str::from(value))
    }
}

/// As [`Value::Bytes`]. Serde, which cannot tell bytes from other numbers, makes it a list.
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Bytes::from(value))
    }
}

/// As [`Value::Bytes`].
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Bytes::from(value))
    }
}

/// `None` as null.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! payloads {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
payloads! {
    bool => Bool, i8 => I64, i16 => I64, i32 => I64, i64 => I64, u8 => I64, u16 => I64, u32 => I64,
    BigU64 => U64, f32 => F64, f64 => F64, Str => Str, Bytes => Bytes, List => List, Map => Map,
    Array => Array, Ext => Ext,
}
