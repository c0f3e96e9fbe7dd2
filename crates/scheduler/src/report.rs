//! [`RunReport`]: how a run ended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Handle, HeldUp, Lane, NodeId, OutcomeStatus, Plan, PlanIndex, TaskError, Value, Wire,
};

use crate::checkpoint::Refused;
use crate::dispatch::{HighWater, Spent};
use crate::error::{NotReadable, OutputError, RunError};
use crate::frame::Frame;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Every node succeeded, and every output has a value.
    Succeeded,
    /// A node failed, or an output could not be made; or the system refused what the run needs.
    Failed,
    /// It was told to stop before every node had started or ended by itself.
    Cancelled,
    /// It was stopped at a checkpoint.
    StoppedAtCheckpoint,
    /// Its time was over, or a budget did not suffice, before every node had ended.
    LimitReached,
}

/// How many nodes ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gave an output.
    pub succeeded: usize,
    /// Failed or panicked.
    pub failed: usize,
    /// Failed, and were allowed to: what depends on them went on without.
    pub tolerated: usize,
    /// Did not run, because something they depend on did not succeed.
    pub skipped: usize,
    /// Stopped when told to, or had not started by then.
    pub cancelled: usize,
    /// Left out by the plan.
    pub not_run: usize,
}

/// How one node ended.
#[derive(Clone, Debug)]
pub struct NodeOutcome {
    /// How it ended.
    pub status: OutcomeStatus,
    /// Why, where it did not succeed.
    pub error: Option<TaskError>,
    /// Where it was skipped: the node behind it that failed, of several the first in run order;
    /// or, where none failed, one that was skipped because its condition did not hold.
    pub cause: Option<NodeId>,
    /// How many tries there were; 0 where it never started.
    pub attempts: u32,
    /// When it started, since the run's start; zero where it never did.
    pub started: Duration,
    /// How long it ran.
    pub duration: Duration,
    /// Which thread of its lane ran it, from 0.
    pub worker: u32,
    /// On which kind of thread.
    pub lane: Lane,
}

/// Something that failed inside a node of the run: an item of a map, a node of a workflow in it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where: `measure["XX"]`, `left.merge`.
    pub path: String,
    /// Why.
    pub error: TaskError,
}

/// When the nodes of a level ran, since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelSpan {
    /// When the first of them started.
    pub start: Duration,
    /// When the last of them ended.
    pub end: Duration,
}

/// How a run ended: what came out, and what happened to each node. Cloning shares the outputs.
#[derive(Clone)]
pub struct RunReport {
    /// The run's id.
    pub run_id: String,
    /// How it ended.
    pub status: RunStatus,
    /// How long it took.
    pub duration: Duration,
    /// How many nodes ended how.
    pub counts: Counts,
    /// The declared outputs, in order. Those that the plan leaves out are missing.
    pub outputs: Vec<(String, Result<Value, OutputError>)>,
    /// How many items of maps and nodes of workflows inside nodes there were, however they ended.
    pub inside: u64,
    /// What failed inside the run's nodes, in the order in which it did; the first thousand.
    pub failures: Arc<[Failure]>,
    /// How many there were of these.
    pub failures_inside: u64,
    /// What was used of the limits that have a name, at most.
    pub limits: Vec<HighWater>,
    /// What was spent.
    pub spent: Vec<Spent>,
    /// Where and why it was stopped at a checkpoint.
    pub refused: Option<Refused>,
    /// Attempts that were given up and still ran when the run was over, by task; of all runs of the
    /// scheduler.
    pub leftovers: Vec<(String, u32)>,
    /// What the system refused it: it was stopped for that.
    pub error: Option<RunError>,
    /// What the observer's panic said, where it panicked: it was told nothing after that.
    pub observer_failed: Option<String>,
    pub(crate) items: Arc<[(PlanIndex, u64)]>,
    pub(crate) frame: Arc<Frame>,
}

impl RunReport {
    /// The plan that ran.
    pub fn plan(&self) -> &Arc<Plan> {
        self.frame.plan()
    }

    /// A declared output by name.
    pub fn output(&self, name: &str) -> Option<&Result<Value, OutputError>> {
        self.outputs.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// How a node ended; `None` where the plan leaves it out.
    pub fn outcome(&self, id: NodeId) -> Option<NodeOutcome> {
        self.plan().place(id).map(|at| self.outcome_at(at))
    }

    /// How every node ended, as built; `None` for those that the plan leaves out.
    pub fn outcomes(&self) -> impl ExactSizeIterator<Item = (NodeId, Option<NodeOutcome>)> + '_ {
        self.plan().workflow().node_ids().map(|id| (id, self.outcome(id)))
    }

    /// How many items a map had, once it knew them.
    pub fn items(&self, id: NodeId) -> Option<u64> {
        let at = self.plan().place(id)?;
        self.items.iter().find(|(map, _)| *map == at).map(|(_, items)| *items)
    }

    /// How a node ended: the status alone, without looking up why.
    pub fn status_of(&self, id: NodeId) -> Option<OutcomeStatus> {
        // SAFETY: a report is made when the run is over, by a thread that had acquired all nodes.
        self.plan().place(id).map(|at| unsafe { self.frame.record(at) }.status)
    }

    /// The output of a node.
    ///
    /// # Errors
    /// When there is none any more: only nodes that a declared output names or that are kept stay
    /// readable.
    pub fn value(&self, id: NodeId) -> Result<&Value, NotReadable> {
        let workflow = self.plan().workflow();
        if id.index() >= workflow.len() {
            return Err(NotReadable::Unknown(id));
        }
        let node = || workflow.name_of(id).into_owned();
        let Some(at) = self.plan().place(id) else {
            return Err(NotReadable::NotRun { node: node() });
        };
        // SAFETY: a report is made when the run is over, by a thread that had acquired all nodes.
        let record = unsafe { self.frame.record(at) };
        if !record.gives() {
            return Err(NotReadable::NotOk { node: node(), status: record.status });
        }
        if !self.plan().readable_after(at) {
            return Err(NotReadable::NotKept { node: node() });
        }
        // SAFETY: as above.
        Ok(unsafe { self.frame.output(at) })
    }

    /// Reads a handle's value: its node's output, or the part that the handle selects.
    ///
    /// # Errors
    /// As [`RunReport::value`]; when the handle is of another workflow or stands for no node; when
    /// the value is of another type.
    pub fn get<T: Wire>(&self, handle: &Handle<T>) -> Result<T, NotReadable> {
        let id = handle.node().filter(|_| handle.is_of(self.plan().workflow()));
        let id = id.ok_or(NotReadable::Foreign)?;
        handle.read(self.value(id)?).map_err(|source| NotReadable::Mistyped {
            node: self.plan().workflow().name_of(id).into_owned(),
            source,
        })
    }

    /// When each level ran; `None` for one of which no node started. Zeros without timing.
    pub fn levels(&self) -> Vec<Option<LevelSpan>> {
        let span = |level| {
            self.plan()
                .level(level)
                .filter_map(|at| self.times(PlanIndex::new(at)))
                .map(|(start, end)| LevelSpan { start, end })
                .reduce(|a, b| LevelSpan { start: a.start.min(b.start), end: a.end.max(b.end) })
        };
        (0..self.plan().levels()).map(span).collect()
    }

    /// The path through the workflow that held up the run's end, as it happened. Empty without
    /// timing.
    pub fn held_up(&self) -> HeldUp {
        let workflow = self.plan().workflow();
        let times = |id| self.plan().place(id).and_then(|at| self.times(at));
        let held_up = workflow.held_up(times);
        // Without timing all is zero.
        if held_up.ran().is_zero() { HeldUp::default() } else { held_up }
    }

    /// How long the nodes ran, together: what one thread would take for them in sequence. What ran
    /// side by side inside a node counts as long as the node took.
    pub fn work(&self) -> Duration {
        let times = self.plan().indices().filter_map(|at| self.times(at));
        times.map(|(start, end)| end.saturating_sub(start)).sum()
    }

    /// How many nodes ran at once at most, as far as their times tell. Costs a sort of the nodes.
    pub fn max_concurrency(&self) -> usize {
        let mut steps: Vec<(Duration, i32)> = Vec::new();
        for (start, end) in self.plan().indices().filter_map(|at| self.times(at)) {
            if end > start {
                steps.extend([(start, 1), (end, -1)]);
            }
        }
        // Ends before starts of the same moment: a node often starts when another ends.
        steps.sort_unstable();
        let mut now = 0;
        steps
            .iter()
            .map(|(_, step)| {
                now += step;
                now
            })
            .max()
            .unwrap_or(0) as usize
    }

    fn times(&self, at: PlanIndex) -> Option<(Duration, Duration)> {
        // SAFETY: a report is made when the run is over, by a thread that had acquired all nodes.
        let record = unsafe { self.frame.record(at) };
        let started = record.started();
        (record.attempts > 0).then(|| (started, started + record.duration()))
    }

    fn outcome_at(&self, at: PlanIndex) -> NodeOutcome {
        // SAFETY: a report is made when the run is over, by a thread that had acquired all nodes.
        let record = unsafe { self.frame.record(at) };
        let ok = record.status == OutcomeStatus::Ok;
        let skipped = record.status == OutcomeStatus::Skipped;
        NodeOutcome {
            status: record.status,
            error: if ok { None } else { self.frame.error(at) },
            cause: self
                .frame
                .cause(at)
                .filter(|_| skipped)
                .map(|cause| self.plan().id(cause.node())),
            attempts: u32::from(record.attempts),
            started: record.started(),
            duration: record.duration(),
            worker: u32::from(record.worker),
            lane: record.lane,
        }
    }
}

impl fmt::Debug for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunReport")
            .field("run_id", &self.run_id)
            .field("status", &self.status)
            .field("duration", &self.duration)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
