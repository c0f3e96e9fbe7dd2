//! [`Outcome`]: how a node ended, as a value that tasks can take.

use std::time::Duration;

use crate::error::{ErrorClass, Retryable, TaskError};
use crate::port::record::{field_at, Fields};
use crate::port::{PortError, PortType};
use crate::schema::{Field, Schema};
use crate::value::Value;

/// How a node or an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeStatus {
    /// It gave a value.
    Ok,
    /// It failed, or panicked.
    Failed,
    /// It took longer than allowed.
    TimedOut,
    /// It did not run, because something it needs did not succeed.
    Skipped,
    /// It was told to stop, or had not started when the run was.
    Cancelled,
}

impl OutcomeStatus {
    /// The name used in values and documents: `timed_out`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Failed, Self::TimedOut, Self::Skipped, Self::Cancelled]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// How a node ended: `{status, value?, error?, attempts}`, where the error is
/// `{class, code?, message, causes, retryable, details?, location?}`.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: OutcomeStatus,
    /// The value, when it gave one.
    pub value: Option<Value>,
    /// Why there is none.
    pub error: Option<TaskError>,
    /// How many tries there were; 0 where it never started.
    pub attempts: u32,
}

impl PortType for Outcome {
    const SCHEMA: Schema = Schema::Outcome;

    fn from_value(value: Value) -> Result<Self, PortError> {
        let mut fields = Fields::of(value)?;
        let status: String = fields.required(&["status"])?;
        let status = OutcomeStatus::of_name(&status).ok_or_else(|| {
            PortError::msg(format!("`{}` is not the status of an outcome", status)).at_key("status")
        })?;
        Ok(Self {
            status,
            value: fields.required(&["value"])?,
            error: fields.required(&["error"])?,
            attempts: fields.required(&["attempts"])?,
        })
    }

    fn into_value(self) -> Result<Value, PortError> {
        let mut entries = vec![("status", Value::from(self.status.name()))];
        if let Some(value) = self.value {
            entries.push(("value", value));
        }
        if let Some(error) = self.error {
            entries.push(("error", field_at("error", error.into_value())?));
        }
        entries.push(("attempts", Value::from(i64::from(self.attempts))));
        Ok(Value::map(entries)?)
    }
}

/// As part of an outcome; a task fails by returning it in `Err`.
impl PortType for TaskError {
    const SCHEMA: Schema = {
        const fn field(name: &'static str, schema: Schema, optional: bool) -> Field {
            Field { name, schema, optional }
        }
        Schema::Record(&[
            field("class", Schema::Str, false),
            field("code", Schema::Str, true),
            field("message", Schema::Str, false),
            field("causes", Schema::List(&Schema::Str), true),
            field("retryable", Schema::Bool, true),
            field("retry_after", Schema::F64, true),
            field("details", Schema::Any, true),
            field("location", Schema::Str, true),
        ])
    };

    fn from_value(value: Value) -> Result<Self, PortError> {
        let mut fields = Fields::of(value)?;
        let class: String = fields.required(&["class"])?;
        let message: String = fields.required(&["message"])?;
        let mut error = Self::new(class_of_name(&class), message);
        if let Some(code) = fields.required::<Option<String>>(&["code"])? {
            error = error.with_code(&code);
        }
        for cause in fields.optional::<Vec<String>>(&["causes"])?.unwrap_or_default() {
            error = error.with_cause(cause);
        }
        if let Some(seconds) = fields.required::<Option<f64>>(&["retry_after"])? {
            let wait = Duration::try_from_secs_f64(seconds).map_err(|error| {
                PortError::msg(format!("{seconds} seconds: {error}")).at_key("retry_after")
            })?;
            error = error.with_retry_after(wait);
        }
        // After it: whoever says when need not say that.
        if let Some(retryable) = fields.optional(&["retryable"])? {
            error = error.with_retryable(if retryable { Retryable::Yes } else { Retryable::No });
        }
        if let Some(details) = fields.optional(&["details"])? {
            error = error.with_details(details);
        }
        match fields.required::<Option<String>>(&["location"])? {
            Some(location) => Ok(error.with_location(&location)),
            None => Ok(error),
        }
    }

    fn into_value(self) -> Result<Value, PortError> {
        let mut entries = vec![("class", Value::from(self.class().name()))];
        if !self.code().is_empty() {
            entries.push(("code", Value::from(self.code())));
        }
        entries.push(("message", Value::from(self.message())));
        entries.push(("causes", Value::list(self.causes().map(Value::from).collect())?));
        entries.push(("retryable", Value::Bool(self.retryable())));
        if let Some(wait) = self.retry_after() {
            entries.push(("retry_after", Value::from(wait.as_secs_f64())));
        }
        if !matches!(self.details(), Value::Null) {
            entries.push(("details", self.details().clone()));
        }
        if let Some(location) = self.location() {
            entries.push(("location", Value::from(location)));
        }
        Ok(Value::map(entries)?)
    }
}

/// The class of a name; that of a task's own failure where it is unknown here.
fn class_of_name(name: &str) -> ErrorClass {
    [
        ErrorClass::INVALID_INPUT,
        ErrorClass::PANIC,
        ErrorClass::CANCELLED,
        ErrorClass::UNAVAILABLE,
        ErrorClass::INVALID_OUTPUT,
        ErrorClass::INTERNAL,
        ErrorClass::TIMED_OUT,
        ErrorClass::LIMIT,
    ]
    .into_iter()
    .find(|class| class.name() == name)
    .unwrap_or(ErrorClass::FAILED)
}
