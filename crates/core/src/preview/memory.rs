//! How much memory a workflow's nodes may take at once.
//!
//! Of nodes on one path only one runs at a time. So the nodes are laid into chains, each along
//! edges, and of each chain only the largest counts: what runs at once has no two of a chain
//! (R. P. Dilworth, 1950, in the easy direction). The chains are laid greedily, so the sum is never
//! too small and at times larger than need be.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::load::{Load, Memory};
use crate::expr::NodeId;
use crate::workflow::Workflow;

/// What the nodes of a workflow may take at once, their loads by position.
pub(super) fn at_once(
    workflow: &Workflow,
    loads: &[Option<Load>],
) -> BTreeMap<Option<Arc<str>>, Memory> {
    let mut found: BTreeMap<Option<Arc<str>>, Memory> = BTreeMap::new();
    for load in loads.iter().flatten() {
        for (limit, memory) in &load.memory {
            let known = found.entry(limit.clone()).or_default();
            known.compute = known.compute.max(memory.compute);
            known.blocking = known.blocking.max(memory.blocking);
            known.held = known.held.saturating_add(memory.held);
        }
    }
    for (limit, memory) in &mut found {
        let peak = |id: NodeId| {
            let load = loads[id.index()].as_ref();
            load.and_then(|load| load.memory.get(limit)).map_or(0, |memory| memory.peak)
        };
        memory.peak = chains(workflow, peak);
    }
    found
}

/// The sum over chains of what is largest in each.
fn chains(workflow: &Workflow, peak: impl Fn(NodeId) -> u64) -> u64 {
    // For each node the chain it is on, for each chain its last node and its largest.
    let mut chain_of = vec![usize::MAX; workflow.nodes().len()];
    let mut chains: Vec<(NodeId, u64)> = Vec::new();
    for &id in workflow.levels().order() {
        let own = peak(id);
        let ends = workflow.dependencies(id).iter().copied();
        let ends = ends.filter(|on| chains[chain_of[on.index()]].0 == *on);
        // The one that this makes least larger.
        let best = ends.max_by_key(|on| chains[chain_of[on.index()]].1);
        let chain = match best {
            Some(on) => chain_of[on.index()],
            None => {
                chains.push((id, 0));
                chains.len() - 1
            }
        };
        chain_of[id.index()] = chain;
        chains[chain] = (id, chains[chain].1.max(own));
    }
    chains.iter().fold(0, |sum: u64, (_, largest)| sum.saturating_add(*largest))
}
