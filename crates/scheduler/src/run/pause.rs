//! Checkpoints: the run pauses, somebody looks, and it goes on or not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use terrace_core::{EventKind, EventKinds, PlanIndex};

use super::node::Desk;
use super::progress::Ended;
use super::{Run, lock};
use crate::attempt::{Panicked, Quiet};
use crate::checkpoint::{Approve, Checkpoint, Decision, Dropped, Produced, Refused};
use crate::fan::Stopped;
use crate::frame::Frame;

/// What a run keeps for its checkpoints.
#[derive(Default)]
pub(super) struct Pauses {
    /// Nodes that have ended and of which nobody was told yet.
    held: Vec<Ended>,
    /// How often it paused: an answer to an earlier pause is nobody's.
    count: u64,
    pub(super) refused: Option<Refused>,
}

impl Run {
    /// Holds a node back that is a checkpoint and has ended. True: nobody is told before somebody
    /// has looked.
    pub(super) fn hold(&self, frame: &Frame, ended: Ended, desk: &mut Desk) -> bool {
        if !self.has_checkpoints {
            return false;
        }
        let (_, at, _) = ended;
        let looks = frame.plan().policy(at).is_some_and(|policy| policy.checkpoint);
        if !looks || self.stopped() != Stopped::No || self.is_late(frame) {
            return false;
        }
        lock(&self.pauses).held.push(ended);
        // Seen by whoever learns of the pause, under the dispatcher's lock.
        self.holds.store(true, Ordering::Relaxed);
        desk.pauses = true;
        true
    }

    /// Lets go what was held back where nobody waits for an answer any more.
    #[inline]
    pub(crate) fn let_held_go(self: &Arc<Self>, desk: &mut Desk) {
        if !self.has_checkpoints || !self.holds.load(Ordering::Relaxed) {
            return;
        }
        if self.stopped() == Stopped::No && !self.is_late(self.frame()) {
            return;
        }
        let held = {
            let mut pauses = lock(&self.pauses);
            pauses.count += 1;
            std::mem::take(&mut pauses.held)
        };
        for ended in held {
            // SAFETY: the node is settled and was not counted off: it was held back.
            unsafe { self.carry_on_from(ended, desk) };
        }
    }

    /// The run has paused: nothing runs. Asks whoever approves, on a thread of its own.
    pub(crate) fn pause(self: &Arc<Self>, level: Option<u32>) {
        let level = level.map(|level| level as usize);
        if let Some(due) = self.due {
            self.wake_at(due);
        }
        let (checkpoint, count) = {
            let mut pauses = lock(&self.pauses);
            pauses.count += 1;
            let held: Vec<PlanIndex> = pauses.held.iter().map(|&(_, at, _)| at).collect();
            (self.checkpoint(level, held), pauses.count)
        };
        self.emit(EventKinds::RUN, || EventKind::CheckpointReached {
            level,
            nodes: checkpoint.produced.iter().map(|produced| produced.node).collect(),
        });
        let Some(approver) = self.approver.clone() else {
            let reason = "nobody was there to approve".to_owned();
            return self.decided(&checkpoint, count, Decision::Stop { reason });
        };
        let own = Arc::clone(self);
        let asks = Box::new(move || {
            let decision = ask(&*approver, &checkpoint);
            own.decided(&checkpoint, count, decision);
        });
        if let Err(error) = self.machine().crew.ask(asks) {
            let reason = format!("the system gave no thread to ask on: {error}");
            let checkpoint = self.checkpoint(level, Vec::new());
            self.decided(&checkpoint, count, Decision::Stop { reason });
        }
    }

    fn checkpoint(&self, level: Option<usize>, held: Vec<PlanIndex>) -> Checkpoint {
        let (plan, frame) = (self.plan(), self.frame());
        let of_level = level.map(|level| plan.level(level)).unwrap_or(0..0).map(PlanIndex::new);
        let mut nodes: Vec<PlanIndex> = of_level.chain(held).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let produced = |&at: &PlanIndex| {
            // SAFETY: nothing runs, and whoever paused the run has acquired all that has ended.
            let record = unsafe { frame.record(at) };
            let shown = record.gives() && plan.uses(at) > 0;
            Produced {
                node: plan.id(at),
                name: plan.name(at).into_owned(),
                status: record.status,
                // SAFETY: as above; those who read it come later.
                value: shown.then(|| unsafe { frame.read(at, false) }),
                error: frame.find_error(at),
            }
        };
        let next = match level {
            Some(level) if level + 1 < plan.levels() => plan.level(level + 1),
            _ => 0..0,
        };
        let mut next: Vec<PlanIndex> = next.map(PlanIndex::new).collect();
        if level.is_none() {
            next.extend(nodes.iter().flat_map(|&at| plan.successors(at)));
            next.sort_unstable();
            next.dedup();
        }
        Checkpoint {
            run_id: self.constants.id.clone(),
            workflow: plan.workflow().name().to_owned(),
            at: self.now(),
            level,
            produced: nodes.iter().map(produced).collect(),
            next: next.iter().map(|&at| plan.name(at).into_owned()).collect(),
        }
    }

    /// Goes on, or stops.
    fn decided(self: &Arc<Self>, checkpoint: &Checkpoint, count: u64, decision: Decision) {
        if self.is_finished() {
            return;
        }
        let (held, stop) = {
            let mut pauses = lock(&self.pauses);
            if pauses.count != count {
                return;
            }
            pauses.count += 1;
            let held = std::mem::take(&mut pauses.held);
            let stop = match decision {
                Decision::GoOn => None,
                // A run that was told to stop reads what was produced no more, or elsewhere.
                Decision::GoOnWithout(_) if self.stopped() != Stopped::No => None,
                Decision::GoOnWithout(dropped) => self.drop_items(checkpoint, &dropped).err(),
                Decision::Stop { reason } => Some(reason),
            };
            if let Some(reason) = &stop {
                pauses.refused = Some(Refused {
                    level: checkpoint.level,
                    nodes: checkpoint.produced.iter().map(|p| p.name.clone()).collect(),
                    reason: reason.clone(),
                });
            }
            (held, stop)
        };
        if stop.is_some() {
            // Nothing is published with it: it is told under the dispatcher's lock next.
            self.refused.store(true, Ordering::Relaxed);
        }
        self.emit(EventKinds::RUN, || EventKind::CheckpointPassed { refused: stop });
        let mut desk = Desk::new(0);
        desk.resumes = true;
        for ended in held {
            // SAFETY: the node is settled and was not counted off: it was held back.
            unsafe { self.carry_on_from(ended, &mut desk) };
        }
        if let Some(shell) = self.shell() {
            shell.give(self, &mut desk);
        }
    }

    /// Takes items out of what was produced. All or nothing.
    fn drop_items(&self, checkpoint: &Checkpoint, dropped: &[Dropped]) -> Result<(), String> {
        let mut without = Vec::with_capacity(dropped.len());
        for drop in dropped {
            let produced = checkpoint.produced.iter().find(|produced| produced.name == drop.node);
            let Some(Produced { node, value: Some(value), .. }) = produced else {
                return Err(format!(
                    "node `{}` has given nothing here to drop items of",
                    drop.node
                ));
            };
            without.push((*node, drop.apply(value.clone())?));
        }
        for (node, value) in without {
            if let Some(at) = self.plan().place(node) {
                // SAFETY: nothing runs, and those who read it come later.
                unsafe { self.frame().replace(at, value) };
            }
        }
        Ok(())
    }
}

/// Asks; a panic is a refusal.
fn ask(approver: &dyn Approve, checkpoint: &Checkpoint) -> Decision {
    let quiet = Quiet::new();
    let result = catch_unwind(AssertUnwindSafe(|| approver.approve(checkpoint)));
    let result = result.unwrap_or_else(|payload| Decision::Stop {
        reason: format!("whoever approves panicked: {}", Panicked::of(payload)),
    });
    drop(quiet);
    result
}
