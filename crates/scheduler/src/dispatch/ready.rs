//! [`Queue`]: units that may start and take the same, the most urgent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Urgency;
use super::demand::DemandId;
use super::slab::Slot;

/// What orders units: urgency, then the order of their places, then as they came.
pub(super) type Key = (Urgency, Reverse<u32>, Reverse<u64>);

/// Units that may start and take the same of everything.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) class: Class,
    heap: BinaryHeap<(Key, Slot)>,
    /// How often its first unit was passed over.
    pub(super) passed: u32,
}

/// What units take, and how much they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Class {
    /// Whether they take a place on the blocking lane, or one to compute.
    pub(super) blocking: bool,
    pub(super) demand: DemandId,
    /// Whether what they cost is reserved already: they do not queue behind those that wait for it.
    pub(super) paid: bool,
}

impl Queue {
    pub(super) fn new(class: Class) -> Self {
        Self { class, heap: BinaryHeap::new(), passed: 0 }
    }

    pub(super) fn push(&mut self, key: Key, slot: Slot) {
        self.heap.push((key, slot));
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn first(&self) -> Option<(Key, Slot)> {
        self.heap.peek().copied()
    }

    pub(super) fn pop(&mut self) -> Option<Slot> {
        self.passed = 0;
        self.heap.pop().map(|(_, slot)| slot)
    }
}
