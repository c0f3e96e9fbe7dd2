//! Levels: level 0 has no dependencies, any other is 1 + the deepest level it depends on.
//!
//! Found with Kahn's algorithm (A. B. Kahn, "Topological sorting of large networks", 1962) over
//! flat arrays, in O(nodes + edges), without recursion.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::expr::NodeId;
use crate::workflow::Adjacency;

/// The levels of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Level of each node, by id.
    level: Vec<u32>,
    /// All nodes, level by level, as built within one.
    order: Vec<NodeId>,
    /// Where each level starts in `order`, and the end.
    starts: Vec<u32>,
}

impl Levels {
    /// How many levels there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is none: a workflow without nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The level of a node.
    ///
    /// # Panics
    /// When the id belongs to a larger workflow.
    pub fn of(&self, id: NodeId) -> usize {
        self.level[id.index()] as usize
    }

    /// The nodes of one level, in the order they were built: they can all run at once.
    ///
    /// # Panics
    /// When there is no such level.
    pub fn group(&self, level: usize) -> &[NodeId] {
        &self.order[self.starts[level] as usize..self.starts[level + 1] as usize]
    }

    /// The groups, level by level.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &[NodeId]> {
        (0..self.len()).map(|level| self.group(level))
    }

    /// All nodes in an order in which each comes after what it depends on.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// Finds the levels, or the nodes that lie on or behind a cycle.
    pub(crate) fn find(dependencies: &Adjacency) -> Result<Self, ()> {
        let n = dependencies.len();
        let (starts, dependents) = reverse(dependencies);
        let mut open: Vec<u32> =
            (0..n as u32).map(|id| dependencies.of(NodeId(id)).len() as u32).collect();
        let mut order: Vec<NodeId> =
            (0..n as u32).map(NodeId).filter(|id| open[id.index()] == 0).collect();
        let mut level = vec![0; n];
        let mut level_starts = vec![0];
        let mut begin = 0;
        while begin < order.len() {
            let end = order.len();
            level_starts.push(end as u32);
            for at in begin..end {
                let id = order[at].index();
                for &next in &dependents[starts[id] as usize..starts[id + 1] as usize] {
                    open[next.index()] -= 1;
                    if open[next.index()] == 0 {
                        level[next.index()] = level_starts.len() as u32 - 1;
                        order.push(next);
                    }
                }
            }
            order[end..].sort_unstable();
            begin = end;
        }
        if order.len() < n {
            return Err(());
        }
        Ok(Self { level, order, starts: level_starts })
    }
}

/// Who depends on each node, as flat arrays: starts and items.
pub(crate) fn reverse(dependencies: &Adjacency) -> (Vec<u32>, Vec<NodeId>) {
    let n = dependencies.len();
    let mut starts = vec![0u32; n + 1];
    for id in 0..n as u32 {
        for dependency in dependencies.of(NodeId(id)) {
            starts[dependency.index() + 1] += 1;
        }
    }
    for at in 0..n {
        starts[at + 1] += starts[at];
    }
    let mut cursor = starts.clone();
    let mut items = vec![NodeId(0); dependencies.edges()];
    for id in 0..n as u32 {
        for dependency in dependencies.of(NodeId(id)) {
            let slot = &mut cursor[dependency.index()];
            items[*slot as usize] = NodeId(id);
            *slot += 1;
        }
    }
    (starts, items)
}

/// One shortest cycle of every knot of nodes that depend on each other: each node depends on the
/// next, the last on the first.
pub(crate) fn cycles(dependencies: &Adjacency) -> Vec<Vec<NodeId>> {
    let n = dependencies.len();
    let mut graph = DiGraph::<(), (), u32>::with_capacity(n, dependencies.edges());
    for _ in 0..n {
        graph.add_node(());
    }
    for id in 0..n as u32 {
        for dependency in dependencies.of(NodeId(id)) {
            graph.add_edge(NodeIndex::new(id as usize), NodeIndex::new(dependency.index()), ());
        }
    }
    // Kosaraju's is petgraph's iterative one; Tarjan's recurses and overflows on long chains.
    let mut found = Vec::new();
    for knot in kosaraju_scc(&graph) {
        let first = NodeId(knot[0].index() as u32);
        if knot.len() == 1 && !dependencies.of(first).contains(&first) {
            continue;
        }
        let mut nodes: Vec<NodeId> = knot.iter().map(|node| NodeId(node.index() as u32)).collect();
        nodes.sort_unstable();
        // Every node of the knot is a start while that is cheap; a few are enough in a huge one.
        let starts = if nodes.len() <= 512 { nodes.len() } else { 16 };
        let shortest = nodes[..starts]
            .iter()
            .filter_map(|&start| cycle_through(start, dependencies))
            .min_by_key(Vec::len);
        found.extend(shortest);
    }
    found.sort();
    found
}

/// A shortest way from a node along dependencies back to itself (breadth first).
fn cycle_through(start: NodeId, dependencies: &Adjacency) -> Option<Vec<NodeId>> {
    let mut came_from: std::collections::HashMap<NodeId, NodeId> = Default::default();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in dependencies.of(node) {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = came_from[&at];
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if next != start && !came_from.contains_key(&next) {
                came_from.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    None
}
