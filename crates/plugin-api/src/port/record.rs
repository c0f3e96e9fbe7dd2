//! What `derive(Record)` calls: maps read field by field, and the forms that serde gives to the
//! variants of an enum.

use super::collection::wrong_length;
use super::{PortError, PortType};
use crate::schema::{EnumTag, Schema};
use crate::value::{Map, Value};

/// The fields of a map, taken one by one.
#[derive(Debug)]
pub struct Fields {
    entries: Vec<(String, Option<Value>)>,
    /// Where the next is expected: they mostly come in the order of the type.
    next: usize,
}

impl Fields {
    /// The fields of a value.
    ///
    /// # Errors
    /// When it is not a map.
    pub fn of(value: Value) -> Result<Self, PortError> {
        let entries = Map::from_value(value)?.into_entries();
        let entries = entries.into_iter().map(|(key, value)| (key, Some(value))).collect();
        Ok(Self { entries, next: 0 })
    }

    fn take_one(&mut self, name: &str) -> Option<Value> {
        let count = self.entries.len();
        for step in 0..count {
            let at = (self.next + step) % count;
            if self.entries[at].0 == name {
                self.next = at + 1;
                return self.entries[at].1.take();
            }
        }
        None
    }

    fn take<'n>(&mut self, names: &[&'n str]) -> Result<Option<(&'n str, Value)>, PortError> {
        let mut found: Option<(&str, Value)> = None;
        for name in names {
            match (self.take_one(name), &found) {
                (None, _) => {}
                (Some(value), None) => found = Some((name, value)),
                (Some(_), Some((first, _))) => {
                    let message = format!("`{}` and `{}` are the same field", first, name);
                    return Err(PortError::msg(message));
                }
            }
        }
        Ok(found)
    }

    /// A field that must be there, unless its type is optional. The first name is its own.
    ///
    /// # Errors
    /// When it is missing or not of its type.
    pub fn required<T: PortType>(&mut self, names: &[&str]) -> Result<T, PortError> {
        match self.take(names)? {
            Some((name, value)) => T::from_value(value).map_err(|error| error.at_key(name)),
            None if T::SCHEMA.is_optional() => T::from_value(Value::Null),
            None => Err(PortError::msg(format!("field `{}` is missing", names[0]))),
        }
    }

    /// A field that may be missing. Null counts as missing, unless the type has it for a value.
    ///
    /// # Errors
    /// When it is not of its type.
    pub fn optional<T: PortType>(&mut self, names: &[&str]) -> Result<Option<T>, PortError> {
        match self.take(names)? {
            None => Ok(None),
            Some((_, Value::Null)) if !takes_null(&T::SCHEMA) => Ok(None),
            Some((name, value)) => {
                T::from_value(value).map(Some).map_err(|error| error.at_key(name))
            }
        }
    }

    /// Refuses what nobody took.
    ///
    /// # Errors
    /// When a field is left.
    pub fn finish(&self, known: &[&str]) -> Result<(), PortError> {
        match self.entries.iter().find(|(_, value)| value.is_some()) {
            None => Ok(()),
            Some((name, _)) => Err(unknown("field", name, known)),
        }
    }
}

/// Whether a type has no value but null.
pub const fn is_null(schema: &Schema) -> bool {
    matches!(schema, Schema::Null)
}

fn takes_null(schema: &Schema) -> bool {
    matches!(schema, Schema::Optional(_) | Schema::Any | Schema::Null)
}

fn unknown(what: &str, name: &str, known: &[&str]) -> PortError {
    if known.is_empty() {
        return PortError::msg(format!("unknown {} `{}`, there are none", what, name));
    }
    let meant = match nearest(name, known) {
        Some(meant) => format!(" (did you mean `{}`?)", meant),
        None => String::new(),
    };
    let known = known.join("`, `");
    PortError::msg(format!("unknown {} `{}`{}, expected one of `{}`", what, name, meant, known))
}

/// The known name that `name` most likely stands for.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = (name.chars().count() / 3).min(4);
    known
        .iter()
        .map(|known| (distance(&name.to_lowercase(), &known.to_lowercase()), *known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters to insert, drop, replace or swap with the next to get from one word to the
/// other (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

/// The items of a list, taken in order.
#[derive(Debug)]
pub struct Items {
    items: std::vec::IntoIter<Value>,
    next: usize,
}

impl Items {
    /// The items of a list of this length.
    ///
    /// # Errors
    /// When it is not one.
    pub fn of(value: Value, count: usize) -> Result<Self, PortError> {
        let items = Vec::<Value>::from_value(value)?;
        if items.len() != count {
            return Err(wrong_length(count, items.len()));
        }
        Ok(Self { items: items.into_iter(), next: 0 })
    }

    /// The next item.
    ///
    /// # Errors
    /// When it is not of its type.
    pub fn take<T: PortType>(&mut self) -> Result<T, PortError> {
        let at = self.next;
        self.next += 1;
        T::from_value(self.items.next().unwrap_or_default()).map_err(|error| error.at_index(at))
    }
}

/// Adds the field's name to an error.
///
/// # Errors
/// The one given.
pub fn field_at(name: &str, value: Result<Value, PortError>) -> Result<Value, PortError> {
    value.map_err(|error| error.at_key(name))
}

/// Adds the item's position to an error.
///
/// # Errors
/// The one given.
pub fn item_at(at: usize, value: Result<Value, PortError>) -> Result<Value, PortError> {
    value.map_err(|error| error.at_index(at))
}

/// A map of fields.
///
/// # Errors
/// When it nests too deep.
pub fn write_record(fields: Vec<(&'static str, Value)>) -> Result<Value, PortError> {
    Ok(Value::map(fields)?)
}

/// A list.
///
/// # Errors
/// When it nests too deep.
pub fn write_list(items: Vec<Value>) -> Result<Value, PortError> {
    Ok(Value::list(items)?)
}

/// A variant of an enum, as its tag has it. `None` for a bare name.
///
/// # Errors
/// When it nests too deep, or what it carries has no place beside the tag.
pub fn write_variant(
    tag: EnumTag,
    name: &'static str,
    carried: Option<Value>,
) -> Result<Value, PortError> {
    let entries = match (tag, carried) {
        (EnumTag::External, None) => return Ok(Value::from(name)),
        (EnumTag::External, Some(value)) => vec![(name.to_owned(), value)],
        (EnumTag::Internal(tag), Some(Value::Map(map))) => {
            let mut entries = vec![(tag.to_owned(), Value::from(name))];
            entries.extend(map.into_entries());
            entries
        }
        (EnumTag::Internal(tag), None | Some(Value::Null)) | (EnumTag::Adjacent(tag, _), None) => {
            vec![(tag.to_owned(), Value::from(name))]
        }
        (EnumTag::Internal(tag), Some(other)) => {
            return Err(PortError::msg(format!(
                "the variant `{}` carries {}, which has no place beside the tag `{}`",
                name,
                other.kind(),
                tag
            )))
        }
        (EnumTag::Adjacent(tag, content), Some(value)) => {
            vec![(tag.to_owned(), Value::from(name)), (content.to_owned(), value)]
        }
    };
    Ok(Value::map(entries)?)
}

/// The error of a variant that data does not have.
///
/// # Errors
/// Always.
pub fn skipped_variant(name: &str) -> Result<Value, PortError> {
    Err(PortError::msg(format!("the variant `{}` is not for data", name)))
}

/// The variant that was found in a value, and what it carries.
#[derive(Debug)]
pub struct Found {
    tag: EnumTag,
    name: String,
    carried: Option<Value>,
}

impl Found {
    /// Looks for the name of a variant.
    ///
    /// # Errors
    /// When there is none where the tag has it.
    pub fn of(tag: EnumTag, value: Value) -> Result<Self, PortError> {
        let (name, carried) = match tag {
            EnumTag::External => external(value)?,
            EnumTag::Internal(tag) => {
                let mut entries = Map::from_value(value)?.into_entries();
                let at = entries.iter().position(|(key, _)| key == tag);
                let at = at.ok_or_else(|| missing_tag(tag))?;
                let name = String::from_value(entries.remove(at).1);
                (name.map_err(|error| error.at_key(tag))?, Some(Value::map(entries)?))
            }
            EnumTag::Adjacent(tag, content) => {
                let mut fields = Fields::of(value)?;
                let name: Option<String> = fields.optional(&[tag])?;
                (name.ok_or_else(|| missing_tag(tag))?, fields.take_one(content))
            }
        };
        Ok(Self { tag, name, carried })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The error of a name that is none of these.
    pub fn unknown(&self, known: &[&str]) -> PortError {
        let error = unknown("variant", &self.name, known);
        match self.tag {
            EnumTag::Internal(tag) | EnumTag::Adjacent(tag, _) => error.at_key(tag),
            EnumTag::External => error,
        }
    }

    /// Reads what it carries.
    ///
    /// # Errors
    /// When it is missing, or not of its type.
    pub fn read<T>(
        self,
        unit: bool,
        read: impl FnOnce(Value) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        let step = match self.tag {
            EnumTag::External => Some(self.name.as_str()),
            EnumTag::Internal(_) => None,
            EnumTag::Adjacent(_, content) => Some(content),
        };
        let value = match (self.tag, self.carried) {
            // Other fields beside the tag do no harm, as in any record.
            (EnumTag::Internal(_), _) if unit => Value::Null,
            (_, Some(value)) => value,
            (EnumTag::External, None) if !unit => {
                let message =
                    format!("the variant `{}` comes with a value: {{{}: …}}", self.name, self.name);
                return Err(PortError::msg(message));
            }
            (_, None) => Value::Null,
        };
        read(value).map_err(|error| match step {
            Some(step) => error.at_key(step),
            None => error,
        })
    }
}

fn missing_tag(tag: &str) -> PortError {
    PortError::msg(format!("field `{}`, which says the variant, is missing", tag))
}

fn external(value: Value) -> Result<(String, Option<Value>), PortError> {
    match value {
        Value::Str(name) => Ok((name.into_string(), None)),
        Value::Map(map) if map.len() == 1 => {
            let (name, value) = map.into_entries().pop().unwrap_or_default();
            Ok((name, Some(value)))
        }
        Value::Map(map) => Err(PortError::msg(format!(
            "expected a map whose only key is the variant's name, found one of {} keys",
            map.len()
        ))),
        other => Err(PortError::expected("a variant's name, or a map with it as its key", &other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant_and_none_that_is_far() {
        let known = ["Point", "Radius", "Circle"];
        for (name, meant) in [
            ("Pint", Some("Point")),
            ("point", Some("Point")),
            ("Cricle", Some("Circle")),
            ("Radios", Some("Radius")),
            ("Square", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
        assert_eq!(
            (distance("kitten", "sitting"), distance("", "abc"), distance("ab", "ba")),
            (3, 3, 1)
        );
    }
}
