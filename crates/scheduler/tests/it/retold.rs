//! Errors that leave a workflow inside a node: told with their place, and with all that they had.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Collect, Draft, Expansion, NoTasks, Outcome, ReduceDraft, RepeatDraft, TaskChoice, TaskRef,
    Value, Workflow, WorkflowBuilder,
};
use terrace_plugin_api::{ErrorClass, Retryable};
use terrace_scheduler::{
    CancelToken, OutcomeStatus, PathChoice, RunOptions, RunReport, RunStatus, Scheduler, TaskError,
};

use crate::fan::{self, flow, inline, input, local, map, numbers, only};
use crate::graph::{id, output, task, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

/// An error with everything that one can have.
fn full(message: &str) -> TaskError {
    TaskError::new(ErrorClass::UNAVAILABLE, message)
        .with_code("http_429")
        .with_cause("too many requests")
        .with_cause("slow down")
        .with_details(Value::map([("quota", Value::from(7_i64))]).unwrap())
        .with_location("src/api.rs:1:2")
        .with_retry_after(Duration::from_secs(3))
}

fn check_all(error: &TaskError, message: &str) {
    assert_eq!(error.message(), message);
    assert_eq!((error.class(), error.code()), (ErrorClass::UNAVAILABLE, "http_429"), "{message}");
    assert_eq!(error.causes().collect::<Vec<_>>(), ["too many requests", "slow down"], "{message}");
    assert_eq!(error.details(), full("").details(), "{message}");
    assert_eq!(error.location(), Some("src/api.rs:1:2"), "{message}");
    assert!(error.retryable(), "{message}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)), "{message}");
}

fn everywhere(wf: WorkflowBuilder, check: impl Fn(&RunReport) + Send + 'static) {
    let workflow: Workflow = wf.build(&NoTasks).unwrap_or_else(|problems| panic!("{problems}"));
    within(60, move || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let options = RunOptions::default().with_path(path);
                check(&scheduler.run(&Arc::new(workflow.plan()), options));
            }
        }
    });
}

fn error_of(report: &RunReport, name: &str) -> TaskError {
    let id = report.plan().workflow().find(name).unwrap();
    report.outcome(id).unwrap().error.unwrap()
}

fn fails(wf: &WorkflowBuilder) -> terrace_core::Handle<i64> {
    wf.try_call(|| -> Result<i64, TaskError> { Err(full("no")) }, ()).named("bad")
}

/// A body of several nodes of which the second fails.
fn two(wf: &WorkflowBuilder, x: &terrace_core::Handle<i64>) -> terrace_core::Handle<i64> {
    let first = wf.call(|x: i64| x, (x,)).named("good");
    wf.try_call(|x: i64| if x == 1 { Err(full("no")) } else { Ok(x) }, (&first,)).named("bad")
}

#[test]
fn an_error_keeps_all_it_has_on_its_way_out() {
    let wf = WorkflowBuilder::new("kept");
    let list = wf.call(|| vec![0_i64, 1, 2], ());
    let mapped = wf.map(&list, |body, x| two(body, &x)).named("mapped");
    let sides = wf.branches("sides");
    let left = sides.branch("left", |body| {
        let bad = fails(body);
        body.call(|x: i64| x, (&bad,))
    });
    let inner = WorkflowBuilder::new("inner");
    inner.result(&fails(&inner));
    let inner = inner.build(&NoTasks).unwrap();
    let middle = WorkflowBuilder::new("middle");
    middle.result(&middle.run(&inner).add_as::<i64>().named("inner"));
    let middle = middle.build(&NoTasks).unwrap();
    let used = wf.run(&middle).add_as::<i64>().named("used");
    let given = wf.expand(
        || {
            let wf = WorkflowBuilder::new("given");
            let bad = fails(&wf);
            let more = wf.call(|x: i64| x, (&bad,));
            Expansion::flow(wf, &more)
        },
        (),
    );
    let given = given.named("given");
    let again =
        wf.loop_from(0_i64).times(3, |body, x| two(body, &body.call(|x: i64| x + 1, (&x,))));
    let again = again.named("again");
    for (name, value) in [("used", &used), ("given", &given), ("again", &again)] {
        wf.output(name, value);
    }
    wf.output("mapped", &mapped);
    wf.output("left", &left);
    everywhere(wf, |report| {
        for (name, message) in [
            ("mapped", "mapped[1]: bad: no"),
            ("sides", "left: bad: no"),
            ("used", "inner: bad: no"),
            ("given", "bad: no"),
            ("again", "bad: no"),
        ] {
            check_all(&error_of(report, name), message);
        }
        for failure in report.failures.iter() {
            check_all(&failure.error, failure.error.message());
        }
    });
}

#[test]
fn an_outcome_tells_all_that_an_error_had() {
    let wf = WorkflowBuilder::new("outcomes");
    let list = wf.call(|| vec![0_i64, 1, 2], ());
    let outcomes = wf.over(&list).outcomes().map(|body, x| two(body, &x)).named("each");
    let told = wf.call(
        |outcomes: Vec<Outcome>| -> String {
            check_all(outcomes[1].error.as_ref().unwrap(), "bad: no");
            outcomes.iter().map(|outcome| outcome.status.name()).collect::<Vec<_>>().join(" ")
        },
        (&outcomes,),
    );
    wf.output("told", &told);
    everywhere(wf, |report| {
        assert_eq!(report.output("told").unwrap().as_ref().unwrap().as_str(), Some("ok failed ok"));
    });
}

/// A map over 0 to 3 as it is, reduced by a task; `associative` ones are joined as a tree.
fn reduced(combiner: TaskRef, associative: bool, collect: Collect) -> Workflow {
    let mut signature = (*combiner.signature).clone();
    signature.associative = associative;
    let combiner = TaskRef { signature: Arc::new(signature), ..combiner };
    let copy = task(1, |_, args| Ok(args[0].clone()));
    let mut body = Draft { inputs: vec![local("item")], ..Draft::default() };
    body.nodes.push(inline(&copy, vec![input(0)]));
    body.result = Some(output(0));
    let mut spec = map(numbers(4), 0);
    spec.collect = collect;
    spec.reduce = Some(ReduceDraft { task: TaskChoice::Inline(combiner), start: None, span: None });
    only(flow(body, Vec::new(), Some(RepeatDraft::Map(Box::new(spec)))))
}

#[test]
fn a_combiner_s_error_has_its_place_and_all_it_had() {
    for (associative, place) in [(false, "node[2]"), (true, "node[3]")] {
        let combiner = task(2, |_, args| match (args[0].as_i64(), args[1].as_i64()) {
            (Some(2), _) | (_, Some(2)) => Err(full("no")),
            (a, b) => Ok(Value::from(a.unwrap() + b.unwrap())),
        });
        let workflow = reduced(combiner, associative, Collect::Values);
        within(60, move || {
            fan::everywhere(&workflow, |report| {
                let message = format!("{place}: reducing with `closure`: no");
                check_all(&error_of(report, "node"), &message);
            });
        });
    }
}

#[test]
fn an_error_that_is_not_to_be_tried_again_stays_so() {
    let wf = WorkflowBuilder::new("final");
    let list = wf.call(|| vec![0_i64], ());
    let fails =
        |_: i64| -> Result<i64, TaskError> { Err(full("no").with_retryable(Retryable::No)) };
    let each = wf.map(&list, |body, x| body.try_call(fails, (&x,))).named("each");
    wf.output("each", &each);
    everywhere(wf, |report| {
        let error = error_of(report, "each");
        assert!(!error.retryable());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    });
}

#[test]
fn a_combiner_that_was_told_to_stop_has_not_failed() {
    let ways =
        [Collect::Values, Collect::Outcomes].map(|collect| [(collect, false), (collect, true)]);
    for (collect, associative) in ways.into_iter().flatten() {
        within(30, move || {
            for path in PATHS {
                let token = CancelToken::new();
                let told = token.clone();
                let combiner = task(2, move |_, _| {
                    told.cancel();
                    Err(TaskError::new(ErrorClass::CANCELLED, "told to stop"))
                });
                let workflow = reduced(combiner, associative, collect);
                let scheduler = Scheduler::builder().workers(2).build().unwrap();
                let options = RunOptions::default().with_path(path).with_cancel(token);
                let report = scheduler.run(&Arc::new(workflow.plan()), options);
                assert_eq!(report.status, RunStatus::Cancelled);
                assert_eq!(report.status_of(id(0)), Some(OutcomeStatus::Cancelled));
                assert_eq!(report.counts.failed, 0);
            }
        });
    }
}

#[test]
fn a_combiner_that_says_so_by_itself_has_failed() {
    let combiner = task(2, |_, _| Err(TaskError::new(ErrorClass::CANCELLED, "no mood")));
    let workflow = reduced(combiner, false, Collect::Values);
    within(30, move || {
        fan::everywhere(&workflow, |report| assert_eq!(report.status, RunStatus::Failed));
    });
}
