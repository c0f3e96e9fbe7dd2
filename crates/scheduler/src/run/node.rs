//! What becomes of a node that is ready: run, or written off.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam::deque::Worker;
use terrace_core::{
    EventKind, EventKinds, IfFailed, Lane, NodeKind, OutcomeStatus, PlanIndex, RunIf, TaskError,
    TaskRef, Value, Workflow,
};

use super::{Run, Telling};
use crate::attempt::{Detached, FrameScope, attempt, guarded, release_sources, says_cancelled};
use crate::dispatch::{LimitId, Owed, Ticket, Waiting};
use crate::fan::{Began, ItemEnd, Opening, Stopped, Work, path};
use crate::fast::Fast;
use crate::frame::{Cause, FanPtr, Frame, FramePtr, Job, Record, Unit, let_go};
use crate::options::Timing;

/// What one thread has at hand while it works on a run.
pub(crate) struct Desk {
    /// Which thread of its lane this is, from 0.
    pub(crate) number: u16,
    /// Ready units of the fast path, which others may steal.
    pub(crate) deque: Option<Worker<Unit>>,
    /// What became ready by the last unit; the path takes it from here.
    pub(crate) ready: Vec<Unit>,
    /// Nodes of the run's own frame that ended by it.
    pub(crate) ended: Vec<PlanIndex>,
    pub(crate) args: Vec<Value>,
    pub(crate) inputs: Vec<Value>,
    /// What the dispatcher calls the unit in hand, while that is in a lane.
    pub(crate) ticket: Option<Ticket>,
    /// When the unit in hand is given up.
    pub(crate) due: Option<Duration>,
    /// How many workers the unit in hand has.
    pub(crate) cpus: u32,
    /// How many attempts the unit in hand had.
    pub(crate) attempts: u32,
    /// It itself, where it waits for another.
    pub(crate) comes_again: Option<Unit>,
    /// Units that left their lane and keep what they took.
    pub(crate) left: Vec<Ticket>,
    /// Units that ended, with their attempts: what they cost is to be settled.
    pub(crate) finished: Vec<(Ticket, u32)>,
    /// Units that wait for another attempt, with those they had.
    pub(crate) again: Vec<(Unit, Ticket, u32)>,
    /// Whether a checkpoint was reached, or passed.
    pub(crate) pauses: bool,
    pub(crate) resumes: bool,
    /// Units that the dispatcher gave back, and what they have cost.
    pub(crate) returned: Vec<(Unit, Option<Owed>)>,
    /// What those of them have cost that were written off.
    pub(crate) owed: Vec<Owed>,
    /// Units that wait in the dispatcher for what would come to nothing.
    pub(crate) withdrawn: Vec<Waiting>,
    /// Limits of maps that have ended.
    pub(crate) forgotten: Vec<LimitId>,
    /// Attempts whose time was over before they began.
    pub(crate) expired: Vec<Arc<Detached>>,
    /// What units take, where that is measured.
    pub(crate) stretch: Stretch,
    /// What the observer was told last.
    pub(crate) telling: Telling,
    /// When the last node ended, if nothing was waited for since.
    stamp: Option<Duration>,
}

/// So many units in a row, and how long they took.
#[derive(Default)]
pub(crate) struct Stretch {
    units: u32,
    since: Option<Duration>,
}

impl Stretch {
    /// Counts a unit that begins. True: the clock is to be read, before the first and after each so
    /// many.
    pub(crate) fn count(&mut self, many: u32) -> bool {
        self.units += 1;
        self.units > many || self.since.is_none()
    }

    /// Takes note of the time. Gives what each unit since the last time took.
    pub(crate) fn mark(&mut self, now: Duration) -> Option<Duration> {
        let since = self.since.replace(now);
        let units = std::mem::replace(&mut self.units, 1) - 1;
        since.filter(|_| units > 0).map(|since| now.saturating_sub(since) / units)
    }
}

impl Desk {
    pub(crate) fn new(number: u16) -> Self {
        Self {
            number,
            deque: None,
            ready: Vec::new(),
            ended: Vec::new(),
            args: Vec::new(),
            inputs: Vec::new(),
            ticket: None,
            due: None,
            cpus: 1,
            attempts: 0,
            comes_again: None,
            left: Vec::new(),
            finished: Vec::new(),
            again: Vec::new(),
            pauses: false,
            resumes: false,
            returned: Vec::new(),
            owed: Vec::new(),
            withdrawn: Vec::new(),
            forgotten: Vec::new(),
            expired: Vec::new(),
            stretch: Stretch::default(),
            telling: Telling::default(),
            stamp: None,
        }
    }

    pub(super) fn with_deque(number: u16, fast: &Fast) -> Self {
        Self { deque: Some(fast.new_deque(number)), ..Self::new(number) }
    }

    /// Takes a unit in hand.
    pub(crate) fn take(&mut self, job: Job) {
        (self.ticket, self.due, self.cpus) = (job.ticket, job.due, job.cpus);
    }

    /// Lays the unit in hand aside.
    pub(crate) fn lay_aside(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            match self.comes_again {
                Some(unit) => self.again.push((unit, ticket, self.attempts)),
                None => self.finished.push((ticket, self.attempts)),
            }
        }
        (self.due, self.cpus) = (None, 1);
        (self.attempts, self.comes_again) = (0, None);
    }

    /// Says that a unit is written off: if it was to come again, it has ended with that.
    pub(crate) fn gives_up(&mut self, unit: Unit) {
        if let Some(at) = self.again.iter().position(|(other, ..)| *other == unit) {
            let (_, ticket, attempts) = self.again.swap_remove(at);
            self.finished.push((ticket, attempts));
        }
    }

    /// Whether there is something to tell the dispatcher that seldom follows from a unit.
    pub(crate) fn has_rare(&self) -> bool {
        self.resumes
            || !(self.left.is_empty()
                && self.again.is_empty()
                && self.owed.is_empty()
                && self.withdrawn.is_empty()
                && self.forgotten.is_empty())
    }

    /// Says that time passed without a node.
    pub(crate) fn idle(&mut self) {
        self.stamp = None;
    }
}

/// What became of a node that was ready.
pub(super) enum Step {
    /// It has ended.
    Ended(OutcomeStatus),
    /// It goes on as a fan, one of whose tokens the caller holds.
    Fan(FanPtr),
    /// Somebody else goes on with it, or it waits for another attempt.
    Later,
}

impl Run {
    /// Whether a node that is ready must not run, and how it ends instead. Once it must not, it
    /// never may.
    #[inline]
    pub(crate) fn verdict(&self, frame: &Frame, at: PlanIndex) -> Option<OutcomeStatus> {
        let run_if = frame.plan().run_if(at);
        let cause = frame.cause(at);
        let as_usual = cause.is_none() && run_if != RunIf::Failure && self.due(frame).is_none();
        if as_usual && self.stopped() == Stopped::No {
            return None;
        }
        self.weigh(frame, at, run_if, cause)
    }

    /// [`Self::verdict`], in full.
    fn weigh(
        &self,
        frame: &Frame,
        at: PlanIndex,
        run_if: RunIf,
        cause: Option<Cause>,
    ) -> Option<OutcomeStatus> {
        let runs = match (run_if, cause) {
            (RunIf::Success, None) | (RunIf::Always, _) => true,
            (RunIf::Failure, Some(cause)) => cause.is_failure(),
            _ => false,
        };
        let cleans_up = run_if != RunIf::Success;
        match self.stopped() {
            _ if !runs => Some(OutcomeStatus::Skipped),
            Stopped::Cancelled => Some(OutcomeStatus::Cancelled),
            _ if self.is_late(frame) => Some(OutcomeStatus::Cancelled),
            Stopped::No => None,
            // Whoever cleans up does so after an early end too.
            _ if cleans_up => None,
            Stopped::Early => Some(OutcomeStatus::Skipped),
            Stopped::Refused => Some(OutcomeStatus::Cancelled),
            Stopped::Failed(_) if frame.parent().is_some() => Some(OutcomeStatus::Cancelled),
            Stopped::Failed(failed) => {
                frame.blame(at, Cause::Failure(failed));
                Some(OutcomeStatus::Skipped)
            }
        }
    }

    /// Runs a node, or writes it off.
    ///
    /// # Safety
    /// The caller holds `at`, and calls this once for it.
    pub(super) unsafe fn step(
        self: &Arc<Self>,
        frame_ptr: FramePtr,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> Step {
        // SAFETY: a held node has not ended, so its frame is open.
        let frame = unsafe { frame_ptr.get() };
        let plan = frame.plan();
        if self.is_ordered() {
            desk.attempts = frame.tries(at).map_or(0, |tries| tries.attempts);
        }
        if let Some(status) = self.verdict(frame, at) {
            // SAFETY: passed on; of what follows one happens, once.
            return Step::Ended(unsafe { self.write_off(frame, at, status) });
        }
        let is_careful = self.is_ordered() && self.is_careful(frame, at, desk);
        if plan.is_plain() && !is_careful {
            // SAFETY: as above.
            return Step::Ended(unsafe { self.execute(frame, at, desk) });
        }
        match self.condition(frame, at) {
            Ok(true) => {}
            Ok(false) => {
                // SAFETY: as above.
                let status = unsafe { self.write_off(frame, at, OutcomeStatus::Skipped) };
                return Step::Ended(status);
            }
            Err(error) => {
                // SAFETY: as above; nothing is read for it any more.
                unsafe { release_sources(frame, at) };
                let record = Record::unstarted(OutcomeStatus::Failed, plan.lane(at));
                // SAFETY: as above.
                let end = unsafe { self.settle(frame, at, ItemEnd::of(Err(error)), record) };
                return Step::Ended(end);
            }
        }
        match plan.kind(at) {
            NodeKind::Task | NodeKind::Dynamic if is_careful => {
                // SAFETY: as above.
                unsafe { self.try_task(frame_ptr, at, desk) }
            }
            // SAFETY: as above.
            NodeKind::Task => Step::Ended(unsafe { self.execute(frame, at, desk) }),
            // SAFETY: as above.
            NodeKind::Succeed => Step::Ended(unsafe { self.succeed(frame, at, desk) }),
            NodeKind::Flow => {
                let number = 1 + frame.tries(at).map_or(0, |tries| tries.attempts);
                let began = self.begin_in_time(frame, at, number, desk);
                // SAFETY: as above.
                let opening = unsafe { self.open_fan(frame_ptr, at, began) };
                // SAFETY: as above.
                unsafe { self.opened(frame, at, opening, began, desk) }
            }
            // SAFETY: as above.
            NodeKind::Dynamic => unsafe { self.expand(frame_ptr, at, desk) },
        }
    }

    /// Whether the condition of a node holds.
    fn condition(&self, frame: &Frame, at: PlanIndex) -> Result<bool, TaskError> {
        let Some(when) = frame.plan().when(at) else { return Ok(true) };
        let scope = FrameScope::new(self, frame);
        match guarded(|| frame.plan().evaluate(when, &scope))? {
            Some(Value::Bool(holds)) => Ok(holds),
            None => Ok(false),
            Some(other) => Err(TaskError::new(
                terrace_plugin_api::ErrorClass::INVALID_INPUT,
                format!("`when`: expected bool, found {}", other.kind()),
            )),
        }
    }

    /// Runs a task and writes down how it ended.
    ///
    /// # Safety
    /// The caller holds `at`, and of this, [`Self::write_off`] and their like one is called, once.
    unsafe fn execute(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> OutcomeStatus {
        let began = self.begin_node(frame, at, 1, desk);
        // SAFETY: passed on.
        let result = unsafe { attempt(self, frame, at, &mut desk.args) };
        let Some(result) = result else {
            // SAFETY: passed on; what it reads was released with the attempt.
            return unsafe { self.end_unstarted(frame, at, OutcomeStatus::Skipped) };
        };
        let record = self.record(frame.plan().lane(at), began, Some(desk));
        // SAFETY: passed on.
        unsafe { self.settle(frame, at, self.ended(result), record) }
    }

    /// Runs a task that gives a workflow, and goes on with that.
    ///
    /// # Safety
    /// As [`Self::execute`].
    unsafe fn expand(
        self: &Arc<Self>,
        frame_ptr: FramePtr,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> Step {
        // SAFETY: passed on: a held node has not ended.
        let frame = unsafe { frame_ptr.get() };
        let began = self.begin_in_time(frame, at, 1, desk);
        // SAFETY: passed on.
        let result = unsafe { attempt(self, frame, at, &mut desk.args) };
        let Some(result) = result else {
            // SAFETY: passed on.
            return Step::Ended(unsafe { self.end_unstarted(frame, at, OutcomeStatus::Skipped) });
        };
        let plan = frame.plan();
        let given = result.and_then(|value| self.workflow_of(value, plan.node(at).task()));
        let opening = match given {
            Ok(workflow) => {
                // SAFETY: passed on; the attempt has released what it read.
                let opening = unsafe { self.open_given(frame_ptr, at, &workflow, began) };
                // Where it is not to run, this is the last of it: its closures are the task's.
                let_go(workflow);
                opening
            }
            Err(error) => Opening::Ended(self.ended(Err(error))),
        };
        // SAFETY: passed on.
        unsafe { self.opened(frame, at, opening, began, desk) }
    }

    pub(super) fn workflow_of(&self, value: Value, by: &TaskRef) -> Result<Workflow, TaskError> {
        match Workflow::of_value(&value) {
            Some(workflow) => Ok(workflow),
            None => guarded(|| self.expander.expand(value, self.plan().workflow(), by)),
        }
    }

    /// # Safety
    /// As [`Self::execute`].
    pub(super) unsafe fn opened(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        opening: Opening,
        began: Began,
        desk: &mut Desk,
    ) -> Step {
        match opening {
            Opening::Fan(ptr) => {
                // SAFETY: the caller holds its token.
                let fan = unsafe { ptr.get() };
                let keeps = |plan: &terrace_core::Plan| {
                    plan.kind(at) == NodeKind::Flow && plan.policy(at).is_some()
                };
                if let Some(ticket) = desk.ticket.take_if(|_| keeps(frame.plan())) {
                    // What it takes it keeps until all that is inside has ended.
                    desk.left.push(ticket);
                    let first = fan.ticket.set(ticket).is_ok();
                    debug_assert!(first, "a fan is opened once");
                }
                if let Work::Map(map) = &fan.work {
                    if frame.parent().is_none() {
                        self.note_items(at, map.0.len());
                    }
                    self.emit(EventKinds::MAPS, || EventKind::MapStarted {
                        node: frame.plan().id(at),
                        path: self.path_in(frame, at),
                        items: map.0.len(),
                    });
                }
                Step::Fan(ptr)
            }
            // Nobody knows what it would have run with: it did not start.
            Opening::Ended(ItemEnd { status: OutcomeStatus::Skipped, .. }) => {
                // SAFETY: passed on; what it reads was released when the fan did not open.
                Step::Ended(unsafe { self.end_unstarted(frame, at, OutcomeStatus::Skipped) })
            }
            Opening::Ended(mut end) => {
                end.attempts += frame.tries(at).map_or(0, |tries| tries.attempts);
                let record = self.record(frame.plan().lane(at), began, None);
                // SAFETY: passed on.
                Step::Ended(unsafe { self.settle(frame, at, end, record) })
            }
        }
    }

    /// Ends the run, with success.
    ///
    /// # Safety
    /// As [`Self::execute`].
    unsafe fn succeed(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> OutcomeStatus {
        let began = self.begin_node(frame, at, 1, desk);
        self.end_early();
        // SAFETY: passed on; nothing is read for it any more.
        unsafe { release_sources(frame, at) };
        let record = self.record(frame.plan().lane(at), began, Some(desk));
        // SAFETY: passed on.
        unsafe { self.settle(frame, at, ItemEnd::of(Ok(Value::Null)), record) }
    }

    /// Ends a node that does not run.
    ///
    /// # Safety
    /// As [`Self::execute`].
    pub(crate) unsafe fn write_off(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        status: OutcomeStatus,
    ) -> OutcomeStatus {
        // SAFETY: the holder of a node reads none of what it depends on any more.
        unsafe { release_sources(frame, at) };
        // SAFETY: passed on.
        unsafe { self.end_unstarted(frame, at, status) }
    }

    /// # Safety
    /// As [`Self::execute`]; what the node reads has been released.
    unsafe fn end_unstarted(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        status: OutcomeStatus,
    ) -> OutcomeStatus {
        let record = Record::unstarted(status, frame.plan().lane(at));
        let mut end = ItemEnd::without(status);
        end.attempts = frame.tries(at).map_or(0, |tries| tries.attempts);
        // SAFETY: passed on.
        unsafe { self.settle(frame, at, end, record) }
    }

    /// Takes note of when a node begins, and tells.
    pub(super) fn begin_node(
        &self,
        frame: &Frame,
        at: PlanIndex,
        attempt: u32,
        desk: &Desk,
    ) -> Began {
        self.begin_at(self.stamp(desk), frame, at, attempt, desk)
    }

    /// As [`Self::begin_node`], of what is tried again or given up by when it began.
    pub(super) fn begin_in_time(
        &self,
        frame: &Frame,
        at: PlanIndex,
        attempt: u32,
        desk: &Desk,
    ) -> Began {
        let started = match self.is_ordered() && !self.is_timed() {
            true => self.now(),
            false => self.stamp(desk),
        };
        self.begin_at(started, frame, at, attempt, desk)
    }

    fn begin_at(
        &self,
        started: Duration,
        frame: &Frame,
        at: PlanIndex,
        attempt: u32,
        desk: &Desk,
    ) -> Began {
        self.emit(told_as(frame), || EventKind::NodeStarted {
            node: frame.plan().id(at),
            path: self.path_in(frame, at),
            task: frame.plan().task_name(at).clone(),
            attempt,
            lane: frame.plan().lane(at),
            worker: u32::from(desk.number),
        });
        Began { at: started, worker: desk.number }
    }

    /// The moment at which something begins, where that is taken.
    pub(super) fn stamp(&self, desk: &Desk) -> Duration {
        match desk.stamp {
            Some(stamp) => stamp,
            None if self.is_timed() => self.now(),
            None => Duration::ZERO,
        }
    }

    fn is_timed(&self) -> bool {
        // Who is told of nodes of the run's own has set the timing.
        self.timing != Timing::Off || self.wants(EventKinds::INSIDE)
    }

    /// When and where something ran that ends now.
    pub(super) fn record(&self, lane: Lane, began: Began, desk: Option<&mut Desk>) -> Record {
        let record = Record::ran(OutcomeStatus::Ok, lane, began.worker);
        if !self.is_timed() {
            return record;
        }
        let ended = self.now();
        if let Some(desk) = desk {
            desk.stamp = Some(ended);
        }
        record.with_time(began.at, ended)
    }

    /// How an attempt ended that gave this.
    pub(super) fn ended(&self, result: Result<Value, TaskError>) -> ItemEnd {
        let mut end = ItemEnd::of(result);
        if end.error.as_ref().is_some_and(says_cancelled) {
            match self.stopped() {
                // Nobody told it to.
                Stopped::No | Stopped::Failed(_) | Stopped::Refused => {}
                Stopped::Cancelled => end.status = OutcomeStatus::Cancelled,
                Stopped::Early => end.status = OutcomeStatus::Skipped,
            }
        }
        end
    }

    /// Writes down how a node ended, and tells.
    ///
    /// # Safety
    /// As [`Self::execute`].
    pub(super) unsafe fn settle(
        self: &Arc<Self>,
        frame: &Frame,
        at: PlanIndex,
        end: ItemEnd,
        mut record: Record,
    ) -> OutcomeStatus {
        let ItemEnd { status, mut value, error, attempts } = end;
        record.status = status;
        record.attempts = u16::try_from(attempts).unwrap_or(u16::MAX);
        let tally = frame.tally();
        let cause = frame.cause(at);
        match status {
            OutcomeStatus::Ok => {}
            OutcomeStatus::Skipped => {
                tally.skipped.fetch_add(1, Ordering::Relaxed);
                if cause.is_some_and(Cause::is_failure) {
                    tally.blamed.fetch_add(1, Ordering::Relaxed);
                } else if cause.is_none() && self.stopped() == Stopped::Early {
                    tally.cut.fetch_add(1, Ordering::Relaxed);
                }
            }
            OutcomeStatus::Cancelled => {
                tally.cancelled.fetch_add(1, Ordering::Relaxed);
            }
            _ => match self.if_failed(frame, at) {
                IfFailed::Fails => {
                    tally.failed.fetch_add(1, Ordering::Relaxed);
                    self.stop_for(frame, at);
                }
                tolerant => {
                    tally.tolerated.fetch_add(1, Ordering::Relaxed);
                    if let IfFailed::Gives(instead) = tolerant {
                        record.gives = true;
                        value = instead.clone();
                    }
                }
            },
        }
        if let Some(error) = &error {
            frame.keep_error(at, error.clone());
            let failed = matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
            if frame.parent().is_some() && failed {
                self.note_failure(|| path(frame, at).text, error);
            }
        }
        if (status == OutcomeStatus::Ok || record.gives) && self.wants(told_as(frame)) {
            self.emit(EventKinds::VALUES, || EventKind::NodeGave {
                node: frame.plan().id(at),
                path: self.path_in(frame, at),
                value: value.clone(),
            });
        }
        // SAFETY: passed on.
        unsafe { frame.settle(at, record, value) };
        self.emit(told_as(frame), || {
            let cause = cause.filter(|_| status == OutcomeStatus::Skipped).map(Cause::node);
            let plan = frame.plan();
            EventKind::NodeFinished {
                node: plan.id(at),
                path: self.path_in(frame, at),
                task: plan.task_name(at).clone(),
                pack: plan.pack(at).cloned(),
                level: plan.level_of(at),
                status,
                attempts: u32::from(record.attempts),
                duration: record.duration(),
                error,
                cause: cause.map(|cause| frame.plan().id(cause)),
                cause_path: cause.and_then(|cause| self.path_in(frame, cause)),
            }
        });
        status
    }

    /// A node's path as events have it.
    pub(super) fn path_in(&self, frame: &Frame, at: PlanIndex) -> Option<Arc<str>> {
        frame.parent().map(|_| path(frame, at).text)
    }
}

/// Which kind of event tells of the nodes of a frame.
pub(crate) fn told_as(frame: &Frame) -> EventKinds {
    if frame.parent().is_none() { EventKinds::NODES } else { EventKinds::INSIDE }
}
