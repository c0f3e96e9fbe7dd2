//! What the system may refuse, which no public interface can make it do.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use terrace_core::{NoTasks, OutcomeStatus, Retry, WorkflowBuilder};
use terrace_plugin_api::Retryable;

use super::{Attempt, Course, Simulation, Stage};
use crate::attempt::Detached;
use crate::blocking::{Answer, TakeTurn};
use crate::crew::Crew;
use crate::timer::Tick;
use crate::{RunError, RunOptions, RunStatus, TaskError};

/// A crew that wakes nobody.
struct NoTimer(Arc<Stage>);

impl Crew for NoTimer {
    fn calls_in_place(&self) -> bool {
        self.0.calls_in_place()
    }
    fn seats(&self, workers: u32) -> u32 {
        self.0.seats(workers)
    }
    fn submit(&self, run: Arc<dyn TakeTurn>) -> Answer {
        self.0.submit(run)
    }
    fn is_lane_dead(&self) -> bool {
        self.0.is_lane_dead()
    }
    fn attempt(&self, attempt: Arc<Detached>) {
        self.0.attempt(attempt);
    }
    fn came_back(&self, attempt: &Detached) {
        self.0.came_back(attempt);
    }
    fn lose(&self, attempt: &Detached) {
        self.0.lose(attempt);
    }
    fn wake(&self, _at: Duration, _who: Weak<dyn Tick>) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    fn ask(&self, asks: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.0.ask(asks)
    }
    fn close(&self) {}
}

#[test]
fn a_run_that_nobody_wakes_ends_with_an_error() {
    let wf = WorkflowBuilder::new("again");
    let again = Retry::attempts(2).constant(Duration::from_secs(1));
    drop(wf.call(|| 1_i64, ()).named("task").retry(again).keep());
    let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
    let stage = Arc::new(Stage::default());
    let crew = Box::new(NoTimer(Arc::clone(&stage)));
    let busy = || TaskError::msg("busy").with_retryable(Retryable::Yes);
    let mut script = |_: &Attempt<'_>| Course::gives(Duration::ZERO, Err(busy()));
    let simulation = Simulation::new(1);
    let report = simulation.run_with(&plan, RunOptions::default(), &mut script, &stage, crew);
    let report = report.unwrap();
    assert_eq!(report.status, RunStatus::Failed);
    assert!(matches!(report.error, Some(RunError::NoTimer { .. })), "{:?}", report.error);
    let task = report.outcome(plan.workflow().find("task").unwrap()).unwrap();
    assert_eq!((task.status, task.attempts), (OutcomeStatus::Cancelled, 1));
}
