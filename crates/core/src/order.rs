//! Looking at a workflow's order: which orders are valid, and which path takes longest.

use std::time::Duration;

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

/// The path through a workflow that held up the end of a run, as it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldUp {
    /// The nodes on it, first to last.
    pub legs: Vec<Leg>,
}

/// A node on such a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The node.
    pub node: NodeId,
    /// When all that it depends on had ended, since the run's start.
    pub ready: Duration,
    /// When it started.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

impl Leg {
    /// How long it was ready and did not run: nobody had time, or a limit held it back.
    pub fn waited(&self) -> Duration {
        self.start.saturating_sub(self.ready)
    }

    /// How long it ran.
    pub fn ran(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }
}

impl HeldUp {
    /// How long its nodes ran, together.
    pub fn ran(&self) -> Duration {
        self.legs.iter().map(Leg::ran).sum()
    }

    /// How long they were ready and did not run, together.
    pub fn waited(&self) -> Duration {
        self.legs.iter().map(Leg::waited).sum()
    }
}

impl Workflow {
    /// The path that held up the end of a run: the node that ended last, before it whichever of its
    /// dependencies ended last, and so on. `times` tells when a node started and ended, `None` for
    /// one that did not run. Of equal ones, the first as built. O(nodes + edges of the path).
    pub fn held_up(&self, times: impl Fn(NodeId) -> Option<(Duration, Duration)>) -> HeldUp {
        let last = |ids: &mut dyn Iterator<Item = NodeId>| {
            ids.filter_map(|id| times(id).map(|(start, end)| (id, start, end)))
                .reduce(|a, b| if b.2 > a.2 { b } else { a })
        };
        let mut legs = Vec::new();
        let mut next = last(&mut self.node_ids());
        while let Some((node, start, end)) = next {
            next = last(&mut self.dependencies(node).iter().copied());
            let ready = next.map_or(Duration::ZERO, |(_, _, end)| end);
            legs.push(Leg { node, ready, start, end });
        }
        legs.reverse();
        HeldUp { legs }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::WorkflowBuilder;
    use crate::catalog::NoTasks;

    #[test]
    fn what_held_up_a_run_is_what_ended_last_and_before_it_what_that_waited_for() {
        let wf = WorkflowBuilder::new("held up");
        let short = wf.call(|| 0_i64, ()).named("short");
        let long = wf.call(|| 0_i64, ()).named("long");
        let join = wf.call(|a: i64, b: i64| a + b, (&short, &long)).named("join");
        let _ = wf.call(|n: i64| n, (&join,)).named("skipped");
        let _ = wf.call(|| 0_i64, ()).named("aside");
        let workflow = wf.build(&NoTasks).unwrap();
        let ms = Duration::from_millis;
        let times = [Some((0, 3)), Some((1, 9)), Some((11, 20)), None, Some((0, 19))];
        let held_up = workflow.held_up(|id| times[id.index()].map(|(a, b)| (ms(a), ms(b))));
        let legs: Vec<_> = held_up
            .legs
            .iter()
            .map(|leg| (workflow.node(leg.node).name(), leg.waited(), leg.ran()))
            .collect();
        assert_eq!(legs, [("long", ms(1), ms(8)), ("join", ms(2), ms(9))]);
        assert_eq!((held_up.ran(), held_up.waited()), (ms(17), ms(3)));
        assert_eq!(workflow.held_up(|_| None), HeldUp::default());
    }
}
