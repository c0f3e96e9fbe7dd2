//! What a run asks of a node, answered without making the node.

use std::borrow::Cow;
use std::sync::Arc;

use terrace_plugin_api::Value;

use super::{Plan, PlanIndex};
use crate::catalog::{PackId, Task, TaskRef};
use crate::draft::RunIf;
use crate::expr::Expr;
use crate::flat::{Flat, FlatArg};
use crate::policy::Policy;
use crate::series::{Series, SeriesEnd};
use crate::signature::Signature;

/// What a port of a node gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PortArg<'a> {
    /// What an expression gives.
    Expr(&'a Expr),
    /// The whole output of a node.
    Output(PlanIndex),
    /// A constant.
    Const(&'a Value),
}

impl Plan {
    #[inline]
    fn flat(&self) -> Option<&Arc<Flat>> {
        self.workflow.flat()
    }

    /// What a node calls.
    #[inline]
    pub fn body(&self, at: PlanIndex) -> &(dyn Task + 'static) {
        match self.flat() {
            Some(flat) => flat.body(self.id(at)),
            None => &*self.node(at).task().body,
        }
    }

    /// Of what a node calls, the number of its type and where it lies among those of its type, where
    /// tasks lie side by side: in large graphs of closures. For [`Plan::run_series`].
    #[inline]
    pub fn task_place(&self, at: PlanIndex) -> Option<(u32, u32)> {
        self.flat().map(|flat| flat.task_place(self.id(at)))
    }

    /// Runs nodes whose tasks are of the type with this number. `None`: there is no such type here,
    /// and nothing ran.
    ///
    /// # Panics
    /// Where a place is not one of a task of that type, and as the tasks do.
    pub fn run_series(&self, kind: u32, mut series: Series<'_>) -> Option<SeriesEnd> {
        self.flat()?.run_series(kind, &mut series)
    }

    /// What is known of the task of a node.
    #[inline]
    pub fn signature(&self, at: PlanIndex) -> &Arc<Signature> {
        match self.flat() {
            Some(flat) => flat.signature(self.id(at)),
            None => &self.node(at).task().signature,
        }
    }

    /// What the task of a node is called.
    pub fn task_name(&self, at: PlanIndex) -> &Arc<str> {
        match self.flat() {
            Some(flat) => &flat.shape(self.id(at)).name,
            None => &self.node(at).task().name,
        }
    }

    /// The pack that the task of a node came from.
    pub fn pack(&self, at: PlanIndex) -> Option<&Arc<PackId>> {
        match self.flat() {
            Some(_) => None,
            None => self.node(at).task().pack.as_ref(),
        }
    }

    /// The task of a node, to be kept: for an attempt that may outlive the plan.
    pub fn task(&self, at: PlanIndex) -> Cow<'_, TaskRef> {
        match self.flat() {
            Some(flat) => Cow::Owned(flat.task(self.id(at))),
            None => Cow::Borrowed(self.node(at).task()),
        }
    }

    /// The name of a node.
    pub fn name(&self, at: PlanIndex) -> Cow<'_, str> {
        self.workflow.name_of(self.id(at))
    }

    /// The level of a node in its workflow.
    pub fn level_of(&self, at: PlanIndex) -> usize {
        match self.flat() {
            Some(_) => self.level_starts.partition_point(|start| *start <= at.0) - 1,
            None => self.workflow.levels().of(self.id(at)),
        }
    }

    /// What holds for a node; for a map as a whole.
    pub fn policy(&self, at: PlanIndex) -> Option<&Policy> {
        match self.flat() {
            Some(_) => None,
            None => self.node(at).policy(),
        }
    }

    /// A reference to a bool; where it is false, the node is skipped.
    pub fn when(&self, at: PlanIndex) -> Option<&Expr> {
        match self.inner.is_plain() {
            true => None,
            false => self.node(at).when(),
        }
    }

    /// After which ends of what it depends on a node runs.
    pub fn run_if(&self, at: PlanIndex) -> RunIf {
        match self.inner.is_plain() {
            true => RunIf::Success,
            false => self.node(at).run_if(),
        }
    }

    /// How many arguments a node has.
    #[inline]
    pub fn ports(&self, at: PlanIndex) -> usize {
        match self.flat() {
            Some(flat) => flat.ports(self.id(at)),
            None => self.node(at).args().len(),
        }
    }

    /// What a port of a node gets.
    ///
    /// # Panics
    /// When there is no such port.
    pub fn arg(&self, at: PlanIndex, port: usize) -> PortArg<'_> {
        let Some(flat) = self.flat() else { return PortArg::Expr(&self.node(at).args()[port]) };
        match flat.arg(self.id(at), port) {
            FlatArg::Const(value) => PortArg::Const(value),
            FlatArg::Output(id) => PortArg::Output(match self.places.get(id.index()) {
                Some(&place) => PlanIndex(place),
                None => PlanIndex(id.0),
            }),
        }
    }

    /// Whether arguments are outputs and constants and nothing else: no node has an expression.
    pub fn has_plain_args(&self) -> bool {
        self.flat().is_some()
    }
}
