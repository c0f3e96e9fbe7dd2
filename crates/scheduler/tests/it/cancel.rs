//! Stopping a run, from outside, from inside, and before it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use terrace_core::{Event, EventKind, OutcomeStatus, Value};
use terrace_scheduler::{CancelToken, Order, PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

const WAYS: [(Order, PathChoice); 3] = [
    (Order::Dataflow, PathChoice::Fast),
    (Order::Dataflow, PathChoice::Dispatcher),
    (Order::Levels, PathChoice::Auto),
];

fn options((order, path): (Order, PathChoice)) -> RunOptions {
    RunOptions::default().with_order(order).with_path(path)
}

#[test]
fn a_task_in_the_middle_sees_it_and_nothing_new_starts() {
    within(60, || {
        for (workers, blocking) in [(1, false), (2, false), (1, true)] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for way in WAYS {
                let mut graph = Graph::new();
                let a = graph.node(&[], |ctx, _| {
                    loop {
                        ctx.check_cancelled()?;
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                if blocking {
                    graph.blocking(a);
                }
                let b = graph.node(&[a], |_, _| Ok(Value::Null));
                graph.node(&[b], |_, _| Ok(Value::Null));
                let handle = scheduler.start(&graph.plan(), options(way));
                let token = handle.token().clone();
                let killer = std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(5));
                    token.cancel();
                });
                let report = handle.wait();
                killer.join().unwrap();
                assert_eq!(report.status, RunStatus::Cancelled);
                assert_eq!(report.counts.cancelled, 3);
                let first = report.outcome(id(a)).unwrap();
                assert_eq!(first.status, OutcomeStatus::Cancelled);
                assert_eq!(report.outcome(id(b)).unwrap().attempts, 0);
            }
        }
    });
}

#[test]
fn a_task_may_stop_its_own_run() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for way in WAYS {
            let token = CancelToken::new();
            let own = token.clone();
            let mut graph = Graph::new();
            let a = graph.node(&[], move |_, _| {
                own.cancel();
                Ok(Value::Null)
            });
            let mut last = a;
            for _ in 0..100 {
                last = graph.node(&[last], |_, _| Ok(Value::Null));
            }
            let report = scheduler.run(&graph.plan(), options(way).with_cancel(token));
            assert_eq!((report.counts.succeeded, report.counts.cancelled), (1, 100));
        }
    });
}

#[test]
fn an_observer_may_stop_the_run() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).max_blocking(2).build().unwrap();
        for way in WAYS {
            let token = CancelToken::new();
            let own = token.clone();
            let ended = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&ended);
            let observer = move |event: &Event| {
                if matches!(event.kind, EventKind::NodeFinished { .. })
                    && count.fetch_add(1, Ordering::SeqCst) == 3
                {
                    own.cancel();
                }
            };
            let mut graph = Graph::new();
            for at in 0..50 {
                let node = graph.node(&[], |_, _| Ok(Value::Null));
                if at % 2 == 0 {
                    graph.blocking(node);
                }
            }
            let options = options(way).with_cancel(token).with_observer(Arc::new(observer));
            let report = scheduler.run(&graph.plan(), options);
            assert_eq!(ended.load(Ordering::SeqCst), 50);
            assert_eq!(report.status, RunStatus::Cancelled);
            assert_eq!(report.counts.succeeded + report.counts.cancelled, 50);
        }
    });
}

#[test]
fn a_run_cancelled_before_it_began_runs_nothing() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for way in WAYS {
            let token = CancelToken::new();
            token.cancel();
            let mut graph = Graph::new();
            let a = graph.node(&[], |_, _| -> Result<Value, _> { panic!("must not run") });
            graph.blocking(a);
            graph.node(&[], |_, _| -> Result<Value, _> { panic!("must not run") });
            let report = scheduler.run(&graph.plan(), options(way).with_cancel(token));
            assert_eq!((report.status, report.counts.cancelled), (RunStatus::Cancelled, 2));
        }
    });
}

#[test]
fn quick_nodes_that_became_long_are_not_begun_after_it() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let (slow, gate) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (begun, late) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut graph = Graph::new();
        for _ in 0..2_000 {
            let (slow, gate) = (Arc::clone(&slow), Arc::clone(&gate));
            let (begun, late) = (Arc::clone(&begun), Arc::clone(&late));
            graph.node(&[], move |_, _| {
                if slow.load(Ordering::SeqCst) {
                    late.fetch_add(usize::from(gate.load(Ordering::SeqCst)), Ordering::SeqCst);
                    begun.fetch_add(1, Ordering::SeqCst);
                    while !gate.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_micros(100));
                    }
                } else {
                    (0..40_u32).for_each(|step| assert!(std::hint::black_box(step) < 40));
                }
                Ok(Value::Null)
            });
        }
        let plan = graph.plan();
        for round in 0..10 {
            slow.store(false, Ordering::SeqCst);
            // After some of these it begins alone, after others in blocks.
            for _ in 0..3 + round {
                let report = scheduler.run(&plan, RunOptions::default());
                assert_eq!(report.status, RunStatus::Succeeded);
            }
            slow.store(true, Ordering::SeqCst);
            gate.store(false, Ordering::SeqCst);
            begun.store(0, Ordering::SeqCst);
            let handle = scheduler.start(&plan, RunOptions::default());
            while begun.load(Ordering::SeqCst) < 2 {
                std::thread::sleep(Duration::from_millis(1));
            }
            handle.token().cancel();
            // Whatever begins from here on, it begins late.
            gate.store(true, Ordering::SeqCst);
            assert_eq!(handle.wait().status, RunStatus::Cancelled);
            assert_eq!(late.load(Ordering::SeqCst), 0, "in round {round}");
        }
    });
}

#[test]
fn cancelling_what_is_over_changes_nothing() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for way in WAYS {
            let mut graph = Graph::new();
            graph.node(&[], |_, _| Ok(Value::Null));
            let handle = scheduler.start(&graph.plan(), options(way));
            while !handle.is_finished() {
                std::thread::yield_now();
            }
            handle.cancel();
            assert_eq!(handle.try_result().unwrap().status, RunStatus::Succeeded);
        }
    });
}
