//! [`Watch`]: looks at a run from outside while it goes on.
//!
//! The run does nothing for it: whoever looks reads counters that the run keeps for itself. So a
//! run of a million nodes may be watched without an event for any of them.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::dispatch::Standing;
use crate::run::Run;

/// Looks at a run. Made before the run and given to it by
/// [`RunOptions::with_watch`](crate::RunOptions::with_watch); clones look at the same run.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use terrace_core::{NoTasks, WorkflowBuilder};
/// use terrace_scheduler::{RunOptions, Scheduler, Watch};
///
/// let wf = WorkflowBuilder::new("watched");
/// let one = wf.call(|| 1_i64, ());
/// wf.output("one", &one);
/// let plan = Arc::new(wf.build(&terrace_core::NoTasks)?.plan());
///
/// let watch = Watch::new();
/// let scheduler = Scheduler::builder().workers(1).build()?;
/// let handle = scheduler.start(&plan, RunOptions::default().with_watch(watch.clone()));
/// // From any thread, as often as wanted:
/// assert!(watch.look().is_none_or(|look| look.ended <= look.nodes));
/// handle.wait();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Watch(Arc<OnceLock<Weak<Run>>>);

/// How a run stands at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Time since the run's start.
    pub at: Duration,
    /// How many nodes of its own workflow it runs.
    pub nodes: usize,
    /// How many of them have ended, as far as their threads have said: on the fast path some that
    /// ended a moment ago are missing.
    pub ended: usize,
    /// How many nodes of workflows inside nodes, and items of maps, have ended.
    pub inside: u64,
    /// What the dispatcher holds back, where the run goes through it.
    pub standing: Option<Standing>,
    /// How many threads compute, or look for something to compute, where the run does not go through
    /// the dispatcher, no task of it waits on a thread of its own and none gives a workflow, whose
    /// tasks might.
    pub computing: Option<usize>,
}

impl Watch {
    /// One for a single run.
    pub fn new() -> Self {
        Self::default()
    }

    /// How the run stands; `None` before it begins and when nobody has it any more. Costs a few
    /// loads; with limits a lock that the run takes too, so ten times a second is fine and a busy
    /// loop is not.
    pub fn look(&self) -> Option<Look> {
        self.0.get()?.upgrade().map(|run| run.look())
    }

    /// Of several runs it looks at the first.
    pub(crate) fn looks_at(&self, run: &Arc<Run>) {
        self.0.get_or_init(|| Arc::downgrade(run));
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("begun", &self.0.get().is_some()).finish()
    }
}
