//! What a simulation is: the real run, carried out by other hands.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Checkpoints, Event, Lane, NoTasks, OutcomeStatus, Plan, Retry, WorkflowBuilder,
};
use terrace_plugin_api::Retryable;
use terrace_scheduler::simulate::{Attempt, Course, Simulation};
use terrace_scheduler::{
    Checkpoint, Decision, Order, RunOptions, RunReport, RunStatus, Scheduler, SimulationError,
    TaskContext, TaskError, Value,
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn plan(wf: WorkflowBuilder) -> Arc<Plan> {
    Arc::new(wf.build(&NoTasks).unwrap_or_else(|problems| panic!("{problems}")).plan())
}

/// How a node ended, after how many attempts, when it began and when it ended.
pub(super) fn end_of(report: &RunReport, name: &str) -> (OutcomeStatus, u32, Duration, Duration) {
    let id = report.plan().workflow().find(name).unwrap();
    let outcome = report.outcome(id).unwrap();
    let end = outcome.started + outcome.duration;
    (outcome.status, outcome.attempts, outcome.started, end)
}

fn takes(time: Duration) -> impl FnMut(&Attempt<'_>) -> Course {
    move |_| Course::calls(time)
}

#[test]
fn a_hundred_thousand_tasks_of_an_hour_take_no_time() {
    let wf = WorkflowBuilder::new("many");
    let all = wf.map(0..100_000, |body, x| body.call(|x: i64| x, (&x,)));
    wf.output("sum", &wf.call(|all: Vec<i64>| all.iter().sum::<i64>(), (&all,)));
    let report = Simulation::new(100).run(&plan(wf), RunOptions::default(), &mut takes(HOUR));
    let report = report.unwrap();
    assert_eq!((report.status, report.duration), (RunStatus::Succeeded, 1_001 * HOUR));
    let sum = report.output("sum").unwrap().as_ref().unwrap().as_i64();
    assert_eq!(sum, Some(4_999_950_000));
}

/// The same as a real run gives, though its tasks need not be called.
#[test]
fn what_comes_of_it_is_what_comes_of_a_real_run() {
    let wf = WorkflowBuilder::new("same");
    let data = wf.call(|| vec![3_i64, 1, 2], ());
    let both = wf.branches("both");
    let sum = both.branch("sum", |body| body.call(|xs: Vec<i64>| xs.iter().sum::<i64>(), (&data,)));
    let most = both.branch("most", |body| body.call(|xs: Vec<i64>| xs[0].max(xs[2]), (&data,)));
    let doubled = wf.loop_from(&sum).times(5, |body, x| body.call(|x: i64| x * 2, (&x,)));
    let squares = wf.over(0..20).fold(0_i64, |a: i64, b: i64| a + b);
    let squares = squares.map(|body, x| body.call(|x: i64| x * x, (&x,)));
    let no = wf.call(|| false, ());
    let skipped = wf.call(|| 1_i64, ()).when(&no);
    let join = |a: i64, b: i64, c: i64, d: Option<i64>| a + b + c + d.unwrap_or(1_000);
    wf.output("all", &wf.call(join, (&doubled, &most, &squares, &skipped)));
    let plan = plan(wf);
    let real = Scheduler::builder().workers(2).build().unwrap().run(&plan, RunOptions::default());
    let value = |report: &RunReport| report.output("all").unwrap().as_ref().unwrap().as_i64();
    assert_eq!(value(&real), Some(6 * 32 + 3 + 2_470 + 1_000));
    for order in [Order::Dataflow, Order::Levels] {
        for workers in [1, 3] {
            let options = RunOptions::default().with_order(order);
            let report = Simulation::new(workers).run(&plan, options, &mut takes(SECOND)).unwrap();
            assert_eq!(value(&report), value(&real));
            assert_eq!(report.counts, real.counts);
        }
    }
    let mut nothing = |_: &Attempt<'_>| Course::gives(SECOND, Err(TaskError::msg("no")));
    let report = Simulation::new(2).run(&plan, RunOptions::default(), &mut nothing).unwrap();
    assert_eq!(report.status, RunStatus::Failed);
}

#[test]
fn times_are_exact() {
    let wf = WorkflowBuilder::new("times");
    let again = Retry::attempts(3).exponential(10 * SECOND, 60 * SECOND);
    drop(wf.call(|| 1_i64, ()).named("busy").retry(again).keep());
    drop(wf.call(|| 1_i64, ()).named("hangs").timeout(7 * SECOND).keep());
    drop(wf.call(|| 1_i64, ()).named("waits").on_lane(Lane::Blocking).keep());
    drop(wf.call(|| 1_i64, ()).named("waits_too").on_lane(Lane::Blocking).keep());
    let plan = plan(wf);
    let busy = || TaskError::msg("busy").with_retryable(Retryable::Yes);
    let mut script = |attempt: &Attempt<'_>| match attempt.path {
        "busy" if attempt.number < 3 => Course::gives(SECOND, Err(busy())),
        "hangs" => Course::hangs(),
        _ => Course::calls(2 * SECOND),
    };
    let simulation = Simulation::new(2).max_blocking(1);
    let report = simulation.run(&plan, RunOptions::default(), &mut script).unwrap();
    // One second, ten of waiting, one, twenty, two.
    let (none, ok) = (Duration::ZERO, OutcomeStatus::Ok);
    assert_eq!(end_of(&report, "busy"), (ok, 3, 32 * SECOND, 34 * SECOND));
    assert_eq!(end_of(&report, "hangs"), (OutcomeStatus::TimedOut, 1, none, 7 * SECOND));
    assert_eq!(end_of(&report, "waits"), (ok, 1, none, 2 * SECOND));
    assert_eq!(end_of(&report, "waits_too"), (ok, 1, 2 * SECOND, 4 * SECOND));
    assert_eq!(report.leftovers.len(), 1, "it never came back");
}

#[test]
fn what_looks_stops_when_told_to_and_what_does_not_goes_on() {
    let wf = WorkflowBuilder::new("cancelled");
    drop(wf.call(|| 1_i64, ()).named("looks").keep());
    drop(wf.call(|| 1_i64, ()).named("goes_on").keep());
    let later = wf.call(|| 1_i64, ()).named("later");
    drop(later.keep());
    let plan = plan(wf);
    let mut script = |attempt: &Attempt<'_>| match attempt.path {
        "looks" => Course::hangs().stops_after(SECOND),
        _ => Course::calls(10 * SECOND),
    };
    let simulation = Simulation::new(2).cancel_at(3 * SECOND);
    let report = simulation.run(&plan, RunOptions::default(), &mut script).unwrap();
    assert_eq!(report.status, RunStatus::Cancelled);
    let none = Duration::ZERO;
    assert_eq!(end_of(&report, "looks"), (OutcomeStatus::Cancelled, 1, none, 4 * SECOND));
    assert_eq!(end_of(&report, "goes_on"), (OutcomeStatus::Ok, 1, none, 10 * SECOND));
    assert_eq!(end_of(&report, "later").1, 0);
}

#[test]
fn a_run_that_never_ends_is_told() {
    let wf = WorkflowBuilder::new("never");
    let first = wf.call(|| 1_i64, ()).named("first");
    let stuck = wf.call(|x: i64| x, (&first,)).named("stuck");
    wf.output("one", &wf.call(|x: i64| x, (&stuck,)));
    let plan = plan(wf);
    let mut script = |attempt: &Attempt<'_>| match attempt.path {
        "stuck" => Course::hangs(),
        _ => Course::calls(SECOND),
    };
    let simulation = Simulation::new(2);
    let error = simulation.run(&plan, RunOptions::default(), &mut script).unwrap_err();
    let SimulationError::NeverEnds { at, waits_for } = &error else { panic!("{error}") };
    assert_eq!((*at, waits_for.as_slice()), (SECOND, &["stuck".to_owned()][..]));
    assert_eq!(error.to_string(), "the run never ends: from 1s on it waits for `stuck`");
}

#[test]
fn checkpoints_wait_for_an_answer() {
    let wf = WorkflowBuilder::new("looked_at");
    wf.checkpoints(Checkpoints::Levels);
    let first = wf.call(|| 1_i64, ()).named("first");
    wf.output("one", &wf.call(|x: i64| x, (&first,)).named("second"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let approver = move |checkpoint: &Checkpoint| {
        seen.lock().unwrap().push(checkpoint.at);
        Decision::GoOn
    };
    let options = RunOptions::default().with_approver(Arc::new(approver));
    let simulation = Simulation::new(1).answer_after(HOUR);
    let report = simulation.run(&plan(wf), options, &mut takes(SECOND)).unwrap();
    assert_eq!(*asked.lock().unwrap(), [SECOND]);
    assert_eq!(end_of(&report, "second").2, HOUR + SECOND);
}

#[test]
fn observers_see_virtual_times_and_workers_that_are_free() {
    let wf = WorkflowBuilder::new("seen");
    drop(wf.map(0..6, |body, x| body.call(|x: i64| x, (&x,))).named("map").keep());
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let observer = move |event: &Event| sink.lock().unwrap().push(event.clone());
    let options = RunOptions::default().with_observer(Arc::new(observer));
    let mut script = |attempt: &Attempt<'_>| {
        let index = attempt.item.map_or(0, |item| item.index);
        Course::gives((1 + index % 2) as u32 * SECOND, Ok(Value::from(1_i64)))
    };
    Simulation::new(2).run(&plan(wf), options, &mut script).unwrap();
    let starts: Vec<(u64, u32)> = events
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| match &event.kind {
            terrace_core::EventKind::NodeStarted { path: Some(_), worker, .. } => {
                Some((event.at.as_secs(), *worker))
            }
            _ => None,
        })
        .collect();
    // One second and two, by turns: who is free takes the next.
    assert_eq!(starts, [(0, 0), (0, 1), (1, 0), (2, 1), (2, 0), (3, 0)]);
}

/// What a task asks is answered as in a real run.
#[test]
fn a_task_that_is_called_sees_its_attempt_and_its_time() {
    let wf = WorkflowBuilder::new("asks");
    let task = |ctx: &TaskContext<'_>| {
        let left = ctx.time_left().map(|left| left.as_secs());
        format!("{} {} {left:?}", ctx.node(), ctx.attempt())
    };
    wf.output("said", &wf.call(task, ()).named("task").timeout(9 * SECOND));
    let report = Simulation::new(1).run(&plan(wf), RunOptions::default(), &mut takes(SECOND));
    let report = report.unwrap();
    let said = report.output("said").unwrap().as_ref().unwrap().clone();
    assert_eq!(said, Value::from("task 1 Some(9)"));
}
