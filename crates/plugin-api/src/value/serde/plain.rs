//! A [`Value`] in formats that are not ours: what JSON has stays as it is, the rest takes a `$`
//! form, see [`super`]. The way back is [`super::parse`].

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::{base64, handover};
use crate::value::{Array, Map, Value, ValueError, MAX_DEPTH};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let _offer = handover::offer(self.clone());
        serializer.serialize_newtype_struct(handover::TOKEN, &Outermost(self))
    }
}

/// Reached in formats that did not take the value handed over.
struct Outermost<'a>(&'a Value);

impl Serialize for Outermost<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        drop(handover::take());
        Plain { value: self.0, level: 0 }.serialize(serializer)
    }
}

struct Plain<'a> {
    value: &'a Value,
    /// How many lists and maps are around it; an opaque value counts as one.
    level: u16,
}

impl Plain<'_> {
    fn deeper<E: Error>(&self) -> Result<u16, E> {
        if self.level < MAX_DEPTH {
            Ok(self.level + 1)
        } else {
            Err(E::custom(ValueError::TooDeep))
        }
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::I64(value) => serializer.serialize_i64(*value),
            Value::U64(value) => serializer.serialize_u64(value.get()),
            Value::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::F64(value) => form(serializer, "$f64", non_finite(*value)),
            Value::Str(value) => serializer.serialize_str(value),
            Value::Bytes(value) => form(serializer, "$bytes", &base64::encode(value)),
            Value::List(value) => {
                let level = self.deeper()?;
                let mut list = serializer.serialize_seq(Some(value.len()))?;
                for item in value.iter() {
                    list.serialize_element(&Plain { value: item, level })?;
                }
                list.end()
            }
            Value::Map(value) => write_map(value, self.deeper()?, serializer),
            Value::Array(value) => form(serializer, "$array", &ArrayForm(value)),
            Value::Ext(value) => {
                let level = self.deeper()?;
                let plain = value.to_value().ok_or_else(|| {
                    S::Error::custom(ValueError::Opaque(value.type_name().to_owned()))
                })?;
                Plain { value: &plain, level }.serialize(serializer)
            }
        }
    }
}

/// The text of a float that is not finite.
fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

fn form<S: Serializer, T: Serialize + ?Sized>(
    serializer: S,
    name: &'static str,
    payload: &T,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, payload)?;
    map.end()
}

fn write_map<S: Serializer>(value: &Map, level: u16, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(value.len()))?;
    for (key, item) in value.iter() {
        let item = Plain { value: item, level };
        if value.len() == 1 && key.starts_with('$') {
            map.serialize_entry(&format!("${}", key), &item)?;
        } else {
            map.serialize_entry(key, &item)?;
        }
    }
    map.end()
}

struct ArrayForm<'a>(&'a Array);

impl Serialize for ArrayForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("dtype", self.0.dtype().name())?;
        map.serialize_entry("shape", self.0.shape())?;
        map.serialize_entry("data", &base64::encode(&self.0.to_le_bytes()))?;
        map.end()
    }
}
