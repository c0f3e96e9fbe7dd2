//! [`SerdeError`]: why a user's type could not become a value, or a value the type.

use std::fmt;

use serde::{de, ser};

use crate::value::ValueError;

/// Why a type could not become a value, or a value the type, and where inside.
///
/// It reads `at .items[3].x: expected f64, found a string`. The text of a string found where
/// something else was expected is not shown: it may be a secret.
#[derive(Clone)]
pub struct SerdeError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    /// The steps that lead there, innermost first: they are added on the way out.
    steps: Vec<Step>,
    message: String,
}

#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

impl SerdeError {
    pub(super) fn msg(message: impl fmt::Display) -> Self {
        Self(Box::new(Inner { steps: Vec::new(), message: message.to_string() }))
    }

    pub(super) fn at_key(mut self, key: &str) -> Self {
        self.0.steps.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.0.steps.push(Step::Index(index));
        self
    }

    /// Where in the value, in the notation of workflow files: `.items[3].x`; empty for the whole.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.steps.iter().rev() {
            match step {
                Step::Key(key) if is_name(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                Step::Key(key) => path.push_str(&format!("[{:?}]", key)),
                Step::Index(index) => path.push_str(&format!("[{}]", index)),
            }
        }
        path
    }

    /// What is wrong there.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

fn is_name(key: &str) -> bool {
    let mut letters = key.bytes();
    letters.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && letters.all(|letter| matches!(letter, b'_' | b'-') || letter.is_ascii_alphanumeric())
}

impl fmt::Display for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.steps.is_empty() {
            write!(f, "at {}: ", self.path())?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl std::error::Error for SerdeError {}

impl From<ValueError> for SerdeError {
    fn from(error: ValueError) -> Self {
        Self::msg(error)
    }
}

impl ser::Error for SerdeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::msg(message)
    }
}

impl de::Error for SerdeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::msg(message)
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::msg(format_args!("expected {}, found {}", expected, Found(found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }
}

/// Names what was found in the words of [`Value::kind`](crate::Value::kind), numbers with what
/// they are.
struct Found<'a>(de::Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use de::Unexpected;
        match self.0 {
            Unexpected::Bool(value) => write!(f, "{}", value),
            Unexpected::Signed(value) => write!(f, "the integer {}", value),
            Unexpected::Unsigned(value) => write!(f, "the integer {}", value),
            Unexpected::Float(value) => write!(f, "the float {:?}", value),
            Unexpected::Char(_) | Unexpected::Str(_) => f.write_str("a string"),
            Unexpected::Bytes(_) => f.write_str("bytes"),
            Unexpected::Unit | Unexpected::Option => f.write_str("null"),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a map"),
            other => write!(f, "{}", other),
        }
    }
}
