//! What can go wrong outside of tasks.

use std::sync::Arc;

use terrace_core::{NodeId, OutcomeStatus, ReadError, TaskError};

/// Why there is no scheduler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerError {
    /// The system gives no more threads. Ask for fewer workers.
    #[error("cannot start worker {worker} of {workers}")]
    Spawn {
        /// Which one, from 0.
        worker: usize,
        /// How many were asked for.
        workers: usize,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// What the system refused a run, which was stopped for that.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A thread that wakes it when it is time for something: a pause between attempts, a rate, a
    /// timeout. Ask for fewer threads elsewhere, or allow the process more.
    #[error("the system gives no thread to wait for time on")]
    NoTimer {
        /// What the system says.
        #[source]
        source: Arc<std::io::Error>,
    },
}

/// Why a simulation has no report.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The run waited for nothing but attempts that never come back. Give them a timeout, or the run
    /// a deadline.
    #[error("the run never ends: from {at:?} on it waits for {}", listed(.waits_for))]
    NeverEnds {
        /// When the last thing happened.
        at: std::time::Duration,
        /// The attempts that it waits for, by the paths of their nodes.
        waits_for: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [first] => format!("`{first}`"),
        [first, rest @ ..] => format!("`{first}` and {} more", rest.len()),
    }
}

/// Why the output of a node cannot be read after the run.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotReadable {
    /// Nothing said that it would be read.
    #[error(
        "the output of `{node}` was dropped after its last use; mark it `.keep()` or declare an output"
    )]
    NotKept {
        /// Its name.
        node: String,
    },
    /// It has none.
    #[error("`{node}` has no output: it {}", ended(*.status))]
    NotOk {
        /// Its name.
        node: String,
        /// How it ended.
        status: OutcomeStatus,
    },
    /// The plan leaves it out.
    #[error("`{node}` did not run: nobody needs its output")]
    NotRun {
        /// Its name.
        node: String,
    },
    /// No such node.
    #[error("no node {0:?} in this workflow")]
    Unknown(NodeId),
    /// A handle that stands for no node of this workflow.
    #[error("the handle stands for no node of this workflow; use one of the builder that made it")]
    Foreign,
    /// The value is of another type than the handle.
    #[error("the output of `{node}` cannot be read as this type")]
    Mistyped {
        /// Its name.
        node: String,
        /// Why.
        #[source]
        source: ReadError,
    },
}

fn ended(status: OutcomeStatus) -> &'static str {
    match status {
        OutcomeStatus::Ok => "succeeded",
        OutcomeStatus::Failed => "failed",
        OutcomeStatus::TimedOut => "timed out",
        OutcomeStatus::Skipped => "was skipped",
        OutcomeStatus::Cancelled => "was cancelled",
        _ => "ended otherwise",
    }
}

/// Why a declared output has no value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A node it comes from did not succeed.
    #[error("`{name}` {}{}", ended(*.status), .cause.as_ref().map(|cause| format!(" because of `{cause}`")).unwrap_or_default())]
    Node {
        /// The node.
        node: NodeId,
        /// Its name.
        name: String,
        /// How it ended.
        status: OutcomeStatus,
        /// The failed node behind it, where it was skipped.
        cause: Option<String>,
    },
    /// The nodes succeeded, but the value cannot be made from their outputs.
    #[error("{0}")]
    Value(TaskError),
}
