//! The canonical encoding: values are equal exactly when their bytes are.
//!
//! For content hashes, and for carrying values between processes. One value is a tag byte and a
//! payload; every number is little-endian, every length an u64:
//!
//! | tag | value | payload |
//! |---|---|---|
//! | 0 | null | |
//! | 1, 2 | false, true | |
//! | 3 | integer up to `i64::MAX` | i64 |
//! | 4 | integer above `i64::MAX` | u64 |
//! | 5 | float | its bits; every NaN is `7ff8_0000_0000_0000` |
//! | 6 | string | length in bytes, UTF-8 |
//! | 7 | bytes | length, bytes |
//! | 8 | list | length, items |
//! | 9 | map | length, then for each entry, ordered by the bytes of the key: key length, key, value |
//! | 10 | array | u8 (0 u8, 1 i32, 2 i64, 3 f32, 4 f64), rank, sides, elements; NaNs as above, or `7fc0_0000` |
//!
//! An [`Ext`](crate::Ext) is encoded as what its type turns it into. The order of a map is lost,
//! since it does not count for equality.

use super::eq::{bits, bits32};
use super::map::MapBuilder;
use super::{array, Array, BigU64, Bytes, DType, List, Str, Value, ValueError, MAX_DEPTH};

mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const I64: u8 = 3;
    pub(super) const U64: u8 = 4;
    pub(super) const F64: u8 = 5;
    pub(super) const STR: u8 = 6;
    pub(super) const BYTES: u8 = 7;
    pub(super) const LIST: u8 = 8;
    pub(super) const MAP: u8 = 9;
    pub(super) const ARRAY: u8 = 10;
}

/// How much room is made on the word of a length alone.
const TRUSTED: usize = 1024;

impl Value {
    /// The canonical encoding: equal values, and no others, have equal bytes. Its format is fixed,
    /// see the table in `value/canonical.rs`.
    ///
    /// An [`Ext`](crate::Ext) counts as what its type turns it into, and as one more level of
    /// nesting.
    ///
    /// # Errors
    /// [`ValueError::Opaque`] for an [`Ext`](crate::Ext) that cannot become data;
    /// [`ValueError::TooDeep`] when what it becomes is too deep for its place.
    pub fn canonical(&self) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::with_capacity(64);
        encode(self, 0, &mut out)?;
        Ok(out)
    }

    /// Reads the canonical encoding. Safe with bytes from anyone: memory stays within a small
    /// multiple of their number, and nothing but [`Value::canonical`]'s own output is accepted.
    ///
    /// # Errors
    /// [`ValueError::Malformed`], and [`ValueError::TooDeep`] beyond [`MAX_DEPTH`].
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, ValueError> {
        let mut input = Input { bytes, at: 0 };
        let value = input.value(0)?;
        if input.at != bytes.len() {
            return Err(input.malformed("more bytes than the value has"));
        }
        Ok(value)
    }
}

fn encode(value: &Value, level: u16, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match value {
        Value::Null => out.push(tag::NULL),
        Value::Bool(false) => out.push(tag::FALSE),
        Value::Bool(true) => out.push(tag::TRUE),
        Value::I64(value) => word(tag::I64, *value as u64, out),
        Value::U64(value) => word(tag::U64, value.get(), out),
        Value::F64(value) => word(tag::F64, bits(*value), out),
        Value::Str(value) => {
            out.push(tag::STR);
            text(value.as_bytes(), out);
        }
        Value::Bytes(value) => {
            out.push(tag::BYTES);
            text(value, out);
        }
        Value::List(value) => {
            let level = deeper(level)?;
            word(tag::LIST, value.len() as u64, out);
            for item in value.iter() {
                encode(item, level, out)?;
            }
        }
        Value::Map(value) => {
            let level = deeper(level)?;
            word(tag::MAP, value.len() as u64, out);
            for (key, item) in value.sorted() {
                text(key.as_bytes(), out);
                encode(item, level, out)?;
            }
        }
        Value::Array(value) => encode_array(value, out),
        Value::Ext(value) => {
            // The level also ends a type that turns into itself.
            let level = deeper(level)?;
            let plain =
                value.to_value().ok_or_else(|| ValueError::Opaque(value.type_name().to_owned()))?;
            encode(&plain, level, out)?;
        }
    }
    Ok(())
}

fn encode_array(array: &Array, out: &mut Vec<u8>) {
    out.push(tag::ARRAY);
    word(array.dtype() as u8, array.shape().len() as u64, out);
    for side in array.shape() {
        out.extend_from_slice(&side.to_le_bytes());
    }
    out.reserve(array.as_bytes().len());
    match array.dtype() {
        DType::U8 | DType::I32 | DType::I64 => out.extend_from_slice(&array.to_le_bytes()),
        DType::F32 => {
            for &item in array.as_slice::<f32>().unwrap_or(&[]) {
                out.extend_from_slice(&bits32(item).to_le_bytes());
            }
        }
        DType::F64 => {
            for &item in array.as_slice::<f64>().unwrap_or(&[]) {
                out.extend_from_slice(&bits(item).to_le_bytes());
            }
        }
    }
}

fn deeper(level: u16) -> Result<u16, ValueError> {
    if level < MAX_DEPTH {
        Ok(level + 1)
    } else {
        Err(ValueError::TooDeep)
    }
}

fn word(tag: u8, payload: u64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&payload.to_le_bytes());
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Bytes from anyone, and how far they have been read.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn malformed(&self, what: &'static str) -> ValueError {
        ValueError::Malformed { at: self.at, what }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], ValueError> {
        let rest = &self.bytes[self.at..];
        if len > rest.len() {
            return Err(self.malformed("ends too early"));
        }
        self.at += len;
        Ok(&rest[..len])
    }

    fn byte(&mut self) -> Result<u8, ValueError> {
        Ok(self.take(1)?[0])
    }

    fn u64(&mut self) -> Result<u64, ValueError> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(word))
    }

    /// Reads how many parts follow, and refuses at once what the bytes left cannot hold.
    fn len(&mut self, smallest_part: usize) -> Result<usize, ValueError> {
        let len = self.u64()?;
        match usize::try_from(len) {
            Ok(len) if len <= (self.bytes.len() - self.at) / smallest_part => Ok(len),
            _ => Err(self.malformed("a length beyond the end")),
        }
    }

    fn str(&mut self) -> Result<&'a str, ValueError> {
        let len = self.len(1)?;
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("a string that is not UTF-8"))
    }

    fn value(&mut self, level: u16) -> Result<Value, ValueError> {
        Ok(match self.byte()? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::I64 => Value::I64(self.u64()? as i64),
            tag::U64 => match BigU64::new(self.u64()?) {
                Some(value) => Value::U64(value),
                None => return Err(self.malformed("a small integer in the form of a large one")),
            },
            tag::F64 => {
                let found = self.u64()?;
                let value = f64::from_bits(found);
                if bits(value) != found {
                    return Err(self.malformed("a NaN other than the canonical one"));
                }
                Value::F64(value)
            }
            tag::STR => Value::Str(Str::from(self.str()?)),
            tag::BYTES => {
                let len = self.len(1)?;
                Value::Bytes(Bytes::from(self.take(len)?))
            }
            tag::LIST => self.list(deeper(level)?)?,
            tag::MAP => self.map(deeper(level)?)?,
            tag::ARRAY => Value::Array(self.array()?),
            _ => return Err(self.malformed("an unknown tag")),
        })
    }

    fn list(&mut self, level: u16) -> Result<Value, ValueError> {
        let len = self.len(1)?;
        let mut items = Vec::with_capacity(len.min(TRUSTED));
        for _ in 0..len {
            items.push(self.value(level)?);
        }
        List::new(items).map(Value::List)
    }

    fn map(&mut self, level: u16) -> Result<Value, ValueError> {
        let len = self.len(9)?;
        let mut entries = MapBuilder::with_capacity(len.min(TRUSTED));
        let mut before: Option<&str> = None;
        for _ in 0..len {
            let key = self.str()?;
            if before.is_some_and(|before| before >= key) {
                return Err(self.malformed("keys out of order, or twice the same"));
            }
            before = Some(key);
            entries.push(key.to_owned(), self.value(level)?);
        }
        entries.finish().map(Value::Map)
    }

    fn array(&mut self) -> Result<Array, ValueError> {
        let dtype = usize::from(self.byte()?);
        let dtype = match DType::ALL.get(dtype) {
            Some(&dtype) => dtype,
            None => return Err(self.malformed("an unknown kind of number")),
        };
        let rank = self.len(8)?;
        let shape = (0..rank).map(|_| self.u64()).collect::<Result<Vec<_>, _>>()?;
        let bytes = usize::try_from(array::elements_of(&shape))
            .ok()
            .and_then(|elements| elements.checked_mul(dtype.size()))
            .ok_or_else(|| self.malformed("a shape beyond the end"))?;
        let data = self.take(bytes)?;
        let array = Array::from_le_bytes(dtype, shape, data)?;
        let nans_are_canonical = match dtype {
            DType::U8 | DType::I32 | DType::I64 => true,
            DType::F32 => {
                let items = array.as_slice::<f32>().unwrap_or(&[]);
                items.iter().all(|&item| bits32(item) == item.to_bits())
            }
            DType::F64 => {
                let items = array.as_slice::<f64>().unwrap_or(&[]);
                items.iter().all(|&item| bits(item) == item.to_bits())
            }
        };
        if nans_are_canonical {
            Ok(array)
        } else {
            Err(self.malformed("a NaN other than the canonical one"))
        }
    }
}
