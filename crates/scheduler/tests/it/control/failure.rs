//! What a failure does to the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use terrace_core::{Handle, OnFailure, OutcomeStatus, Retry, RetryOn, RunIf, WorkflowBuilder};
use terrace_scheduler::{RunOptions, RunReport, RunStatus, TaskError};

use super::seen::{plan, watch, workers};
use crate::graph::within;

fn status(report: &RunReport, name: &str) -> OutcomeStatus {
    report.status_of(report.plan().workflow().find(name).unwrap()).unwrap()
}

fn fails() -> Result<i64, TaskError> {
    Err(TaskError::msg("no"))
}

fn json(report: &RunReport, name: &str) -> String {
    terrace_core::value_to_json(report.output(name).unwrap().as_ref().unwrap()).unwrap()
}

#[test]
fn after_a_failure_nothing_starts_but_what_cleans_up() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for on in [OnFailure::Stop, OnFailure::Continue] {
                let wf = WorkflowBuilder::new("stop");
                wf.on_failure(on);
                let bad = wf.try_call(fails, ()).named("bad");
                drop(wf.call(|x: i64| x, (&bad,)).named("behind").keep());
                // After the failure, though it does not depend on it.
                let slow = wf.call(|| std::thread::sleep(Duration::from_millis(40)), ());
                drop(wf.call(|| 1_i64, ()).named("other").after(&slow).keep());
                drop(
                    wf.call(|| 1_i64, ()).named("always").after(&bad).run_if(RunIf::Always).keep(),
                );
                drop(
                    wf.call(|| 1_i64, ())
                        .named("failure")
                        .after(&bad)
                        .run_if(RunIf::Failure)
                        .keep(),
                );
                let plan = plan(wf);
                let (report, _) = watch(&workers, &plan, RunOptions::default());
                assert_eq!(report.status, RunStatus::Failed);
                let other = report.outcome(plan.workflow().find("other").unwrap()).unwrap();
                match on {
                    OnFailure::Stop => {
                        assert_eq!(other.status, OutcomeStatus::Skipped);
                        assert_eq!(other.cause, plan.workflow().find("bad"));
                    }
                    OnFailure::Continue => assert_eq!(other.status, OutcomeStatus::Ok),
                }
                assert_eq!(status(&report, "behind"), OutcomeStatus::Skipped);
                assert_eq!(status(&report, "always"), OutcomeStatus::Ok);
                assert_eq!(status(&report, "failure"), OutcomeStatus::Ok);
            }
        }
    });
}

#[test]
fn who_runs_when_others_fail_is_not_told_to_stop() {
    within(30, || {
        let wf = WorkflowBuilder::new("told");
        wf.on_failure(OnFailure::Stop);
        let bad = wf.try_call(fails, ()).named("bad");
        let clean = |ctx: &terrace_plugin_api::TaskContext<'_>| ctx.cancelled();
        let clean = wf.call(clean, ()).after(&bad).run_if(RunIf::Always);
        wf.output("told", &clean);
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        assert_eq!(json(&report, "told"), "false");
    });
}

#[test]
fn what_may_fail_does_and_the_run_has_not() {
    within(30, || {
        let wf = WorkflowBuilder::new("tolerated");
        wf.on_failure(OnFailure::Stop);
        let absent = wf.try_call(fails, ()).named("absent").optional();
        let instead = wf.try_call(fails, ()).named("instead").fallback(7);
        let both = wf.call(|a: Option<i64>, b: i64| a.unwrap_or(1) + b, (&absent, &instead));
        wf.output("both", &both);
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        assert_eq!(json(&report, "both"), "8");
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!((report.counts.tolerated, report.counts.failed), (2, 0));
        assert_eq!(status(&report, "instead"), OutcomeStatus::Failed);
    });
}

/// The error of a node around is that of what it failed for, and so is whether it is tried again.
#[test]
fn a_workflow_fails_with_what_was_not_allowed_to() {
    within(30, || {
        let wf = WorkflowBuilder::new("which");
        let flow = wf.flow("flow", |body| {
            let allowed = body.try_call(|| Err::<i64, _>(TaskError::msg("allowed")), ()).optional();
            let not = body.try_call(|| Err::<i64, _>(TaskError::msg("not allowed")), ());
            body.call(|a: Option<i64>, b: i64| a.unwrap_or(0) + b, (&allowed, &not))
        });
        drop(flow.keep());
        let plan = plan(wf);
        let (report, _) = watch(&workers(1), &plan, RunOptions::default());
        let error = report.outcome(plan.workflow().find("flow").unwrap()).unwrap().error.unwrap();
        assert!(error.message().ends_with("not allowed"), "{error}");
    });
}

fn odd(wf: &WorkflowBuilder, x: &Handle<i64>) -> Handle<i64> {
    wf.try_call(|x: i64| if x % 2 == 1 { fails() } else { Ok(x) }, (x,))
}

#[test]
fn items_may_fail_and_the_others_keep_their_places() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for single in [true, false] {
                let item = |body: &WorkflowBuilder, x: Handle<i64>| match single {
                    true => odd(body, &x),
                    false => {
                        let odd = odd(body, &x);
                        body.call(|x: i64| x, (&odd,))
                    }
                };
                let wf = WorkflowBuilder::new("some");
                let keyed = BTreeMap::from([
                    ("a".to_owned(), 0_i64),
                    ("b".to_owned(), 1),
                    ("c".to_owned(), 2),
                ]);
                let keyed = wf.call(move || keyed.clone(), ());
                wf.output("keyed", &wf.over(&keyed).at_least(2).map(item));
                wf.output("most", &wf.over(0..4).max_failures(2).map(item));
                wf.output("part", &wf.over(0..4).max_failures_percent(50.0).map(item));
                let sum = wf.over(0..5).max_failures(2).reduce(|a: i64, b: i64| a + b).map(item);
                wf.output("sum", &sum);
                let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
                assert_eq!(report.status, RunStatus::Succeeded);
                assert_eq!(json(&report, "keyed"), r#"{"a":0,"b":null,"c":2}"#);
                assert_eq!(json(&report, "most"), "[0,null,2,null]");
                assert_eq!(json(&report, "part"), "[0,null,2,null]");
                assert_eq!(json(&report, "sum"), "6");
            }
        }
    });
}

/// One by one: when more have failed than may, those that wait do not begin.
#[test]
fn a_map_that_has_failed_begins_nothing_more() {
    within(30, || {
        for again in [false, true] {
            let wf = WorkflowBuilder::new("doomed");
            let retry = Retry { on: RetryOn::Any, ..Retry::attempts(2).constant(Duration::ZERO) };
            let map = wf.over(0..400).concurrency(1).max_failures(2);
            let map = if again { map.each(|item| item.retry(retry)) } else { map };
            let all = map.map(|body, x| body.try_call(|_: i64| fails(), (&x,))).named("all");
            drop(all.keep());
            let plan = plan(wf);
            let (report, seen) = watch(&workers(1), &plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Failed);
            assert_eq!(status(&report, "all"), OutcomeStatus::Failed);
            let starts = seen.starts(&plan, |path| path != "all").len();
            assert!(starts <= 6, "{starts} began");
        }
    });
}
