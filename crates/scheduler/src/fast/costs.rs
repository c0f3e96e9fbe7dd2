//! [`Costs`]: what the nodes of a plan took in earlier runs, and so how the next one begins.
//!
//! What nodes take by themselves only one thread can tell. What sharing them brings, only a run that
//! shares them: it is judged by what the whole run took, and where that was not less, runs go on as
//! before for a while, each time longer.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::share::WORTH;

/// What a node takes at least where it may be worth sharing in blocks, in nanoseconds: less, and the
/// values that two cores hand each other take longer.
pub(super) const SMALL: u64 = 25;

/// What a node takes at least, run by several threads, where it is surely worth that: its own time
/// and the 100 to 300 ns that sharing adds.
pub(super) const SURELY: u64 = 1_500;

/// What a node takes at least where it is not asked whether sharing pays.
const LONG: u64 = 20_000;

/// So many runs are shared from the start before another begins alone, to measure again; four times
/// as many where nodes are surely worth it.
const TRUST: u32 = 15;

/// As many where it is all that is known: in its first run a plan is laid out, and memory is new.
const FIRST_TRUST: u32 = 2;

/// So many runs begin alone after sharing brought nothing twice, at the most `TRUST << DOUBLINGS - 1`.
const DOUBLINGS: u32 = 7;

/// What is known of the nodes' costs.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// Whether a run has ended.
    known: AtomicU32,
    /// What a node took by itself, in nanoseconds; until one thread told, what it took among threads
    /// that shared them; 0 where nothing is known.
    alone: AtomicU64,
    /// How many of the next runs that tell something are shared from the start.
    shared: AtomicU32,
    /// How many workers the last run had.
    workers: AtomicU32,
    /// How many of the next runs begin alone, whatever nodes take.
    refused: AtomicU32,
    /// How often in a row sharing brought nothing.
    failures: AtomicU32,
    /// Whether nodes seemed much longer in the last run that was shared node by node.
    longer: AtomicBool,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// On one thread.
    Alone,
    /// Shared, in blocks for nodes that take so many nanoseconds.
    Shared(u64),
    /// Shared, node by node.
    Unsure,
}

impl Costs {
    /// Whether nothing is known.
    pub(super) fn are_unknown(&self) -> bool {
        self.known.load(Ordering::Relaxed) == 0
    }

    /// How the next run begins, with so many workers.
    pub(super) fn begin(&self, workers: u32) -> Begin {
        if self.workers.swap(workers, Ordering::Relaxed) != workers {
            // What sharing brings was found out among others.
            self.refused.store(0, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
        let alone = self.alone.load(Ordering::Relaxed);
        match self.shared.load(Ordering::Relaxed) {
            0 => {
                // This one measures. If it is observed or goes wrong it tells nothing, and the next
                // is shared all the same.
                if alone >= SMALL && self.refused.load(Ordering::Relaxed) == 0 {
                    self.shared.store(TRUST, Ordering::Relaxed);
                }
                Begin::Alone
            }
            _ => Begin::Shared(if alone == 0 { SURELY } else { alone }),
        }
    }

    /// Takes note of what nodes took, in nanoseconds each, on a thread that ran them by itself.
    pub(super) fn learn_alone(&self, each: u64) {
        self.known.store(1, Ordering::Relaxed);
        let before = self.alone.swap(each.max(1), Ordering::Relaxed);
        if before > 0 && (each >= 2 * before || 2 * each <= before) {
            // What was found out was of other nodes.
            self.refused.store(0, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
        let refused = self.refused.load(Ordering::Relaxed);
        self.refused.store(refused.saturating_sub(1), Ordering::Relaxed);
        let runs = match each {
            _ if refused > 0 || each < SMALL => 0,
            SURELY.. => 4 * TRUST,
            _ if before == 0 => FIRST_TRUST,
            _ => TRUST,
        };
        self.shared.store(runs, Ordering::Relaxed);
    }

    /// What a node took by itself, as far as is known; else 0.
    pub(super) fn alone(&self) -> u64 {
        self.alone.load(Ordering::Relaxed)
    }

    /// From how many nanoseconds a node on one that runs alone is longer than it should be.
    pub(super) fn long(&self) -> u64 {
        // However long they are: a thread is seen at one node for a millisecond, and not longer.
        WORTH.max(2 * self.alone()).min(LONG)
    }

    /// Takes note of what they took on threads that shared them node by node.
    pub(super) fn learn_shared(&self, each: u64) {
        self.known.store(1, Ordering::Relaxed);
        let mut alone = self.alone.load(Ordering::Relaxed);
        // What sharing adds is in it. Better than nothing until one thread tells, and than what was
        // told of nodes that were much shorter; of one run alone the cause may be another program.
        let is_longer = each > 4 * alone + WORTH;
        let was_longer = self.longer.swap(is_longer, Ordering::Relaxed);
        let is_first = alone == 0;
        if is_first || is_longer && was_longer {
            alone = each.max(1);
            self.alone.store(alone, Ordering::Relaxed);
            self.refused.store(0, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
        let refused = self.refused.load(Ordering::Relaxed);
        self.refused.store(refused.saturating_sub(1), Ordering::Relaxed);
        // Also where a run was to measure on one thread and others took over in between, as they do
        // where some nodes are much longer than most: else none would ever tell.
        if each >= LONG || refused == 0 && (alone >= SMALL || each >= SURELY) {
            let runs = if is_first && each < SURELY { FIRST_TRUST } else { TRUST };
            self.shared.store(runs, Ordering::Relaxed);
        }
    }

    /// Takes note of what they took on threads that shared them in blocks: the work of all of these,
    /// and the time of the whole run.
    pub(super) fn judge(&self, each: u64, whole: u64) {
        self.known.store(1, Ordering::Relaxed);
        // Here and not where the run began: of those that are observed or go wrong nothing is told, and
        // they are no reason to measure again. Several at once may all take note: one more or less
        // does no harm.
        let shared = self.shared.load(Ordering::Relaxed);
        self.shared.store(shared.saturating_sub(1), Ordering::Relaxed);
        if each >= LONG {
            // To run them one after the other, if only to measure, would cost more than it tells.
            self.shared.store(TRUST, Ordering::Relaxed);
            return;
        }
        let alone = self.alone.load(Ordering::Relaxed);
        // Also of nodes that seem long: what they take may be what sharing them costs.
        if alone > 0 && whole * 10 > alone * 9 {
            let failures = self.failures.load(Ordering::Relaxed).min(DOUBLINGS);
            self.failures.store(failures + 1, Ordering::Relaxed);
            // Of one run alone the cause may be that another program had a core of its threads.
            if let Some(before) = failures.checked_sub(1) {
                self.refused.store(TRUST << before, Ordering::Relaxed);
                self.shared.store(0, Ordering::Relaxed);
            }
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Begin, Costs, FIRST_TRUST, LONG, SMALL, SURELY, TRUST};

    /// Of a plan that ran by one thread twice, its nodes taking so long.
    fn known(each: u64) -> Costs {
        let costs = Costs::default();
        (0..2).for_each(|_| costs.learn_alone(each));
        costs
    }

    #[test]
    fn what_the_first_run_says_is_soon_measured_again() {
        let (alone, shared) = (Costs::default(), Costs::default());
        alone.learn_alone(300);
        shared.learn_shared(300);
        for costs in [alone, shared] {
            shared_for(&costs, FIRST_TRUST, 300);
            assert_eq!(costs.begin(2), Begin::Alone);
            costs.learn_alone(2);
            assert_eq!(costs.begin(2), Begin::Alone, "it was its memory that was slow");
        }
    }

    #[test]
    fn what_is_small_begins_alone_and_what_is_not_is_shared_for_a_while() {
        let costs = Costs::default();
        assert!(costs.are_unknown() && costs.begin(2) == Begin::Alone);
        costs.learn_alone(SMALL - 1);
        assert!(!costs.are_unknown() && costs.begin(2) == Begin::Alone);
        costs.learn_alone(SMALL);
        for _ in 0..TRUST {
            assert_eq!(costs.begin(2), Begin::Shared(SMALL));
            costs.judge(SMALL * 2, SMALL / 2);
        }
        assert_eq!(costs.begin(2), Begin::Alone);
        for _ in 0..2 * TRUST {
            costs.learn_alone(SURELY);
            costs.judge(SURELY, SURELY / 2);
            assert_eq!(costs.begin(2), Begin::Shared(SURELY));
        }
    }

    /// So many runs are shared, each of which tells that it pays.
    fn shared_for(costs: &Costs, runs: u32, each: u64) {
        for _ in 0..runs {
            assert_eq!(costs.begin(2), Begin::Shared(each));
            costs.judge(each, each / 2);
        }
    }

    #[test]
    fn runs_that_tell_nothing_change_nothing() {
        let costs = known(900);
        for _ in 0..10 * TRUST {
            assert_eq!(costs.begin(2), Begin::Shared(900), "those are observed");
        }
        shared_for(&costs, TRUST, 900);
        assert_eq!(costs.begin(2), Begin::Alone, "it is to measure, and fails");
        for _ in 0..10 * TRUST {
            assert_eq!(costs.begin(2), Begin::Shared(900));
        }
        // Of what is quick by one thread, none is shared for that.
        costs.learn_alone(SMALL - 1);
        (0..10).for_each(|_| assert_eq!(costs.begin(2), Begin::Alone));
    }

    #[test]
    fn what_sharing_brings_is_asked_again_with_other_workers() {
        let costs = known(500);
        for _ in 0..2 {
            assert_eq!(costs.begin(2), Begin::Shared(500));
            costs.judge(2_000, 1_000);
        }
        (0..10).for_each(|_| assert_eq!(costs.begin(2), Begin::Alone));
        assert_eq!(costs.begin(8), Begin::Alone, "it measures");
        assert_eq!(costs.begin(8), Begin::Shared(500));
    }

    #[test]
    fn however_long_nodes_are_a_long_one_is_seen() {
        let costs = Costs::default();
        costs.learn_alone(50_000_000);
        assert_eq!(costs.long(), LONG);
    }

    #[test]
    fn a_run_that_was_to_measure_and_was_taken_over_is_no_reason_not_to_share() {
        let costs = known(900);
        shared_for(&costs, TRUST, 900);
        assert_eq!(costs.begin(2), Begin::Alone);
        costs.learn_shared(1_200);
        assert_eq!(costs.begin(2), Begin::Shared(900), "what sharing adds is no node's");
        // Of nodes that are quicker by one thread it is; and they may become long.
        let costs = Costs::default();
        costs.learn_alone(SMALL - 1);
        costs.learn_shared(300);
        assert_eq!(costs.begin(2), Begin::Alone);
        costs.learn_shared(1_200);
        assert_eq!(costs.begin(2), Begin::Alone, "once may be a disturbance");
        costs.learn_shared(1_200);
        assert_eq!(costs.begin(2), Begin::Shared(1_200));
    }

    #[test]
    fn nodes_that_are_long_only_because_they_are_shared_are_left_to_one_thread() {
        let costs = known(500);
        assert_eq!(costs.begin(2), Begin::Shared(500));
        costs.judge(2 * SURELY, SURELY);
        assert_eq!(costs.begin(2), Begin::Shared(500), "it may have been a disturbance");
        costs.judge(2 * SURELY, SURELY);
        assert_eq!(costs.begin(2), Begin::Alone);
        // What has become long by itself is shared again after one run that tells.
        costs.learn_alone(SURELY);
        assert_eq!(costs.begin(2), Begin::Shared(SURELY));
    }

    #[test]
    fn sharing_that_brings_nothing_is_taken_back_and_tried_again_ever_later() {
        let costs = Costs::default();
        let mut alone = Vec::new();
        for _ in 0..3 {
            costs.learn_alone(100);
            while costs.begin(2) == Begin::Alone {
                costs.learn_alone(100);
                *alone.last_mut().unwrap() += 1;
            }
            costs.judge(300, 95);
            if alone.is_empty() {
                assert_eq!(costs.begin(2), Begin::Shared(100), "once may be a disturbance");
                costs.judge(300, 95);
            }
            alone.push(0);
        }
        assert_eq!(alone[..2], [TRUST, 2 * TRUST]);
        // Once it pays, it is tried soon again.
        costs.judge(110, 60);
        costs.judge(110, 95);
        costs.judge(110, 95);
        let again = (0..).take_while(|_| {
            costs.learn_alone(100);
            costs.begin(2) == Begin::Alone
        });
        assert_eq!(again.count() as u32, TRUST);
    }
}
