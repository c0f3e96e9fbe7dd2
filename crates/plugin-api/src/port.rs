//! [`PortType`]: the types that can be ports, and how they become values and back.

use std::fmt;
use std::ops::Deref;

use crate::error::{ErrorClass, TaskError};
use crate::schema::Schema;
use crate::value::Value;

/// Why a value did not fit a port's type.
#[derive(Clone, Debug)]
pub struct PortError {
    /// Where in the value, outermost first: `[3]`, `.name`.
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
        self.path.insert(0, step.into());
        self
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
            write!(f, "at {}: ", self.path.concat())?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for PortError {}

/// A type that can be a port or an output. Derive it with [`macro@crate::Record`].
pub trait PortType: Sized {
    /// The type as data.
    const SCHEMA: Schema;

    /// Reads a value, taking what it holds.
    ///
    /// # Errors
    /// When it is not of this type.
    fn from_value(value: Value) -> Result<Self, PortError>;

    /// Turns it into a value.
    ///
    /// # Errors
    /// When it nests too deep or a map has a key twice.
    fn into_value(self) -> Result<Value, PortError>;

    /// Reads a value that someone else keeps. Types that lie in a [`Value`] as they are borrow it.
    ///
    /// # Errors
    /// When it is not of this type.
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        Self::from_value(value.clone()).map(Held::Owned)
    }
}

/// A borrowed parameter: lies in the value itself, or was made from it for the call.
pub enum Held<'a, T> {
    /// Lies in the value.
    Borrowed(&'a T),
    /// Was made from it.
    Owned(T),
}

impl<T> Deref for Held<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Held::Borrowed(value) => value,
            Held::Owned(value) => value,
        }
    }
}

/// What may stand behind `&` in a task's parameter: any [`PortType`], and `str`, `[u8]`, `[i64]`,
/// `[f64]`.
pub trait PortRef<'a> {
    /// The type as data.
    const SCHEMA: Schema;
    /// Keeps the borrow, or what was made for the call.
    type Held: Deref<Target = Self> + 'a;

    /// Reads a value that someone else keeps.
    ///
    /// # Errors
    /// When it is not of this type.
    fn hold(value: &'a Value) -> Result<Self::Held, PortError>;
}

impl<'a, T: PortType + 'a> PortRef<'a> for T {
    const SCHEMA: Schema = T::SCHEMA;
    type Held = Held<'a, T>;
    fn hold(value: &'a Value) -> Result<Held<'a, T>, PortError> {
        T::from_ref(value)
    }
}

impl<'a> PortRef<'a> for str {
    const SCHEMA: Schema = Schema::Str;
    type Held = &'a str;
    fn hold(value: &'a Value) -> Result<&'a str, PortError> {
        value.as_str().ok_or_else(|| PortError::expected("a string", value))
    }
}

/// What a task may return: a [`PortType`], or a `Result` of one.
pub trait TaskReturn {
    /// The type of the output.
    const SCHEMA: Schema;

    /// The answer as the boundary wants it.
    ///
    /// # Errors
    /// The task's own, or that of turning its output into a value.
    fn into_result(self) -> Result<Value, TaskError>;
}

impl<T: PortType> TaskReturn for T {
    const SCHEMA: Schema = T::SCHEMA;
    fn into_result(self) -> Result<Value, TaskError> {
        self.into_value().map_err(PortError::in_output)
    }
}

impl<T: PortType, E: Into<TaskError>> TaskReturn for Result<T, E> {
    const SCHEMA: Schema = T::SCHEMA;
    fn into_result(self) -> Result<Value, TaskError> {
        self.map_err(Into::into)?.into_value().map_err(PortError::in_output)
    }
}

impl PortType for i64 {
    const SCHEMA: Schema = Schema::I64;
    fn from_value(value: Value) -> Result<Self, PortError> {
        value.as_i64().ok_or_else(|| PortError::expected("an integer", &value))
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::I64(self))
    }
}

impl PortType for Value {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(value: Value) -> Result<Self, PortError> {
        Ok(value)
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(self)
    }
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        Ok(Held::Borrowed(value))
    }
}
