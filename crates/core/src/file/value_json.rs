//! Single values outside a workflow file: JSON in both directions, and the text of an input by its
//! declared type.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use terrace_plugin_api::Value;

use super::parse::{INTEGERS, integer, quoted};
use crate::types::{Mismatch, Type};

/// Writes a value as JSON on one line.
///
/// What JSON has not stands in `$` forms: `{"$f64": "NaN"}`, `{"$bytes": "<base64>"}`,
/// `{"$array": …}`; the only key of a map has its `$` doubled. [`value_from_json`] reads it back
/// as an equal value.
///
/// # Errors
/// When a private type inside does not say how it becomes data; the error names it.
///
/// # Examples
/// ```
/// use terrace_core::{Value, value_from_json, value_to_json};
///
/// let value = Value::list(vec![Value::from(1), Value::from(f64::NAN)])?;
/// let text = value_to_json(&value)?;
/// assert_eq!(text, r#"[1,{"$f64":"NaN"}]"#);
/// assert_eq!(value_from_json(&text)?, value);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn value_to_json(value: &Value) -> Result<String, JsonError> {
    serde_json::to_string(value).map_err(JsonError::of)
}

/// As [`value_to_json`], with line breaks and two spaces for each level.
///
/// # Errors
/// As [`value_to_json`].
pub fn value_to_json_pretty(value: &Value) -> Result<String, JsonError> {
    serde_json::to_string_pretty(value).map_err(JsonError::of)
}

/// Reads a value from JSON, `$` forms included. The limits of [`Value`] hold, however deep the
/// text nests.
///
/// # Errors
/// When the text is not JSON, holds more than one value, a wrong `$` form, a key twice, an integer
/// beyond 64 bits or a float beyond `f64`, or nests deeper than a value may.
pub fn value_from_json(text: &str) -> Result<Value, JsonError> {
    parse(text).map_err(|refused| refused.error)
}

/// A text that is no value.
struct Refused {
    error: JsonError,
    /// [`Category::Data`] where the text is JSON all the same.
    category: Category,
}

fn parse(text: &str) -> Result<Value, Refused> {
    let error = match deserialize(text) {
        // Integers beyond 64 bits have become floats, and only the text can tell.
        Ok(value) => match beyond_64_bits(text) {
            None => return Ok(value),
            Some(error) => return Err(Refused { error, category: Category::Data }),
        },
        Err(error) => error,
    };
    // Numbers beyond `f64` count as a mistake in the grammar there.
    let out_of_range = error.classify() == Category::Syntax
        && error.to_string().starts_with("number out of range")
        && deserialize::<IgnoredAny>(text).is_ok();
    Err(if out_of_range {
        let error = beyond_64_bits(text).unwrap_or_else(|| JsonError::of(error));
        Refused { error, category: Category::Data }
    } else {
        Refused { category: error.classify(), error: JsonError::of(error) }
    })
}

fn deserialize<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    // `Value` counts the levels itself, against a lower limit than the stack's.
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The first integer in a valid JSON text that has no 64 bits to live in.
fn beyond_64_bits(text: &str) -> Option<JsonError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let rest = &text[start..];
                let of_number =
                    |char: char| matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
                let number = &rest[..rest.find(|char| !of_number(char)).unwrap_or(rest.len())];
                at = start + number.len();
                if !number.contains(['.', 'e', 'E']) && integer(number, 10).is_none() {
                    let message = format!("this integer does not fit in 64 bits ({INTEGERS})");
                    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
                    let line = text[..start].matches('\n').count() + 1;
                    let position = Some((line, start - line_start + 1));
                    return Some(JsonError { message, position });
                }
            }
            _ => {}
        }
    }
    None
}

/// Why a text is no value, or a value has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", self.place())]
pub struct JsonError {
    message: String,
    position: Option<(usize, usize)>,
}

impl JsonError {
    fn of(error: serde_json::Error) -> Self {
        let position = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
        let mut message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        if message.ends_with(&place) {
            message.truncate(message.len() - place.len());
        }
        Self { message, position }
    }

    /// Line and column in the text, both from 1, where the mistake has a place; columns count
    /// bytes.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        self.position
    }

    fn place(&self) -> String {
        self.position
            .map(|(line, column)| format!(" at line {line} column {column}"))
            .unwrap_or_default()
    }
}

/// Why a text cannot be the value of an input. Contains the text, unless [`InputError::masked`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The text is none of the type.
    #[error("expected {expected}, found {found}")]
    Text {
        /// What it should be.
        expected: String,
        /// The text, shortened.
        found: String,
    },
    /// The text is not JSON, which values of the type are written in.
    #[error("expected {expected} in JSON, found {found}: {source}")]
    Json {
        /// The type.
        expected: String,
        /// The text, shortened.
        found: String,
        /// What is wrong with it.
        source: JsonError,
    },
    /// The text is a value of another type.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// Values of this type cannot be written as text.
    #[error("a value of type {0} cannot be written as text")]
    NoText(String),
    /// The text is none of the type, and must not be shown.
    #[error("expected {0}, found a text that is none")]
    Masked(String),
}

impl InputError {
    /// The same error without anything of the text: for secret inputs.
    #[must_use]
    pub fn masked(self, ty: &Type) -> Self {
        match self {
            Self::NoText(_) => self,
            _ => Self::Masked(ty.to_string()),
        }
    }
}

/// Reads the text of an input, as from a command line or an environment variable, by its declared
/// type:
///
/// | type | text |
/// |---|---|
/// | `str` | as it is |
/// | `bytes` | the bytes of the text |
/// | `bool` | `true` or `false` |
/// | `i64`, `u64`, `f64` | a number; also `inf` and `nan` for `f64` |
/// | `number` | an integer if it can be one, else a float |
/// | `null` | nothing or `null` |
/// | `T?` | nothing or `null` for null, else as for `T` |
/// | `enum{…}` | a bare name, else JSON |
/// | `any` | JSON, and text if it is not: `12` is an integer, `hello` a string |
/// | others | JSON, with the `$` forms of [`value_to_json`] |
///
/// # Errors
/// When the text is no value of the type.
///
/// # Examples
/// ```
/// use terrace_core::{Type, Value, read_input};
///
/// assert_eq!(read_input("12", &"f64".parse()?)?, Value::from(12.0));
/// assert_eq!(read_input("hello", &Type::Any)?, Value::from("hello"));
/// let error = read_input("abc", &Type::I64).unwrap_err();
/// assert_eq!(error.to_string(), "expected i64, found `abc`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_input(text: &str, ty: &Type) -> Result<Value, InputError> {
    let value = match ty {
        Type::Optional(_) | Type::Null if text.is_empty() || text == "null" => Value::Null,
        Type::Optional(inner) => return read_input(text, inner),
        Type::Null => return Err(unexpected("nothing or `null`", text)),
        Type::Str => Value::from(text),
        Type::Bytes => Value::from(text.as_bytes()),
        Type::Bool => match text {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => return Err(unexpected("`true` or `false`", text)),
        },
        Type::I64 => match text.parse::<i64>() {
            Ok(integer) => Value::from(integer),
            Err(_) => return Err(unexpected("i64", text)),
        },
        Type::U64 => match text.parse::<u64>() {
            Ok(integer) => Value::from(integer),
            Err(_) => return Err(unexpected("u64", text)),
        },
        Type::F64 => match float(text) {
            Some(float) => Value::from(float),
            None => return Err(unexpected("f64", text)),
        },
        Type::Number => {
            let integer = text.parse::<i64>().map(Value::from);
            let integer = integer.or_else(|_| text.parse::<u64>().map(Value::from)).ok();
            match integer.or_else(|| float(text).map(Value::from)) {
                Some(number) => number,
                None => return Err(unexpected("a number", text)),
            }
        }
        Type::Ext(_) => return Err(InputError::NoText(ty.to_string())),
        Type::Enum(alternatives)
            if alternatives.tag.is_none()
                && alternatives.variants.iter().any(|(name, _)| name == text) =>
        {
            Value::from(text)
        }
        _ => match parse(text) {
            Ok(value) => value,
            Err(refused) if *ty == Type::Any && refused.category != Category::Data => {
                Value::from(text)
            }
            Err(refused) if matches!(ty, Type::Enum(_)) && refused.category != Category::Data => {
                return Err(unexpected(&ty.to_string(), text));
            }
            Err(refused) => {
                return Err(InputError::Json {
                    expected: ty.to_string(),
                    found: quoted(text),
                    source: refused.error,
                });
            }
        },
    };
    ty.check(&value)?;
    Ok(value)
}

fn unexpected(expected: &str, text: &str) -> InputError {
    let found = if text.is_empty() { "an empty text".to_owned() } else { quoted(text) };
    InputError::Text { expected: expected.to_owned(), found }
}

/// A float; a number too large for one is none.
fn float(text: &str) -> Option<f64> {
    let float: f64 = text.parse().ok()?;
    let named = || text.contains(['i', 'I']);
    (float.is_finite() || float.is_nan() || named()).then_some(float)
}
