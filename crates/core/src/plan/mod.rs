//! [`Plan`]: a workflow compiled to flat arrays, ready to run any number of times.
//!
//! Holds only the nodes that a run needs: those that outputs, kept nodes or chosen targets need,
//! and those that have effects. Nodes are renumbered level by level, so a level is a range of
//! [`PlanIndex`]es and every edge leads upwards. How an argument is made from slots is in
//! [`bind`], what a run asks of nodes in [`ask`]. Plans of nodes that only call closures are
//! compiled in [`flat`], without a look at the nodes; [`builder`] makes such a plan without a
//! workflow to be written first.

mod ask;
mod bind;
mod builder;
mod flat;
mod inner;
mod kept;
mod weight;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use terrace_plugin_api::Lane;

use crate::expr::{Expr, NodeId};
use crate::workflow::{Node, SubFlow, Workflow};

pub use ask::PortArg;
pub(crate) use bind::push_text;
pub use bind::{BindError, RunConstants, Slots};
pub use builder::{Inputs, PlanBuilder, PlanMistake, SharedTask};
pub use inner::{NodeKind, Tolerance};

use inner::Inner;
use kept::Kept;

/// A node's place in run order. Not a [`NodeId`]: plans renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanIndex(u32);

impl PlanIndex {
    /// The place at a position.
    pub fn new(position: u32) -> Self {
        Self(position)
    }

    /// Position in run order, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Position in run order, from 0.
    pub fn get(self) -> u32 {
        self.0
    }
}

const ABSENT: u32 = u32::MAX;

/// A workflow compiled to flat arrays.
pub struct Plan {
    workflow: Workflow,
    len: u32,
    /// Empty where nodes run in the order in which they were built; so is `places` then.
    node_ids: Vec<NodeId>,
    places: Vec<u32>,
    level_starts: Vec<u32>,
    successor_starts: Vec<u32>,
    successors: Vec<PlanIndex>,
    in_degrees: Vec<u32>,
    source_starts: Vec<u32>,
    sources: Vec<PlanIndex>,
    /// Empty where no output is read.
    uses: Vec<u32>,
    tails: OnceLock<Vec<u32>>,
    /// Empty where all nodes compute.
    lanes: Vec<Lane>,
    blocking: usize,
    /// Empty where no output stays.
    readable: Vec<bool>,
    unneeded: Vec<NodeId>,
    inner: Inner,
    kept: Kept,
}

/// Why a workflow could not be compiled for the targets asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A target is not a node.
    #[error("no node is called `{name}`{}", .meant.as_ref().map(|m| format!("; did you mean `{m}`?")).unwrap_or_else(|| inside(.name)))]
    UnknownTarget {
        /// The name asked for.
        name: String,
        /// What may have been meant.
        meant: Option<String>,
    },
}

impl Workflow {
    /// Compiles the whole workflow. Costs O(nodes + edges).
    pub fn plan(&self) -> Plan {
        Plan::compile(self, None, &[])
    }

    /// Compiles only what some nodes need. Their outputs are kept.
    ///
    /// # Errors
    /// When a name is no node's.
    pub fn plan_for<S: AsRef<str>>(&self, targets: &[S]) -> Result<Plan, PlanError> {
        let ids = targets
            .iter()
            .map(|name| {
                let name = name.as_ref();
                self.find(name).ok_or_else(|| PlanError::UnknownTarget {
                    name: name.to_owned(),
                    meant: crate::validate::suggest(name, self.nodes().iter().map(Node::name))
                        .map(str::to_owned),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Plan::compile(self, Some(&ids), &[]))
    }
}

/// What to do about a target that is written as the path of a node inside another.
fn inside(name: &str) -> String {
    match name.split_once(['.', '[']) {
        Some((outer, _)) if !outer.is_empty() => format!(
            "; a target is a node of the outermost workflow, and what is inside `{outer}` runs \
             with `{outer}`"
        ),
        _ => String::new(),
    }
}

impl SubFlow {
    /// Compiles the workflow inside a node.
    pub fn plan(&self) -> Plan {
        Plan::compile(&self.workflow, None, &self.body_exprs().collect::<Vec<_>>())
    }
}

impl Plan {
    /// `wanted` are expressions beside the outputs that are evaluated when all nodes have ended.
    fn compile(workflow: &Workflow, targets: Option<&[NodeId]>, wanted: &[&Expr]) -> Self {
        let outputs = workflow.outputs().iter().map(|output| &output.value);
        let ends: Vec<&Expr> =
            outputs.chain(workflow.result()).chain(wanted.iter().copied()).collect();
        if let (Some(flat), None) = (workflow.flat(), targets) {
            return Self::of_flat(workflow, flat, &ends);
        }
        let n = workflow.nodes().len();
        let needed = needed(workflow, targets, &ends);
        let levels = workflow.levels();
        let mut plan = Self {
            workflow: workflow.clone(),
            len: 0,
            node_ids: Vec::with_capacity(n),
            places: vec![ABSENT; n],
            level_starts: vec![0],
            successor_starts: Vec::new(),
            successors: Vec::new(),
            in_degrees: Vec::new(),
            source_starts: vec![0],
            sources: Vec::new(),
            uses: Vec::new(),
            tails: OnceLock::new(),
            lanes: Vec::new(),
            blocking: 0,
            readable: Vec::new(),
            unneeded: workflow.node_ids().filter(|id| !needed[id.index()]).collect(),
            inner: Inner::default(),
            kept: Kept::default(),
        };
        for group in levels.groups() {
            for &id in group.iter().filter(|id| needed[id.index()]) {
                plan.places[id.index()] = plan.node_ids.len() as u32;
                plan.node_ids.push(id);
            }
            if plan.node_ids.len() as u32 > *plan.level_starts.last().unwrap_or(&0) {
                plan.level_starts.push(plan.node_ids.len() as u32);
            }
        }
        plan.len = plan.node_ids.len() as u32;
        plan.lanes = plan.node_ids.iter().map(|&id| workflow.node(id).lane()).collect();
        plan.blocking = plan.lanes.iter().filter(|&&lane| lane == Lane::Blocking).count();
        plan.connect();
        plan.count_uses(targets.unwrap_or(&[]), &ends);
        plan.inner = Inner::find(&plan);
        plan
    }

    /// Successors as flat arrays, and in-degrees.
    fn connect(&mut self) {
        let m = self.node_ids.len();
        self.successor_starts = vec![0; m + 1];
        self.in_degrees = vec![0; m];
        for (at, &id) in self.node_ids.iter().enumerate() {
            let dependencies = self.workflow.dependencies(id);
            self.in_degrees[at] = dependencies.len() as u32;
            for dependency in dependencies {
                self.successor_starts[self.places[dependency.index()] as usize + 1] += 1;
            }
        }
        for at in 0..m {
            self.successor_starts[at + 1] += self.successor_starts[at];
        }
        let mut cursor = self.successor_starts.clone();
        self.successors = vec![PlanIndex(0); self.successor_starts[m] as usize];
        for (at, &id) in self.node_ids.iter().enumerate() {
            for dependency in self.workflow.dependencies(id) {
                let slot = &mut cursor[self.places[dependency.index()] as usize];
                self.successors[*slot as usize] = PlanIndex(at as u32);
                *slot += 1;
            }
        }
    }

    /// The longest way to an end, of each node.
    fn find_tails(&self) -> Vec<u32> {
        let mut tails = match self.workflow.flat() {
            Some(_) => vec![1; self.len()],
            None => {
                let nodes = self.node_ids.iter().map(|&id| self.workflow.node(id));
                weight::weights(nodes, |weights: &[u64]| {
                    let mut tails = weights.to_vec();
                    self.add_ways(&mut tails, u64::saturating_add);
                    tails.into_iter().max().unwrap_or(0)
                })
            }
        };
        self.add_ways(&mut tails, u32::saturating_add);
        tails
    }

    /// Adds to each node's weight the longest way that follows it.
    fn add_ways<T: Copy + Ord + Default>(&self, tails: &mut [T], add: impl Fn(T, T) -> T) {
        for at in (0..tails.len()).rev() {
            let after = self.successors(PlanIndex(at as u32)).iter();
            let after = after.map(|next| tails[next.index()]).max().unwrap_or_default();
            tails[at] = add(tails[at], after);
        }
    }

    /// The same with another order of urgency: of nodes that are ready, those go first that stand
    /// first in the workflow, here and in the workflows inside. To compare with.
    #[must_use]
    pub fn in_written_order(mut self) -> Self {
        self.tails = self.indices().map(|at| u32::MAX - self.id(at).0).collect::<Vec<_>>().into();
        self.inner.write_order();
        self
    }

    /// Which outputs each node reads, and how often each output is read: by nodes, once each, and
    /// by the end of the run.
    fn count_uses(&mut self, targets: &[NodeId], ends: &[&Expr]) {
        let m = self.node_ids.len();
        self.uses = vec![0; m];
        let mut seen = vec![ABSENT; m];
        for at in 0..m {
            let id = self.node_ids[at];
            for arg in self.workflow.node(id).exprs() {
                let (sources, places) = (&mut self.sources, &self.places);
                arg.each_node(&mut |on| {
                    let place = places[on.index()];
                    if seen[place as usize] != at as u32 {
                        seen[place as usize] = at as u32;
                        sources.push(PlanIndex(place));
                    }
                });
            }
            self.source_starts.push(self.sources.len() as u32);
        }
        for source in &self.sources {
            self.uses[source.index()] += 1;
        }
        let kept: Vec<NodeId> = self.readable_ids(targets, ends).collect();
        self.readable = vec![false; m];
        for id in kept {
            let place = self.places[id.index()] as usize;
            self.uses[place] += 1;
            self.readable[place] = true;
        }
    }

    /// The nodes whose output is read when the run is over, each once.
    fn readable_ids(
        &self,
        targets: &[NodeId],
        ends: &[&Expr],
    ) -> impl Iterator<Item = NodeId> + use<> {
        let mut kept = vec![false; self.places.len()];
        for &id in &self.node_ids {
            kept[id.index()] = self.workflow.node(id).kept();
        }
        targets.iter().for_each(|id| kept[id.index()] = true);
        for end in ends {
            end.each_node(&mut |id| kept[id.index()] = self.places[id.index()] != ABSENT);
        }
        (0..kept.len() as u32).map(NodeId).filter(move |id| kept[id.index()])
    }

    /// The workflow it was compiled from.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// How many nodes it runs.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it runs none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The nodes in run order.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = PlanIndex> + use<> {
        (0..self.len).map(PlanIndex)
    }

    /// The node at a place.
    pub fn id(&self, at: PlanIndex) -> NodeId {
        if self.node_ids.is_empty() { NodeId(at.0) } else { self.node_ids[at.index()] }
    }

    /// The node at a place. Of a plan that [`PlanBuilder`] made, or one of a large graph of
    /// closures, all nodes are made when one is asked for first: [`Plan::name`], [`Plan::task`] and
    /// their like answer without.
    pub fn node(&self, at: PlanIndex) -> &Node {
        self.workflow.node(self.id(at))
    }

    /// Where a node runs; `None` where this plan leaves it out.
    pub fn place(&self, id: NodeId) -> Option<PlanIndex> {
        if self.node_ids.is_empty() {
            return (id.0 < self.len).then_some(PlanIndex(id.0));
        }
        self.places.get(id.index()).filter(|&&place| place != ABSENT).map(|&place| PlanIndex(place))
    }

    /// Nodes left out: nobody needs their output and they have no effects.
    pub fn unneeded(&self) -> &[NodeId] {
        &self.unneeded
    }

    /// Which nodes of the workflow it runs, by position.
    pub(crate) fn needed(&self) -> Vec<bool> {
        self.workflow.node_ids().map(|id| self.place(id).is_some()).collect()
    }

    /// How many levels it has.
    pub fn levels(&self) -> usize {
        self.level_starts.len() - 1
    }

    /// The places of a level.
    pub fn level(&self, level: usize) -> Range<u32> {
        self.level_starts[level]..self.level_starts[level + 1]
    }

    /// Who waits for a node, in run order.
    pub fn successors(&self, at: PlanIndex) -> &[PlanIndex] {
        let range = self.successor_starts[at.index()]..self.successor_starts[at.index() + 1];
        &self.successors[range.start as usize..range.end as usize]
    }

    /// How many nodes a node waits for.
    pub fn in_degree(&self, at: PlanIndex) -> u32 {
        self.in_degrees[at.index()]
    }

    /// How often a node's output is read, by other nodes and by the end of the run. At 0 it can be
    /// dropped as soon as it is made.
    pub fn uses(&self, at: PlanIndex) -> u32 {
        self.uses.get(at.index()).copied().unwrap_or(0)
    }

    /// The longest way from here to an end, this node included: the order of urgency. Counted in
    /// nodes or, where it was said for some of them how long they take, in tenths of a millisecond;
    /// in a coarser unit where the longest way of all takes more than 119 hours.
    ///
    /// Highest level first: Hu (1961) for nodes of one length; with estimated times Adam, Chandy and
    /// Dickson (1974), who call it HLFET.
    pub fn tail(&self, at: PlanIndex) -> u32 {
        self.tails.get_or_init(|| self.find_tails())[at.index()]
    }

    /// On which kind of thread a node runs.
    pub fn lane(&self, at: PlanIndex) -> Lane {
        self.lanes.get(at.index()).copied().unwrap_or(Lane::Compute)
    }

    /// How many nodes run on the blocking lane.
    pub fn blocking(&self) -> usize {
        self.blocking
    }

    /// Whether a node's output is still there when the run is over.
    pub fn readable_after(&self, at: PlanIndex) -> bool {
        self.readable.get(at.index()).is_some_and(|readable| *readable)
    }

    /// The arguments of a node, one per port; as [`Plan::node`], where [`Plan::arg`] would do.
    pub fn args(&self, at: PlanIndex) -> &[Expr] {
        self.node(at).args()
    }

    /// The nodes whose outputs a node reads, each once.
    pub fn sources(&self, at: PlanIndex) -> &[PlanIndex] {
        match self.source_starts.get(at.index()..at.index() + 2) {
            Some(range) => &self.sources[range[0] as usize..range[1] as usize],
            None => &[],
        }
    }
}

/// Which nodes a run needs.
fn needed(workflow: &Workflow, targets: Option<&[NodeId]>, ends: &[&Expr]) -> Vec<bool> {
    let mut needed = vec![false; workflow.nodes().len()];
    match targets {
        Some(targets) => targets.iter().for_each(|id| needed[id.index()] = true),
        None => {
            for id in workflow.node_ids() {
                let node = workflow.node(id);
                needed[id.index()] = node.kept() || !node.task().signature.pure;
            }
            for end in ends {
                end.each_node(&mut |id| needed[id.index()] = true);
            }
        }
    }
    for &id in workflow.levels().order().iter().rev() {
        if needed[id.index()] {
            workflow.dependencies(id).iter().for_each(|on| needed[on.index()] = true);
        }
    }
    needed
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("workflow", &self.workflow.name())
            .field("nodes", &self.len())
            .field("levels", &self.levels())
            .finish_non_exhaustive()
    }
}
