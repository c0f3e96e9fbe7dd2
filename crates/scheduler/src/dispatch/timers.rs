//! [`Timers`]: what is to be looked at when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is to be looked at when: the earliest first, equals as they came. An entry that has become
/// meaningless stays until its time; whoever takes it out knows.
#[derive(Debug)]
pub(super) struct Timers<T> {
    heap: BinaryHeap<Reverse<(Duration, u64, T)>>,
    came: u64,
}

impl<T: Ord> Timers<T> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), came: 0 }
    }

    pub(super) fn add(&mut self, at: Duration, what: T) {
        self.came += 1;
        self.heap.push(Reverse((at, self.came, what)));
    }

    /// Takes one whose time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, what))| what)
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// How many there are, those that mean nothing any more included.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Takes out all that mean nothing. Costs a look at each.
    pub(super) fn sweep(&mut self, meaningless: impl Fn(&T) -> bool) {
        self.heap.retain(|Reverse((_, _, what))| !meaningless(what));
    }

    /// Whether there is one like this. Looks at all.
    pub(super) fn any(&self, mut like: impl FnMut(&T) -> bool) -> bool {
        self.heap.iter().any(|Reverse((_, _, what))| like(what))
    }

    /// Takes out the first while it means nothing.
    pub(super) fn skip(&mut self, meaningless: impl Fn(&T) -> bool) {
        while let Some(Reverse((_, _, what))) = self.heap.peek()
            && meaningless(what)
        {
            self.heap.pop();
        }
    }
}
