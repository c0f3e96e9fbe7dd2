//! What a terminal shows while a run goes on, and tasks' log lines wherever standard error leads.
//!
//! Events only count; one thread draws, at most ten times a second. Without a terminal nothing is
//! drawn.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use terrace::core::{Event, EventKind, NodeId, Redactor, Workflow};

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// How many running nodes are named.
const NAMED: usize = 4;

struct State {
    workflow: Workflow,
    redactor: Arc<Redactor>,
    bar: Option<ProgressBar>,
    done: AtomicU64,
    /// Running nodes by name, with what they say of themselves.
    running: Mutex<BTreeMap<Arc<str>, Option<String>>>,
    over: AtomicBool,
}

/// Shows how a run goes until [`Progress::finish`].
pub(super) struct Progress {
    state: Arc<State>,
    painter: Option<JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(workflow: &Workflow, redactor: Arc<Redactor>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(workflow.nodes().len() as u64);
            // The template is a constant: a mistake in it would show in every run.
            if let Ok(style) = ProgressStyle::with_template(
                "{elapsed_precise} {bar:24} {pos}/{len} nodes  {wide_msg}",
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
            running: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let painter = state.bar.is_some().then(|| {
            let state = state.clone();
            thread::spawn(move || {
                while !state.over.load(Ordering::Relaxed) {
                    state.draw();
                    thread::park_timeout(FRAME);
                }
            })
        });
        Self { state, painter }
    }

    /// What the engine tells about the run.
    pub(super) fn observer(&self) -> impl terrace::core::Observer + 'static {
        let state = self.state.clone();
        move |event: &Event| state.take(event)
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
    fn take(&self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { nodes, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(*nodes as u64);
                }
            }
            EventKind::NodeStarted { node, path, .. } if self.bar.is_some() => {
                self.running().insert(self.name(*node, path.as_ref()), None);
            }
            EventKind::NodeProgress { node, path, fraction, note } if self.bar.is_some() => {
                let text = format!("{:.0} % {}", fraction * 100.0, self.redactor.mask(note));
                self.running().insert(self.name(*node, path.as_ref()), Some(text));
            }
            EventKind::NodeLog { node, path, level, message } => {
                let name = self.name(*node, path.as_ref());
                let level = format!("{level:?}").to_lowercase();
                let line = format!("[{name}] {level}: {}", self.redactor.mask(message));
                match &self.bar {
                    Some(bar) => bar.suspend(|| crate::say!("{line}")),
                    None => crate::say!("{line}"),
                }
            }
            EventKind::NodeFinished { node, path, .. } => {
                // What runs inside a node belongs to it.
                self.done.fetch_add(u64::from(path.is_none()), Ordering::Relaxed);
                if self.bar.is_some() {
                    self.running().remove(&self.name(*node, path.as_ref()));
                }
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

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Option<String>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        let Some(bar) = &self.bar else { return };
        let running = self.running();
        let mut names: Vec<String> = running
            .iter()
            .take(NAMED)
            .map(|(name, note)| {
                note.as_ref().map_or_else(|| name.to_string(), |note| format!("{name} ({note})"))
            })
            .collect();
        if running.len() > NAMED {
            names.push(format!("and {} more", running.len() - NAMED));
        }
        drop(running);
        bar.set_position(self.done.load(Ordering::Relaxed));
        bar.set_message(names.join(", "));
        bar.tick();
    }
}
