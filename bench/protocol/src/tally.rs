//! How many tasks each thread did, so that "2 threads" means two.
//!
//! Only where a request asks for it: counting takes about a nanosecond a task, and what is timed
//! must not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A thread's own, far enough from another's.
#[derive(Default)]
#[repr(align(128))]
struct Counter(AtomicU64);

static ALL: Mutex<Vec<Arc<Counter>>> = Mutex::new(Vec::new());

thread_local! {
    static MINE: Arc<Counter> = {
        let mine = Arc::new(Counter::default());
        all().push(Arc::clone(&mine));
        mine
    };
}

fn all() -> MutexGuard<'static, Vec<Arc<Counter>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a task of this thread's.
pub(crate) fn count() {
    // Nobody else writes to it, so load and store will do.
    MINE.with(|mine| mine.0.store(mine.0.load(Relaxed) + 1, Relaxed));
}

/// What each thread has done since the last call, most first. To be called when nobody does
/// anything: between two runs.
pub(crate) fn take() -> Vec<u64> {
    let mut done: Vec<u64> = all().iter().map(|counter| counter.0.swap(0, Relaxed)).collect();
    done.sort_unstable_by(|a, b| b.cmp(a));
    done.retain(|&done| done > 0);
    done
}

/// What the threads did in an ordinary run: the one in the middle, by what the busiest did. Which
/// thread that was may change from run to run.
pub(crate) fn ordinary(mut runs: Vec<Vec<u64>>) -> Vec<u64> {
    runs.sort_by_key(|run| run.first().copied());
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    // The only test of the process that counts.
    #[test]
    fn each_thread_counts_for_itself_and_counting_begins_anew() {
        take();
        count();
        let other = thread::spawn(|| (0..3).for_each(|_| count()));
        other.join().unwrap();
        assert_eq!(take(), [3, 1]);
        assert!(take().is_empty());
    }

    #[test]
    fn an_ordinary_run_is_the_one_in_the_middle() {
        let runs = vec![vec![10], vec![5, 5], vec![7, 3]];
        assert_eq!(ordinary(runs), [7, 3]);
        assert!(ordinary(Vec::new()).is_empty());
    }
}
