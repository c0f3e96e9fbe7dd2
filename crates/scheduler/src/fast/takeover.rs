//! How a sequence begins, and how it ends: by itself, or by somebody who takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use terrace_core::PlanIndex;

use super::costs::Begin;
use super::program::Program;
use super::sequence::{Sequence, Settled};
use super::share::{Pace, WORTH};
use super::solo::{Solo, Stop};
use super::{Fast, Here, fence};
use crate::clock::nanos;
use crate::frame::Unit;
use crate::run::{Desk, Run};

/// So many nodes at least tell what one takes.
const SAMPLE: u32 = 128;

/// Between two looks at a sequence that nobody helps with.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// How a run begins.
pub(super) fn begin(program: &Program, workers: u32) -> Begin {
    if workers == 1 || !program.is_wide {
        return Begin::Alone;
    }
    match program.costs.begin(workers) {
        // It may have to be taken over, which takes the fences.
        _ if !fence::is_ready() => Begin::Unsure,
        begin => begin,
    }
}

/// When a sequence was last looked at, and where it was.
#[derive(Default)]
pub(super) struct Looks {
    at: AtomicU32,
    then: AtomicU64,
}

impl Fast {
    /// Runs the sequence. Gives a unit to go on with, where there is one.
    ///
    /// # Safety
    /// The caller owns the sequence.
    pub(super) unsafe fn alone(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        sequence: &Sequence,
        ended: &mut usize,
    ) -> Option<Unit> {
        let program = Program::of(run.plan())?;
        let nodes = run.plan().len() as u32;
        let may_share = run.capacity() > 1 && program.is_wide;
        if may_share && (program.costs.are_unknown() || !run.look_again(LOOK)) {
            // Whoever comes takes over where nodes take long.
            run.call();
        }
        let mut pace = Pace::new(run, nodes, may_share, &program.costs);
        let mut solo = Solo::new(run, program, sequence, desk);
        // SAFETY: passed on.
        let stop = unsafe { solo.go(&mut pace) };
        let at = solo.at;
        solo.end(desk);
        let (each, stretches) = pace.end(run, at, desk.number);
        run.frame().note_stretches(stretches);
        // Of a few nodes nothing can be said: this thread may have been off its core. Nor of the whole
        // by its first part.
        let tells = at == nodes || at >= SAMPLE && at >= nodes / 2;
        // What it takes to be observed is not the nodes'.
        let tells = tells && !run.tells_nodes();
        if let Some(each) = each.filter(|_| tells && !matches!(stop, Stop::Failed(_))) {
            program.costs.learn_alone(each);
        }
        match sequence.settle(at) {
            Settled::Here => self.share_out(run, desk, at, ended),
            Settled::There(base) => {
                // Who took over notes the same, perhaps only later; the node at hand may ask now.
                run.frame().note_sequence(base);
                if base < at {
                    // The last node of this thread ended after somebody had taken over.
                    // SAFETY: it is this thread's, has ended, and was not counted off.
                    unsafe { run.end_sequenced(PlanIndex::new(base), desk) };
                    return self.hand_on(run, desk, Here::Seat, ended);
                }
            }
        }
        match stop {
            Stop::End => None,
            Stop::Before => Some(Unit::Node(run.root(), PlanIndex::new(at))),
            Stop::Failed(error) => {
                // SAFETY: it is this thread's: its position says so, and it has not been settled.
                unsafe { run.fail_sequenced(PlanIndex::new(at), error, desk) };
                self.hand_on(run, desk, Here::Seat, ended)
            }
        }
    }

    /// Takes over, where that is asked for or the nodes are worth it; else somebody looks later.
    pub(super) fn look_after(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        sequence: &Sequence,
        ended: &mut usize,
    ) {
        let now = sequence.is_wanted() || self.is_slow(run, sequence);
        // Where nobody can look later either.
        let now = now || !run.look_again(LOOK);
        if now && let Some(base) = sequence.take_over() {
            self.share_out(run, desk, base, ended);
        }
    }

    /// Makes whoever runs nodes one after the other look, before the next, whether it is to go on.
    pub(crate) fn interrupt(&self) {
        if let Some(sequence) = &self.sequence {
            sequence.interrupt();
        }
        if let Some(own) = &self.in_blocks {
            own.watches.interrupt();
        }
    }

    /// Looks at a sequence that nobody helps with, from the thread that knows the time.
    pub(crate) fn tick(&self, run: &Arc<Run>) {
        if let Some(own) = self.in_blocks.as_ref().filter(|_| !run.is_finished()) {
            if own.watches.look() {
                run.call();
            }
            if !run.look_again(LOOK) {
                own.see_nothing(run);
            }
        }
        let Some(sequence) = self.sequence.as_ref().filter(|sequence| !sequence.is_settled())
        else {
            return;
        };
        if self.is_slow(run, sequence) || !run.look_again(LOOK) {
            sequence.want();
            run.call();
        }
    }

    /// Whether the nodes since the last look took long enough to be worth sharing.
    fn is_slow(&self, run: &Run, sequence: &Sequence) -> bool {
        let (now, at) = (run.now().as_nanos() as u64, sequence.position());
        let then = self.looks.then.swap(now, Ordering::Relaxed);
        let before = self.looks.at.swap(at, Ordering::Relaxed);
        // The one that it is at counts: it may be the long one.
        let each = now.saturating_sub(then) / u64::from(at.saturating_sub(before) + 1);
        each >= Program::of(run.plan()).map_or(WORTH, |program| program.costs.long())
    }

    /// Lets everybody have what comes after a sequence that ended before `base`, which is its
    /// runner's.
    fn share_out(&self, run: &Arc<Run>, desk: &mut Desk, base: u32, ended: &mut usize) {
        let (frame, plan) = (run.frame(), run.plan());
        frame.note_sequence(base);
        *ended += base as usize;
        if base as usize == plan.len() {
            return;
        }
        let held = plan.sources(PlanIndex::new(base));
        for at in (0..base).map(PlanIndex::new) {
            for &source in plan.sources(at) {
                if held.len() > 8 || held.contains(&source) {
                    // The runner of that node may be taking it, as the last in its order.
                    // SAFETY: the reader ended in the sequence, and is counted off here alone.
                    unsafe { frame.count_reader_off(source) };
                } else {
                    // SAFETY: as above; it does not read any more.
                    unsafe { frame.release(source) };
                }
            }
        }
        let first = desk.ready.len();
        for at in (0..base).map(PlanIndex::new) {
            let successors = plan.successors(at);
            if successors.last().is_none_or(|last| last.get() <= base) {
                continue;
            }
            for &next in successors.iter().filter(|next| next.get() > base) {
                if frame.arrive(next) {
                    desk.ready.push(Unit::Node(run.root(), next));
                }
            }
        }
        // The first of them is what this thread goes on with.
        desk.ready[first..].sort_unstable_by_key(|unit| match unit {
            Unit::Node(_, at) => at.get(),
            _ => 0,
        });
        if base + 1 < self.roots_end {
            // They wait for nothing, so nothing has to be acquired with them.
            self.roots.store(base + 1, Ordering::Relaxed);
        }
        let deque = desk.deque.as_ref();
        for unit in desk.ready.drain(first..).rev() {
            match deque {
                Some(deque) => deque.push(unit),
                None => self.arrived.push(unit),
            }
        }
        if run.capacity() > 1 {
            run.call();
        }
    }

    /// Takes note of how long a thread worked, for how many nodes.
    pub(super) fn note_cost(&self, since: &mut Instant, now: Instant, ended: usize) {
        if ended > 0 {
            let spent = now.duration_since(std::mem::replace(since, now)).as_nanos() as u64;
            self.spent.fetch_add(spent, Ordering::Relaxed);
            self.ended.fetch_add(ended as u64, Ordering::Relaxed);
        }
    }

    /// Keeps what a node cost, for the next run of the plan.
    pub(super) fn learn(&self, run: &Run) {
        let tally = run.frame().tally();
        if tally.went_wrong() || tally.was_stopped() || run.tells_nodes() {
            return;
        }
        let ended = self.ended.load(Ordering::Relaxed);
        if let Some(program) = Program::of(run.plan()).filter(|_| ended > 0) {
            let whole = nanos(run.now()) / run.plan().len() as u64;
            let each = self.spent.load(Ordering::Relaxed) / ended;
            match self.shared {
                true => program.costs.judge(each, whole),
                false => program.costs.learn_shared(each),
            }
        }
    }
}
