//! A plan of plain tasks that begins shared: units are blocks of nodes, and what is counted is blocks.
//!
//! Deques, thieves and sleep are those of any run on this path ([`super`]); what differs is what a
//! unit is, and that the end of a block looks at counters of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use terrace_core::PlanIndex;

use super::Fast;
use super::apart::{Apart, Follows};
use super::blocks::{Blocks, Waiting};
use super::lap::{Done, Lap};
use super::program::Program;
use super::spans::NO_SPAN;
use super::takeover::LOOK;
use super::watch::Watches;
use crate::attempt::{Inside, Quiet};
use crate::clock::nanos;
use crate::frame::{self, Laps, Unit};
use crate::options::Timing;
use crate::run::{Desk, Run, lock};

/// The blocks of a run.
pub(super) struct InBlocks {
    pub(super) blocks: Arc<Blocks>,
    waiting: Waiting,
    pub(super) watches: Watches,
    apart: Apart,
    /// Whether there is no thread that could look whether nodes take long.
    unseen: AtomicBool,
    /// When blocks ran, as far as threads have reported.
    laps: Mutex<Vec<frame::Lap>>,
}

/// What a unit is.
#[derive(Clone, Copy)]
enum Piece {
    /// A block.
    Block(u32),
    /// A node of one that was taken apart.
    Node(u32),
}

impl InBlocks {
    pub(super) fn new(blocks: Arc<Blocks>) -> Self {
        Self {
            waiting: blocks.waiting(),
            blocks,
            watches: Watches::default(),
            apart: Apart::default(),
            unseen: AtomicBool::new(false),
            laps: Mutex::default(),
        }
    }

    fn piece(&self, unit: PlanIndex) -> Piece {
        match unit.get().checked_sub(self.blocks.len()) {
            None => Piece::Block(unit.get()),
            Some(node) => Piece::Node(node),
        }
    }

    fn unit(&self, run: &Arc<Run>, piece: Piece) -> Unit {
        let at = match piece {
            Piece::Block(block) => block,
            Piece::Node(node) => self.blocks.len() + node,
        };
        Unit::Node(run.root(), PlanIndex::new(at))
    }

    /// One of the blocks that a block waits for has ended. True for the last, whose caller holds it
    /// from here on and has acquired everything that all of them did.
    fn arrive(&self, block: u32) -> bool {
        let waiting = &self.waiting[block as usize];
        // Release publishes the caller's block, Acquire takes over what the earlier ones published.
        let last = waiting.fetch_sub(1, Ordering::AcqRel) == 1;
        if last {
            // For the next run. Published with the end of this one.
            waiting.store(self.blocks.in_degree(block), Ordering::Relaxed);
        }
        last
    }
}

impl Drop for InBlocks {
    fn drop(&mut self) {
        self.blocks.give_back(std::mem::take(&mut self.waiting));
    }
}

impl Fast {
    /// Runs blocks from a seat until none is to be found.
    ///
    /// # Safety
    /// The run is one in blocks: its units are.
    pub(super) unsafe fn work_in_blocks(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        program: &Program,
        own: &InBlocks,
    ) {
        // Somebody has to see when a node takes long that others are behind.
        let waits = own.blocks.len() < run.plan().len() as u32;
        if waits && own.watches.is_empty() && !run.look_again(LOOK) {
            own.see_nothing(run);
        }
        let quiet = Quiet::new();
        // What a task starts stops with this run.
        let inside = Inside::of(run);
        let watch = own.watches.begin(desk.number);
        let mut lap = Lap::new(run, program, watch, std::mem::take(&mut desk.args));
        let (mut laps, mut ended) = (Vec::new(), 0);
        let timed = run.timing() != Timing::Off;
        let begun = nanos(run.now());
        let mut last = begun;
        loop {
            let mut next = match self.find(run, desk) {
                Some(Unit::Node(_, unit)) => Some(own.piece(unit)),
                _ => own.take_over(run, desk),
            };
            if next.is_none() {
                if self.wait(run) {
                    continue;
                }
                break;
            }
            if timed {
                // It was looked for.
                last = nanos(run.now());
            }
            while let Some(piece) = next {
                let (nodes, span) = match piece {
                    Piece::Block(block) => (own.blocks.nodes(block), own.blocks.span(block)),
                    Piece::Node(node) => (node..node + 1, NO_SPAN),
                };
                let span = program.span(span);
                // SAFETY: the piece came out of one queue, once, or became ready here.
                let done = unsafe { lap.run(nodes.clone(), span, desk.number) };
                let (first, end) = match done {
                    Done::All => (nodes.start, nodes.end),
                    Done::UpTo(last) => (nodes.start, last + 1),
                };
                ended += (end - first) as usize;
                if timed {
                    let (began, now) = (last, nanos(run.now()));
                    last = now;
                    laps.push(frame::Lap { first, end, worker: desk.number, began, ended: now });
                }
                next = match piece {
                    Piece::Block(block) if end == nodes.end => own.after(run, desk, block),
                    _ => own.after_node(run, desk, end - 1),
                };
            }
        }
        desk.args = lap.into_args();
        drop((inside, quiet));
        lock(&own.laps).append(&mut laps);
        if ended == 0 {
            return;
        }
        self.spent.fetch_add(nanos(run.now()).saturating_sub(begun), Ordering::Relaxed);
        self.ended.fetch_add(ended as u64, Ordering::Relaxed);
        // Release publishes this thread's nodes to whoever comes last; Acquire takes over theirs.
        if self.left.fetch_sub(ended, Ordering::AcqRel) == ended {
            let mut laps = std::mem::take(&mut *lock(&own.laps));
            laps.sort_unstable_by_key(|lap| lap.first);
            run.frame().note_laps(Laps(laps));
            self.learn(run);
            run.finish();
        }
    }
}

impl InBlocks {
    /// There is no thread for time: whoever finds nothing else to do takes over all that it can.
    pub(super) fn see_nothing(&self, run: &Arc<Run>) {
        self.unseen.store(true, Ordering::Relaxed);
        run.call();
    }

    /// Takes over what is behind nodes that take long. Gives a node to go on with.
    fn take_over(&self, run: &Arc<Run>, desk: &Desk) -> Option<Piece> {
        if self.unseen.load(Ordering::Relaxed) {
            self.watches.want_all(desk.number);
        }
        let mut free = Vec::new();
        for at in self.watches.take_over() {
            let block = self.blocks.of(at);
            let nodes = at..self.blocks.nodes(block).end;
            if nodes.len() > 1 {
                free.extend(self.apart.take(run.plan(), block, nodes));
            }
        }
        self.hand_out(run, desk, free.into_iter().map(Piece::Node))
    }

    /// Tells those behind a block that it has ended. Gives one to go on with.
    fn after(&self, run: &Arc<Run>, desk: &Desk, block: u32) -> Option<Piece> {
        let free = self.blocks.successors(block).iter().filter(|&&after| self.arrive(after));
        self.hand_out(run, desk, free.copied().map(Piece::Block))
    }

    /// Tells those behind a node of a block that was taken apart that it has ended.
    fn after_node(&self, run: &Arc<Run>, desk: &Desk, at: u32) -> Option<Piece> {
        let block = self.blocks.of(at);
        let nodes = at..self.blocks.nodes(block).end;
        match self.apart.end(run.plan(), block, at, nodes) {
            Follows::End => self.after(run, desk, block),
            Follows::Nodes(free) => self.hand_out(run, desk, free.into_iter().map(Piece::Node)),
        }
    }

    /// Lets others have what may begin, one piece apart.
    fn hand_out(
        &self,
        run: &Arc<Run>,
        desk: &Desk,
        pieces: impl Iterator<Item = Piece>,
    ) -> Option<Piece> {
        let (mut next, mut shared) = (None, false);
        for piece in pieces {
            match &desk.deque {
                Some(deque) if next.is_some() => {
                    deque.push(self.unit(run, piece));
                    shared = true;
                }
                _ => next = Some(piece),
            }
        }
        if shared && run.capacity() > 1 {
            run.call();
        }
        next
    }
}

#[cfg(test)]
#[cfg(not(terrace_loom))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use terrace_core::{NoTasks, Plan, WorkflowBuilder};

    use crate::fast::costs::SMALL;
    use crate::fast::{Fast, Program};
    use crate::options::{RunOptions, Timing};
    use crate::{RunStatus, Scheduler};

    const WIDTH: usize = 64;

    /// Levels of nodes that take so long, each node after two of the level before.
    fn plan(levels: usize, each: Duration, ran: &Arc<AtomicU32>) -> Arc<Plan> {
        let wf = WorkflowBuilder::new("levels");
        let mut before = Vec::new();
        for _ in 0..levels {
            let level = (0..WIDTH).map(|at| {
                let ran = Arc::clone(ran);
                let node = wf.call(
                    move || {
                        let begun = Instant::now();
                        while begun.elapsed() < each {}
                        ran.fetch_add(1, Ordering::Relaxed);
                    },
                    (),
                );
                let on = before.get(at).into_iter().chain(before.get((at + 7) % WIDTH));
                on.fold(node, |node, on| node.after(on))
            });
            before = level.collect();
        }
        Arc::new(wf.build(&NoTasks).unwrap().plan())
    }

    fn begins_in_blocks(plan: &Plan) -> bool {
        Fast::new(plan, 2, true, Timing::Off).runs_in_blocks()
    }

    #[test]
    fn small_nodes_are_shared_in_blocks_once_their_cost_is_known() {
        let ran = Arc::new(AtomicU32::new(0));
        let plan = plan(8, Duration::from_nanos(500), &ran);
        let program = Program::for_run(&plan).unwrap();
        program.costs.learn_alone(500);
        // Fences are registered by the first thread of a scheduler.
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let begun = Instant::now();
        while !begins_in_blocks(&plan) {
            assert!(begun.elapsed() < Duration::from_secs(20), "never in blocks");
            program.costs.learn_alone(500);
            std::thread::yield_now();
        }
        for lap in 1..=5 {
            program.costs.learn_alone(500);
            let report = scheduler.run(&plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(ran.load(Ordering::Relaxed), lap * 8 * WIDTH as u32);
            // Every node has a time of its own, though it left no record.
            let mut nodes = report.outcomes().map(|(_, outcome)| outcome.unwrap());
            assert!(nodes.all(|node| node.attempts == 1 && node.duration > Duration::ZERO));
        }
    }

    #[test]
    fn sharing_that_takes_longer_than_one_thread_is_taken_back() {
        let ran = Arc::new(AtomicU32::new(0));
        let plan = plan(8, Duration::ZERO, &ran);
        let program = Program::for_run(&plan).unwrap();
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let begun = Instant::now();
        loop {
            // As if one thread had needed next to nothing.
            program.costs.learn_alone(SMALL);
            if begins_in_blocks(&plan) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "never in blocks");
            std::thread::yield_now();
        }
        // Once may be a disturbance.
        for _ in 0..2 {
            let report = scheduler.run(&plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Succeeded);
            let took = Duration::from_nanos(SMALL * 8 * WIDTH as u64);
            assert!(report.duration > took, "too quick to be");
        }
        program.costs.learn_alone(SMALL);
        assert!(!begins_in_blocks(&plan), "it brought nothing");
    }

    #[test]
    fn what_is_small_and_has_little_side_by_side_stays_on_one_thread() {
        let ran = Arc::new(AtomicU32::new(0));
        let plan = plan(1, Duration::ZERO, &ran);
        let program = Program::for_run(&plan).unwrap();
        // All of it takes less than two threads need to share it.
        program.costs.learn_alone(2 * 5);
        assert!(!begins_in_blocks(&plan));
    }
}
