//! From the end of one thing to the next: what becomes ready when a node ends, and what ends by
//! it. Shared by both paths; in which order ready units run is theirs.
//!
//! Iterative all the way: a node that ends may close its frame, which may end the node around it,
//! and so on for thousands of frames.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    EventKind, EventKinds, IfFailed, Lane, OutcomeStatus, PlanIndex, Repeat, RunIf, TaskError,
    Value,
};
use terrace_plugin_api::ErrorClass;

use super::attempts::Past;
use super::node::{Desk, Step};
use super::{Path, Run};
use crate::attempt::{FrameScope, NodeHost, attempt_item, call, guarded};
use crate::fan::{
    Began, Claims, Fan, ItemEnd, PassEnd, QuickStop, Range, Stopped, Work, label_of, retold,
};
use crate::frame::{Cause, FanPtr, Frame, FramePtr, Record, Unit, let_go};

/// From this length on an error is handed outwards as it is.
const LONG: usize = 400;

/// A node that has ended and that nobody has been told of.
pub(super) type Ended = (FramePtr, PlanIndex, OutcomeStatus);

impl Run {
    /// Runs a unit. What becomes ready by it is in `desk.ready`, the nodes of the run's own frame
    /// that ended by it in `desk.ended`.
    ///
    /// # Safety
    /// The unit is held by the caller: it came out of one queue, once.
    pub(crate) unsafe fn advance(self: &Arc<Self>, unit: Unit, desk: &mut Desk) {
        let ended = match unit {
            Unit::Node(frame, at) => {
                // SAFETY: passed on.
                let step = unsafe { self.step(frame, at, desk) };
                // SAFETY: passed on.
                unsafe { self.after_step(frame, at, step, desk) }
            }
            // SAFETY: passed on.
            Unit::Token(fan) => unsafe { self.spend(fan, desk) },
            // SAFETY: passed on.
            Unit::Item(fan, at) => unsafe { self.step_item(fan, at, desk) },
        };
        // SAFETY: what ended is settled and was not counted off.
        unsafe { self.carry_on(ended, desk) };
    }

    /// What follows from a step of a node. Gives a node that ended.
    ///
    /// # Safety
    /// The caller held the node before the step.
    pub(super) unsafe fn after_step(
        self: &Arc<Self>,
        frame: FramePtr,
        at: PlanIndex,
        step: Step,
        desk: &mut Desk,
    ) -> Option<Ended> {
        match step {
            Step::Ended(status) => Some((frame, at, status)),
            Step::Later => None,
            Step::Fan(fan) => {
                let token = Unit::Token(fan);
                // SAFETY: the step opened the fan and handed its token on.
                if unsafe { self.lane_of(token) } == Lane::Blocking {
                    // Opening it was quick; its items wait, and must not do so here.
                    desk.ready.push(token);
                    None
                } else {
                    // SAFETY: as above.
                    unsafe { self.spend(fan, desk) }
                }
            }
        }
    }

    /// Tells of the end of a node, and of all that end by it.
    ///
    /// # Safety
    /// The node is settled, by the caller, and was not counted off.
    pub(super) unsafe fn carry_on(self: &Arc<Self>, ended: Option<Ended>, desk: &mut Desk) {
        let Some((frame, at, status)) = ended else { return };
        // SAFETY: passed on: it was not counted off, so its frame is open.
        let open = unsafe { frame.get() };
        if open.parent().is_none() && self.hold(open, (frame, at, status), desk) {
            return;
        }
        // SAFETY: passed on.
        unsafe { self.carry_on_from((frame, at, status), desk) };
    }

    /// As [`Self::carry_on`], of a node that is no checkpoint, or one that was passed.
    ///
    /// # Safety
    /// As there.
    pub(super) unsafe fn carry_on_from(self: &Arc<Self>, ended: Ended, desk: &mut Desk) {
        let mut ended = Some(ended);
        while let Some((frame, at, status)) = ended {
            // SAFETY: the node is settled and has not been counted off.
            unsafe { self.spread(frame, at, status, desk) };
            // SAFETY: as above, so the frame is open.
            let open = unsafe { frame.get() };
            ended = if open.parent().is_none() {
                desk.ended.push(at);
                None
            } else if open.count_off(1) {
                // SAFETY: its last node was counted off here.
                unsafe { self.close(frame, desk) }
            } else {
                None
            };
            if let Some((frame, at, status)) = ended {
                // SAFETY: it was not counted off, so its frame is open.
                let open = unsafe { frame.get() };
                if open.parent().is_none() && self.hold(open, (frame, at, status), desk) {
                    return;
                }
            }
        }
    }

    /// Tells the successors of a node that it has ended.
    ///
    /// # Safety
    /// The node is settled, the caller was the one to do that, and has not counted it off.
    unsafe fn spread(
        &self,
        frame_ptr: FramePtr,
        at: PlanIndex,
        status: OutcomeStatus,
        desk: &mut Desk,
    ) {
        // SAFETY: passed on: the frame is open.
        let frame = unsafe { frame_ptr.get() };
        self.blame_after(frame, at, status);
        for &next in frame.plan().successors(at) {
            if frame.arrive(next) {
                desk.ready.push(Unit::Node(frame_ptr, next));
            }
        }
    }

    /// Notes with the successors of a node that they get nothing of it, where that is so. Before they
    /// are told that it has ended.
    pub(super) fn blame_after(&self, frame: &Frame, at: PlanIndex, status: OutcomeStatus) {
        let plan = frame.plan();
        let cause = match status {
            OutcomeStatus::Ok | OutcomeStatus::Cancelled => None,
            OutcomeStatus::Skipped => Some(frame.cause(at).unwrap_or(Cause::Absence(at))),
            _ => match self.if_failed(frame, at) {
                IfFailed::Fails => Some(Cause::Failure(at)),
                IfFailed::Absent => Some(Cause::Absence(at)),
                IfFailed::Gives(_) => None,
            },
        };
        let Some(cause) = cause else { return };
        let tolerances = plan.tolerances(at);
        for (edge, &next) in plan.successors(at).iter().enumerate() {
            // What runs after a failure has to know of it, also where it takes how the node ended.
            let after_failure = || plan.run_if(next) == RunIf::Failure;
            if !cause.is_tolerated(tolerances.get(edge)) || after_failure() {
                frame.blame(next, cause);
            }
        }
    }

    /// Works on a fan with one of its tokens. Gives its node, where that ended.
    ///
    /// # Safety
    /// The caller holds the token.
    pub(super) unsafe fn spend(self: &Arc<Self>, ptr: FanPtr, desk: &mut Desk) -> Option<Ended> {
        // SAFETY: the token has not ended.
        let fan = unsafe { ptr.get() };
        loop {
            if fan.end_spare_token() {
                return None;
            }
            let goes_on = !self.has_no_more(fan);
            let claim = if goes_on { fan.claims.take() } else { None };
            if matches!(self.path, Path::Dispatch(_)) {
                // Items that were claimed are to run, unless nothing is; tokens find nothing more.
                let ends = !goes_on || !fan.is_careful && !fan.claims.any_left();
                if ends {
                    fan.waits.take(&mut desk.withdrawn);
                }
            }
            let Some(range) = claim else {
                // SAFETY: the token ends here.
                return unsafe { self.end_token(ptr, desk) };
            };
            if fan.is_careful {
                // Here and now: a token waits for a place to compute, and what it claims may not.
                desk.ready.push(Unit::Item(ptr, fan.pending.add(range.start)));
                while fan.more_tokens() {
                    let Some(range) = fan.claims.take() else {
                        let last = fan.end_token();
                        debug_assert!(!last, "the caller's token has not ended");
                        break;
                    };
                    desk.ready.push(Unit::Item(ptr, fan.pending.add(range.start)));
                }
                return None;
            }
            if fan.more_tokens() {
                self.share(Unit::Token(ptr), desk);
            }
            if fan.single.is_some() {
                self.run_items(fan, range, desk);
                // Items ran since the last node ended.
                desk.idle();
                let ordered = matches!(self.path, Path::Dispatch(_));
                if ordered && fan.claims.any_left() {
                    // Others may be more urgent by now.
                    desk.ready.push(Unit::Token(ptr));
                    return None;
                }
                continue;
            }
            // SAFETY: the token has not ended, and claimed the items.
            if unsafe { self.follow(ptr, range.start, desk) } {
                return None;
            }
        }
    }

    /// Opens the frame of an item, or of the next one of the same claim while there is nothing in
    /// it to run. True: one is open, and the token follows it.
    ///
    /// # Safety
    /// The caller holds a token of the fan, which claimed the item and those after it.
    unsafe fn follow(self: &Arc<Self>, ptr: FanPtr, item: u64, desk: &mut Desk) -> bool {
        // SAFETY: passed on.
        let fan = unsafe { ptr.get() };
        let mut next = Some(item);
        while let Some(item) = next {
            let frame = FramePtr::give(fan.open_frame(item, ptr));
            if !fan.plan.is_empty() {
                let roots = fan.plan.level(0).map(PlanIndex::new);
                desk.ready.extend(roots.map(|at| Unit::Node(frame, at)));
                return true;
            }
            // SAFETY: no node of it is left, and nobody else knows it.
            unsafe { self.close_frame(frame) };
            // SAFETY: passed on.
            next = unsafe { self.next_of_claim(fan, item) };
        }
        false
    }

    /// The item after one that has ended, where the same token claimed it and the run goes on.
    ///
    /// # Safety
    /// As [`Self::follow`].
    unsafe fn next_of_claim(&self, fan: &Fan, item: u64) -> Option<u64> {
        let mut rest = fan.claims.rest(item);
        if self.stopped() == Stopped::No {
            return rest.next();
        }
        for item in rest {
            let end = ItemEnd::without(OutcomeStatus::Cancelled);
            // SAFETY: passed on; nobody runs it any more.
            unsafe { self.gather(fan, item, end) };
        }
        None
    }

    /// Closes a frame whose nodes have all been counted off, and goes on with its token.
    ///
    /// # Safety
    /// The caller counted off the last of them.
    unsafe fn close(self: &Arc<Self>, frame: FramePtr, desk: &mut Desk) -> Option<Ended> {
        // SAFETY: the frame has not been closed.
        let parent = unsafe { frame.get() }.parent().copied()?;
        if let Some(item) = parent.pending {
            // SAFETY: passed on.
            return unsafe { self.close_item(frame, parent.fan, item, desk) };
        }
        // SAFETY: passed on.
        unsafe { self.close_frame(frame) };
        // SAFETY: the token that followed the frame has not ended.
        let fan = unsafe { parent.fan.get() };
        // SAFETY: it claimed the items.
        if let Some(next) = unsafe { self.next_of_claim(fan, parent.item) } {
            // SAFETY: as above.
            if unsafe { self.follow(parent.fan, next, desk) } {
                return None;
            }
        }
        if fan.claims.any_left() && self.stopped() == Stopped::No {
            desk.ready.push(Unit::Token(parent.fan));
            return None;
        }
        // What comes next begins after the fan has ended, not after the last node inside.
        desk.idle();
        // SAFETY: the token that followed the frame ends here.
        unsafe { self.end_token(parent.fan, desk) }
    }

    /// Closes the frame of an item that goes through the dispatcher by itself.
    ///
    /// # Safety
    /// As [`Self::close`]; the caller's token follows the item.
    pub(super) unsafe fn close_item(
        self: &Arc<Self>,
        ptr: FramePtr,
        fan_ptr: FanPtr,
        item: u32,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on: it is open until it is taken back below.
        let frame = unsafe { ptr.get() };
        let end = self.frame_end(frame);
        let due = self.due(frame);
        self.count_inside(frame.plan().len() as u64);
        // SAFETY: the token that followed the frame has not ended.
        let fan = unsafe { fan_ptr.get() };
        // SAFETY: it came from `give`; passed on.
        fan.put_back(unsafe { ptr.take() });
        // SAFETY: passed on.
        unsafe { self.after_frame(fan_ptr, item, due, end, desk) }
    }

    /// Hands the results of a frame to its fan.
    ///
    /// # Safety
    /// No node of the frame is left, and nobody else follows it.
    unsafe fn close_frame(self: &Arc<Self>, ptr: FramePtr) {
        // SAFETY: passed on: it is open until it is taken back below.
        let frame = unsafe { ptr.get() };
        let Some(parent) = frame.parent().copied() else { return };
        // SAFETY: the token that followed the frame has not ended.
        let fan = unsafe { parent.fan.get() };
        let end = self.frame_end(frame);
        self.count_inside(frame.plan().len() as u64);
        match &fan.work {
            Work::Once(slot) => *super::lock(slot) = Some(end),
            Work::Map(_) => {
                // SAFETY: the token that followed the frame claimed the item.
                unsafe { self.gather(fan, parent.item, end) };
                self.tell_advance(fan, 1);
            }
            Work::Loop(passes) => {
                if let Some(Repeat::Loop(spec)) =
                    fan.home_plan().node(fan.at).flow().map(|flow| flow.repeat())
                {
                    let pass = match end.status {
                        OutcomeStatus::Ok => self.pass_end(frame, spec, Some(end.value)),
                        // Absent in this pass; whether it is in the last one remains to be seen.
                        OutcomeStatus::Skipped => self.pass_end(frame, spec, None),
                        _ => Err(end),
                    };
                    if passes.put(spec, parent.item, pass) {
                        fan.claims.stop();
                    }
                }
            }
        }
        // SAFETY: it came from `give`; passed on.
        fan.put_back(unsafe { ptr.take() });
    }

    /// What a frame gives.
    fn frame_end(&self, frame: &Frame) -> ItemEnd {
        let tally = frame.tally();
        if tally.went_wrong() {
            let counts = |at| *self.if_failed(frame, at) == IfFailed::Fails;
            let error = frame.first_error(counts).map(|(at, error)| {
                // Of a failure that lies deep the first names are enough.
                let message = match (label_of(frame, at), error.message()) {
                    (Some(name), message) if message.len() <= LONG => format!("{name}: {message}"),
                    (_, message) => message.to_owned(),
                };
                retold(&error, message)
            });
            return ItemEnd::of(Err(error.unwrap_or_else(|| TaskError::msg("it failed"))));
        }
        // All were counted before their node was published, which the caller has acquired.
        if tally.was_stopped() {
            return ItemEnd::without(OutcomeStatus::Cancelled);
        }
        let (plan, workflow) = (frame.plan(), frame.plan().workflow());
        let scope = FrameScope::new(self, frame);
        let result = guarded(|| match workflow.result() {
            Some(result) => plan.give(result, &scope),
            None if workflow.outputs().is_empty() => Ok(Some(Value::Null)),
            None => {
                let mut outputs = Vec::with_capacity(workflow.outputs().len());
                for output in workflow.outputs() {
                    let value = plan.give(&output.value, &scope)?;
                    outputs.push((output.name.clone(), value.unwrap_or_default()));
                }
                let map = Value::map(outputs);
                map.map(Some).map_err(|error| TaskError::new(ErrorClass::INVALID_OUTPUT, error))
            }
        });
        match result {
            Ok(Some(value)) => ItemEnd::of(Ok(value)),
            Ok(None) => ItemEnd::without(OutcomeStatus::Skipped),
            Err(error) => ItemEnd::of(Err(error)),
        }
    }

    /// What a pass hands to the next.
    fn pass_end(
        &self,
        frame: &Frame,
        spec: &terrace_core::Loop,
        value: Option<Value>,
    ) -> Result<PassEnd, ItemEnd> {
        let (plan, scope) = (frame.plan(), FrameScope::new(self, frame));
        let result = guarded(|| {
            let until = match &spec.until {
                None => None,
                Some(until) => match plan.evaluate(until, &scope)? {
                    Some(Value::Bool(ends)) => Some(ends),
                    other => {
                        let found = other.unwrap_or_default();
                        let message = format!("`until`: expected bool, found {}", found.kind());
                        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message));
                    }
                },
            };
            let carried = spec
                .carry
                .iter()
                .map(|carry| Ok(plan.give(&carry.next, &scope)?.unwrap_or_default()))
                .collect::<Result<_, TaskError>>()?;
            Ok(PassEnd { value, until, carried })
        });
        result.map_err(|error| ItemEnd::of(Err(error)))
    }

    /// Runs some items of a map whose body is a single task.
    fn run_items(self: &Arc<Self>, fan: &Fan, range: Range, desk: &mut Desk) {
        let measured = fan.claims.is_measured();
        let began = if measured { self.now() } else { Duration::ZERO };
        let mut next = range.start;
        while next < range.end {
            if let Some(quick) = fan.quick() {
                // SAFETY: the caller's token claimed the items, and those from here on were not run.
                match unsafe { quick.run(self, fan, next..range.end, desk) } {
                    QuickStop::End => break,
                    QuickStop::Late(rest) => {
                        self.count_inside(rest - range.start);
                        self.tell_advance(fan, rest - range.start);
                        fan.claims.give_back(rest..range.end);
                        return;
                    }
                    QuickStop::Failed(item, error) => {
                        let end = self.item_end(fan, item, ItemEnd::of(Err(error)));
                        // SAFETY: as above; it has no other end.
                        unsafe { self.gather(fan, item, end) };
                        next = item + 1;
                        continue;
                    }
                    QuickStop::Other(item) => next = item,
                }
            }
            let item = next;
            next += 1;
            if self.stopped() != Stopped::No {
                let end = ItemEnd::without(OutcomeStatus::Cancelled);
                // SAFETY: the caller's token claimed the item; of these two one happens, once.
                unsafe { self.gather(fan, item, end) };
                continue;
            }
            let end = self.run_item(fan, item, desk);
            // SAFETY: as above.
            unsafe { self.gather(fan, item, end) };
            let rest = item + 1..range.end;
            if measured && !rest.is_empty() && Claims::is_late(self.now().saturating_sub(began)) {
                self.count_inside(rest.start - range.start);
                self.tell_advance(fan, rest.start - range.start);
                fan.claims.give_back(rest);
                return;
            }
        }
        self.count_inside(range.end - range.start);
        self.tell_advance(fan, range.end - range.start);
        if measured {
            fan.claims.learn(range.end - range.start, self.now().saturating_sub(began));
        }
    }

    fn run_item(self: &Arc<Self>, fan: &Fan, item: u64, desk: &mut Desk) -> ItemEnd {
        let told = self.wants(EventKinds::ITEMS);
        let began = if told { self.now() } else { Duration::ZERO };
        self.tell_item_start(fan, item, 1, desk);
        let end = attempt_item(self, fan, item, &mut desk.inputs, &mut desk.args);
        let end = self.item_end(fan, item, end);
        self.tell_item(fan, item, &end, began);
        end
    }

    /// How an item has ended whose task gave this.
    fn item_end(self: &Arc<Self>, fan: &Fan, item: u64, end: ItemEnd) -> ItemEnd {
        let end = match end {
            ItemEnd { status: OutcomeStatus::Failed, error: Some(error), .. } => {
                self.ended(Err(error))
            }
            end => end,
        };
        if let (OutcomeStatus::Failed, Some(error)) = (end.status, &end.error) {
            self.note_failure(|| fan.path(item).text, error);
            self.stop_for_item(fan);
        }
        end
    }

    /// Some items of a map have ended: tells it, or leaves it to be told with later ones.
    pub(super) fn tell_advance(&self, fan: &Fan, items: u64) {
        if self.wants(EventKinds::MAPS)
            && let Some(items) = fan.advances.add(items)
        {
            self.tell_advance_of(fan, items);
        }
    }

    /// Tells that some items of a map have ended.
    fn tell_advance_of(&self, fan: &Fan, items: u64) {
        self.emit(EventKinds::MAPS, || {
            // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
            let home = unsafe { fan.home.get() };
            EventKind::MapAdvanced {
                node: home.plan().id(fan.at),
                path: self.path_in(home, fan.at),
                items,
            }
        });
    }

    /// Puts the end of an item where it belongs.
    ///
    /// # Safety
    /// The caller's token claimed the item, and this is called once for it.
    pub(super) unsafe fn gather(&self, fan: &Fan, item: u64, end: ItemEnd) {
        let Work::Map(map) = &fan.work else { return };
        let end = match end.status {
            // It has no result because the run ended early, and not for want of one.
            OutcomeStatus::Skipped
                if matches!(
                    self.stopped(),
                    Stopped::Early | Stopped::Failed(_) | Stopped::Refused
                ) =>
            {
                ItemEnd::without(OutcomeStatus::Cancelled)
            }
            _ => end,
        };
        let combine = |left: Value, right: Value| {
            self.combine(fan, left, right).map_err(|error| match self.ended(Err(error)) {
                // It was told to stop, and says so: the item has no result for want of time.
                end if end.status == OutcomeStatus::Failed => end,
                _ => ItemEnd::without(OutcomeStatus::Cancelled),
            })
        };
        // SAFETY: passed on.
        unsafe { map.1.put(item, end, &combine) };
        if map.1.is_exceeded() {
            fan.doom();
        }
    }

    /// Joins two results of a map.
    fn combine(&self, fan: &Fan, left: Value, right: Value) -> Result<Value, TaskError> {
        let map = fan.home_plan().node(fan.at).map();
        let Some(reduce) = map.and_then(|map| map.reduce.as_ref()) else { return Ok(right) };
        let ports = &reduce.task.signature.ports;
        let mut args = vec![left, right];
        args.extend(ports.iter().skip(2).map(|port| port.when_absent().unwrap_or_default()));
        // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
        let home = unsafe { fan.home.get() };
        let result = call(self, &reduce.task, &NodeHost::of_node(self, home, fan.at), &mut args);
        args.into_iter().for_each(crate::frame::discard);
        result.map_err(|error| {
            let message = format!("reducing with `{}`: {}", reduce.task.name, error.message());
            retold(&error, message)
        })
    }

    /// Ends a token; the last one ends the node.
    ///
    /// # Safety
    /// The caller holds the token, and no more after this.
    unsafe fn end_token(self: &Arc<Self>, ptr: FanPtr, desk: &mut Desk) -> Option<Ended> {
        // SAFETY: the token has not ended yet.
        if !unsafe { ptr.get() }.end_token() {
            return None;
        }
        // SAFETY: it was the last: all frames are closed and all tokens gone.
        let mut fan = unsafe { ptr.take() };
        // SAFETY: the node has not ended, so its frame is open.
        let home = unsafe { fan.home.get() };
        if let Work::Map(map) = &fan.work {
            if let Some(rest) = fan.advances.rest() {
                self.tell_advance_of(&fan, rest);
            }
            self.emit(EventKinds::MAPS, || {
                let (failed, cancelled) = map.1.counts();
                EventKind::MapFinished {
                    node: home.plan().id(fan.at),
                    path: self.path_in(home, fan.at),
                    items: map.0.len(),
                    failed,
                    cancelled: cancelled + fan.claims.never_taken(),
                }
            });
        }
        let mut end = fan.conclude(self.stopped());
        let stopped = self.stopped() != Stopped::No;
        if !stopped && end.status != OutcomeStatus::Ok && self.is_over(fan.due) {
            end = self.took_too_long(&fan, home);
        }
        // What ended last was something in it.
        desk.lay_aside();
        desk.ticket = fan.ticket.get().copied();
        if let Some(limit) = fan.limit {
            desk.forgotten.push(limit);
        }
        let began = Began { at: fan.started, worker: fan.worker };
        let (frame, at) = (fan.home, fan.at);
        let reads = fan.reads;
        // Of a workflow that a task gave this is the last: its closures are the task's.
        let_go(fan);
        let tries = home.tries(at).unwrap_or_default();
        let number = tries.attempts + 1;
        if !reads {
            // It was told that this one began, whatever came of what is inside.
            end.attempts = number;
            desk.attempts = number;
            let record: Record = self.record(home.plan().lane(at), began, None);
            // SAFETY: the fan held the node, and ends it once.
            let status = unsafe { self.settle(home, at, end, record) };
            desk.lay_aside();
            return Some((frame, at, status));
        }
        let first = if number == 1 { began.at } else { tries.first };
        let past = Past { number, began, first };
        // SAFETY: as above.
        let step = unsafe { self.after_attempt(frame, at, end, &past, desk) };
        desk.lay_aside();
        match step {
            Step::Ended(status) => Some((frame, at, status)),
            Step::Later | Step::Fan(_) => None,
        }
    }

    /// Makes a unit known to others before the caller goes on with something long.
    fn share(self: &Arc<Self>, unit: Unit, desk: &mut Desk) {
        match &self.path {
            Path::Fast(fast) => fast.share(self, unit, desk),
            Path::Dispatch(shell) => shell.share(self, unit),
        }
    }
}
