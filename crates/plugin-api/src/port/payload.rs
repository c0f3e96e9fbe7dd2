//! Ports of values as they are: any, or one of the kinds with its own representation.

use super::{Held, PortError, PortType};
use crate::ext::Ext;
use crate::schema::Schema;
use crate::value::{Array, Bytes, List, Map, Str, Value};

impl PortType for Value {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(value: Value) -> Result<Self, PortError> {
        Ok(value)
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(self)
    }
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        Ok(Held::Borrowed(value))
    }
    fn slice_of(value: &Value) -> Option<&[Self]> {
        value.as_list()
    }
}

macro_rules! payloads {
    ($($kind:ident: $schema:expr, $what:literal;)*) => {$(
        impl PortType for $kind {
            const SCHEMA: Schema = $schema;
            fn from_value(value: Value) -> Result<Self, PortError> {
                match value {
                    Value::$kind(inner) => Ok(inner),
                    other => Err(PortError::expected($what, &other)),
                }
            }
            fn into_value(self) -> Result<Value, PortError> {
                Ok(Value::$kind(self))
            }
            fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
                match value {
                    Value::$kind(inner) => Ok(Held::Borrowed(inner)),
                    other => Err(PortError::expected($what, other)),
                }
            }
        }
    )*};
}
payloads! {
    Str: Schema::Str, "a string";
    Map: Schema::Map(&Schema::Any), "a map";
    Ext: Schema::Any, "an opaque value";
}

impl PortType for Bytes {
    const SCHEMA: Schema = Schema::Bytes;
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            other => match u8::slice_of(&other) {
                Some(bytes) => Ok(Self::from(bytes)),
                None => Err(PortError::expected("bytes", &other)),
            },
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::Bytes(self))
    }
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        match value {
            Value::Bytes(bytes) => Ok(Held::Borrowed(bytes)),
            other => Self::from_value(other.clone()).map(Held::Owned),
        }
    }
}

impl PortType for List {
    const SCHEMA: Schema = Schema::List(&Schema::Any);
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::List(list) => Ok(list),
            Value::Array(array) => Ok(Self::new(super::collection::array_items(&array)?)?),
            other => Err(PortError::expected("a list", &other)),
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::List(self))
    }
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        match value {
            Value::List(list) => Ok(Held::Borrowed(list)),
            other => Self::from_value(other.clone()).map(Held::Owned),
        }
    }
}

/// Takes arrays of any kind and shape as they are; makes one of a list: of `i64` where all its
/// items are integers, else of `f64`.
impl PortType for Array {
    const SCHEMA: Schema = Schema::List(&Schema::Number);
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Array(array) => Ok(array),
            Value::List(list) => {
                let integers: Option<Vec<i64>> = list.iter().map(Value::as_i64).collect();
                match integers {
                    Some(integers) => Ok(Self::from_slice(&integers)),
                    None => Vec::<f64>::from_value(Value::List(list))
                        .map(|floats| Self::from_slice(&floats)),
                }
            }
            other => Err(PortError::expected("an array", &other)),
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::Array(self))
    }
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        match value {
            Value::Array(array) => Ok(Held::Borrowed(array)),
            other => Self::from_value(other.clone()).map(Held::Owned),
        }
    }
}
