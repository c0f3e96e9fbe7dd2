//! Nodes that give a workflow, which then runs in their place: [`WorkflowBuilder::expand`].

use std::any::Any;
use std::marker::PhantomData;

use terrace_plugin_api::{ErrorClass, Ext, PortMode, TaskContext, TaskError, Value};

use super::WorkflowBuilder;
use super::arg::{IntoArgs, ReadArgs};
use super::closure::{NodeFn, Unbound};
use super::handle::Handle;
use super::native::{self, Codec, Wire};
use crate::catalog::NoTasks;
use crate::draft::Draft;
use crate::expr::{Expr, Ref, Root};
use crate::types::Type;
use crate::workflow::Workflow;

/// What a node of [`WorkflowBuilder::expand`] gives: a workflow that runs in its place and whose
/// value, an `R`, is the node's.
#[derive(Debug)]
pub struct Expansion<R> {
    graph: Graph,
    marker: PhantomData<fn() -> R>,
}

#[derive(Debug)]
enum Graph {
    Value(Value),
    Draft { draft: Box<Draft>, scope: u64 },
}

impl<R: Any + Send + Sync> Expansion<R> {
    /// Nothing more to run: the value is known.
    pub fn value(value: R) -> Self {
        Self { graph: Graph::Value(native::keep(value)), marker: PhantomData }
    }

    /// Runs a workflow, of which a handle stands for the value.
    pub fn flow(builder: WorkflowBuilder, value: &Handle<R>) -> Self {
        let result = value.native_expr(&builder.shared);
        builder.shared.state().draft.result = Some(result);
        let scope = builder.shared.scope;
        let draft = Box::new(builder.into_draft());
        Self { graph: Graph::Draft { draft, scope }, marker: PhantomData }
    }

    /// Runs a workflow that was built before, with its inputs' defaults.
    pub fn workflow(workflow: &Workflow) -> Self
    where
        R: Wire,
    {
        let wf = WorkflowBuilder::new(workflow.name());
        let value = wf.run(workflow).add_as::<R>();
        // Its value is data, and closures around are to get an `R`.
        let decode = (!native::is_plain::<R>()).then(|| Codec::of::<R>().decode);
        let root = value.node().map_or(Root::RunSeed, Root::Node);
        let result = Expr::Ref(Ref { root, path: Vec::new(), adapt: decode });
        wf.shared.state().draft.result = Some(result);
        let scope = wf.shared.scope;
        Self {
            graph: Graph::Draft { draft: Box::new(wf.into_draft()), scope },
            marker: PhantomData,
        }
    }

    /// As the node's output. What names tasks of packs is left for whoever has the catalog.
    fn into_value(self) -> Result<Value, TaskError> {
        let (draft, scope) = match self.graph {
            Graph::Value(value) => {
                let draft = Draft { result: Some(Expr::Const(value)), ..Draft::default() };
                (draft, crate::validate::fresh_scope())
            }
            Graph::Draft { draft, scope } => (Draft { is_given: true, ..*draft }, scope),
        };
        if !draft.task_names().is_empty() {
            return Ok(Value::Ext(Ext::new(draft)));
        }
        let workflow = draft.validate_in(&NoTasks, scope).map_err(|problems| {
            TaskError::new(ErrorClass::INVALID_OUTPUT, format!("the workflow it gave: {problems}"))
        })?;
        Ok(workflow.into_value())
    }
}

impl WorkflowBuilder {
    /// Adds a node whose closure gives a workflow at run time, which then runs in its place.
    ///
    /// ```
    /// use terrace_core::{Expansion, NoTasks, WorkflowBuilder};
    ///
    /// /// Sums a list by halves: each half is a node that may split again.
    /// fn sum(xs: Vec<i64>) -> Expansion<i64> {
    ///     if xs.len() < 2 {
    ///         return Expansion::value(xs.first().copied().unwrap_or(0));
    ///     }
    ///     let wf = WorkflowBuilder::new("halves");
    ///     let (left, right) = xs.split_at(xs.len() / 2);
    ///     let left = wf.expand(sum, (left.to_vec(),));
    ///     let right = wf.expand(sum, (right.to_vec(),));
    ///     let both = wf.call(|a: i64, b: i64| a + b, (&left, &right));
    ///     Expansion::flow(wf, &both)
    /// }
    ///
    /// let wf = WorkflowBuilder::new("sums");
    /// let list = wf.call(|| (0..100).collect::<Vec<i64>>(), ());
    /// wf.output("sum", &wf.expand(sum, (&list,)));
    /// assert!(wf.build(&NoTasks)?.nodes()[1].is_dynamic());
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn expand<M, A, R, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        F: NodeFn<M, A, Expansion<R>>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args)?.into_value()
        };
        self.add_closure(Unbound::new::<F>(PortMode::Take, run), args, Type::Workflow)
    }

    /// As [`WorkflowBuilder::expand`], for a function that may fail.
    pub fn try_expand<M, A, R, E, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        E: Into<TaskError>,
        F: NodeFn<M, A, Result<Expansion<R>, E>>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args)?.map_err(Into::into)?.into_value()
        };
        self.add_closure(Unbound::new::<F>(PortMode::Take, run), args, Type::Workflow)
    }
}

impl Draft {
    /// The workflow that a closure of [`WorkflowBuilder::expand`] gave, where it names tasks of
    /// packs: it is still to be validated against the catalog. One that is checked already is
    /// [`crate::Workflow::of_value`].
    pub fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::Ext(ext) => ext.downcast_ref::<Self>().cloned(),
            _ => None,
        }
    }
}
