//! A graph of a million nodes, built by number: in how many ways one gets through a grid from its
//! upper left to its lower right corner, going right or down. Each cell is a node that adds what
//! comes from the left and from above.
//!
//! `cargo run --release -p example-scheduler-alone --bin by_number -- 1000`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::sync::Arc;

use terrace_scheduler::core::PlanBuilder;
use terrace_scheduler::{RunOptions, Scheduler, Timing};

/// The ways are counted modulo this prime: there are more than any number holds.
const MODULUS: i64 = 1_000_000_007;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let side: usize = std::env::args().nth(1).map_or(Ok(100), |side| side.parse())?;
    let mut grid = PlanBuilder::with_capacity(side * side, 0);
    let mut above = Vec::new();
    for _row in 0..side {
        let mut row = Vec::with_capacity(side);
        for column in 0..side {
            let cell = match (above.get(column), row.last()) {
                (Some(&above), Some(&left)) => {
                    grid.call(|a: i64, b: i64| (a + b) % MODULUS, [above, left])
                }
                (Some(&only), None) | (None, Some(&only)) => grid.call(|a: i64| a, [only]),
                (None, None) => grid.add(|| 1_i64),
            };
            row.push(cell);
        }
        above = row;
    }
    let last = *above.last().ok_or("the grid is empty")?;
    grid.keep(last);
    let plan = Arc::new(grid.build()?);

    let scheduler = Scheduler::builder().build()?;
    let report = scheduler.run(&plan, RunOptions::default().with_timing(Timing::Off));
    let ways = report.value(last)?;
    println!("{} nodes on {} levels: {ways:?} ways", plan.len(), plan.levels());
    Ok(())
}
