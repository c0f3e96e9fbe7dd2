//! [`Input`]: what a program reads, as text or bytes.

use terrace_plugin_api::{Bytes, PortError, PortType, Schema, Str, Value};

/// Text or bytes for a program's standard input. As a port it is `any`, since the notation has no
/// type for "one of two"; anything else is refused when the task runs.
#[derive(Clone)]
pub enum Input {
    /// Text.
    Text(Str),
    /// Bytes.
    Bytes(Bytes),
}

impl Input {
    /// The bytes a program reads.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::Text(Str::from(text))
    }
}

impl From<Vec<u8>> for Input {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Bytes::from(bytes))
    }
}

impl PortType for Input {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Str(text) => Ok(Self::Text(text)),
            Value::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            other => Err(PortError::expected("a string or bytes", &other)),
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(match self {
            Self::Text(text) => Value::Str(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_and_bytes_are_taken() {
        for value in [Value::from("text"), Value::from(vec![0, 255])] {
            let input = Input::from_value(value.clone()).ok().unwrap();
            assert_eq!(input.into_value().unwrap(), value);
        }
        let error = Input::from_value(Value::from(1_i64)).err().unwrap();
        assert_eq!(error.to_string(), "expected a string or bytes, found an integer");
    }
}
