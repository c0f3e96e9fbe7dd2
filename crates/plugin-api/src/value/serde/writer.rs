//! [`to_value`]: any type that serde can write, as a [`Value`].

use std::fmt::Display;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::keys::KeyWriter;
use super::{handover, SerdeError, MAX_STEPS};
use crate::value::map::MapBuilder;
use crate::value::{Bytes, List, Value, ValueError, MAX_DEPTH};

/// Turns any type that serde can write into a value.
///
/// The conventions are serde_json's: a struct is a map, a tuple a list, `None` and `()` are null, a
/// newtype is what it wraps, and an enum names its variant outside: `"Unit"`,
/// `{"Newtype": 1}`, `{"Tuple": [1, 2]}`, `{"Struct": {"x": 1}}`. Integers, bools and chars that
/// are keys of maps become text. Floats keep every bit (`f32` is widened), and values inside go
/// through as they are.
///
/// Since null reads as `None`, `Some(None)` comes back as `None`.
///
/// A `Vec<u8>` becomes a list, as serde does not tell bytes from other numbers; wrap it (in a
/// [`Value`], or with the crate serde_bytes) to get bytes.
///
/// # Errors
/// Nesting beyond [`MAX_DEPTH`], integers beyond 64 bits, keys that are not text, a key twice, and
/// whatever the type's own `Serialize` refuses.
///
/// # Examples
/// ```
/// #[derive(serde::Serialize)]
/// struct Term { pauli: &'static str, weight: f64 }
///
/// let value = terrace_plugin_api::to_value(&Term { pauli: "ZZ", weight: 0.5 })?;
/// assert_eq!(value.get("pauli").and_then(|pauli| pauli.as_str()), Some("ZZ"));
/// # Ok::<(), terrace_plugin_api::SerdeError>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, SerdeError> {
    value.serialize(Writer { level: 0, steps: 0 })
}

/// Writes one value at its place.
#[derive(Clone, Copy)]
struct Writer {
    /// Lists and maps around it.
    level: u16,
    /// Calls into the user's type around it: those that add no level must end too.
    steps: u16,
}

impl Writer {
    fn step(self) -> Result<Self, SerdeError> {
        if self.steps < MAX_STEPS {
            Ok(Self { level: self.level, steps: self.steps + 1 })
        } else {
            Err(ValueError::TooDeep.into())
        }
    }

    /// The writer of what lies inside a list or map here.
    fn inside(self) -> Result<Self, SerdeError> {
        if self.level < MAX_DEPTH {
            Self { level: self.level + 1, ..self }.step()
        } else {
            Err(ValueError::TooDeep.into())
        }
    }

    fn list(self, len: usize) -> Result<ListWriter, SerdeError> {
        Ok(ListWriter { items: Vec::with_capacity(len), inside: self.inside()?, variant: None })
    }

    fn map(self, len: usize) -> Result<MapWriter, SerdeError> {
        let entries = MapBuilder::with_capacity(len);
        Ok(MapWriter { entries, key: String::new(), inside: self.inside()?, variant: None })
    }
}

/// Puts the name of an enum's variant around its content.
fn named(variant: Option<&'static str>, content: Value) -> Result<Value, SerdeError> {
    match variant {
        Some(variant) => Ok(Value::map([(variant, content)])?),
        None => Ok(content),
    }
}

fn under(variant: Option<&'static str>, error: SerdeError) -> SerdeError {
    match variant {
        Some(variant) => error.at_key(variant),
        None => error,
    }
}

fn too_large(value: impl Display) -> SerdeError {
    SerdeError::msg(format_args!("integer {} does not fit into 64 bits", value))
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = SerdeError;
    type SerializeSeq = ListWriter;
    type SerializeTuple = ListWriter;
    type SerializeTupleStruct = ListWriter;
    type SerializeTupleVariant = ListWriter;
    type SerializeMap = MapWriter;
    type SerializeStruct = MapWriter;
    type SerializeStructVariant = MapWriter;

    fn serialize_bool(self, value: bool) -> Result<Value, SerdeError> {
        Ok(Value::Bool(value))
    }
    fn serialize_i8(self, value: i8) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_i16(self, value: i16) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_i32(self, value: i32) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_i64(self, value: i64) -> Result<Value, SerdeError> {
        Ok(Value::I64(value))
    }
    fn serialize_i128(self, value: i128) -> Result<Value, SerdeError> {
        match i64::try_from(value) {
            Ok(value) => Ok(Value::I64(value)),
            Err(_) => u64::try_from(value).map(Value::from).map_err(|_| too_large(value)),
        }
    }
    fn serialize_u8(self, value: u8) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_u16(self, value: u16) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_u32(self, value: u32) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_u64(self, value: u64) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_u128(self, value: u128) -> Result<Value, SerdeError> {
        u64::try_from(value).map(Value::from).map_err(|_| too_large(value))
    }
    fn serialize_f32(self, value: f32) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_f64(self, value: f64) -> Result<Value, SerdeError> {
        Ok(Value::F64(value))
    }
    fn serialize_char(self, value: char) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_str(self, value: &str) -> Result<Value, SerdeError> {
        Ok(Value::from(value))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<Value, SerdeError> {
        Ok(Value::Bytes(Bytes::from(value)))
    }
    fn serialize_none(self) -> Result<Value, SerdeError> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, SerdeError> {
        value.serialize(self.step()?)
    }
    fn serialize_unit(self) -> Result<Value, SerdeError> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, SerdeError> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, SerdeError> {
        Ok(Value::from(variant))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, SerdeError> {
        if name == handover::TOKEN {
            if let Some(value) = handover::take() {
                return if self.level + value.depth() <= MAX_DEPTH {
                    Ok(value)
                } else {
                    Err(ValueError::TooDeep.into())
                };
            }
        }
        value.serialize(self.step()?)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, SerdeError> {
        let content = value.serialize(self.inside()?).map_err(|error| error.at_key(variant))?;
        named(Some(variant), content)
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<ListWriter, SerdeError> {
        self.list(len.unwrap_or(0))
    }
    fn serialize_tuple(self, len: usize) -> Result<ListWriter, SerdeError> {
        self.list(len)
    }
    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<ListWriter, SerdeError> {
        self.list(len)
    }
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<ListWriter, SerdeError> {
        Ok(ListWriter { variant: Some(variant), ..self.inside()?.list(len)? })
    }
    fn serialize_map(self, len: Option<usize>) -> Result<MapWriter, SerdeError> {
        self.map(len.unwrap_or(0))
    }
    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<MapWriter, SerdeError> {
        self.map(len)
    }
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<MapWriter, SerdeError> {
        Ok(MapWriter { variant: Some(variant), ..self.inside()?.map(len)? })
    }
}

struct ListWriter {
    items: Vec<Value>,
    inside: Writer,
    variant: Option<&'static str>,
}

impl ListWriter {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        match item.serialize(self.inside) {
            Ok(item) => {
                self.items.push(item);
                Ok(())
            }
            Err(error) => Err(under(self.variant, error.at_index(self.items.len()))),
        }
    }

    fn finish(self) -> Result<Value, SerdeError> {
        named(self.variant, List::new(self.items).map(Value::List)?)
    }
}

impl SerializeSeq for ListWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        self.push(item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

impl SerializeTuple for ListWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        self.push(item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

impl SerializeTupleStruct for ListWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        self.push(item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

impl SerializeTupleVariant for ListWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        self.push(item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

struct MapWriter {
    entries: MapBuilder,
    /// The key that waits for its value.
    key: String,
    inside: Writer,
    variant: Option<&'static str>,
}

impl MapWriter {
    fn push<T: Serialize + ?Sized>(&mut self, key: String, item: &T) -> Result<(), SerdeError> {
        match item.serialize(self.inside) {
            Ok(item) => {
                self.entries.push(key, item);
                Ok(())
            }
            Err(error) => Err(under(self.variant, error.at_key(&key))),
        }
    }

    fn finish(self) -> Result<Value, SerdeError> {
        named(self.variant, self.entries.finish().map(Value::Map)?)
    }
}

impl SerializeMap for MapWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerdeError> {
        self.key = key.serialize(KeyWriter::new())?;
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerdeError> {
        let key = std::mem::take(&mut self.key);
        self.push(key, item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

impl SerializeStruct for MapWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        item: &T,
    ) -> Result<(), SerdeError> {
        self.push(key.to_owned(), item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}

impl SerializeStructVariant for MapWriter {
    type Ok = Value;
    type Error = SerdeError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        item: &T,
    ) -> Result<(), SerdeError> {
        self.push(key.to_owned(), item)
    }
    fn end(self) -> Result<Value, SerdeError> {
        self.finish()
    }
}
