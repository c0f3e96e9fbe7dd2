//! What happened inside nodes: items of maps and nodes of workflows inside, by their paths.
//!
//! Kept for the document alone, from events. Of a map of more than [`MANY`] items only the failures
//! are kept, and of all failures the first [`MANY`], unless everything was asked for, so that memory
//! does not follow the number of items.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace::core::{
    Event, EventKind, EventKinds, NodeId, OutcomeStatus, PackId, TaskError, Workflow,
};

/// Items from which on a map is told in numbers, and failures of which more are only counted.
const MANY: u64 = 1_000;

/// What it needs to be told.
pub(super) const WANTS: EventKinds =
    EventKinds::INSIDE.and(EventKinds::ITEMS).and(EventKinds::MAPS);

/// What happened inside nodes.
#[derive(Default)]
pub(super) struct Inside {
    state: Mutex<State>,
    everything: bool,
}

#[derive(Default)]
struct State {
    /// When what runs began, by path.
    running: BTreeMap<Arc<str>, Duration>,
    ended: Vec<Entry>,
    failures: u64,
    maps: BTreeMap<Arc<str>, Items>,
}

/// One thing that ran inside a node.
pub(super) struct Entry {
    pub(super) path: Arc<str>,
    pub(super) task: Arc<str>,
    pub(super) pack: Option<Arc<PackId>>,
    /// In its own workflow.
    pub(super) level: usize,
    pub(super) status: OutcomeStatus,
    pub(super) attempts: u32,
    pub(super) started: Duration,
    pub(super) seconds: f64,
    pub(super) error: Option<TaskError>,
    /// The path of what it was skipped because of.
    pub(super) cause: Option<Arc<str>>,
}

/// All that is told.
pub(super) struct Kept {
    /// What ran inside a node of the outermost workflow, in the order in which it ended.
    pub(super) entries: Vec<Entry>,
    /// The items of each map, by path.
    pub(super) maps: BTreeMap<Arc<str>, Items>,
    /// Failures that are not among the entries.
    pub(super) failures_not_shown: u64,
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
            EventKind::NodeStarted { path: Some(path), .. } => {
                state.running.entry(path.clone()).or_insert(event.at);
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
                path: Some(path),
                task,
                pack,
                level,
                status,
                attempts,
                duration,
                error,
                cause_path,
                ..
            } => {
                let started = state.running.remove(path).unwrap_or(event.at);
                // It is measured from a moment before it was told: what came after it on the same
                // thread would seem to have begun before its end.
                let ran = (*duration).min(event.at.saturating_sub(started));
                let failed = matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
                state.failures += u64::from(failed);
                let told = match failed {
                    true => state.failures <= MANY,
                    false => !state.is_in_many(path),
                };
                if told || self.everything {
                    state.ended.push(Entry {
                        path: path.clone(),
                        task: task.clone(),
                        pack: pack.clone(),
                        level: *level,
                        status: *status,
                        attempts: *attempts,
                        started,
                        seconds: ran.as_secs_f64(),
                        error: error.clone(),
                        cause: cause_path.clone(),
                    });
                }
            }
            _ => {}
        }
    }

    /// What was kept, when the run is over.
    pub(super) fn told(self: Arc<Self>) -> Kept {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Kept {
            entries: std::mem::take(&mut state.ended),
            maps: std::mem::take(&mut state.maps),
            failures_not_shown: if self.everything {
                0
            } else {
                state.failures.saturating_sub(MANY)
            },
        }
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
            task: "t".into(),
            pack: None,
            level: 0,
            status: OutcomeStatus::Ok,
            attempts: 1,
            duration: ms(25),
            error: None,
            cause: None,
            cause_path: None,
        };
        inside.take(&Event { at: ms(30), kind }, &workflow);
        let ended = Arc::new(inside).told().entries;
        assert_eq!((ended[0].started, ended[0].seconds), (ms(10), 0.02));
    }
}
