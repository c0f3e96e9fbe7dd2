//! [`Workflow`]: a validated, immutable DAG of nodes.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use terrace_plugin_api::{Lane, Value};

use crate::catalog::TaskRef;
use crate::draft::PackRequirement;
use crate::expr::{Expr, InputId, NodeId};
use crate::level::Levels;
use crate::types::Type;

/// A validated, immutable DAG of nodes. Cloning shares it.
#[derive(Clone)]
pub struct Workflow(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) scope: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) packs: Vec<PackRequirement>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) by_name: HashMap<Arc<str>, NodeId>,
    pub(crate) dependencies: Adjacency,
    pub(crate) levels: Levels,
    pub(crate) warnings: Vec<crate::Problem>,
}

/// An input of a workflow.
#[derive(Clone, Debug)]
pub struct Input {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// What stands in where nothing is given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The environment variable it is read from, where it is.
    pub env: Option<String>,
}

/// One use of a task.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) name: Arc<str>,
    pub(crate) label: Option<String>,
    pub(crate) task: TaskRef,
    pub(crate) args: Vec<Expr>,
    pub(crate) after: Vec<NodeId>,
    pub(crate) lane: Lane,
    pub(crate) keep: bool,
}

/// A declared output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Name.
    pub name: String,
    /// Its value.
    pub value: Expr,
}

impl Node {
    /// Name, unique in the workflow.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Free text for people.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
    /// The task.
    pub fn task(&self) -> &TaskRef {
        &self.task
    }
    /// One expression per port of the task, defaults filled in.
    pub fn args(&self) -> &[Expr] {
        &self.args
    }
    /// Nodes that must succeed first, without giving it a value.
    pub fn after(&self) -> &[NodeId] {
        &self.after
    }
    /// On which kind of thread it runs.
    pub fn lane(&self) -> Lane {
        self.lane
    }
    /// Whether its output is readable after the run, though no declared output names it.
    pub fn kept(&self) -> bool {
        self.keep
    }
}

impl Workflow {
    /// Name; empty where it has none.
    pub fn name(&self) -> &str {
        &self.0.name
    }
    /// What it does.
    pub fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }
    /// The packs it wants.
    pub fn packs(&self) -> &[PackRequirement] {
        &self.0.packs
    }
    /// What it takes.
    pub fn inputs(&self) -> &[Input] {
        &self.0.inputs
    }
    /// The input of a name.
    pub fn input(&self, name: &str) -> Option<InputId> {
        let at = self.0.inputs.iter().position(|input| input.name == name)?;
        u32::try_from(at).ok().map(InputId)
    }
    /// Its nodes, as built.
    pub fn nodes(&self) -> &[Node] {
        &self.0.nodes
    }
    /// The ids of its nodes, as built.
    pub fn node_ids(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.0.nodes.len() as u32).map(NodeId)
    }
    /// A node.
    ///
    /// # Panics
    /// When the id belongs to a larger workflow.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.0.nodes[id.index()]
    }
    /// The node of a name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.0.by_name.get(name).copied()
    }
    /// What it gives.
    pub fn outputs(&self) -> &[Output] {
        &self.0.outputs
    }
    /// The nodes that a node depends on, each once, in the order of its arguments, then `after`.
    pub fn dependencies(&self, id: NodeId) -> &[NodeId] {
        self.0.dependencies.of(id)
    }
    /// Its levels: level 0 has no dependencies, any other is one more than its deepest dependency.
    pub fn levels(&self) -> &Levels {
        &self.0.levels
    }
    /// What is odd but not wrong.
    pub fn warnings(&self) -> &[crate::Problem] {
        &self.0.warnings
    }
    /// Tells the handles of one builder from those of another.
    pub(crate) fn scope(&self) -> u64 {
        self.0.scope
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow")
            .field("name", &self.name())
            .field("nodes", &self.nodes().len())
            .finish_non_exhaustive()
    }
}

/// Lists of node ids, one per node, in two flat arrays (compressed sparse rows).
#[derive(Clone, Debug, Default)]
pub(crate) struct Adjacency {
    starts: Vec<u32>,
    items: Vec<NodeId>,
}

impl Adjacency {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        Self { starts, items: Vec::with_capacity(nodes) }
    }

    /// Appends the list of the next node.
    pub(crate) fn push(&mut self, items: &[NodeId]) {
        self.items.extend_from_slice(items);
        self.starts.push(self.items.len() as u32);
    }

    pub(crate) fn of(&self, id: NodeId) -> &[NodeId] {
        &self.items[self.range(id.index())]
    }

    fn range(&self, at: usize) -> Range<usize> {
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn edges(&self) -> usize {
        self.items.len()
    }
}
