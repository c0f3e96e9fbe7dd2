//! Running a node, or writing it off.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam::deque::Worker;
use terrace_core::{EventKind, Lane, OutcomeStatus, PlanIndex, TaskError, Value};

use super::Run;
use crate::attempt::{attempt, says_cancelled};
use crate::fast::Fast;
use crate::options::Timing;
use crate::slots::Record;

/// What one thread has at hand while it works on a run.
pub(crate) struct Desk {
    /// Which thread of its lane this is, from 0.
    pub(crate) number: u16,
    /// Ready nodes of the fast path, which others may steal.
    pub(crate) deque: Option<Worker<PlanIndex>>,
    args: Vec<Value>,
    /// When the last node ended, if nothing was waited for since.
    stamp: Option<Duration>,
}

impl Desk {
    pub(crate) fn new(number: u16) -> Self {
        Self { number, deque: None, args: Vec::new(), stamp: None }
    }

    pub(super) fn with_deque(number: u16, fast: &Fast) -> Self {
        Self { deque: Some(fast.new_deque(number)), ..Self::new(number) }
    }

    /// Says that time passed without a node.
    pub(crate) fn idle(&mut self) {
        self.stamp = None;
    }
}

impl Run {
    /// Whether a node that is ready must not run, and how it ends instead. Once it must not, it
    /// never may.
    pub(crate) fn verdict(&self, at: PlanIndex) -> Option<OutcomeStatus> {
        if self.frame.cause(at).is_some() {
            Some(OutcomeStatus::Skipped)
        } else if self.cancelled() {
            Some(OutcomeStatus::Cancelled)
        } else {
            None
        }
    }

    /// Runs a node and writes down how it ended.
    ///
    /// # Safety
    /// The caller holds `at`, and this or [`Run::write_off`] is called once for it.
    pub(crate) unsafe fn execute(
        self: &Arc<Self>,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> OutcomeStatus {
        let lane = self.plan().lane(at);
        let timed = self.timing == Timing::On || self.emitter.is_some();
        let started = match desk.stamp {
            Some(stamp) => stamp,
            None if timed => self.now(),
            None => Duration::ZERO,
        };
        self.emit(|| EventKind::NodeStarted {
            node: self.plan().id(at),
            attempt: 1,
            lane,
            worker: u32::from(desk.number),
        });
        // SAFETY: passed on.
        let (status, output, error) = match unsafe { attempt(self, at, &mut desk.args) } {
            Ok(output) => (OutcomeStatus::Ok, output, None),
            Err(error) if says_cancelled(&error) && self.cancelled() => {
                self.cancelled.fetch_add(1, Ordering::Relaxed);
                (OutcomeStatus::Cancelled, Value::Null, Some(error))
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                (OutcomeStatus::Failed, Value::Null, Some(error))
            }
        };
        let mut record = Record::ran(status, lane, desk.number);
        if timed {
            let ended = self.now();
            desk.stamp = Some(ended);
            record = record.with_time(started, ended);
        }
        // SAFETY: passed on.
        unsafe { self.frame.settle(at, record, output) };
        self.emit(|| self.told(at, &record, error.clone()));
        if let Some(error) = error {
            self.frame.keep_error(at, error);
        }
        status
    }

    /// Ends a node that does not run.
    ///
    /// # Safety
    /// As [`Run::execute`].
    pub(crate) unsafe fn write_off(&self, at: PlanIndex, status: OutcomeStatus) {
        for &source in self.plan().sources(at) {
            // SAFETY: the holder of a node has acquired its dependencies, and reads none of them.
            unsafe { self.frame.release(source) };
        }
        let counter = match status {
            OutcomeStatus::Skipped => &self.skipped,
            _ => &self.cancelled,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let record = Record::unstarted(status, self.plan().lane(at));
        // SAFETY: passed on.
        unsafe { self.frame.settle(at, record, Value::Null) };
        self.emit(|| self.told(at, &record, None));
    }

    fn told(&self, at: PlanIndex, record: &Record, error: Option<TaskError>) -> EventKind {
        let cause = match record.status {
            OutcomeStatus::Skipped => self.frame.cause(at).map(|cause| self.plan().id(cause)),
            _ => None,
        };
        EventKind::NodeFinished {
            node: self.plan().id(at),
            status: record.status,
            attempts: u32::from(record.attempts),
            duration: record.duration(),
            error,
            cause,
        }
    }

    /// Whether nodes of a lane run where compute nodes do.
    pub(crate) fn runs_here(&self, at: PlanIndex) -> bool {
        self.plan().blocking() == 0 || self.plan().lane(at) == Lane::Compute
    }
}
