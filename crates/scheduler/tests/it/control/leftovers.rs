//! Attempts that were given up and still run.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus, Retry, WorkflowBuilder};
use terrace_plugin_api::{ErrorClass, TaskContext};
use terrace_scheduler::{RunOptions, RunStatus, Scheduler};

use super::seen::{Census, Counted, plan, until, watch, workers};
use crate::graph::within;

const MS: Duration = Duration::from_millis(1);

#[test]
fn who_looks_whether_to_stop_leaves_nothing() {
    within(120, || {
        for workers in [1, 2, 8].map(workers) {
            let census = Census::default();
            for _ in 0..100 {
                let wf = WorkflowBuilder::new("polls");
                let (one, other) = (census.clone(), census.clone());
                let value = wf.call(move || one.one(), ());
                let slow = wf.call(
                    move |ctx: &TaskContext<'_>, _value: Counted| {
                        until(|| ctx.cancelled());
                        other.one()
                    },
                    (&value,),
                );
                drop(slow.timeout(2 * MS).keep());
                let plan = plan(wf);
                let (report, _) = watch(&workers, &plan, RunOptions::default());
                assert_eq!(report.counts.failed, 1);
            }
            until(|| workers.leftovers().is_empty());
            assert!(census.is_empty_soon(), "{} are left", census.live());
            // All threads are there: so many wait for each other.
            let crowd = super::seen::Crowd::new(40, 40);
            let wf = WorkflowBuilder::new("next");
            for _ in 0..40 {
                let crowd = Arc::clone(&crowd);
                drop(wf.call(move || crowd.meet(), ()).on_lane(Lane::Blocking).keep());
            }
            assert_eq!(
                watch(&workers, &plan(wf), RunOptions::default()).0.status,
                RunStatus::Succeeded
            );
        }
    });
}

/// A task that does not look whether it is to stop, and ends when the test lets it.
struct Deaf {
    held: Vec<Sender<()>>,
    gate: Arc<Mutex<Vec<Receiver<()>>>>,
    came_back: Arc<AtomicU32>,
}

impl Deaf {
    fn new(times: usize) -> Self {
        let (held, gate): (Vec<_>, Vec<_>) = (0..times).map(|_| channel()).unzip();
        Self { held, gate: Arc::new(Mutex::new(gate)), came_back: Arc::default() }
    }

    fn node(&self, wf: &WorkflowBuilder, census: &Census, lane: Lane) {
        let (gate, back, census) = (self.gate.clone(), self.came_back.clone(), census.clone());
        let deaf = move || {
            let wait = gate.lock().unwrap().pop();
            wait.unwrap().recv().ok();
            back.fetch_add(1, Ordering::SeqCst);
            census.one()
        };
        drop(wf.call(deaf, ()).named("deaf").on_lane(lane).timeout(10 * MS).keep());
        drop(wf.call(|| 1_i64, ()).named("other").keep());
    }
}

#[test]
fn who_does_not_is_counted_named_and_refused_at_last() {
    within(120, || {
        for workers in [1, 2, 8] {
            for lane in [Lane::Compute, Lane::Blocking] {
                let scheduler = Scheduler::builder()
                    .workers(workers)
                    .max_blocking(2)
                    .max_abandoned(3)
                    .build()
                    .unwrap();
                let (census, deaf) = (Census::default(), Deaf::new(4));
                let run = || {
                    let wf = WorkflowBuilder::new("deaf");
                    deaf.node(&wf, &census, lane);
                    let plan = plan(wf);
                    let (report, _) = watch(&scheduler, &plan, RunOptions::default());
                    assert_eq!((report.counts.failed, report.counts.succeeded), (1, 1));
                    let id = plan.workflow().find("deaf").unwrap();
                    let end = report.outcome(id).unwrap();
                    (end.status, end.error.unwrap(), report.leftovers)
                };
                for nth in 1..=3 {
                    let (status, error, left) = run();
                    assert_eq!(status, OutcomeStatus::TimedOut);
                    assert_eq!(error.message(), "it took longer than 10ms");
                    assert_eq!(left, [("closure".to_owned(), nth)]);
                }
                assert_eq!(scheduler.leftovers(), [("closure".to_owned(), 3)]);
                // What asks for nothing runs as ever.
                let wf = WorkflowBuilder::new("next");
                let all =
                    wf.map(0..50, |body, x| body.call(|x: i64| x, (&x,)).on_lane(Lane::Blocking));
                wf.output("sum", &wf.call(|all: Vec<i64>| all.iter().sum::<i64>(), (&all,)));
                let (report, _) = watch(&scheduler, &plan(wf), RunOptions::default());
                assert_eq!(report.output("sum").unwrap().as_ref().unwrap().as_i64(), Some(1_225));
                let (status, error, _) = run();
                assert_eq!(status, OutcomeStatus::Failed);
                assert_eq!((error.class(), error.code()), (ErrorClass::LIMIT, "abandoned"));
                // One may come back: then there may be one more.
                for (nth, held) in deaf.held.iter().enumerate() {
                    held.send(()).ok();
                    if nth == 1 {
                        until(|| deaf.came_back.load(Ordering::SeqCst) > 0);
                    }
                }
                until(|| scheduler.leftovers().is_empty());
                assert_eq!(deaf.came_back.load(Ordering::SeqCst), 3);
                assert!(census.is_empty_soon(), "{} are left", census.live());
            }
        }
    });
}

#[test]
fn a_dropped_scheduler_waits_for_nobody() {
    within(30, || {
        let (census, deaf) = (Census::default(), Deaf::new(1));
        let scheduler = workers(2);
        let wf = WorkflowBuilder::new("deaf");
        deaf.node(&wf, &census, Lane::Compute);
        let (report, _) = watch(&scheduler, &plan(wf), RunOptions::default());
        assert_eq!(report.leftovers.len(), 1);
        drop((report, scheduler));
        assert_eq!(deaf.came_back.load(Ordering::SeqCst), 0);
        deaf.held[0].send(()).unwrap();
        until(|| deaf.came_back.load(Ordering::SeqCst) == 1);
        assert!(census.is_empty_soon());
    });
}

/// Threads that are given up at the moment in which they come back: none is lost, and none counted
/// twice, so that as many tasks as may can still meet.
#[test]
fn those_that_come_back_as_they_are_given_up_cost_no_thread() {
    within(120, || {
        let scheduler =
            Scheduler::builder().workers(4).max_blocking(3).max_abandoned(1_000).build().unwrap();
        for _ in 0..60 {
            let wf = WorkflowBuilder::new("race");
            let items = wf
                .over(0..8)
                .max_failures(8)
                .each(|item| item.timeout(MS).retry(Retry::attempts(3).constant(Duration::ZERO)));
            drop(items.map(|body, _| body.call(|| std::thread::sleep(MS), ())).keep());
            watch(&scheduler, &plan(wf), RunOptions::default());
        }
        until(|| scheduler.leftovers().is_empty());
        let crowd = super::seen::Crowd::new(3, 9);
        let wf = WorkflowBuilder::new("next");
        for _ in 0..9 {
            let crowd = Arc::clone(&crowd);
            drop(wf.call(move || crowd.meet(), ()).on_lane(Lane::Blocking).keep());
        }
        assert_eq!(
            watch(&scheduler, &plan(wf), RunOptions::default()).0.status,
            RunStatus::Succeeded
        );
        assert_eq!(crowd.most(), 3);
    });
}
