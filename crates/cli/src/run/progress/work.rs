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

/// Attempts of a node that have failed and are followed by others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    /// How many were told with their starts.
    pub(super) attempts: u32,
    /// How long those ran.
    pub(super) ran: Duration,
}

/// Something inside a node that runs.
#[derive(Debug, Default)]
struct Running {
    /// Whether others run inside it.
    is_around: bool,
    /// When its attempt began.
    begun: Duration,
}

/// What is known so far.
#[derive(Debug)]
pub(super) struct Work {
    /// What runs inside nodes.
    running: HashMap<Arc<str>, Running>,
    /// When the attempts under way began of the run's own nodes that may try again.
    begun: HashMap<NodeId, Duration>,
    /// What was tried before of the run's own nodes.
    tried: HashMap<NodeId, Tried>,
    /// How long that ran of nodes inside.
    tried_inside: HashMap<Arc<str>, Duration>,
    together: Duration,
    /// How many that were inside nodes have ended.
    inside: u64,
    /// When each ran; nothing once there are too many.
    ran: Vec<Ran>,
    /// Whether it is kept when each ran.
    keeps: bool,
}

impl Work {
    /// `keeps`: whether somebody will ask when each ran.
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            running: HashMap::new(),
            begun: HashMap::new(),
            tried: HashMap::new(),
            tried_inside: HashMap::new(),
            together: Duration::ZERO,
            inside: 0,
            ran: Vec::new(),
            keeps,
        }
    }

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
                        around.is_around = true;
                    }
                }
                self.running.entry(path.clone()).or_default().begun = event.at;
            }
            EventKind::NodeStarted { node, path: None, .. } => {
                let policy = workflow.node(*node).policy();
                if policy.is_some_and(|policy| policy.retry.is_some()) {
                    self.begun.insert(*node, event.at);
                }
            }
            // When a node ends only its last attempt is told.
            EventKind::NodeRetrying { path: Some(path), .. } => {
                let Some(running) = self.running.get(path) else { return };
                let ran = event.at.saturating_sub(running.begun);
                *self.tried_inside.entry(path.clone()).or_default() += ran;
                if !running.is_around {
                    self.together += ran;
                }
            }
            EventKind::NodeRetrying { node, path: None, .. } => {
                let Some(begun) = self.begun.remove(node) else { return };
                let tried = self.tried.entry(*node).or_default();
                let ran = event.at.saturating_sub(begun);
                tried.attempts += 1;
                tried.ran += ran;
                if is_innermost(workflow, *node) {
                    self.together += ran;
                }
            }
            EventKind::NodeFinished { path: Some(path), duration, .. } => {
                self.inside += 1;
                if self.running.remove(path).is_some_and(|running| !running.is_around) {
                    self.together += *duration;
                }
            }
            EventKind::NodeFinished { node, path: None, duration, attempts: 1.., .. } => {
                self.begun.remove(node);
                if is_innermost(workflow, *node) {
                    self.together += *duration;
                }
            }
            _ => {}
        }
    }

    /// The attempts of a node of the run's own workflow before its last, as far as they were told.
    pub(super) fn tried(&self, node: NodeId) -> Tried {
        self.tried.get(&node).copied().unwrap_or_default()
    }

    /// How long attempts of something inside a node ran before its last.
    pub(super) fn tried_inside(&self, path: &str) -> Duration {
        self.tried_inside.get(path).copied().unwrap_or_default()
    }

    fn keep(&mut self, node: NodeId, path: Option<&Arc<str>>, end: Duration, took: Duration) {
        if !self.keeps {
            return;
        }
        if self.ran.len() == KEPT {
            (self.ran, self.keeps) = (Vec::new(), false);
            return;
        }
        self.ran.push(Ran { node, path: path.cloned(), start: end.saturating_sub(took), end });
    }

    /// When each ran, where there were not too many.
    pub(super) fn ran(&self) -> Option<&[Ran]> {
        self.keeps.then_some(&self.ran)
    }

    /// All together, where as many were told as were inside nodes.
    pub(super) fn of_all(&self, inside: u64) -> Option<Duration> {
        (self.inside == inside).then_some(self.together)
    }
}

/// Whether a node of the run's own workflow runs no others inside it.
fn is_innermost(workflow: &Workflow, node: NodeId) -> bool {
    let node = workflow.node(node);
    node.flow().is_none() && !node.is_dynamic()
}

#[cfg(test)]
mod tests {
    use terrace::core::{Lane, NoTasks, WorkflowBuilder};

    use super::*;

    fn finished(node: NodeId, path: Option<&str>, attempts: u32, duration: Duration) -> EventKind {
        EventKind::NodeFinished {
            node,
            path: path.map(Into::into),
            task: "t".into(),
            pack: None,
            level: 0,
            status: OutcomeStatus::Ok,
            attempts,
            duration,
            error: None,
            cause: None,
            cause_path: None,
        }
    }

    #[test]
    fn attempts_that_failed_count_too() {
        let wf = WorkflowBuilder::new("tries");
        let retry = terrace::core::Retry::attempts(3);
        let own = wf.call(|| (), ()).retry(retry).node().unwrap();
        let workflow = wf.build(&NoTasks).unwrap();
        let mut work = Work::new(true);
        let ms = Duration::from_millis;
        for path in [None, Some("m.a")] {
            let (node, task) = (own, Arc::from("t"));
            let path: Option<Arc<str>> = path.map(Into::into);
            let start = |attempt| {
                let (path, task, lane) = (path.clone(), Arc::clone(&task), Lane::Blocking);
                EventKind::NodeStarted { node, path, task, attempt, lane, worker: 0 }
            };
            let again = |attempt| {
                let error = terrace::core::TaskError::msg("busy");
                EventKind::NodeRetrying { node, path: path.clone(), attempt, error, pause: ms(5) }
            };
            let end = finished(node, path.as_deref(), 3, ms(7));
            // 300 and 40 ms that failed, 5 ms of pause after each, then 7.
            let events =
                [(0, start(1)), (300, again(1)), (305, start(2)), (345, again(2)), (350, start(3))];
            for (at, kind) in events.into_iter().chain([(357, end)]) {
                work.take(&Event { at: ms(at), kind }, &workflow);
            }
        }
        assert_eq!((work.tried(own).attempts, work.tried(own).ran), (2, ms(340)));
        assert_eq!(work.tried_inside("m.a"), ms(340));
        assert_eq!(work.of_all(1), Some(ms(2 * 347)));
    }

    #[test]
    fn nothing_is_kept_that_nobody_asks_for() {
        let wf = WorkflowBuilder::new("quick");
        let node = wf.call(|| (), ()).node().unwrap();
        let workflow = wf.build(&NoTasks).unwrap();
        let mut work = Work::new(false);
        let kind = finished(node, None, 1, Duration::ZERO);
        work.take(&Event { at: Duration::ZERO, kind }, &workflow);
        assert!(work.ran().is_none() && work.ran.is_empty());
    }

    #[test]
    fn only_the_innermost_counts() {
        let wf = WorkflowBuilder::new("work");
        let own = wf.call(|| (), ()).node().unwrap();
        let workflow = wf.build(&NoTasks).unwrap();
        let mut work = Work::new(true);
        let mut take = |path: Option<&str>, ms: Option<u64>| {
            let kind = match ms {
                None => {
                    let (path, task) = (path.map(Into::into), "t".into());
                    let (attempt, lane, worker) = (1, Lane::Compute, 0);
                    EventKind::NodeStarted { node: own, path, task, attempt, lane, worker }
                }
                Some(ms) => finished(own, path, 1, Duration::from_millis(ms)),
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
