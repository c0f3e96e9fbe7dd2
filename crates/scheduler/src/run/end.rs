//! The end of a run: outputs, the last event, the report, and waking whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use terrace_core::{EventKind, EventKinds, Expr, IfFailed, OutcomeStatus, Value};

use super::{Run, lock};
use crate::attempt::{FrameScope, guarded};
use crate::dispatch::Shell;
use crate::error::OutputError;
use crate::fan::Stopped;
use crate::frame::Cause;
use crate::report::{Counts, RunReport, RunStatus};

/// What is left when the run is over, and who waits for it by waker.
#[derive(Default)]
pub(crate) struct End {
    report: Option<RunReport>,
    waker: Option<Waker>,
}

impl Run {
    /// Ends the run. Called once, by whoever ended the last node and has acquired all others.
    pub(crate) fn finish(&self) {
        self.frame.sort_errors();
        self.folder.remove();
        let outputs = self.outputs();
        let counts = self.counts();
        self.emit(EventKinds::RUN, || EventKind::RunFinished {
            succeeded: counts.succeeded,
            failed: counts.failed,
            skipped: counts.skipped,
            cancelled: counts.cancelled,
        });
        let wrong = self.frame.tally().went_wrong() || outputs.iter().any(|(_, o)| o.is_err());
        if let Some(emitter) = &self.emitter {
            emitter.close();
        }
        let failures = std::mem::take(&mut *lock(&self.failures));
        let (limits, spent) = self.shell().map(Shell::used).unwrap_or_default();
        let report = RunReport {
            run_id: self.constants.id.clone(),
            status: self.status(&counts, wrong),
            limits,
            spent,
            refused: lock(&self.pauses).refused.take(),
            leftovers: self.machine.leftovers.all(),
            duration: self.now(),
            counts,
            outputs,
            inside: self.inside.load(Ordering::Relaxed),
            items: std::mem::take(&mut *lock(&self.items)).into(),
            failures: failures.kept.into(),
            failures_inside: failures.count,
            error: self.error.get().cloned(),
            observer_failed: self.emitter.as_ref().and_then(|emitter| emitter.failed()),
            frame: Arc::clone(&self.frame),
        };
        let waker = {
            let mut end = lock(&self.end);
            end.report = Some(report);
            // Pairs with the Acquire in `is_finished`. Under the lock: a waker is either seen here
            // or its owner sees the flag.
            self.finished.store(true, Ordering::Release);
            end.waker.take()
        };
        *lock(&self.keep) = None;
        self.wake_owner();
        self.machine.pool.end();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn status(&self, counts: &Counts, wrong: bool) -> RunStatus {
        let cut_short = wrong || counts.cancelled > 0;
        match self.stopped() {
            _ if self.error.get().is_some() => RunStatus::Failed,
            Stopped::Cancelled if counts.cancelled > 0 => RunStatus::Cancelled,
            _ if cut_short && (self.is_over(self.due) || self.is_broke()) => {
                RunStatus::LimitReached
            }
            Stopped::Refused => RunStatus::StoppedAtCheckpoint,
            Stopped::Failed(_) => RunStatus::Failed,
            _ if counts.cancelled > 0 && !wrong => RunStatus::Cancelled,
            _ if counts.cancelled > 0 && counts.failed == 0 => RunStatus::Cancelled,
            _ if wrong => RunStatus::Failed,
            _ => RunStatus::Succeeded,
        }
    }

    /// Whether something did not run because a budget did not suffice.
    fn is_broke(&self) -> bool {
        self.broke.load(Ordering::Relaxed)
    }

    /// The report, once the run is over.
    pub(crate) fn report(&self) -> Option<RunReport> {
        lock(&self.end).report.clone()
    }

    /// The report, or a promise to wake.
    pub(crate) fn report_or_wake(&self, waker: &Waker) -> Option<RunReport> {
        let mut end = lock(&self.end);
        if end.report.is_none() {
            end.waker = Some(waker.clone());
        }
        end.report.clone()
    }

    fn counts(&self) -> Counts {
        // All were counted before their node was published, which the caller has acquired.
        let tally = self.frame.tally();
        let failed = tally.failed.load(Ordering::Relaxed);
        let skipped = tally.skipped.load(Ordering::Relaxed);
        let cancelled = tally.cancelled.load(Ordering::Relaxed);
        let tolerated = tally.tolerated.load(Ordering::Relaxed);
        let succeeded = self.plan().len() - failed - tolerated - skipped - cancelled;
        let not_run = self.plan().unneeded().len();
        Counts { succeeded, failed, tolerated, skipped, cancelled, not_run }
    }

    fn outputs(&self) -> Vec<(String, Result<Value, OutputError>)> {
        let outputs = self.plan().workflow().outputs().iter();
        // A plan for chosen targets may leave out what an output needs.
        let runs = |expr: &Expr| {
            let mut all = true;
            expr.each_ref(&mut |reference| {
                if let Some(id) = reference.root.node() {
                    all &= self.plan().place(id).is_some();
                }
            });
            all
        };
        outputs
            .filter(|output| runs(&output.value))
            .map(|output| (output.name.clone(), self.output(&output.value)))
            .collect()
    }

    fn output(&self, expr: &Expr) -> Result<Value, OutputError> {
        let mut missing = None;
        expr.each_ref(&mut |reference| {
            let Some(node) = reference.root.node() else { return };
            let Some(at) = self.plan().place(node).filter(|_| missing.is_none()) else { return };
            // SAFETY: all nodes have ended and the caller has acquired them.
            let record = unsafe { self.frame.record(at) };
            let status = record.status;
            let cause = self.frame.cause(at);
            let absent = status == OutcomeStatus::Skipped && !cause.is_some_and(Cause::is_failure);
            let tolerated = *self.if_failed(&self.frame, at) == IfFailed::Absent;
            let failed = matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
            if !(record.gives() || absent || failed && tolerated) {
                missing = Some(OutputError::Node {
                    node,
                    name: self.plan().name(at).into_owned(),
                    status,
                    cause: cause.map(|cause| self.plan().name(cause.node()).into_owned()),
                });
            }
        });
        match missing {
            Some(error) => Err(error),
            // Of a node whose condition did not hold there is nothing, which is null here.
            None => {
                let scope = FrameScope::new(self, &self.frame);
                guarded(|| self.plan().give(expr, &scope))
                    .map(Option::unwrap_or_default)
                    .map_err(OutputError::Value)
            }
        }
    }
}
