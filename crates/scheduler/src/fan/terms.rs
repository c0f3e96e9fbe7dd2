//! What holds for the fan of a node: what its node's policy says, and what holds around it.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Map, Plan, PlanIndex, Reduce, TaskError, Workflow};
use terrace_plugin_api::ErrorClass;

use super::open::single_of;
use crate::dispatch::{Around, LimitId};
use crate::frame::Frame;
use crate::run::Run;

/// What holds for a fan.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) is_careful: bool,
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
        single: bool,
    ) -> Terms {
        let Some(shell) = self.shell().filter(|shell| shell.is_ordered()) else {
            return Terms::default();
        };
        let policy = home.plan().node(at).policy();
        let outer = self.around(home);
        let now = self.now();
        let timeout = policy.and_then(|policy| policy.timeout);
        let own = timeout.into_iter().chain(body.workflow().rules().deadline).min();
        let own = own.map(|time| now.saturating_add(time));
        let first = home.tries(at).map_or(now, |tries| tries.first);
        let due = own.into_iter().chain(self.due_of(home, policy, Some(first))).min();
        let most = map.and_then(|map| map.concurrency);
        let name = || home.plan().node(at).name();
        let careful = map.is_some_and(|map| is_careful(self, home, map, body));
        Terms {
            is_careful: careful || map.is_some() && single && due.is_some(),
            around: shell.inside(outer.as_ref(), body.workflow(), policy),
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
                let needs = node.policy().map(|policy| &policy.needs[..]).unwrap_or_default();
                if let Some(need) = needs.iter().find(|need| !shell.knows(&need.limit)) {
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
pub(super) fn is_careful(run: &Run, home: &Frame, map: &Map<Reduce>, body: &Plan) -> bool {
    let said = map.each.is_some() || map.concurrency.is_some();
    let Some(_) = single_of(body, map) else { return said };
    let node = body.node(PlanIndex::new(0));
    let around = run.around(home);
    said || node.policy().is_some()
        || node.task().signature.cpus > 1
        || body.workflow().rules().max_concurrent.is_some()
        || around.is_some_and(|around| !around.at_once.is_empty() || around.priority != 0)
        || run.due(home).is_some()
}
