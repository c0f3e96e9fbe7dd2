//! A graph that grows as it runs: in how many ways n queens fit on an n×n board, as in
//! `examples/queens.yaml`, without a pack. A node gives a workflow with a node for each free column
//! of the next row, which runs in its place; each of those may do the same.
//!
//! `cargo run -p example-shapes --bin queens -- 8`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// How many rows become nodes; below, a node counts by itself. Enough of them to keep all cores
/// busy, and few enough that the graph costs nothing beside the search.
const SPLIT: u32 = 2;

/// A board of `n` columns with queens in its first `row` rows: what they attack in the next one, a
/// bit a column, straight down and along both diagonals.
#[derive(Clone, Copy)]
struct Board {
    n: u32,
    row: u32,
    down: u32,
    left: u32,
    right: u32,
}

impl Board {
    fn new(n: u32) -> Self {
        Self { n, row: 0, down: 0, left: 0, right: 0 }
    }

    /// The boards with one more queen.
    fn next(self) -> impl Iterator<Item = Self> {
        let free = !(self.down | self.left | self.right) & ((1 << self.n) - 1);
        let queens = (0..self.n).map(|column| 1 << column).filter(move |queen| free & queen != 0);
        queens.map(move |queen| Self {
            n: self.n,
            row: self.row + 1,
            down: self.down | queen,
            left: (self.left | queen) << 1,
            right: (self.right | queen) >> 1,
        })
    }

    fn count(self) -> u64 {
        if self.row == self.n { 1 } else { self.next().map(Self::count).sum() }
    }
}

/// The node's workflow: this function is called in the run, by the node.
fn solve(board: Board) -> Expansion<u64> {
    if board.row >= SPLIT.min(board.n) {
        return Expansion::value(board.count());
    }
    let wf = WorkflowBuilder::new("row");
    let below: Vec<Handle<u64>> = board.next().map(|next| wf.expand(solve, (next,))).collect();
    let total = wf.call(|below: Vec<u64>| below.iter().sum::<u64>(), (below,));
    Expansion::flow(wf, &total)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n = std::env::args().nth(1).map_or(Ok(8), |n| n.parse())?;
    if !(1..=16).contains(&n) {
        return Err("1 to 16 queens".into());
    }
    let engine = Engine::builder().build()?;
    let wf = engine.workflow("queens");
    let solutions = wf.expand(solve, (Board::new(n),));
    wf.output("solutions", &solutions);
    let wf = engine.build(wf)?;
    let report = engine.run(&wf, &RunRequest::new())?;
    println!("{n} queens: {}", report.get(&solutions)?);
    Ok(())
}
