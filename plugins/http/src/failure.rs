//! What went wrong, as a [`TaskError`]: which may be tried again, and never with a secret in it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::SystemTime;

use terrace_plugin_api::{ErrorClass, Retryable, TaskError, Value};
use ureq::Error;
use ureq::http::{Method, Request, StatusCode};

use crate::{retry_after, url};

/// Characters of an answer's body that an error carries.
const BEGINNING: usize = 500;

/// The error of an input that is no use.
pub(crate) fn invalid(code: &str, message: &str, cause: impl fmt::Display) -> TaskError {
    TaskError::new(ErrorClass::INVALID_INPUT, message).with_code(code).with_cause(cause)
}

/// The first characters of a body.
pub(crate) fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(BEGINNING).collect()
}

/// A request as errors name it: `GET https://host/path`.
pub(crate) struct Subject {
    method: Method,
    place: String,
}

impl Subject {
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        Self { method: request.method().clone(), place: url::place(request.uri()) }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.place)
    }
}

/// Why there is no answer to give.
pub(crate) enum Trouble {
    /// ureq's error.
    Client(Error),
    /// A status that is none of those expected.
    Status { status: StatusCode, retry_after: Option<String>, body: Vec<u8> },
    /// More redirects than it may follow.
    Redirects,
    /// A redirect to what is no place.
    Location,
    /// The body has more bytes than this.
    TooLarge(u64),
    /// Nobody waits for it any more.
    Stopped,
    /// It took longer than it may.
    Late,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

/// Trouble, and when it came.
pub(crate) struct Failed {
    pub(crate) trouble: Trouble,
    /// Whether anything had been sent.
    pub(crate) sent: bool,
    /// Whether the request had been told to stop.
    pub(crate) stopped: bool,
}

/// What a failure of the connection is to the workflow.
struct Kind {
    class: ErrorClass,
    code: &'static str,
    text: &'static str,
    transient: bool,
}

impl Kind {
    const fn passing(code: &'static str, text: &'static str) -> Self {
        Self { class: ErrorClass::UNAVAILABLE, code, text, transient: true }
    }
    const fn lasting(code: &'static str, text: &'static str) -> Self {
        Self { class: ErrorClass::FAILED, code, text, transient: false }
    }
    const LATE: Self = Self {
        class: ErrorClass::TIMED_OUT,
        code: "timeout",
        text: "took longer than it may",
        transient: true,
    };

    fn of(error: &Error) -> Self {
        match error {
            Error::Timeout(_) => Self::LATE,
            Error::HostNotFound => Self::passing("host_not_found", "does not find its host"),
            Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) | Error::TlsRequired => {
                Self::lasting("tls", "cannot speak TLS with the server")
            }
            Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
                Self::passing("io", "cannot reach the server")
            }
            Error::InvalidProxyUrl => Self::lasting("proxy", "cannot use the proxy"),
            Error::Io(error) => Self::of_io(error),
            _ => Self::lasting("protocol", "was not answered in HTTP"),
        }
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::passing("refused", "was refused a connection"),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Self::passing("reset", "lost its connection"),
            ErrorKind::TimedOut => Self::LATE,
            // std's own words: of a failed look-up it keeps nothing else.
            _ if error.to_string().starts_with("failed to lookup") => {
                Self::passing("host_not_found", "does not find its host")
            }
            // rustls says so of a certificate that it refuses, among others.
            ErrorKind::InvalidData => Self::lasting("tls", "cannot speak TLS with the server"),
            _ => Self::passing("io", "cannot reach the server"),
        }
    }
}

impl Failed {
    /// The error of a request.
    pub(crate) fn into_error(self, subject: &Subject) -> TaskError {
        let (kind, cause) = match self.trouble {
            Trouble::Status { status, retry_after, body } => {
                return of_status(status, retry_after.as_deref(), &body, subject);
            }
            Trouble::TooLarge(limit) => {
                let message = format!("{subject} gave a body of more than {limit} bytes");
                return TaskError::msg(message).with_code("body_too_large");
            }
            Trouble::Redirects => (Kind::lasting("redirects", "was redirected too often"), None),
            Trouble::Location => {
                (Kind::lasting("redirects", "was redirected to what is no URL"), None)
            }
            Trouble::Stopped | Trouble::Late => (Kind::LATE, None),
            Trouble::Client(_) if self.stopped => (Kind::LATE, None),
            Trouble::Client(error) => (Kind::of(&error), cause(&error)),
        };
        let again = kind.transient && (is_repeatable(&subject.method) || !self.sent);
        let error = TaskError::new(kind.class, format!("{subject} {}", kind.text))
            .with_code(kind.code)
            .with_retryable(if again { Retryable::Yes } else { Retryable::No });
        match cause {
            Some(cause) => error.with_cause(cause),
            None => error,
        }
    }
}

/// What ureq has to say, unless it repeats a URL.
fn cause(error: &Error) -> Option<String> {
    match error {
        Error::Timeout(_) | Error::HostNotFound => None,
        Error::BadUri(_) | Error::RequireHttpsOnly(_) | Error::ConnectProxyFailed(_) => None,
        Error::Io(error) => Some(error.to_string()),
        error => Some(error.to_string()),
    }
}

/// Whether making a request of this method twice has the effect of making it once (RFC 9110, 9.2.2).
fn is_repeatable(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS | Method::TRACE
    )
}

/// The error of a status. One that is not repeatable may be tried again only where the status says
/// that the server did nothing.
fn of_status(status: StatusCode, wait: Option<&str>, body: &[u8], subject: &Subject) -> TaskError {
    let again = match status.as_u16() {
        429 | 503 => true,
        408 | 425 | 500 | 502 | 504 => is_repeatable(&subject.method),
        _ => false,
    };
    let class = if again { ErrorClass::UNAVAILABLE } else { ErrorClass::FAILED };
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let code = status.as_str();
    let details = Value::map([
        ("status", Value::from(i64::from(status.as_u16()))),
        ("body", Value::from(beginning(body))),
    ]);
    let error = TaskError::new(class, format!("{subject} answered {code}{reason}"))
        .with_code(code)
        .with_details(details.unwrap_or_default());
    match wait.and_then(|text| retry_after::read(text, SystemTime::now())) {
        // It would make the error retryable.
        Some(wait) if again => error.with_retry_after(wait),
        _ => error,
    }
}
