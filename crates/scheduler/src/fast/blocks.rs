//! [`Blocks`]: a plan cut into stretches of nodes that pass from thread to thread as one.
//!
//! Handing a node to another thread costs 100 to 300 ns: a counter in another core's cache for each
//! of its dependencies, a queue, its values. Nodes that take less than some microseconds are
//! therefore handed on in blocks. A block is an interval of the plan's order, and any cut of a
//! topological order into intervals gives a graph without cycles, so there is nothing to check: wide
//! levels are cut into parts, narrow ones that follow each other are one block.

use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use terrace_core::{Plan, PlanIndex};

use super::spans::NO_SPAN;
use crate::run::lock;

/// What a block is to take, in nanoseconds: some ten times what handing it on costs.
const TARGET: u64 = 2_000;
/// What it takes at most where a level gives each thread several of that length: who waits at the end
/// of a level waits for one.
const MOST: u64 = 6_000;
/// How many blocks of a level each thread should have, where they need not be shorter for that.
const EACH: u64 = 4;
/// What it takes at least, where there is a choice.
const LEAST: u64 = 250;
/// A level that takes less than this is not worth sharing.
const LEVEL: u64 = 1_000;
/// Narrow levels become one block up to this.
const FUSED: u64 = 20_000;
/// Counters of so many runs are kept for the next ones.
const SPARES: usize = 4;

/// What is read of a block when it is run, side by side: little of it is in a core's cache by then.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Its first node; it ends where the next begins.
    start: u32,
    /// Where those that wait for it begin in [`Blocks::successors`].
    successors: u32,
    /// The span that has all of its nodes, or [`NO_SPAN`].
    span: u32,
}

/// A plan cut into blocks.
pub(super) struct Blocks {
    /// Of each; and one more, where the last one ends.
    heads: Box<[Head]>,
    successors: Box<[u32]>,
    in_degrees: Box<[u32]>,
    /// How many wait for nothing: the first ones.
    roots: u32,
    spares: Mutex<Vec<Waiting>>,
}

/// How many others each block of a run still waits for. Whoever brings one to 0 sets it back for the
/// next run, so that at rest all are as new.
pub(super) type Waiting = Box<[AtomicU32]>;

impl Blocks {
    /// Cuts a plan whose nodes take about so long, for so many threads. `None` where that leaves too
    /// little to do side by side. Costs O(nodes + edges).
    ///
    /// `span`: the number of the span that a node is part of.
    pub(super) fn cut(
        plan: &Plan,
        each: u64,
        threads: u32,
        span: impl Fn(u32) -> u32,
    ) -> Option<Self> {
        let starts = starts(plan, each.max(1), u64::from(threads));
        let count = starts.len() - 1;
        let mut of = Vec::with_capacity(plan.len());
        for block in 0..count {
            of.resize(starts[block + 1] as usize, block as u32);
        }
        let mut seen = vec![u32::MAX; count];
        let mut in_degrees = vec![0; count];
        let mut heads = Vec::with_capacity(count + 1);
        let mut successors = Vec::new();
        // How many nodes lie on the longest way to the end of each block.
        let mut ways = vec![0_u64; count];
        for block in 0..count {
            let (start, last) = (starts[block], starts[block + 1] - 1);
            // A span has no gaps.
            let span = if span(start) == span(last) { span(start) } else { NO_SPAN };
            heads.push(Head { start, successors: successors.len() as u32, span });
            seen[block] = block as u32;
            ways[block] += u64::from(starts[block + 1] - starts[block]);
            for at in (starts[block]..starts[block + 1]).map(PlanIndex::new) {
                for next in plan.successors(at) {
                    let next = of[next.index()] as usize;
                    if seen[next] != block as u32 {
                        seen[next] = block as u32;
                        in_degrees[next] += 1;
                        ways[next] = ways[next].max(ways[block]);
                        successors.push(next as u32);
                    }
                }
            }
        }
        let (start, successors_end) = (plan.len() as u32, successors.len() as u32);
        heads.push(Head { start, successors: successors_end, span: NO_SPAN });
        let longest = ways.into_iter().max().unwrap_or(0);
        if longest * 5 > plan.len() as u64 * 4 {
            return None;
        }
        let roots = in_degrees.iter().take_while(|&&count| count == 0).count() as u32;
        Some(Self {
            heads: heads.into(),
            successors: successors.into(),
            in_degrees: in_degrees.into(),
            roots,
            spares: Mutex::default(),
        })
    }

    /// The nodes of a block.
    #[inline]
    pub(super) fn nodes(&self, block: u32) -> std::ops::Range<u32> {
        self.heads[block as usize].start..self.heads[block as usize + 1].start
    }

    /// The number of the span that has all of the nodes of a block, or [`NO_SPAN`].
    #[inline]
    pub(super) fn span(&self, block: u32) -> u32 {
        self.heads[block as usize].span
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> u32 {
        self.in_degrees.len() as u32
    }

    /// The block of a node.
    pub(super) fn of(&self, at: u32) -> u32 {
        self.heads.partition_point(|head| head.start <= at) as u32 - 1
    }

    /// The blocks that wait for one.
    #[inline]
    pub(super) fn successors(&self, block: u32) -> &[u32] {
        let [own, next] = [block as usize, block as usize + 1].map(|at| self.heads[at].successors);
        &self.successors[own as usize..next as usize]
    }

    /// How many others a block waits for.
    #[inline]
    pub(super) fn in_degree(&self, block: u32) -> u32 {
        self.in_degrees[block as usize]
    }

    /// How many wait for nothing: the first ones.
    pub(super) fn roots(&self) -> u32 {
        self.roots
    }

    /// Counters for a run.
    pub(super) fn waiting(&self) -> Waiting {
        let spare = lock(&self.spares).pop();
        spare
            .unwrap_or_else(|| self.in_degrees.iter().map(|&count| AtomicU32::new(count)).collect())
    }

    /// Keeps the counters of a run that is over, for another.
    pub(super) fn give_back(&self, waiting: Waiting) {
        let mut spares = lock(&self.spares);
        if spares.len() < SPARES {
            spares.push(waiting);
        }
    }
}

/// Where blocks begin, and where the last one ends.
fn starts(plan: &Plan, each: u64, threads: u64) -> Vec<u32> {
    let mut starts = vec![0];
    // Where the block of narrow levels at hand begins.
    let mut fused: Option<u32> = None;
    for level in (0..plan.levels()).map(|level| plan.level(level)) {
        let width = u64::from(level.end - level.start);
        let parts = match width * each < LEVEL {
            true => 1,
            false => {
                let fair = width.div_ceil(2 * threads);
                let several = width.div_ceil(EACH * threads) * each;
                let target = several.clamp(TARGET, MOST);
                let length = (target / each).clamp(1, fair.max(1)).max(LEAST.div_ceil(each));
                width.div_ceil(length)
            }
        };
        if parts == 1 {
            let begin = *fused.get_or_insert(level.start);
            if u64::from(level.end - begin) * each > FUSED && begin < level.start {
                starts.push(level.start);
                fused = Some(level.start);
            }
            continue;
        }
        if fused.take().is_some() {
            starts.push(level.start);
        }
        for part in 1..=parts {
            starts.push(level.start + (width * part / parts) as u32);
        }
    }
    if fused.is_some() {
        starts.push(plan.len() as u32);
    }
    starts
}

#[cfg(test)]
mod tests {
    use terrace_core::{NoTasks, Plan, WorkflowBuilder};

    use super::{Blocks, NO_SPAN};

    /// Levels of so many nodes, each node after all of the level before.
    fn plan(widths: &[usize]) -> Plan {
        let wf = WorkflowBuilder::new("blocks");
        let mut before = Vec::new();
        for &width in widths {
            let level: Vec<_> = (0..width)
                .map(|_| before.iter().fold(wf.call(|| (), ()), |node, on| node.after(on)))
                .collect();
            before = level;
        }
        wf.build(&NoTasks).unwrap().plan()
    }

    fn cut(widths: &[usize], each: u64) -> Vec<std::ops::Range<u32>> {
        let blocks = Blocks::cut(&plan(widths), each, 2, |_| NO_SPAN).unwrap();
        (0..blocks.in_degrees.len() as u32).map(|block| blocks.nodes(block)).collect()
    }

    #[test]
    fn wide_levels_are_cut_and_narrow_ones_joined() {
        // Of 100 ns: a level of 64 is four blocks of 16, those of 3 are one block together.
        let found = cut(&[64, 3, 3, 64], 100);
        let sizes: Vec<_> = found.iter().map(std::ops::Range::len).collect();
        assert_eq!(sizes, [16, 16, 16, 16, 6, 16, 16, 16, 16]);
        assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start), "nothing is left out");
        // What takes longer than handing it on is handed on by itself.
        assert_eq!(cut(&[64, 64], 5_000).len(), 128);
    }

    #[test]
    fn blocks_wait_for_those_that_their_nodes_wait_for_once_each() {
        let blocks = Blocks::cut(&plan(&[64, 64]), 100, 2, |_| 0).unwrap();
        assert_eq!(blocks.roots(), 4);
        assert!((0..4).all(|block| blocks.successors(block) == [4, 5, 6, 7]));
        assert!((4..8).all(|block| blocks.in_degree(block) == 4));
    }

    #[test]
    fn a_plan_with_too_little_side_by_side_is_not_cut() {
        assert!(Blocks::cut(&plan(&[1; 50]), 2_000, 2, |_| 0).is_none());
        assert!(Blocks::cut(&plan(&[2; 50]), 30, 2, |_| 0).is_none(), "all of it is one block");
    }
}
