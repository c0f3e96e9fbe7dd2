//! Debug output: short and readable, never the whole of a large value.

use std::fmt;

use super::Value;

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{}", value),
            Self::I64(value) => write!(f, "{}", value),
            Self::U64(value) => write!(f, "{}", value.get()),
            Self::F64(value) => write!(f, "{:?}", value),
            Self::Str(value) => write!(f, "{:?}", value.as_str()),
            Self::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Self::List(value) => f.debug_list().entries(value.iter()).finish(),
            Self::Map(value) => f.debug_map().entries(value.iter()).finish(),
            Self::Array(value) => write!(f, "<array {} {:?}>", value.dtype().name(), value.shape()),
            Self::Ext(value) => write!(f, "<{:?}>", value),
        }
    }
}
