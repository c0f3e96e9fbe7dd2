//! What a node costs: Terrace's two paths against a plain loop and against `by hand`, a minimal
//! scheduler on crossbeam-deque, in one run.
//!
//! `cargo run --release -p terrace-bench [NODES]`. Times are nanoseconds per node with bodies that
//! do next to nothing, the median over re-runs of one built plan; the last columns are ratios to
//! `by hand` with the same number of threads. A second table has ten times as many items of a map
//! against plain nodes. Machines differ: quote the ratios.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

mod by_hand;
mod map;
mod shape;

use std::sync::Arc;
use std::time::{Duration, Instant};

use terrace_core::{NoTasks, Plan, Problems, WorkflowBuilder};
use terrace_scheduler::{PathChoice, RunOptions, Scheduler, Timing};

use by_hand::ByHand;
use shape::{Graph, SHAPES};

/// Re-runs of every cell.
const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    println!("{n} nodes, ns per node, median of {ROUNDS} re-runs");
    println!("shape     threads     loop  by hand     fast  dispatcher   fast/hand  disp/hand");
    for (name, make) in SHAPES {
        let graph = make(n);
        let plan = Arc::new(plan_of(&graph)?);
        let looped = median(|| loop_over(&graph)) / n as f64;
        for threads in [1, 2] {
            let hand = ByHand::new(&graph);
            let scheduler = Scheduler::builder().workers(threads).build()?;
            let run = |path| {
                let options = RunOptions::default().with_path(path).with_timing(Timing::Off);
                scheduler.run(&plan, options)
            };
            let by_hand = median(|| hand.run(threads)) / n as f64;
            let fast = median(|| drop(run(PathChoice::Fast))) / n as f64;
            let dispatcher = median(|| drop(run(PathChoice::Dispatcher))) / n as f64;
            println!(
                "{name:<9} {threads:>7} {looped:>8.1} {by_hand:>8.1} {fast:>8.1} {dispatcher:>11.1} {:>11.2} {:>10.2}",
                fast / by_hand,
                dispatcher / by_hand,
            );
        }
    }
    map::table(10 * n)
}

fn median(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2].as_nanos() as f64
}

/// The lower limit: the bodies in order, nothing else.
fn loop_over(graph: &Graph) {
    let mut sum = 0_i64;
    for node in 0..graph.len() {
        sum = std::hint::black_box(sum + node as i64);
    }
    std::hint::black_box(sum);
}

fn plan_of(graph: &Graph) -> Result<Plan, Problems> {
    let wf = WorkflowBuilder::new("bench");
    let mut handles = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let mut handle = wf.call(|| std::hint::black_box(()), ());
        for &on in graph.dependencies(node) {
            handle = handle.after(&handles[on as usize]);
        }
        handles.push(handle);
    }
    Ok(wf.build(&NoTasks)?.plan())
}
