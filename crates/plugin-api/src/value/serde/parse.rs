//! A [`Value`] out of any format: takes what our own deserializer hands over, and reads the plain
//! and `$` forms of [`super::plain`] from all others.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{base64, handover};
use crate::value::map::MapBuilder;
use crate::value::{Array, Bytes, DType, List, Value, ValueError, MAX_DEPTH};

/// Levels that a text may nest beyond a value, since the `$array` form is a list in a map in a map.
const FORMS: u16 = 3;

/// Room made on the word of a length alone: some formats take it from the input.
const TRUSTED: usize = 1024;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(handover::TOKEN, At { level: 0 })
    }
}

/// Reads a value with so many lists and maps around it.
///
/// The level is checked on the way down, so that no text overflows the stack; the exact depth is
/// checked by the constructors of [`List`] and [`Map`].
#[derive(Clone, Copy)]
struct At {
    level: u16,
}

impl At {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.level < MAX_DEPTH + FORMS {
            Ok(Self { level: self.level + 1 })
        } else {
            Err(E::custom(ValueError::TooDeep))
        }
    }
}

impl<'de> DeserializeSeed<'de> for At {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inside: D) -> Result<Value, D::Error> {
        match handover::take() {
            Some(value) => Ok(value),
            None => inside.deserialize_any(self),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, inside: D) -> Result<Value, D::Error> {
        // Counted although it makes no level: a format may wrap without end.
        inside.deserialize_any(self.deeper()?)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::I64(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        i64::try_from(value)
            .map(Value::I64)
            .or_else(|_| u64::try_from(value).map(Value::from))
            .map_err(|_| E::custom(format_args!("integer {} does not fit into 64 bits", value)))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        u64::try_from(value)
            .map(Value::from)
            .map_err(|_| E::custom(format_args!("integer {} does not fit into 64 bits", value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::F64(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_byte_buf<E: Error>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut items = Vec::with_capacity(access.size_hint().unwrap_or(0).min(TRUSTED));
        while let Some(item) = access.next_element_seed(inside)? {
            items.push(item);
        }
        List::new(items).map(Value::List).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut entries = MapBuilder::with_capacity(access.size_hint().unwrap_or(0).min(TRUSTED));
        while let Some(key) = access.next_key::<String>()? {
            entries.push(key, access.next_value_seed(inside)?);
        }
        match entries.only() {
            Some((key, payload)) if key.starts_with('$') => {
                read_form(key, payload).map_err(A::Error::custom)
            }
            _ => entries.finish().map(Value::Map).map_err(A::Error::custom),
        }
    }
}

/// Reads a map whose only key starts with `$`.
fn read_form(key: &str, payload: &Value) -> Result<Value, String> {
    let name = &key[1..];
    if name.starts_with('$') {
        return Value::map([(name, payload.clone())]).map_err(|error| error.to_string());
    }
    match name {
        "f64" => match payload.as_str() {
            Some("NaN") => Ok(Value::F64(f64::NAN)),
            Some("inf") => Ok(Value::F64(f64::INFINITY)),
            Some("-inf") => Ok(Value::F64(f64::NEG_INFINITY)),
            _ => Err("`$f64` takes \"NaN\", \"inf\" or \"-inf\"".to_owned()),
        },
        "bytes" => payload
            .as_str()
            .and_then(base64::decode)
            .map(|bytes| Value::Bytes(Bytes::from(bytes)))
            .ok_or_else(|| "`$bytes` takes padded base64".to_owned()),
        "array" => read_array(payload).map(Value::Array),
        // Where any crate of the program asks serde_json for `arbitrary_precision`, it gives every
        // number in this form.
        "serde_json::private::Number" => payload
            .as_str()
            .and_then(read_number)
            .ok_or_else(|| format!("`{}` takes a number", key)),
        _ => Err(format!(
            "`{key}` is no form of a value; a map with this one key is written `${key}`"
        )),
    }
}

fn read_number(text: &str) -> Option<Value> {
    let integer = text.parse().map(Value::I64).ok();
    let integer = integer.or_else(|| text.parse::<u64>().map(Value::from).ok());
    integer.or_else(|| text.parse().map(Value::F64).ok())
}

fn read_array(payload: &Value) -> Result<Array, String> {
    let usage = || "`$array` takes {dtype, shape, data}".to_owned();
    let form = payload.as_map().filter(|form| form.len() == 3).ok_or_else(usage)?;
    let text = |key| form.get(key).and_then(Value::as_str);
    let dtype = text("dtype").ok_or_else(usage)?;
    let dtype = DType::of_name(dtype)
        .ok_or_else(|| format!("dtype of `$array` is u8, i32, i64, f32 or f64, not {:?}", dtype))?;
    let shape = form.get("shape").and_then(Value::as_list).ok_or_else(usage)?;
    let shape = shape.iter().map(Value::as_u64).collect::<Option<Vec<_>>>().ok_or_else(usage)?;
    let data = text("data").ok_or_else(usage)?;
    let data =
        base64::decode(data).ok_or_else(|| "data of `$array` is padded base64".to_owned())?;
    Array::from_le_bytes(dtype, shape, &data).map_err(|error| format!("`$array`: {}", error))
}
