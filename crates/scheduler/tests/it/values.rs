//! How long outputs live, and that big ones are handed on, not copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use terrace_core::{OutcomeStatus, TaskError, Value};
use terrace_plugin_api::Ext;
use terrace_scheduler::{NotReadable, OutputError, PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

#[test]
fn the_last_consumer_gets_the_list_itself() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            let address = |list: &[Value]| list.as_ptr() as usize as i64;
            let a = graph.node(&[], |_, _| {
                Ok(Value::list((0..1_000_i64).map(Value::from).collect()).unwrap())
            });
            let b = graph.node(&[a], move |_, args| {
                let before = address(args[0].as_list().unwrap());
                let Value::List(list) = std::mem::take(&mut args[0]) else { panic!("a list") };
                // Moves out where nobody else holds it, else copies.
                let items = list.into_vec();
                assert_eq!(address(&items), before);
                Ok(Value::list(items).unwrap())
            });
            graph.output("list", b);
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.outcome(id(b)));
        }
    });
}

/// Counts how many of it are alive.
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(crate) fn value(alive: &Arc<AtomicUsize>) -> Value {
        alive.fetch_add(1, Ordering::SeqCst);
        Value::Ext(Ext::new(Self(Arc::clone(alive))))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn an_output_goes_with_its_last_consumer() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let alive = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let mut graph = Graph::new();
            let mut last = Vec::new();
            for _ in 0..100 {
                let (alive, most) = (Arc::clone(&alive), Arc::clone(&most));
                last = vec![graph.node(&last, move |_, _| {
                    let value = Counted::value(&alive);
                    most.fetch_max(alive.load(Ordering::SeqCst), Ordering::SeqCst);
                    Ok(value)
                })];
            }
            graph.output("last", last[0]);
            // Nobody reads it.
            let own = Arc::clone(&alive);
            graph.node(&[], move |_, _| Ok(Counted::value(&own)));
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded);
            assert!(most.load(Ordering::SeqCst) <= 3, "memory follows the frontier");
            assert_eq!(alive.load(Ordering::SeqCst), 1);
            drop(report);
            // A helper that is just leaving may hold the run a moment longer.
            while alive.load(Ordering::SeqCst) > 0 {
                std::thread::yield_now();
            }
        }
    });
}

#[test]
fn skipped_and_failed_consumers_let_go_too() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let alive = Arc::new(AtomicUsize::new(0));
            let own = Arc::clone(&alive);
            let mut graph = Graph::new();
            let value = graph.node(&[], move |_, _| Ok(Counted::value(&own)));
            let wrong = graph.node(&[value], |_, _| Err(TaskError::msg("no")));
            let skipped = graph.node(&[value, wrong, value], |_, _| Ok(Value::Null));
            graph.output("out", skipped);
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(alive.load(Ordering::SeqCst), 0);
            let error = report.output("out").unwrap().as_ref().unwrap_err();
            assert_eq!(error.to_string(), "`n2` was skipped because of `n1`");
            assert!(matches!(error, OutputError::Node { status: OutcomeStatus::Skipped, .. }));
        }
    });
}

#[test]
fn what_is_readable_afterwards_is_what_was_asked_for() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let mut graph = Graph::new();
        let dropped = graph.node(&[], |_, _| Ok(Value::from("x")));
        let kept = graph.node(&[dropped], |_, args| Ok(args[0].clone()));
        graph.keep(kept);
        let wrong = graph.node(&[], |_, _| Err(TaskError::msg("no")));
        let report = scheduler.run(&graph.plan(), RunOptions::default());
        assert_eq!(report.value(id(kept)).unwrap().as_str(), Some("x"));
        let error = report.value(id(dropped)).unwrap_err();
        assert!(error.to_string().contains("mark it `.keep()`"), "{error}");
        assert!(matches!(report.value(id(wrong)), Err(NotReadable::NotOk { .. })));
        assert!(matches!(report.value(id(9)), Err(NotReadable::Unknown(_))));
    });
}

#[test]
fn a_value_whose_drop_panics_harms_nobody() {
    struct Mine;
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            for _ in 0..20 {
                let a = graph.node(&[], |_, _| Ok(Value::Ext(Ext::new(Mine))));
                graph.node(&[a], |_, _| Ok(Value::Null));
            }
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.counts.succeeded, 40);
        }
    });
}
