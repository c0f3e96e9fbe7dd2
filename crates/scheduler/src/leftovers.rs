//! [`Leftovers`]: attempts that were given up and still run.
//!
//! A thread cannot be ended from outside. What was given up goes on until it looks at
//! `cancelled()` or ends by itself; meanwhile it is counted here, by the task's name.
//!
//! A task that looks needs a moment to come back. New attempts wait that long ([`MOMENT`]) before
//! they are refused for those that still run: twenty requests that take too long at one time are
//! no reason not to make others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::run::lock;

/// How long an attempt that was given up may take to come back before others are refused for it.
pub(crate) const MOMENT: Duration = Duration::from_secs(1);

/// Attempts that were given up and still run, of all runs of a scheduler.
#[derive(Default)]
pub(crate) struct Leftovers {
    by_task: Mutex<HashMap<Arc<str>, Left>>,
    /// How many tasks have any, to look at without the lock.
    tasks: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct Left {
    count: u32,
    /// When the last of them was given up.
    newest: Duration,
}

impl Leftovers {
    /// One more of a task, at a time of the scheduler's clock.
    pub(crate) fn add(&self, task: &Arc<str>, now: Duration) {
        let mut all = lock(&self.by_task);
        let left = all.entry(Arc::clone(task)).or_default();
        left.count += 1;
        left.newest = left.newest.max(now);
        self.tasks.store(all.len(), Ordering::Relaxed);
    }

    /// One of a task has ended after all.
    pub(crate) fn end(&self, task: &Arc<str>) {
        let mut all = lock(&self.by_task);
        if let Some(left) = all.get_mut(task) {
            left.count -= 1;
            if left.count == 0 {
                all.remove(task);
                self.tasks.store(all.len(), Ordering::Relaxed);
            }
        }
    }

    /// Whether there are any.
    pub(crate) fn are_there(&self) -> bool {
        // Who sees it late lets one attempt more begin.
        self.tasks.load(Ordering::Relaxed) > 0
    }

    /// How many there are of a task, and when the last of them was given up.
    pub(crate) fn of(&self, task: &str) -> (u32, Duration) {
        if !self.are_there() {
            return (0, Duration::ZERO);
        }
        let left = lock(&self.by_task).get(task).copied().unwrap_or_default();
        (left.count, left.newest)
    }

    /// All, by task, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<(String, u32)> {
        let all = lock(&self.by_task);
        let mut all: Vec<_> =
            all.iter().map(|(task, left)| (task.to_string(), left.count)).collect();
        all.sort();
        all
    }
}
