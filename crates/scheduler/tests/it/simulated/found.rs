//! What random simulations found, each by itself.

use std::time::Duration;

use terrace_core::{
    Expansion, Limit, OnFailure, OutcomeStatus, Retry, RetryOn, RunIf, WorkflowBuilder,
};
use terrace_plugin_api::Retryable;
use terrace_scheduler::simulate::{Attempt, Course, Simulation};
use terrace_scheduler::{RunOptions, RunStatus, TaskError};

use super::basics::{end_of, plan};
use crate::graph::within;

const SECOND: Duration = Duration::from_secs(1);

fn busy() -> TaskError {
    TaskError::msg("busy").with_retryable(Retryable::Yes)
}

/// It said that there was none, though its start had been told.
#[test]
fn a_workflow_inside_that_is_cancelled_was_an_attempt() {
    let wf = WorkflowBuilder::new("given");
    let give = || {
        let wf = WorkflowBuilder::new("inside");
        let one = wf.call(|| 1_i64, ()).named("one");
        Expansion::flow(wf, &one)
    };
    drop(wf.expand(give, ()).named("gives").keep());
    let mut script = |_: &Attempt<'_>| Course::calls(2 * SECOND).stops_after(Duration::ZERO);
    let simulation = Simulation::new(1).cancel_at(3 * SECOND);
    let report = simulation.run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    let end = (OutcomeStatus::Cancelled, 1, Duration::ZERO, 3 * SECOND);
    assert_eq!(end_of(&report, "gives"), end);
}

/// The task had the time, and what it gave had it once more.
#[test]
fn the_time_of_a_task_that_gives_a_workflow_is_that_of_both() {
    let wf = WorkflowBuilder::new("given");
    let give = || {
        let wf = WorkflowBuilder::new("inside");
        let one = wf.call(|| 1_i64, ()).named("one");
        Expansion::flow(wf, &one)
    };
    drop(wf.expand(give, ()).named("gives").timeout(5 * SECOND).keep());
    let mut script = |_: &Attempt<'_>| Course::calls(4 * SECOND);
    let report = Simulation::new(1).run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    let (.., end) = end_of(&report, "gives");
    assert_eq!((report.status, end), (RunStatus::Failed, 5 * SECOND));
}

/// Its items waited for a rate, took their starts from others, and came to nothing.
#[test]
fn a_map_that_has_failed_ends_at_once_and_starts_nothing() {
    let wf = WorkflowBuilder::new("failed");
    wf.limit(Limit::rate("calls", 1, 10 * SECOND));
    let items = wf.over(0..20).each(|item| item.needs("calls", 1)).max_failures(1);
    let items = items.map(|body, x| body.call(|x: i64| x, (&x,)));
    drop(items.named("map").priority(1).keep());
    let first = wf.call(|| 1_i64, ());
    drop(wf.call(|| 1_i64, ()).after(&first).named("other").needs("calls", 1).keep());
    let mut script = |attempt: &Attempt<'_>| match attempt.path {
        "map[0]" | "map[1]" => Course::gives(SECOND, Err(TaskError::msg("no"))),
        _ => Course::calls(SECOND),
    };
    let report = Simulation::new(4).run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    assert_eq!(end_of(&report, "map").3, 11 * SECOND);
    assert_eq!(end_of(&report, "other").2, 20 * SECOND);
    assert_eq!(report.limits[0].starts, 3);
}

/// What was left to do was to end it, and that waited for a worker.
#[test]
fn a_map_of_workflows_ends_in_time_while_all_workers_are_busy() {
    let wf = WorkflowBuilder::new("late");
    let quick = wf.map(0..8, |body, x| {
        let one = body.call(|x: i64| x, (&x,));
        body.call(|x: i64| x, (&one,)).needs("never", 1)
    });
    wf.limit(Limit::concurrency("never", 1));
    drop(wf.call(|| 1_i64, ()).named("holds").needs("never", 1).keep());
    drop(quick.named("map").timeout(5 * SECOND).keep());
    drop(wf.call(|| 1_i64, ()).named("long").priority(-1).keep());
    let mut script = |attempt: &Attempt<'_>| match attempt.path {
        "long" | "holds" => Course::calls(3_600 * SECOND),
        _ => Course::calls(SECOND),
    };
    let report = Simulation::new(2).run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    let (status, _, _, end) = end_of(&report, "map");
    assert_eq!((status, end), (OutcomeStatus::TimedOut, 5 * SECOND));
}

#[test]
fn a_map_of_workflows_has_ended_when_its_items_have() {
    let mut script = |attempt: &Attempt<'_>| match attempt.path.starts_with("long") {
        true => Course::calls(3_600 * SECOND),
        false => Course::calls(SECOND),
    };
    for workers in 1..5 {
        let wf = WorkflowBuilder::new("done");
        wf.patience(1_000);
        // More may be begun than there is: who comes for nothing has to wait for a worker.
        let map = wf.map(0..6, |body, x| {
            let one = body.call(|x: i64| x, (&x,));
            body.call(|x: i64| x, (&one,))
        });
        drop(map.named("map").priority(1).keep());
        for at in 0..4 {
            drop(wf.call(|| 1_i64, ()).named(format!("long{at}")).keep());
        }
        let simulation = Simulation::new(workers);
        let report = simulation.run(&plan(wf), RunOptions::default(), &mut script).unwrap();
        let (.., end) = end_of(&report, "map");
        assert!(end <= 12 * SECOND, "{workers} workers: {end:?}");
    }
}

fn budget(wf: &WorkflowBuilder) {
    wf.budget("money", 100);
}

/// What it cost was forgotten.
#[test]
fn what_is_cancelled_between_attempts_has_cost_what_it_had() {
    for cancel_at in [SECOND, 3 * SECOND] {
        let wf = WorkflowBuilder::new("cost");
        budget(&wf);
        let again = Retry::attempts(5).constant(10 * SECOND);
        drop(wf.call(|| 1_i64, ()).named("task").retry(again).cost("money", 3).keep());
        let mut script = |_: &Attempt<'_>| Course::gives(SECOND, Err(busy()));
        let simulation = Simulation::new(1).cancel_at(cancel_at);
        let report = simulation.run(&plan(wf), RunOptions::default(), &mut script).unwrap();
        assert_eq!(report.spent[0].spent, 3_000_000);
    }
}

/// It was settled when it was taken back, and once more when it had ended.
#[test]
fn what_cleans_up_after_a_failure_is_paid_once() {
    let wf = WorkflowBuilder::new("clean");
    budget(&wf);
    wf.on_failure(OnFailure::Stop);
    let first = wf.call(|| 1_i64, ()).named("first");
    let again = Retry { on: RetryOn::Any, ..Retry::attempts(3).constant(5 * SECOND) };
    let clean = wf.call(|| 1_i64, ()).named("clean").after(&first).run_if(RunIf::Always);
    drop(clean.retry(again).cost("money", 2).keep());
    drop(wf.call(|| 1_i64, ()).named("fails").keep());
    let mut script = |attempt: &Attempt<'_>| match (attempt.path, attempt.number) {
        // While what cleans up waits for its second attempt.
        ("fails", _) => Course::gives(4 * SECOND, Err(TaskError::msg("no"))),
        ("clean", 1) => Course::gives(SECOND, Err(busy())),
        _ => Course::calls(SECOND),
    };
    let report = Simulation::new(2).run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    let (status, attempts, ..) = end_of(&report, "clean");
    assert_eq!((status, attempts), (OutcomeStatus::Ok, 2));
    assert_eq!(report.spent[0].spent, 4_000_000);
}

/// It asked again and again, without a pause, as long as they might come back.
#[test]
fn what_waits_for_leftovers_to_come_back_waits() {
    within(60, || {
        let wf = WorkflowBuilder::new("crowded");
        let hangs = wf.call(|| 1_i64, ()).named("hangs").timeout(SECOND).fallback(0);
        drop(wf.call(|x: i64| x, (&hangs,)).named("refused").keep());
        let mut script = |attempt: &Attempt<'_>| match attempt.path {
            "hangs" => Course::hangs(),
            _ => Course::calls(SECOND),
        };
        let simulation = Simulation::new(1).max_abandoned(1);
        let report = simulation.run(&plan(wf), RunOptions::default(), &mut script).unwrap();
        let end = (OutcomeStatus::Failed, 1, 2 * SECOND, 2 * SECOND);
        assert_eq!(end_of(&report, "refused"), end);
    });
}

/// The run had failed, and no node had: its items that never began hid the one that failed.
#[test]
fn a_map_that_a_run_is_stopped_for_has_failed() {
    let wf = WorkflowBuilder::new("stopped");
    wf.on_failure(OnFailure::Stop);
    drop(wf.map(0..4, |body, x| body.call(|x: i64| x, (&x,))).named("map").keep());
    let mut script = |_: &Attempt<'_>| Course::gives(SECOND, Err(TaskError::msg("no")));
    let report = Simulation::new(1).run(&plan(wf), RunOptions::default(), &mut script).unwrap();
    assert_eq!((report.status, report.counts.failed), (RunStatus::Failed, 1));
    assert_eq!(end_of(&report, "map").3, SECOND);
}
