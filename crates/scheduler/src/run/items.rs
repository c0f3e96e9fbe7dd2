//! Items of a map that are more than a call: limited, tried again, timed, given up.
//!
//! A token claims one, and hands it in as [`Unit::Item`]; it follows the item until that has ended
//! for good, and goes on claiming then.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    BindError, EventKind, EventKinds, OutcomeStatus, PlanIndex, Policy, TaskError, Value,
};

use super::Run;
use super::attempts::{Past, Refusal, gave_up};
use super::node::Desk;
use super::progress::Ended;
use crate::attempt::{About, Detached, NodeHost, bind_item, call, pick, seed};
use crate::fan::{Began, Fan, ItemEnd, Stopped, Work};
use crate::frame::{FanPtr, FramePtr, Tries, Unit, discard};

impl Run {
    /// Works on an item whose turn has come. Gives the node of its fan, where that ended.
    ///
    /// # Safety
    /// The caller holds the unit.
    pub(super) unsafe fn step_item(
        self: &Arc<Self>,
        ptr: FanPtr,
        at: u32,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on: the token that follows the item has not ended.
        let fan = unsafe { ptr.get() };
        let mut pending = fan.pending.get(at);
        desk.attempts = pending.tries.attempts;
        if self.has_no_more(fan) {
            let mut end = ItemEnd::without(OutcomeStatus::Cancelled);
            end.attempts = pending.tries.attempts;
            if end.attempts > 0 {
                self.tell_item(fan, pending.item, &end, pending.tries.first);
            }
            // SAFETY: passed on.
            return unsafe { self.end_item(ptr, at, end, desk) };
        }
        if fan.single.is_some() {
            let task = fan.plan.node(PlanIndex::new(0)).task();
            if let Some(tries) = self.crowded(&task.name, pending.tries) {
                pending.tries = tries;
                fan.pending.set(at, pending);
                self.take_back(Unit::Item(ptr, at), tries, desk);
                desk.ready.push(Unit::Item(ptr, at));
                return None;
            }
        }
        let number = pending.tries.attempts + 1;
        let began = Began { at: self.now(), worker: desk.number };
        if number == 1 {
            pending.tries.first = began.at;
        }
        if fan.single.is_none() {
            let due = self.item_due(fan, pending.tries.first, began.at);
            pending.ticket = desk.ticket.take();
            desk.left.extend(pending.ticket);
            fan.pending.set(at, pending);
            let frame = FramePtr::give(fan.open_frame_of(pending.item, ptr, Some(at), due));
            if !fan.plan.is_empty() {
                let roots = fan.plan.level(0).map(PlanIndex::new);
                desk.ready.extend(roots.map(|at| Unit::Node(frame, at)));
                return None;
            }
            // SAFETY: no node of it is left, and nobody else knows it.
            return unsafe { self.close_item(frame, ptr, at, desk) };
        }
        let task = fan.plan.node(PlanIndex::new(0)).task();
        self.tell_item_start(fan, pending.item, number, desk);
        let past = Past { number, began, first: pending.tries.first };
        let (mut args, mut inputs) = (Vec::new(), Vec::new());
        let end = match bind_item(self, fan, pending.item, &mut inputs, &mut args) {
            Err(BindError::Absent) => ItemEnd::without(OutcomeStatus::Skipped),
            Err(BindError::Wrong(error)) => ItemEnd::of(Err(error)),
            Ok(()) => match (self.refused(&task.name), self.parts_with(desk)) {
                (Some(refused), _) => ItemEnd::of(Err(refused)),
                (None, Some(ticket)) => {
                    let name = fan.path(pending.item);
                    let about = About {
                        unit: Unit::Item(ptr, at),
                        ticket,
                        id: fan.home_plan().id(fan.at),
                        is_inside: true,
                        kinds: EventKinds::ITEMS,
                        item: fan.item(pending.item),
                        number,
                        due: desk.due,
                        began,
                        first: past.first,
                        cpus: desk.cpus,
                        seed: seed(self, &name),
                        policy: fan.item_policy(),
                        name,
                    };
                    desk.ticket = None;
                    inputs.drain(..).for_each(discard);
                    self.detach(Detached::new(self, about, task.clone(), args), desk);
                    return None;
                }
                (None, None) => {
                    let host = NodeHost::of_item(self, fan, pending.item).with(number, desk.cpus);
                    host.tell_given(&task.signature, &args);
                    self.ended(call(self, task, &host, &mut args))
                }
            },
        };
        args.drain(..).for_each(discard);
        inputs.drain(..).for_each(discard);
        // SAFETY: passed on.
        unsafe { self.after_item(ptr, at, end, &past, desk) }
    }

    /// What becomes of an item after an attempt: it is tried again, or ends.
    ///
    /// # Safety
    /// The caller holds its unit.
    pub(super) unsafe fn after_item(
        self: &Arc<Self>,
        ptr: FanPtr,
        at: u32,
        mut end: ItemEnd,
        past: &Past,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on: the token that follows the item has not ended.
        let fan = unsafe { ptr.get() };
        let mut pending = fan.pending.get(at);
        if end.status == OutcomeStatus::Ok && fan.single.is_some() {
            match self.picked(fan, pending.item, std::mem::take(&mut end.value)) {
                Ok(value) => end.value = value,
                Err(error) => end = ItemEnd::of(Err(error)),
            }
        }
        if end.status != OutcomeStatus::Skipped {
            end.attempts = past.number;
        }
        let policy = fan.policy();
        let total = policy.and_then(|policy| policy.total_due(past.first));
        let due = total.into_iter().chain(fan.due).min();
        let again = policy.and_then(|policy| {
            let seed = || seed(self, &fan.path(pending.item));
            self.again(policy, &end, past.number, due, seed)
        });
        let again = again.filter(|_| !self.has_no_more(fan));
        if let (Some(again), Some(error)) = (again, &end.error) {
            self.emit(EventKinds::ITEMS | EventKinds::RETRIES, || EventKind::NodeRetrying {
                node: fan.home_plan().id(fan.at),
                path: Some(fan.path(pending.item).text),
                attempt: past.number,
                error: error.clone(),
                pause: again.saturating_sub(self.now()),
            });
            pending.tries = Tries { attempts: past.number, first: past.first, again };
            pending.ticket = None;
            fan.pending.set(at, pending);
            (desk.attempts, desk.comes_again) = (past.number, Some(Unit::Item(ptr, at)));
            desk.ready.push(Unit::Item(ptr, at));
            return None;
        }
        desk.attempts = past.number;
        let failed = matches!(end.status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
        if failed {
            self.stop_for_item(fan);
        }
        if fan.single.is_some() {
            if let (true, Some(error)) = (failed, &end.error) {
                self.note_failure(|| fan.path(pending.item).text, error);
            }
            self.tell_item(fan, pending.item, &end, past.began.at);
        }
        // SAFETY: passed on.
        unsafe { self.end_item(ptr, at, end, desk) }
    }

    /// Whether nothing new is to start in a fan, and nothing be tried again.
    pub(super) fn has_no_more(&self, fan: &Fan) -> bool {
        self.stopped() != Stopped::No || fan.is_doomed() || self.is_over(fan.due)
    }

    /// Tells of the start of an item that is a single task.
    pub(super) fn tell_item_start(&self, fan: &Fan, item: u64, attempt: u32, desk: &Desk) {
        self.emit(EventKinds::ITEMS, || EventKind::NodeStarted {
            node: fan.home_plan().id(fan.at),
            path: Some(fan.path(item).text),
            task: fan.plan.node(PlanIndex::new(0)).task().name.clone(),
            attempt,
            lane: fan.item_lane(),
            worker: u32::from(desk.number),
        });
    }

    /// Tells of the end of an item that is a single task.
    pub(super) fn tell_item(&self, fan: &Fan, item: u64, end: &ItemEnd, began: Duration) {
        if fan.single.is_none() {
            return;
        }
        let task = fan.plan.node(PlanIndex::new(0)).task();
        if end.status == OutcomeStatus::Ok && self.wants(EventKinds::ITEMS) {
            self.emit(EventKinds::VALUES, || EventKind::NodeGave {
                node: fan.home_plan().id(fan.at),
                path: Some(fan.path(item).text),
                value: end.value.clone(),
            });
        }
        self.emit(EventKinds::ITEMS, || EventKind::NodeFinished {
            node: fan.home_plan().id(fan.at),
            path: Some(fan.path(item).text),
            task: task.name.clone(),
            pack: task.pack.clone(),
            level: 0,
            status: end.status,
            attempts: end.attempts,
            duration: self.now().saturating_sub(began),
            error: end.error.clone(),
            cause: None,
            cause_path: None,
        });
    }

    /// Ends an item for good, and goes on with its token.
    ///
    /// # Safety
    /// The caller holds its unit.
    pub(super) unsafe fn end_item(
        self: &Arc<Self>,
        ptr: FanPtr,
        at: u32,
        end: ItemEnd,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on: the token that follows the item has not ended.
        let fan = unsafe { ptr.get() };
        let item = fan.pending.get(at).item;
        fan.pending.remove(at);
        // SAFETY: the token claimed the item.
        unsafe { self.gather(fan, item, end) };
        if fan.single.is_some() {
            self.count_inside(1);
        }
        self.tell_advance(fan, 1);
        desk.idle();
        // SAFETY: the token goes on.
        unsafe { self.spend(ptr, desk) }
    }

    /// Ends an item that the dispatcher will never start.
    ///
    /// # Safety
    /// The caller holds its unit.
    pub(super) unsafe fn refuse_item(
        self: &Arc<Self>,
        ptr: FanPtr,
        at: u32,
        why: &Refusal,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on: the token that follows the item has not ended.
        let fan = unsafe { ptr.get() };
        let pending = fan.pending.get(at);
        let mut end = match self.has_no_more(fan) {
            true => ItemEnd::without(OutcomeStatus::Cancelled),
            false => why.end(fan.policy()),
        };
        end.attempts = pending.tries.attempts;
        if let Some(error) = &end.error {
            self.note_failure(|| fan.path(pending.item).text, error);
            self.stop_for_item(fan);
        }
        if end.error.is_some() || end.attempts > 0 {
            self.tell_item(fan, pending.item, &end, pending.tries.first);
        }
        // SAFETY: passed on.
        unsafe { self.end_item(ptr, at, end, desk) }
    }

    /// What the body of a map takes of its task's output.
    fn picked(&self, fan: &Fan, item: u64, value: Value) -> Result<Value, TaskError> {
        let mut inputs = fan.shared.clone();
        fan.set_locals(item, &mut inputs);
        let picked = pick(self, fan, &inputs, value);
        inputs.drain(..).for_each(discard);
        picked
    }

    /// When the frame of an item is given up.
    fn item_due(&self, fan: &Fan, first: Duration, now: Duration) -> Option<Duration> {
        let policy = fan.policy();
        let timeout = policy.and_then(|policy| policy.timeout).filter(|_| fan.single.is_none());
        let own = timeout.map(|timeout| now.saturating_add(timeout));
        let total = policy.and_then(|policy| policy.total_due(first));
        own.into_iter().chain(total).chain(fan.due).min()
    }

    /// The end of an item's frame: what it was an attempt of may have another.
    ///
    /// # Safety
    /// The caller closed the frame, and holds the token that followed it.
    pub(super) unsafe fn after_frame(
        self: &Arc<Self>,
        ptr: FanPtr,
        at: u32,
        frame_due: Option<Duration>,
        mut end: ItemEnd,
        desk: &mut Desk,
    ) -> Option<Ended> {
        // SAFETY: passed on.
        let fan = unsafe { ptr.get() };
        let pending = fan.pending.get(at);
        let number = pending.tries.attempts + 1;
        // What ended last was a node in it.
        desk.lay_aside();
        desk.ticket = pending.ticket;
        let late = self.is_over(frame_due) && !self.is_over(fan.due);
        if late && end.status != OutcomeStatus::Ok && self.stopped() == Stopped::No {
            let policy = fan.policy();
            let total = policy.and_then(|policy| policy.total_due(pending.tries.first));
            end = gave_up(policy, self.is_over(total));
        }
        let began = Began { at: pending.tries.first, worker: desk.number };
        let past = Past { number, began, first: pending.tries.first };
        // SAFETY: passed on.
        let ended = unsafe { self.after_item(ptr, at, end, &past, desk) };
        // It is given back with this, whatever becomes of the item.
        desk.lay_aside();
        ended
    }
}

impl Fan {
    /// What holds for each of its items.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        let map = self.home_plan().node(self.at).map();
        let each = map.filter(|_| matches!(self.work, Work::Map(_)));
        let each = each.and_then(|map| map.each.as_deref());
        let single = || self.plan.node(PlanIndex::new(0)).policy();
        each.or_else(|| self.single.as_ref().and_then(|_| single()))
    }
}
