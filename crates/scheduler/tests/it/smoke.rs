//! The thin path: a diamond, on both paths.

use terrace_core::Value;
use terrace_scheduler::{Order, PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

#[test]
fn a_diamond_gives_its_sum() {
    within(30, || {
        for workers in [0, 1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for (order, path) in [
                (Order::Dataflow, PathChoice::Fast),
                (Order::Dataflow, PathChoice::Dispatcher),
                (Order::Levels, PathChoice::Auto),
            ] {
                let mut graph = Graph::new();
                let a = graph.node(&[], |_, _| Ok(Value::from(1_i64)));
                let sum = |_: &terrace_scheduler::TaskContext<'_>, args: &mut [Value]| {
                    Ok(Value::from(1 + args.iter().filter_map(Value::as_i64).sum::<i64>()))
                };
                let b = graph.node(&[a], sum);
                let c = graph.node(&[a], sum);
                graph.blocking(c);
                let d = graph.node(&[b, c], sum);
                graph.output("sum", d);
                let plan = graph.plan();
                let options = || RunOptions::default().with_order(order).with_path(path);
                for _ in 0..100 {
                    let report = scheduler.run(&plan, options());
                    assert_eq!(report.status, RunStatus::Succeeded);
                    assert_eq!(report.value(id(d)).unwrap(), &Value::from(5_i64));
                    assert!(report.value(id(b)).is_err());
                    let handle = scheduler.start(&plan, options());
                    while !handle.is_finished() {
                        std::thread::yield_now();
                    }
                    assert_eq!(handle.try_result().unwrap().counts.succeeded, 4);
                    assert_eq!(scheduler.start(&plan, options()).wait().counts.succeeded, 4);
                }
            }
        }
    });
}
