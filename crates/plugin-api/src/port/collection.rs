//! Ports made of ports: optional ones, lists, tuples and maps.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use super::{PortError, PortType};
use crate::schema::Schema;
use crate::value::{Array, DType, Map, Value};

impl<T: PortType> PortType for Option<T> {
    const SCHEMA: Schema = {
        assert!(
            !T::SCHEMA.is_optional(),
            "`Option<Option<T>>` cannot be a port: null reads as `None`, so the two could not be told apart"
        );
        Schema::Optional(&T::SCHEMA)
    };
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        self.map_or(Ok(Value::Null), T::into_value)
    }
}

impl<T: PortType> PortType for Box<T> {
    const SCHEMA: Schema = T::SCHEMA;
    fn from_value(value: Value) -> Result<Self, PortError> {
        T::from_value(value).map(Self::new)
    }
    fn into_value(self) -> Result<Value, PortError> {
        (*self).into_value()
    }
}

/// The items of a one-dimensional array, as values.
pub(super) fn array_items(array: &Array) -> Result<Vec<Value>, PortError> {
    fn all<T: Copy + Into<Value>>(items: Option<&[T]>) -> Vec<Value> {
        items.unwrap_or_default().iter().map(|&item| item.into()).collect()
    }
    if array.shape().len() != 1 {
        return Err(PortError::msg(format!(
            "expected a list, found an array of shape {:?}",
            array.shape()
        )));
    }
    Ok(match array.dtype() {
        DType::F64 => all(array.as_slice::<f64>()),
        DType::I64 => all(array.as_slice::<i64>()),
        DType::I32 => all(array.as_slice::<i32>()),
        DType::F32 => {
            let items = array.as_slice::<f32>().unwrap_or_default();
            items.iter().map(|&item| Value::F64(f64::from(item))).collect()
        }
        DType::U8 => {
            let items = array.as_slice::<u8>().unwrap_or_default();
            items.iter().map(|&item| Value::I64(i64::from(item))).collect()
        }
    })
}

/// The items of a list or array, as values.
fn items(value: Value) -> Result<Vec<Value>, PortError> {
    match value {
        Value::List(list) => Ok(list.into_vec()),
        Value::Array(array) => array_items(&array),
        other => Err(PortError::expected("a list", &other)),
    }
}

fn item<T: PortType>(index: usize, value: Value) -> Result<T, PortError> {
    T::from_value(value).map_err(|error| error.at_index(index))
}

fn list_of(items: impl Iterator<Item = Result<Value, PortError>>) -> Result<Value, PortError> {
    Ok(Value::list(items.collect::<Result<_, _>>()?)?)
}

/// Takes lists; arrays of numbers, copied in one go where the kinds agree; and bytes where `T` is
/// `u8`. Gives a list.
impl<T: PortType> PortType for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
    fn from_value(value: Value) -> Result<Self, PortError> {
        if let Some(items) = T::copy_of(&value) {
            return Ok(items);
        }
        items(value)?.into_iter().enumerate().map(|(index, value)| item(index, value)).collect()
    }
    fn into_value(self) -> Result<Value, PortError> {
        list_of(self.into_iter().map(T::into_value))
    }
}

impl<T: PortType, const N: usize> PortType for [T; N] {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
    fn from_value(value: Value) -> Result<Self, PortError> {
        let items = Vec::<T>::from_value(value)?;
        let found = items.len();
        Self::try_from(items).map_err(|_| wrong_length(N, found))
    }
    fn into_value(self) -> Result<Value, PortError> {
        list_of(self.into_iter().map(T::into_value))
    }
}

pub(super) fn wrong_length(expected: usize, found: usize) -> PortError {
    let s = if expected == 1 { "" } else { "s" };
    PortError::msg(format!("expected a list of {} item{}, found {}", expected, s, found))
}

macro_rules! tuples {
    ($($n:literal: $($item:ident $index:tt),+;)*) => {$(
        impl<$($item: PortType),+> PortType for ($($item,)+) {
            const SCHEMA: Schema = Schema::Tuple(&[$($item::SCHEMA),+]);
            fn from_value(value: Value) -> Result<Self, PortError> {
                let items = items(value)?;
                let found = items.len();
                let mut items = items.into_iter();
                if found != $n {
                    return Err(wrong_length($n, found));
                }
                Ok(($(item::<$item>($index, items.next().unwrap_or_default())?,)+))
            }
            fn into_value(self) -> Result<Value, PortError> {
                list_of([$(self.$index.into_value()),+].into_iter())
            }
        }
    )*};
}
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

fn entries<T: PortType>(
    value: Value,
) -> Result<impl Iterator<Item = Result<(String, T), PortError>>, PortError> {
    Ok(Map::from_value(value)?.into_entries().into_iter().map(|(key, value)| {
        match T::from_value(value) {
            Ok(value) => Ok((key, value)),
            Err(error) => Err(error.at_key(&key)),
        }
    }))
}

fn map_of<T: PortType>(entries: impl Iterator<Item = (String, T)>) -> Result<Value, PortError> {
    let entries: Vec<(String, Value)> = entries
        .map(|(key, value)| Ok((key, value.into_value()?)))
        .collect::<Result<_, PortError>>()?;
    Ok(Value::map(entries)?)
}

impl<T: PortType> PortType for BTreeMap<String, T> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
    fn from_value(value: Value) -> Result<Self, PortError> {
        entries(value)?.collect()
    }
    fn into_value(self) -> Result<Value, PortError> {
        map_of(self.into_iter())
    }
}

/// Gives its entries in the order of the keys, so that the same map is the same value.
impl<T: PortType, S: BuildHasher + Default> PortType for HashMap<String, T, S> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
    fn from_value(value: Value) -> Result<Self, PortError> {
        entries(value)?.collect()
    }
    fn into_value(self) -> Result<Value, PortError> {
        let mut entries: Vec<(String, T)> = self.into_iter().collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        map_of(entries.into_iter())
    }
}

/// What a borrowed optional parameter holds.
pub(super) fn hold_optional<'a, T: super::PortRef<'a> + ?Sized>(
    value: &'a Value,
) -> Result<Option<T::Held>, PortError> {
    match value {
        Value::Null => Ok(None),
        value => T::hold(value).map(Some),
    }
}
