//! What a plan knows of nodes that are more than a task: plans of workflows inside them, and
//! which ends of a node those behind it can live with.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::{Plan, PlanIndex};
use crate::draft::RunIf;
use crate::expr::{Expr, NodeId, Root};
use crate::policy::IfFailed;
use crate::workflow::{Node, NodeBody};

/// What a node does when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Calls its task.
    Task,
    /// Calls its task, which gives a workflow, and runs that.
    Dynamic,
    /// Runs a workflow: once, for every item, or again and again.
    Flow,
    /// Ends the run with success.
    Succeed,
}

/// Which ends of a node another that depends on it can live with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerance {
    /// Only success.
    Nothing,
    /// That it was skipped because its condition was false: the port stands in for the value, or it
    /// was to end the run.
    Absence,
    /// Any: the port takes how it ended.
    Anything,
}

/// Nothing here costs a plan of plain tasks anything.
#[derive(Default)]
pub(super) struct Inner {
    /// One per successor, in the same order; empty where all tolerate nothing.
    tolerances: Vec<Tolerance>,
    /// Plans of the workflows inside nodes, each compiled when it first runs; sorted by place.
    plans: Vec<(PlanIndex, OnceLock<Arc<Plan>>)>,
    plain: bool,
    /// Whether ready nodes go in the order in which they are written.
    as_written: bool,
}

impl Inner {
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// That of a plan of closures.
    pub(super) fn flat() -> Self {
        Self { tolerances: Vec::new(), plans: Vec::new(), plain: true, as_written: false }
    }

    pub(super) fn write_order(&mut self) {
        self.as_written = true;
    }

    pub(super) fn find(plan: &Plan) -> Self {
        let nodes = || plan.indices().map(|at| (at, plan.node(at)));
        let plans = nodes()
            .filter(|(_, node)| node.flow().is_some())
            .map(|(at, _)| (at, OnceLock::new()))
            .collect();
        let plain = nodes().all(|(_, node)| is_plain(node));
        let mut inner = Self { tolerances: Vec::new(), plans, plain, as_written: false };
        let absence = |node: &Node| {
            node.task().signature.ports.iter().any(|port| port.when_absent().is_some())
        };
        let ends_early = |node: &Node| matches!(node.body, NodeBody::Succeed);
        let may_fail =
            |node: &Node| node.policy().is_some_and(|policy| policy.if_failed == IfFailed::Absent);
        let absent = !plain || nodes().any(|(_, node)| may_fail(node));
        // Only a condition, or leave to fail, makes absence, and only then it matters who can live
        // with it.
        if nodes()
            .any(|(_, node)| takes_outcomes(node) || ends_early(node) || absent && absence(node))
        {
            for at in plan.indices() {
                for &next in plan.successors(at) {
                    let early = ends_early(plan.node(at));
                    inner.tolerances.push(tolerance(plan.node(next), plan.id(at), early));
                }
            }
        }
        inner
    }
}

fn is_plain(node: &Node) -> bool {
    matches!(node.body, NodeBody::Task)
        && !node.is_dynamic()
        && node.when.is_none()
        && node.run_if == RunIf::Success
}

fn takes_outcomes(node: &Node) -> bool {
    let mut found = false;
    for arg in node.args() {
        arg.each_ref(&mut |reference| found |= matches!(reference.root, Root::Outcome(_)));
    }
    found
}

/// What a node can live with of one that it depends on: the least of what each reference can.
/// `early`: that one ends the run, so that what comes after it is there for when it does not.
fn tolerance(node: &Node, on: NodeId, early: bool) -> Tolerance {
    let mut least = match node.after.contains(&on) {
        false => Tolerance::Anything,
        true if early => Tolerance::Absence,
        true => return Tolerance::Nothing,
    };
    let mut note = |expr: &Expr, absent: Tolerance| {
        expr.each_ref(&mut |reference| match reference.root {
            Root::Node(id) if id == on => least = least.min(absent),
            _ => {}
        });
    };
    for (port, arg) in node.task().signature.ports.iter().zip(&node.args) {
        let absent = port.when_absent().map_or(Tolerance::Nothing, |_| Tolerance::Absence);
        note(arg, absent);
    }
    node.exprs().skip(node.args.len()).for_each(|expr| note(expr, Tolerance::Nothing));
    least
}

impl Plan {
    /// What a node does when it runs.
    pub fn kind(&self, at: PlanIndex) -> NodeKind {
        if self.inner.plain {
            return NodeKind::Task;
        }
        let node = self.node(at);
        match node.body {
            NodeBody::Flow(_) => NodeKind::Flow,
            NodeBody::Succeed => NodeKind::Succeed,
            NodeBody::Task if node.is_dynamic() => NodeKind::Dynamic,
            NodeBody::Task => NodeKind::Task,
        }
    }

    /// Whether every node is a task that runs once, without conditions.
    pub fn is_plain(&self) -> bool {
        self.inner.plain
    }

    /// The plan of the workflow inside a node, compiled when it is first asked for.
    ///
    /// # Panics
    /// When the node has none.
    pub fn inner(&self, at: PlanIndex) -> &Arc<Plan> {
        let plans = &self.inner.plans;
        let found = plans.binary_search_by_key(&at, |(at, _)| *at);
        let flow = self.node(at).flow();
        match (found, flow) {
            (Ok(found), Some(flow)) => plans[found].1.get_or_init(|| {
                let plan = flow.plan();
                Arc::new(if self.inner.as_written { plan.in_written_order() } else { plan })
            }),
            _ => panic!("{at:?} has no workflow inside"),
        }
    }

    /// What the successors of a node can live with, one for one; empty where all want success.
    pub fn tolerances(&self, at: PlanIndex) -> &[Tolerance] {
        if self.inner.tolerances.is_empty() {
            return &[];
        }
        let range = self.successor_starts[at.index()]..self.successor_starts[at.index() + 1];
        &self.inner.tolerances[range.start as usize..range.end as usize]
    }
}

impl Drop for Inner {
    /// Plans may be nested thousands deep: taken apart one after the other.
    fn drop(&mut self) {
        let mut open: Vec<Arc<Plan>> = Vec::new();
        take(&mut self.plans, &mut open);
        while let Some(plan) = open.pop() {
            if let Some(mut plan) = Arc::into_inner(plan) {
                take(&mut plan.inner.plans, &mut open);
            }
        }
    }
}

fn take(plans: &mut Vec<(PlanIndex, OnceLock<Arc<Plan>>)>, open: &mut Vec<Arc<Plan>>) {
    open.extend(plans.drain(..).filter_map(|(_, plan)| plan.into_inner()));
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("plans", &self.plans.len()).finish_non_exhaustive()
    }
}
