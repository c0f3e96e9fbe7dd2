//! Keys of maps: text in a value; in a user's type also integers, bools, chars, the names of enum
//! variants, and newtypes of these.

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Impossible, Serialize, Serializer};

use super::{SerdeError, MAX_STEPS};
use crate::value::ValueError;

/// Writes a key of a map as text.
pub(super) struct KeyWriter {
    steps: u16,
}

impl KeyWriter {
    pub(super) fn new() -> Self {
        Self { steps: 0 }
    }
}

fn no_key(kind: &str) -> SerdeError {
    SerdeError::msg(format_args!("a key must be text, an integer, a bool or a char, not {}", kind))
}

macro_rules! keys {
    ($($method:ident($type:ty)),* $(,)?) => {$(
        fn $method(self, value: $type) -> Result<String, SerdeError> {
            Ok(value.to_string())
        }
    )*};
}

type NoKey = Impossible<String, SerdeError>;

impl Serializer for KeyWriter {
    type Ok = String;
    type Error = SerdeError;
    type SerializeSeq = NoKey;
    type SerializeTuple = NoKey;
    type SerializeTupleStruct = NoKey;
    type SerializeTupleVariant = NoKey;
    type SerializeMap = NoKey;
    type SerializeStruct = NoKey;
    type SerializeStructVariant = NoKey;

    keys! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32),
        serialize_i64(i64), serialize_i128(i128), serialize_u8(u8), serialize_u16(u16),
        serialize_u32(u32), serialize_u64(u64), serialize_u128(u128), serialize_char(char),
        serialize_str(&str),
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<String, SerdeError> {
        Ok(variant.to_owned())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<String, SerdeError> {
        if self.steps == MAX_STEPS {
            return Err(ValueError::TooDeep.into());
        }
        value.serialize(KeyWriter { steps: self.steps + 1 })
    }

    fn serialize_f32(self, _: f32) -> Result<String, SerdeError> {
        Err(no_key("a float"))
    }
    fn serialize_f64(self, _: f64) -> Result<String, SerdeError> {
        Err(no_key("a float"))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<String, SerdeError> {
        Err(no_key("bytes"))
    }
    fn serialize_none(self) -> Result<String, SerdeError> {
        Err(no_key("an option"))
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String, SerdeError> {
        Err(no_key("an option"))
    }
    fn serialize_unit(self) -> Result<String, SerdeError> {
        Err(no_key("null"))
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<String, SerdeError> {
        Err(no_key("null"))
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, SerdeError> {
        Err(no_key("an enum with content"))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<NoKey, SerdeError> {
        Err(no_key("a list"))
    }
    fn serialize_tuple(self, _: usize) -> Result<NoKey, SerdeError> {
        Err(no_key("a tuple"))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<NoKey, SerdeError> {
        Err(no_key("a tuple"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<NoKey, SerdeError> {
        Err(no_key("an enum with content"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<NoKey, SerdeError> {
        Err(no_key("a map"))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<NoKey, SerdeError> {
        Err(no_key("a struct"))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<NoKey, SerdeError> {
        Err(no_key("an enum with content"))
    }
}

/// Reads a key of a map as whatever kind of key is asked for.
pub(super) struct KeyReader<'de> {
    key: &'de str,
    steps: u16,
}

impl<'de> KeyReader<'de> {
    pub(super) fn new(key: &'de str) -> Self {
        Self { key, steps: 0 }
    }

    fn step(self) -> Result<Self, SerdeError> {
        if self.steps < MAX_STEPS {
            Ok(Self { steps: self.steps + 1, ..self })
        } else {
            Err(ValueError::TooDeep.into())
        }
    }

    /// The key as a number or a bool, if it is written as [`KeyWriter`] would: `007` is no number.
    fn parse<T: std::str::FromStr + ToString>(&self) -> Option<T> {
        let parsed: T = self.key.parse().ok()?;
        (parsed.to_string() == self.key).then_some(parsed)
    }
}

macro_rules! read_keys {
    ($($method:ident => $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
            match self.parse() {
                Some(key) => visitor.$visit(key),
                None => visitor.visit_borrowed_str(self.key),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyReader<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_borrowed_str(self.key)
    }

    read_keys! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i64, deserialize_i16 => visit_i64, deserialize_i32 => visit_i64,
        deserialize_i64 => visit_i64, deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u64, deserialize_u16 => visit_u64, deserialize_u32 => visit_u64,
        deserialize_u64 => visit_u64, deserialize_u128 => visit_u128,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_some(self.step()?)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        visitor.visit_newtype_struct(self.step()?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        visitor.visit_enum(StrDeserializer::new(self.key))
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
