//! What it costs to record a run: CPU time per node, without an observer, with one that does nothing,
//! with a record, and with a record that has values.
//!
//! `cargo run --release -p terrace-bench-recording [SPINS [WORKERS [ROUNDS]]]`: each of 20,000 nodes in
//! levels of 100 multiplies `SPINS` times, which takes about a nanosecond each. The four ways take turns
//! and the best of all rounds counts, since a busy machine only adds.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it is a command, and prints its result")]

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::sync::Arc;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use terrace::core::{Event, Observer, Plan, Redactor, Workflow, WorkflowBuilder};
use terrace::report::{Closing, Header, Recorder, RecorderOptions};
use terrace::scheduler::{RunOptions, Scheduler};

const NODES: usize = 20_000;
const WIDE: usize = 100;
const WAYS: [&str; 4] = ["no observer", "an observer", "a record", "with values"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>());
    let spins = args.next().transpose()?.unwrap_or(9_000);
    let workers = args.next().transpose()?.unwrap_or(2);
    let rounds = args.next().transpose()?.unwrap_or(20);
    let workflow = layers(spins)?;
    let plan = Arc::new(workflow.plan());
    let scheduler = Scheduler::builder().workers(workers).build()?;
    let folder = std::env::temp_dir();
    let file = folder.join(format!("terrace-bench-recording-{}.jsonl", std::process::id()));
    let mut best = [f64::INFINITY; WAYS.len()];
    for _ in 0..rounds {
        for (way, best) in best.iter_mut().enumerate() {
            *best = best.min(run(way, &workflow, &plan, &scheduler, &file)?);
        }
    }
    std::fs::remove_file(&file)?;
    for (name, best_of) in WAYS.iter().zip(best) {
        let more = (best_of / best[0] - 1.0) * 100.0;
        println!("{name:12} {best_of:8.3} µs of CPU time a node  {more:+6.1} %");
    }
    Ok(())
}

/// Runs it once, and gives the CPU time per node in microseconds, the record's end included.
fn run(
    way: usize,
    workflow: &Workflow,
    plan: &Arc<Plan>,
    scheduler: &Scheduler,
    file: &std::path::Path,
) -> Result<f64, Box<dyn Error>> {
    let mut options = RunOptions::default();
    let mut recorder = None;
    let nothing = |_: &Event| {};
    match way {
        0 => {}
        1 => options = options.with_observer(Arc::new(nothing)),
        _ => {
            let bytes = if way == 2 { 0 } else { 400 };
            let shown = RecorderOptions::default().with_value_bytes(bytes);
            let header = Header::of(workflow);
            let made = Recorder::new(File::create(file)?, &header, Redactor::default(), shown)?;
            options = options.with_observer(Arc::new(made.clone()) as Arc<dyn Observer>);
            recorder = Some(made);
        }
    }
    let before = cpu()?;
    scheduler.run(plan, options);
    if let Some(recorder) = recorder {
        recorder.finish(&Closing::default())?;
    }
    Ok((cpu()? - before) / NODES as f64)
}

/// CPU time of the process so far, in microseconds.
fn cpu() -> Result<f64, nix::Error> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64)
}

fn layers(spins: usize) -> Result<Workflow, Box<dyn Error>> {
    let wf = WorkflowBuilder::new("layers");
    let spin = move |a: i64, b: i64| {
        let mut x = (a ^ b) | 1;
        for _ in 0..spins {
            x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        x
    };
    let mut row: Vec<_> = (0..WIDE as i64).map(|node| wf.call(spin, (node, 1_i64))).collect();
    for _ in 1..NODES / WIDE {
        row = (0..WIDE).map(|at| wf.call(spin, (&row[at], &row[(at + 7) % WIDE]))).collect();
    }
    for (at, last) in row.iter().enumerate() {
        wf.output(format!("out{at}"), last);
    }
    Ok(wf.build(&terrace::core::NoTasks)?)
}
