//! [`Graph`]: what is measured. Nodes are numbered in a valid order: whatever a node depends on has
//! a smaller number.

use std::path::Path;
use std::{fs, io};

use crate::seeded::Seeded;

/// What every node depends on, in flat arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Where each node's dependencies begin in `dependencies`; one entry more than nodes.
    offsets: Vec<u32>,
    dependencies: Vec<u32>,
}

/// The shapes by name, each a different way to be hard:
///
/// - `chain`: nothing is parallel; what does a hop cost?
/// - `fan`: one node, all others but one, then one that waits for all.
/// - `layer64`: layers of 64 nodes with 2 or 3 dependencies each, the ordinary workload.
/// - `tree`: a binary reduction, leaves first.
/// - `random4`: up to 8 dependencies, 4 on average, among the 1,024 nodes before.
/// - `wave`: a square grid, each node after the one above and the one to the left.
pub const SHAPES: [&str; 6] = ["chain", "fan", "layer64", "tree", "random4", "wave"];

/// Width of a layer of `layer64`.
const LAYER: usize = 64;
/// How far back `random4` looks.
const WINDOW: usize = 1024;

impl Graph {
    /// A workflow file: nodes with two arguments, of which up to two are other nodes' outputs.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("terrace: 1\nname: bench\nnodes:\n");
        for node in 0..self.len() {
            let arg = |at: usize| match self.dependencies(node).get(at) {
                Some(on) => format!("\"${{n{on}}}\""),
                None => at.to_string(),
            };
            let (x, y) = (arg(0), arg(1));
            text += &format!("  n{node}: {{ task: math/add, with: {{ x: {x}, y: {y} }} }}\n");
        }
        text
    }

    /// Makes a shape with `nodes` nodes; `wave` rounds down to a square. `None` where there is no
    /// shape of that name.
    pub fn make(shape: &str, nodes: usize) -> Option<Self> {
        // The size is in the seed, so that two sizes are two graphs and not one cut short.
        let mut seeded = Seeded::new(0x07E4_4ACE ^ nodes as u64);
        Some(match shape {
            "chain" => Self::of(nodes, |node, on| on.extend(node.checked_sub(1))),
            "fan" => Self::of(nodes, |node, on| match node {
                0 => {}
                last if last + 1 == nodes => on.extend(1..last),
                _ => on.push(0),
            }),
            "layer64" => Self::of(nodes, |node, on| {
                let Some(before) = (node / LAYER).checked_sub(1) else { return };
                let wanted = 2 + seeded.below(2) as usize;
                draw(&mut seeded, on, wanted, before * LAYER, LAYER);
            }),
            "tree" => Self::of(nodes, |node, on| {
                // A heap from its end: node 0 is the last leaf, the last node the root.
                let place = nodes - 1 - node;
                let children = [2 * place + 2, 2 * place + 1];
                on.extend(children.into_iter().filter(|&at| at < nodes).map(|at| nodes - 1 - at));
            }),
            "random4" => Self::of(nodes, |node, on| {
                let wanted = (seeded.below(9) as usize).min(node);
                let first = node.saturating_sub(WINDOW);
                draw(&mut seeded, on, wanted, first, node - first);
            }),
            "wave" => {
                let side = nodes.isqrt();
                Self::of(side * side, |node, on| {
                    on.extend(node.checked_sub(side));
                    on.extend((node % side).checked_sub(1).map(|_| node - 1));
                })
            }
            _ => return None,
        })
    }

    fn of(nodes: usize, mut depends: impl FnMut(usize, &mut Vec<usize>)) -> Self {
        let mut offsets = Vec::with_capacity(nodes + 1);
        let mut dependencies = Vec::new();
        offsets.push(0);
        let mut on = Vec::new();
        for node in 0..nodes {
            on.clear();
            depends(node, &mut on);
            on.sort_unstable();
            dependencies.extend(on.iter().map(|&one| one as u32));
            offsets.push(dependencies.len() as u32);
        }
        Self { offsets, dependencies }
    }

    /// How many nodes it has.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many edges it has.
    pub fn edges(&self) -> usize {
        self.dependencies.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a node depends on, in rising order.
    pub fn dependencies(&self, node: usize) -> &[u32] {
        &self.dependencies[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// On how many nodes a node depends.
    pub fn in_degree(&self, node: usize) -> u32 {
        self.offsets[node + 1] - self.offsets[node]
    }

    /// Turns the edges round: the nodes that wait for each node. Part of what a peer's build takes.
    pub fn successors(&self) -> Successors {
        let mut offsets = vec![0_u32; self.len() + 1];
        for &on in &self.dependencies {
            offsets[on as usize + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut nodes = vec![0; self.dependencies.len()];
        let mut next = offsets.clone();
        for node in 0..self.len() {
            for &on in self.dependencies(node) {
                let at = &mut next[on as usize];
                nodes[*at as usize] = node as u32;
                *at += 1;
            }
        }
        Successors { offsets, nodes }
    }

    /// Writes it: two u64 (nodes, edges), then offsets and dependencies as u32, little-endian.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let counts = [self.len() as u64, self.dependencies.len() as u64];
        let mut bytes: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        let numbers = self.offsets.iter().chain(&self.dependencies);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        fs::write(path, bytes)
    }

    /// Reads what [`Graph::save`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a file.
    pub fn load(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        Self::decode(&bytes).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: not a graph", path.display()))
        })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (nodes, rest) = bytes.split_first_chunk()?;
        let (edges, rest) = rest.split_first_chunk()?;
        let nodes = usize::try_from(u64::from_le_bytes(*nodes)).ok()?;
        let edges = usize::try_from(u64::from_le_bytes(*edges)).ok()?;
        let numbers: Vec<u32> = rest
            .chunks(4)
            .map(|four| Some(u32::from_le_bytes(four.try_into().ok()?)))
            .collect::<Option<_>>()?;
        let (offsets, dependencies) = numbers.split_at_checked(nodes.checked_add(1)?)?;
        let graph = Self { offsets: offsets.to_vec(), dependencies: dependencies.to_vec() };
        // What peers rely on, so that a damaged file is an error and not a hang.
        let in_range = graph.dependencies.len() == edges
            && graph.offsets.first() == Some(&0)
            && graph.offsets.last().is_some_and(|&end| end as usize == edges)
            && graph.offsets.is_sorted()
            && (0..nodes)
                .all(|node| graph.dependencies(node).iter().all(|&on| (on as usize) < node));
        in_range.then_some(graph)
    }
}

/// Adds `wanted` different numbers out of `among` that begin at `first`.
fn draw(seeded: &mut Seeded, on: &mut Vec<usize>, wanted: usize, first: usize, among: usize) {
    while on.len() < wanted {
        let one = first + seeded.below(among as u64) as usize;
        if !on.contains(&one) {
            on.push(one);
        }
    }
}

/// The nodes that wait for each node, in flat arrays.
#[derive(Clone, Debug)]
pub struct Successors {
    offsets: Vec<u32>,
    nodes: Vec<u32>,
}

impl Successors {
    /// The nodes that wait for this one.
    #[inline]
    pub fn of(&self, node: usize) -> &[u32] {
        &self.nodes[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_its_nodes_in_order_and_no_edge_twice() {
        for shape in SHAPES {
            for nodes in [1, 2, 3, 63, 64, 65, 500, 3000] {
                let graph = Graph::make(shape, nodes).unwrap();
                assert!(graph.len() <= nodes && graph.len() + 2 * nodes.isqrt() >= nodes);
                for node in 0..graph.len() {
                    let on = graph.dependencies(node);
                    assert!(on.is_sorted_by(|a, b| a < b), "{shape} {nodes}: {node} on {on:?}");
                    assert!(on.iter().all(|&one| (one as usize) < node));
                }
            }
        }
        assert!(Graph::make("ring", 10).is_none());
    }

    #[test]
    fn successors_are_the_dependencies_turned_round() {
        let graph = Graph::make("random4", 700).unwrap();
        let successors = graph.successors();
        let mut edges = 0;
        for node in 0..graph.len() {
            edges += successors.of(node).len();
            for &after in successors.of(node) {
                assert!(graph.dependencies(after as usize).contains(&(node as u32)));
            }
        }
        assert_eq!(edges, graph.dependencies.len());
    }

    #[test]
    fn a_file_gives_the_graph_back_and_a_cut_one_an_error() {
        let graph = Graph::make("layer64", 300).unwrap();
        let path = std::env::temp_dir().join(format!("terrace-graph-{}", std::process::id()));
        graph.save(&path).unwrap();
        assert_eq!(Graph::load(&path).unwrap(), graph);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for end in [0, 7, 16, bytes.len() - 1, bytes.len() - 4] {
            assert!(Graph::decode(&bytes[..end]).is_none(), "{end}");
        }
    }
}
