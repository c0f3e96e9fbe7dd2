//! Tasks of packs, by name: typed ([`TaskImport`]) and with arguments by name ([`NamedTask`]).

use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::Value;

use super::Shared;
use super::arg::{AnyArg, IntoWireArgs, WireArgs};
use super::handle::Handle;
use super::native::{self, Wire};
use crate::draft::{Args, Expectation, TaskChoice};
use crate::expr::{Expr, Root};

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

    /// Adds a node that runs the task. Ports after the last argument keep their defaults.
    pub fn call(&self, args: impl IntoWireArgs<A>) -> Handle<R> {
        let args = Args::Positional(args.wire_exprs(&self.shared));
        let task = TaskChoice::Named { name: self.name.clone(), expect: Some(self.expect.clone()) };
        let id = self.shared.state().add_node(task, args, false);
        Handle::new(&self.shared, Root::Node(id))
    }
}

/// A task that only the run-time knows: give it arguments by name, then [`NamedTask::add`] it.
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
    name: Arc<str>,
    args: Vec<(String, Expr)>,
}

impl NamedTask {
    pub(super) fn new(shared: &Arc<Shared>, name: &str) -> Self {
        Self { shared: shared.clone(), name: name.into(), args: Vec::new() }
    }

    /// Gives a port its value.
    pub fn arg(mut self, port: impl Into<String>, value: impl Into<AnyArg>) -> Self {
        let value = value.into().wire_expr(&self.shared);
        self.args.push((port.into(), value));
        self
    }

    /// Adds a node that runs the task.
    pub fn add(self) -> Handle<Value> {
        let task = TaskChoice::Named { name: self.name, expect: None };
        let id = self.shared.state().add_node(task, Args::Named(self.args), false);
        Handle::new(&self.shared, Root::Node(id))
    }
}
