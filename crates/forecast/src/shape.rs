//! [`Shape`]: what others take of a value that is made up, so that it has that.

use std::collections::BTreeMap;

use terrace_core::{Type, Value};
use terrace_scheduler::simulate::made;

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A value by key.
    Key(String),
    /// An item by position.
    Place(usize),
    /// Every item.
    Each,
}

/// What is taken of a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    fields: BTreeMap<String, Shape>,
    items: Option<Box<Shape>>,
    /// How many items there are at least.
    pub(crate) places: usize,
    /// Of which type it is taken to be.
    ty: Option<Type>,
}

/// More places are not made for one who asks for the last.
const MOST_PLACES: usize = 1_000_000;

impl Shape {
    /// Somebody takes what is at the end of these steps, as a value of a type.
    pub(crate) fn ask(&mut self, steps: &[Step], ty: Option<&Type>) {
        let mut shape = self;
        for step in steps {
            shape = match step {
                Step::Key(key) => shape.fields.entry(key.clone()).or_default(),
                Step::Place(place) => {
                    shape.places = shape.places.max(place + 1).min(MOST_PLACES);
                    shape.items.get_or_insert_default()
                }
                Step::Each => shape.items.get_or_insert_default(),
            };
        }
        if shape.ty.is_none() {
            shape.ty = ty.filter(|ty| **ty != Type::Any).cloned();
        }
    }

    /// A value of a type that has what is taken of it. `items` says how many items the outermost list
    /// has, then those in it, where that is known; in the item of a list texts and numbers are its position, so that keys
    /// differ.
    pub(crate) fn made(&self, ty: &Type, items: &[Option<usize>]) -> Value {
        self.made_in(ty, items, None)
    }

    fn made_in(&self, ty: &Type, items: &[Option<usize>], at: Option<usize>) -> Value {
        let (said, rest) = match items.split_first() {
            Some((said, rest)) => (*said, rest),
            None => (None, items),
        };
        let number = said.unwrap_or(self.places.max(1));
        match ty {
            Type::Any => {
                let list = self.items.is_some() || (!items.is_empty() && self.ty.is_none());
                match &self.ty {
                    _ if !self.fields.is_empty() => self.record(items, at),
                    _ if list => self.list(&Type::Any, number, rest),
                    // What is of that type may be of any type again.
                    Some(ty) => Self { ty: None, ..self.clone() }.made_in(ty, items, at),
                    None => Value::Null,
                }
            }
            Type::Optional(inner) => self.made_in(inner, items, at),
            Type::List(item) => self.list(item, number, rest),
            Type::Map(item) if !self.fields.is_empty() => {
                let field = |(name, shape): (&String, &Self)| {
                    (name.clone(), shape.made_in(item, rest, None))
                };
                map(self.fields.iter().map(field).collect())
            }
            Type::Map(item) => {
                let field = |at: usize| (at.to_string(), self.item().made_in(item, rest, Some(at)));
                map((0..number).map(field).collect())
            }
            Type::Record(fields) => {
                let none = Self::default();
                let field = |field: &terrace_core::Field| {
                    let shape = self.fields.get(&field.name).unwrap_or(&none);
                    (field.name.clone(), shape.made_in(&field.ty, items, at))
                };
                map(fields.iter().map(field).collect())
            }
            Type::Tuple(parts) => {
                let part = |ty: &Type| self.item().made_in(ty, items, at);
                list(parts.iter().map(part).collect())
            }
            Type::Array(_) => made(ty, &[number]),
            Type::Str => at.map(|at| at.to_string()).unwrap_or_default().into(),
            Type::I64 | Type::U64 | Type::Number => (at.unwrap_or(0) as i64).into(),
            Type::F64 => (at.unwrap_or(0) as f64).into(),
            other => {
                let items: Vec<usize> = items.iter().map(|items| items.unwrap_or(1)).collect();
                made(other, &items)
            }
        }
    }

    fn item(&self) -> Self {
        self.items.as_deref().cloned().unwrap_or_default()
    }

    fn list(&self, ty: &Type, number: usize, items: &[Option<usize>]) -> Value {
        let item = self.item();
        list((0..number).map(|at| item.made_in(ty, items, Some(at))).collect())
    }

    fn record(&self, items: &[Option<usize>], at: Option<usize>) -> Value {
        let field =
            |(name, shape): (&String, &Self)| (name.clone(), shape.made_in(&Type::Any, items, at));
        map(self.fields.iter().map(field).collect())
    }
}

/// Whether something in a type is of any type.
pub(crate) fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Any => true,
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => is_open(inner),
        Type::Tuple(parts) => parts.iter().any(is_open),
        Type::Record(fields) => fields.iter().any(|field| is_open(&field.ty)),
        _ => false,
    }
}

fn list(items: Vec<Value>) -> Value {
    // What is asked for nests less deep than values may, or the run says that it does not.
    Value::list(items).unwrap_or_default()
}

fn map(entries: Vec<(String, Value)>) -> Value {
    Value::map(entries).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    #[test]
    fn a_value_has_what_is_taken_of_it() {
        let mut shape = Shape::default();
        shape.ask(&[key("pages"), Step::Place(2), key("url")], Some(&Type::Str));
        shape.ask(&[key("pages"), Step::Each, key("size")], Some(&Type::I64));
        shape.ask(&[key("ok")], Some(&Type::Bool));
        let json = |value: &Value| terrace_core::value_to_json(value).unwrap();
        assert_eq!(
            json(&shape.made(&Type::Any, &[])),
            r#"{"ok":true,"pages":[{"size":0,"url":"0"},{"size":1,"url":"1"},{"size":2,"url":"2"}]}"#
        );
        assert_eq!(json(&Shape::default().made(&Type::Any, &[])), "null");
        assert_eq!(json(&Shape::default().made(&Type::Any, &[Some(2), None])), "[[null],[null]]");
        let texts: Type = "list<str>".parse().unwrap();
        assert_eq!(json(&Shape::default().made(&texts, &[Some(3)])), r#"["0","1","2"]"#);
    }

    #[test]
    fn what_is_taken_as_what_may_be_anything_is_made() {
        let mut shape = Shape::default();
        shape.ask(&[], Some(&"any?".parse().unwrap()));
        assert_eq!(shape.made(&Type::Any, &[]), Value::Null);
    }

    #[test]
    fn what_is_made_of_a_type_is_of_that_type() {
        let mut shape = Shape::default();
        shape.ask(&[key("x"), Step::Place(3)], Some(&Type::Str));
        shape.ask(&[Step::Place(3), key("x")], Some(&Type::Bool));
        for text in [
            "any",
            "null",
            "bool",
            "i64",
            "u64",
            "f64",
            "number",
            "str",
            "bytes",
            "list<i64>",
            "map<str, list<f64>>",
            "array<f64>",
            "str?",
            "(i64, str)",
            "{x: f64, y?: str}",
            "{x: list<any>}",
            "enum{Point, Circle: {r: f64}}",
            "outcome",
        ] {
            let ty: Type = text.parse().unwrap();
            for items in [&[][..], &[None], &[Some(0)], &[Some(3)], &[Some(2), Some(3)]] {
                for shape in [&shape, &Shape::default()] {
                    let value = shape.made(&ty, items);
                    ty.check(&value).unwrap_or_else(|error| panic!("{text}, {items:?}: {error}"));
                }
            }
        }
    }
}
