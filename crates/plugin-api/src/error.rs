//! [`TaskError`]: how a task says that it failed, in a form that crosses the boundary.

use std::fmt;
use std::time::Duration;

use abi_stable::{
    std_types::{RBox, ROption, RString, RVec},
    StableAbi,
};

use crate::value::Value;

/// What kind of failure it was. An open set: a newer side may send a class unknown here.
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorClass(pub u32);

impl ErrorClass {
    /// The task ran and failed.
    pub const FAILED: Self = Self(0);
    /// An input was not of the port's type or out of its range. Never retried.
    pub const INVALID_INPUT: Self = Self(1);
    /// The task panicked.
    pub const PANIC: Self = Self(2);
    /// The task saw that its run was cancelled and stopped.
    pub const CANCELLED: Self = Self(3);
    /// Something outside was not there for now; trying again may help.
    pub const UNAVAILABLE: Self = Self(4);
    /// The output was not of the declared type or could not be turned into a value.
    pub const INVALID_OUTPUT: Self = Self(5);
    /// The call did not keep the convention: a mistake in the engine or the pack.
    pub const INTERNAL: Self = Self(6);
    /// It took longer than it was allowed.
    pub const TIMED_OUT: Self = Self(7);
    /// A limit of the run or of the workflow was reached.
    pub const LIMIT: Self = Self(8);

    /// The name used in documents: `invalid_input`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FAILED => "failed",
            Self::INVALID_INPUT => "invalid_input",
            Self::PANIC => "panic",
            Self::CANCELLED => "cancelled",
            Self::UNAVAILABLE => "unavailable",
            Self::INVALID_OUTPUT => "invalid_output",
            Self::INTERNAL => "internal",
            Self::TIMED_OUT => "timed_out",
            Self::LIMIT => "limit",
            _ => "unknown",
        }
    }
}

impl fmt::Debug for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// Public only because the derive puts it into a public bound; the module is private.
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi, Clone)]
pub struct Body {
    class: ErrorClass,
    code: RString,
    message: RString,
    causes: RVec<RString>,
    retryable: bool,
    retry_after_ns: ROption<u64>,
    details: Value,
    location: ROption<RString>,
}

/// Why a task failed.
///
/// Any `std::error::Error` becomes one by `?`, with its whole chain of causes; that is also why
/// this type does not implement `Error` itself.
///
/// ```
/// use terrace_plugin_api::TaskError;
/// fn count(path: &str) -> Result<i64, TaskError> {
///     let text = std::fs::read_to_string(path)?;
///     if text.is_empty() {
///         return Err(TaskError::msg(format!("{path} is empty")).with_code("empty"));
///     }
///     Ok(text.lines().count() as i64)
/// }
/// assert_eq!(count("/no/such/file").unwrap_err().message(), "No such file or directory (os error 2)");
/// ```
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct TaskError(RBox<Body>);

impl TaskError {
    /// A failure with a message: a lower-case fragment without a full stop.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::new(ErrorClass::FAILED, message)
    }

    /// A failure of a given class.
    pub fn new(class: ErrorClass, message: impl fmt::Display) -> Self {
        Self(RBox::new(Body {
            class,
            code: RString::new(),
            message: RString::from(message.to_string()),
            causes: RVec::new(),
            retryable: class == ErrorClass::UNAVAILABLE,
            retry_after_ns: ROption::RNone,
            details: Value::Null,
            location: ROption::RNone,
        }))
    }

    /// Says that trying again may help.
    #[must_use]
    pub fn with_retryable(mut self, retryable: Retryable) -> Self {
        self.0.retryable = retryable == Retryable::Yes;
        self
    }

    /// Says how long to wait before trying again; makes it retryable.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retryable = true;
        self.0.retry_after_ns = ROption::RSome(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX));
        self
    }

    /// Names the failure for programs: `not_found`, `http_429`.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.0.code = RString::from(code);
        self
    }

    /// Adds a cause, outermost first.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(RString::from(cause.to_string()));
        self
    }

    /// Attaches data for programs.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details = details;
        self
    }

    /// Says where in the source it happened: `src/lib.rs:12:5`.
    #[must_use]
    pub fn with_location(mut self, location: &str) -> Self {
        self.0.location = ROption::RSome(RString::from(location));
        self
    }

    /// The class.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// The code for programs; empty where none was given.
    pub fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        self.0.message.as_str()
    }

    /// The causes, outermost first.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        self.0.causes.iter().map(|cause| cause.as_str())
    }

    /// Whether trying again may help.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long to wait before trying again, where the task knows.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after_ns.into_option().map(Duration::from_nanos)
    }

    /// Data for programs; null where none was given.
    pub fn details(&self) -> &Value {
        &self.0.details
    }

    /// Where in the source it happened, for panics.
    pub fn location(&self) -> Option<&str> {
        match &self.0.location {
            ROption::RSome(location) => Some(location.as_str()),
            ROption::RNone => None,
        }
    }
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retryable {
    /// It may.
    Yes,
    /// It will not.
    No,
}

impl<E: std::error::Error> From<E> for TaskError {
    fn from(error: E) -> Self {
        let mut result = Self::msg(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            result = result.with_cause(cause);
            source = cause.source();
        }
        result
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        for cause in self.causes() {
            write!(f, ": {}", cause)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.class(), self)
    }
}
