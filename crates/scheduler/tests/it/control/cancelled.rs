//! Runs that are stopped while they wait: for another attempt, a rate, a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use terrace_core::{Limit, OutcomeStatus, Retry, RunIf, WorkflowBuilder};
use terrace_plugin_api::Retryable;
use terrace_scheduler::{RunOptions, RunReport, RunStatus, TaskError};

use super::seen::{Census, Counted, plan, until, watch, workers};
use crate::graph::within;

const HOUR: Duration = Duration::from_secs(3_600);

/// Somebody waits for an hour: for another attempt of a node, of an item, of a workflow inside, or
/// for its turn.
fn waits(census: &Census) -> WorkflowBuilder {
    let wf = WorkflowBuilder::new("waits");
    wf.limit(Limit::rate("rare", 1, HOUR));
    let retry = Retry { max: HOUR, ..Retry::attempts(3).constant(HOUR) };
    let fails = || Err::<i64, _>(TaskError::msg("not yet").with_retryable(Retryable::Yes));
    let made = census.clone();
    let value = wf.call(move || made.one(), ());
    let take = move |value: Counted| {
        drop(value);
        fails()
    };
    drop(wf.try_call(take, (&value,)).retry(retry).named("again").keep());
    drop(
        wf.over(0..3).each(|item| item.retry(retry)).map(|body, _| body.try_call(fails, ())).keep(),
    );
    drop(wf.flow("flow", |body| body.try_call(take, (&value,))).retry(retry).keep());
    for _ in 0..3 {
        drop(wf.call(|value: Counted| drop(value), (&value,)).needs("rare", 1).keep());
    }
    drop(
        wf.over(0..9)
            .each(|item| item.needs("rare", 1))
            .map(|body, x| body.call(|x: i64| x, (&x,)))
            .keep(),
    );
    wf
}

fn all_is_gone(report: RunReport, census: &Census) {
    drop(report);
    assert!(census.is_empty_soon(), "{} are left", census.live());
}

#[test]
fn a_cancelled_run_waits_for_no_time() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let census = Census::default();
            let plan = plan(waits(&census));
            let handle = workers.start(&plan, RunOptions::default());
            std::thread::sleep(Duration::from_millis(30));
            assert!(!handle.is_finished());
            handle.cancel();
            let report = handle.wait();
            assert_eq!(report.status, RunStatus::Cancelled);
            let again = report.outcome(plan.workflow().find("again").unwrap()).unwrap();
            assert_eq!((again.status, again.attempts), (OutcomeStatus::Cancelled, 1));
            drop(plan);
            all_is_gone(report, &census);
        }
    });
}

#[test]
fn an_early_end_waits_for_no_time_and_what_cleans_up_runs() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let census = Census::default();
            let wf = waits(&census);
            let first = wf.call(|| std::thread::sleep(Duration::from_millis(30)), ());
            let end = wf.succeed().after(&first);
            let clean = wf.call(|| 1_i64, ()).after(&end).run_if(RunIf::Always);
            wf.output("clean", &clean);
            let plan = plan(wf);
            let (report, _) = watch(&workers, &plan, RunOptions::default());
            assert!(report.output("clean").unwrap().is_ok());
            drop(plan);
            all_is_gone(report, &census);
        }
    });
}

#[test]
fn a_run_that_nobody_holds_waits_for_its_time() {
    within(60, || {
        let wf = WorkflowBuilder::new("alone");
        let done = Arc::new(AtomicBool::new(false));
        let ended = done.clone();
        let again = wf.try_call(
            move |ctx: &terrace_plugin_api::TaskContext<'_>| match ctx.attempt() {
                1 => Err(TaskError::msg("not yet").with_retryable(Retryable::Yes)),
                _ => {
                    ended.store(true, Ordering::SeqCst);
                    Ok(())
                }
            },
            (),
        );
        drop(again.retry(Retry::attempts(2).constant(Duration::from_millis(30))).keep());
        let scheduler = workers(1);
        drop(scheduler.start(&plan(wf), RunOptions::default()));
        drop(scheduler);
        until(|| done.load(Ordering::SeqCst));
    });
}
