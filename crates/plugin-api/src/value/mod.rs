//! [`Value`]: the one type of data that crosses the pack boundary.
//!
//! 24 bytes; payloads sit behind counted pointers, so a clone costs the same whatever the size.
//! A value made in one library may be read, cloned and dropped in any other.
//!
//! # Invariants
//! - Nesting is at most [`MAX_DEPTH`] deep, kept by the constructors, so dropping never
//!   overflows the stack.
//! - A [`Map`] has no key twice. [`BigU64`] is above `i64::MAX`, so every integer has one form.
//!
//! Equality and hash live in `eq`, the one byte encoding in `canonical`, serde in both directions
//! and every user type in `serde`.

mod array;
mod canonical;
mod debug;
mod eq;
mod from;
mod list;
mod map;
mod scalar;
mod serde;
mod slots;

use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};

use abi_stable::StableAbi;

pub use self::serde::{from_value, from_value_ref, to_value, SerdeError};
pub use array::{Array, DType, Element};
pub use list::List;
pub use map::Map;
pub use scalar::{BigU64, Bytes, Str};
pub use slots::{Slots, SLOTS_READ};

use crate::ext::Ext;

/// How deep lists and maps may nest. A scalar has depth 0, a list of scalars 1.
pub const MAX_DEPTH: u16 = 256;

/// Any data that a task takes or gives.
#[repr(u8)]
#[derive(StableAbi, Clone, Default)]
pub enum Value {
    /// No value. Read as `None` by an optional port.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer up to `i64::MAX`.
    I64(i64),
    /// An integer above `i64::MAX`.
    U64(BigU64),
    /// A floating-point number, NaN and infinities included.
    F64(f64),
    /// Text.
    Str(Str),
    /// Bytes without a meaning of their own.
    Bytes(Bytes),
    /// Values in order.
    List(List),
    /// Values by name, in the order they were put in.
    Map(Map),
    /// Numbers of one kind with a shape, readable as a slice without copying.
    Array(Array),
    /// Something only its own library understands.
    Ext(Ext),
}

/// Why a value could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// Lists and maps nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A map would have held this key twice.
    DuplicateKey(String),
    /// The shape's product is not the number of elements.
    Shape {
        /// Elements the shape asks for, saturated at `u64::MAX`.
        expected: u64,
        /// Elements given.
        found: u64,
    },
    /// A map would have held more than `u32::MAX` entries.
    TooManyEntries,
    /// An [`Ext`] of this type would have had to become data, and its type does not say how.
    Opaque(String),
    /// Bytes that are not the canonical encoding of any value.
    Malformed {
        /// Where in the bytes.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "value nests deeper than {} levels", MAX_DEPTH),
            Self::DuplicateKey(key) => write!(f, "key {:?} appears twice in one map", key),
            Self::Shape { expected, found } => {
                write!(f, "shape asks for {} elements, {} were given", expected, found)
            }
            Self::TooManyEntries => write!(f, "map has more than {} entries", u32::MAX),
            Self::Opaque(type_name) => {
                write!(f, "opaque value of type `{}` cannot become data", type_name)
            }
            Self::Malformed { at, what } => write!(f, "encoded value, byte {}: {}", at, what),
        }
    }
}

impl std::error::Error for ValueError {}

impl Value {
    /// How deep lists and maps nest here. Costs nothing: it is kept with the value.
    pub fn depth(&self) -> u16 {
        match self {
            Self::List(list) => list.depth(),
            Self::Map(map) => map.depth(),
            _ => 0,
        }
    }

    /// Names the kind of value with an article: "an integer", "a list".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::I64(_) | Self::U64(_) => "an integer",
            Self::F64(_) => "a float",
            Self::Str(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Array(_) => "an array",
            Self::Ext(_) => "an opaque value",
        }
    }

    /// Reads a bool, without conversion.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether there is nothing behind it: null, bools and numbers, whose copies cost nothing.
    #[inline]
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Null | Self::Bool(_) | Self::I64(_) | Self::U64(_) | Self::F64(_))
    }

    /// Puts a value in this one's place, as an assignment does. A plain one costs no more than its
    /// parts (see [`Self::copy_plain`]).
    #[inline(always)]
    pub fn put(&mut self, value: Value) {
        let mut value = ManuallyDrop::new(value);
        // Nothing is left in it that would have to be dropped.
        self.take_from(&mut value);
    }

    /// As [`Self::put`], of what lies somewhere. A plain value stays there, else null does.
    #[inline(always)]
    pub fn take_from(&mut self, from: &mut Value) {
        if !self.is_plain() {
            *self = Value::Null;
        }
        // What was there is plain now: nothing of it has to be dropped.
        let place: *mut Value = self;
        // SAFETY: a place for a value may hold anything meanwhile, for it is written at once.
        let open = unsafe { &mut *place.cast::<MaybeUninit<Value>>() };
        if !from.copy_plain(open) {
            open.write(std::mem::take(from));
        }
    }

    /// Copies a plain value to a place that holds none; `false` and nothing done where it is not
    /// plain. Kind and content are copied by themselves, as they were written: a processor that
    /// reads a value whole right after its parts were written waits some nanoseconds for them.
    #[inline(always)]
    pub fn copy_plain(&self, to: &mut MaybeUninit<Value>) -> bool {
        match *self {
            Self::Null => {
                to.write(Self::Null);
            }
            Self::Bool(truth) => {
                to.write(Self::Bool(truth));
            }
            Self::I64(_) | Self::U64(_) | Self::F64(_) => {
                let (from, to) = (self as *const Self, to.as_mut_ptr());
                let (number, place) = (from.cast::<u64>().wrapping_add(1), to.cast::<u64>());
                let place = place.wrapping_add(1);
                // SAFETY: the kind is the first byte (`repr(u8)`), of both.
                let kind = unsafe { from.cast::<u8>().read() };
                // SAFETY: as above.
                unsafe { to.cast::<u8>().write(kind) };
                // SAFETY: a number is 8 bytes that are aligned to 8, and so in the second word.
                let number = unsafe { number.read() };
                // SAFETY: as above.
                unsafe { place.write(number) };
            }
            _ => return false,
        }
        true
    }

    /// Reads an integer up to `i64::MAX`, without conversion.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::I64(value) => Some(*value),
            _ => None,
        }
    }

    /// Reads an integer from 0 to `u64::MAX`.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::I64(value) => u64::try_from(*value).ok(),
            Self::U64(value) => Some(value.get()),
            _ => None,
        }
    }

    /// Reads a number as a float; integers are rounded to the nearest.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::F64(value) => Some(*value),
            Self::I64(value) => Some(*value as f64),
            Self::U64(value) => Some(value.get() as f64),
            _ => None,
        }
    }

    /// Reads text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(value) => Some(value.as_str()),
            _ => None,
        }
    }

    /// Reads bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value.as_slice()),
            _ => None,
        }
    }

    /// Reads the items of a list (not of an array).
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(value) => Some(value.as_slice()),
            _ => None,
        }
    }

    /// Reads a map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(value) => Some(value),
            _ => None,
        }
    }

    /// The value under a key of a map; `None` where there is none or this is no map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The item of a list (not of an array) at a position; `None` past the end.
    pub fn index(&self, index: usize) -> Option<&Value> {
        self.as_list()?.get(index)
    }

    /// Builds a list.
    ///
    /// # Errors
    /// [`ValueError::TooDeep`] beyond [`MAX_DEPTH`].
    pub fn list(items: Vec<Value>) -> Result<Self, ValueError> {
        List::new(items).map(Self::List)
    }

    /// Builds a map, in the order given.
    ///
    /// # Errors
    /// Those of [`Map::new`].
    pub fn map<K: Into<String>>(
        entries: impl IntoIterator<Item = (K, Value)>,
    ) -> Result<Self, ValueError> {
        Map::new(entries).map(Self::Map)
    }
}
