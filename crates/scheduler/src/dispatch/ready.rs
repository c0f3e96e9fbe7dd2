//! [`Ready`]: nodes that may start, the most urgent first.

use std::collections::BinaryHeap;

use terrace_core::PlanIndex;

/// Nodes that may start: those with the longest way to an end first, then in run order.
#[derive(Debug, Default)]
pub(super) struct Ready(BinaryHeap<u64>);

impl Ready {
    pub(super) fn push(&mut self, at: PlanIndex, urgency: u32) {
        self.0.push(u64::from(urgency) << 32 | u64::from(!at.get()));
    }

    pub(super) fn pop(&mut self) -> Option<PlanIndex> {
        self.0.pop().map(place)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes all out, in run order.
    pub(super) fn drain(&mut self) -> Vec<PlanIndex> {
        let mut all: Vec<PlanIndex> = self.0.drain().map(place).collect();
        all.sort_unstable();
        all
    }
}

fn place(key: u64) -> PlanIndex {
    PlanIndex::new(!(key as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_nodes_come_first_and_equals_in_run_order() {
        let mut ready = Ready::default();
        for (at, urgency) in [(3, 1), (1, 1), (2, 7), (0, u32::MAX), (u32::MAX - 1, 7)] {
            ready.push(PlanIndex::new(at), urgency);
        }
        let order: Vec<u32> = std::iter::from_fn(|| ready.pop()).map(PlanIndex::get).collect();
        assert_eq!(order, [0, 2, u32::MAX - 1, 1, 3]);
    }
}
