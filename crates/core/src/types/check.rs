//! Whether a given value is of a type: for inputs, defaults and constants, before anything runs.

use std::fmt;

use terrace_plugin_api::Value;

use super::{Enum, Field, Type};

/// Where and how a value differs from a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    path: String,
    expected: String,
    found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at {}: ", self.path)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for Mismatch {}

impl Type {
    /// Checks a value against this type. Costs one walk over the value, at most 256 deep.
    ///
    /// # Errors
    /// The first place where it differs.
    pub fn check(&self, value: &Value) -> Result<(), Mismatch> {
        let expected = |what: &dyn fmt::Display| Mismatch {
            path: String::new(),
            expected: what.to_string(),
            found: match (self, value) {
                (Self::U64, Value::I64(number)) => format!("{number} (negative)"),
                (Self::I64, Value::U64(number)) => format!("{} (above i64::MAX)", number.get()),
                _ => value.kind().to_owned(),
            },
        };
        let fits = match (self, value) {
            (Self::Any, _) => true,
            (Self::Null, Value::Null) => true,
            (Self::Optional(_), Value::Null) => true,
            (Self::Optional(inner), _) => return inner.check(value),
            (Self::Bool, Value::Bool(_)) => true,
            (Self::I64, Value::I64(_)) => true,
            (Self::U64, _) => value.as_u64().is_some(),
            (Self::F64 | Self::Number, Value::F64(_) | Value::I64(_) | Value::U64(_)) => true,
            (Self::Str, Value::Str(_)) => true,
            (Self::Bytes, Value::Bytes(_)) => true,
            (Self::List(item), Value::List(list)) => {
                for (index, value) in list.iter().enumerate() {
                    item.check(value).map_err(|miss| miss.inside(&format!("[{index}]")))?;
                }
                true
            }
            (Self::List(item), Value::Array(array)) => {
                item.accepts(&Self::Array(array.dtype().name().to_owned())) != super::Fit::Never
                    || matches!(**item, Self::F64 | Self::Number | Self::I64 | Self::Any)
            }
            (Self::Array(kind), Value::Array(array)) => kind == array.dtype().name(),
            (Self::Array(_), Value::List(list)) => {
                for (index, value) in list.iter().enumerate() {
                    Self::Number.check(value).map_err(|miss| miss.inside(&format!("[{index}]")))?;
                }
                true
            }
            (Self::Map(item), Value::Map(map)) => {
                for (key, value) in map.iter() {
                    item.check(value).map_err(|miss| miss.inside(&step(key)))?;
                }
                true
            }
            (Self::Tuple(items), Value::List(list)) if items.len() == list.len() => {
                for (index, (item, value)) in items.iter().zip(list.iter()).enumerate() {
                    item.check(value).map_err(|miss| miss.inside(&format!("[{index}]")))?;
                }
                true
            }
            (Self::Record(fields), Value::Map(_)) => return check_record(fields, value),
            (Self::Enum(alternatives), _) => return check_enum(alternatives, value),
            (Self::Outcome, Value::Map(map)) => map.get("status").is_some(),
            (Self::Workflow, Value::Map(_)) => true,
            (Self::Ext(_), Value::Ext(_)) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(expected(self)) }
    }
}

fn step(key: &str) -> String {
    if super::parse::is_bare(key) { format!(".{key}") } else { format!("[{key:?}]") }
}

fn check_record(fields: &[Field], value: &Value) -> Result<(), Mismatch> {
    let Value::Map(map) = value else {
        return Type::Map(Box::new(Type::Any)).check(value);
    };
    for field in fields {
        match map.get(&field.name) {
            None if field.optional => {}
            Some(Value::Null) if field.optional => {}
            None => {
                return Err(Mismatch {
                    path: String::new(),
                    expected: format!("a field `{}`", field.name),
                    found: "a map without it".to_owned(),
                });
            }
            Some(inner) => {
                field.ty.check(inner).map_err(|miss| miss.inside(&step(&field.name)))?;
            }
        }
    }
    Ok(())
}

fn check_enum(alternatives: &Enum, value: &Value) -> Result<(), Mismatch> {
    let name = match (&alternatives.tag, value) {
        (Some(tag), Value::Map(map)) => map.get(tag).and_then(Value::as_str),
        (None, Value::Str(name)) => Some(name.as_str()),
        (None, Value::Map(map)) if map.len() == 1 => map.iter().next().map(|(key, _)| key),
        _ => None,
    };
    let known = name.and_then(|name| alternatives.variants.iter().find(|(known, _)| known == name));
    let Some((name, carried)) = known else {
        return Err(Mismatch {
            path: String::new(),
            expected: alternatives.to_string(),
            found: name.map_or_else(
                || value.kind().to_owned(),
                |name| {
                    let known = alternatives.variants.iter().map(|(known, _)| known.as_str());
                    match crate::validate::suggest(name, known) {
                        Some(meant) => format!("`{name}` (did you mean `{meant}`?)"),
                        None => format!("`{name}`"),
                    }
                },
            ),
        });
    };
    let inner = match (carried, value) {
        (None, _) => return Ok(()),
        (Some(_), Value::Map(map)) => match (&alternatives.tag, &alternatives.content) {
            (None, _) => map.get(name),
            (Some(_), Some(content)) => map.get(content),
            (Some(_), None) => Some(value),
        },
        _ => None,
    };
    let carried = carried.as_ref().unwrap_or(&Type::Null);
    match inner {
        Some(inner) => carried.check(inner).map_err(|miss| miss.inside(&step(name))),
        None => Err(Mismatch {
            path: step(name),
            expected: carried.to_string(),
            found: "nothing".to_owned(),
        }),
    }
}

impl Mismatch {
    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_the_place() {
        let ty: Type = "{terms: list<{value: f64}>}".parse().unwrap();
        let term = Value::map([("value", Value::from("x"))]).unwrap();
        let value = Value::map([("terms", Value::list(vec![term]).unwrap())]).unwrap();
        let message = ty.check(&value).unwrap_err().to_string();
        assert_eq!(message, "at .terms[0].value: expected f64, found a string");
    }
}
