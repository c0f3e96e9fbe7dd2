//! Attempts that are more than a call: tried again, timed, given up.
//!
//! Such an attempt has copies of what it reads, so that it can be made again; the node goes on to
//! count as a reader until it has ended for good. One that may be given up runs detached.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use terrace_core::{
    BindError, EventKind, EventKinds, IfFailed, NodeKind, OutcomeStatus, PlanIndex, Policy,
    TaskError, Value, show_duration,
};
use terrace_plugin_api::{ErrorClass, Retryable};

use super::Run;
use super::node::{Desk, Step, told_as};
use crate::attempt::{
    About, Detached, GivenUp, NodeHost, bind_copy, call_node, no_time_left, release_sources, seed,
    too_long,
};
use crate::dispatch::{Ticket, counts_attempts};
use crate::fan::{Began, Fan, ItemEnd, Opening, Stopped, item_of, path};
use crate::fast::Program;
use crate::frame::{Frame, FramePtr, Tries, Unit, discard, let_go};
use crate::leftovers::MOMENT;

/// An attempt that has ended.
pub(super) struct Past {
    /// Which it was, from 1.
    pub(super) number: u32,
    pub(super) began: Began,
    /// When the first one began.
    pub(super) first: Duration,
}

impl Run {
    /// Whether a node is more than a call.
    pub(super) fn is_careful(&self, frame: &Frame, at: PlanIndex, desk: &Desk) -> bool {
        if desk.due.is_some() || desk.cpus > 1 || !self.calls_in_place {
            return true;
        }
        let known = if frame.parent().is_none() { Program::alike(frame.plan()) } else { None };
        let counts = match known {
            Some(alike) => alike.counts_attempts(at),
            None => counts_attempts(frame.plan(), at),
        };
        counts || self.machine().leftovers.are_there() && frame.plan().policy(at).is_some()
    }

    /// Tries a task that may be tried again or given up.
    ///
    /// # Safety
    /// As `execute`.
    pub(super) unsafe fn try_task(
        self: &Arc<Self>,
        frame_ptr: FramePtr,
        at: PlanIndex,
        desk: &mut Desk,
    ) -> Step {
        // SAFETY: passed on: a held node has not ended.
        let frame = unsafe { frame_ptr.get() };
        let task = frame.plan().task_name(at);
        let tries = frame.tries(at).unwrap_or_default();
        if let Some(tries) = self.crowded(task, tries) {
            frame.keep_tries(at, tries);
            let unit = Unit::Node(frame_ptr, at);
            self.take_back(unit, tries, desk);
            desk.ready.push(unit);
            return Step::Later;
        }
        let number = tries.attempts + 1;
        let in_time = desk.due.is_some()
            || frame.plan().kind(at) == NodeKind::Dynamic
            || frame.plan().policy(at).is_some_and(|policy| policy.total_timeout.is_some());
        let began = match in_time {
            true => self.begin_in_time(frame, at, number, desk),
            false => self.begin_node(frame, at, number, desk),
        };
        let first = if number == 1 { began.at } else { tries.first };
        let past = Past { number, began, first };
        let mut args = std::mem::take(&mut desk.args);
        // SAFETY: the holder of a node has acquired what it depends on.
        let result = match unsafe { bind_copy(self, frame, at, &mut args) } {
            Err(BindError::Absent) => {
                // SAFETY: passed on; nothing is read for it any more.
                let status = unsafe { self.write_off(frame, at, OutcomeStatus::Skipped) };
                return Step::Ended(status);
            }
            Err(BindError::Wrong(error)) => Err(error),
            Ok(()) => match (self.refused(task), self.parts_with(desk)) {
                (Some(refused), _) => Err(refused),
                (None, Some(ticket)) => {
                    let name = path(frame, at);
                    let about = About {
                        unit: Unit::Node(frame_ptr, at),
                        ticket,
                        id: frame.plan().id(at),
                        is_inside: frame.parent().is_some(),
                        kinds: told_as(frame),
                        item: item_of(frame),
                        number,
                        due: desk.due,
                        began,
                        first,
                        cpus: desk.cpus,
                        seed: seed(self, &name),
                        policy: frame.plan().node(at).shared_policy(),
                        name,
                    };
                    desk.ticket = None;
                    self.detach(
                        Detached::new(self, about, frame.plan().task(at).into_owned(), args),
                        desk,
                    );
                    return Step::Later;
                }
                (None, None) => {
                    let host = NodeHost::of_node(self, frame, at).with(number, desk.cpus);
                    call_node(self, frame, at, &host, &mut args)
                }
            },
        };
        args.drain(..).for_each(discard);
        desk.args = args;
        // SAFETY: passed on.
        unsafe { self.after_attempt(frame_ptr, at, self.ended(result), &past, desk) }
    }

    /// What becomes of a node after an attempt: it is tried again, goes on as a workflow, or ends. The
    /// desk has its ticket in hand.
    ///
    /// # Safety
    /// As `execute`.
    pub(super) unsafe fn after_attempt(
        self: &Arc<Self>,
        frame_ptr: FramePtr,
        at: PlanIndex,
        mut end: ItemEnd,
        past: &Past,
        desk: &mut Desk,
    ) -> Step {
        // SAFETY: passed on: a held node has not ended.
        let frame = unsafe { frame_ptr.get() };
        let policy = frame.plan().policy(at);
        end.attempts = past.number;
        let due = self.due_of(frame, policy, Some(past.first));
        let again = policy.and_then(|policy| {
            let seed = || seed(self, &path(frame, at));
            self.again(policy, &end, past.number, due, seed)
        });
        if let (Some(again), Some(error)) = (again, &end.error) {
            self.emit(told_as(frame) | EventKinds::RETRIES, || EventKind::NodeRetrying {
                node: frame.plan().id(at),
                path: self.path_in(frame, at),
                attempt: past.number,
                error: error.clone(),
                pause: again.saturating_sub(self.now()),
            });
            let tries = Tries { attempts: past.number, first: past.first, again };
            frame.keep_tries(at, tries);
            let unit = Unit::Node(frame_ptr, at);
            (desk.attempts, desk.comes_again) = (past.number, Some(unit));
            desk.ready.push(unit);
            return Step::Later;
        }
        desk.attempts = past.number;
        // SAFETY: passed on; nothing is read for it any more.
        unsafe { release_sources(frame, at) };
        if frame.plan().kind(at) == NodeKind::Dynamic && end.status == OutcomeStatus::Ok {
            let opening = match self.workflow_of(end.value, frame.plan().node(at).task()) {
                Ok(workflow) => {
                    // SAFETY: passed on; what it reads was released.
                    let opening = unsafe { self.open_given(frame_ptr, at, &workflow, past.began) };
                    let_go(workflow);
                    opening
                }
                Err(error) => Opening::Ended(self.ended(Err(error))),
            };
            // SAFETY: passed on.
            return unsafe { self.opened(frame, at, opening, past.began, desk) };
        }
        let record = self.record(frame.plan().lane(at), past.began, Some(desk));
        // SAFETY: passed on.
        Step::Ended(unsafe { self.settle(frame, at, end, record) })
    }

    /// When there may be another attempt; `None`: there is none.
    pub(super) fn again(
        &self,
        policy: &Policy,
        end: &ItemEnd,
        number: u32,
        due: Option<Duration>,
        seed: impl FnOnce() -> u64,
    ) -> Option<Duration> {
        let retry = policy.retry.as_ref()?;
        let error = end.error.as_ref()?;
        let failed = matches!(end.status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
        if !failed || self.stopped() != Stopped::No {
            return None;
        }
        let again = self.now().saturating_add(retry.pause(number, error, seed())?);
        // One that could not even begin is none.
        due.is_none_or(|due| again < due).then_some(again)
    }

    /// When a node is given up whatever it does; `first`: when its first attempt began.
    pub(crate) fn due_of(
        &self,
        frame: &Frame,
        policy: Option<&Policy>,
        first: Option<Duration>,
    ) -> Option<Duration> {
        let own = policy.zip(first).and_then(|(policy, first)| policy.total_due(first));
        own.into_iter().chain(self.due(frame)).min()
    }

    /// When to look again whether a task may be attempted: too many attempts of it were given up
    /// and still run, and the last of them has not had its moment to come back.
    pub(super) fn crowded(&self, task: &Arc<str>, tries: Tries) -> Option<Tries> {
        let (_, had_its_moment) = self.too_many_left(task)?;
        let now = self.now();
        let first = if tries.attempts == 0 { now } else { tries.first };
        let again = now.saturating_add(MOMENT / 50);
        (!had_its_moment).then_some(Tries { first, again, ..tries })
    }

    /// How many attempts of a task were given up and still run, where those are too many, and
    /// whether the last of them has had its moment to come back.
    fn too_many_left(&self, task: &Arc<str>) -> Option<(u32, bool)> {
        let machine = self.machine();
        let (count, newest) = machine.leftovers.of(task);
        let had_its_moment = || machine.clock.now() >= newest.saturating_add(MOMENT);
        (count > 0 && count >= machine.max_abandoned).then(|| (count, had_its_moment()))
    }

    /// Takes a start back that came to nothing: what was put aside for it is put aside again, unless
    /// that was for an attempt before.
    pub(super) fn take_back(&self, unit: Unit, tries: Tries, desk: &mut Desk) {
        desk.attempts = tries.attempts;
        desk.comes_again = (tries.attempts > 0).then_some(unit);
    }

    /// Why a task may not be attempted: too many attempts of it were given up and still run.
    pub(super) fn refused(&self, task: &Arc<str>) -> Option<TaskError> {
        // One more may be let in that has become too many since `crowded` looked.
        self.too_many_left(task).filter(|&(_, had_its_moment)| had_its_moment).map(|(count, _)| {
            let message = format!(
                "{count} attempts of `{}` were given up and still run; a task that may take long \
                 has to look at `cancelled()`, or to run in a process of its own",
                task
            );
            TaskError::new(ErrorClass::LIMIT, message)
                .with_code("abandoned")
                .with_retryable(Retryable::No)
        })
    }

    /// What the dispatcher calls the unit in hand, where its attempt is handed over: one that may be
    /// given up, to a thread that may be lost with it; or each, where nothing is called in place.
    pub(super) fn parts_with(&self, desk: &Desk) -> Option<Ticket> {
        let in_place = desk.due.is_none() && self.calls_in_place;
        desk.ticket.filter(|_| !in_place)
    }

    /// Hands an attempt over.
    pub(super) fn detach(self: &Arc<Self>, attempt: Arc<Detached>, desk: &mut Desk) {
        let shell = self.shell();
        if shell.is_some_and(|shell| !shell.register(&attempt)) {
            // Its time was over before it began.
            desk.expired.push(attempt);
            return;
        }
        self.machine().crew.attempt(attempt);
    }

    /// Ends an attempt that came back.
    pub(crate) fn conclude(
        self: &Arc<Self>,
        attempt: &Detached,
        result: Result<Value, TaskError>,
        thread: u16,
    ) {
        let mut desk = Desk::new(thread);
        let mut end = self.ended(result);
        // Whether it is given up or sees by itself that its time is over: it ends alike.
        let says_late = |error: &TaskError| error.class() == ErrorClass::TIMED_OUT;
        if end.error.as_ref().is_some_and(says_late) && self.is_over(attempt.about.due) {
            end.status = OutcomeStatus::TimedOut;
        }
        // SAFETY: the attempt came back before anybody gave it up, so its unit is the caller's.
        unsafe { self.end_detached(attempt, end, &mut desk) };
        if let Some(shell) = self.shell() {
            shell.give(self, &mut desk);
        }
    }

    /// Ends an attempt that took too long, where it has not come back yet.
    pub(crate) fn expire(self: &Arc<Self>, attempt: &Detached, desk: &mut Desk) {
        let About { unit, due: Some(due), first, .. } = attempt.about else { return };
        let Some(how) = attempt.give_up() else { return };
        let (policy, around) = match unit {
            Unit::Node(frame, at) => {
                // SAFETY: the caller concludes the attempt, and so holds its unit.
                let frame = unsafe { frame.get() };
                (frame.plan().policy(at), self.due(frame))
            }
            Unit::Item(fan, _) | Unit::Token(fan) => {
                // SAFETY: as above: the token that follows the item has not ended.
                let fan = unsafe { fan.get() };
                (fan.policy(), fan.due)
            }
        };
        let total = policy.and_then(|policy| policy.total_due(first));
        let total = total.is_some_and(|total| total <= due);
        let end = match around.is_some_and(|around| around <= due) {
            true => timed_out(no_time_left()),
            false => gave_up(policy, total),
        };
        if how == GivenUp::Running {
            self.emit(attempt.about.kinds | EventKinds::RETRIES, || EventKind::NodeAbandoned {
                node: attempt.about.id,
                path: attempt.about.is_inside.then(|| Arc::clone(&attempt.about.name.text)),
                attempt: attempt.about.number,
            });
        }
        // SAFETY: nobody else concludes it.
        unsafe { self.end_detached(attempt, end, desk) };
    }

    /// # Safety
    /// The caller concludes the attempt, and so holds its unit.
    unsafe fn end_detached(self: &Arc<Self>, attempt: &Detached, end: ItemEnd, desk: &mut Desk) {
        let about = &attempt.about;
        desk.ticket = Some(about.ticket);
        let past = Past { number: about.number, began: about.began, first: about.first };
        let ended = match about.unit {
            Unit::Node(frame, at) => {
                // SAFETY: passed on.
                let step = unsafe { self.after_attempt(frame, at, end, &past, desk) };
                // SAFETY: passed on.
                unsafe { self.after_step(frame, at, step, desk) }
            }
            // SAFETY: passed on.
            Unit::Item(fan, at) => unsafe { self.after_item(fan, at, end, &past, desk) },
            Unit::Token(_) => None,
        };
        // SAFETY: what ended is settled and was not counted off.
        unsafe { self.carry_on(ended, desk) };
    }

    /// Ends a unit that the dispatcher will never start.
    ///
    /// # Safety
    /// The caller holds it.
    pub(crate) unsafe fn refuse(self: &Arc<Self>, unit: Unit, why: &Refusal, desk: &mut Desk) {
        if matches!(why, Refusal::Budget(_)) {
            self.broke.store(true, Ordering::Relaxed);
        }
        let ended = match unit {
            Unit::Node(frame_ptr, at) => {
                // SAFETY: passed on: a held node has not ended.
                let frame = unsafe { frame_ptr.get() };
                let tries = frame.tries(at).unwrap_or_default();
                let status = match self.verdict(frame, at) {
                    // SAFETY: passed on.
                    Some(status) => unsafe { self.write_off(frame, at, status) },
                    None => {
                        // SAFETY: passed on; nothing is read for it any more.
                        unsafe { release_sources(frame, at) };
                        let mut end = why.end(frame.plan().policy(at));
                        end.attempts = tries.attempts;
                        let began = Began { at: tries.first, worker: desk.number };
                        let record = self.record(frame.plan().lane(at), began, None);
                        // SAFETY: passed on.
                        unsafe { self.settle(frame, at, end, record) }
                    }
                };
                Some((frame_ptr, at, status))
            }
            // SAFETY: passed on.
            Unit::Item(fan, at) => unsafe { self.refuse_item(fan, at, why, desk) },
            Unit::Token(_) => {
                desk.ready.push(unit);
                None
            }
        };
        // SAFETY: what ended is settled and was not counted off.
        unsafe { self.carry_on(ended, desk) };
    }

    /// Whether the time of something is over.
    pub(crate) fn is_over(&self, due: Option<Duration>) -> bool {
        due.is_some_and(|due| self.now() >= due)
    }

    /// Whether the time of a frame is over.
    pub(crate) fn is_late(&self, frame: &Frame) -> bool {
        self.is_over(self.due(frame))
    }

    /// How a node with a workflow inside ends whose time is over.
    pub(super) fn took_too_long(&self, fan: &Fan, home: &Frame) -> ItemEnd {
        let policy = fan.home_plan().policy(fan.at);
        let timeout = policy.and_then(|policy| policy.timeout);
        let own = timeout.into_iter().chain(fan.plan.workflow().rules().deadline).min();
        // What is around it comes first, if that is over too.
        if self.is_late(home) {
            return timed_out(no_time_left());
        }
        match own.filter(|&own| self.is_over(Some(fan.started.saturating_add(own)))) {
            Some(allowed) => timed_out(too_long(allowed)),
            None => gave_up(policy, true),
        }
    }

    /// What becomes of what depends on a node that has failed.
    pub(super) fn if_failed<'f>(&self, frame: &'f Frame, at: PlanIndex) -> &'f IfFailed {
        let policy = if self.is_ordered() { frame.plan().policy(at) } else { None };
        policy.map_or(&IfFailed::Fails, |policy| &policy.if_failed)
    }
}

/// The end of something that was given up; `in_all`: for what all its attempts took.
pub(super) fn gave_up(policy: Option<&Policy>, in_all: bool) -> ItemEnd {
    let Some(policy) = policy else { return timed_out(no_time_left()) };
    timed_out(match (policy.timeout, policy.total_timeout) {
        (Some(timeout), total) if !in_all || total.is_none() => too_long(timeout),
        (_, Some(total)) => too_long_in_all(total),
        (..) => no_time_left(),
    })
}

fn timed_out(error: TaskError) -> ItemEnd {
    let mut end = ItemEnd::of(Err(error));
    end.status = OutcomeStatus::TimedOut;
    end
}

fn too_long_in_all(total: Duration) -> TaskError {
    let message = format!("it took longer than {} in all", show_duration(total));
    TaskError::new(ErrorClass::TIMED_OUT, message).with_retryable(Retryable::No)
}

/// Why a unit never starts.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// Its time was over while it waited.
    TooLate,
    /// There is not enough of this left.
    Budget(terrace_core::Amount),
    /// What it waits for is held by what waits for it.
    Stuck(Option<Arc<str>>),
}

impl Refusal {
    pub(super) fn end(&self, policy: Option<&Policy>) -> ItemEnd {
        let error = match self {
            Self::TooLate => {
                let total = policy.and_then(|policy| policy.total_timeout);
                let error = total.map_or_else(
                    || {
                        let message = "its time was over before it could start";
                        TaskError::new(ErrorClass::TIMED_OUT, message)
                    },
                    too_long_in_all,
                );
                return timed_out(error.with_retryable(Retryable::No));
            }
            Self::Budget(budget) => {
                let message = format!(
                    "the budget of {} {} does not suffice for it; what may be needed for all its \
                     attempts is put aside before the first",
                    budget.shown(),
                    budget.of
                );
                TaskError::new(ErrorClass::LIMIT, message).with_code("budget")
            }
            Self::Stuck(limit) => {
                let what = limit.as_deref().unwrap_or("something");
                let message = format!(
                    "it waits for `{what}`, which is held by what waits for it; a node with a \
                     workflow inside keeps what it needs until all of that has ended"
                );
                TaskError::new(ErrorClass::LIMIT, message).with_code("deadlock")
            }
        };
        ItemEnd::of(Err(error.with_retryable(Retryable::No)))
    }
}
