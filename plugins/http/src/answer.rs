//! [`Answer`]: what a server gave, as a task's output.

use std::collections::BTreeMap;
use std::time::Duration;

use terrace_plugin_api::{Record, TaskError, Value, to_value};
use ureq::http::{HeaderMap, StatusCode, Uri};

use crate::failure::{Subject, beginning, invalid};
use crate::url;

/// What a server answered.
#[derive(Clone, Record)]
pub struct Answer {
    /// The status, such as 200.
    pub status: i64,
    /// The headers by their names in lower case; several of one name are joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body, as asked for: text, bytes or the value that the JSON is, null for an empty one.
    pub body: Value,
    /// Where the answer came from, after all redirects, without user and password.
    pub url: String,
    /// Milliseconds from the start of the request to the end of the body.
    pub millis: i64,
}

/// What to make of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Bytes,
}

/// An answer with all its bytes.
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) uri: Uri,
    pub(crate) took: Duration,
}

impl Form {
    /// The form that the port `as` names.
    pub(crate) fn named(name: &str) -> Result<Self, TaskError> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "bytes" => Ok(Self::Bytes),
            _ => {
                let message = format!("input `as` is `{name}`");
                Err(invalid("as", &message, "it must be `text`, `json` or `bytes`"))
            }
        }
    }
}

impl Answer {
    /// Turns the bytes into what was asked for.
    pub(crate) fn of(received: Received, form: Form, at: &Subject) -> Result<Self, TaskError> {
        let Received { status, headers, body, uri, took } = received;
        let body = match form {
            Form::Bytes => Value::from(body),
            Form::Text => Value::from(text(body, at)?),
            Form::Json if body.is_empty() => Value::Null,
            Form::Json => json(&body, at)?,
        };
        Ok(Self {
            status: status.as_u16().into(),
            headers: joined(&headers),
            body,
            url: url::without_user(&uri),
            millis: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        })
    }
}

fn text(body: Vec<u8>, at: &Subject) -> Result<String, TaskError> {
    String::from_utf8(body).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let message = format!("{at} gave a body that is not UTF-8 at byte {place}");
        TaskError::msg(message).with_code("not_utf8").with_cause("ask for it `as: bytes`")
    })
}

/// Plain JSON: unlike in a value that Terrace wrote, a `$` in front of a key means nothing here.
fn json(body: &[u8], at: &Subject) -> Result<Value, TaskError> {
    let read = serde_json::from_slice::<serde_json::Value>(body).map_err(|error| error.to_string());
    let value = read.and_then(|value| to_value(&value).map_err(|error| error.to_string()));
    value.map_err(|error| {
        let details = Value::map([("body", Value::from(beginning(body)))]);
        TaskError::msg(format!("{at} gave a body that is not JSON"))
            .with_code("json")
            .with_cause(error)
            .with_details(details.unwrap_or_default())
    })
}

fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    joined
}
