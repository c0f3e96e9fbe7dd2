//! `http/get`: what most requests are.

use std::collections::BTreeMap;

use terrace_plugin_api::{Map, TaskContext, TaskError, task};

use crate::answer::Answer;
use crate::call::{Call, Limits, Target};
use crate::payload::Payload;

/// Fetches a URL.
///
/// # Errors
/// Those of `request`.
#[task(blocking, idempotent)]
#[expect(clippy::too_many_arguments, reason = "each is a port with a name")]
pub fn get(
    ctx: &TaskContext,
    /// Where: `http://…` or `https://…`.
    url: &str,
    /// Headers to send.
    headers: Option<BTreeMap<String, String>>,
    /// Added to the URL as `?name=value&…`: text, numbers and bools, a list for one name several
    /// times; null is left out.
    query: Option<Map>,
    /// Sent as `Authorization: Bearer …`.
    #[secret]
    token: Option<&str>,
    /// What to make of the body: `text`, `json` or `bytes`.
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
    /// The most bytes that a body may have.
    #[default = 10000000]
    max_body: u64,
    /// Seconds that all of it may take.
    #[default = 30.0]
    timeout: f64,
) -> Result<Answer, TaskError> {
    let limits = Limits { redirects, max_body, timeout };
    let target = Target { method: "GET", url, headers, query, token };
    Call::new(target, Payload::None, form, limits)?.expecting(accept, any_status).make(ctx)
}
