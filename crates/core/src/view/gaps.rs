//! [`place_with_gaps`]: where nodes stand when edges that pass levels are to run between them.
//!
//! In each level that edges of a node pass there is a gap for them, laid out like a narrow node. Edges of
//! one node share their gaps, and part where they end.

use super::layout::place;

/// How many gaps there may be for each node: beyond, edges run straight through levels.
const GAPS: usize = 8;

/// Where nodes stand, and where edges pass the levels between their ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routed {
    /// The place of each node in its level, gaps counted.
    pub order: Vec<u32>,
    /// Where the middle of each node is, from the left border of the leftmost.
    pub x: Vec<f64>,
    /// For each node the middle of the gap for its edges in each level that one of them passes, the
    /// level below it first. Empty where there are too many.
    pub gaps: Vec<Vec<f64>>,
}

/// Places nodes as [`place`] does, and keeps room of the width `gap` wherever an edge passes a level.
///
/// ```
/// use terrace_core::place_with_gaps;
///
/// // A chain of three, and an edge past the one in the middle.
/// let routed = place_with_gaps(&[0, 1, 2], &[10.0; 3], &[(0, 1), (1, 2), (0, 2)], 4.0);
/// let past = routed.gaps[0][0];
/// assert!((past - routed.x[1]).abs() >= 7.0);
/// ```
///
/// # Panics
/// As [`place`], and when an edge does not lead to a higher level.
pub fn place_with_gaps(levels: &[u32], widths: &[f64], edges: &[(u32, u32)], gap: f64) -> Routed {
    let own = levels.len();
    let (mut levels, mut widths) = (levels.to_vec(), widths.to_vec());
    // How far down the edges of each node lead.
    let mut deepest = levels.clone();
    for &(from, to) in edges {
        let deepest = &mut deepest[from as usize];
        *deepest = (*deepest).max(levels[to as usize]);
    }
    // The gaps of each node, one below the other.
    let mut gaps = vec![0..0; own];
    for node in 0..own {
        let passed = levels[node] + 1..deepest[node];
        if levels.len() + passed.len() <= (1 + GAPS) * own {
            let first = levels.len();
            levels.extend(passed);
            gaps[node] = first..levels.len();
        }
    }
    widths.resize(levels.len(), gap);
    let mut joined = Vec::new();
    for (node, gaps) in gaps.iter().enumerate() {
        let mut above = node as u32;
        for gap in gaps.clone() {
            joined.push((above, gap as u32));
            above = gap as u32;
        }
    }
    for &(from, to) in edges {
        let passed = (levels[to as usize] - levels[from as usize] - 1) as usize;
        let gaps = &gaps[from as usize];
        let through = passed > 0 && !gaps.is_empty();
        joined.push((if through { (gaps.start + passed - 1) as u32 } else { from }, to));
    }
    let mut placed = place(&levels, &widths, &joined);
    let gaps = gaps.into_iter().map(|gaps| placed.x[gaps].to_vec()).collect();
    placed.order.truncate(own);
    placed.x.truncate(own);
    Routed { order: placed.order, x: placed.x, gaps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_edge_passes_where_a_node_is() {
        // Levels of ten nodes, each joined to some up to five levels below.
        for mut seed in 0..20 {
            let mut next = |below: u32| (crate::order::split_mix(&mut seed) >> 33) as u32 % below;
            let levels: Vec<u32> = (0..100).map(|node| node / 10).collect();
            let edge = |_| {
                let from = next(90);
                let below = (from / 10 + 1 + next(5)).min(9);
                (from, below * 10 + next(10))
            };
            let edges: Vec<(u32, u32)> = (0..150).map(edge).collect();
            let routed = place_with_gaps(&levels, &[10.0; 100], &edges, 2.0);
            for &(from, to) in &edges {
                let passed = (levels[to as usize] - levels[from as usize] - 1) as usize;
                let gaps = &routed.gaps[from as usize];
                assert!(gaps.len() >= passed);
                for (gap, level) in gaps[..passed].iter().zip(levels[from as usize] + 1..) {
                    let row = (0..100).filter(|&node| levels[node] == level);
                    for node in row {
                        let apart = (routed.x[node] - gap).abs();
                        assert!(apart > 5.9, "{node} of {level} is {apart} from {from} -> {to}");
                    }
                }
            }
        }
    }

    #[test]
    fn of_too_many_gaps_there_are_none() {
        // A star from the first of a chain to all others: quadratic, were each level to be passed.
        let levels: Vec<u32> = (0..100).collect();
        let chain = (1..100).map(|node| (node - 1, node));
        let edges: Vec<(u32, u32)> = chain.chain((2..100).map(|node| (0, node))).collect();
        let all: Vec<(u32, u32)> =
            (0..100).flat_map(|a| (a + 1..100).map(move |b| (a, b))).collect();
        assert_eq!(place_with_gaps(&levels, &[1.0; 100], &edges, 0.1).gaps[0].len(), 98);
        let crowded = place_with_gaps(&levels, &[1.0; 100], &all, 0.1);
        assert!(crowded.gaps.iter().map(Vec::len).sum::<usize>() <= 800);
        assert!(crowded.gaps.iter().any(Vec::is_empty));
    }
}
