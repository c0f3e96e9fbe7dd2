//! The graphs that are measured.

/// What each node depends on; nodes are in a valid order.
pub(crate) struct Graph(Vec<Vec<u32>>);

impl Graph {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn dependencies(&self, node: usize) -> &[u32] {
        &self.0[node]
    }
}

type Make = fn(usize) -> Graph;

/// Name and maker of every shape.
pub(crate) const SHAPES: [(&str, Make); 4] =
    [("chain", chain), ("fan", fan), ("layer64", layer64), ("tree", tree)];

fn chain(n: usize) -> Graph {
    Graph((0..n as u32).map(|node| (node > 0).then(|| node - 1).into_iter().collect()).collect())
}

/// One node, then all others but one, then one that waits for all.
fn fan(n: usize) -> Graph {
    let last = n as u32 - 1;
    Graph(
        (0..n as u32)
            .map(|node| match node {
                0 => vec![],
                node if node == last => (1..last).collect(),
                _ => vec![0],
            })
            .collect(),
    )
}

/// Layers of 64 nodes, each depending on its own place and the next one of the layer before.
fn layer64(n: usize) -> Graph {
    Graph(
        (0..n as u32)
            .map(|node| match node.checked_sub(64) {
                None => vec![],
                Some(before) => {
                    let layer = before / 64 * 64;
                    vec![before, layer + (before + 1) % 64]
                }
            })
            .collect(),
    )
}

/// A binary reduction: leaves first.
fn tree(n: usize) -> Graph {
    let leaves = n as u32 / 2 + 1;
    Graph(
        (0..n as u32)
            .map(|node| match node.checked_sub(leaves) {
                None => vec![],
                Some(at) => vec![2 * at, 2 * at + 1],
            })
            .collect(),
    )
}
