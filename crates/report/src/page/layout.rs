//! Where the nodes of a workflow stand: their levels are rows, their order in a row crosses few edges.
//!
//! Sugiyama's method without its first step, since levels are known: nodes of a level are sorted by
//! the mean place of their neighbours (barycentres), downwards and upwards in turn, and then moved
//! sideways towards them as far as the order allows. Takes time in proportion to edges and the
//! logarithm of the widest level, for each of a few sweeps.

/// How often levels are sorted, down and up.
const SWEEPS: usize = 4;
/// How often nodes are moved sideways.
const MOVES: usize = 6;

/// Places of the nodes of one workflow.
pub(super) struct Layout {
    /// The place of each node in its level, from 0.
    pub(super) order: Vec<u32>,
    /// How far right each node stands, in widths of a node from the leftmost.
    pub(super) x: Vec<f32>,
}

/// Places nodes with these levels, joined by `edges` from lower to higher ones.
pub(super) fn place(levels: &[u32], edges: &[(u32, u32)]) -> Layout {
    let count = levels.len();
    let rows = levels.iter().max().map_or(0, |&level| level as usize + 1);
    let mut level: Vec<Vec<u32>> = vec![Vec::new(); rows];
    for (node, &at) in (0_u32..).zip(levels) {
        level[at as usize].push(node);
    }
    let above = Neighbours::of(count, edges.iter().map(|&(from, to)| (to, from)));
    let below = Neighbours::of(count, edges.iter().copied());
    let mut order = vec![0_u32; count];
    for row in &level {
        number(row, &mut order);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for step in 0..rows {
            let row = &mut level[if down { step } else { rows - 1 - step }];
            sort(row, if down { &above } else { &below }, &mut order);
        }
    }
    let mut x: Vec<f32> = vec![0.0; count];
    for row in &level {
        // Each row in the middle to begin with.
        let left = -(row.len() as f32) / 2.0;
        for (&node, place) in row.iter().zip(0_u32..) {
            x[node as usize] = left + place as f32;
        }
    }
    for step in 0..MOVES {
        let neighbours = if step % 2 == 0 { &above } else { &below };
        for row in &level {
            align(row, neighbours, &mut x);
        }
    }
    let least = x.iter().copied().fold(f32::INFINITY, f32::min);
    // Rounded, so that the page is the same wherever it is made.
    x.iter_mut().for_each(|x| *x = ((*x - least) * 64.0).round() / 64.0);
    Layout { order, x }
}

fn number(row: &[u32], order: &mut [u32]) {
    for (&node, place) in row.iter().zip(0_u32..) {
        order[node as usize] = place;
    }
}

/// Sorts a level by the mean place of its nodes' neighbours; those without stay where they are.
fn sort(row: &mut Vec<u32>, neighbours: &Neighbours, order: &mut [u32]) {
    let mut keyed: Vec<(f64, u32)> = row
        .iter()
        .map(|&node| {
            let others = neighbours.of_node(node);
            let own = f64::from(order[node as usize]);
            let sum: f64 = others.iter().map(|&other| f64::from(order[other as usize])).sum();
            (if others.is_empty() { own } else { sum / others.len() as f64 }, node)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(order[a.1 as usize].cmp(&order[b.1 as usize])));
    row.clear();
    row.extend(keyed.into_iter().map(|(_, node)| node));
    number(row, order);
}

/// Moves the nodes of a level towards the mean of their neighbours, at least one width apart and in
/// their order: once from the left, once from the right, and the mean of both.
fn align(row: &[u32], neighbours: &Neighbours, x: &mut [f32]) {
    let wanted: Vec<f32> = row
        .iter()
        .map(|&node| {
            let others = neighbours.of_node(node);
            let sum: f32 = others.iter().map(|&other| x[other as usize]).sum();
            if others.is_empty() { x[node as usize] } else { sum / others.len() as f32 }
        })
        .collect();
    let mut left = wanted.clone();
    for at in 1..left.len() {
        left[at] = left[at].max(left[at - 1] + 1.0);
    }
    let mut right = wanted;
    for at in (1..right.len()).rev() {
        right[at - 1] = right[at - 1].min(right[at] - 1.0);
    }
    for (at, &node) in row.iter().enumerate() {
        x[node as usize] = f32::midpoint(left[at], right[at]);
    }
}

/// Lists of neighbours, one per node, in two flat arrays.
struct Neighbours {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Neighbours {
    fn of(count: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (from, _) in edges.clone() {
            starts[from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0; starts[count] as usize];
        for (from, to) in edges {
            items[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, items }
    }

    fn of_node(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.items[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossings(layout: &Layout, edges: &[(u32, u32)]) -> usize {
        let x = |node: u32| layout.x[node as usize];
        let pairs = edges
            .iter()
            .enumerate()
            .flat_map(|(at, a)| edges[at + 1..].iter().map(move |b| (a, b)));
        pairs.filter(|(a, b)| (x(a.0) - x(b.0)) * (x(a.1) - x(b.1)) < 0.0).count()
    }

    #[test]
    fn edges_that_need_not_cross_do_not() {
        // Two rows of six, joined the other way round.
        let levels: Vec<u32> = (0..12).map(|node| node / 6).collect();
        let edges: Vec<(u32, u32)> = (0..6).map(|node| (node, 11 - node)).collect();
        assert_eq!(crossings(&place(&levels, &edges), &edges), 0);
    }

    #[test]
    fn nodes_of_a_level_are_a_width_apart_and_in_order() {
        let mut seed = 7_u64;
        let mut next = |below: u32| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u32 % below
        };
        let levels: Vec<u32> = (0..300).map(|node| node / 20).collect();
        let edges: Vec<(u32, u32)> = (0..500)
            .map(|_| {
                let to = 20 + next(280);
                (next(to / 20 * 20), to)
            })
            .collect();
        let layout = place(&levels, &edges);
        for level in 0..15 {
            let mut row: Vec<usize> = (0..300).filter(|&node| levels[node] == level).collect();
            row.sort_by_key(|&node| layout.order[node]);
            for two in row.windows(2) {
                assert!(layout.x[two[1]] - layout.x[two[0]] > 0.96, "seed 7, level {level}");
            }
        }
        assert_eq!(layout.x.iter().copied().fold(f32::INFINITY, f32::min), 0.0);
    }

    #[test]
    fn a_chain_stands_in_one_column() {
        let levels: Vec<u32> = (0..50).collect();
        let edges: Vec<(u32, u32)> = (1..50).map(|node| (node - 1, node)).collect();
        assert!(place(&levels, &edges).x.iter().all(|&x| x == 0.0));
        assert!(place(&[], &[]).x.is_empty());
    }
}
