//! `http/post`: something sent to be worked on.

use std::collections::BTreeMap;

use terrace_plugin_api::{Map, TaskContext, TaskError, Value, task};

use crate::answer::Answer;
use crate::call::{Call, Limits, Target};
use crate::payload::{Content, Payload};

/// Posts a body to a URL. It is not idempotent, so it says that it may be tried again only where
/// nothing was sent, or where the server answers 429 or 503.
///
/// # Errors
/// Those of `request`.
#[task(blocking)]
#[expect(clippy::too_many_arguments, reason = "each is a port with a name")]
pub fn post(
    ctx: &TaskContext,
    /// Where: `http://…` or `https://…`.
    url: &str,
    /// What to send, text or bytes, unless `json` is given.
    body: Option<Content>,
    /// What to send as JSON.
    json: Option<Value>,
    /// Headers to send. Without a `content-type` there it is that of the body's kind.
    headers: Option<BTreeMap<String, String>>,
    /// Added to the URL, as for `get`.
    query: Option<Map>,
    /// Sent as `Authorization: Bearer …`.
    #[secret]
    token: Option<&str>,
    /// What to make of the answer's body: `text`, `json` or `bytes`.
    #[name = "as"]
    #[default = "text"]
    form: &str,
    /// Statuses from 400 on to take as a result like any other.
    accept: Option<Vec<i64>>,
    /// Whether to take every status so.
    #[default = false]
    any_status: bool,
    /// How many redirects to follow. With 0 a redirect is the result.
    #[default = 5]
    redirects: u32,
    /// The most bytes that an answer's body may have.
    #[default = 10000000]
    max_body: u64,
    /// Seconds that all of it may take.
    #[default = 30.0]
    timeout: f64,
) -> Result<Answer, TaskError> {
    let limits = Limits { redirects, max_body, timeout };
    let target = Target { method: "POST", url, headers, query, token };
    let payload = Payload::of(body, json)?;
    Call::new(target, payload, form, limits)?.expecting(accept, any_status).make(ctx)
}
