//! The scheduler alone: closures on a pool of threads, no packs and no files.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::sync::Arc;

use terrace_scheduler::core::{NoTasks, WorkflowBuilder};
use terrace_scheduler::{Order, RunOptions, Scheduler};

/// Counts the primes below `end` that are at least `start`, by trial division.
fn primes(start: u64, end: u64) -> u64 {
    (start.max(2)..end).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0)).count()
        as u64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wf = WorkflowBuilder::new("primes");
    let parts: Vec<_> =
        (0..8).map(|n| wf.call(move || primes(n * 25_000, (n + 1) * 25_000), ())).collect();
    let total = wf.call(|parts: Vec<u64>| parts.iter().sum::<u64>(), (parts,));
    wf.output("primes", &total);
    let plan = Arc::new(wf.build(&NoTasks)?.plan());

    let scheduler = Scheduler::builder().build()?;
    for order in [Order::Dataflow, Order::Levels] {
        let report = scheduler.run(&plan, RunOptions::default().with_order(order));
        println!("{order:?}: {} primes below 200000 in {:?}", report.get(&total)?, report.duration);
    }
    Ok(())
}
