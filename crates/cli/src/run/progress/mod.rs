//! What is shown on standard error while a run goes on, and tasks' log lines wherever that leads.
//!
//! Events only count ([`model`]); one thread looks at the run, at most ten times a second, and draws
//! what is to be seen ([`view`]). Where no terminal can be drawn on, a line now and then says as
//! much. How long the rest may take is in [`eta`], which nodes are followed in [`follow`], how long all took
//! in [`mod@work`], and where not all is told how much ran at once in [`sample`].

mod eta;
mod follow;
mod model;
mod paint;
mod sample;
mod view;
mod work;

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use terrace::core::{Event, EventKind, EventKinds, NodeId, Redactor, Workflow};
use terrace::report::Ran;
use terrace::scheduler::Watch;

use crate::args::ProgressArg;
use crate::output::{write_above, write_waiting};
use model::Model;
use paint::Paint;
use sample::Sample;
use view::View;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// Before this nothing is drawn: most runs are over by then.
const SOON: Duration = Duration::from_millis(200);

/// When the first line is written where nothing can be drawn, and how long it takes at most from
/// one to the next; each time twice as long as before.
const FIRST_LINE: Duration = Duration::from_secs(10);
const LAST_PAUSE: Duration = Duration::from_secs(160);

/// Rows that what is shown takes, at most; a lower terminal has fewer.
const ROWS: usize = 14;

/// How a run is shown.
enum How {
    Drawn { bar: ProgressBar, term: Term, paint: Paint },
    Lines,
    Nothing,
}

/// What listens to a run for whoever looks at the terminal.
pub(super) struct State {
    workflow: Workflow,
    redactor: Redactor,
    how: How,
    model: Mutex<Model>,
    wants: EventKinds,
    watch: Watch,
    sample: Mutex<Sample>,
    /// Whether somebody is asked something: then the lines are theirs.
    asks: AtomicBool,
    over: AtomicBool,
}

/// What was seen of a run that is over.
pub(super) struct Seen(Arc<State>);

/// Shows how a run goes until [`Progress::finish`].
pub(super) struct Progress {
    state: Arc<State>,
    painter: Option<JoinHandle<()>>,
}

impl Progress {
    pub(super) fn start(workflow: &Workflow, redactor: Redactor, how: ProgressArg) -> Self {
        let state = Arc::new(State::new(workflow, redactor, How::of(how)));
        let painting = state.clone();
        let thread = thread::Builder::new().name("terrace-progress".to_owned());
        let painter = match &state.how {
            How::Nothing => None,
            // Without a thread to draw, the run goes on without being shown.
            How::Lines => thread.spawn(move || painting.tell()).ok(),
            How::Drawn { .. } => thread.spawn(move || painting.paint()).ok(),
        };
        Self { state, painter }
    }

    /// Who takes what the engine tells about the run.
    pub(super) fn listener(&self) -> Arc<State> {
        self.state.clone()
    }

    /// What looks at the run.
    pub(super) fn watch(&self) -> Watch {
        self.state.watch.clone()
    }

    /// Stops drawing and clears what was drawn. Gives what was seen of how much ran.
    pub(super) fn finish(self) -> Seen {
        self.state.over.store(true, Ordering::Relaxed);
        if let Some(painter) = self.painter {
            painter.thread().unpark();
            // A painter that panicked leaves a run that went well.
            let _ = painter.join();
        }
        if let How::Drawn { bar, .. } = &self.state.how {
            write_above(None);
            bar.finish_and_clear();
        }
        Seen(self.state)
    }
}

impl Seen {
    /// How long all that ran took together, where all was told: so much was inside nodes.
    pub(super) fn work(&self, inside: u64) -> Option<Duration> {
        self.0.model.lock().unwrap_or_else(PoisonError::into_inner).work(inside)
    }

    /// When each node and item ran, as far as that was told: then those of the run's own workflow were.
    pub(super) fn ran(&self) -> Option<Vec<Ran>> {
        let model = self.0.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.ran().map(<[Ran]>::to_vec)
    }

    /// How long the attempts of a node of the run's own workflow ran before its last; `attempts`: how
    /// many there were in all. `None` where they were not all told.
    pub(super) fn tried(&self, node: NodeId, attempts: u32) -> Option<Duration> {
        if attempts <= 1 {
            return Some(Duration::ZERO);
        }
        let model = self.0.model.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = model.tried(node);
        (tried.attempts + 1 == attempts).then_some(tried.ran)
    }

    /// The same of something inside a node.
    pub(super) fn tried_inside(&self, path: &str) -> Duration {
        let model = self.0.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.tried_inside(path)
    }

    /// How many attempts ran at once on average, as far as that was seen.
    pub(super) fn at_once(&self) -> Option<f64> {
        self.0.sample.lock().unwrap_or_else(PoisonError::into_inner).mean()
    }
}

impl How {
    fn of(how: ProgressArg) -> Self {
        let dumb = matches!(std::env::var("TERM").as_deref(), Err(_) | Ok("" | "dumb"));
        match how {
            ProgressArg::None => Self::Nothing,
            ProgressArg::Auto if std::io::stderr().is_terminal() && !dumb => {
                let term = Term::buffered_stderr();
                let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
                let bar = ProgressBar::with_draw_target(None, target);
                // The template is a constant: a mistake in it would show in every run.
                if let Ok(style) = ProgressStyle::with_template("{msg}") {
                    bar.set_style(style);
                }
                Self::Drawn { bar, term, paint: Paint::of_environment() }
            }
            ProgressArg::Auto | ProgressArg::Lines => Self::Lines,
        }
    }
}

impl State {
    fn new(workflow: &Workflow, redactor: Redactor, how: How) -> Self {
        let model = Model::new(workflow, redactor.clone());
        let wants = match how {
            How::Nothing => EventKinds::LOGS,
            How::Drawn { .. } | How::Lines => model.wants() | EventKinds::LOGS,
        };
        Self {
            workflow: workflow.clone(),
            redactor,
            how,
            model: Mutex::new(model),
            wants,
            watch: Watch::new(),
            sample: Mutex::default(),
            asks: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// What it needs to be told.
    pub(super) fn wants(&self) -> EventKinds {
        self.wants
    }

    pub(super) fn take(&self, event: &Event) {
        match &event.kind {
            EventKind::NodeLog { node, path, level, message } => {
                let name = self.name(*node, path.as_ref());
                let level = format!("{level:?}").to_lowercase();
                crate::say!("[{name}] {level}: {}", self.redactor.mask(message));
            }
            EventKind::CheckpointReached { .. } => {
                self.asks.store(true, Ordering::Relaxed);
                if let How::Drawn { bar, .. } = &self.how {
                    write_above(None);
                    bar.finish_and_clear();
                }
            }
            EventKind::CheckpointPassed { .. } => {
                if let How::Drawn { bar, .. } = &self.how {
                    bar.reset();
                    write_above(Some(bar.clone()));
                }
                self.asks.store(false, Ordering::Relaxed);
            }
            _ if matches!(self.how, How::Nothing) => {}
            _ => self.model.lock().unwrap_or_else(PoisonError::into_inner).take(event),
        }
    }

    /// Draws until the run is over.
    fn paint(&self) {
        let How::Drawn { bar, term, paint } = &self.how else { return };
        if self.rest(SOON) {
            return;
        }
        write_above(Some(bar.clone()));
        loop {
            write_waiting();
            if !self.asks.load(Ordering::Relaxed)
                && let Some(view) = self.view()
            {
                let (rows, columns) = term.size();
                // The last column is left free: some terminals begin a new line in it.
                let columns = usize::from(columns).saturating_sub(1).max(20);
                let rows = usize::from(rows).saturating_sub(2).clamp(1, ROWS);
                bar.set_message(view.lines(columns, rows, *paint).join("\n"));
            }
            if self.rest(FRAME) {
                return;
            }
        }
    }

    /// Writes a line now and then until the run is over.
    fn tell(&self) {
        let mut pause = FIRST_LINE;
        while !self.rest(pause) {
            if !self.asks.load(Ordering::Relaxed)
                && let Some(view) = self.view()
            {
                crate::say!("{}", view.sentence());
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Waits, and looks meanwhile how much runs at once. True: the run is over.
    fn rest(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if let Some(look) = self.watch.look() {
                self.sample.lock().unwrap_or_else(PoisonError::into_inner).take(&look);
            }
            if self.over.load(Ordering::Relaxed) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left.min(FRAME));
        }
    }

    fn view(&self) -> Option<View> {
        let look = self.watch.look()?;
        Some(self.model.lock().unwrap_or_else(PoisonError::into_inner).view(&look))
    }

    /// What a node is called: its path, where it is not one of the outermost workflow.
    fn name(&self, node: NodeId, path: Option<&Arc<str>>) -> String {
        match path {
            // Keys of a secret map stand in the paths of its items.
            Some(path) => self.redactor.mask(path).into_owned(),
            None => self.workflow.node(node).name().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use terrace::core::{NoTasks, WorkflowBuilder};

    use super::*;

    #[test]
    fn where_nothing_is_shown_only_log_lines_are_asked_for() {
        let wf = WorkflowBuilder::new("quiet");
        wf.call(|| (), ());
        let workflow = wf.build(&NoTasks).unwrap();
        let wants = |how| State::new(&workflow, Redactor::default(), how).wants();
        assert_eq!(wants(How::Nothing), EventKinds::LOGS);
        assert!(wants(How::Lines).any_of(EventKinds::NODES));
    }
}
