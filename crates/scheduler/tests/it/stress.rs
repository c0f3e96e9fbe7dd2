//! Many runs at once.

use std::sync::Arc;

use terrace_core::Value;
use terrace_scheduler::{PathChoice, RunOptions, Scheduler};

use crate::graph::{Graph, within};
use crate::random::Random;

fn small(random: &mut Random) -> (Arc<terrace_core::Plan>, i64) {
    let mut graph = Graph::new();
    let width = 1 + random.below(6);
    let body = |_: &terrace_scheduler::TaskContext<'_>, _: &mut [Value]| Ok(Value::from(1_i64));
    let wide: Vec<usize> = (0..width)
        .map(|at| {
            let node = graph.node(&[], body);
            if random.chance(if at == 0 { 5 } else { 0 }) { graph.blocking(node) } else { node }
        })
        .collect();
    let sum = graph
        .node(&wide, |_, args| Ok(Value::from(args.iter().filter_map(Value::as_i64).sum::<i64>())));
    graph.output("sum", sum);
    (graph.plan(), width as i64)
}

#[test]
fn twenty_thousand_tiny_runs() {
    within(100, || {
        for workers in [1, 2, 4, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let mut random = Random(workers as u64);
            let plans: Vec<_> = (0..20).map(|_| small(&mut random)).collect();
            for round in 0..5_000 {
                let (plan, sum) = &plans[round % plans.len()];
                let path = if round % 3 == 0 { PathChoice::Dispatcher } else { PathChoice::Fast };
                let options = RunOptions::default().with_path(path);
                let report = if round % 5 == 0 {
                    scheduler.start(plan, options).wait()
                } else {
                    scheduler.run(plan, options)
                };
                let found = report.output("sum").unwrap().as_ref().unwrap().as_i64();
                assert_eq!(found, Some(*sum), "round {round}");
            }
        }
    });
}

#[test]
fn a_thousand_runs_at_once_from_many_threads() {
    within(100, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut random = Random(9);
        let plans: Vec<_> = (0..20).map(|_| small(&mut random)).collect();
        std::thread::scope(|scope| {
            for thread in 0..20 {
                let (scheduler, plans) = (&scheduler, &plans);
                scope.spawn(move || {
                    let handles: Vec<_> = (0..50)
                        .map(|round| {
                            let (plan, sum) = &plans[(thread + round) % plans.len()];
                            (scheduler.start(plan, RunOptions::default()), *sum)
                        })
                        .collect();
                    for (handle, sum) in handles {
                        let report = handle.wait();
                        let found = report.output("sum").unwrap().as_ref().unwrap().as_i64();
                        assert_eq!(found, Some(sum));
                    }
                });
            }
        });
    });
}
