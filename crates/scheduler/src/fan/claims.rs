//! [`Claims`]: which items nobody has taken yet, and how many to take at a time.
//!
//! Items are taken in order. How many at a time is either said or measured: twice as many as
//! before while they take less than [`AIM`] together, half as many when they take longer. Whoever
//! finds that a claim takes much longer gives the rest of it back, so that a few slow items do not
//! hold up the quick ones that happened to stand behind them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use terrace_core::Chunk;

use crate::run::lock;

/// How long the items of one claim take together, where that is measured.
const AIM: Duration = Duration::from_micros(250);
/// After this time the rest of a claim is given back.
const PATIENCE: Duration = Duration::from_millis(2);
/// Most items of a measured claim.
const MOST: u32 = 4096;

/// Items from `start` up to `end`.
pub(crate) type Range = std::ops::Range<u64>;

/// Which items nobody has taken yet.
pub(crate) struct Claims {
    next: AtomicU64,
    end: u64,
    size: AtomicU32,
    /// How many at a time at most, where that is measured.
    most: Option<u32>,
    given_back: Mutex<Vec<Range>>,
    /// How many ranges were given back, to look at without the lock.
    returned: AtomicUsize,
}

impl Claims {
    /// `most`: how many at a time at most.
    pub(crate) fn new(items: u64, chunk: Chunk, most: u32) -> Self {
        let (size, most) = match chunk {
            Chunk::Of(size) => (size.clamp(1, most.max(1)), None),
            Chunk::Auto => (1, Some(most.clamp(1, MOST))),
        };
        Self {
            next: AtomicU64::new(0),
            end: items,
            size: AtomicU32::new(size),
            most,
            given_back: Mutex::default(),
            returned: AtomicUsize::new(0),
        }
    }

    /// One item at a time, however long it takes.
    pub(crate) fn single(items: u64) -> Self {
        Self::new(items, Chunk::Of(1), 1)
    }

    /// How many items nobody ever took. Only when all tokens have ended.
    pub(crate) fn never_taken(&self) -> u64 {
        let back = lock(&self.given_back).iter().map(|range| range.end - range.start).sum::<u64>();
        self.end.saturating_sub(self.next.load(Ordering::Relaxed)) + back
    }

    /// Whether anything is left to take.
    pub(crate) fn any_left(&self) -> bool {
        // Hints: who finds nothing takes nothing.
        self.next.load(Ordering::Relaxed) < self.end || self.returned.load(Ordering::Relaxed) > 0
    }

    /// Takes the next items.
    pub(crate) fn take(&self) -> Option<Range> {
        if self.returned.load(Ordering::Relaxed) > 0 {
            let mut given_back = lock(&self.given_back);
            // The first ones first: others may wait for them.
            let first = (0..given_back.len()).min_by_key(|&at| given_back[at].start);
            if let Some(range) = first.map(|at| given_back.swap_remove(at)) {
                self.returned.fetch_sub(1, Ordering::Relaxed);
                return Some(range);
            }
        }
        if self.next.load(Ordering::Relaxed) >= self.end {
            return None;
        }
        let size = u64::from(self.size.load(Ordering::Relaxed));
        // Items carry nothing that would have to be acquired: what they are made of was published
        // with the fan.
        let start = self.next.fetch_add(size, Ordering::Relaxed);
        (start < self.end).then(|| start..self.end.min(start + size))
    }

    /// What is left of a claim after one of its items, where claims are all of one size.
    pub(crate) fn rest(&self, item: u64) -> Range {
        if self.is_measured() {
            return 0..0;
        }
        // Nothing is given back, so every claim begins at a multiple of the size.
        let size = u64::from(self.size.load(Ordering::Relaxed));
        let end = (item / size + 1).saturating_mul(size);
        item + 1..end.min(self.end)
    }

    /// Takes nothing more, ever.
    pub(crate) fn stop(&self) {
        self.next.fetch_max(self.end, Ordering::Relaxed);
    }

    /// Whether whoever took some items should tell how long they took.
    pub(crate) fn is_measured(&self) -> bool {
        self.most.is_some()
    }

    /// Whether a claim has taken too long to go on with it.
    pub(crate) fn is_late(spent: Duration) -> bool {
        spent > PATIENCE
    }

    /// Gives the rest of a claim back. Whoever does that takes again, so nothing is forgotten.
    pub(crate) fn give_back(&self, rest: Range) {
        let mut given_back = lock(&self.given_back);
        given_back.push(rest);
        // Under the lock: nobody may count it off before.
        self.returned.fetch_add(1, Ordering::Relaxed);
        drop(given_back);
        self.size.store(1, Ordering::Relaxed);
    }

    /// Learns how long some items took.
    pub(crate) fn learn(&self, items: u64, spent: Duration) {
        let size = self.size.load(Ordering::Relaxed);
        if items < u64::from(size) {
            return;
        }
        let better = if spent > AIM {
            (size / 2).max(1)
        } else if spent < AIM / 2 {
            (size * 2).min(self.most.unwrap_or(MOST))
        } else {
            size
        };
        if better != size {
            self.size.store(better, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_taken_once_and_in_order() {
        let claims = Claims::new(10, Chunk::Of(4), u32::MAX);
        let taken: Vec<Range> = std::iter::from_fn(|| claims.take()).collect();
        assert_eq!(taken, [0..4, 4..8, 8..10]);
        assert!(!claims.any_left());
    }

    #[test]
    fn a_claim_of_a_said_size_knows_its_rest() {
        let claims = Claims::new(10, Chunk::Of(4), u32::MAX);
        let rest = |item| claims.rest(item).collect::<Vec<u64>>();
        assert_eq!(rest(0), [1, 2, 3]);
        assert_eq!(rest(3), [0_u64; 0]);
        assert_eq!(rest(8), [9]);
        assert_eq!(rest(9), [0_u64; 0]);
        assert!(Claims::single(10).rest(4).is_empty());
    }

    #[test]
    fn quick_items_are_taken_in_larger_claims_and_slow_ones_alone() {
        let claims = Claims::new(1_000_000, Chunk::Auto, u32::MAX);
        for expected in [1, 2, 4, 8] {
            let range = claims.take().unwrap();
            assert_eq!(range.end - range.start, expected);
            claims.learn(expected, Duration::from_micros(1));
        }
        let range = claims.take().unwrap();
        claims.give_back(range.start + 1..range.end);
        assert_eq!(claims.take(), Some(range.start + 1..range.end));
        assert_eq!(claims.take().map(|range| range.end - range.start), Some(1));
    }

    #[test]
    fn a_claim_is_never_larger_than_it_may_be() {
        let claims = Claims::new(100, Chunk::Auto, 2);
        for expected in [1, 2, 2, 2] {
            let range = claims.take().unwrap();
            assert_eq!(range.end - range.start, expected);
            claims.learn(expected, Duration::from_micros(1));
        }
        assert_eq!(Claims::new(100, Chunk::Of(10), 4).take(), Some(0..4));
    }

    #[test]
    fn what_was_given_back_comes_in_order() {
        let claims = Claims::new(100, Chunk::Of(10), u32::MAX);
        for _ in 0..3 {
            claims.take();
        }
        for range in [15..20, 3..10, 22..30] {
            claims.give_back(range);
        }
        let taken: Vec<Range> = std::iter::from_fn(|| claims.take()).take(4).collect();
        assert_eq!(taken[..3], [3..10, 15..20, 22..30]);
        assert_eq!(taken[3].start, 30);
    }

    #[test]
    fn a_stopped_fan_gives_nothing() {
        let claims = Claims::new(10, Chunk::Auto, 1);
        claims.stop();
        assert_eq!(claims.take(), None);
    }
}
