//! [`Line`]: things in order, the greatest first.
//!
//! The foremost few lie sorted, so that most comings and goings cost a search among those and a
//! short move; the others are a heap. A heap alone takes three times as long for the fifty or
//! hundred that a run usually has.

use std::collections::{BinaryHeap, VecDeque};

/// As many lie sorted at most.
const FRONT: usize = 128;

/// Things in order.
#[derive(Debug)]
pub(super) struct Line<T> {
    /// The foremost, the first of all at the end. None of the others comes before any of them.
    front: VecDeque<T>,
    others: BinaryHeap<T>,
}

impl<T: Ord + Copy> Line<T> {
    pub(super) fn new() -> Self {
        Self { front: VecDeque::new(), others: BinaryHeap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.front.len() + self.others.len()
    }

    /// Costs a logarithm of how many there are.
    pub(super) fn push(&mut self, thing: T) {
        if self.front.len() == FRONT {
            // Half of them, so that this is seldom.
            self.others.extend(self.front.drain(..FRONT / 2));
        }
        let behind = self.front.front().is_some_and(|last| thing < *last);
        if behind && !self.others.is_empty() {
            self.others.push(thing);
            return;
        }
        let at = self.front.partition_point(|other| *other < thing);
        self.front.insert(at, thing);
    }

    /// The greatest.
    pub(super) fn first(&self) -> Option<T> {
        self.front.back().copied()
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let first = self.front.pop_back();
        if self.front.is_empty() && !self.others.is_empty() {
            let count = self.others.len().min(FRONT / 2);
            for next in (0..count).filter_map(|_| self.others.pop()) {
                self.front.push_front(next);
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::{FRONT, Line};

    #[test]
    fn things_come_in_the_order_of_a_heap() {
        let mut seed = 2_463_534_242_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for round in 0..200_u64 {
            let (mut line, mut heap) = (Line::new(), BinaryHeap::new());
            // Some rounds grow beyond what lies sorted, others do not.
            let grows = 1 + round % 7;
            for _ in 0..4 * FRONT {
                if random() % 8 < grows {
                    // Few enough that some are equal.
                    let thing = random() % 500;
                    line.push(thing);
                    heap.push(thing);
                } else {
                    assert_eq!(line.pop(), heap.pop());
                }
                assert_eq!(line.first(), heap.peek().copied());
                assert_eq!(line.is_empty(), heap.is_empty());
            }
            while let Some(thing) = heap.pop() {
                assert_eq!(line.pop(), Some(thing));
            }
            assert_eq!(line.pop(), None);
        }
    }
}
