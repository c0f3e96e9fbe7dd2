//! [`Costs`]: what the nodes of a plan took in earlier runs, and so how the next one begins.

use std::sync::atomic::{AtomicU32, Ordering};

use super::share::WORTH;

/// What a node takes at least, run by several threads with work stealing, where it is surely worth
/// that: its own time and the 100 to 400 ns that sharing adds.
const SURELY: u64 = 1_500;

/// So many runs are shared from the start before another begins alone, to measure again: the only
/// way to tell what nodes take by themselves.
const TRUST: u32 = 15;

/// What is known of the nodes' costs.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// Whether a run has ended.
    known: AtomicU32,
    /// How many of the next runs are shared from the start.
    shared: AtomicU32,
}

impl Costs {
    /// Whether nothing is known.
    pub(super) fn are_unknown(&self) -> bool {
        self.known.load(Ordering::Relaxed) == 0
    }

    /// Whether the next run begins on one thread.
    pub(super) fn begin_alone(&self) -> bool {
        // Several runs at once may all take note: one more or less does no harm.
        let shared = self.shared.load(Ordering::Relaxed);
        self.shared.store(shared.saturating_sub(1), Ordering::Relaxed);
        shared == 0
    }

    /// Takes note of what nodes took, in nanoseconds each, on a thread that ran them by itself.
    pub(super) fn learn_alone(&self, each: u64) {
        self.known.store(1, Ordering::Relaxed);
        self.shared.store(if each < WORTH { 0 } else { TRUST }, Ordering::Relaxed);
    }

    /// Takes note of what they took on threads that shared them.
    pub(super) fn learn_shared(&self, each: u64) {
        self.known.store(1, Ordering::Relaxed);
        if each >= SURELY {
            self.shared.store(TRUST, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Costs, SURELY, TRUST, WORTH};

    #[test]
    fn what_is_small_begins_alone_and_what_is_not_is_shared_for_a_while() {
        let costs = Costs::default();
        assert!(costs.are_unknown() && costs.begin_alone());
        costs.learn_alone(WORTH - 1);
        assert!(!costs.are_unknown() && costs.begin_alone());
        costs.learn_alone(WORTH);
        for _ in 0..TRUST {
            assert!(!costs.begin_alone());
            // It may be the sharing that costs.
            costs.learn_shared(SURELY - 1);
        }
        assert!(costs.begin_alone());
        for _ in 0..2 * TRUST {
            costs.learn_shared(SURELY);
            assert!(!costs.begin_alone());
        }
    }
}
