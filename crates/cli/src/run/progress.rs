//! What a terminal shows while a run goes on, and tasks' log lines wherever standard error leads.
//!
//! Events only count; one thread draws, at most ten times a second. Items of maps are counted as the
//! maps tell, and not each for itself, which would cost more than a small item. Without a terminal
//! nothing is drawn, and of all events only the log lines are asked for.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use terrace::core::{Event, EventKind, EventKinds, NodeId, Redactor, Workflow};

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// How many running nodes are named.
const NAMED: usize = 4;

pub(super) struct State {
    workflow: Workflow,
    redactor: Redactor,
    bar: Option<ProgressBar>,
    /// Nodes of the run's own workflow and items of maps: how many have ended, and how many there
    /// are as far as it is known.
    done: AtomicU64,
    total: AtomicU64,
    running: Mutex<BTreeMap<Arc<str>, Running>>,
    /// Whether somebody is asked something: then the line is theirs.
    asks: AtomicBool,
    over: AtomicBool,
}

/// A node that runs.
#[derive(Default)]
struct Running {
    /// What it says of itself.
    note: Option<String>,
    /// Of a map: how many items have ended, and how many it has.
    items: Option<(u64, u64)>,
}

/// Shows how a run goes until [`Progress::finish`].
pub(super) struct Progress {
    state: Arc<State>,
    painter: Option<JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(workflow: &Workflow, redactor: Redactor) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(workflow.nodes().len() as u64);
            // The template is a constant: a mistake in it would show in every run.
            if let Ok(style) = ProgressStyle::with_template(
                "{elapsed_precise} {bar:24} {pos}/{len} done  {wide_msg}",
            ) {
                bar.set_style(style);
            }
            bar
        });
        let state = Arc::new(State {
            workflow: workflow.clone(),
            redactor,
            bar,
            done: AtomicU64::new(0),
            total: AtomicU64::new(workflow.nodes().len() as u64),
            running: Mutex::default(),
            asks: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let painter = state.bar.is_some().then(|| {
            let state = state.clone();
            thread::spawn(move || {
                while !state.over.load(Ordering::Relaxed) {
                    if !state.asks.load(Ordering::Relaxed) {
                        state.draw();
                    }
                    thread::park_timeout(FRAME);
                }
            })
        });
        Self { state, painter }
    }

    /// Who takes what the engine tells about the run.
    pub(super) fn listener(&self) -> Arc<State> {
        self.state.clone()
    }

    /// Stops drawing and clears the line.
    pub(super) fn finish(self) {
        self.state.over.store(true, Ordering::Relaxed);
        if let Some(painter) = self.painter {
            painter.thread().unpark();
            // A painter that panicked leaves a run that went well.
            let _ = painter.join();
        }
        if let Some(bar) = &self.state.bar {
            bar.finish_and_clear();
        }
    }
}

impl State {
    /// What it needs to be told.
    pub(super) fn wants(&self) -> EventKinds {
        match self.bar {
            None => EventKinds::LOGS,
            Some(_) => {
                EventKinds::RUN
                    | EventKinds::NODES
                    | EventKinds::INSIDE
                    | EventKinds::MAPS
                    | EventKinds::PROGRESS
                    | EventKinds::LOGS
            }
        }
    }

    pub(super) fn take(&self, event: &Event) {
        match &event.kind {
            EventKind::NodeLog { node, path, level, message } => {
                let name = self.name(*node, path.as_ref());
                let level = format!("{level:?}").to_lowercase();
                let line = format!("[{name}] {level}: {}", self.redactor.mask(message));
                match &self.bar {
                    Some(bar) => bar.suspend(|| crate::say!("{line}")),
                    None => crate::say!("{line}"),
                }
            }
            _ if self.bar.is_none() => {}
            EventKind::RunStarted { nodes, .. } => {
                self.total.store(*nodes as u64, Ordering::Relaxed);
            }
            EventKind::NodeStarted { node, path, .. } => {
                self.running().insert(self.name(*node, path.as_ref()), Running::default());
            }
            EventKind::NodeProgress { node, path, fraction, note } => {
                // Of an item of a map neither start nor end was told: it is not shown.
                if let Some(running) = self.running().get_mut(&self.name(*node, path.as_ref())) {
                    let note = self.redactor.mask(note);
                    running.note = Some(format!("{:.0} % {note}", fraction * 100.0));
                }
            }
            EventKind::MapStarted { node, path, items } => {
                self.total.fetch_add(*items, Ordering::Relaxed);
                if let Some(running) = self.running().get_mut(&self.name(*node, path.as_ref())) {
                    running.items = Some((0, *items));
                }
            }
            EventKind::MapAdvanced { node, path, items } => {
                self.done.fetch_add(*items, Ordering::Relaxed);
                let name = self.name(*node, path.as_ref());
                if let Some((done, _)) =
                    self.running().get_mut(&name).and_then(|running| running.items.as_mut())
                {
                    *done += items;
                }
            }
            EventKind::CheckpointReached { .. } => {
                self.asks.store(true, Ordering::Relaxed);
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                }
            }
            EventKind::CheckpointPassed { .. } => {
                if let Some(bar) = &self.bar {
                    bar.reset();
                }
                self.asks.store(false, Ordering::Relaxed);
            }
            EventKind::NodeFinished { node, path, .. } => {
                // What runs inside a node belongs to it.
                self.done.fetch_add(u64::from(path.is_none()), Ordering::Relaxed);
                self.running().remove(&self.name(*node, path.as_ref()));
            }
            _ => {}
        }
    }

    /// What a node is called: its path, where it is not one of the outermost workflow.
    fn name(&self, node: NodeId, path: Option<&Arc<str>>) -> Arc<str> {
        match path {
            // Keys of a secret map stand in the paths of its items.
            Some(path) => self.redactor.mask(path).into(),
            None => self.workflow.node(node).name().into(),
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        let Some(bar) = &self.bar else { return };
        let running = self.running();
        let mut names: Vec<String> = running
            .iter()
            .take(NAMED)
            .map(|(name, running)| match (&running.note, running.items) {
                (Some(note), _) => format!("{name} ({note})"),
                (None, Some((done, items))) => format!("{name} ({done} of {items})"),
                (None, None) => name.to_string(),
            })
            .collect();
        if running.len() > NAMED {
            names.push(format!("and {} more", running.len() - NAMED));
        }
        drop(running);
        // A map may be told of between two looks: no more has ended than there is.
        let done = self.done.load(Ordering::Relaxed);
        bar.set_length(self.total.load(Ordering::Relaxed).max(done));
        bar.set_position(done);
        bar.set_message(names.join(", "));
        bar.tick();
    }
}

#[cfg(test)]
mod tests {
    use terrace::core::{NoTasks, WorkflowBuilder};

    use super::*;

    fn state(bar: Option<ProgressBar>) -> (State, NodeId) {
        let wf = WorkflowBuilder::new("bar");
        let node = wf.call(|| (), ()).named("map").node().unwrap();
        let state = State {
            workflow: wf.build(&NoTasks).unwrap(),
            redactor: Redactor::default(),
            bar,
            done: AtomicU64::new(0),
            total: AtomicU64::new(1),
            running: Mutex::default(),
            asks: AtomicBool::new(false),
            over: AtomicBool::new(false),
        };
        (state, node)
    }

    #[test]
    fn items_of_a_map_count_with_the_nodes() {
        let (state, node) = state(Some(ProgressBar::hidden()));
        let take = |kind| state.take(&Event { at: Duration::ZERO, kind });
        take(EventKind::RunStarted { nodes: 1, levels: 1 });
        take(EventKind::NodeStarted {
            node,
            path: None,
            task: "t".into(),
            attempt: 1,
            lane: terrace::core::Lane::Compute,
            worker: 0,
        });
        take(EventKind::MapStarted { node, path: None, items: 100 });
        take(EventKind::MapAdvanced { node, path: None, items: 30 });
        take(EventKind::MapAdvanced { node, path: None, items: 12 });
        state.draw();
        let bar = state.bar.as_ref().unwrap();
        assert_eq!((bar.position(), bar.length()), (42, Some(101)));
        assert_eq!(bar.message(), "map (42 of 100)");
    }

    #[test]
    fn no_more_has_ended_than_there_is() {
        let (state, node) = state(Some(ProgressBar::hidden()));
        let take = |kind| state.take(&Event { at: Duration::ZERO, kind });
        take(EventKind::RunStarted { nodes: 1, levels: 1 });
        take(EventKind::MapAdvanced { node, path: None, items: 3 });
        state.draw();
        let bar = state.bar.as_ref().unwrap();
        assert_eq!((bar.position(), bar.length()), (3, Some(3)));
        take(EventKind::MapStarted { node, path: None, items: 3 });
        state.draw();
        assert_eq!((bar.position(), bar.length()), (3, Some(4)));
    }

    #[test]
    fn without_a_terminal_only_log_lines_are_asked_for() {
        assert_eq!(state(None).0.wants(), EventKinds::LOGS);
        let drawn = state(Some(ProgressBar::hidden())).0.wants();
        assert!(!drawn.any_of(EventKinds::ITEMS), "a name for each item costs more than the item");
    }
}
