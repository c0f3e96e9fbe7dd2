//! [`Apart`]: blocks that were taken apart, since a node of theirs takes long: their nodes behind it
//! are units by themselves then, and the block has ended when all of them have.
//!
//! Rare, and so under one lock.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::PoisonError;

use terrace_core::{Plan, PlanIndex};

use crate::sync::{Mutex, MutexGuard};

/// The blocks of a run that were taken apart, by number.
#[derive(Default)]
pub(super) struct Apart(Mutex<HashMap<u32, Parts>>);

struct Parts {
    /// The node that takes long, and those behind it.
    nodes: Range<u32>,
    /// How many nodes among these each of them still waits for.
    waiting: Vec<u32>,
    /// Those that wait for none from the start, until somebody takes them.
    free: Vec<u32>,
    /// How many of them have not ended.
    left: usize,
}

impl Parts {
    /// Costs O(nodes + edges) of the block.
    fn of(plan: &Plan, nodes: Range<u32>) -> Self {
        let (waiting, left) = (vec![0; nodes.len()], nodes.len());
        let mut parts = Self { nodes, waiting, free: Vec::new(), left };
        for at in parts.nodes.clone() {
            parts.after(plan, at).for_each(|next| parts.waiting[next] += 1);
        }
        let waiting = parts.nodes.clone().zip(&parts.waiting).skip(1);
        parts.free = waiting.filter(|&(_, &waiting)| waiting == 0).map(|(at, _)| at).collect();
        parts
    }

    /// Those of them that wait for one, by position.
    fn after(&self, plan: &Plan, at: u32) -> impl Iterator<Item = usize> + use<> {
        let nodes = self.nodes.clone();
        let all = plan.successors(PlanIndex::new(at)).iter().map(|next| next.get());
        let inside: Vec<_> = all.filter(|next| nodes.contains(next)).collect();
        inside.into_iter().map(move |next| (next - nodes.start) as usize)
    }
}

/// What follows from the end of a node of a block that was taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// These nodes may begin.
    Nodes(Vec<u32>),
    /// The block has ended.
    End,
}

impl Apart {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Parts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a block apart from a node on that has begun, where that was not done. Gives the nodes
    /// behind it that wait for none of these, once.
    pub(super) fn take(&self, plan: &Plan, block: u32, nodes: Range<u32>) -> Vec<u32> {
        let mut apart = self.lock();
        let parts = apart.entry(block).or_insert_with(|| Parts::of(plan, nodes));
        std::mem::take(&mut parts.free)
    }

    /// A node has ended; `nodes` as for [`Self::take`], where its thread is the first to come.
    pub(super) fn end(&self, plan: &Plan, block: u32, at: u32, nodes: Range<u32>) -> Follows {
        let mut apart = self.lock();
        let parts = apart.entry(block).or_insert_with(|| Parts::of(plan, nodes));
        parts.left -= 1;
        if parts.left == 0 {
            // It stays: whoever settled the position of a thread that ran one of these may come only now,
            // and is to find that there is nothing left.
            return Follows::End;
        }
        let mut free = Vec::new();
        for next in parts.after(plan, at) {
            parts.waiting[next] -= 1;
            if parts.waiting[next] == 0 {
                free.push(parts.nodes.start + next as u32);
            }
        }
        Follows::Nodes(free)
    }
}

#[cfg(all(test, not(terrace_loom)))]
mod tests {
    use terrace_core::{NoTasks, WorkflowBuilder};

    use super::{Apart, Follows};

    #[test]
    fn whoever_comes_after_the_end_finds_nothing_left() {
        let wf = WorkflowBuilder::new("block");
        (0..4).for_each(|_| drop(wf.call(|| (), ())));
        let plan = wf.build(&NoTasks).unwrap().plan();
        let apart = Apart::default();
        // The first node is long; another thread has the others. The second is long, too: a third
        // thread settles where the other one is, and is slow to say so.
        assert_eq!(apart.take(&plan, 0, 0..4), [1, 2, 3]);
        for at in [0, 2, 3] {
            assert_eq!(apart.end(&plan, 0, at, at..4), Follows::Nodes(Vec::new()));
        }
        assert_eq!(apart.end(&plan, 0, 1, 1..4), Follows::End);
        assert!(apart.take(&plan, 0, 1..4).is_empty());
    }
}

#[cfg(all(test, terrace_loom))]
mod interleavings {
    //! Every order of steps of a thread that runs a block and one that takes over what is behind a
    //! node of it, from which the first takes over in turn, perhaps late: each node runs once, after those
    //! that it waits for, and the block ends once.

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use loom::thread;
    use terrace_core::{NoTasks, Plan, WorkflowBuilder};

    use super::{Apart, Follows};
    use crate::fast::fence;
    use crate::fast::sequence::{IDLE, Sequence, Settled};

    const NODES: u32 = 3;

    struct Model {
        plan: Plan,
        sequence: Sequence,
        /// That of the thread that takes over.
        other: Sequence,
        apart: Apart,
        ran: [AtomicU32; NODES as usize],
        ended: [AtomicU32; NODES as usize],
        /// How often those behind the block were told.
        told: AtomicU32,
    }

    /// The last of three nodes comes after the first.
    fn plan() -> Plan {
        let wf = WorkflowBuilder::new("block");
        let first = wf.call(|| (), ());
        wf.call(|| (), ());
        let _last = wf.call(|| (), ()).after(&first);
        wf.build(&NoTasks).unwrap().plan()
    }

    impl Model {
        fn run(&self, at: u32) {
            assert_eq!(self.ran[at as usize].fetch_add(1, Relaxed), 0, "node {at} ran twice");
            if at == NODES - 1 {
                assert_eq!(self.ended[0].load(Relaxed), 1, "it did not wait");
            }
            self.ended[at as usize].store(1, Relaxed);
        }

        /// What follows from the end of a node of a block that was taken apart, as in `after_node`.
        fn end(&self, at: u32, seen: Option<&Sequence>) {
            match self.apart.end(&self.plan, 0, at, at..NODES) {
                Follows::End => {
                    self.told.fetch_add(1, Relaxed);
                }
                Follows::Nodes(free) => self.go_on(free, seen),
            }
        }

        /// Runs nodes by themselves. `seen`: what others see of the thread.
        fn go_on(&self, free: Vec<u32>, mut seen: Option<&Sequence>) {
            for at in free {
                // Nothing is behind it, so it does not matter who settled where the thread is.
                let taken = seen.is_some_and(|own| !own.reach(at, fence::Plain));
                seen.filter(|_| taken).map(|own| own.settle(at));
                self.run(at);
                seen = seen.filter(|own| !taken && own.reach(IDLE, fence::Plain));
                self.end(at, seen);
            }
        }

        fn take_over_from(&self, of: &Sequence, seen: Option<&Sequence>) {
            if let Some(at) = of.take_over().filter(|&at| at != IDLE)
                && at + 1 < NODES
            {
                self.go_on(self.apart.take(&self.plan, 0, at..NODES), seen);
            }
        }

        /// As `Lap::run`.
        fn own(&self) {
            // What others see of the thread; after it was settled, nobody.
            let mut sequence = Some(&self.sequence);
            let (mut at, mut last) = (0, None);
            while at < last.map_or(NODES, |last| last + 1) {
                let taken = sequence.is_some_and(|own| !own.reach(at, fence::Plain));
                let settled = sequence.filter(|_| taken).map(|own| own.settle(at));
                match settled {
                    None => {
                        self.run(at);
                        at += 1;
                        continue;
                    }
                    Some(Settled::Here | Settled::There(IDLE)) => {}
                    Some(Settled::There(base)) if base == at => last = Some(at),
                    Some(Settled::There(base)) => return self.end(base, None),
                }
                sequence = None;
            }
            if let Some(own) = sequence.filter(|own| !own.reach(IDLE, fence::Plain)) {
                own.settle(IDLE);
            }
            match last {
                Some(last) if last + 1 < NODES => self.end(last, None),
                _ => {
                    self.told.fetch_add(1, Relaxed);
                }
            }
        }

        /// As `InBlocks::take_over`, from the first.
        fn take_over(&self) {
            self.take_over_from(&self.sequence, Some(&self.other));
        }

        /// As the same, from the other.
        fn take_over_again(&self) {
            self.take_over_from(&self.other, None);
        }
    }

    #[test]
    fn loom_each_node_of_a_block_that_is_taken_apart_runs_once() {
        loom::model(|| {
            let model = Arc::new(Model {
                plan: plan(),
                sequence: Sequence::idle(),
                other: Sequence::idle(),
                apart: Apart::default(),
                ran: Default::default(),
                ended: Default::default(),
                told: AtomicU32::new(0),
            });
            let taker = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.take_over())
            };
            model.own();
            model.take_over_again();
            taker.join().unwrap();
            assert!(model.ran.iter().all(|ran| ran.load(Relaxed) == 1));
            assert_eq!(model.told.load(Relaxed), 1, "the block ends once");
        });
    }
}
