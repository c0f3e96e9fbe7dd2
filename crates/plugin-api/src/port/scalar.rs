//! Ports of one value: truth values, numbers, text, nothing.

use super::{PortError, PortType};
use crate::schema::Schema;
use crate::value::{Str, Value};

/// Reads a value where it lies, of the kind that most are: moved as a whole it would have to wait for
/// who wrote it in parts (see [`Value::copy_plain`]), and what is no such value is moved then.
macro_rules! in_place {
    ($kind:ident, $read:expr) => {
        #[inline]
        fn take_out(slot: &mut Value) -> Result<Self, PortError> {
            let read = match *slot {
                Value::$kind(content) => $read(content),
                _ => None,
            };
            match read {
                Some(content) => Ok(content),
                None => Self::from_value(std::mem::take(slot)),
            }
        }
    };
}

impl PortType for bool {
    const SCHEMA: Schema = Schema::Bool;
    in_place!(Bool, Some);
    fn from_value(value: Value) -> Result<Self, PortError> {
        value.as_bool().ok_or_else(|| PortError::expected("a bool", &value))
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::Bool(self))
    }
}

impl PortType for () {
    const SCHEMA: Schema = Schema::Null;
    #[inline]
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Null => Ok(()),
            other => Err(PortError::expected("null", &other)),
        }
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::Null)
    }
}

/// Reads an integer and says which range it missed.
fn integer<T: TryFrom<i64> + TryFrom<u64> + std::fmt::Display>(
    value: Value,
    min: T,
    max: T,
) -> Result<T, PortError> {
    let number = match value.as_i64() {
        Some(number) => T::try_from(number).ok(),
        None => value.as_u64().and_then(|number| T::try_from(number).ok()),
    };
    number.ok_or_else(|| match value {
        Value::I64(number) => out_of_range(number, min, max),
        Value::U64(number) => out_of_range(number.get(), min, max),
        other => PortError::expected("an integer", &other),
    })
}

fn out_of_range<T: std::fmt::Display>(number: impl std::fmt::Display, min: T, max: T) -> PortError {
    PortError::msg(format!("{} is not from {} to {}", number, min, max))
}

/// What an array of these gives without looking at each.
macro_rules! in_arrays {
    () => {
        fn slice_of(value: &Value) -> Option<&[Self]> {
            match value {
                Value::Array(array) if array.shape().len() == 1 => array.as_slice(),
                _ => None,
            }
        }
        fn copy_of(value: &Value) -> Option<Vec<Self>> {
            Self::slice_of(value).map(<[Self]>::to_vec)
        }
    };
}

macro_rules! integers {
    ($($int:ty: $schema:ident $({$($extra:tt)*})?),*) => {$(
        impl PortType for $int {
            const SCHEMA: Schema = Schema::$schema;
            in_place!(I64, |number| Self::try_from(number).ok());
            fn from_value(value: Value) -> Result<Self, PortError> {
                integer(value, Self::MIN, Self::MAX)
            }
            #[inline]
            fn into_value(self) -> Result<Value, PortError> {
                // No integer of these is outside of both.
                Ok(i64::try_from(self).map_or_else(|_| Value::from(self as u64), Value::I64))
            }
            $($($extra)*)?
        }
    )*};
}
integers!(
    i8: I64, i16: I64, i32: I64 { in_arrays!(); }, i64: I64 { in_arrays!(); }, isize: I64,
    u16: I64, u32: I64, u64: U64, usize: U64,
    u8: I64 {
        const SLICE: Schema = Schema::Bytes;
        fn slice_of(value: &Value) -> Option<&[Self]> {
            match value {
                Value::Bytes(bytes) => Some(bytes.as_slice()),
                Value::Array(array) if array.shape().len() == 1 => array.as_slice(),
                _ => None,
            }
        }
        fn copy_of(value: &Value) -> Option<Vec<Self>> {
            Self::slice_of(value).map(<[Self]>::to_vec)
        }
    }
);

impl PortType for f64 {
    const SCHEMA: Schema = Schema::F64;
    in_place!(F64, Some);
    fn from_value(value: Value) -> Result<Self, PortError> {
        value.as_f64().ok_or_else(|| PortError::expected("a number", &value))
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::F64(self))
    }
    in_arrays!();
}

impl PortType for f32 {
    const SCHEMA: Schema = Schema::F64;
    #[inline]
    fn from_value(value: Value) -> Result<Self, PortError> {
        f64::from_value(value).map(|number| number as Self)
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::F64(f64::from(self)))
    }
    in_arrays!();
}

impl PortType for String {
    const SCHEMA: Schema = Schema::Str;
    #[inline]
    fn from_value(value: Value) -> Result<Self, PortError> {
        Str::from_value(value).map(Str::into_string)
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::from(self))
    }
}

impl PortType for char {
    const SCHEMA: Schema = Schema::Str;
    #[inline]
    fn from_value(value: Value) -> Result<Self, PortError> {
        let text = Str::from_value(value)?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(PortError::msg("expected a string of one character")),
        }
    }
    #[inline]
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::from(self.to_string()))
    }
}
