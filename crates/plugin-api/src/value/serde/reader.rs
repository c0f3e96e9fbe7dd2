//! [`from_value`]: a [`Value`] as any type that serde can read.

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error,
    IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::keys::KeyReader;
use super::{handover, SerdeError, MAX_STEPS};
use crate::value::{Array, DType, Map, Value, ValueError, MAX_DEPTH};

/// Turns a value into any type that serde can read: the inverse of [`super::to_value`].
///
/// Text and bytes are copied into the type; [`from_value_ref`] can borrow them.
///
/// Integers are accepted where floats are asked for, bytes where a list of integers is, and an
/// [`Array`] where a list of numbers is: nested lists when it has several dimensions, and an empty
/// list when it has no element. Maps may have more entries than a struct has fields, unless the
/// type says `deny_unknown_fields`. A [`Value`] inside comes out as it is.
///
/// # Errors
/// When the value is not of that type; the error says where.
///
/// # Examples
/// ```
/// use terrace_plugin_api::{from_value, Value};
///
/// let pair = Value::list(vec![Value::from(1), Value::from("one")])?;
/// assert_eq!(from_value::<(f64, String)>(pair)?, (1.0, "one".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, SerdeError> {
    from_value_ref(&value)
}

/// As [`from_value`], for a type that may borrow text and bytes (`&str`, `&[u8]`) from the value.
///
/// # Errors
/// When the value is not of that type; the error says where.
pub fn from_value_ref<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, SerdeError> {
    T::deserialize(Reader { value, steps: 0 })
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Reader<'de> {
    value: &'de Value,
    /// Calls into the user's type around it. The value itself is never too deep, but a type can
    /// ask for the same one again without end.
    steps: u16,
}

fn next_step(steps: u16) -> Result<u16, SerdeError> {
    if steps < MAX_STEPS {
        Ok(steps + 1)
    } else {
        Err(ValueError::TooDeep.into())
    }
}

/// Visits a list, and refuses what the visitor leaves of it.
fn visit_items<'de, V, T>(
    visitor: V,
    items: impl ExactSizeIterator<Item = T>,
    steps: u16,
) -> Result<V::Value, SerdeError>
where
    V: Visitor<'de>,
    T: Item<'de>,
{
    let len = items.len();
    let mut access = Items { items, next: 0, steps: next_step(steps)? };
    let value = visitor.visit_seq(&mut access)?;
    match access.items.len() {
        0 => Ok(value),
        left => Err(SerdeError::msg(format_args!("expected {} items, found {}", len - left, len))),
    }
}

/// What a list is made of.
trait Item<'de> {
    fn read<S: DeserializeSeed<'de>>(self, seed: S, steps: u16) -> Result<S::Value, SerdeError>;
}

impl<'de> Item<'de> for &'de Value {
    fn read<S: DeserializeSeed<'de>>(self, seed: S, steps: u16) -> Result<S::Value, SerdeError> {
        seed.deserialize(Reader { value: self, steps })
    }
}

impl<'de> Item<'de> for &'de u8 {
    fn read<S: DeserializeSeed<'de>>(self, seed: S, _: u16) -> Result<S::Value, SerdeError> {
        seed.deserialize((*self).into_deserializer())
    }
}

impl<'de> Item<'de> for Part<'de> {
    fn read<S: DeserializeSeed<'de>>(self, seed: S, steps: u16) -> Result<S::Value, SerdeError> {
        seed.deserialize(PartReader { part: self, steps })
    }
}

struct Items<I> {
    items: I,
    next: usize,
    steps: u16,
}

impl<'de, T: Item<'de>, I: ExactSizeIterator<Item = T>> SeqAccess<'de> for &mut Items<I> {
    type Error = SerdeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SerdeError> {
        match self.items.next() {
            None => Ok(None),
            Some(item) => {
                let index = self.next;
                self.next += 1;
                item.read(seed, self.steps).map(Some).map_err(|error| error.at_index(index))
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

fn visit_entries<'de, V: Visitor<'de>>(
    visitor: V,
    map: &'de Map,
    steps: u16,
) -> Result<V::Value, SerdeError> {
    let mut access = Entries { entries: map.iter(), current: None, steps: next_step(steps)? };
    let value = visitor.visit_map(&mut access)?;
    match access.entries.next() {
        None => Ok(value),
        Some((key, _)) => Err(SerdeError::msg("unexpected entry").at_key(key)),
    }
}

struct Entries<'de, I> {
    entries: I,
    current: Option<(&'de str, &'de Value)>,
    steps: u16,
}

impl<'de, I> MapAccess<'de> for &mut Entries<'de, I>
where
    I: ExactSizeIterator<Item = (&'de str, &'de Value)>,
{
    type Error = SerdeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SerdeError> {
        self.current = self.entries.next();
        match self.current {
            None => Ok(None),
            Some((key, _)) => {
                seed.deserialize(KeyReader::new(key)).map(Some).map_err(|error| error.at_key(key))
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, SerdeError> {
        let (key, value) = self
            .current
            .take()
            .ok_or_else(|| SerdeError::msg("asked for a value before its key"))?;
        value.read(seed, self.steps).map_err(|error| error.at_key(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

impl<'de> Reader<'de> {
    fn step(self) -> Result<Self, SerdeError> {
        Ok(Self { steps: next_step(self.steps)?, ..self })
    }

    fn part(self, array: &'de Array) -> PartReader<'de> {
        let part = Part { array, axis: 0, start: 0, len: array.len() };
        PartReader { part, steps: self.steps }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::I64(value) => visitor.visit_i64(*value),
            Value::U64(value) => visitor.visit_u64(value.get()),
            Value::F64(value) => visitor.visit_f64(*value),
            Value::Str(value) => visitor.visit_borrowed_str(value),
            Value::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Value::List(value) => visit_items(visitor, value.iter(), self.steps),
            Value::Map(value) => visit_entries(visitor, value, self.steps),
            Value::Array(value) => self.part(value).deserialize_any(visitor),
            Value::Ext(value) => {
                let found = format!("an opaque value of type `{}`", value.type_name());
                Err(SerdeError::invalid_type(Unexpected::Other(&found), &visitor))
            }
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::Array(array) if array.dtype() == DType::U8 => {
                visitor.visit_borrowed_bytes(array.as_bytes())
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self.step()?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        let inside = self.step()?;
        if name == handover::TOKEN {
            let _offer = handover::offer(self.value.clone());
            return visitor.visit_newtype_struct(inside);
        }
        visitor.visit_newtype_struct(inside)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::Bytes(value) => visit_items(visitor, value.iter(), self.steps),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        let steps = next_step(self.steps)?;
        let entry = match self.value {
            Value::Str(variant) => Some((variant.as_str(), None)),
            Value::Map(map) if map.len() == 1 => {
                map.iter().next().map(|(variant, content)| (variant, Some(content)))
            }
            _ => None,
        };
        match entry {
            Some((variant, content)) => visitor.visit_enum(Choice { variant, content, steps }),
            None => Err(SerdeError::msg(format_args!(
                "expected the name of a variant or a map with it as only key, found {}",
                self.value.kind()
            ))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct
        tuple_struct map struct identifier
    }
}

/// An enum's variant and what it holds.
struct Choice<'de> {
    variant: &'de str,
    content: Option<&'de Value>,
    steps: u16,
}

impl<'de> Choice<'de> {
    fn read<T>(
        self,
        kind: &str,
        read: impl FnOnce(Reader<'de>) -> Result<T, SerdeError>,
    ) -> Result<T, SerdeError> {
        match self.content {
            Some(value) => read(Reader { value, steps: self.steps }),
            None => Err(SerdeError::msg(format_args!("expected {}, found only the name", kind))),
        }
        .map_err(|error| error.at_key(self.variant))
    }
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = SerdeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), SerdeError> {
        Ok((seed.deserialize(KeyReader::new(self.variant))?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = SerdeError;

    fn unit_variant(self) -> Result<(), SerdeError> {
        match self.content {
            None => Ok(()),
            Some(_) => self.read("", <()>::deserialize),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, SerdeError> {
        self.read("content", |content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        self.read("a list", |content| content.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        self.read("a map", |content| content.deserialize_any(visitor))
    }
}

/// A part of an array: all of it, a row, or one number.
#[derive(Clone, Copy)]
struct Part<'de> {
    array: &'de Array,
    /// How many sides have been walked down.
    axis: usize,
    start: usize,
    len: usize,
}

/// Reads a part of an array as a list, or as its number.
#[derive(Clone, Copy)]
struct PartReader<'de> {
    part: Part<'de>,
    steps: u16,
}

impl<'de> PartReader<'de> {
    fn step(self) -> Result<Self, SerdeError> {
        Ok(Self { steps: next_step(self.steps)?, ..self })
    }
}

impl<'de> Deserializer<'de> for PartReader<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        let Part { array, axis, start, len } = self.part;
        if axis == array.shape().len() {
            return visit_number(array, start, visitor);
        }
        if axis == usize::from(MAX_DEPTH) {
            return Err(ValueError::TooDeep.into());
        }
        // Without elements, the other sides may be of any length: no walk along them.
        let rows = if len == 0 { 0 } else { array.shape()[axis] as usize };
        let len = len.checked_div(rows).unwrap_or(0);
        let parts =
            (0..rows).map(|row| Part { array, axis: axis + 1, start: start + row * len, len });
        visit_items(visitor, parts, self.steps)
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

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn visit_number<'de, V: Visitor<'de>>(
    array: &'de Array,
    at: usize,
    visitor: V,
) -> Result<V::Value, SerdeError> {
    if let Some(items) = array.as_slice::<f64>() {
        visitor.visit_f64(items[at])
    } else if let Some(items) = array.as_slice::<f32>() {
        visitor.visit_f64(f64::from(items[at]))
    } else if let Some(items) = array.as_slice::<i64>() {
        visitor.visit_i64(items[at])
    } else if let Some(items) = array.as_slice::<i32>() {
        visitor.visit_i64(i64::from(items[at]))
    } else {
        visitor.visit_i64(array.as_bytes()[at].into())
    }
}
