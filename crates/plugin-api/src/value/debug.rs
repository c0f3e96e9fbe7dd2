//! Debug output: short and readable, never the whole of a large value.

use std::fmt;

use super::Value;

/// Items of a list or map that are shown.
const ITEMS: usize = 16;
/// Characters of a string that are shown.
const CHARS: usize = 120;

fn text(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.char_indices().nth(CHARS) {
        Some((end, _)) => write!(f, "{:?}…", &value[..end]),
        None => write!(f, "{:?}", value),
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{}", value),
            Self::I64(value) => write!(f, "{}", value),
            Self::U64(value) => write!(f, "{}", value.get()),
            Self::F64(value) => write!(f, "{:?}", value),
            Self::Str(value) => text(value, f),
            Self::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Self::List(value) => {
                let mut list = f.debug_list();
                list.entries(value.iter().take(ITEMS));
                if value.len() > ITEMS {
                    list.entry(&format_args!("… {} more", value.len() - ITEMS));
                }
                list.finish()
            }
            Self::Map(value) => {
                let mut map = f.debug_map();
                map.entries(value.iter().take(ITEMS));
                if value.len() > ITEMS {
                    let more = value.len() - ITEMS;
                    map.entry(&format_args!("… {} more", more), &format_args!("…"));
                }
                map.finish()
            }
            Self::Array(value) => write!(f, "<array {} {:?}>", value.dtype().name(), value.shape()),
            Self::Ext(value) => write!(f, "<{:?}>", value),
        }
    }
}
