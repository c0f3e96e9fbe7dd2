//! [`Tracer`]: what happens in a run as spans and events of the `tracing` crate.
//!
//! The scheduler knows nothing of it: this is an observer like any other, which wants no more than
//! whoever collects would take. Spans are not entered on any thread, since an attempt may end on
//! another than it began on; each event names its span instead.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use terrace_core::{
    Event, EventKind, EventKinds, Lane, LogLevel, NodeId, Observer, OutcomeStatus, Redactor,
    Workflow,
};
use tracing::{
    Level, Span, debug, debug_span, enabled, error, field, info, info_span, trace, warn,
};

/// Tells of a run in the words of `tracing`: a span `run`, in it a span `node` for each node that
/// runs and in that a span `attempt` for each try. The run is told at level info, what goes wrong at
/// warn, nodes at debug, single items of maps over one task at trace, and what tasks log at the
/// levels that they chose, all with the target `terrace::run`.
///
/// # Examples
/// ```
/// use terrace_core::{NoTasks, Observer as _, EventKinds, Redactor, WorkflowBuilder};
/// use terrace_report::Tracer;
///
/// let wf = WorkflowBuilder::new("traced");
/// wf.call(|| 1_i64, ());
/// let tracer = Tracer::new(&wf.build(&NoTasks)?, Redactor::default());
/// // Nobody collects, so nothing is wanted, and nothing costs anything.
/// assert_eq!(tracer.wants(), EventKinds::NONE);
/// # Ok::<(), terrace_core::Problems>(())
/// ```
pub struct Tracer {
    workflow: Workflow,
    redactor: Redactor,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    run: Option<Span>,
    /// What runs, by its name or path.
    running: HashMap<String, Running>,
}

struct Running {
    node: Span,
    attempt: Span,
}

impl Tracer {
    /// For one run of a workflow; what is secret is masked by the redactor that the run shares.
    pub fn new(workflow: &Workflow, redactor: Redactor) -> Self {
        Self { workflow: workflow.clone(), redactor, state: Mutex::default() }
    }

    /// What a node is called, and its name for lookups.
    fn name(&self, node: NodeId, path: Option<&str>) -> String {
        match path {
            Some(path) => self.redactor.mask(path).into_owned(),
            None => self.workflow.node(node).name().to_owned(),
        }
    }
}

impl State {
    /// The span of the nearest node around, or of the run.
    fn around(&self, name: &str) -> Span {
        let mut ends = name.rmatch_indices(['.', '[']).map(|(at, _)| &name[..at]);
        let node = ends.find_map(|around| self.running.get(around));
        node.map(|running| running.node.clone()).or(self.run.clone()).unwrap_or_else(Span::none)
    }

    /// The span of what runs, or what is around it.
    fn span(&self, name: &str) -> Span {
        match self.running.get(name) {
            Some(running) => running.attempt.clone(),
            None => self.around(name),
        }
    }
}

impl Observer for Tracer {
    fn wants(&self) -> EventKinds {
        const TARGET: &str = "terrace::run";
        let mut wants = EventKinds::NONE;
        if enabled!(target: TARGET, Level::ERROR) {
            wants = wants | EventKinds::LOGS;
        }
        if enabled!(target: TARGET, Level::WARN) {
            wants = wants | EventKinds::RETRIES;
        }
        if enabled!(target: TARGET, Level::INFO) {
            wants = wants | EventKinds::RUN;
        }
        if enabled!(target: TARGET, Level::DEBUG) {
            wants = wants | EventKinds::NODES | EventKinds::INSIDE | EventKinds::MAPS;
        }
        if enabled!(target: TARGET, Level::TRACE) {
            wants = wants | EventKinds::ITEMS | EventKinds::PROGRESS;
        }
        wants
    }

    fn event(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.kind {
            EventKind::RunStarted { nodes, levels } => {
                let workflow = self.workflow.name();
                let run = info_span!(target: "terrace::run", "run", workflow);
                info!(target: "terrace::run", parent: &run, nodes, levels, "run started");
                state.run = Some(run);
            }
            EventKind::NodeStarted { node, path, task, attempt, lane, worker } => {
                let name = self.name(*node, path.as_deref());
                let lane = match lane {
                    Lane::Compute => "compute",
                    Lane::Blocking => "blocking",
                };
                let span = match state.running.get(&name) {
                    Some(running) => running.node.clone(),
                    None => debug_span!(
                        target: "terrace::run", parent: &state.around(&name), "node",
                        node = name, task = &**task, status = field::Empty, attempts = field::Empty,
                    ),
                };
                let attempt = debug_span!(
                    target: "terrace::run", parent: &span, "attempt", attempt, lane, worker,
                );
                // Single items are many.
                if name.ends_with(']') {
                    trace!(target: "terrace::run", parent: &attempt, "started");
                } else {
                    debug!(target: "terrace::run", parent: &attempt, "started");
                }
                // Where nodes are not collected, what happens to them belongs to the run.
                if !span.is_disabled() {
                    state.running.insert(name, Running { node: span, attempt });
                }
            }
            EventKind::NodeRetrying { node, path, attempt, error, pause } => {
                let name = self.name(*node, path.as_deref());
                let error = error.to_string();
                let error = &*self.redactor.mask(&error);
                warn!(
                    target: "terrace::run", parent: &state.span(&name),
                    node = name, attempt, error, ?pause, "tried again",
                );
            }
            EventKind::NodeAbandoned { node, path, attempt } => {
                let name = self.name(*node, path.as_deref());
                let span = state.span(&name);
                warn!(target: "terrace::run", parent: &span, node = name, attempt, "given up");
            }
            EventKind::NodeReserved { node, path } => {
                let name = self.name(*node, path.as_deref());
                let span = state.span(&name);
                info!(target: "terrace::run", parent: &span, node = name, "waited too long");
            }
            EventKind::NodeFinished { node, path, status, attempts, duration, error, .. } => {
                let name = self.name(*node, path.as_deref());
                let around = state.around(&name);
                let span = state.running.remove(&name).map_or(around, |running| running.node);
                let seconds = duration.as_secs_f64();
                let (text, status) = (error.as_ref().map(ToString::to_string), *status);
                let error = text.as_deref().map(|error| self.redactor.mask(error));
                span.record("status", status.name()).record("attempts", attempts);
                let failed = matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
                let (status, error) = (status.name(), error.as_deref());
                if failed {
                    warn!(target: "terrace::run", parent: &span, node = name, status, seconds, error, "ended");
                } else if name.ends_with(']') {
                    trace!(target: "terrace::run", parent: &span, status, seconds, "ended");
                } else {
                    debug!(target: "terrace::run", parent: &span, node = name, status, seconds, "ended");
                }
            }
            EventKind::MapStarted { node, path, items } => {
                let span = state.span(&self.name(*node, path.as_deref()));
                debug!(target: "terrace::run", parent: &span, items, "map started");
            }
            EventKind::MapFinished { node, path, items, failed, cancelled } => {
                let span = state.span(&self.name(*node, path.as_deref()));
                debug!(target: "terrace::run", parent: &span, items, failed, cancelled, "map ended");
            }
            EventKind::NodeProgress { node, path, fraction, note } => {
                let span = state.span(&self.name(*node, path.as_deref()));
                let note = &*self.redactor.mask(note);
                trace!(target: "terrace::run", parent: &span, fraction, note, "progress");
            }
            EventKind::NodeLog { node, path, level, message } => {
                let node = self.name(*node, path.as_deref());
                let (span, message) = (state.span(&node), self.redactor.mask(message));
                match level {
                    LogLevel::Error => {
                        error!(target: "terrace::run", parent: &span, node, "{message}")
                    }
                    LogLevel::Warn => {
                        warn!(target: "terrace::run", parent: &span, node, "{message}")
                    }
                    LogLevel::Info => {
                        info!(target: "terrace::run", parent: &span, node, "{message}")
                    }
                    LogLevel::Debug => {
                        debug!(target: "terrace::run", parent: &span, node, "{message}")
                    }
                }
            }
            EventKind::CheckpointReached { level, .. } => {
                let span = state.run.clone().unwrap_or_else(Span::none);
                info!(target: "terrace::run", parent: &span, level, "checkpoint");
            }
            EventKind::CheckpointPassed { refused } => {
                let span = state.run.clone().unwrap_or_else(Span::none);
                let refused = refused.as_deref().map(|why| self.redactor.mask(why));
                info!(target: "terrace::run", parent: &span, refused = refused.as_deref(), "checkpoint passed");
            }
            EventKind::RunFinished { succeeded, failed, skipped, cancelled } => {
                let span = state.run.take().unwrap_or_else(Span::none);
                let seconds = event.at.as_secs_f64();
                info!(
                    target: "terrace::run", parent: &span,
                    succeeded, failed, skipped, cancelled, seconds, "run ended",
                );
            }
            _ => {}
        }
    }
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracer").field("workflow", &self.workflow.name()).finish_non_exhaustive()
    }
}
