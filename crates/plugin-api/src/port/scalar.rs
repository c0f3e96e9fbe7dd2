//! Ports of one value: truth values, numbers, text, nothing.

use super::{PortError, PortType};
use crate::schema::Schema;
use crate::value::{Str, Value};

impl PortType for bool {
    const SCHEMA: Schema = Schema::Bool;
    #[inline]
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
macro_rules! integer {
    ($int:ty, $value:ident) => {{
        // Most are this, and nothing has to be dropped of it.
        let number = match $value {
            Value::I64(number) => Self::try_from(number).ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(number),
            None => other_integer($value, Self::MIN, Self::MAX),
        }
    }};
}

/// Reads what is no `i64`, or none of these.
#[cold]
fn other_integer<T: TryFrom<u64> + std::fmt::Display>(
    value: Value,
    min: T,
    max: T,
) -> Result<T, PortError> {
    match value.as_u64().map(T::try_from) {
        Some(Ok(number)) => Ok(number),
        _ => Err(match value {
            Value::I64(number) => out_of_range(number, min, max),
            Value::U64(number) => out_of_range(number.get(), min, max),
            other => PortError::expected("an integer", &other),
        }),
    }
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
            #[inline]
            fn from_value(value: Value) -> Result<Self, PortError> {
                integer!($int, value)
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
    #[inline]
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::F64(number) => Ok(number),
            other => other.as_f64().ok_or_else(|| PortError::expected("a number", &other)),
        }
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
