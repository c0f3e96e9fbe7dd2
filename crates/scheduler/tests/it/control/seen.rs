//! What a test sees of a run: its events, values that are counted, tasks that meet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use terrace_core::{Event, EventKind, NoTasks, Observer, OutcomeStatus, Plan, WorkflowBuilder};
use terrace_scheduler::{RunOptions, RunReport, Scheduler};

/// The events of a run, in order.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<Event>>);

impl Observer for Seen {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Started(u32),
    Retrying(u32),
    Abandoned(u32),
    Finished(OutcomeStatus, u32),
}

impl Seen {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// What happened, by the path of whom, in order.
    pub(crate) fn steps(&self, plan: &Plan) -> Vec<(String, Step, Duration)> {
        let steps = self.all().into_iter().filter_map(|Event { at, kind }| {
            let (node, path, step) = match kind {
                EventKind::NodeStarted { node, path, attempt, .. } => {
                    (node, path, Step::Started(attempt))
                }
                EventKind::NodeRetrying { node, path, attempt, .. } => {
                    (node, path, Step::Retrying(attempt))
                }
                EventKind::NodeAbandoned { node, path, attempt, .. } => {
                    (node, path, Step::Abandoned(attempt))
                }
                EventKind::NodeFinished { node, path, status, attempts, .. } => {
                    (node, path, Step::Finished(status, attempts))
                }
                _ => return None,
            };
            let name = || plan.workflow().node(node).name().to_owned();
            Some((path.map_or_else(name, |path| path.to_string()), step, at))
        });
        steps.collect()
    }

    /// The paths of the attempts that began, in order, of those whose path is wanted.
    pub(crate) fn starts(&self, plan: &Plan, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let steps = self.steps(plan).into_iter();
        let starts =
            steps.filter(|(path, step, _)| matches!(step, Step::Started(_)) && wanted(path));
        starts.map(|(path, ..)| path).collect()
    }

    /// The steps of one path.
    pub(crate) fn of(&self, plan: &Plan, path: &str) -> Vec<Step> {
        let steps = self.steps(plan).into_iter().filter(|(other, ..)| other == path);
        steps.map(|(_, step, _)| step).collect()
    }

    /// How many attempts ran at once at most, of those whose path is wanted; what each counts for.
    pub(crate) fn at_once(&self, plan: &Plan, weight: impl Fn(&str) -> u64) -> u64 {
        let (mut open, mut now, mut most) = (HashMap::new(), 0, 0);
        for (path, step, _) in self.steps(plan) {
            match step {
                Step::Started(_) => {
                    now += weight(&path);
                    most = most.max(now);
                    assert!(open.insert(path.clone(), ()).is_none(), "{path} runs twice");
                }
                Step::Retrying(_) | Step::Finished(..) => {
                    if open.remove(&path).is_some() {
                        now -= weight(&path);
                    }
                }
                Step::Abandoned(_) => {}
            }
        }
        most
    }
}

pub(crate) fn plan(wf: WorkflowBuilder) -> Arc<Plan> {
    Arc::new(wf.build(&NoTasks).unwrap_or_else(|problems| panic!("{problems}")).plan())
}

pub(crate) fn workers(workers: usize) -> Scheduler {
    Scheduler::builder().workers(workers).max_abandoned(1_000).build().unwrap()
}

/// Runs a plan and sees it.
pub(crate) fn watch(
    scheduler: &Scheduler,
    plan: &Arc<Plan>,
    options: RunOptions,
) -> (RunReport, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let report = scheduler.run(plan, options.with_observer(seen.clone()));
    let last = seen.all().pop().unwrap();
    assert!(matches!(last.kind, EventKind::RunFinished { .. }), "{last:?} is the last");
    (report, seen)
}

/// Waits till something holds; the watchdog is the test's.
pub(crate) fn until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A value that is counted: every one that is made is dropped once.
pub(crate) struct Counted(Arc<AtomicI64>);

/// How many there are.
#[derive(Clone, Default)]
pub(crate) struct Census(Arc<AtomicI64>);

impl Census {
    pub(crate) fn one(&self) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(&self.0))
    }

    pub(crate) fn live(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Threads may still be about to let go of what they had.
    pub(crate) fn is_empty_soon(&self) -> bool {
        let began = Instant::now();
        while self.live() != 0 && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.live() == 0
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Census(Arc::clone(&self.0)).one()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(self.0.fetch_sub(1, Ordering::SeqCst) > 0, "dropped twice");
    }
}

/// Tasks that run so many at a time until fewer are left, and wait for each other to.
pub(crate) struct Crowd {
    most: usize,
    state: Mutex<(usize, usize)>,
    changed: Condvar,
    left: AtomicUsize,
}

impl Crowd {
    pub(crate) fn new(most: usize, tasks: usize) -> Arc<Self> {
        let left = AtomicUsize::new(tasks);
        Arc::new(Self { most, state: Mutex::default(), changed: Condvar::new(), left })
    }

    /// Stays until as many are there as may be, or are left.
    pub(crate) fn meet(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        state.1 = state.1.max(state.0);
        self.changed.notify_all();
        while state.0 < self.most.min(self.left.load(Ordering::SeqCst)) {
            state = self.changed.wait(state).unwrap();
        }
        state.0 -= 1;
        self.left.fetch_sub(1, Ordering::SeqCst);
        self.changed.notify_all();
    }

    /// How many there were at once at most; all have been.
    pub(crate) fn most(&self) -> usize {
        assert_eq!(self.left.load(Ordering::SeqCst), 0, "not all came");
        self.state.lock().unwrap().1
    }
}
