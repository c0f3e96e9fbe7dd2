//! [`Leftovers`]: attempts that were given up and still run.
//!
//! A thread cannot be ended from outside. What was given up goes on until it looks at
//! `cancelled()` or ends by itself; meanwhile it is counted here, by the task's name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::run::lock;

/// Attempts that were given up and still run, of all runs of a scheduler.
#[derive(Default)]
pub(crate) struct Leftovers(Mutex<HashMap<Arc<str>, u32>>);

impl Leftovers {
    /// One more of a task.
    pub(crate) fn add(&self, task: &Arc<str>) {
        *lock(&self.0).entry(Arc::clone(task)).or_default() += 1;
    }

    /// One of a task has ended after all.
    pub(crate) fn end(&self, task: &Arc<str>) {
        let mut all = lock(&self.0);
        if let Some(count) = all.get_mut(task) {
            *count -= 1;
            if *count == 0 {
                all.remove(task);
            }
        }
    }

    /// How many there are of a task.
    pub(crate) fn of(&self, task: &str) -> u32 {
        lock(&self.0).get(task).copied().unwrap_or(0)
    }

    /// All, by task, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<(String, u32)> {
        let all = lock(&self.0);
        let mut all: Vec<_> = all.iter().map(|(task, &n)| (task.to_string(), n)).collect();
        all.sort();
        all
    }
}
