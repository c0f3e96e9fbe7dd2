//! Looking at a workflow's order: which orders are valid, and which path takes longest.

use crate::expr::NodeId;
use crate::level;
use crate::workflow::Workflow;

/// A longest path through a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticalPath {
    /// The nodes on it, first to last.
    pub nodes: Vec<NodeId>,
    /// The sum of their costs.
    pub length: f64,
}

impl Workflow {
    /// A path whose nodes cost most together, `cost` telling what each one costs (for example
    /// seconds; `|_| 1.0` counts nodes). Of equal ones, the first as built. O(nodes + edges).
    pub fn critical_path(&self, cost: impl Fn(NodeId) -> f64) -> CriticalPath {
        let order = self.levels().order();
        let mut reach = vec![0.0; order.len()];
        let mut before: Vec<Option<NodeId>> = vec![None; order.len()];
        let mut last: Option<NodeId> = None;
        for &id in order {
            let mut best = 0.0;
            for &dependency in self.dependencies(id) {
                if reach[dependency.index()] > best {
                    best = reach[dependency.index()];
                    before[id.index()] = Some(dependency);
                }
            }
            reach[id.index()] = best + cost(id);
            if last.is_none_or(|last| reach[id.index()] > reach[last.index()]) {
                last = Some(id);
            }
        }
        let length = last.map_or(0.0, |last| reach[last.index()]);
        let mut nodes: Vec<NodeId> = std::iter::successors(last, |at| before[at.index()]).collect();
        nodes.reverse();
        CriticalPath { nodes, length }
    }

    /// Whether an order has every node once and each after all it depends on.
    pub fn is_valid_order(&self, order: &[NodeId]) -> bool {
        let n = self.len();
        let mut position = vec![usize::MAX; n];
        for (at, id) in order.iter().enumerate() {
            match position.get_mut(id.index()) {
                Some(slot) if *slot == usize::MAX => *slot = at,
                _ => return false,
            }
        }
        order.len() == n
            && order.iter().all(|&id| {
                let here = position[id.index()];
                self.dependencies(id).iter().all(|on| position[on.index()] < here)
            })
    }

    /// A valid order drawn by `seed`: the same seed gives the same order.
    pub fn shuffled_order(&self, seed: u64) -> Vec<NodeId> {
        let (starts, dependents) = level::reverse(self.all_dependencies());
        let mut open: Vec<usize> = self.node_ids().map(|id| self.dependencies(id).len()).collect();
        let mut ready: Vec<NodeId> = self.node_ids().filter(|id| open[id.index()] == 0).collect();
        let mut order = Vec::with_capacity(open.len());
        let mut state = seed;
        while !ready.is_empty() {
            let at = (split_mix(&mut state) % ready.len() as u64) as usize;
            let id = ready.swap_remove(at);
            order.push(id);
            let dependents =
                &dependents[starts[id.index()] as usize..starts[id.index() + 1] as usize];
            for &next in dependents {
                open[next.index()] -= 1;
                if open[next.index()] == 0 {
                    ready.push(next);
                }
            }
        }
        order
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
