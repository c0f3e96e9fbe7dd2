//! Named workflows side by side: [`WorkflowBuilder::branches`].

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use terrace_plugin_api::Value;

use super::WorkflowBuilder;
use super::body::Returned;
use super::form::{self, Form};
use super::handle::Handle;
use super::state::Shared;
use crate::draft::{Args, Draft, FlowDraft, FlowStyle, TaskChoice};
use crate::expr::{Adapter, Expr, NodeId, Root, Select};

/// Branches of one node: they run side by side, and the node ends when all have ended.
#[derive(Debug)]
pub struct Branches {
    outer: Arc<Shared>,
    node: NodeId,
    inner: WorkflowBuilder,
    /// Makes data of the branches' values, for each that is not data as it lies.
    encode: Mutex<Option<Adapter>>,
}

impl WorkflowBuilder {
    /// Adds a node of named branches, which [`Branches::branch`] writes.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("both");
    /// let data = wf.call(|| vec![1_i64, 2, 3], ());
    /// let stats = wf.branches("stats");
    /// let sum = stats.branch("sum", |body| body.call(|xs: Vec<i64>| xs.iter().sum::<i64>(), (&data,)));
    /// let count = stats.branch("count", |body| body.call(|xs: Vec<i64>| xs.len(), (&data,)));
    /// let mean = wf.call(|sum: i64, n: usize| sum as f64 / n as f64, (&sum, &count));
    /// wf.output("mean", &mean);
    /// wf.output("all", &stats.all());
    /// assert_eq!(wf.build(&NoTasks)?.levels().len(), 3);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn branches(&self, name: impl AsRef<str>) -> Branches {
        let inner = Self::inside(&self.shared);
        inner.shared.state().draft.result = Some(Expr::Map(Vec::new()));
        let flow =
            FlowDraft { draft: Draft::default(), style: FlowStyle::Branches, captures: Vec::new() };
        let task = TaskChoice::Flow(Box::new(flow));
        let node = self.shared.add_node(task, Args::Positional(Vec::new()));
        self.shared.change_node(node, |draft| draft.name = Some(name.as_ref().into()));
        // More branches may come until this builder is done.
        self.shared.state().open.push((node, inner.shared.clone()));
        Branches { outer: self.shared.clone(), node, inner, encode: Mutex::default() }
    }
}

impl Branches {
    /// Writes a branch. Its handle stands for its value; whoever takes it waits for all branches.
    /// Where the branch may be skipped its value may be null: take it as an `Option`.
    pub fn branch<B: Returned>(
        &self,
        name: impl Into<String>,
        body: impl FnOnce(&WorkflowBuilder) -> B,
    ) -> Handle<B::Value>
    where
        B::Value: Any,
    {
        let name = name.into();
        let value = self.inner.flow(&name, body);
        let form = value.form();
        let part = Handle::part(
            &self.outer,
            Root::Node(self.node),
            Select::Key(name.clone()),
            form.clone(),
        );
        if let Some(encode) = form.to_data::<B::Value>(&self.outer.codecs()) {
            let encode = encode.at(part.path());
            let mut all = self.encoders();
            *all = Some(match all.take() {
                Some(first) => first.then(encode),
                None => encode,
            });
        }
        let value = value.raw_expr(&self.inner.shared);
        if let Some(Expr::Map(entries)) = &mut self.inner.shared.state().draft.result {
            entries.push((name, value));
        }
        part
    }

    /// All branches' values by name, as data where there is a way. The values of branches written
    /// before this call.
    pub fn all(&self) -> Handle<BTreeMap<String, Value>> {
        self.outer.learn::<BTreeMap<String, Value>>();
        let join = form::join_map::<Value>(&Form::Data, &self.outer.codecs());
        let form = match self.encoders().clone() {
            Some(encode) => Form::made::<BTreeMap<String, Value>>(encode.then(join), true, None),
            None => Form::made::<BTreeMap<String, Value>>(join, false, None),
        };
        Handle::new(&self.outer, Root::Node(self.node), form)
    }

    fn encoders(&self) -> MutexGuard<'_, Option<Adapter>> {
        self.encode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
