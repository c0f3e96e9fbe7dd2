//! Runs inside tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use terrace_core::{Plan, TaskError, Value};
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

/// A plan whose only long node runs the same again, `depth` times, beside a trivial one.
fn deep(scheduler: &Scheduler, path: PathChoice, depth: usize, blocking: bool) -> Arc<Plan> {
    let mut graph = Graph::new();
    let below = (depth > 0).then(|| scheduler.clone());
    let long = graph.node(&[], move |_, _| {
        let Some(scheduler) = &below else { return Ok(Value::from(0_i64)) };
        let plan = deep(scheduler, path, depth - 1, blocking);
        let report = scheduler.run(&plan, RunOptions::default().with_path(path));
        match report.output("depth") {
            Some(Ok(found)) => Ok(Value::from(1 + found.as_i64().unwrap_or(0))),
            other => Err(TaskError::msg(format!("{other:?}"))),
        }
    });
    if blocking {
        graph.blocking(long);
    }
    let other = graph.node(&[], |_, _| Ok(Value::Null));
    let both = graph.node(&[long, other], |_, args| Ok(args[0].clone()));
    graph.output("depth", both);
    graph.plan()
}

fn depth_of(report: &terrace_scheduler::RunReport) -> Option<i64> {
    report.output("depth")?.as_ref().ok()?.as_i64()
}

#[test]
fn a_thousand_runs_inside_each_other_on_one_worker() {
    within(100, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let plan = deep(&scheduler, path, 1_000, false);
                let options = || RunOptions::default().with_path(path);
                assert_eq!(depth_of(&scheduler.run(&plan, options())), Some(1_000));
                let handle = scheduler.start(&plan, options());
                while !handle.is_finished() {
                    std::thread::yield_now();
                }
                assert_eq!(depth_of(&handle.try_result().unwrap()), Some(1_000));
            }
        }
    });
}

#[test]
fn blocking_nodes_may_nest_deeper_than_there_are_threads() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).max_blocking(2).build().unwrap();
        for path in PATHS {
            let plan = deep(&scheduler, path, 20, true);
            let report = scheduler.run(&plan, RunOptions::default().with_path(path));
            assert_eq!(depth_of(&report), Some(20));
        }
    });
}

#[test]
fn a_started_run_may_be_waited_for_inside_a_task() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        for path in PATHS {
            let mut inner = Graph::new();
            let asleep = inner.sleep(&[], std::time::Duration::from_millis(2));
            inner.node(&[asleep], |_, _| Ok(Value::Null));
            let inner = inner.plan();
            let mut graph = Graph::new();
            let own = scheduler.clone();
            graph.node(&[], move |_, _| {
                let handles: Vec<_> = (0..10)
                    .map(|_| own.start(&inner, RunOptions::default().with_path(path)))
                    .collect();
                let ok = handles.into_iter().all(|h| h.wait().status == RunStatus::Succeeded);
                if ok { Ok(Value::Null) } else { Err(TaskError::msg("inner")) }
            });
            let handle = scheduler.start(&graph.plan(), RunOptions::default().with_path(path));
            while !handle.is_finished() {
                std::thread::yield_now();
            }
            assert_eq!(handle.try_result().unwrap().status, RunStatus::Succeeded);
        }
    });
}

/// Every task of a wide run runs something itself.
#[test]
fn nested_runs_side_by_side() {
    within(60, || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let count = Arc::new(AtomicUsize::new(0));
                let mut inner = Graph::new();
                for _ in 0..10 {
                    let count = Arc::clone(&count);
                    inner.node(&[], move |_, _| {
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok(Value::Null)
                    });
                }
                let inner = inner.plan();
                let mut graph = Graph::new();
                for _ in 0..50 {
                    let (own, inner) = (scheduler.clone(), Arc::clone(&inner));
                    graph.node(&[], move |_, _| {
                        own.run(&inner, RunOptions::default().with_path(path));
                        Ok(Value::Null)
                    });
                }
                let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
                assert_eq!(report.counts.succeeded, 50);
                assert_eq!(count.load(Ordering::Relaxed), 500);
            }
        }
    });
}
