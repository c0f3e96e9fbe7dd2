//! Attempts that take too long, and runs that stop for a failure, on real threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use terrace_core::{OnFailure, Policy, Retry, TaskError, Value};
use terrace_plugin_api::ErrorClass;
use terrace_scheduler::{OutcomeStatus, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

const SHORT: Duration = Duration::from_millis(30);

fn timed(timeout: Duration, attempts: u32) -> Option<Arc<Policy>> {
    let retry = Some(Retry::attempts(attempts).constant(Duration::from_millis(1)));
    Some(Arc::new(Policy { timeout: Some(timeout), retry, ..Policy::default() }))
}

#[test]
fn an_attempt_that_took_too_long_is_tried_again() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let a = graph.node(&[], |ctx, _| {
            while ctx.attempt() < 3 && !ctx.cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(Value::from(i64::from(ctx.attempt())))
        });
        graph.draft.nodes[a].policy = timed(SHORT, 3);
        let report = scheduler.start(&graph.plan(), RunOptions::default()).wait();
        let outcome = report.outcome(id(a)).unwrap();
        assert_eq!((outcome.status, outcome.attempts), (OutcomeStatus::Ok, 3));
    });
}

#[test]
fn an_attempt_whose_run_is_over_is_not() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let a = graph.node(&[], |ctx, _| {
            while !ctx.cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(Value::Null)
        });
        graph.draft.nodes[a].policy = timed(Duration::from_secs(600), 3);
        graph.draft.rules.deadline = Some(SHORT);
        let report = scheduler.start(&graph.plan(), RunOptions::default()).wait();
        let outcome = report.outcome(id(a)).unwrap();
        assert_eq!((outcome.status, outcome.attempts), (OutcomeStatus::TimedOut, 1));
        assert_eq!(report.status, RunStatus::LimitReached);
    });
}

/// Whether the run gives an attempt up or it sees by itself that its time is over.
#[test]
fn an_attempt_that_keeps_to_its_time_ends_as_one_that_does_not() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for _ in 0..50 {
            let mut graph = Graph::new();
            let a = graph.node(&[], |ctx, _| {
                std::thread::sleep(ctx.time_left().unwrap());
                Err(TaskError::new(ErrorClass::TIMED_OUT, "by myself"))
            });
            graph.draft.nodes[a].policy = timed(Duration::from_millis(5), 1);
            let report = scheduler.start(&graph.plan(), RunOptions::default()).wait();
            assert_eq!(report.outcome(id(a)).unwrap().status, OutcomeStatus::TimedOut);
        }
    });
}

/// One that comes back lets the next one in; one that does not keeps it out, after a moment.
#[test]
fn a_leftover_gets_a_moment_before_others_are_refused_for_it() {
    within(60, || {
        for comes_back in [true, false] {
            let scheduler = Scheduler::builder().workers(2).max_abandoned(1).build().unwrap();
            let (end, attempts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
            let mut graph = Graph::new();
            let (own, counts) = (Arc::clone(&end), Arc::clone(&attempts));
            let a = graph.node(&[], move |ctx, _| {
                counts.fetch_add(1, Ordering::Relaxed);
                while ctx.attempt() == 1
                    && !own.load(Ordering::Relaxed)
                    && !(comes_back && ctx.cancelled())
                {
                    std::thread::sleep(Duration::from_millis(1));
                }
                // The second attempt is there before.
                std::thread::sleep(Duration::from_millis(if comes_back { 20 } else { 0 }));
                Ok(Value::Null)
            });
            graph.draft.nodes[a].policy = timed(SHORT * 2, 2);
            let start = Instant::now();
            let report = scheduler.start(&graph.plan(), RunOptions::default()).wait();
            let outcome = report.outcome(id(a)).unwrap();
            if comes_back {
                assert_eq!((outcome.status, outcome.attempts), (OutcomeStatus::Ok, 2));
            } else {
                let error = outcome.error.unwrap();
                assert_eq!((error.class(), error.code()), (ErrorClass::LIMIT, "abandoned"));
                assert!(start.elapsed() >= Duration::from_secs(1));
                assert_eq!(report.leftovers.len(), 1);
            }
            assert_eq!(attempts.load(Ordering::Relaxed), if comes_back { 2 } else { 1 });
            end.store(true, Ordering::Relaxed);
        }
    });
}

#[test]
fn what_runs_when_a_failure_stops_the_run_is_not_told_to_stop() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let (began, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let until = |flag: &AtomicBool| {
            while !flag.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        };
        let (here, there) = (Arc::clone(&began), Arc::clone(&failed));
        let runs = graph.node(&[], move |ctx, _| {
            here.store(true, Ordering::Relaxed);
            until(&there);
            // Long enough for what fails to be known to have failed.
            std::thread::sleep(SHORT * 5);
            ctx.check_cancelled()?;
            Ok(Value::Null)
        });
        let fails = graph.node(&[], move |_, _| {
            until(&began);
            failed.store(true, Ordering::Relaxed);
            Err(TaskError::msg("no"))
        });
        let after = graph.node(&[runs], |_, _| panic!("it must not run"));
        let options = RunOptions::default().with_on_failure(OnFailure::Stop);
        let report = scheduler.start(&graph.plan(), options).wait();
        assert_eq!(report.status, RunStatus::Failed);
        let status = |node| report.outcome(id(node)).unwrap().status;
        assert_eq!(status(runs), OutcomeStatus::Ok);
        assert_eq!(status(fails), OutcomeStatus::Failed);
        assert_eq!(status(after), OutcomeStatus::Skipped);
        assert_eq!(report.outcome(id(after)).unwrap().cause, Some(id(fails)));
    });
}
