//! The fast path: work stealing, for plans in which nothing asks for an order.
//!
//! Each node counts the nodes it waits for. Whoever ends the last of them goes on with the node
//! itself, or puts it where others can steal it. The only promise is topological order.
//!
//! # Who is woken
//! The caller begins at once, and calls one helper as soon as there is a second node to run: what
//! a node costs is not known before it has run, and two long ones must not queue behind each other.
//! The call costs 1 to 2 µs and the helper is there after 20 to 30, so a run of a thousand trivial
//! nodes is mostly over by then. A helper that finds more than it can run calls the next.
//!
//! # Where ready units are
//! - `next`, a local of the thread: not even visible to others, since it is run at once;
//! - the thread's deque: last in first out for itself, the other end for thieves;
//! - `roots`, a cursor over level 0, so that a wide plan starts without a push per node;
//! - `arrived`, from threads without a deque: the blocking lane.
//!
//! # Blocks
//! A run whose nodes are known to be worth sharing begins in blocks ([`shared`]): the units in deques
//! are then blocks, and `roots` is a cursor over those that wait for nothing.
//!
//! # Small nodes
//! Handing a node to another thread costs more than running it, where it takes less than some
//! 600 ns. So a plan of plain tasks begins as a [`sequence`]: one thread runs it in order, and others
//! come when it turns out that its nodes are worth it, or at once where the last run said so.
//! README.md has the protocol; [`program`] is what the thread runs, [`solo`] its loop, [`share`] when
//! it calls for help.
//!
//! What becomes ready by a unit, and what ends by it, is the run's business
//! (`crate::run`'s `progress`); a token of a fan is pushed before the nodes of the frame it opens, so that
//! a thread finishes what it has begun before it begins more.

mod apart;
mod blocks;
mod compile;
mod costs;
mod fence;
mod lap;
mod light;
mod program;
mod sequence;
mod share;
mod shared;
mod solo;
mod spans;
mod takeover;
mod watch;

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam::deque::{Injector, Steal, Stealer, Worker};
use crossbeam::utils::CachePadded;
use terrace_core::{Lane, Plan, PlanIndex};

use crate::attempt::{Inside, Quiet};
use crate::frame::{Job, Store, Unit};
use crate::options::Timing;
use crate::run::{Desk, Role, Run};

use costs::Begin;
pub(crate) use fence::{prepare, prepare_alone};
pub(crate) use program::{Called, Program};
use sequence::Sequence;
use shared::InBlocks;

/// So long a thread that finds nothing looks again before it leaves: as long as it takes until one that left
/// is there again. Who waits as long as not waiting would cost loses half of the best at most (Karlin and
/// others, 1990).
const PATIENCE: Duration = Duration::from_micros(40);

/// How often it looks between two readings of the clock, and the pauses between looks.
const LOOKS: u32 = 20;
const PAUSES: u32 = 2;

/// So long a thread that has more to run keeps to itself what ended: to say it costs three times a cache
/// line from another core.
const UNREPORTED: Duration = Duration::from_micros(50);

/// Roots that one thread takes at a time, at most.
const ROOTS_AT_ONCE: u32 = 32;

/// The state of one run on the fast path.
pub(crate) struct Fast {
    /// Nodes that have not ended, less those that threads have not yet reported.
    left: CachePadded<AtomicUsize>,
    roots: CachePadded<AtomicU32>,
    roots_end: u32,
    arrived: Injector<Unit>,
    stealers: Box<[OnceLock<Stealer<Unit>>]>,
    /// One thread's way through the plan, where the run begins with that.
    sequence: Option<Sequence>,
    looks: takeover::Looks,
    /// Whether all nodes are plain tasks, and nobody is told of their values.
    plain: bool,
    /// Whether it begins shared because of what nodes took.
    shared: bool,
    /// What it is cut into, where it begins shared: units are then blocks.
    in_blocks: Option<InBlocks>,
    /// Nanoseconds that threads worked, and how many nodes ended meanwhile.
    spent: AtomicU64,
    ended: AtomicU64,
}

impl Fast {
    /// `alone`: whether one thread may run nodes one after the other.
    pub(crate) fn new(plan: &Plan, workers: u32, alone: bool, timing: Timing) -> Self {
        let program = if alone { Program::for_run(plan) } else { None };
        let program = program.filter(|program| program.sequential);
        let begin = program.map(|program| takeover::begin(program, workers));
        let in_blocks = match (program, begin) {
            // A reading of the clock for each is more than blocks are there for.
            (Some(program), Some(Begin::Shared(each))) if timing != Timing::Exact => {
                program.blocks(plan, each, workers).map(InBlocks::new)
            }
            _ => None,
        };
        // What is small and has too little side by side is done sooner by one.
        let begins_alone = match begin {
            Some(Begin::Shared(each)) => in_blocks.is_none() && each < costs::SURELY,
            Some(Begin::Alone) => true,
            Some(Begin::Unsure) | None => false,
        };
        let sequence = begins_alone.then(Sequence::new);
        let level = if plan.is_empty() { 0 } else { plan.level(0).end };
        let roots_end = in_blocks.as_ref().map_or(level, |own| own.blocks.roots());
        // In a sequence they are its runner's.
        let roots = if sequence.is_some() { roots_end } else { 0 };
        Self {
            left: CachePadded::new(AtomicUsize::new(plan.len())),
            roots: CachePadded::new(AtomicU32::new(roots)),
            roots_end,
            arrived: Injector::new(),
            stealers: (0..workers).map(|_| OnceLock::new()).collect(),
            sequence,
            plain: program.is_some(),
            shared: !begins_alone && matches!(begin, Some(Begin::Shared(_))),
            in_blocks,
            looks: takeover::Looks::default(),
            spent: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }

    /// How many nodes have not ended, as far as threads have said.
    pub(crate) fn left(&self, nodes: usize) -> usize {
        match self.sequence.as_ref().filter(|sequence| !sequence.is_settled()) {
            Some(sequence) => nodes.saturating_sub(sequence.position() as usize),
            None => self.left.load(Ordering::Relaxed),
        }
    }

    /// Whether threads run nodes one after the other without a look at the run, so that they have to be
    /// told when it is to stop.
    pub(crate) fn runs_unasked(&self) -> bool {
        self.sequence.is_some() || self.in_blocks.is_some()
    }

    /// Whether nodes run in blocks, and leave no records.
    pub(crate) fn runs_in_blocks(&self) -> bool {
        self.in_blocks.is_some()
    }

    /// Memory for a run of a plan: that of an earlier one, where there is some.
    pub(crate) fn store(plan: &Plan) -> Store {
        Program::of(plan).map_or_else(|| Store::new(plan), |program| program.store(plan))
    }

    /// The deque of a desk. There are never more desks than workers: one per seat.
    pub(crate) fn new_deque(&self, number: u16) -> Worker<Unit> {
        let deque = Worker::new_lifo();
        let first = self.stealers[usize::from(number)].set(deque.stealer());
        debug_assert!(first.is_ok(), "a desk is made once");
        deque
    }

    /// Hands blocking roots to the lane: they must not wait until somebody comes by.
    pub(crate) fn begin(&self, run: &Arc<Run>) {
        let plan = run.plan();
        if plan.is_empty() {
            run.finish();
        } else if plan.blocking() > 0 {
            for at in (0..self.roots_end).map(PlanIndex::new) {
                if plan.lane(at) == Lane::Blocking {
                    run.submit_blocking(Unit::Node(run.root(), at).into());
                }
            }
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        if let Some(sequence) = self.sequence.as_ref().filter(|sequence| !sequence.is_settled()) {
            return sequence.is_free() || sequence.is_wanted();
        }
        // Only a hint here; who asks before sleeping has a fence before it.
        self.roots.load(Ordering::Relaxed) < self.roots_end
            || !self.arrived.is_empty()
            || self.in_blocks.as_ref().is_some_and(|own| own.watches.is_wanted())
            || self.stealers.iter().any(|slot| slot.get().is_some_and(|deque| !deque.is_empty()))
    }

    /// Runs nodes from a seat until none is to be found.
    pub(crate) fn work(&self, run: &Arc<Run>, role: Role, desk: &mut Desk) {
        desk.idle();
        let mut ended = 0;
        let mut next = None;
        if let Some(sequence) = &self.sequence {
            if sequence.own() {
                // SAFETY: this thread owns the sequence.
                next = unsafe { self.alone(run, desk, sequence, &mut ended) };
            } else if !sequence.is_settled() {
                self.look_after(run, desk, sequence, &mut ended);
                if !sequence.is_settled() {
                    return;
                }
            }
        }
        // What ended in the sequence was not timed here.
        if self.report(run, &mut ended) {
            return;
        }
        let program = if self.plain { Program::of(run.plan()) } else { None };
        if let (Some(program), Some(in_blocks)) = (program, &self.in_blocks) {
            // SAFETY: as said there.
            unsafe { self.work_in_blocks(run, desk, program, in_blocks) };
            return;
        }
        let mut since = Instant::now();
        loop {
            next = next.or_else(|| self.find(run, desk));
            // What a task starts stops with this run.
            let inside = program.map(|_| (Quiet::new(), Inside::of(run)));
            while let Some(unit) = next {
                // The unit came out of one queue, once, or became ready here: this thread holds it.
                next = match (program, unit) {
                    (Some(program), Unit::Node(_, at)) => {
                        // SAFETY: as said; a plan of plain tasks has no frames but the run's own.
                        unsafe { self.light(run, desk, program, at, &mut ended) }
                    }
                    // SAFETY: as said.
                    _ => unsafe { self.step(run, desk, unit, Here::Seat, &mut ended) },
                };
            }
            drop(inside);
            let now = Instant::now();
            let has_more = desk.deque.as_ref().is_some_and(|deque| !deque.is_empty());
            if has_more && now.duration_since(since) < UNREPORTED {
                continue;
            }
            self.note_cost(&mut since, now, ended);
            if self.report(run, &mut ended) {
                return;
            }
            if !self.has_work() {
                let Some(Job { unit, .. }) = run.take_overflow(role) else { return };
                // SAFETY: the unit came out of the queue of waiting ones, once.
                next = unsafe { self.step(run, desk, unit, Here::Instead, &mut ended) };
            }
        }
    }

    /// Runs one blocking unit on a thread of the lane, and blocking units that directly follow.
    pub(crate) fn turn(&self, run: &Arc<Run>, unit: Unit, desk: &mut Desk) {
        let mut ended = 0;
        let mut next = Some(unit);
        while let Some(unit) = next {
            // SAFETY: the unit came out of the queue of waiting ones, once, or became ready here.
            next = unsafe { self.step(run, desk, unit, Here::Lane, &mut ended) };
            // At once: what follows may take long.
            self.report(run, &mut ended);
        }
    }

    /// Subtracts ended nodes from those left. True: they were the last, and the run is over.
    fn report(&self, run: &Run, ended: &mut usize) -> bool {
        let count = std::mem::take(ended);
        // Release publishes this thread's nodes to whoever comes last; Acquire takes over theirs.
        if count > 0 && self.left.fetch_sub(count, Ordering::AcqRel) == count {
            self.learn(run);
            run.finish();
            return true;
        }
        false
    }

    /// Runs a unit that is ready, and returns the one to go on with.
    ///
    /// # Safety
    /// The caller holds it.
    unsafe fn step(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        unit: Unit,
        here: Here,
        ended: &mut usize,
    ) -> Option<Unit> {
        // SAFETY: passed on. One that will be written off needs no lane.
        if here == Here::Seat && unsafe { self.needs_lane(run, unit) } {
            run.submit_blocking(unit.into());
            return None;
        }
        // SAFETY: passed on.
        unsafe { run.advance(unit, desk) };
        self.hand_on(run, desk, here, ended)
    }

    /// Takes what ended and what became ready from a desk, and returns a unit to go on with.
    fn hand_on(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        here: Here,
        ended: &mut usize,
    ) -> Option<Unit> {
        *ended += desk.ended.len();
        desk.ended.clear();
        let mut next = None;
        let mut shared = false;
        for at in 0..desk.ready.len() {
            let unit = desk.ready[at];
            // SAFETY: it became ready here and was not handed on.
            let blocking = unsafe { self.needs_lane(run, unit) };
            let mine = next.is_none() && matches!(unit, Unit::Node(..));
            match (&desk.deque, here) {
                (_, Here::Lane) if blocking && next.is_none() => next = Some(unit),
                _ if blocking => run.submit_blocking(unit.into()),
                (Some(_), _) if mine => next = Some(unit),
                (Some(deque), _) => {
                    deque.push(unit);
                    shared = true;
                }
                (None, _) => {
                    self.arrived.push(unit);
                    shared = true;
                }
            }
        }
        desk.ready.clear();
        // From a seat, with one worker, there is nobody else.
        if shared && (here == Here::Lane || run.capacity() > 1) {
            run.call();
        }
        next
    }

    /// Whether a unit has to run on the blocking lane.
    ///
    /// # Safety
    /// The caller holds it.
    unsafe fn needs_lane(&self, run: &Run, unit: Unit) -> bool {
        // SAFETY: passed on.
        run.may_block()
            && unsafe { run.lane_of(unit) } == Lane::Blocking
            // SAFETY: passed on.
            && !unsafe { run.is_written_off(unit) }
    }

    /// Lets others have a unit while the caller goes on with another.
    pub(crate) fn share(&self, run: &Arc<Run>, unit: Unit, desk: &Desk) {
        // SAFETY: the caller hands the unit on.
        if unsafe { self.needs_lane(run, unit) } {
            run.submit_blocking(unit.into());
            return;
        }
        match &desk.deque {
            Some(deque) => deque.push(unit),
            None => self.arrived.push(unit),
        }
        if run.capacity() > 1 || desk.deque.is_none() {
            run.call();
        }
    }

    /// Waits some microseconds for a unit, in place: cheaper than to leave and come again where the
    /// end of one thread's level is near another's. True: there may be one.
    fn wait(&self, run: &Run) -> bool {
        if run.capacity() == 1 {
            return false;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            for _ in 0..LOOKS {
                if self.has_work() {
                    return true;
                }
                if run.is_finished() {
                    return false;
                }
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
            }
        }
        false
    }

    /// A ready unit, from wherever there is one.
    fn find(&self, run: &Arc<Run>, desk: &mut Desk) -> Option<Unit> {
        let deque = desk.deque.as_ref()?;
        if let Some(unit) = deque.pop() {
            return Some(unit);
        }
        if let Some(unit) = self.take_roots(run, deque) {
            return Some(unit);
        }
        loop {
            let mut again = false;
            match self.arrived.steal_batch_and_pop(deque) {
                Steal::Success(unit) => return Some(self.found(run, desk, unit)),
                Steal::Retry => again = true,
                Steal::Empty => {}
            }
            let me = usize::from(desk.number);
            let (before, after) = self.stealers.split_at(me);
            for victim in after.iter().skip(1).chain(before).filter_map(OnceLock::get) {
                match victim.steal() {
                    Steal::Success(unit) => return Some(self.found(run, desk, unit)),
                    Steal::Retry => again = true,
                    Steal::Empty => {}
                }
            }
            if !again {
                return None;
            }
        }
    }

    /// Takes note of a unit that came from another thread, and calls one more where there is more.
    fn found(&self, run: &Arc<Run>, desk: &mut Desk, unit: Unit) -> Unit {
        desk.idle();
        if run.capacity() > 1 && self.has_work() {
            run.call();
        }
        unit
    }

    /// Takes some of level 0: one to run, the others for the deque.
    fn take_roots(&self, run: &Arc<Run>, deque: &Worker<Unit>) -> Option<Unit> {
        loop {
            let left = self.roots_end.saturating_sub(self.roots.load(Ordering::Relaxed));
            if left == 0 {
                return None;
            }
            let share = (left / (2 * run.capacity())).clamp(1, ROOTS_AT_ONCE);
            // Roots depend on nothing, so nothing has to be acquired with them.
            let begin = self.roots.fetch_add(share, Ordering::Relaxed);
            let end = (begin + share).min(self.roots_end);
            let mut first = None;
            let mut shared = end < self.roots_end;
            for at in (begin..end).map(PlanIndex::new) {
                // Blocking ones went to the lane when the run began.
                if run.may_block() && run.plan().lane(at) == Lane::Blocking {
                    continue;
                }
                let unit = Unit::Node(run.root(), at);
                match first {
                    None => first = Some(unit),
                    Some(_) => {
                        deque.push(unit);
                        shared = true;
                    }
                }
            }
            if shared && run.capacity() > 1 {
                run.call();
            }
            if first.is_some() {
                return first;
            }
        }
    }
}

/// Where a node is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    /// On a compute thread.
    Seat,
    /// On a compute thread that waits anyway, in place of the lane.
    Instead,
    /// On the blocking lane.
    Lane,
}
