//! [`Work`]: what ran when, and how long all of it took together, of what is told one by one.
//!
//! What runs others inside it takes no thread for that: only the innermost counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use terrace::core::{Event, EventKind, NodeId, OutcomeStatus, Workflow};
use terrace::report::Ran;

/// Of how many it is kept when they ran: more would take memory for as long as the run goes on.
const KEPT: usize = 50_000;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What runs inside nodes, and whether others run inside that.
    running: HashMap<Arc<str>, bool>,
    together: Duration,
    /// How many that were inside nodes have ended.
    inside: u64,
    /// When each ran; nothing once there are too many.
    ran: Vec<Ran>,
    too_many: bool,
}

impl Work {
    /// Takes note of an event of a run.
    pub(super) fn take(&mut self, event: &Event, workflow: &Workflow) {
        if let EventKind::NodeFinished { node, path, status, duration, attempts, .. } = &event.kind
            && *attempts > 0
            && *status != OutcomeStatus::Skipped
        {
            self.keep(*node, path.as_ref(), event.at, *duration);
        }
        match &event.kind {
            EventKind::NodeStarted { path: Some(path), .. } => {
                for (end, _) in path.match_indices(['.', '[']) {
                    if let Some(around) = self.running.get_mut(&path[..end]) {
                        *around = true;
                    }
                }
                self.running.entry(path.clone()).or_default();
            }
            EventKind::NodeFinished { path: Some(path), duration, .. } => {
                self.inside += 1;
                if self.running.remove(path) == Some(false) {
                    self.together += *duration;
                }
            }
            EventKind::NodeFinished { node, path: None, duration, attempts: 1.., .. } => {
                let node = workflow.node(*node);
                if node.flow().is_none() && !node.is_dynamic() {
                    self.together += *duration;
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, node: NodeId, path: Option<&Arc<str>>, end: Duration, took: Duration) {
        if self.too_many {
            return;
        }
        if self.ran.len() == KEPT {
            (self.ran, self.too_many) = (Vec::new(), true);
            return;
        }
        self.ran.push(Ran { node, path: path.cloned(), start: end.saturating_sub(took), end });
    }

    /// When each ran, where there were not too many.
    pub(super) fn ran(&self) -> Option<&[Ran]> {
        (!self.too_many).then_some(&self.ran)
    }

    /// All together, where as many were told as were inside nodes.
    pub(super) fn of_all(&self, inside: u64) -> Option<Duration> {
        (self.inside == inside).then_some(self.together)
    }
}

#[cfg(test)]
mod tests {
    use terrace::core::{Lane, NoTasks, WorkflowBuilder};

    use super::*;

    #[test]
    fn only_the_innermost_counts() {
        let wf = WorkflowBuilder::new("work");
        let own = wf.call(|| (), ()).node().unwrap();
        let workflow = wf.build(&NoTasks).unwrap();
        let mut work = Work::default();
        let mut take = |path: Option<&str>, ms: Option<u64>| {
            let (node, path, task) = (own, path.map(Into::into), "t".into());
            let kind = match ms {
                None => {
                    let (attempt, lane, worker) = (1, Lane::Compute, 0);
                    EventKind::NodeStarted { node, path, task, attempt, lane, worker }
                }
                Some(ms) => EventKind::NodeFinished {
                    node,
                    path,
                    task,
                    pack: None,
                    level: 0,
                    status: OutcomeStatus::Ok,
                    attempts: 1,
                    duration: Duration::from_millis(ms),
                    error: None,
                    cause: None,
                    cause_path: None,
                },
            };
            work.take(&Event { at: Duration::ZERO, kind }, &workflow);
        };
        take(None, None);
        take(Some("m[0].a"), None);
        take(Some("m[0].a[3]"), None);
        take(Some("m[1].a"), None);
        take(Some("m[1].a"), Some(1));
        take(Some("m[0].a[3]"), Some(20));
        take(Some("m[0].a"), Some(300));
        take(None, Some(4_000));
        assert_eq!(work.of_all(3), Some(Duration::from_millis(4_021)));
        assert_eq!(work.of_all(4), None, "something was not told");
        let paths: Vec<_> = work.ran().unwrap().iter().map(|ran| ran.path.as_deref()).collect();
        assert_eq!(paths, [Some("m[1].a"), Some("m[0].a[3]"), Some("m[0].a"), None]);
    }
}
