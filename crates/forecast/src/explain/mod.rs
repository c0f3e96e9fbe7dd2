//! [`Explanation`]: what makes a workflow take as long as it does, and what would help.
//!
//! Times of nodes are those of a run in which nothing waits for a worker; what a number of workers
//! and the order make of them is simulated. Text and JSON of it in [`show`].

mod show;

use std::time::Duration;

use terrace_core::{Finding, NodeId, Workflow};
use terrace_scheduler::Order;

use crate::error::ForecastError;
use crate::forecast::{Assumptions, Row, Stage, longest};

/// What makes a workflow take as long as it does.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The workflow's name.
    pub workflow: String,
    /// Whether nothing says how long anything takes, so that each task counts as one unit, a second.
    pub in_units: bool,
    /// How many attempts there are.
    pub tasks: u64,
    /// With how many workers.
    pub workers: u32,
    /// All tasks one after the other.
    pub sequential: Duration,
    /// The longest way through the graph, first to last.
    pub critical_path: Vec<NodeTime>,
    /// How long that takes: no run is faster.
    pub path_length: Duration,
    /// The levels.
    pub levels: Vec<LevelTime>,
    /// A run as soon as inputs exist, and one level by level.
    pub runs: [Row; 2],
    /// The sum of the longest of each level: what levels cost whatever the workers.
    pub levels_length: Duration,
    /// Every node with its slack, the least first: how much longer it could take without delaying
    /// the end.
    pub nodes: Vec<NodeTime>,
    /// What it would give to make a node twice as fast, the best first.
    pub faster: Vec<WhatIf>,
    /// What more workers would give, until they give nothing.
    pub more_workers: Vec<Row>,
    /// How many tasks run at once at most when there are workers enough.
    pub spread: Spread,
    /// What is probably not meant.
    pub findings: Vec<Finding>,
    /// What is assumed of what only a run knows.
    pub assumed: Vec<String>,
    /// Whether anything but edges and workers keeps tasks waiting.
    is_limited: bool,
}

/// A node and its times.
#[derive(Clone, Debug)]
pub struct NodeTime {
    /// Its id.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// What people call it, where that is something else: the id or path it was recorded with.
    pub label: Option<String>,
    /// What it runs.
    pub task: String,
    /// Its level.
    pub level: usize,
    /// How long it takes when nothing waits.
    pub time: Duration,
    /// When it can start at the earliest.
    pub earliest: Duration,
    /// How much later it could end without delaying the end.
    pub slack: Duration,
}

impl NodeTime {
    /// Its label, or its name.
    pub fn shown(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }
}

/// A level and its times.
#[derive(Clone, Debug)]
pub struct LevelTime {
    /// What can run in parallel, as in `measure_pauli ×5 (5 parallel)`.
    pub line: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// The name of the longest of them.
    pub longest: String,
    /// How long that takes.
    pub time: Duration,
    /// All of them one after the other.
    pub work: Duration,
}

/// What it would give to make one node twice as fast.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// Its name.
    pub name: String,
    /// How long it takes.
    pub time: Duration,
    /// How long the run would take.
    pub makespan: Duration,
    /// How much less that is; zero where it would not be less.
    pub gain: Duration,
}

/// How wide a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Nodes of the outermost workflow at once, at most, when nothing waits for a worker.
    pub most: usize,
}

/// So many nodes are tried out twice as fast.
const TRIED: usize = 5;
/// From so many tasks on only the longest is.
const LARGE: u64 = 50_000;

impl Explanation {
    /// Explains a workflow that has been told its times ([`Assumptions::tell`]). Costs about a dozen
    /// simulations.
    ///
    /// # Errors
    /// As [`crate::Forecast::of`].
    pub fn of(
        workflow: &Workflow,
        assumptions: &Assumptions,
        workers: u32,
        in_units: bool,
    ) -> Result<Self, ForecastError> {
        let stage = Stage::new(workflow, assumptions)?;
        let durations = stage.durations()?;
        let dataflow = stage.play(Order::Dataflow, workers, None)?;
        let levels = stage.play(Order::Levels, workers, None)?;
        let nodes = node_times(workflow, &durations);
        let path = workflow.critical_path(|id| durations[id.index()].as_secs_f64());
        let critical_path: Vec<NodeTime> =
            path.nodes.iter().map(|id| nodes[id.index()].clone()).collect();
        let faster = faster(&stage, &critical_path, &dataflow.row, dataflow.tasks)?;
        let more_workers = more_workers(&stage, &dataflow.row)?;
        let spread = spread(&nodes);
        let level_times = level_times(workflow, &durations);
        let mut by_slack = nodes;
        by_slack.sort_by_key(|node| (node.slack, std::cmp::Reverse(node.time), node.node));
        Ok(Self {
            workflow: workflow.name().to_owned(),
            in_units,
            tasks: dataflow.tasks,
            workers,
            sequential: dataflow.work,
            path_length: longest(workflow, &durations),
            critical_path,
            levels_length: level_times.iter().map(|level| level.time).sum(),
            levels: level_times,
            runs: [dataflow.row, levels.row],
            nodes: by_slack,
            faster,
            more_workers,
            spread,
            findings: workflow.lint(usize::try_from(workers).ok()),
            assumed: stage.assumed(),
            is_limited: workflow.is_limited(),
        })
    }
}

/// Every node by position.
fn node_times(workflow: &Workflow, durations: &[Duration]) -> Vec<NodeTime> {
    let end = longest(workflow, durations);
    let mut nodes: Vec<NodeTime> = workflow
        .node_ids()
        .map(|id| {
            let node = workflow.node(id);
            NodeTime {
                node: id,
                name: node.name().to_owned(),
                label: node.label().map(str::to_owned),
                task: node.task().name.to_string(),
                level: workflow.levels().of(id),
                time: durations[id.index()],
                earliest: Duration::ZERO,
                slack: Duration::ZERO,
            }
        })
        .collect();
    for &id in workflow.levels().order() {
        let ready = |on: &NodeId| nodes[on.index()].earliest + nodes[on.index()].time;
        nodes[id.index()].earliest =
            workflow.dependencies(id).iter().map(ready).max().unwrap_or_default();
    }
    // When each must have ended.
    let mut latest = vec![end; nodes.len()];
    for &id in workflow.levels().order().iter().rev() {
        let start = latest[id.index()].saturating_sub(nodes[id.index()].time);
        for on in workflow.dependencies(id) {
            latest[on.index()] = latest[on.index()].min(start);
        }
    }
    for node in &mut nodes {
        node.slack = latest[node.node.index()].saturating_sub(node.earliest + node.time);
    }
    nodes
}

fn shown(workflow: &Workflow, id: NodeId) -> String {
    let node = workflow.node(id);
    node.label().unwrap_or(node.name()).to_owned()
}

fn level_times(workflow: &Workflow, durations: &[Duration]) -> Vec<LevelTime> {
    let levels = workflow.levels();
    let time = |id: &NodeId| durations[id.index()];
    let groups = levels.groups().enumerate();
    let told = groups.map(|(level, group)| {
        let line = workflow.level_line(level, group, |_| None);
        let longest = group.iter().copied().reduce(|a, b| if time(&b) > time(&a) { b } else { a });
        LevelTime {
            line,
            nodes: group.len(),
            longest: longest.map(|id| shown(workflow, id)).unwrap_or_default(),
            time: longest.map(|id| time(&id)).unwrap_or_default(),
            work: group.iter().map(time).fold(Duration::ZERO, Duration::saturating_add),
        }
    });
    told.collect()
}

/// Tries those on the critical path that take longest, twice as fast.
fn faster(
    stage: &Stage<'_>,
    path: &[NodeTime],
    now: &Row,
    tasks: u64,
) -> Result<Vec<WhatIf>, ForecastError> {
    let mut tried: Vec<&NodeTime> = path.iter().filter(|node| !node.time.is_zero()).collect();
    tried.sort_by_key(|node| (std::cmp::Reverse(node.time), node.node));
    tried.truncate(if tasks >= LARGE { 1 } else { TRIED });
    let mut faster = Vec::with_capacity(tried.len());
    for node in tried {
        let row = stage.play(now.order, now.workers, Some((&node.name, 0.5)))?.row;
        faster.push(WhatIf {
            name: node.shown().to_owned(),
            time: node.time,
            makespan: row.makespan,
            gain: now.makespan.saturating_sub(row.makespan),
        });
    }
    faster.sort_by_key(|what| std::cmp::Reverse(what.gain));
    Ok(faster)
}

/// Doubles the workers until that gives less than a thousandth.
fn more_workers(stage: &Stage<'_>, now: &Row) -> Result<Vec<Row>, ForecastError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut before = now.makespan;
    let mut workers = now.workers;
    while let Some(more) = workers.checked_mul(2).filter(|&more| more <= 4_096) {
        let row = stage.play(now.order, more, None)?.row;
        let gain = before.saturating_sub(row.makespan);
        (before, workers) = (row.makespan, more);
        rows.push(row);
        if gain.as_secs_f64() <= before.as_secs_f64() / 1_000.0 {
            break;
        }
    }
    Ok(rows)
}

fn spread(nodes: &[NodeTime]) -> Spread {
    let mut steps: Vec<(Duration, i32)> = Vec::new();
    for node in nodes.iter().filter(|node| !node.time.is_zero()) {
        steps.extend([(node.earliest, 1), (node.earliest + node.time, -1)]);
    }
    // Ends before starts of the same moment.
    steps.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, step) in steps {
        now += step;
        most = most.max(now);
    }
    Spread { most: usize::try_from(most).unwrap_or(0) }
}
