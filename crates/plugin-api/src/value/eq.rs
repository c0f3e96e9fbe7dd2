//! Equality and hash: two values are equal when no task could tell them apart by their content.
//!
//! - Maps are equal whatever their order.
//! - Floats are compared by their bits, so −0.0 is not 0.0, and all NaNs are one.
//! - Kinds never mix: 1 is not 1.0, and an array is no list.
//! - An [`Ext`] equals only itself and its clones.
//!
//! Equal values hash the same. The canonical encoding agrees with this, see
//! [`Value::canonical`]. Neither recurses deeper than [`MAX_DEPTH`](super::MAX_DEPTH).

use std::hash::{Hash, Hasher};
use std::mem::discriminant;

use super::{Array, Bytes, DType, Element, List, Map, Str, Value};
use crate::ext::Ext;

/// The bits of a float, the same for every NaN and on every target.
pub(super) fn bits(value: f64) -> u64 {
    if value.is_nan() {
        0x7ff8_0000_0000_0000
    } else {
        value.to_bits()
    }
}

/// As [`bits`].
pub(super) fn bits32(value: f32) -> u32 {
    if value.is_nan() {
        0x7fc0_0000
    } else {
        value.to_bits()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F64(a), Self::F64(b)) => bits(*a) == bits(*b),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Ext(a), Self::Ext(b)) => a == b,
            _ => false,
        }
    }
}
impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::I64(value) => value.hash(state),
            Self::U64(value) => value.hash(state),
            Self::F64(value) => bits(*value).hash(state),
            Self::Str(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::List(value) => value.hash(state),
            Self::Map(value) => value.hash(state),
            Self::Array(value) => value.hash(state),
            Self::Ext(value) => value.hash(state),
        }
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Str {}
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}
impl Eq for Bytes {}
impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.as_slice() == other.as_slice()
    }
}
impl Eq for List {}
impl Hash for List {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        // Depth too is the same for equal maps, and known.
        self.is_same(other)
            || self.len() == other.len()
                && self.depth() == other.depth()
                && self.sorted().eq(other.sorted())
    }
}
impl Eq for Map {}
impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for entry in self.sorted() {
            entry.hash(state);
        }
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        if self.is_same(other) {
            return true;
        }
        if self.dtype() != other.dtype() || self.shape() != other.shape() {
            return false;
        }
        match self.dtype() {
            DType::U8 | DType::I32 | DType::I64 => self.as_bytes() == other.as_bytes(),
            DType::F32 => same(self, other, bits32),
            DType::F64 => same(self, other, bits),
        }
    }
}
impl Eq for Array {}

fn same<T: Element, B: PartialEq>(a: &Array, b: &Array, bits: impl Fn(T) -> B) -> bool {
    let (a, b) = (a.as_slice::<T>().unwrap_or(&[]), b.as_slice::<T>().unwrap_or(&[]));
    a.iter().zip(b).all(|(&a, &b)| bits(a) == bits(b))
}

impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dtype().hash(state);
        self.shape().hash(state);
        match self.dtype() {
            DType::U8 | DType::I32 | DType::I64 => self.as_bytes().hash(state),
            DType::F32 => {
                self.as_slice().unwrap_or(&[]).iter().for_each(|&item| bits32(item).hash(state));
            }
            DType::F64 => {
                self.as_slice().unwrap_or(&[]).iter().for_each(|&item| bits(item).hash(state));
            }
        }
    }
}

impl PartialEq for Ext {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}
impl Eq for Ext {}
impl Hash for Ext {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}
