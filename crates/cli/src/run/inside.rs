//! What happened inside nodes: items of maps and nodes of workflows inside, by their paths.
//!
//! Kept for the document alone, from events. Of a map of more than [`MANY`] items only the failures
//! are kept, unless everything was asked for, so that memory does not follow the number of items.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace::core::{Event, EventKind, NodeId, OutcomeStatus, TaskError, Workflow};

/// Items from which on a map is told in numbers.
const MANY: u64 = 1_000;

/// What happened inside nodes.
#[derive(Default)]
pub(super) struct Inside {
    state: Mutex<State>,
    everything: bool,
}

#[derive(Default)]
struct State {
    /// When what runs began, and what it runs, by path.
    running: BTreeMap<Arc<str>, (Duration, Arc<str>)>,
    ended: Vec<Entry>,
    maps: BTreeMap<Arc<str>, Items>,
}

/// One thing that ran inside a node.
pub(super) struct Entry {
    pub(super) path: Arc<str>,
    pub(super) task: Option<Arc<str>>,
    pub(super) status: OutcomeStatus,
    pub(super) attempts: u32,
    pub(super) started: Duration,
    pub(super) seconds: f64,
    pub(super) error: Option<TaskError>,
}

/// The items of a map.
#[derive(Clone, Copy, Default)]
pub(super) struct Items {
    pub(super) total: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
}

impl Inside {
    /// `everything`: also of large maps.
    pub(super) fn new(everything: bool) -> Self {
        Self { everything, ..Self::default() }
    }

    /// Takes one event of the run of `workflow`.
    pub(super) fn take(&self, event: &Event, workflow: &Workflow) {
        let name = |node: &NodeId, path: &Option<Arc<str>>| {
            path.clone().unwrap_or_else(|| workflow.node(*node).name().into())
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.kind {
            EventKind::NodeStarted { path: Some(path), task, .. } => {
                let begun = (event.at, task.clone());
                state.running.entry(path.clone()).or_insert(begun);
            }
            EventKind::MapStarted { node, path, items } => {
                let items = Items { total: *items, ..Items::default() };
                state.maps.insert(name(node, path), items);
            }
            EventKind::MapFinished { node, path, items, failed, cancelled } => {
                let items = Items { total: *items, failed: *failed, cancelled: *cancelled };
                state.maps.insert(name(node, path), items);
            }
            EventKind::NodeFinished {
                path: Some(path), status, attempts, duration, error, ..
            } => {
                let begun = state.running.remove(path);
                let (started, task) = begun.map_or((event.at, None), |(at, task)| (at, Some(task)));
                // It is measured from a moment before it was told: what came after it on the same
                // thread would seem to have begun before its end.
                let ran = (*duration).min(event.at.saturating_sub(started));
                let told = self.everything
                    || matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut)
                    || !state.is_in_many(path);
                if told {
                    state.ended.push(Entry {
                        path: path.clone(),
                        task,
                        status: *status,
                        attempts: *attempts,
                        started,
                        seconds: ran.as_secs_f64(),
                        error: error.clone(),
                    });
                }
            }
            _ => {}
        }
    }

    /// What ran inside a node of the outermost workflow, in the order in which it ended; and the
    /// items of each map, by path.
    pub(super) fn told(self: Arc<Self>) -> (Vec<Entry>, BTreeMap<Arc<str>, Items>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.ended), std::mem::take(&mut state.maps))
    }
}

impl State {
    /// Whether a path leads through a map of many items.
    fn is_in_many(&self, path: &str) -> bool {
        // A key may hold brackets itself: then a part is looked up that is no map, and is none.
        let ends = path.match_indices('[').map(|(at, _)| &path[..at]);
        ends.into_iter().any(|map| self.maps.get(map).is_some_and(|items| items.total > MANY))
    }
}

#[cfg(test)]
mod tests {
    use terrace::core::{Lane, NoTasks, WorkflowBuilder};

    use super::*;

    #[test]
    fn nothing_ends_after_its_end_was_told() {
        let wf = WorkflowBuilder::new("one");
        let node = wf.call(|| (), ()).node().unwrap();
        let workflow = wf.build(&NoTasks).unwrap();
        let inside = Inside::new(false);
        let ms = Duration::from_millis;
        let path: Option<Arc<str>> = Some("one[0]".into());
        let kind = EventKind::NodeStarted {
            node,
            path: path.clone(),
            task: "t".into(),
            attempt: 1,
            lane: Lane::Compute,
            worker: 0,
        };
        inside.take(&Event { at: ms(10), kind }, &workflow);
        let kind = EventKind::NodeFinished {
            node,
            path,
            status: OutcomeStatus::Ok,
            attempts: 1,
            duration: ms(25),
            error: None,
            cause: None,
        };
        inside.take(&Event { at: ms(30), kind }, &workflow);
        let (ended, _) = Arc::new(inside).told();
        assert_eq!((ended[0].started, ended[0].seconds), (ms(10), 0.02));
    }
}
