//! [`Form`]: how a value lies on an edge, and what it takes to make a closure's parameter or a
//! pack's data of it.
//!
//! A map of closures gives a list whose items are Rust values; a closure that wants `Vec<T>` gets
//! them joined, a pack gets each as data, a further map takes them one by one as they are.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use terrace_plugin_api::{Ext, TaskError, Value};

use super::native::{self, Codecs, Native};
use crate::expr::{Adapter, Select};

/// How a value lies on an edge.
#[derive(Clone, Default)]
#[doc(hidden)]
pub enum Form {
    /// As data: what packs take and give. Numbers, bools and text of closures too.
    #[default]
    Data,
    /// As the Rust value of this type that a closure gave, or as data.
    Kept(TypeId),
    /// As a value with parts.
    Made(Arc<Made>),
}

/// A value made of others.
#[doc(hidden)]
pub struct Made {
    /// The Rust type it stands for.
    of: TypeId,
    /// Makes the Rust value.
    join: Adapter,
    /// Whether there are Rust values inside, so that it is no data yet.
    encode: bool,
    /// How its items lie, where it has items.
    items: Option<Form>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "Data",
            Self::Kept(_) => "Kept",
            Self::Made(_) => "Made",
        })
    }
}

impl Form {
    /// What a closure that gives a `T` leaves on the edge.
    pub(super) fn kept<T: Any>() -> Self {
        if native::is_plain::<T>() { Self::Data } else { Self::Kept(TypeId::of::<T>()) }
    }

    pub(super) fn made<T: Any>(join: Adapter, encode: bool, items: Option<Form>) -> Self {
        Self::Made(Arc::new(Made { of: TypeId::of::<T>(), join, encode, items }))
    }

    /// Whether it is data as it lies there.
    pub(super) fn is_data(&self) -> bool {
        match self {
            Self::Data => true,
            Self::Kept(_) => false,
            Self::Made(made) => !made.encode,
        }
    }

    /// Makes what a closure with a parameter of type `T` reads, beyond decoding data.
    pub(super) fn to_native<T: Any>(&self) -> Option<Adapter> {
        match self {
            Self::Made(made) if made.of == TypeId::of::<T>() => Some(made.join.clone()),
            _ => None,
        }
    }

    /// As [`Form::to_native`], decoding data too.
    pub(super) fn to_rust<T: Any>(&self, codecs: &Codecs) -> Option<Adapter> {
        self.to_native::<T>().or_else(|| native::decoder::<T>(codecs))
    }

    /// Makes data of it, for a handle of type `T`.
    pub(super) fn to_data<T: Any>(&self, codecs: &Codecs) -> Option<Adapter> {
        let codec = |of: &TypeId| codecs.get(*of).or_else(|| codecs.get(TypeId::of::<T>()));
        match self {
            Self::Data => None,
            Self::Kept(of) => codec(of).map(|codec| codec.encode.clone()),
            Self::Made(made) if made.encode => {
                codec(&made.of).map(|codec| made.join.clone().then(codec.encode.clone()))
            }
            Self::Made(_) => None,
        }
    }

    /// The list or map that a map gives, whose results lie in this form.
    pub(super) fn gathered<C: Any>(&self, join: Adapter) -> Self {
        Self::made::<C>(join, !self.is_data(), Some(self.clone()))
    }
}

impl Adapter {
    /// One conversion after the other.
    pub(super) fn then(self, next: Self) -> Self {
        Self::new(move |value| next.apply(self.apply(value)?))
    }

    /// The conversion of a part. Where there is no such part, nothing changes.
    pub(super) fn at(self, path: &[Select]) -> Self {
        path.iter().rev().fold(self, |adapter, select| {
            let select = select.clone();
            Self::new(move |value| adapter.apply_at(&select, value))
        })
    }

    fn apply_at(&self, select: &Select, value: Value) -> Result<Value, TaskError> {
        match (select, value) {
            (Select::Key(key), Value::Map(map)) => {
                let mut entries = map.into_entries();
                for (_, part) in entries.iter_mut().filter(|(name, _)| name == key) {
                    *part = self.apply(std::mem::take(part))?;
                }
                Ok(Value::map(entries)?)
            }
            (Select::Index(at), Value::List(list)) => {
                let mut items = list.into_vec();
                if let Some(item) = usize::try_from(*at).ok().and_then(|at| items.get_mut(at)) {
                    *item = self.apply(std::mem::take(item))?;
                }
                Ok(Value::list(items)?)
            }
            (_, other) => Ok(other),
        }
    }
}

/// Makes a `Vec<T>` of a list whose items lie in `item`.
pub(super) fn join_list<T: Native>(item: &Form, codecs: &Codecs) -> Adapter {
    let to_rust = item.to_rust::<T>(codecs);
    Adapter::new(move |value| match value {
        Value::List(items) => {
            let items = items.into_vec().into_iter().map(|item| take(&to_rust, item));
            Ok(native::keep(items.collect::<Result<Vec<T>, _>>()?))
        }
        other => Ok(other),
    })
}

/// Makes a map of a keyed result whose values lie in `item`.
pub(super) fn join_map<T: Native>(item: &Form, codecs: &Codecs) -> Adapter {
    let to_rust = item.to_rust::<T>(codecs);
    Adapter::new(move |value| match value {
        Value::Map(map) => {
            let entries = map.into_entries().into_iter();
            let entries = entries.map(|(key, item)| Ok((key, take(&to_rust, item)?)));
            Ok(native::keep(entries.collect::<Result<BTreeMap<String, T>, TaskError>>()?))
        }
        other => Ok(other),
    })
}

fn take<T: Native>(to_rust: &Option<Adapter>, item: Value) -> Result<T, TaskError> {
    let mut item = match to_rust {
        Some(to_rust) => to_rust.apply(item)?,
        None => item,
    };
    native::take(&mut item)
}

/// A collection as a closure keeps it, taken apart into items.
pub(super) trait Spread: Native {
    type Item: Native;
    /// A list or map whose items lie as a closure keeps them.
    fn spread(self) -> Result<Value, TaskError>;
    /// The collection with this one item, as data.
    fn alone(item: Value) -> Result<Value, TaskError>;
    /// The only item.
    fn only(self) -> Option<Self::Item>;
}

impl<T: Native> Spread for Vec<T> {
    type Item = T;
    fn spread(self) -> Result<Value, TaskError> {
        Ok(Value::list(self.into_iter().map(native::keep).collect())?)
    }
    fn alone(item: Value) -> Result<Value, TaskError> {
        Ok(Value::list(vec![item])?)
    }
    fn only(mut self) -> Option<T> {
        self.pop()
    }
}

impl<T: Native> Spread for BTreeMap<String, T> {
    type Item = T;
    fn spread(self) -> Result<Value, TaskError> {
        Ok(Value::map(self.into_iter().map(|(key, item)| (key, native::keep(item))))?)
    }
    fn alone(item: Value) -> Result<Value, TaskError> {
        Ok(Value::map([(String::new(), item)])?)
    }
    fn only(self) -> Option<T> {
        self.into_values().next()
    }
}

impl<T: Native> Spread for HashMap<String, T> {
    type Item = T;
    fn spread(self) -> Result<Value, TaskError> {
        // In the order of the keys, so that the same program gives the same run.
        self.into_iter().collect::<BTreeMap<_, _>>().spread()
    }
    fn alone(item: Value) -> Result<Value, TaskError> {
        Ok(Value::map([(String::new(), item)])?)
    }
    fn only(self) -> Option<T> {
        self.into_values().next()
    }
}

/// Takes a collection apart, where a closure kept it.
fn spread<C: Spread>(value: Value) -> Result<Value, TaskError> {
    match value {
        Value::Ext(ext) if ext.is::<C>() => {
            native::take_ext::<C>(ext).map_err(native::mistyped::<C>)?.spread()
        }
        other => Ok(other),
    }
}

impl Form {
    /// How the items of a collection `C` that lies in this form are got at, and how they lie.
    pub(super) fn items<C: Spread>(&self, codecs: &Codecs) -> (Option<Adapter>, Form) {
        match self {
            Self::Made(made) if made.of == TypeId::of::<C>() => {
                if let Some(items) = &made.items {
                    return (None, items.clone());
                }
            }
            Self::Data => {}
            _ => return (Some(Adapter::new(spread::<C>)), Form::kept::<C::Item>()),
        }
        (None, self.data_item::<C>(codecs))
    }

    /// An item of data. A closure gets it made of a collection with it alone, since that is what
    /// is known how to read.
    fn data_item<C: Spread>(&self, codecs: &Codecs) -> Form {
        if native::is_plain::<C::Item>() || codecs.get(TypeId::of::<C::Item>()).is_some() {
            return Form::Data;
        }
        let Some(whole) = self.to_rust::<C>(codecs) else { return Form::Data };
        let join = Adapter::new(move |value| {
            if matches!(&value, Value::Ext(ext) if ext.is::<C::Item>()) {
                return Ok(value);
            }
            let mut alone = whole.apply(C::alone(value)?)?;
            let item = native::take::<C>(&mut alone)?.only();
            Ok(item.map_or(Value::Null, native::keep))
        });
        Form::made::<C::Item>(join, false, None)
    }
}

/// Makes `Some` of what is there, as a parameter of type `Option<T>` reads it.
pub(super) fn some<T: Native>(to_rust: Option<Adapter>) -> Adapter {
    Adapter::new(move |value| match value {
        Value::Null => Ok(absent::<T>()),
        Value::Ext(ext) if ext.is::<Option<T>>() => Ok(Value::Ext(ext)),
        value => Ok(native::keep(Some(take::<T>(&to_rust, value)?))),
    })
}

/// What a parameter of type `Option<T>` reads as `None`.
pub(super) fn absent<T: Native>() -> Value {
    Value::Ext(Ext::new(None::<T>))
}
