//! [`Advances`]: how many items of a map have ended, and of how many of those somebody was told.
//!
//! Telling of each of a million items costs more than anybody sees. Each of the first two
//! thousand is told when it ends; after that as soon as a thousandth of those that have ended is untold, and the
//! rest when the map ends. By number and not by time: what was told lags by a thousandth at most,
//! however long the next item takes, and nobody reads a clock.

use std::sync::atomic::{AtomicU64, Ordering};

/// What part of the items that have ended may be untold: one in so many.
const PART: u64 = 1_000;

/// How many items have ended, and of how many of them was told.
#[derive(Debug, Default)]
pub(crate) struct Advances {
    ended: AtomicU64,
    told: AtomicU64,
}

impl Advances {
    /// Some more have ended. How many are to be told of now, by the caller and nobody else.
    pub(crate) fn add(&self, items: u64) -> Option<u64> {
        // Numbers alone: whoever is told of an item gets nothing of it.
        let ended = self.ended.fetch_add(items, Ordering::Relaxed) + items;
        self.claim(ended, (ended / PART).max(1))
    }

    /// All that have ended and that nobody was told of. What other threads added is seen by who
    /// acquired that they are done.
    pub(crate) fn rest(&self) -> Option<u64> {
        self.claim(self.ended.load(Ordering::Relaxed), 1)
    }

    /// Claims what was not told of the first `ended`, where it is as many as `least`.
    fn claim(&self, ended: u64, least: u64) -> Option<u64> {
        let mut told = self.told.load(Ordering::Relaxed);
        loop {
            // Somebody who saw more may have told more.
            let untold = ended.checked_sub(told).filter(|untold| *untold >= least)?;
            let (now, relaxed) = (ended, Ordering::Relaxed);
            match self.told.compare_exchange_weak(told, now, relaxed, relaxed) {
                Ok(_) => return Some(untold),
                Err(found) => told = found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_lags_by_a_thousandth_and_adds_up() {
        let advances = Advances::default();
        let (mut ended, mut told, mut times) = (0, 0, 0);
        for step in [1, 1, 7, 250, 1, 3].into_iter().cycle().take(100_000) {
            ended += step;
            if let Some(more) = advances.add(step) {
                told += more;
                times += 1;
            }
            let untold = ended - told;
            assert!(untold <= ended / PART, "{untold} of {ended}");
        }
        assert!(times < 10_000, "told {times} times");
        told += advances.rest().unwrap_or(0);
        assert_eq!((told, advances.rest()), (ended, None));
    }

    #[test]
    fn several_threads_tell_of_each_item_once() {
        let advances = Advances::default();
        let told = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50_000 {
                        told.fetch_add(advances.add(1).unwrap_or(0), Ordering::Relaxed);
                    }
                });
            }
        });
        let rest = advances.rest().unwrap_or(0);
        assert_eq!(told.into_inner() + rest, 200_000);
    }
}
