//! `http/request`: any method.

use std::collections::BTreeMap;

use terrace_plugin_api::{Map, TaskContext, TaskError, Value, task};

use crate::answer::Answer;
use crate::call::{Call, Limits, Target};
use crate::payload::{Content, Payload};

/// Makes a request of any method. Connections are kept open and used again by all requests of the
/// process. The variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` hold. Compression
/// is not asked for, and a body that is compressed all the same is given as it came.
///
/// On the way to another scheme, host or port a redirect loses `authorization` and `cookie`; other
/// headers follow it. A POST that is redirected by 301, 302 or 303 goes on as a GET without a body;
/// by 307 and 308 the body is sent again.
///
/// # Errors
/// Statuses from 400 on that are not accepted, with the status as code (`"429"`), and
/// `{status, body}` as details, the body's first 500 characters; the answer's `Retry-After` is
/// kept. Codes `refused`, `reset`, `timeout`, `host_not_found`, `tls`, `io` where no answer came,
/// `redirects`, `body_too_large`, `json`, `not_utf8`, `protocol` where it is of no use; `url`,
/// `method`, `header`, `query`, `body`, `as`, `timeout` of class invalid_input where an input is
/// none. None repeats a header, a query or a password. Cancelled.
///
/// May be tried again: 408, 425, 429, 500, 502, 503, 504, no answer, and an answer that broke off;
/// for POST, PATCH and methods unknown here only 429, 503 and what failed before anything was sent.
#[task(blocking)]
#[expect(clippy::too_many_arguments, reason = "each is a port with a name")]
pub fn request(
    ctx: &TaskContext,
    /// The method: `GET`, `PUT`, `DELETE`, …
    method: &str,
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
    let target = Target { method, url, headers, query, token };
    let payload = Payload::of(body, json)?;
    Call::new(target, payload, form, limits)?.expecting(accept, any_status).make(ctx)
}
