//! [`Number`]: a port that takes integers and floats and keeps them apart.

use terrace_plugin_api::{PortError, PortType, Schema, TaskError, Value};

/// An integer or a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Number {
    /// As a float, rounded to the nearest.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

impl PortType for Number {
    const SCHEMA: Schema = Schema::Number;

    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::I64(int) => Ok(Self::Int(int)),
            Value::F64(float) => Ok(Self::Float(float)),
            Value::U64(int) => Err(PortError::msg(format!(
                "{} is above {}; write it as a float",
                int.get(),
                i64::MAX
            ))),
            other => Err(PortError::expected("a number", &other)),
        }
    }

    fn into_value(self) -> Result<Value, PortError> {
        match self {
            Self::Int(int) => int.into_value(),
            Self::Float(float) => float.into_value(),
        }
    }
}

/// The error of an integer that has no room.
pub(crate) fn overflow(what: impl std::fmt::Display) -> TaskError {
    TaskError::msg(format!("{what} does not fit in 64 bits; make one of the numbers a float"))
        .with_code("overflow")
}

/// The error of an input outside of what the function is defined for.
pub(crate) fn domain(what: impl std::fmt::Display) -> TaskError {
    TaskError::msg(what).with_code("domain")
}
