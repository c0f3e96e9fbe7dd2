//! Nodes by name: tasks of packs, typed ([`TaskImport`]) and with arguments by name
//! ([`NamedTask`]), and workflows that were built before.

use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::Value;

use super::WorkflowBuilder;
use super::arg::{AnyArg, IntoWireArgs, WireArgs};
use super::form::Form;
use super::handle::Handle;
use super::native::{self, Wire};
use super::state::Shared;
use crate::draft::{Args, Expectation, TaskChoice};
use crate::expr::{Expr, Root};
use crate::workflow::Workflow;

/// A pack's task with the types the program expects of it. Make nodes with [`TaskImport::call`].
#[derive(Debug)]
pub struct TaskImport<A, R> {
    shared: Arc<Shared>,
    name: Arc<str>,
    expect: Arc<Expectation>,
    marker: PhantomData<fn(A) -> R>,
}

impl<A: WireArgs, R: Wire> TaskImport<A, R> {
    pub(super) fn new(shared: &Arc<Shared>, name: &str) -> Self {
        let expect = Expectation { args: A::types(), output: native::type_of::<R>() };
        Self {
            shared: shared.clone(),
            name: name.into(),
            expect: Arc::new(expect),
            marker: PhantomData,
        }
    }

    /// The same task for nodes of another builder, such as the body of a map.
    ///
    /// ```
    /// # use terrace_core::WorkflowBuilder;
    /// let wf = WorkflowBuilder::new("sums");
    /// let add = wf.import::<(i64, i64), i64>("math/add");
    /// let offset = add.call((1, 2));
    /// let moved = wf.map([1_i64, 2, 3], |body, x| add.within(body).call((x, &offset)));
    /// wf.output("moved", &moved);
    /// ```
    pub fn within(&self, builder: &WorkflowBuilder) -> Self {
        let shared = builder.shared.clone();
        shared.learn::<R>();
        let (name, expect) = (self.name.clone(), self.expect.clone());
        Self { shared, name, expect, marker: PhantomData }
    }

    /// Adds a node that runs the task. Ports after the last argument keep their defaults.
    pub fn call(&self, args: impl IntoWireArgs<A>) -> Handle<R> {
        let args = Args::Positional(args.wire_exprs(&self.shared));
        let id = self.shared.add_node(self.choice(), args);
        Handle::new(&self.shared, Root::Node(id), Form::Data)
    }

    pub(super) fn choice(&self) -> TaskChoice {
        TaskChoice::Named { name: self.name.clone(), expect: Some(self.expect.clone()) }
    }
}

/// A task that only the run-time knows, or a workflow built before: give it arguments by name, then
/// [`NamedTask::add`] it.
///
/// ```
/// # use terrace_core::WorkflowBuilder;
/// let wf = WorkflowBuilder::new("sums");
/// let a = wf.task("math/add").arg("x", 1).arg("y", 2).add();
/// let b = wf.task("math/add").arg("x", &a).arg("y", 4).add();
/// wf.output("sum", &b);
/// ```
#[derive(Debug)]
#[must_use = "nothing is added before `add`"]
pub struct NamedTask {
    shared: Arc<Shared>,
    task: TaskChoice,
    args: Vec<(String, Expr)>,
}

impl NamedTask {
    pub(super) fn new(shared: &Arc<Shared>, task: TaskChoice) -> Self {
        Self { shared: shared.clone(), task, args: Vec::new() }
    }

    /// Gives a port its value.
    pub fn arg(mut self, port: impl Into<String>, value: impl Into<AnyArg>) -> Self {
        let value = value.into().wire_expr(&self.shared);
        self.args.push((port.into(), value));
        self
    }

    /// Adds a node that runs the task.
    pub fn add(self) -> Handle<Value> {
        self.add_as()
    }

    /// Adds a node that runs the task, which gives an `R`. The types of its edges are checked when
    /// the workflow is built, the value when it is used.
    pub fn add_as<R: Wire>(self) -> Handle<R> {
        self.shared.learn::<R>();
        let id = self.shared.add_node(self.task, Args::Named(self.args));
        Handle::new(&self.shared, Root::Node(id), Form::Data)
    }
}

impl WorkflowBuilder {
    /// Names a pack's task with the types of its arguments and output. They are checked against
    /// its manifest in [`WorkflowBuilder::build`].
    ///
    /// ```
    /// # use terrace_core::WorkflowBuilder;
    /// let wf = WorkflowBuilder::new("sums");
    /// let add = wf.import::<(i64, i64), i64>("math/add");
    /// let c = add.call((add.call((1, 2)), add.call((3, 4))));
    /// wf.output("sum", &c);
    /// ```
    pub fn import<A: WireArgs, R: Wire>(&self, name: impl AsRef<str>) -> TaskImport<A, R> {
        self.shared.learn::<R>();
        TaskImport::new(&self.shared, name.as_ref())
    }

    /// Names a task that only the run-time knows, to give it arguments by name.
    pub fn task(&self, name: impl AsRef<str>) -> NamedTask {
        let name = name.as_ref().into();
        NamedTask::new(&self.shared, TaskChoice::Named { name, expect: None })
    }

    /// Runs a workflow that was built before as a node of this one: its inputs are the node's
    /// ports, and its value is the map of its outputs, or what [`WorkflowBuilder::result`] said.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let part = WorkflowBuilder::new("double");
    /// let x = part.input::<i64>("x");
    /// part.output("twice", &part.call(|x: i64| 2 * x, (&x,)));
    /// let part = part.build(&NoTasks)?;
    ///
    /// let wf = WorkflowBuilder::new("whole");
    /// let four = wf.run(&part).arg("x", 2).add().field::<i64>("twice");
    /// let eight = wf.run(&part).arg("x", &four).add().field::<i64>("twice");
    /// wf.output("eight", &eight);
    /// assert_eq!(wf.build(&NoTasks)?.levels().len(), 2);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn run(&self, workflow: &Workflow) -> NamedTask {
        NamedTask::new(&self.shared, TaskChoice::Workflow(workflow.clone()))
    }
}
