//! [`PlanBuilder`]: closures and edges by number, straight to a [`Plan`].

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use terrace_plugin_api::{PortMode, TaskContext, TaskError, Value};

use super::Plan;
use crate::build::{ByList, ByValue, Calling, Fallibly, NodeFn, ReadArgs, shape_of};
use crate::catalog::Task;
use crate::expr::NodeId;
use crate::flat::{FlatDraft, Flaw, Shape};
use crate::level::{Levels, cycles};
use crate::signature::Signature;
use crate::types::Type;
use crate::validate::{Head, fresh_scope, of_flat};

/// Builds a [`Plan`] of closures and edges by number: for graphs of thousands to millions of nodes
/// that a program makes.
///
/// Nodes are numbered in the order in which they are added, and called `task_0`, `task_1`, …. What
/// comes out is a plan like any other: it runs on every path of a scheduler, with the same errors,
/// events and reports. What it has not is what a [`crate::WorkflowBuilder`] writes beside closures:
/// inputs, outputs, names, policies, maps, tasks of packs.
///
/// Costs some 20 ns a node and 5 to 10 an edge, and 20 to 40 bytes a node and 8 an edge (12 where it
/// carries a value) beside what the closures capture. Closures of one type lie side by side: none
/// is allocated by itself.
///
/// ```
/// use terrace_core::PlanBuilder;
///
/// let mut graph = PlanBuilder::with_capacity(4, 4);
/// let read = graph.add(|| 20_i64);
/// let left = graph.call(|x: i64| x + 1, [read]);
/// let right = graph.call(|x: i64| x * 2, [read]);
/// let both = graph.call(|x: i64, y: i64| x + y, [left, right]);
/// let told = graph.add_after(|| println!("done"), [both]);
/// graph.keep(both);
/// let plan = graph.build()?;
/// assert_eq!((plan.len(), plan.levels()), (5, 4));
/// assert_eq!(plan.name(plan.place(told).expect("all nodes run")), "task_4");
/// # Ok::<(), terrace_core::PlanMistake>(())
/// ```
#[derive(Default)]
pub struct PlanBuilder {
    name: String,
    draft: FlatDraft,
    /// An edge from or to a node that is not there.
    unknown: Option<NodeId>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanMistake {
    /// Nodes that wait for each other: each for the next, the last for the first. One of the shortest
    /// such rings.
    #[error("nodes wait for each other: {}", show_ring(.0))]
    Cycle(Vec<NodeId>),
    /// A node that the builder did not add.
    #[error("there is no node {}; it is of another builder", .0.index())]
    Unknown(NodeId),
    /// An argument of another type than the closure's parameter.
    #[error("argument {port} of node {} is {expected}, and the node it comes from gives {found}", .node.index())]
    Mistyped {
        /// The node whose argument it is.
        node: NodeId,
        /// Which of its arguments, from 0.
        port: usize,
        /// What the closure takes.
        expected: Box<Type>,
        /// What it would get.
        found: Box<Type>,
    },
    /// There are more nodes than a plan can have, which are 2,147,483,647.
    #[error("there are more nodes than a plan can have")]
    TooMany,
}

fn show_ring(ring: &[NodeId]) -> String {
    let shown = ring.iter().take(8).map(|id| format!("{} ← ", id.index()));
    let more = if ring.len() > 8 { "… ← " } else { "" };
    let first = ring.first().map_or(0, |id| id.index());
    format!("{}{more}{first}", shown.collect::<String>())
}

/// The outputs that a closure with the parameters `A` takes: an array of as many nodes.
pub trait Inputs: ReadArgs {
    /// The array.
    type Nodes: IntoIterator<Item = NodeId>;
}

macro_rules! inputs {
    ($($count:literal $($name:ident)*;)*) => {$(
        impl<$($name: Any + Send + Sync),*> Inputs for ($($name,)*) {
            type Nodes = [NodeId; $count];
        }
    )*};
}
inputs! {
    1 A;
    2 A B;
    3 A B C;
    4 A B C D;
    5 A B C D E;
    6 A B C D E F;
    7 A B C D E F G;
    8 A B C D E F G H;
}

/// A function that many nodes call, each with a number of its own.
#[derive(Debug)]
pub struct SharedTask<F>(Arc<F>);

impl<F: Fn(u32) + Send + Sync + 'static> SharedTask<F> {
    /// Makes a function one that nodes share.
    pub fn new(function: F) -> Self {
        Self(Arc::new(function))
    }
}

impl<F> Clone for SharedTask<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A node's share of a function.
struct Share<F> {
    function: Arc<F>,
    number: u32,
}

impl<F: Fn(u32) + Send + Sync> Task for Share<F> {
    fn call(&self, _ctx: &TaskContext<'_>, _args: &mut [Value]) -> Result<Value, TaskError> {
        (self.function)(self.number);
        Ok(Value::Null)
    }

    #[inline]
    fn call_into(
        &self,
        _ctx: &TaskContext<'_>,
        _args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        (self.function)(self.number);
        out.put(Value::Null);
        Ok(())
    }
}

/// A task that is there already.
struct Given(Arc<dyn Task>);

impl Task for Given {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        self.0.call(ctx, args)
    }

    fn call_into(
        &self,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        self.0.call_into(ctx, args, out)
    }
}

impl PlanBuilder {
    /// Starts a plan.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a plan with room for so many nodes and edges without a value.
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        let mut builder = Self::default();
        builder.draft.reserve(nodes, edges);
        builder
    }

    /// Names the plan's workflow, for reports and traces.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.draft.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a node that calls a closure without parameters, or one of a [`TaskContext`]. What it
    /// gives can be an argument of others.
    #[inline]
    pub fn add<M, R, F>(&mut self, function: F) -> NodeId
    where
        M: 'static,
        R: Any + Send + Sync,
        F: NodeFn<M, (), R>,
    {
        let task = Calling::<F, ByValue<M, (), R>>::new(function);
        self.push(task, || shape_of::<F, (), R>(PortMode::Take))
    }

    /// As [`PlanBuilder::add`], for a closure that may fail.
    #[inline]
    pub fn try_add<M, R, E, F>(&mut self, function: F) -> NodeId
    where
        M: 'static,
        R: Any + Send + Sync,
        E: Into<TaskError> + 'static,
        F: NodeFn<M, (), Result<R, E>>,
    {
        let task = Calling::<F, Fallibly<ByValue<M, (), Result<R, E>>>>::new(function);
        self.push(task, || shape_of::<F, (), R>(PortMode::Take))
    }

    /// As [`PlanBuilder::add`], after other nodes.
    #[inline]
    pub fn add_after<M, R, F>(
        &mut self,
        function: F,
        on: impl IntoIterator<Item = NodeId>,
    ) -> NodeId
    where
        M: 'static,
        R: Any + Send + Sync,
        F: NodeFn<M, (), R>,
    {
        let id = self.add(function);
        self.draft.push_all_after(on);
        id
    }

    /// Adds a node that calls a function with a number, after other nodes. All that share the
    /// function take 16 bytes each.
    #[inline]
    pub fn add_shared<F>(
        &mut self,
        task: &SharedTask<F>,
        number: u32,
        on: impl IntoIterator<Item = NodeId>,
    ) -> NodeId
    where
        F: Fn(u32) + Send + Sync + 'static,
    {
        let share = Share { function: Arc::clone(&task.0), number };
        let id = self.push(share, || shape_of::<F, (), ()>(PortMode::Take));
        self.draft.push_all_after(on);
        id
    }

    /// Adds a node that calls a closure with the outputs of other nodes, in this order.
    #[inline]
    pub fn call<M, A, R, F>(&mut self, function: F, inputs: A::Nodes) -> NodeId
    where
        M: 'static,
        A: Inputs,
        R: Any + Send + Sync,
        F: NodeFn<M, A, R>,
    {
        let task = Calling::<F, ByValue<M, A, R>>::new(function);
        let id = self.push(task, || shape_of::<F, A, R>(PortMode::Take));
        self.draft.push_outputs(inputs);
        id
    }

    /// As [`PlanBuilder::call`], for a closure that may fail.
    #[inline]
    pub fn try_call<M, A, R, E, F>(&mut self, function: F, inputs: A::Nodes) -> NodeId
    where
        M: 'static,
        A: Inputs,
        R: Any + Send + Sync,
        E: Into<TaskError> + 'static,
        F: NodeFn<M, A, Result<R, E>>,
    {
        let task = Calling::<F, Fallibly<ByValue<M, A, Result<R, E>>>>::new(function);
        let id = self.push(task, || shape_of::<F, A, R>(PortMode::Take));
        self.draft.push_outputs(inputs);
        id
    }

    /// Adds a node that calls a closure with the outputs of any number of others, as values in this
    /// order. It may take them out of the slice. One that needs the [`TaskContext`] is a [`Task`], for
    /// [`PlanBuilder::call_task`].
    #[inline]
    pub fn call_list<R, F>(
        &mut self,
        function: F,
        inputs: impl IntoIterator<Item = NodeId>,
    ) -> NodeId
    where
        R: Any + Send + Sync,
        F: Fn(&mut [Value]) -> Result<R, TaskError> + Send + Sync + 'static,
    {
        let task = Calling::<F, ByList<R>>::new(function);
        let id = self.push(task, || shape_of::<F, (), R>(PortMode::Take));
        self.draft.push_outputs(inputs);
        id
    }

    /// Adds a node that calls a task that is there already, with the outputs of others. What they
    /// give is the task's to check.
    pub fn call_task(
        &mut self,
        task: Arc<dyn Task>,
        inputs: impl IntoIterator<Item = NodeId>,
    ) -> NodeId {
        let shape = || Shape { name: "task".into(), signature: Arc::new(Signature::default()) };
        let id = self.push(Given(task), shape);
        self.draft.push_outputs(inputs);
        id
    }

    #[inline]
    fn push<T: Task + 'static>(&mut self, task: T, shape: impl FnOnce() -> Shape) -> NodeId {
        self.draft.push(task, shape)
    }

    /// Lets `to` wait for `from`.
    #[inline]
    pub fn edge(&mut self, from: NodeId, to: NodeId) {
        if !self.draft.push_after(to, from) {
            self.unknown.get_or_insert(to);
        }
    }

    /// Keeps a node's output readable after the run.
    pub fn keep(&mut self, node: NodeId) {
        if !self.draft.keep(node) {
            self.unknown.get_or_insert(node);
        }
    }

    /// Compiles it. Costs O(nodes + edges).
    ///
    /// # Errors
    /// When nodes wait for each other; when an edge leads to or from a node of another builder;
    /// when the type of an argument is known to be another than that of the parameter.
    pub fn build(self) -> Result<Plan, PlanMistake> {
        if let Some(unknown) = self.unknown {
            return Err(PlanMistake::Unknown(unknown));
        }
        if !self.draft.has_room() {
            return Err(PlanMistake::TooMany);
        }
        let flat = self.draft.finish_plainly().map_err(|flaw| match flaw {
            Flaw::Unknown(id) => PlanMistake::Unknown(id),
            Flaw::Mistyped { node, port, expected, found } => {
                PlanMistake::Mistyped { node, port, expected, found }
            }
        })?;
        let forward = flat.is_forward();
        let head = Head {
            scope: fresh_scope(),
            name: self.name,
            description: None,
            packs: Vec::new(),
            outputs: Vec::new(),
            result: None,
        };
        let workflow = of_flat(head, flat);
        if !forward && Levels::find(workflow.all_dependencies()).is_err() {
            let ring = cycles(workflow.all_dependencies()).into_iter().min_by_key(Vec::len);
            return Err(PlanMistake::Cycle(ring.unwrap_or_default()));
        }
        Ok(workflow.plan())
    }
}

impl fmt::Debug for PlanBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanBuilder").field("nodes", &self.len()).finish_non_exhaustive()
    }
}
