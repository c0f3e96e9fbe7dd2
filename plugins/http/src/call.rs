//! [`Call`]: a request with all its inputs checked, and how it is made.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use terrace_plugin_api::{Map, TaskContext, TaskError};
use ureq::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING,
};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use ureq::{Body, Error};

use crate::agent::{self, Watch};
use crate::answer::{Answer, Form, Received};
use crate::exchange;
use crate::failure::{Failed, Subject, Trouble, invalid};
use crate::payload::Payload;
use crate::redirect;
use crate::url;

/// What is read of the body of an answer that is an error or a redirect.
const READ_OF_OTHERS: u64 = 64 << 10;
/// The longest time that a request may be given, a year.
const LONGEST: f64 = 365.0 * 86_400.0;

/// Whom to ask for what.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    pub(crate) query: Option<Map>,
    pub(crate) token: Option<&'a str>,
}

/// How far a request may go.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) redirects: u32,
    pub(crate) max_body: u64,
    pub(crate) timeout: f64,
}

/// Which statuses are results.
enum Expected {
    /// Those below 400, and these.
    Good(Vec<i64>),
    /// All.
    Any,
}

/// A request that can be made.
pub(crate) struct Call {
    request: Request<()>,
    payload: Payload,
    form: Form,
    limits: Limits,
    expected: Expected,
}

impl Call {
    /// Checks the inputs.
    pub(crate) fn new(
        target: Target<'_>,
        payload: Payload,
        form: &str,
        limits: Limits,
    ) -> Result<Self, TaskError> {
        let form = Form::named(form)?;
        if !(limits.timeout > 0.0 && limits.timeout <= LONGEST) {
            let message = format!("input `timeout` is {}", limits.timeout);
            return Err(invalid("timeout", &message, "it must be a number of seconds above 0"));
        }
        let uri = url::build(target.url, target.query.as_ref())?;
        let method = Method::from_bytes(target.method.as_bytes())
            .ok()
            .filter(|method| *method != Method::CONNECT && target.method == method.as_str())
            .ok_or_else(|| invalid("method", "input `method` is no method", "such as GET"))?;
        let mut headers = headers(target.headers.unwrap_or_default())?;
        if let Some(token) = target.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|error| invalid("header", "input `token` cannot be sent", error))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(kind) = payload.content_type() {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        if matches!(form, Form::Json) {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        }
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(Self { request, payload, form, limits, expected: Expected::Good(Vec::new()) })
    }

    /// Takes more statuses as results.
    pub(crate) fn expecting(mut self, accept: Option<Vec<i64>>, any_status: bool) -> Self {
        let accepted = Expected::Good(accept.unwrap_or_default());
        self.expected = if any_status { Expected::Any } else { accepted };
        self
    }

    /// Makes the request and judges the answer.
    pub(crate) fn make(self, ctx: &TaskContext) -> Result<Answer, TaskError> {
        let subject = Subject::of(&self.request);
        let form = self.form;
        let timeout = Duration::from_secs_f64(self.limits.timeout);
        let timeout = ctx.time_left().map_or(timeout, |left| timeout.min(left));
        let made =
            exchange::make(ctx, timeout, &subject, move |watch| self.perform(timeout, watch));
        match made? {
            Ok(received) => Answer::of(received, form, &subject),
            Err(failed) => Err(failed.into_error(&subject)),
        }
    }

    /// On the thread of the request.
    fn perform(self, timeout: Duration, watch: &Watch) -> Result<Received, Failed> {
        let start = Instant::now();
        self.received(start, timeout, watch).map_err(|trouble| Failed {
            trouble,
            sent: watch.has_sent(),
            stopped: watch.is_stopped(),
        })
    }

    fn received(
        self,
        start: Instant,
        timeout: Duration,
        watch: &Watch,
    ) -> Result<Received, Trouble> {
        let Self { mut request, mut payload, limits, expected, .. } = self;
        let mut left = limits.redirects;
        let mut response = loop {
            let rest = timeout.saturating_sub(start.elapsed());
            let mut response = send(request.clone(), &payload, rest)?;
            // With none allowed, a redirect is the result.
            let to = match limits.redirects {
                0 => None,
                _ => redirect::target(request.uri(), &response)?,
            };
            let Some(to) = to else { break response };
            left = left.checked_sub(1).ok_or(Trouble::Redirects)?;
            // So that the connection can be used again.
            let (_, _end) = read(&mut response, READ_OF_OTHERS, watch);
            redirect::follow(&mut request, &mut payload, response.status(), to);
        };
        let status = response.status();
        let code = i64::from(status.as_u16());
        let is_result = match &expected {
            Expected::Any => true,
            Expected::Good(accepted) => code < 400 || accepted.contains(&code),
        };
        if !is_result {
            // The status says more than whatever happens to the body.
            let (body, _end) = read(&mut response, READ_OF_OTHERS, watch);
            let retry_after = response.headers().get(RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
            return Err(Trouble::Status { status, retry_after, body });
        }
        let limit = limits.max_body;
        if response.body().content_length().is_some_and(|length| length > limit) {
            return Err(Trouble::TooLarge(limit));
        }
        let (body, end) = read(&mut response, limit, watch);
        end?;
        let took = start.elapsed();
        let uri = request.uri().clone();
        Ok(Received { status, headers: response.headers().clone(), body, uri, took })
    }
}

fn headers(given: BTreeMap<String, String>) -> Result<HeaderMap, TaskError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        // The parsers' errors repeat neither.
        let refused = |error: &dyn std::fmt::Display| {
            invalid("header", &format!("input `headers`: `{name}` cannot be sent"), error)
        };
        let value = HeaderValue::from_str(&value).map_err(|error| refused(&error))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| refused(&error))?;
        if matches!(name, CONTENT_LENGTH | TRANSFER_ENCODING) {
            return Err(refused(&"it follows from the body"));
        }
        headers.append(name, value);
    }
    Ok(headers)
}

fn send(
    request: Request<()>,
    payload: &Payload,
    timeout: Duration,
) -> Result<Response<Body>, Error> {
    let agent = agent::shared();
    // A body of no bytes says `content-length: 0`, which servers want with these methods.
    let wants_body = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let body = payload.as_bytes().or(wants_body.then_some(&[]));
    macro_rules! run {
        ($request:expr) => {{
            let request = agent.configure_request($request);
            agent.run(request.timeout_global(Some(timeout)).build())
        }};
    }
    match body {
        Some(body) => run!(request.map(|()| body)),
        None => run!(request),
    }
}

/// The body up to its end or a limit, and why it is not whole.
fn read(
    response: &mut Response<Body>,
    limit: u64,
    watch: &Watch,
) -> (Vec<u8>, Result<(), Trouble>) {
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader();
    let mut chunk = vec![0; 16 << 10];
    loop {
        if watch.is_stopped() {
            return (body, Err(Trouble::Stopped));
        }
        match reader.read(&mut chunk) {
            Ok(0) => return (body, Ok(())),
            Ok(count) if (body.len() + count) as u64 > limit => {
                return (body, Err(Trouble::TooLarge(limit)));
            }
            Ok(count) => body.extend_from_slice(&chunk[..count]),
            Err(error) => return (body, Err(Error::from(error).into())),
        }
    }
}
