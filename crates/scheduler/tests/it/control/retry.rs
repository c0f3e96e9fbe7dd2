//! What is tried again: when, how often, and with what.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use terrace_core::{
    EventKind, Expansion, Handle, Lane, OutcomeStatus, Retry, RetryOn, WorkflowBuilder,
};
use terrace_plugin_api::{ErrorClass, Retryable, TaskContext};
use terrace_scheduler::{RunOptions, RunStatus, TaskError, Timing};

use super::seen::{Census, Counted, Step, plan, watch, workers};
use crate::graph::within;

const MS: Duration = Duration::from_millis(1);

fn three() -> Retry {
    Retry::attempts(3).constant(MS)
}

fn not_yet() -> TaskError {
    TaskError::msg("not yet").with_retryable(Retryable::Yes)
}

/// Fails till this attempt.
fn from(attempt: u32) -> impl Fn(&TaskContext<'_>) -> Result<i64, TaskError> + Copy {
    move |ctx: &TaskContext<'_>| {
        if ctx.attempt() < attempt { Err(not_yet()) } else { Ok(i64::from(ctx.attempt())) }
    }
}

const TRIED: [Step; 6] = [
    Step::Started(1),
    Step::Retrying(1),
    Step::Started(2),
    Step::Retrying(2),
    Step::Started(3),
    Step::Finished(OutcomeStatus::Ok, 3),
];

fn number(report: &terrace_scheduler::RunReport, name: &str) -> String {
    let output = report.output(name).unwrap().as_ref().unwrap();
    terrace_core::value_to_json(output).unwrap()
}

#[test]
fn each_attempt_is_told_and_knows_its_number() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for lane in [Lane::Compute, Lane::Blocking] {
                for timing in [Timing::On, Timing::Off] {
                    let wf = WorkflowBuilder::new("retry");
                    let timed = wf.try_call(from(3), ()).named("timed").on_lane(lane);
                    let timed = timed.retry(three()).timeout(1_000 * MS).total_timeout(2_000 * MS);
                    let plain =
                        wf.try_call(from(3), ()).named("plain").on_lane(lane).retry(three());
                    wf.output("sum", &wf.call(|a: i64, b: i64| a + b, (&plain, &timed)));
                    let plan = plan(wf);
                    let options = RunOptions::default().with_timing(timing);
                    let (report, seen) = watch(&workers, &plan, options);
                    assert_eq!(number(&report, "sum"), "6");
                    assert_eq!(seen.of(&plan, "plain"), TRIED);
                    assert_eq!(seen.of(&plan, "timed"), TRIED);
                    let id = plan.workflow().find("plain").unwrap();
                    assert_eq!(report.outcome(id).unwrap().attempts, 3);
                }
            }
        }
    });
}

/// Without times in the report there are times all the same.
#[test]
fn a_late_node_has_its_whole_time() {
    within(30, || {
        let wf = WorkflowBuilder::new("late");
        let first = wf.call(|| std::thread::sleep(120 * MS), ());
        let node = wf.try_call(from(3), ()).retry(three()).total_timeout(100 * MS).after(&first);
        wf.output("node", &node);
        let plan = plan(wf);
        // Nobody watches: an observer wants times.
        let report = workers(1).run(&plan, RunOptions::default().with_timing(Timing::Off));
        assert_eq!(number(&report, "node"), "3");
    });
}

#[test]
fn only_what_may_help_is_tried_again() {
    within(30, || {
        let tries = |error: fn() -> TaskError, retry: Retry| {
            let wf = WorkflowBuilder::new("errors");
            drop(
                wf.try_call(move || -> Result<(), _> { Err(error()) }, ())
                    .named("n")
                    .retry(retry)
                    .keep(),
            );
            let plan = plan(wf);
            let (report, seen) = watch(&workers(2), &plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Failed);
            let starts = seen.starts(&plan, |path| path == "n");
            let id = plan.workflow().find("n").unwrap();
            assert_eq!(report.outcome(id).unwrap().attempts as usize, starts.len());
            starts.len()
        };
        let any = Retry { on: RetryOn::Any, ..three() };
        let wrong = || TaskError::new(ErrorClass::INVALID_INPUT, "wrong");
        assert_eq!(tries(not_yet, three()), 3);
        assert_eq!(tries(|| TaskError::msg("no"), three()), 1);
        assert_eq!(tries(|| TaskError::msg("no"), any), 3);
        assert_eq!(tries(wrong, any), 1);
    });
}

#[test]
fn a_service_that_says_when_is_asked_again_then() {
    within(30, || {
        let wf = WorkflowBuilder::new("after");
        let busy = |ctx: &TaskContext<'_>| match ctx.attempt() {
            1 => Err(not_yet().with_retry_after(50 * MS)),
            _ => Ok(()),
        };
        drop(wf.try_call(busy, ()).named("n").retry(three()).keep());
        let plan = plan(wf);
        let (_, seen) = watch(&workers(1), &plan, RunOptions::default());
        let at: Vec<Duration> = seen.steps(&plan).into_iter().map(|(.., at)| at).collect();
        assert!(at[2] - at[1] >= 40 * MS, "{at:?}");
        let pauses = seen.all().into_iter().filter_map(|event| match event.kind {
            EventKind::NodeRetrying { pause, .. } => Some(pause),
            _ => None,
        });
        assert!(pauses.into_iter().all(|pause| pause <= 50 * MS && pause > 30 * MS));
    });
}

#[test]
fn there_is_no_attempt_for_which_there_is_no_time() {
    within(30, || {
        let slow = Retry::attempts(3).constant(10_000 * MS);
        let wf = WorkflowBuilder::new("total");
        drop(wf.try_call(from(9), ()).named("n").retry(slow).total_timeout(1_000 * MS).keep());
        let wf_plan = plan(wf);
        let (report, seen) = watch(&workers(2), &wf_plan, RunOptions::default());
        assert_eq!(
            seen.of(&wf_plan, "n"),
            [Step::Started(1), Step::Finished(OutcomeStatus::Failed, 1)]
        );
        assert_eq!(report.status, RunStatus::Failed);
        let wf = WorkflowBuilder::new("deadline");
        wf.deadline(1_000 * MS);
        drop(wf.try_call(from(9), ()).named("n").retry(slow).keep());
        let plan = plan(wf);
        let (report, seen) = watch(&workers(2), &plan, RunOptions::default());
        assert_eq!(
            seen.of(&plan, "n"),
            [Step::Started(1), Step::Finished(OutcomeStatus::Failed, 1)]
        );
        assert_eq!(report.status, RunStatus::Failed);
    });
}

#[test]
fn nodes_in_frames_and_items_are_tried_again() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let wf = WorkflowBuilder::new("inside");
            let frames = wf.map(0..4, |body, x| {
                let n = body.try_call(from(3), ()).named("n").retry(three());
                body.call(|x: i64, n: i64| x * n, (&x, &n))
            });
            let items = wf.over(0..4).each(|item| item.retry(three())).map(|body, x| {
                body.try_call(
                    |ctx: &TaskContext<'_>, x: i64| Ok::<_, TaskError>(from(3)(ctx)? * x),
                    (&x,),
                )
            });
            // As each item of the map, said of its one task.
            let alone = wf.map(0..4, |body, _| body.try_call(from(2), ()).retry(three()));
            wf.output("frames", &frames.named("frames"));
            wf.output("items", &items.named("items"));
            wf.output("alone", &alone);
            let plan = plan(wf);
            let (report, seen) = watch(&workers, &plan, RunOptions::default());
            assert_eq!(number(&report, "frames"), "[0,3,6,9]");
            assert_eq!(number(&report, "items"), "[0,3,6,9]");
            assert_eq!(number(&report, "alone"), "[2,2,2,2]");
            assert_eq!(seen.of(&plan, "frames[2].n"), TRIED);
            assert_eq!(seen.of(&plan, "items[3]"), TRIED);
        }
    });
}

/// A body whose second node fails twice, whatever its attempt.
fn fails_twice(wf: &WorkflowBuilder, runs: &Arc<AtomicU32>) -> Handle<i64> {
    let (one, runs) = (wf.call(|| 1_i64, ()).named("one"), Arc::clone(runs));
    let two = move |one: i64| match runs.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Err(not_yet()),
        _ => Ok(one + 1),
    };
    wf.try_call(two, (&one,)).named("two")
}

#[test]
fn a_workflow_inside_is_tried_again_as_a_whole() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let runs = Arc::new(AtomicU32::new(0));
            let again = |wf: WorkflowBuilder, path: &str, steps: &[Step], ones: usize| {
                runs.store(0, Ordering::SeqCst);
                let plan = plan(wf);
                let (report, seen) = watch(&workers, &plan, RunOptions::default());
                assert_eq!(report.status, RunStatus::Succeeded, "{path}: {:?}", report.failures);
                assert_eq!(seen.of(&plan, path), steps, "{path}");
                let starts = seen.starts(&plan, |path| path.ends_with("one"));
                assert_eq!(starts.len(), ones, "{path}");
            };
            let wf = WorkflowBuilder::new("flow");
            drop(wf.flow("flow", |body| fails_twice(body, &runs)).retry(three()).keep());
            again(wf, "flow", &TRIED, 3);
            let wf = WorkflowBuilder::new("loop");
            let state = wf.call(|| 5_i64, ());
            let looped = wf.loop_from(&state).times(2, |body, state| {
                let two = fails_twice(body, &runs);
                body.call(|a: i64, b: i64| a + b, (&state, &two))
            });
            drop(looped.named("loop").retry(three()).keep());
            again(wf, "loop", &TRIED, 4);
            let wf = WorkflowBuilder::new("map");
            let list = wf.call(|| vec![1_i64, 2], ());
            let map = wf.over(&list).chunk(1).window(1).map(|body, _| fails_twice(body, &runs));
            drop(map.named("map").retry(three()).keep());
            // Both items fail in the first attempt.
            again(
                wf,
                "map",
                &[TRIED[0], TRIED[1], TRIED[2], Step::Finished(OutcomeStatus::Ok, 2)],
                4,
            );
            let wf = WorkflowBuilder::new("items");
            let list = wf.call(|| vec![1_i64, 2], ());
            let items = wf.over(&list).window(1).each(|item| item.retry(three()));
            drop(items.map(|body, _| fails_twice(body, &runs)).named("items").keep());
            again(wf, "items[0]", &[Step::Retrying(1), Step::Retrying(2)], 4);
        }
    });
}

#[test]
fn a_task_that_gives_a_workflow_is_tried_again() {
    within(30, || {
        let wf = WorkflowBuilder::new("given");
        let given = wf.try_expand(
            |ctx: &TaskContext<'_>| {
                from(3)(ctx)?;
                let wf = WorkflowBuilder::new("inner");
                let n = wf.call(|| 7_i64, ());
                Ok::<_, TaskError>(Expansion::flow(wf, &n))
            },
            (),
        );
        wf.output("n", &given.named("given").retry(three()));
        let plan = plan(wf);
        let (report, seen) = watch(&workers(2), &plan, RunOptions::default());
        assert_eq!(number(&report, "n"), "7");
        assert_eq!(seen.of(&plan, "given"), TRIED);
    });
}

#[test]
fn every_attempt_has_its_inputs_and_each_value_is_dropped_once() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for timeout in [None, Some(10_000 * MS)] {
                for last in [3, 9] {
                    let census = Census::default();
                    let wf = WorkflowBuilder::new("moved");
                    let made = census.clone();
                    let value = wf.call(move || made.one(), ());
                    let list = {
                        let census = census.clone();
                        wf.call(move || (0..3).map(|_| census.one()).collect::<Vec<_>>(), ())
                    };
                    let pass =
                        move |ctx: &TaskContext<'_>, value: Counted| from(last)(ctx).map(|_| value);
                    let time = |node: Handle<Counted>| match timeout {
                        Some(time) => node.timeout(time),
                        None => node,
                    };
                    let node = time(wf.try_call(pass, (&value,)).retry(three())).named("node");
                    let items = wf.over(&list).each(|item| {
                        let item = item.retry(three());
                        match timeout {
                            Some(time) => item.timeout(time),
                            None => item,
                        }
                    });
                    let items = items.map(|body, x| body.try_call(pass, (&x,)));
                    let whole = wf.flow("whole", |body| {
                        body.try_call(
                            move |ctx: &TaskContext<'_>, value: Counted| {
                                from(1)(ctx).map(|_| value)
                            },
                            (&value,),
                        )
                    });
                    let whole = time(whole.retry(three()));
                    drop((node.keep(), items.keep(), whole.keep()));
                    let plan = plan(wf);
                    let (report, _) = watch(&workers, &plan, RunOptions::default());
                    let ok = report.status == RunStatus::Succeeded;
                    assert_eq!(ok, last == 3, "{:?}", report.failures);
                    drop((report, plan));
                    assert!(census.is_empty_soon(), "{} are left", census.live());
                }
            }
        }
    });
}
