//! What observers are told, and what happens to those that panic.

use std::sync::{Arc, Mutex};

use terrace_core::{Event, EventKind, TaskError, Value};
use terrace_plugin_api::LogLevel;
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

#[test]
fn progress_and_logs_come_between_start_and_end() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            graph.node(&[], |ctx, _| {
                ctx.progress(0.5, "half");
                ctx.log(LogLevel::Info, "hello");
                Err(TaskError::msg("no"))
            });
            let told = Arc::new(Mutex::new(Vec::new()));
            let sink = Arc::clone(&told);
            let observer = move |event: &Event| {
                let line = match &event.kind {
                    EventKind::RunStarted { nodes, levels } => format!("run {nodes} {levels}"),
                    EventKind::NodeStarted { node, attempt, .. } => {
                        format!("start {} {attempt}", node.index())
                    }
                    EventKind::NodeProgress { fraction, note, .. } => format!("{fraction} {note}"),
                    EventKind::NodeLog { level, message, .. } => format!("{level:?} {message}"),
                    EventKind::NodeFinished { status, error, .. } => {
                        format!("{} {}", status.name(), error.as_ref().unwrap())
                    }
                    EventKind::RunFinished { failed, .. } => format!("over, {failed} failed"),
                    other => panic!("{other:?}"),
                };
                sink.lock().unwrap().push(line);
            };
            let options = RunOptions::default().with_path(path).with_observer(Arc::new(observer));
            scheduler.run(&graph.plan(), options);
            let expected =
                ["run 1 1", "start 0 1", "0.5 half", "Info hello", "failed no", "over, 1 failed"];
            assert_eq!(*told.lock().unwrap(), expected);
        }
    });
}

#[test]
fn a_panicking_observer_is_called_no_more_and_reported() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            for _ in 0..50 {
                graph.node(&[], |_, _| Ok(Value::Null));
            }
            let calls = Arc::new(Mutex::new(0));
            let count = Arc::clone(&calls);
            let observer = move |_: &Event| {
                let mut calls = count.lock().unwrap_or_else(|broken| broken.into_inner());
                *calls += 1;
                if *calls == 7 {
                    panic!("enough");
                }
            };
            let options = RunOptions::default().with_path(path).with_observer(Arc::new(observer));
            let report = scheduler.run(&graph.plan(), options);
            assert_eq!(report.status, RunStatus::Succeeded);
            assert!(report.observer_failed.unwrap().starts_with("enough (at "));
            assert_eq!(*calls.lock().unwrap_or_else(|broken| broken.into_inner()), 7);
        }
    });
}

#[test]
fn a_panic_keeps_its_message_and_place() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            graph.node(&[], |_, _| -> Result<Value, _> { panic!("it was {}", 42) });
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            let error = report.outcome(id(0)).unwrap().error.unwrap();
            assert_eq!(error.message(), "it was 42");
            assert!(error.location().unwrap().contains("events.rs"), "{:?}", error.location());
        }
    });
}
