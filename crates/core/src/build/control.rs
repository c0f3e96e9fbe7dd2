//! When a node runs: after others, under a condition, whatever happened before; and the node that
//! ends the run.

use std::any::Any;

use terrace_plugin_api::Outcome;

use super::WorkflowBuilder;
use super::form::Form;
use super::handle::Handle;
use super::scope;
use crate::draft::{Args, RunIf, TaskChoice};
use crate::expr::Root;
use crate::problem::Problem;

impl<T> Handle<T> {
    /// Makes the node wait for another without taking its value. In a body, waiting for a node
    /// outside makes the whole body wait.
    #[must_use]
    #[inline]
    pub fn after<U>(self, other: &Handle<U>) -> Self {
        let same = std::sync::Arc::ptr_eq(other.shared(), self.shared());
        if !same && !scope::check(other.shared(), self.shared()) {
            return self;
        }
        let Some(node) = other.node() else {
            self.shared().problem(Problem::new("`after` needs the handle of a node"));
            return self;
        };
        if same {
            return self.on_flat("after", |shared, id| shared.put_after(id, node));
        }
        self.shared().state().waits.push((other.shared().clone(), node));
        self
    }

    /// Runs the node only where the condition is true; where it is false, the node is skipped and
    /// what takes its value gets `None`, its default, or is skipped too. Among the items of a map and
    /// the branches of a node it is null; see [`crate::Workflow`].
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("greeting");
    /// let polite = wf.input::<bool>("polite");
    /// let greeting = wf.call(|| "Good day".to_owned(), ()).when(&polite);
    /// let said = wf.call(|text: Option<String>| text.unwrap_or_default(), (&greeting,));
    /// wf.output("said", &said);
    /// let wf = wf.build(&NoTasks)?;
    /// assert!(wf.nodes()[0].when().is_some());
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    #[must_use]
    pub fn when(self, condition: &Handle<bool>) -> Self {
        let condition = condition.native_expr(self.shared());
        let mut twice = false;
        let shared = self.shared().clone();
        let handle = self.on_node("when", |node| {
            twice = node.when.is_some();
            node.when = Some(condition);
        });
        if twice {
            let problem = Problem::new("a node has one condition")
                .with_help("make one bool of both and give that to `when`");
            shared.problem(problem);
        }
        handle
    }

    /// Says after which ends of what the node depends on it runs: for cleaning up, or for telling
    /// of a failure.
    #[must_use]
    pub fn run_if(self, ends: RunIf) -> Self {
        self.on_node("run_if", |node| node.run_if = ends)
    }
}

impl WorkflowBuilder {
    /// Adds a node that ends the run with success. What has not started by then is not run. Say
    /// when with [`Handle::when`] and [`Handle::after`]; what comes after it runs where the
    /// condition does not hold.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("sync");
    /// let unchanged = wf.call(|| true, ());
    /// let done = wf.succeed().when(&unchanged);
    /// let _work = wf.call(|| (), ()).after(&done);
    /// assert!(wf.build(&NoTasks)?.nodes()[1].succeeds());
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn succeed(&self) -> Handle<()> {
        let id = self.shared.add_node(TaskChoice::Succeed, Args::Positional(Vec::new()));
        Handle::new(&self.shared, Root::Node(id), Form::Data)
    }
}

/// Reads the value that an [`Outcome`] carries.
pub trait OutcomeExt {
    /// The value as the type that a closure gave, or as a number, bool or text of a pack; `None`
    /// where there is none, or it is of another type.
    fn get<T: Clone + Any + Send + Sync>(&self) -> Option<T>;
}

impl OutcomeExt for Outcome {
    fn get<T: Clone + Any + Send + Sync>(&self) -> Option<T> {
        super::native::take(&mut self.value.clone()?).ok()
    }
}
