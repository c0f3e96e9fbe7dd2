//! [`Telling`]: tells the observer of plain nodes, one after the other on one thread.
//!
//! What an event says of a node is shared by all nodes of its task, so a count of references to it
//! would go back and forth between threads. Nodes of one task often follow each other: what was told
//! is kept and told again.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{EventKind, EventKinds, Lane, OutcomeStatus, PackId, Plan, PlanIndex};

use super::Run;

/// What was told last.
#[derive(Default)]
pub(crate) struct Telling {
    task: Option<Arc<str>>,
    pack: Option<Arc<PackId>>,
}

impl Telling {
    fn task(&mut self, plan: &Plan, at: PlanIndex) -> Arc<str> {
        let name = plan.task_name(at);
        self.task.take().filter(|known| Arc::ptr_eq(known, name)).unwrap_or_else(|| name.clone())
    }

    fn pack(&mut self, plan: &Plan, at: PlanIndex) -> Option<Arc<PackId>> {
        let pack = plan.pack(at)?;
        let known = self.pack.take().filter(|known| Arc::ptr_eq(known, pack));
        Some(known.unwrap_or_else(|| pack.clone()))
    }
}

impl Run {
    /// Whether somebody is told of each node.
    pub(crate) fn tells_nodes(&self) -> bool {
        self.wants(EventKinds::NODES)
    }

    /// Tells that a plain node begins, which nobody has to be told of that has no observer.
    pub(crate) fn tell_start(
        &self,
        at: PlanIndex,
        started: Duration,
        worker: u16,
        telling: &mut Telling,
    ) {
        let Some(emitter) = self.emitter.as_ref() else { return };
        let plan = self.plan();
        let told = emitter.tell(
            started,
            EventKind::NodeStarted {
                node: plan.id(at),
                path: None,
                task: telling.task(plan, at),
                attempt: 1,
                lane: Lane::Compute,
                worker: u32::from(worker),
            },
        );
        if let EventKind::NodeStarted { task, .. } = told {
            telling.task = Some(task);
        }
    }

    /// Tells that a plain node has ended well.
    pub(crate) fn tell_end(
        &self,
        at: PlanIndex,
        ended: Duration,
        duration: Duration,
        telling: &mut Telling,
    ) {
        let Some(emitter) = self.emitter.as_ref() else { return };
        let plan = self.plan();
        let told = emitter.tell(
            ended,
            EventKind::NodeFinished {
                node: plan.id(at),
                path: None,
                task: telling.task(plan, at),
                pack: telling.pack(plan, at),
                level: plan.level_of(at),
                status: OutcomeStatus::Ok,
                attempts: 1,
                duration,
                error: None,
                cause: None,
                cause_path: None,
            },
        );
        if let EventKind::NodeFinished { task, pack, .. } = told {
            telling.task = Some(task);
            telling.pack = pack;
        }
    }
}
