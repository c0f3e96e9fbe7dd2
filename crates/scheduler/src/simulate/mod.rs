//! [`Simulation`]: a whole run in one thread on a virtual clock.
//!
//! What decides in a run decides here too, the same code: which attempt starts, what is tried
//! again, given up, skipped, cleaned up. Only who carries it out is another ([`crate::crew`]): no
//! thread is made and no time passes. How long an attempt takes and what comes of it says a
//! [`Script`]; the clock jumps from one end of an attempt, or timer, to the next. So a run of hours
//! takes moments, and the same plan, options and script give the same events, times included.
//!
//! What is asked of a script, and what it answers: [`script`], values of which only the type is
//! known: [`made`]; what the run wants done: [`stage`]; doing it: [`drive`].

mod drive;
mod made;
mod script;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use terrace_core::Plan;

use crate::attempt::install_hook;
use crate::clock::ManualClock;
use crate::crew::Crew;
use crate::error::SimulationError;
use crate::leftovers::Leftovers;
use crate::options::RunOptions;
use crate::pool::Pool;
use crate::report::RunReport;
use crate::run::{Machine, Run};

use drive::Drive;
use stage::Stage;

pub use made::made;
pub use script::{Attempt, Course, Gives, Script};

/// Takes plans to their end without threads and without waiting.
///
/// It goes through the ordered dispatcher, whatever [`RunOptions::path`] says, and the items of a
/// map over one task start one by one, as they do in a real run in which anything is said of them.
/// Conditions, maps, loops, branches and reductions are evaluated by the code that always does it
/// and take no time; attempts, and nothing else, are the script's.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use terrace_core::{NoTasks, Retry, WorkflowBuilder};
/// use terrace_scheduler::simulate::{Attempt, Course, Simulation};
/// use terrace_scheduler::{RunOptions, TaskError, Value};
///
/// const HOUR: Duration = Duration::from_secs(3600);
///
/// let wf = WorkflowBuilder::new("days");
/// let pages = wf.map(0..100, |body, page| body.call(|page: i64| page, (&page,)));
/// wf.output("pages", &pages);
/// let plan = std::sync::Arc::new(wf.build(&NoTasks)?.plan());
/// // Every attempt takes an hour, and gives what its task gives.
/// let mut script = |_: &Attempt<'_>| Course::calls(HOUR);
/// let report = Simulation::new(4).run(&plan, RunOptions::default(), &mut script)?;
/// assert_eq!(report.duration, 25 * HOUR);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    workers: u32,
    max_blocking: usize,
    max_abandoned: u32,
    cancel_at: Option<Duration>,
    answer_after: Duration,
}

impl Simulation {
    /// One in which so many attempts compute at once, from 1 to 65,535.
    pub fn new(workers: u32) -> Self {
        let workers = workers.clamp(1, u32::from(u16::MAX));
        Self {
            workers,
            max_blocking: crate::MAX_BLOCKING,
            max_abandoned: workers,
            cancel_at: None,
            answer_after: Duration::ZERO,
        }
    }

    /// How many blocking nodes go at once; 512 where not given. 0 means 1.
    #[must_use]
    pub fn max_blocking(mut self, max_blocking: usize) -> Self {
        self.max_blocking = max_blocking.clamp(1, usize::from(u16::MAX));
        self
    }

    /// How many attempts of one task may still run after they were given up, before new ones of it
    /// are refused; as many as workers where not given.
    #[must_use]
    pub fn max_abandoned(mut self, max_abandoned: u32) -> Self {
        self.max_abandoned = max_abandoned;
        self
    }

    /// Cancels the run's token at a time of the run.
    #[must_use]
    pub fn cancel_at(mut self, at: Duration) -> Self {
        self.cancel_at = Some(at);
        self
    }

    /// How long whoever approves at checkpoints takes to answer; no time where not given.
    #[must_use]
    pub fn answer_after(mut self, time: Duration) -> Self {
        self.answer_after = time;
        self
    }

    /// Takes a plan to its end. Costs a few microseconds for each attempt, and as much memory as a
    /// real run.
    ///
    /// # Errors
    /// When the run waits for attempts that never come back, and for no time: then it was cancelled,
    /// and all that it waited for has been let go.
    pub fn run(
        &self,
        plan: &Arc<Plan>,
        options: RunOptions,
        script: &mut dyn Script,
    ) -> Result<RunReport, SimulationError> {
        let stage = Arc::new(Stage::default());
        self.run_with(plan, options, script, &stage, Box::new(Arc::clone(&stage)))
    }

    fn run_with(
        &self,
        plan: &Arc<Plan>,
        mut options: RunOptions,
        script: &mut dyn Script,
        stage: &Arc<Stage>,
        crew: Box<dyn Crew>,
    ) -> Result<RunReport, SimulationError> {
        install_hook();
        let clock = Arc::new(ManualClock::new());
        let machine = Arc::new(Machine {
            pool: Pool::without_threads(),
            crew,
            clock: Arc::clone(&clock) as _,
            is_real: false,
            workers: self.workers,
            max_blocking: self.max_blocking,
            leftovers: Leftovers::default(),
            pulse: Arc::default(),
            max_abandoned: self.max_abandoned,
        });
        // Made up, and always the same.
        let id = options.run_id.take().unwrap_or_else(|| String::from("simulated"));
        let run = Run::new(&machine, plan, options, id);
        let mut drive = Drive::new(run, Arc::clone(stage), clock, script, self.answer_after);
        drive.cancel_at(self.cancel_at);
        drive.run()
    }
}

#[cfg(test)]
mod tests;
