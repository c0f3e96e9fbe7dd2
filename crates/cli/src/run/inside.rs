//! What happened inside nodes: items of maps and nodes of workflows inside, by their paths.
//!
//! Kept for the document alone, from events. Of a map of more than [`MANY`] items only the failures
//! are kept, of all failures the first [`MANY`] and of all else the first [`MOST`], unless everything
//! was asked for, so that memory does not follow the number of items and passes, however they are
//! nested. What is not kept is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace::core::{
    Event, EventKind, EventKinds, NodeId, OutcomeStatus, PackId, TaskError, Workflow,
};
use terrace::report::by_path;

/// Items from which on a map is told in numbers, and failures of which more are only counted.
const MANY: u64 = 1_000;

/// How many are kept of what did not fail.
const MOST: u64 = 10_000;

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
    /// How many were kept that did not fail, and how many were not.
    others: u64,
    dropped: u64,
    /// Those that run, and those whose entry was kept.
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
    /// What ran inside a node of the outermost workflow, by path.
    pub(super) entries: Vec<Entry>,
    /// The items of each map, by path.
    pub(super) maps: BTreeMap<Arc<str>, Items>,
    /// Failures that are not among the entries.
    pub(super) failures_not_shown: u64,
    /// What else is not among the entries.
    pub(super) nodes_not_shown: u64,
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
                let told = self.everything
                    || match failed {
                        true => state.failures <= MANY,
                        false => state.others < MOST && !state.is_in_many(path),
                    };
                if !failed {
                    state.others += u64::from(told);
                    state.dropped += u64::from(!told);
                }
                if !told {
                    // Its items have ended before it.
                    state.maps.remove(path);
                } else {
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
        let mut entries = std::mem::take(&mut state.ended);
        // What runs at once ends in another order each time. Of one path those are that lost the
        // same middle: they stay as they ended.
        entries.sort_by(|a, b| by_path(&a.path, &b.path));
        Kept {
            entries,
            maps: std::mem::take(&mut state.maps),
            failures_not_shown: if self.everything {
                0
            } else {
                state.failures.saturating_sub(MANY)
            },
            nodes_not_shown: state.dropped,
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
    fn what_is_kept_does_not_follow_what_runs() {
        let (node, workflow) = one();
        for everything in [false, true] {
            let inside = Inside::new(everything);
            let most = usize::try_from(MOST).unwrap();
            for outer in 0..most {
                let map: Arc<str> = format!("m[{outer}].inner").into();
                let kind = EventKind::MapStarted { node, path: Some(map.clone()), items: 1 };
                inside.take(&Event { at: Duration::ZERO, kind }, &workflow);
                for path in [format!("{map}[0]").into(), map] {
                    inside.take(&ended(node, path), &workflow);
                }
            }
            let kept = Arc::new(inside).told();
            let all = if everything { 2 * most } else { most };
            assert_eq!(kept.entries.len(), all);
            assert_eq!(kept.nodes_not_shown, (2 * most - all) as u64);
            assert_eq!(kept.maps.len(), all / 2);
            assert_eq!(&*kept.entries[all - 1].path, format!("m[{}].inner[0]", all / 2 - 1));
        }
    }

    /// A workflow of one node, whose id stands for any.
    fn one() -> (NodeId, Workflow) {
        let wf = WorkflowBuilder::new("one");
        let node = wf.call(|| (), ()).node().unwrap();
        (node, wf.build(&NoTasks).unwrap())
    }

    fn ended(node: NodeId, path: Arc<str>) -> Event {
        let kind = EventKind::NodeFinished {
            node,
            path: Some(path),
            task: "t".into(),
            pack: None,
            level: 0,
            status: OutcomeStatus::Ok,
            attempts: 1,
            duration: Duration::from_millis(25),
            error: None,
            cause: None,
            cause_path: None,
        };
        Event { at: Duration::from_millis(30), kind }
    }

    #[test]
    fn nothing_ends_after_its_end_was_told() {
        let (node, workflow) = one();
        let inside = Inside::new(false);
        let ms = Duration::from_millis;
        let kind = EventKind::NodeStarted {
            node,
            path: Some("one[0]".into()),
            task: "t".into(),
            attempt: 1,
            lane: Lane::Compute,
            worker: 0,
        };
        inside.take(&Event { at: ms(10), kind }, &workflow);
        inside.take(&ended(node, "one[0]".into()), &workflow);
        let ended = Arc::new(inside).told().entries;
        assert_eq!((ended[0].started, ended[0].seconds), (ms(10), 0.02));
    }
}
