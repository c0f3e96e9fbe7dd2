//! [`Outcome`]: how a node ended, as a value that tasks can take.

use crate::error::TaskError;
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

/// How a node ended: `{status, value?, error?, attempts}`.
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
