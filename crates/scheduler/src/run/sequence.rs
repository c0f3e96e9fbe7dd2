//! What the run itself does of a sequence's nodes: the one that ended after another thread had taken
//! over, and the one that failed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use terrace_core::{BindError, Lane, OutcomeStatus, PlanIndex, TaskError, Value};
use terrace_plugin_api::ErrorClass;

use super::{Desk, Run};
use crate::attempt::{FrameScope, release_sources};
use crate::fan::Began;
use crate::frame::Record;
use crate::options::Timing;

impl Run {
    /// Whether each node's times are taken.
    pub(crate) fn timing(&self) -> Timing {
        self.timing
    }

    /// Takes note of when a plain node begins.
    pub(crate) fn begin_plain(&self, desk: &Desk) -> Began {
        Began { at: self.stamp(desk), worker: desk.number }
    }

    /// As [`Self::begin_plain`], of one that is told of: what telling of others took is not its time.
    pub(crate) fn begin_told(&self, desk: &Desk) -> Began {
        Began { at: self.now(), worker: desk.number }
    }

    /// How a plain node ended that succeeded.
    pub(crate) fn record_plain(&self, began: Began, desk: &mut Desk) -> Record {
        self.record(Lane::Compute, began, Some(desk))
    }

    /// What the expression of a port gives, for a node that is about to run.
    pub(crate) fn evaluate_port(&self, at: PlanIndex, port: u32) -> Result<Value, TaskError> {
        let (frame, plan) = (self.frame(), self.plan());
        let scope = FrameScope::new(self, frame);
        plan.bind_port(at, port as usize, &scope).map_err(|error| match error {
            BindError::Wrong(error) => error,
            // What it needs has succeeded, or it would have been written off.
            BindError::Absent => TaskError::new(ErrorClass::INTERNAL, "a value is not there"),
        })
    }

    /// Ends a plain node that failed.
    ///
    /// # Safety
    /// The caller holds it, and counted it off as a reader.
    pub(crate) unsafe fn fail_plain(
        self: &Arc<Self>,
        at: PlanIndex,
        error: TaskError,
        began: Began,
        desk: &mut Desk,
    ) {
        let record = self.record(Lane::Compute, began, Some(desk));
        // SAFETY: passed on; this is its only end.
        let status = unsafe { self.settle(self.frame(), at, self.ended(Err(error)), record) };
        // SAFETY: it is settled, and was not counted off.
        unsafe { self.carry_on(Some((self.root(), at, status)), desk) };
    }

    /// Tells those behind a node that it has ended; its output is in its place.
    ///
    /// # Safety
    /// The caller ran it, as the runner of a sequence that another ended before it.
    pub(crate) unsafe fn end_sequenced(self: &Arc<Self>, at: PlanIndex, desk: &mut Desk) {
        let frame = self.frame();
        // SAFETY: it has read what it reads.
        unsafe { release_sources(frame, at) };
        // SAFETY: passed on.
        unsafe { frame.note(at, frame.sequence_record(at)) };
        // SAFETY: it is settled, and was not counted off.
        unsafe { self.carry_on(Some((self.root(), at, OutcomeStatus::Ok)), desk) };
    }

    /// Ends a node that failed in a sequence.
    ///
    /// # Safety
    /// The caller is the runner of the sequence, which has ended before this node.
    pub(crate) unsafe fn fail_sequenced(
        self: &Arc<Self>,
        at: PlanIndex,
        error: TaskError,
        desk: &mut Desk,
    ) {
        let frame = self.frame();
        // SAFETY: it reads nothing any more.
        unsafe { release_sources(frame, at) };
        let began = Began { at: frame.sequence_end(), worker: desk.number };
        // SAFETY: passed on.
        unsafe { self.fail_plain(at, error, began, desk) };
    }

    /// Ends a node that failed in a block.
    ///
    /// # Safety
    /// The caller holds it, and counted it off as a reader.
    pub(crate) unsafe fn fail_in_block(
        self: &Arc<Self>,
        at: PlanIndex,
        error: TaskError,
        worker: u16,
    ) {
        let at_once = if self.timing == Timing::Off { Duration::ZERO } else { self.now() };
        let record = self.record(Lane::Compute, Began { at: at_once, worker }, None);
        // SAFETY: passed on; this is its only end.
        let status = unsafe { self.settle(self.frame(), at, self.ended(Err(error)), record) };
        // Its block tells those behind that it has ended.
        self.blame_after(self.frame(), at, status);
    }

    /// Ends a node of a block that must not run.
    ///
    /// # Safety
    /// The caller holds it.
    pub(crate) unsafe fn write_off_in_block(self: &Arc<Self>, at: PlanIndex) {
        let frame = self.frame();
        // Once it must not run, it never may.
        let status = self.verdict(frame, at).unwrap_or(OutcomeStatus::Cancelled);
        // SAFETY: passed on; this is its only end.
        let status = unsafe { self.write_off(frame, at, status) };
        self.blame_after(frame, at, status);
    }

    /// Asks to be looked at again after a while of the machine's own time. False: there is no thread
    /// for time, so nobody will come.
    pub(crate) fn look_again(self: &Arc<Self>, after: Duration) -> bool {
        let step = after.as_nanos().max(1);
        let at = (self.machine.clock.now() + after).as_nanos().div_ceil(step) * step;
        let at = Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX));
        let own: Weak<Self> = Arc::downgrade(self);
        self.machine.crew.wake(at, own).is_ok()
    }
}
