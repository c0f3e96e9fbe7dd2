//! [`Cut`]: attempts that a run stops before they are over, where it may: how much of them counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace_core::{Event, EventKind, EventKinds, NodeView, Observer, Workflow};

/// When each node ended, by path.
pub(crate) struct Ends {
    workflow: Workflow,
    at: Mutex<HashMap<Arc<str>, Duration>>,
}

/// An attempt as it would be if nothing stopped it.
struct Begun {
    path: Arc<str>,
    end: Duration,
    /// How many workers it takes; none where it waits.
    cpus: u32,
}

/// All attempts, and when their nodes ended.
pub(crate) struct Cut {
    pub(crate) ends: Arc<Ends>,
    begun: Vec<Begun>,
}

impl Cut {
    /// For a workflow that may stop what runs; `None` for others, whose attempts all count in full.
    pub(crate) fn of(workflow: &Workflow) -> Option<Self> {
        let stops = workflow.walk().any(|walked| {
            let rules = walked.workflow.rules();
            let rules = rules.deadline.is_some() || !rules.budget.is_empty();
            rules || walked.node().view() == NodeView::Succeed
        });
        let ends = || Ends { workflow: workflow.clone(), at: Mutex::default() };
        stops.then(|| Self { ends: Arc::new(ends()), begun: Vec::new() })
    }

    /// Takes note of an attempt. `cpus`: how many workers it keeps busy.
    pub(crate) fn take(&mut self, path: &str, end: Duration, cpus: u32) {
        self.begun.push(Begun { path: path.into(), end, cpus });
    }

    /// How much of all attempts, and of what workers would have done, was never done.
    pub(crate) fn left(&self, run: Duration) -> (Duration, Duration) {
        let ends = self.ends.at.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut work, mut busy) = (Duration::ZERO, Duration::ZERO);
        for begun in &self.begun {
            let end = ends.get(&begun.path).copied().unwrap_or(run);
            let left = begun.end.saturating_sub(end);
            work = work.saturating_add(left);
            busy = busy.saturating_add(left.saturating_mul(begun.cpus));
        }
        (work, busy)
    }
}

impl Observer for Ends {
    fn event(&self, event: &Event) {
        let EventKind::NodeFinished { node, path, attempts: 1.., .. } = &event.kind else { return };
        let path = path.clone().unwrap_or_else(|| self.workflow.node(*node).name().into());
        self.at.lock().unwrap_or_else(PoisonError::into_inner).insert(path, event.at);
    }

    fn wants(&self) -> EventKinds {
        EventKinds::NODES | EventKinds::INSIDE | EventKinds::ITEMS
    }
}
