//! [`Items`]: what a map runs over, by index.

use std::collections::HashSet;

use terrace_core::{Over, Select, TaskError, Value};
use terrace_plugin_api::ErrorClass;

use crate::frame::push;

/// What a map runs over.
pub(crate) struct Items {
    lists: Vec<List>,
    /// For combinations: how many items later each list moves on.
    strides: Option<Vec<u64>>,
    keys: Option<Vec<String>>,
    len: u64,
}

enum List {
    /// A list as it is, shared.
    Shared(Value, u64),
    /// The values of a keyed map.
    Values(Vec<Value>),
}

impl Items {
    /// The items of lists and keyed maps, as `over` joins them. Costs nothing for lists, O(items)
    /// for keyed maps.
    ///
    /// # Errors
    /// When a value is neither list nor map, or the lists do not fit together.
    pub(crate) fn new(over: &Over, values: Vec<Value>) -> Result<Self, TaskError> {
        let mut lists = Vec::new();
        let mut keys: Vec<Option<Vec<String>>> = Vec::new();
        for value in values {
            let (list, of_list) = list(value)?;
            lists.push(list);
            keys.push(of_list);
        }
        let mut items = Self { lists, strides: None, keys: None, len: 0 };
        match over {
            Over::Cross(_) => items.cross()?,
            _ => items.side_by_side(keys)?,
        }
        Ok(items)
    }

    fn side_by_side(&mut self, keys: Vec<Option<Vec<String>>>) -> Result<(), TaskError> {
        self.len = self.lists.first().map_or(0, List::len);
        if let Some(other) = self.lists.iter().map(List::len).find(|&len| len != self.len) {
            return Err(invalid(format!(
                "lists side by side must be equally long, and these have {} and {other} items",
                self.len
            )));
        }
        let mut keys = keys.into_iter();
        let first = keys.next().flatten();
        if let Some(other) = keys.find(|other| *other != first) {
            return Err(other_keys(first.as_deref(), other.as_deref()));
        }
        self.keys = first;
        Ok(())
    }

    fn cross(&mut self) -> Result<(), TaskError> {
        let mut strides = vec![1_u64; self.lists.len()];
        let mut len = 1_u64;
        for (list, stride) in self.lists.iter().zip(&mut strides).rev() {
            *stride = len;
            len = len
                .checked_mul(list.len())
                .ok_or_else(|| invalid("there are more than 2^64 combinations"))?;
        }
        self.len = len;
        self.strides = Some(strides);
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// What one of the lists gives for an item.
    pub(crate) fn get(&self, list: usize, item: u64) -> Value {
        let list_of = &self.lists[list];
        let at = match &self.strides {
            Some(strides) => item / strides[list] % list_of.len().max(1),
            None => item,
        };
        list_of.get(at)
    }

    /// Adds to arguments what one of the lists gives for an item.
    #[inline]
    pub(super) fn push(&self, list: usize, item: u64, args: &mut Vec<Value>) {
        if let (None, List::Shared(Value::List(values), _)) = (&self.strides, &self.lists[list])
            && let Some(value) = values.get(item as usize)
        {
            push(args, value);
        } else {
            args.push(self.get(list, item));
        }
    }

    /// Whether they are keyed.
    pub(crate) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The key of an item, where they are keyed.
    pub(crate) fn key(&self, item: u64) -> Option<&str> {
        let keys = self.keys.as_ref()?;
        keys.get(usize::try_from(item).ok()?).map(String::as_str)
    }

    /// Keys the items, instead of those they had.
    ///
    /// # Errors
    /// When two are the same.
    pub(crate) fn set_keys(&mut self, keys: Vec<String>) -> Result<(), TaskError> {
        let mut seen = HashSet::with_capacity(keys.len());
        if let Some(twice) = keys.iter().find(|key| !seen.insert(key.as_str())) {
            return Err(invalid(format!("two items have the key {twice:?}")));
        }
        self.keys = Some(keys);
        Ok(())
    }

    /// Takes the keys out, when the results are gathered.
    pub(crate) fn take_keys(&mut self) -> Option<Vec<String>> {
        self.keys.take()
    }
}

impl List {
    fn len(&self) -> u64 {
        match self {
            Self::Shared(_, len) => *len,
            Self::Values(values) => values.len() as u64,
        }
    }

    fn get(&self, at: u64) -> Value {
        match self {
            Self::Shared(list, _) => Select::Index(at).apply(list).unwrap_or_default(),
            Self::Values(values) => {
                usize::try_from(at).ok().and_then(|at| values.get(at)).cloned().unwrap_or_default()
            }
        }
    }
}

fn list(value: Value) -> Result<(List, Option<Vec<String>>), TaskError> {
    match value {
        Value::List(ref list) => {
            let len = list.len() as u64;
            Ok((List::Shared(value, len), None))
        }
        Value::Array(ref array) if array.shape().len() == 1 => {
            let len = array.len() as u64;
            Ok((List::Shared(value, len), None))
        }
        Value::Map(map) => {
            let (keys, values) = map.into_entries().into_iter().unzip();
            Ok((List::Values(values), Some(keys)))
        }
        Value::Null => Err(invalid(
            "a map runs over a list or a map, and here is null; what may be missing can have `[]` \
             as its default",
        )),
        Value::Array(array) => Err(invalid(format!(
            "a map runs over a list, a map or an array of one dimension, and this one has {}",
            array.shape().len()
        ))),
        other => Err(invalid(format!("a map runs over a list or a map, not {}", other.kind()))),
    }
}

/// Says where equally many items side by side are not keyed alike.
fn other_keys(first: Option<&[String]>, other: Option<&[String]>) -> TaskError {
    let (Some(first), Some(other)) = (first, other) else {
        return invalid("side by side stand lists or maps, and here is one beside the other");
    };
    let differs = first.iter().zip(other).find(|(one, another)| one != another);
    let shown = differs.map(|(one, another)| format!(", and {one:?} stands beside {another:?}"));
    let shown = shown.unwrap_or_default();
    invalid(format!("maps side by side must have the same keys in the same order{shown}"))
}

fn invalid(message: impl std::fmt::Display) -> TaskError {
    TaskError::new(ErrorClass::INVALID_INPUT, message)
}
