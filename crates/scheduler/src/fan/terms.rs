//! What holds for the fan of a node: what its node's policy says, and what holds around it.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Map, Plan, PlanIndex, Policy, Reduce, TaskError, Workflow};
use terrace_plugin_api::ErrorClass;

use super::open::{Began, single_of};
use crate::dispatch::{Around, LimitId};
use crate::frame::Frame;
use crate::run::Run;

/// What holds for a fan.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) around: Option<Arc<Around>>,
    pub(super) due: Option<Duration>,
    pub(super) limit: Option<LimitId>,
}

impl Run {
    /// What holds for the fan of a node.
    pub(super) fn terms(
        &self,
        home: &Frame,
        at: PlanIndex,
        body: &Plan,
        map: Option<&Map<Reduce>>,
        began: Began,
    ) -> Terms {
        let Some(shell) = self.shell().filter(|shell| shell.is_ordered()) else {
            return Terms::default();
        };
        let policy = home.plan().node(at).policy();
        let outer = self.around(home);
        let now = self.now();
        // Of a workflow that a task gave, the task's time is part of the attempt's; a deadline is
        // from the workflow's own start.
        let timeout = policy.and_then(|policy| policy.timeout);
        let timeout = timeout.map(|time| began.at.saturating_add(time));
        let deadline = body.workflow().rules().deadline.map(|time| now.saturating_add(time));
        let own = timeout.into_iter().chain(deadline).min();
        let first = home.tries(at).map_or(began.at, |tries| tries.first);
        let due = own.into_iter().chain(self.due_of(home, policy, Some(first))).min();
        let most = map.and_then(|map| map.concurrency);
        let each = map.and_then(|map| map.each.as_deref());
        let priority = each.and_then(|each| each.priority);
        let priority = priority.or_else(|| policy.and_then(|policy| policy.priority));
        let name = || home.plan().node(at).name();
        Terms {
            around: shell.inside(outer.as_ref(), body.workflow(), priority),
            due,
            limit: most.map(|most| shell.limit_of_places(name(), most)),
        }
    }

    /// Lets a workflow in that a task gave: what it asks for has to be there.
    pub(super) fn admit(&self, workflow: &Workflow) -> Result<(), TaskError> {
        if !workflow.is_ordered() {
            return Ok(());
        }
        let wrong = |message: String| Err(TaskError::new(ErrorClass::INVALID_OUTPUT, message));
        let Some(shell) = self.shell() else {
            return wrong(
                "the workflow it gave has limits or policies, and this run was told to take the \
                 fast path, which knows none"
                    .to_owned(),
            );
        };
        shell.declare(workflow);
        let mut open = vec![workflow];
        while let Some(workflow) = open.pop() {
            for node in workflow.nodes() {
                let each = node.map().and_then(|map| map.each.as_deref());
                let mut needs =
                    node.policy().into_iter().chain(each).flat_map(|policy| &policy.needs);
                if let Some(need) = needs.find(|need| !shell.knows(&need.limit)) {
                    return wrong(format!(
                        "node `{}` of the workflow it gave needs `{}`, and this run has no limit \
                         of that name",
                        node.name(),
                        need.limit
                    ));
                }
                open.extend(node.flow().map(|flow| flow.workflow()));
            }
        }
        Ok(())
    }
}

/// Whether the items of a map go through the dispatcher one by one, in a run that is ordered.
pub(super) fn goes_one_by_one(
    run: &Run,
    home: &Frame,
    at: PlanIndex,
    map: &Map<Reduce>,
    body: &Plan,
) -> bool {
    let said = map.each.is_some() || map.concurrency.is_some();
    let in_place = run.machine().crew.calls_in_place();
    let Some(_) = single_of(body, map) else { return said };
    let node = body.node(PlanIndex::new(0));
    let around = run.around(home);
    // What has a time is given up with it.
    let timed = |policy: &Policy| policy.timeout.or(policy.total_timeout).is_some();
    said || !in_place
        || node.policy().is_some()
        || home.plan().node(at).policy().is_some_and(timed)
        || body.workflow().rules().deadline.is_some()
        || node.task().signature.cpus > 1
        || body.workflow().rules().max_concurrent.is_some()
        || around.is_some_and(|around| !around.at_once.is_empty() || around.priority != 0)
        || run.due(home).is_some()
}
