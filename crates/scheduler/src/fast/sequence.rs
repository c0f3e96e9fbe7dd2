//! [`Sequence`]: one thread runs a plan from its first node on, and another may take over what it
//! has not begun.
//!
//! The nodes of a plan stand in a valid order, so a thread that runs them one after the other needs
//! no counters, queues or clocks for each. Its *position* says which node it is at: all before have
//! ended. README.md has the states, and why no node runs twice or is forgotten.

use crossbeam::utils::CachePadded;

use super::fence;
use crate::sync::{AtomicU32, Ordering};

/// Nothing has been settled.
const NOWHERE: u32 = u32::MAX;
/// The position of one who runs no node.
pub(super) const IDLE: u32 = u32::MAX - 1;

/// Who settled where the sequence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// The one who asks: all before its position have ended.
    Here,
    /// Somebody else: all before this one have ended, and this one is its runner's.
    There(u32),
}

/// The position of the thread that runs the sequence, and what others want of it.
pub(super) struct Sequence {
    at: CachePadded<AtomicU32>,
    /// Whether somebody has come to take over.
    taken: CachePadded<AtomicU32>,
    /// Where the sequence ends.
    base: AtomicU32,
    owned: AtomicU32,
    /// Whether somebody is to come and take over.
    wanted: AtomicU32,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self {
            at: CachePadded::new(AtomicU32::new(0)),
            taken: CachePadded::new(AtomicU32::new(0)),
            base: AtomicU32::new(NOWHERE),
            owned: AtomicU32::new(0),
            wanted: AtomicU32::new(0),
        }
    }

    /// That of one who runs no node yet.
    pub(super) fn idle() -> Self {
        let sequence = Self::new();
        sequence.at.store(IDLE, Ordering::Relaxed);
        sequence
    }

    /// Makes the caller the one who runs it. True once.
    pub(super) fn own(&self) -> bool {
        self.owned.load(Ordering::Relaxed) == 0 && self.owned.swap(1, Ordering::Relaxed) == 0
    }

    /// Whether nobody runs it yet.
    pub(super) fn is_free(&self) -> bool {
        self.owned.load(Ordering::Relaxed) == 0
    }

    /// The runner comes to a node. False: somebody wants to take over, so that it has to [settle]
    /// first; the node has not begun.
    ///
    /// [settle]: Self::settle
    #[inline]
    pub(super) fn reach(&self, at: u32, fence: impl fence::Light) -> bool {
        // Release: who takes over reads what the nodes before have given.
        self.at.store(at, Ordering::Release);
        // Pairs with the heavy one in `take_over`: either the load below sees that somebody comes,
        // or that one sees the store above.
        fence.fence();
        self.taken.load(Ordering::Relaxed) == 0
    }

    /// Makes the runner stop before its next node: the run is to end.
    pub(super) fn interrupt(&self) {
        // Who comes too late for a node comes before the next: as ever with cancelling.
        self.taken.store(1, Ordering::Relaxed);
    }

    /// Ends the sequence from outside, where nobody has. The caller has acquired all before the
    /// node that it is given; that node is its runner's.
    pub(super) fn take_over(&self) -> Option<u32> {
        if self.taken.swap(1, Ordering::Relaxed) != 0 {
            return None;
        }
        if !fence::heavy() {
            // What was read next might be too little. The runner sees that somebody came, and ends
            // it by itself.
            return None;
        }
        let at = self.at.load(Ordering::Acquire);
        (self.settle(at) == Settled::Here).then_some(at)
    }

    /// Ends the sequence at a position of the runner's, or learns where it was ended.
    pub(super) fn settle(&self, at: u32) -> Settled {
        // Acquire, for the runner: nothing. Release, for the taker: nothing. What is handed on goes
        // through the nodes' own counters.
        match self.base.compare_exchange(NOWHERE, at, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Settled::Here,
            Err(base) => Settled::There(base),
        }
    }

    /// Whether it has ended: from there on the nodes' counters count.
    pub(super) fn is_settled(&self) -> bool {
        self.base.load(Ordering::Relaxed) != NOWHERE
    }

    /// Says that somebody is to take over.
    pub(super) fn want(&self) {
        // Made visible by the call that follows.
        self.wanted.store(1, Ordering::Relaxed);
    }

    /// Whether somebody is to take over.
    pub(super) fn is_wanted(&self) -> bool {
        // Where the run is to stop, its runner ends the sequence.
        self.wanted.load(Ordering::Relaxed) != 0
            && self.taken.load(Ordering::Relaxed) == 0
            && !self.is_settled()
    }

    /// Where its runner is, or was.
    pub(super) fn position(&self) -> u32 {
        self.at.load(Ordering::Relaxed)
    }

    #[cfg(not(terrace_loom))]
    /// Where its position and whether somebody wants to take over stand, for who does what
    /// [`Self::reach`] does.
    pub(super) fn words(&self) -> (&AtomicU32, &AtomicU32) {
        (&self.at, &self.taken)
    }

    /// Where that stands.
    pub(super) fn place(&self) -> &AtomicU32 {
        &self.at
    }
}

#[cfg(all(test, terrace_loom))]
mod tests {
    //! Every order of steps: each node runs once, whoever takes over and whenever.

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32 as Count, Ordering::Relaxed};
    use loom::thread;

    use super::{Sequence, Settled};

    const NODES: u32 = 3;

    struct Model {
        sequence: Sequence,
        ran: [Count; NODES as usize],
        /// Nodes behind the first of each two are held back until it has ended.
        ended: [Count; NODES as usize],
    }

    impl Model {
        fn run(&self, at: u32) {
            assert_eq!(self.ran[at as usize].fetch_add(1, Relaxed), 0, "node {at} ran twice");
        }

        fn own(&self) {
            let mut at = 0;
            while at < NODES && self.sequence.reach(at, super::fence::Plain) {
                self.run(at);
                self.ended[at as usize].store(1, Relaxed);
                at += 1;
            }
            match self.sequence.settle(at) {
                Settled::Here => (at..NODES).for_each(|at| self.run(at)),
                // Its own, which it has not begun.
                Settled::There(base) if base == at => self.run(base),
                // Its own, which it has ended.
                Settled::There(base) => assert_eq!(base + 1, at),
            }
        }

        fn take_over(&self) {
            if let Some(base) = self.sequence.take_over() {
                for at in 0..base {
                    assert_eq!(self.ended[at as usize].load(Relaxed), 1, "{at} before {base}");
                }
                (base + 1..NODES).for_each(|at| self.run(at));
            }
        }
    }

    #[test]
    fn loom_each_node_of_a_sequence_runs_once() {
        loom::model(|| {
            let model = Arc::new(Model {
                sequence: Sequence::new(),
                ran: Default::default(),
                ended: Default::default(),
            });
            let taker = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.take_over())
            };
            model.own();
            taker.join().unwrap();
            assert!(model.ran.iter().all(|ran| ran.load(Relaxed) == 1));
        });
    }
}
