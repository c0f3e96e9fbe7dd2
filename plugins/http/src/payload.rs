//! [`Payload`]: what a request sends.

use terrace_plugin_api::{
    Bytes, PortError, PortType, Schema, Str, TaskError, Value, from_value_ref,
};

use crate::failure::invalid;

/// Text or bytes to send. As a port it is `any`, since the notation has no type for "one of two";
/// anything else is refused when the task runs.
#[derive(Clone)]
pub enum Content {
    /// Text.
    Text(Str),
    /// Bytes.
    Bytes(Bytes),
}

impl PortType for Content {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Str(text) => Ok(Self::Text(text)),
            Value::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            other => {
                let found = PortError::expected("a string or bytes", &other);
                Err(PortError::msg(format!("{found}; a value to send as JSON goes to `json`")))
            }
        }
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(match self {
            Self::Text(text) => Value::Str(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        })
    }
}

/// Plain JSON, without the `$` forms by which a value that is not JSON's reads back as itself: no
/// server knows them. A float that is not finite is null.
fn plain_json(value: &Value) -> Result<Vec<u8>, TaskError> {
    let refused = "input `json` has no form as JSON";
    let plain: serde_json::Value =
        from_value_ref(value).map_err(|error| invalid("json", refused, error))?;
    serde_json::to_vec(&plain).map_err(|error| invalid("json", refused, error))
}

/// The body of a request, ready to send.
pub(crate) enum Payload {
    None,
    Text(Str),
    Bytes(Bytes),
    Json(Vec<u8>),
}

impl Payload {
    /// What the two ports give.
    pub(crate) fn of(body: Option<Content>, json: Option<Value>) -> Result<Self, TaskError> {
        match (body, json) {
            (None, None) => Ok(Self::None),
            (Some(Content::Text(text)), None) => Ok(Self::Text(text)),
            (Some(Content::Bytes(bytes)), None) => Ok(Self::Bytes(bytes)),
            (None, Some(value)) => plain_json(&value).map(Self::Json),
            (Some(_), Some(_)) => {
                Err(invalid("body", "inputs `body` and `json` are both given", "give one of them"))
            }
        }
    }

    /// Its bytes, where there is a body.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::None => None,
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            Self::Json(text) => Some(text),
        }
    }

    /// The content type of its kind.
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Text(_) => Some("text/plain; charset=utf-8"),
            Self::Bytes(_) => Some("application/octet-stream"),
            Self::Json(_) => Some("application/json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_body_of_text_bytes_or_json_is_taken() {
        let text = Content::from_value(Value::from("a")).ok();
        assert_eq!(Payload::of(text.clone(), None).ok().unwrap().as_bytes(), Some(&b"a"[..]));
        let json = Some(Value::map([("a", Value::from(1_i64))]).unwrap());
        let payload = Payload::of(None, json.clone()).ok().unwrap();
        assert_eq!(payload.as_bytes(), Some(&br#"{"a":1}"#[..]));
        assert_eq!(payload.content_type(), Some("application/json"));
        assert_eq!(Payload::of(text, json).err().unwrap().code(), "body");
        let error = Content::from_value(Value::from(1_i64)).err().unwrap();
        assert_eq!(
            error.to_string(),
            "expected a string or bytes, found an integer; a value to send as JSON goes to `json`"
        );
    }

    #[test]
    fn json_is_sent_plain() {
        let id = Value::map([("$oid", Value::from("a"))]).unwrap();
        assert_eq!(plain_json(&id).ok().unwrap(), br#"{"$oid":"a"}"#);
        let error = plain_json(&Value::from(vec![1_u8, 2])).err().unwrap();
        assert!(error.to_string().contains("found bytes"), "{error}");
    }
}
