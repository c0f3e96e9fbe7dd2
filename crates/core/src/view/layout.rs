//! Where the nodes of a workflow stand: levels are rows, and their order in a row crosses few edges.
//!
//! Sugiyama's method without its first step, since levels are known: the nodes of a level are sorted
//! by the mean place of their neighbours (barycentres), downwards and upwards in turn, the best of
//! all sweeps is kept, and then nodes move sideways towards their neighbours as far as the order
//! allows. Takes time in proportion to the edges and the logarithm of the widest level, for each of
//! a few sweeps. The same graph gives the same places on every machine.

/// How often levels are sorted, down and up.
const SWEEPS: usize = 8;

/// How often nodes are moved sideways.
const MOVES: usize = 12;

/// Where the nodes of one workflow stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    /// The place of each node in its level, from 0.
    pub order: Vec<u32>,
    /// Where the middle of each node is, from the left border of the leftmost.
    pub x: Vec<f64>,
    /// How many pairs of edges between neighbouring levels cross.
    pub crossings: u64,
}

/// Places nodes by their levels. `widths` are what each node takes sideways, space around it
/// included; `edges` lead from nodes to others, by number, from lower levels to higher ones.
///
/// An edge that passes levels is best given as one that goes through a narrow node in each of them:
/// then there is room for it.
///
/// ```
/// use terrace_core::place;
///
/// // Two nodes above two, each joined to the one across: drawn without a crossing.
/// let placed = place(&[0, 0, 1, 1], &[10.0; 4], &[(0, 3), (1, 2)]);
/// assert_eq!(placed.crossings, 0);
/// ```
///
/// # Panics
/// When `widths` is shorter than `levels`, or an edge names a node that is not there.
pub fn place(levels: &[u32], widths: &[f64], edges: &[(u32, u32)]) -> Placed {
    let count = levels.len();
    let rows = levels.iter().max().map_or(0, |&level| level as usize + 1);
    let mut row: Vec<Vec<u32>> = vec![Vec::new(); rows];
    for (node, &at) in (0_u32..).zip(levels) {
        row[at as usize].push(node);
    }
    let above = Neighbours::of(count, edges.iter().map(|&(from, to)| (to, from)));
    let below = Neighbours::of(count, edges.iter().copied());
    let mut order = vec![0_u32; count];
    for row in &row {
        number(row, &mut order);
    }
    let mut scratch = Vec::new();
    let mut crossings = cross(&row, &below, &order, &mut scratch);
    let mut best = order.clone();
    for sweep in 0..SWEEPS {
        if crossings == 0 {
            break;
        }
        let down = sweep % 2 == 0;
        for step in 0..rows {
            let row = &mut row[if down { step } else { rows - 1 - step }];
            sort(row, if down { &above } else { &below }, &mut order);
        }
        let now = cross(&row, &below, &order, &mut scratch);
        if now < crossings {
            crossings = now;
            best.clone_from(&order);
        }
    }
    for row in &mut row {
        row.sort_unstable_by_key(|&node| best[node as usize]);
    }
    let x = spread(&row, widths, &above, &below, count);
    Placed { order: best, x, crossings }
}

/// Moves nodes sideways towards their neighbours.
fn spread(
    rows: &[Vec<u32>],
    widths: &[f64],
    above: &Neighbours,
    below: &Neighbours,
    count: usize,
) -> Vec<f64> {
    let mut x = vec![0.0; count];
    for row in rows {
        // Each row in the middle to begin with.
        let mut left = -row.iter().map(|&node| widths[node as usize]).sum::<f64>() / 2.0;
        for &node in row {
            x[node as usize] = left + widths[node as usize] / 2.0;
            left += widths[node as usize];
        }
    }
    for step in 0..MOVES {
        if step % 2 == 0 {
            rows.iter().for_each(|row| align(row, widths, above, &mut x));
        } else {
            rows.iter().rev().for_each(|row| align(row, widths, below, &mut x));
        }
    }
    let left = |node: usize, x: f64| x - widths[node] / 2.0;
    let least = x.iter().enumerate().map(|(node, &x)| left(node, x)).fold(f64::INFINITY, f64::min);
    // Rounded, so that a picture is the same wherever it is made.
    x.iter_mut().for_each(|x| *x = ((*x - least) * 64.0).round() / 64.0);
    x
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

/// How many pairs of edges from each level to those below cross, as far as their ends' places tell:
/// inversions, counted with a tree of sums (Fenwick, 1994).
fn cross(rows: &[Vec<u32>], below: &Neighbours, order: &[u32], sums: &mut Vec<u32>) -> u64 {
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut crossings = 0;
    let mut ends = Vec::new();
    for row in rows {
        sums.clear();
        sums.resize(widest + 1, 0);
        let mut seen = 0_u64;
        for &node in row {
            ends.clear();
            ends.extend(below.of_node(node).iter().map(|&other| order[other as usize]));
            for &end in &ends {
                // Edges seen before that end further left, or at the same place, do not cross.
                let (mut at, mut left) = (end as usize + 1, 0_u64);
                while at > 0 {
                    left += u64::from(sums[at]);
                    at &= at - 1;
                }
                crossings += seen - left;
            }
            for &end in &ends {
                let mut at = end as usize + 1;
                while at < sums.len() {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
            seen += ends.len() as u64;
        }
    }
    crossings
}

/// Moves the nodes of a level towards the mean of their neighbours, apart and in their order: once
/// from the left, once from the right, and the mean of both.
fn align(row: &[u32], widths: &[f64], neighbours: &Neighbours, x: &mut [f64]) {
    let wanted: Vec<f64> = row
        .iter()
        .map(|&node| {
            let others = neighbours.of_node(node);
            let sum: f64 = others.iter().map(|&other| x[other as usize]).sum();
            if others.is_empty() { x[node as usize] } else { sum / others.len() as f64 }
        })
        .collect();
    let apart = |at: usize| f64::midpoint(widths[row[at] as usize], widths[row[at + 1] as usize]);
    let mut left = wanted.clone();
    for at in 1..left.len() {
        left[at] = left[at].max(left[at - 1] + apart(at - 1));
    }
    let mut right = wanted;
    for at in (1..right.len()).rev() {
        right[at - 1] = right[at - 1].min(right[at] - apart(at - 1));
    }
    for (at, &node) in row.iter().enumerate() {
        x[node as usize] = f64::midpoint(left[at], right[at]);
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

    /// Pairs of edges between the same two levels that cross, looked at one by one.
    fn crossings(placed: &Placed, levels: &[u32], edges: &[(u32, u32)]) -> u64 {
        let at = |node: u32| placed.order[node as usize];
        let mut count = 0;
        for (first, a) in edges.iter().enumerate() {
            for b in &edges[first + 1..] {
                let same = levels[a.0 as usize] == levels[b.0 as usize];
                let left = i64::from(at(a.0)) - i64::from(at(b.0));
                let right = i64::from(at(a.1)) - i64::from(at(b.1));
                count += u64::from(same && left * right < 0);
            }
        }
        count
    }

    /// A graph of 15 levels of 20 nodes whose edges lead to the next level.
    fn random(mut seed: u64) -> (Vec<u32>, Vec<(u32, u32)>) {
        let mut next = |below: u32| (crate::order::split_mix(&mut seed) >> 33) as u32 % below;
        let levels: Vec<u32> = (0..300).map(|node| node / 20).collect();
        let edge = |_| {
            let to = 20 + next(280);
            ((to / 20 - 1) * 20 + next(20), to)
        };
        let edges = (0..450).map(edge).collect();
        (levels, edges)
    }

    #[test]
    fn edges_that_need_not_cross_do_not() {
        // Two rows of six, joined the other way round.
        let levels: Vec<u32> = (0..12).map(|node| node / 6).collect();
        let edges: Vec<(u32, u32)> = (0..6).map(|node| (node, 11 - node)).collect();
        assert_eq!(place(&levels, &[1.0; 12], &edges).crossings, 0);
    }

    #[test]
    fn nodes_are_apart_in_order_and_fewer_edges_cross_than_before() {
        for seed in 0..20 {
            let (levels, edges) = random(seed);
            let widths: Vec<f64> = (0..300).map(|node| 10.0 + f64::from(node % 7) * 13.0).collect();
            let placed = place(&levels, &widths, &edges);
            assert_eq!(placed.crossings, crossings(&placed, &levels, &edges), "seed {seed}");
            let as_built =
                Placed { order: (0..300).map(|node| node % 20).collect(), ..placed.clone() };
            let before = crossings(&as_built, &levels, &edges);
            assert!(placed.crossings * 2 < before, "seed {seed}: {} of {before}", placed.crossings);
            for level in 0..15 {
                let mut row: Vec<usize> = (0..300).filter(|&node| levels[node] == level).collect();
                row.sort_by_key(|&node| placed.order[node]);
                for two in row.windows(2) {
                    let apart = placed.x[two[1]] - placed.x[two[0]];
                    let least = f64::midpoint(widths[two[0]], widths[two[1]]);
                    assert!(apart > least - 0.1, "seed {seed}, level {level}: {apart} < {least}");
                }
            }
            assert_eq!(place(&levels, &widths, &edges), placed, "seed {seed}");
        }
    }

    #[test]
    fn a_chain_stands_in_one_column() {
        let levels: Vec<u32> = (0..50).collect();
        let edges: Vec<(u32, u32)> = (1..50).map(|node| (node - 1, node)).collect();
        assert!(place(&levels, &[2.0; 50], &edges).x.iter().all(|&x| x == 1.0));
        assert!(place(&[], &[], &[]).x.is_empty());
    }
}
