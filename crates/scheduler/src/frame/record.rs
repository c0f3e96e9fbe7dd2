//! [`Record`]: how a node ended, apart from its output.

use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus};

use crate::clock::nanos;

/// How a node ended, apart from its output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(super) started: u64,
    pub(super) duration: u64,
    pub(crate) worker: u16,
    pub(crate) lane: Lane,
    /// 0 where it never started.
    pub(crate) attempts: u16,
    pub(crate) status: OutcomeStatus,
    /// Whether it has an output although it failed.
    pub(crate) gives: bool,
}

impl Record {
    /// A node that never started.
    pub(crate) fn unstarted(status: OutcomeStatus, lane: Lane) -> Self {
        Self { started: 0, duration: 0, worker: 0, lane, attempts: 0, status, gives: false }
    }

    /// That of a node of which nothing was written down.
    pub(super) fn none() -> Self {
        Self { worker: u16::MAX, ..Self::unstarted(OutcomeStatus::Ok, Lane::Compute) }
    }

    /// Whether nothing was written down: what ended well without a try had no worker of such a
    /// number.
    pub(super) fn is_none(&self) -> bool {
        self.attempts == 0 && self.status == OutcomeStatus::Ok && self.worker == u16::MAX
    }

    pub(crate) fn ran(status: OutcomeStatus, lane: Lane, worker: u16) -> Self {
        Self { started: 0, duration: 0, worker, lane, attempts: 1, status, gives: false }
    }

    /// Whether there is an output for others.
    pub(crate) fn gives(&self) -> bool {
        self.status == OutcomeStatus::Ok || self.gives
    }

    pub(crate) fn with_time(mut self, started: Duration, ended: Duration) -> Self {
        self.started = nanos(started);
        self.duration = nanos(ended.saturating_sub(started));
        self
    }

    pub(crate) fn started(&self) -> Duration {
        Duration::from_nanos(self.started)
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration)
    }
}
