//! What a node costs besides its task: `cargo run --release -p terrace-scheduler --example overhead`.
//!
//! Trivial tasks in three shapes, on both paths, with one and two workers; the least and the
//! median of many runs of one plan, in nanoseconds per node.
#![expect(clippy::print_stdout, reason = "prints its table")]
#![expect(clippy::unwrap_used, reason = "an example that cannot go on")]

use std::sync::Arc;
use std::time::Instant;

use terrace_core::{
    Args, Draft, Expr, NoTasks, NodeDraft, NodeId, OutputDraft, Plan, Port, Ref, Root, Signature,
    Task, TaskChoice, TaskError, TaskRef, Type, Value,
};
use terrace_scheduler::{PathChoice, RunOptions, Scheduler, TaskContext, Timing};

struct Trivial;

impl Task for Trivial {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::from(args.len() as i64))
    }
}

/// `on` gives the nodes that each node reads.
fn plan(n: usize, on: impl Fn(usize) -> Vec<usize>) -> Arc<Plan> {
    let body: Arc<dyn Task> = Arc::new(Trivial);
    let tasks: Vec<TaskRef> = (0..64)
        .map(|ports| TaskRef {
            name: "trivial".into(),
            signature: Arc::new(Signature {
                ports: (0..ports).map(|at| Port::new(format!("p{at}"), Type::I64)).collect(),
                output: Type::I64,
                ..Signature::default()
            }),
            body: Arc::clone(&body),
            pack: None,
        })
        .collect();
    let reference = |at: usize| Expr::Ref(Ref::new(Root::Node(NodeId::at(at).unwrap())));
    let nodes = (0..n)
        .map(|at| {
            let on = on(at);
            let (reads, after) = if on.len() < 64 { (on, vec![]) } else { (vec![], on) };
            NodeDraft {
                after: after.into_iter().filter_map(NodeId::at).collect(),
                ..NodeDraft::new(
                    TaskChoice::Inline(tasks[reads.len()].clone()),
                    Args::Positional(reads.into_iter().map(reference).collect()),
                )
            }
        })
        .collect();
    let last = OutputDraft { name: "last".into(), value: reference(n - 1), span: None };
    let draft = Draft { nodes, outputs: vec![last], ..Draft::default() };
    Arc::new(draft.validate(&NoTasks).unwrap().plan())
}

fn main() {
    let n: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let shapes = [
        ("chain", plan(n, |at| if at == 0 { vec![] } else { vec![at - 1] })),
        (
            "fan",
            plan(n, |at| match at {
                0 => vec![],
                _ if at + 1 == n => (1..at).collect(),
                _ => vec![0],
            }),
        ),
        (
            "layer64",
            plan(n, |at| {
                let above = |shift: usize| at / 64 * 64 - 64 + (at + shift) % 64;
                let both = [above(0), above(7), above(29)];
                if at < 64 { vec![] } else { both[..2 + at % 2].to_vec() }
            }),
        ),
    ];
    println!("n = {n}, ns per node: least / median");
    for (name, plan) in &shapes {
        for path in [PathChoice::Fast, PathChoice::Dispatcher] {
            for workers in [1, 2] {
                for timing in [Timing::Off, Timing::On] {
                    let scheduler = Scheduler::builder().workers(workers).build().unwrap();
                    let mut times: Vec<f64> = (0..200.min(20_000_000 / n))
                        .map(|_| {
                            let options = RunOptions::default().with_path(path).with_timing(timing);
                            let begin = Instant::now();
                            let report = scheduler.run(plan, options);
                            let time = begin.elapsed();
                            drop(report);
                            time.as_nanos() as f64 / n as f64
                        })
                        .collect();
                    times.sort_by(f64::total_cmp);
                    let median = times[times.len() / 2];
                    println!(
                        "{name:8} {path:?} workers {workers} timing {timing:?}: {:.0} / {median:.0}",
                        times[0]
                    );
                }
            }
        }
    }
}
