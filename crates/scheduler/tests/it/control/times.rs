//! What takes too long: attempts, nodes with all their attempts, workflows inside, runs.

use std::time::Duration;

use terrace_core::{Handle, Lane, OutcomeStatus, Retry, WorkflowBuilder};
use terrace_plugin_api::{ErrorClass, TaskContext};
use terrace_scheduler::{RunOptions, RunReport, RunStatus, TaskError};

use super::seen::{Step, plan, until, watch, workers};
use crate::graph::within;

const MS: Duration = Duration::from_millis(1);

/// Goes on until it is told to stop.
fn polls(ctx: &TaskContext<'_>) -> i64 {
    until(|| ctx.cancelled());
    0
}

fn end_of(report: &RunReport, name: &str) -> (OutcomeStatus, String, u32) {
    let id = report.plan().workflow().find(name).unwrap();
    let outcome = report.outcome(id).unwrap();
    let error = outcome.error.map_or_else(String::new, |error| error.message().to_owned());
    (outcome.status, error, outcome.attempts)
}

#[test]
fn an_attempt_that_takes_too_long_is_told_and_the_rest_goes_on() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for lane in [Lane::Compute, Lane::Blocking] {
                let wf = WorkflowBuilder::new("attempt");
                let slow = wf.call(polls, ()).named("slow").on_lane(lane).timeout(20 * MS);
                drop(wf.call(|x: i64| x, (&slow,)).named("behind").keep());
                let other = wf.call(|| 1_i64, ());
                wf.output("other", &wf.call(|x: i64| x + 1, (&other,)));
                let plan = plan(wf);
                let (report, seen) = watch(&workers, &plan, RunOptions::default());
                assert_eq!(report.status, RunStatus::Failed);
                let late = (OutcomeStatus::TimedOut, "it took longer than 20ms".to_owned(), 1);
                assert_eq!(end_of(&report, "slow"), late);
                assert_eq!(end_of(&report, "behind").0, OutcomeStatus::Skipped);
                assert!(report.output("other").unwrap().is_ok());
                let end = Step::Finished(OutcomeStatus::TimedOut, 1);
                assert_eq!(seen.of(&plan, "slow"), [Step::Started(1), Step::Abandoned(1), end]);
            }
        }
    });
}

#[test]
fn what_took_too_long_is_tried_again() {
    within(60, || {
        let wf = WorkflowBuilder::new("again");
        let slow = |ctx: &TaskContext<'_>| if ctx.attempt() < 3 { polls(ctx) } else { 7 };
        let retry = Retry::attempts(3).constant(MS);
        wf.output("slow", &wf.call(slow, ()).retry(retry).timeout(100 * MS));
        let items = wf.over(0..3).each(|item| item.retry(retry).timeout(100 * MS));
        wf.output("items", &items.map(|body, _| body.call(slow, ())));
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
    });
}

#[test]
fn all_attempts_together_have_their_time() {
    within(60, || {
        let wf = WorkflowBuilder::new("total");
        let retry = Retry::attempts(1_000).constant(MS);
        let all = |node: Handle<i64>| node.retry(retry).timeout(20 * MS).total_timeout(90 * MS);
        drop(all(wf.call(polls, ())).named("task").keep());
        drop(wf.call(polls, ()).total_timeout(30 * MS).named("once").keep());
        drop(all(wf.flow("flow", |body| body.call(polls, ()))).keep());
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        for name in ["task", "flow"] {
            let (status, error, attempts) = end_of(&report, name);
            assert_eq!(status, OutcomeStatus::TimedOut);
            let known = ["it took longer than 20ms", "it took longer than 90ms in all"];
            assert!(known.contains(&&*error), "{name}: {error}");
            assert!((1..=5).contains(&attempts), "{name}: {attempts}");
        }
        let late = (OutcomeStatus::TimedOut, "it took longer than 30ms in all".to_owned(), 1);
        assert_eq!(end_of(&report, "once"), late);
    });
}

#[test]
fn workflows_inside_and_maps_take_too_long_as_a_whole() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let wf = WorkflowBuilder::new("whole");
            let quick = |body: &WorkflowBuilder| body.call(|| 1_i64, ());
            let flow = wf.flow("flow", |body| {
                let first = quick(body);
                let slow = body.call(polls, ()).after(&first);
                body.call(|x: i64| x, (&slow,))
            });
            drop(flow.timeout(20 * MS).keep());
            let map = wf.map(0..40, |body, x| {
                body.call(
                    |ctx: &TaskContext<'_>, x: i64| if x == 3 { polls(ctx) } else { x },
                    (&x,),
                )
            });
            drop(map.named("map").timeout(20 * MS).keep());
            let looped = wf
                .loop_from(0_i64)
                .times(1_000_000, |body, state| body.call(|x: i64| x + 1, (&state,)));
            drop(looped.named("loop").timeout(20 * MS).keep());
            let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
            let late = (OutcomeStatus::TimedOut, "it took longer than 20ms".to_owned(), 1);
            for name in ["flow", "map", "loop"] {
                assert_eq!(end_of(&report, name), late, "{name}");
            }
        }
    });
}

/// A map with a time of its own takes its items one by one, and all of them.
#[test]
fn a_map_with_a_time_has_all_its_results() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for chunk in [None, Some(7)] {
                let wf = WorkflowBuilder::new("all");
                let map = wf.over(0..500);
                let map = match chunk {
                    Some(chunk) => map.chunk(chunk),
                    None => map,
                };
                let all = map.map(|body, x| body.call(|x: i64| x + 1, (&x,)));
                let all = all.timeout(60_000 * MS);
                wf.output("sum", &wf.call(|all: Vec<i64>| all.iter().sum::<i64>(), (&all,)));
                let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
                let sum = report.output("sum").unwrap().as_ref().unwrap().as_i64();
                assert_eq!(sum, Some(125_250));
            }
        }
    });
}

#[test]
fn an_item_that_is_a_workflow_takes_too_long() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let wf = WorkflowBuilder::new("items");
            let items = wf.over(0..4).each(|item| item.timeout(30 * MS)).max_failures(1);
            let items = items.map(|body, x| {
                let slow = body.call(
                    |ctx: &TaskContext<'_>, x: i64| if x == 2 { polls(ctx) } else { x },
                    (&x,),
                );
                body.call(|x: i64| x * 10, (&slow,))
            });
            wf.output("items", &items.named("items"));
            let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
            let items = report.output("items").unwrap().as_ref().unwrap();
            assert_eq!(terrace_core::value_to_json(items).unwrap(), "[0,10,null,30]");
        }
    });
}

#[test]
fn a_run_has_its_time() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for by_rules in [true, false] {
                let wf = WorkflowBuilder::new("deadline");
                if by_rules {
                    wf.deadline(30 * MS);
                }
                let quick = wf.call(|| 1_i64, ());
                wf.output("quick", &quick);
                let slow = wf.call(polls, ()).named("slow");
                drop(wf.call(|x: i64| x, (&slow,)).named("behind").keep());
                let map = wf.map(0..30, |body, _| body.call(polls, ()));
                drop(map.named("map").keep());
                let again = wf.try_call(|| Err::<(), _>(TaskError::msg("no")), ()).named("again");
                let any = Retry { on: terrace_core::RetryOn::Any, ..Retry::attempts(9) };
                drop(again.retry(any.constant(10 * MS)).keep());
                let plan = plan(wf);
                let mut options = RunOptions::default();
                if !by_rules {
                    options = options.with_deadline(30 * MS);
                }
                let (report, seen) = watch(&workers, &plan, options);
                assert_eq!(report.status, RunStatus::LimitReached);
                let id = plan.workflow().find("slow").unwrap();
                let slow = report.outcome(id).unwrap();
                // With one worker it may not even have begun.
                if slow.attempts > 0 {
                    assert_eq!(slow.status, OutcomeStatus::TimedOut);
                    assert_eq!(slow.error.unwrap().class(), ErrorClass::TIMED_OUT);
                } else {
                    assert_eq!(slow.status, OutcomeStatus::Cancelled);
                }
                assert_ne!(end_of(&report, "map").0, OutcomeStatus::Ok);
                let told = seen.all().len();
                until(|| workers.leftovers().is_empty());
                assert_eq!(seen.all().len(), told, "nothing is told after the end");
            }
        }
    });
}
