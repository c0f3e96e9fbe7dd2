//! [`Ready`]: units that may start, the most urgent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Urgency;

/// Units that may start: the most urgent first, then in the order of their places, then as they
/// came.
#[derive(Debug)]
pub(super) struct Ready<U> {
    heap: BinaryHeap<Entry<U>>,
    came: u64,
}

#[derive(Debug)]
struct Entry<U> {
    key: (Urgency, Reverse<u32>, Reverse<u64>),
    unit: U,
}

impl<U> Ready<U> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), came: 0 }
    }

    pub(super) fn push(&mut self, unit: U, urgency: Urgency, place: u32) {
        self.came += 1;
        self.heap.push(Entry { key: (urgency, Reverse(place), Reverse(self.came)), unit });
    }

    pub(super) fn pop(&mut self) -> Option<U> {
        self.heap.pop().map(|entry| entry.unit)
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl<U> PartialEq for Entry<U> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<U> Eq for Entry<U> {}
impl<U> PartialOrd for Entry<U> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<U> Ord for Entry<U> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_units_come_first_and_equals_by_place_and_then_as_they_came() {
        let mut ready = Ready::new();
        for (place, urgency) in [(3, 1), (1, 1), (2, 7), (0, u32::MAX), (9, 7), (1, 1)] {
            let came = ready.len();
            ready.push((place, came), Urgency { outer: urgency, inner: 0 }, place);
        }
        let order: Vec<_> = std::iter::from_fn(|| ready.pop()).collect();
        assert_eq!(order, [(0, 3), (2, 2), (9, 4), (1, 1), (1, 5), (3, 0)]);
    }
}
