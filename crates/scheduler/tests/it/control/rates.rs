//! How often something starts. An event comes after its start, so none may come before the time at
//! which so many starts are allowed.

use std::time::Duration;

use terrace_core::{Lane, Limit, Retry, WorkflowBuilder};
use terrace_plugin_api::{Retryable, TaskContext};
use terrace_scheduler::{RunOptions, RunStatus, TaskError};

use super::seen::{Step, plan, watch, workers};
use crate::graph::within;

const PER: Duration = Duration::from_millis(60);

/// When attempts began, of those that are called so.
fn check(wf: WorkflowBuilder, wanted: &str, starts: usize, earliest: impl Fn(usize) -> Duration) {
    let plan = plan(wf);
    for workers in [1, 2, 8].map(workers) {
        let (report, seen) = watch(&workers, &plan, RunOptions::default());
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
        let steps = seen.steps(&plan);
        let begun = steps.iter().filter(|(path, step, _)| {
            matches!(step, Step::Started(_)) && path.contains(wanted) && *path != "map"
        });
        let at: Vec<Duration> = begun.map(|(.., at)| *at).collect();
        assert_eq!(at.len(), starts);
        for (nth, at) in at.iter().enumerate() {
            assert!(*at >= earliest(nth), "start {nth} at {at:?}");
        }
        assert_eq!(report.limits[0].starts, starts as u64);
    }
}

#[test]
fn so_many_nodes_and_items_start_in_a_time() {
    within(60, || {
        let wf = WorkflowBuilder::new("rate");
        wf.limit(Limit::rate("starts", 5, PER));
        for at in 0..6 {
            let node = wf.call(|| (), ()).named(format!("r{at}"));
            drop(
                node.on_lane(if at < 3 { Lane::Blocking } else { Lane::Compute })
                    .needs("starts", 1)
                    .keep(),
            );
        }
        let items = wf.over(0..6).each(|item| item.needs("starts", 1));
        drop(items.map(|body, x| body.call(|x: i64| x, (&x,))).named("r").keep());
        let plan = plan(wf);
        for workers in [1, 2, 8].map(workers) {
            let (report, seen) = watch(&workers, &plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Succeeded);
            let steps = seen.steps(&plan).into_iter();
            let begun =
                steps.filter(|(path, step, _)| matches!(step, Step::Started(_)) && path != "r");
            for (nth, (path, _, at)) in begun.enumerate() {
                assert!(at >= PER * (nth as u32 / 5), "start {nth}, of {path}, at {at:?}");
            }
            assert_eq!(report.limits[0].starts, 12);
        }
    });
}

#[test]
fn beyond_a_burst_they_follow_at_intervals() {
    within(60, || {
        let wf = WorkflowBuilder::new("burst");
        wf.limit(Limit::rate("starts", 6, PER).with_burst(2));
        for at in 0..7 {
            drop(wf.call(|| (), ()).named(format!("r{at}")).needs("starts", 1).keep());
        }
        check(wf, "r", 7, |nth| PER / 6 * (nth as u32).saturating_sub(1));
    });
}

#[test]
fn what_is_tried_again_counts_again() {
    within(60, || {
        let wf = WorkflowBuilder::new("retries");
        wf.limit(Limit::rate("starts", 3, PER));
        for at in 0..3 {
            let third = |ctx: &TaskContext<'_>| match ctx.attempt() {
                3 => Ok(()),
                _ => Err(TaskError::msg("not yet").with_retryable(Retryable::Yes)),
            };
            let node = wf.try_call(third, ()).named(format!("r{at}")).needs("starts", 1);
            drop(node.retry(Retry::attempts(3).constant(Duration::ZERO)).keep());
        }
        check(wf, "r", 9, |nth| PER * (nth as u32 / 3));
    });
}
