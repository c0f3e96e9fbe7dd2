//! [`Scheduler`]: owns the threads, and runs plans on them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use terrace_core::Plan;

use crate::attempt::install_hook;
use crate::blocking::Lane;
use crate::clock::{Clock, RealClock};
use crate::crew;
use crate::error::SchedulerError;
use crate::handle::RunHandle;
use crate::leftovers::Leftovers;
use crate::options::RunOptions;
use crate::pool::{MAX_SEATS, Pool};
use crate::report::RunReport;
use crate::run::{Machine, Role, Run};
use crate::timer::Timer;

/// How many blocking nodes go at once where nothing is said.
pub const MAX_BLOCKING: usize = 512;

/// Runs plans on threads of its own. Cloning shares them; when the last clone is dropped and the
/// last run is over, the threads end.
///
/// Any number of runs may go on at once, started from any threads, also from inside tasks. The
/// caller of [`Scheduler::run`] is one of the run's workers: with one worker, everything happens on the
/// caller's thread but blocking nodes and nodes with a timeout.
#[derive(Clone)]
pub struct Scheduler(Arc<Threads>);

/// Closes the threads with the last handle.
struct Threads(Arc<Machine>);

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.pool.close();
        self.0.crew.close();
    }
}

/// Says how a [`Scheduler`] is made.
#[derive(Clone)]
pub struct SchedulerBuilder {
    workers: usize,
    max_blocking: usize,
    clock: Option<Arc<dyn Clock>>,
    max_abandoned: Option<u32>,
}

impl SchedulerBuilder {
    /// How many compute nodes of a run go at once; as many as cores where not given. 0 means 1.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many blocking nodes go at once; 512 where not given. 0 means 1.
    #[must_use]
    pub fn max_blocking(mut self, max_blocking: usize) -> Self {
        self.max_blocking = max_blocking;
        self
    }

    /// Where times come from; the machine's monotonic clock where not given.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How many attempts of one task may still run after they were given up, before new ones of it
    /// are refused; as many as cores where not given. A thread cannot be ended from outside: what
    /// took too long goes on until it looks at [`crate::TaskContext::cancelled`].
    #[must_use]
    pub fn max_abandoned(mut self, max_abandoned: u32) -> Self {
        self.max_abandoned = Some(max_abandoned);
        self
    }

    /// Starts the compute threads. Blocking ones come when they are needed.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn build(self) -> Result<Scheduler, SchedulerError> {
        install_hook();
        let workers = self.workers.clamp(1, MAX_SEATS as usize);
        let pool = Pool::open(workers).map_err(|(worker, source)| SchedulerError::Spawn {
            worker,
            workers,
            source,
        })?;
        let max_blocking = self.max_blocking.clamp(1, usize::from(u16::MAX));
        let is_real = self.clock.is_none();
        let clock = self.clock.unwrap_or_else(|| Arc::new(RealClock::new()));
        let crew = crew::Threads::new(Lane::new(max_blocking), Timer::new(Arc::clone(&clock)));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = Arc::new(Machine {
            pool,
            crew: Box::new(crew),
            clock,
            is_real,
            workers: workers as u32,
            max_blocking,
            leftovers: Leftovers::default(),
            pulse: Arc::default(),
            max_abandoned: self.max_abandoned.unwrap_or(cores as u32),
        });
        machine.pulse.belongs_to(&machine);
        Ok(Scheduler(Arc::new(Threads(machine))))
    }
}

impl fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("workers", &self.workers)
            .field("max_blocking", &self.max_blocking)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Says how it is made: one worker per core, 512 blocking threads at most.
    pub fn builder() -> SchedulerBuilder {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        SchedulerBuilder { workers, max_blocking: MAX_BLOCKING, clock: None, max_abandoned: None }
    }

    /// How many compute nodes of a run go at once.
    pub fn workers(&self) -> usize {
        self.0.0.workers as usize
    }

    /// Attempts that were given up and still run, by task.
    pub fn leftovers(&self) -> Vec<(String, u32)> {
        self.0.0.leftovers.all()
    }

    /// Runs a plan to its end. The caller works on it meanwhile, also when it is a task of another
    /// run: then its worker helps with this run and with no other, and nothing waits for it.
    pub fn run(&self, plan: &Arc<Plan>, options: RunOptions) -> RunReport {
        let run = self.prepare(plan, options);
        // Seated before anybody can be called: nobody else is asked while the caller has time.
        let seated = run.sit();
        run.begin(Role::Owner);
        run.drive(seated)
    }

    /// Starts a plan and returns at once.
    pub fn start(&self, plan: &Arc<Plan>, options: RunOptions) -> RunHandle {
        let run = self.prepare(plan, options);
        run.begin(Role::Helper);
        RunHandle { run }
    }

    fn prepare(&self, plan: &Arc<Plan>, mut options: RunOptions) -> Arc<Run> {
        let id = options.run_id.take().unwrap_or_else(fresh_id);
        Run::new(&self.0.0, plan, options, id)
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("workers", &self.workers()).finish_non_exhaustive()
    }
}

/// An id that no other run has: when this process made its first, who it is, and a number.
fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}-{number:x}", time.as_millis(), std::process::id())
}
