//! [`PortError`]: why a value did not fit, and where in it.

use std::fmt;

use crate::error::{ErrorClass, TaskError};
use crate::schema::is_bare;
use crate::value::{Value, ValueError};

/// Why a value did not fit a port's type.
#[derive(Clone, Debug)]
pub struct PortError {
    /// Where in the value, outermost last: `[3]`, `.name`.
    path: Vec<String>,
    message: String,
}

impl PortError {
    /// `expected a string, found a list`.
    pub fn expected(what: &str, found: &Value) -> Self {
        Self::msg(format!("expected {}, found {}", what, found.kind()))
    }

    /// A mismatch in words.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self { path: Vec::new(), message: message.to_string() }
    }

    /// Adds the step that leads to it, from outside: `.name` or `[3]`.
    #[must_use]
    pub fn at(mut self, step: impl Into<String>) -> Self {
        self.path.push(step.into());
        self
    }

    /// Adds the position in a list that leads to it.
    #[must_use]
    pub fn at_index(self, index: usize) -> Self {
        self.at(format!("[{}]", index))
    }

    /// Adds the key or field that leads to it.
    #[must_use]
    pub fn at_key(self, key: &str) -> Self {
        self.at(if is_bare(key) { format!(".{}", key) } else { format!("[{:?}]", key) })
    }

    /// As the error of a task whose port got the value.
    pub fn in_port(self, port: &str) -> TaskError {
        TaskError::new(ErrorClass::INVALID_INPUT, format!("input `{}`: {}", port, self))
    }

    /// As the error of a task whose output it would have been.
    pub fn in_output(self) -> TaskError {
        TaskError::new(ErrorClass::INVALID_OUTPUT, format!("output: {}", self))
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str("at ")?;
            for step in self.path.iter().rev() {
                f.write_str(step)?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for PortError {}

impl From<ValueError> for PortError {
    fn from(error: ValueError) -> Self {
        Self::msg(error)
    }
}
