//! [`Array`]: numbers of one kind in a counted buffer aligned to 64 bytes, with a shape.

use std::borrow::Cow;

use abi_stable::{
    std_types::{RArc, RVec},
    StableAbi,
};

use super::ValueError;

/// The kinds of number an array holds.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// Bytes.
    U8,
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
}

impl DType {
    pub(super) const ALL: [Self; 5] = [Self::U8, Self::I32, Self::I64, Self::F32, Self::F64];

    /// Reads a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// The name used in type notation: `f64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

/// The product of the sides, saturated at `u64::MAX`; 0 wherever a side is.
pub(super) fn elements_of(shape: &[u64]) -> u64 {
    shape.iter().fold(1, |product, &side| product.saturating_mul(side))
}

mod sealed {
    pub trait Sealed {}
}

/// A number that an array can hold. Every bit pattern is valid and there is no padding.
pub trait Element: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The kind this type stands for.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($type:ty => $dtype:ident),*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}
elements!(u8 => U8, i32 => I32, i64 => I64, f32 => F32, f64 => F64);

/// One cache line: a vector of these is aligned for any vector unit.
// The derive puts it into a public bound, so it must be `pub`; the module is private.
#[allow(unreachable_pub)]
#[doc(hidden)]
#[repr(C, align(64))]
#[derive(StableAbi, Clone, Copy)]
pub struct Line([u8; 64]);

// Public only because the derive puts it into a public bound; the module is private.
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi)]
pub struct ArrayBody {
    lines: RVec<Line>,
    shape: RVec<u64>,
    len: usize,
    dtype: DType,
}

/// A counted, immutable n-dimensional array in row-major order.
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct Array(RArc<ArrayBody>);

impl Array {
    /// Copies a slice into a one-dimensional array.
    pub fn from_slice<T: Element>(items: &[T]) -> Self {
        Self::build(items, vec![items.len() as u64])
    }

    /// Copies a slice into an array of the given shape, row-major.
    ///
    /// # Errors
    /// [`ValueError::Shape`] when the product of `shape` is not the number of items.
    pub fn with_shape<T: Element>(items: &[T], shape: &[u64]) -> Result<Self, ValueError> {
        let expected = elements_of(shape);
        if expected != items.len() as u64 {
            return Err(ValueError::Shape { expected, found: items.len() as u64 });
        }
        Ok(Self::build(items, shape.to_vec()))
    }

    /// Copies elements given as little-endian bytes.
    pub(super) fn from_le_bytes(
        dtype: DType,
        shape: Vec<u64>,
        bytes: &[u8],
    ) -> Result<Self, ValueError> {
        let expected = elements_of(&shape);
        let len = bytes.len() / dtype.size();
        if expected != len as u64 || bytes.len() % dtype.size() != 0 {
            return Err(ValueError::Shape { expected, found: len as u64 });
        }
        let mut lines = vec![Line([0; 64]); (bytes.len() + 63) / 64];
        for (line, chunk) in lines.iter_mut().zip(bytes.chunks(64)) {
            line.0[..chunk.len()].copy_from_slice(chunk);
            if cfg!(target_endian = "big") {
                line.0.chunks_mut(dtype.size()).for_each(<[u8]>::reverse);
            }
        }
        Ok(Self(RArc::new(ArrayBody {
            lines: RVec::from(lines),
            shape: RVec::from(shape),
            len,
            dtype,
        })))
    }

    /// The elements as little-endian bytes.
    pub(super) fn to_le_bytes(&self) -> Cow<'_, [u8]> {
        if cfg!(target_endian = "little") {
            return Cow::Borrowed(self.as_bytes());
        }
        let mut bytes = self.as_bytes().to_vec();
        bytes.chunks_mut(self.dtype().size()).for_each(<[u8]>::reverse);
        Cow::Owned(bytes)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(&*self.0, &*other.0)
    }

    fn build<T: Element>(items: &[T], shape: Vec<u64>) -> Self {
        let bytes = std::mem::size_of_val(items);
        let mut lines = vec![Line([0; 64]); (bytes + 63) / 64];
        // SAFETY: the source holds `bytes` readable bytes, the target at least as many, and a
        // fresh allocation overlaps nothing.
        unsafe {
            std::ptr::copy_nonoverlapping(
                items.as_ptr().cast::<u8>(),
                lines.as_mut_ptr().cast::<u8>(),
                bytes,
            );
        }
        Self(RArc::new(ArrayBody {
            lines: RVec::from(lines),
            shape: RVec::from(shape),
            len: items.len(),
            dtype: T::DTYPE,
        }))
    }

    /// The elements in row-major order, without copying; `None` for another kind of number.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if self.0.dtype != T::DTYPE {
            return None;
        }
        // SAFETY: `build` wrote `len` elements of this kind at the start of the buffer, which is
        // aligned to 64 bytes and lives as long as `self`; every bit pattern is a valid `T`.
        Some(unsafe { std::slice::from_raw_parts(self.0.lines.as_ptr().cast::<T>(), self.0.len) })
    }

    /// The raw bytes of the elements, native byte order.
    pub fn as_bytes(&self) -> &[u8] {
        let bytes = self.0.len * self.0.dtype.size();
        // SAFETY: `build` initialised that many bytes at the start of the buffer.
        unsafe { std::slice::from_raw_parts(self.0.lines.as_ptr().cast::<u8>(), bytes) }
    }

    /// The kind of number.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// The length of each side, outermost first.
    pub fn shape(&self) -> &[u64] {
        self.0.shape.as_slice()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }
}
