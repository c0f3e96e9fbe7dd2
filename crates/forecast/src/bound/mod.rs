//! What no order of starting can beat.
//!
//! Take any set of tasks. None of them starts before the longest way to it is over, the least of those
//! times is the set's *head*; what they ask for of the workers takes work / workers; and after the
//! last of them the longest way from it is still to come, the least of those is the set's *tail*. So
//! no run ends before head + work / workers + tail. Looked at are all sets that are cut by a least
//! head and a least tail ([`sweep`]): Fernández and Bussell, "Bounds on the number of processors and
//! time for multiprocessor optimal schedules", IEEE Transactions on Computers C-22, 1973, take sets of
//! tasks between two moments in that way; Carlier, "Scheduling jobs with release dates and tails on
//! identical machines to minimize makespan", European Journal of Operational Research 29, 1987, has
//! heads and tails. With one task it is the critical path, with all of them work / workers.
//!
//! The same holds of whatever else there is only so much of: threads for tasks that wait, a limit's
//! places or bytes, `max_concurrent`. Rates, budgets, `concurrency` and windows of maps are left out;
//! so a run may have to take longer than this says, and never less.

mod sweep;

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Lane, NodeId, NodeView, Workflow};
use terrace_scheduler::simulate::Attempt;

use sweep::{Body, most};

/// What a run has to wait for, whatever the order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeldBy {
    /// The longest way through the graph.
    CriticalPath,
    /// Work for so many workers, before and after what cannot be shared among them.
    Workers,
    /// Tasks that wait, for so many threads.
    Blocking,
    /// `max_concurrent`.
    MaxConcurrent,
    /// A limit, by name.
    Limit(Arc<str>),
}

impl HeldBy {
    /// What it is called: ``limit `site` ``.
    pub fn shown(&self) -> String {
        match self {
            Self::CriticalPath => "the critical path".to_owned(),
            Self::Workers => "the workers".to_owned(),
            Self::Blocking => "the threads for tasks that wait".to_owned(),
            Self::MaxConcurrent => "`max_concurrent`".to_owned(),
            Self::Limit(name) => format!("limit `{name}`"),
        }
    }

    /// Its name in documents.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::CriticalPath => "critical_path".to_owned(),
            Self::Workers => "workers".to_owned(),
            Self::Blocking => "max_blocking".to_owned(),
            Self::MaxConcurrent => "max_concurrent".to_owned(),
            Self::Limit(name) => format!("limits.{name}"),
        }
    }
}

/// More at once are not simulated.
const MOST_AT_ONCE: u64 = 65_535;

/// What attempts ask for, by node of the outermost workflow. Times in nanoseconds.
pub(crate) struct Tally<'w> {
    workflow: &'w Workflow,
    nodes: Vec<Asked>,
    /// By limit, and then by node: places times time.
    limits: Vec<Vec<u128>>,
}

/// What a node asks for with all that is in it.
#[derive(Clone, Copy, Default)]
struct Asked {
    /// The longest attempt.
    longest: u64,
    /// All of them.
    time: u64,
    /// Those that compute, each worker counted.
    compute: u64,
    /// Those that wait.
    blocking: u64,
}

impl<'w> Tally<'w> {
    pub(crate) fn new(workflow: &'w Workflow) -> Self {
        let nodes = vec![Asked::default(); workflow.nodes().len()];
        let limits = vec![Vec::new(); workflow.rules().limits.len()];
        Self { workflow, nodes, limits }
    }

    /// Takes note of an attempt and how long it runs.
    pub(crate) fn take(&mut self, attempt: &Attempt<'_>, runs: Duration) {
        // Of what is inside a node the path begins with that.
        let node = match attempt.path.find(['.', '[']) {
            None => Some(attempt.node),
            Some(end) => self.workflow.find(&attempt.path[..end]),
        };
        let Some(asked) = node.and_then(|node| self.nodes.get_mut(node.index())) else { return };
        let node = node.map_or(0, NodeId::index);
        let runs = nanos(runs);
        asked.longest = asked.longest.max(runs);
        asked.time = asked.time.saturating_add(runs);
        match attempt.lane {
            Lane::Compute => {
                let all = runs.saturating_mul(attempt.cpus.into());
                asked.compute = asked.compute.saturating_add(all);
            }
            Lane::Blocking => asked.blocking = asked.blocking.saturating_add(runs),
        }
        for need in attempt.policy.map_or(&[][..], |policy| &policy.needs) {
            let limits = &self.workflow.rules().limits;
            let Some(limit) = limits.iter().position(|limit| limit.name == need.limit) else {
                continue;
            };
            let by_node = &mut self.limits[limit];
            by_node.resize(self.nodes.len(), 0);
            let all = u128::from(runs) * u128::from(need.amount);
            by_node[node] = by_node[node].saturating_add(all);
        }
    }

    /// The least that a run takes on so many workers and with so many threads for tasks that wait, and
    /// what for.
    /// `alone`: how long each node takes at least by itself, where more is known of that than its
    /// longest attempt. `ran`: whether a node did; one over no items did without an attempt.
    pub(crate) fn at_least(
        &self,
        workers: u32,
        max_blocking: usize,
        alone: Option<&[Duration]>,
        ran: impl Fn(NodeId) -> bool,
    ) -> (Duration, HeldBy) {
        let least = |id: NodeId| {
            let longest = self.nodes[id.index()].longest;
            let alone = alone.map_or(longest, |alone| nanos(alone[id.index()]));
            ran(id).then_some(alone)
        };
        let ways = Ways::of(self.workflow, least);
        let of = |work: &dyn Fn(usize) -> u128, places: u64| {
            let body = |id: NodeId| {
                let (head, tail) = (ways.heads[id.index()], ways.tails[id.index()]);
                Body { head, tail, work: work(id.index()) }
            };
            most(&mut self.workflow.node_ids().map(body).collect(), places)
        };
        let mut found = (ways.longest, HeldBy::CriticalPath);
        let mut also = |time: u64, by: HeldBy| {
            if time > found.0 {
                found = (time, by);
            }
        };
        also(of(&|at| self.nodes[at].compute.into(), workers.into()), HeldBy::Workers);
        if self.nodes.iter().any(|asked| asked.blocking > 0) {
            let threads = max_blocking as u64;
            also(of(&|at| self.nodes[at].blocking.into(), threads), HeldBy::Blocking);
        }
        if let Some(at_once) = self.workflow.rules().max_concurrent {
            also(of(&|at| self.nodes[at].time.into(), at_once.into()), HeldBy::MaxConcurrent);
        }
        for (limit, by_node) in self.workflow.rules().limits.iter().zip(&self.limits) {
            if let Some(places) = limit.most.filter(|_| !by_node.is_empty()) {
                also(of(&|at| by_node[at], places), HeldBy::Limit(limit.name.clone()));
            }
        }
        (Duration::from_nanos(found.0), found.1)
    }
}

/// Whether with as many workers as can be simulated none of so many attempts waits for one.
pub(crate) fn is_few(attempts: u64) -> bool {
    attempts <= MOST_AT_ONCE
}

/// Whether some of a workflow ends a run before all has run, so that nothing is known of when.
pub(crate) fn may_end_early(workflow: &Workflow) -> bool {
    workflow.walk().any(|walked| walked.node().view() == NodeView::Succeed)
}

/// The longest ways through a workflow.
struct Ways {
    /// To each node, without it.
    heads: Vec<u64>,
    /// From each, without it.
    tails: Vec<u64>,
    longest: u64,
}

impl Ways {
    /// `least`: how long a node takes at least; `None` where it does not run.
    fn of(workflow: &Workflow, least: impl Fn(NodeId) -> Option<u64>) -> Self {
        let nodes = workflow.nodes().len();
        let (mut heads, mut tails, mut longest) = (vec![0_u64; nodes], vec![0_u64; nodes], 0);
        let order = workflow.levels().order();
        // What does not run may be known not to before all that it waits for has ended.
        let through = |way: u64, id| least(id).map_or(0, |time| way.saturating_add(time));
        for &id in order {
            let before = workflow.dependencies(id).iter();
            let head = before.map(|&on| through(heads[on.index()], on)).max().unwrap_or(0);
            heads[id.index()] = head;
            longest = longest.max(through(head, id));
        }
        for &id in order.iter().rev() {
            let way = through(tails[id.index()], id);
            for on in workflow.dependencies(id) {
                tails[on.index()] = tails[on.index()].max(way);
            }
        }
        Self { heads, tails, longest }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
