//! [`Detached`]: an attempt that may be given up while it runs.
//!
//! It owns its arguments and everything that its task may ask for, and knows the run by a weak
//! pointer only. So a thread that comes back from a task long after anybody waited for it touches
//! no memory of the run.
//!
//! # Who concludes
//! The thread that comes back, or whoever gives the attempt up: the first to move `state` on. What
//! the other has is dropped.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use terrace_core::{
    EventKind, EventKinds, NodeId, PolicyRef, TaskError, TaskRef, Type, Value, show_duration,
};
use terrace_plugin_api::{ErrorClass, Host, Item, LogLevel, Retryable, TaskContext};

use super::inside::Inside;
use super::{guarded, output, temp};
use crate::blocking::{Back, TakeTurn};
use crate::cancel::CancelToken;
use crate::dispatch::Ticket;
use crate::fan::{Began, Name};
use crate::frame::{Unit, discard};
use crate::run::{Machine, Run, lock};

/// No thread has taken it yet.
const WAITS: u32 = 0;
const RETURNED: u32 = 1;
/// Before a thread took it.
const GIVEN_UP_EARLY: u32 = 2;
const GIVEN_UP: u32 = 3;
const RUNS: u32 = 4;

/// An attempt that may be given up while it runs.
pub(crate) struct Detached {
    pub(crate) about: About,
    run: Weak<Run>,
    machine: Arc<Machine>,
    /// Says stop to this attempt alone.
    token: CancelToken,
    /// The run's own.
    outer: [CancelToken; 2],
    state: AtomicU32,
    folder: Mutex<Option<PathBuf>>,
    task: TaskRef,
    args: Mutex<Vec<Value>>,
}

/// What an attempt was doing that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// It had no thread yet.
    Waiting,
    /// It is a leftover until its thread is back.
    Running,
}

/// What is known of an attempt when it begins.
pub(crate) struct About {
    pub(crate) unit: Unit,
    pub(crate) ticket: Ticket,
    pub(crate) id: NodeId,
    pub(crate) name: Name,
    /// Whether it is inside a node of the outermost workflow.
    pub(crate) is_inside: bool,
    /// What its events are told as.
    pub(crate) kinds: EventKinds,
    pub(crate) item: Option<Item>,
    /// Which try it is, from 1.
    pub(crate) number: u32,
    /// When it is given up, in the run's time; where nothing is said, never.
    pub(crate) due: Option<Duration>,
    pub(crate) began: Began,
    /// When the first attempt began.
    pub(crate) first: Duration,
    pub(crate) cpus: u32,
    pub(crate) seed: u64,
    /// What holds for it.
    pub(crate) policy: PolicyRef,
}

impl Detached {
    pub(crate) fn new(run: &Arc<Run>, about: About, task: TaskRef, args: Vec<Value>) -> Arc<Self> {
        Arc::new(Self {
            about,
            run: Arc::downgrade(run),
            machine: Arc::clone(run.machine()),
            token: CancelToken::new(),
            outer: run.tokens(),
            state: AtomicU32::new(WAITS),
            folder: Mutex::default(),
            task,
            args: Mutex::new(args),
        })
    }

    /// The name of its task.
    pub(crate) fn task(&self) -> &Arc<str> {
        &self.task.name
    }

    /// What its task gives.
    pub(crate) fn output(&self) -> &Type {
        &self.task.signature.output
    }

    /// Which thread of its lane began it.
    pub(crate) fn worker(&self) -> u16 {
        self.about.began.worker
    }

    /// Whether its task would see that it is to stop.
    pub(crate) fn is_told_to_stop(&self) -> bool {
        self.cancelled()
    }

    /// What stops it.
    pub(super) fn tokens(&self) -> Vec<CancelToken> {
        self.outer.iter().chain([&self.token]).cloned().collect()
    }

    /// Gives it up. The caller concludes it, unless it was concluded already.
    pub(crate) fn give_up(&self) -> Option<GivenUp> {
        if self.moves(WAITS, GIVEN_UP_EARLY) {
            return Some(GivenUp::Waiting);
        }
        if self.state.load(Ordering::Acquire) != RUNS {
            return None;
        }
        // Before the step: the thread may be back right after it, and counts it off.
        self.machine.leftovers.add(self.task(), self.machine.clock.now());
        if !self.moves(RUNS, GIVEN_UP) {
            self.machine.leftovers.end(self.task());
            return None;
        }
        self.token.cancel();
        self.machine.crew.lose(self);
        Some(GivenUp::Running)
    }

    fn moves(&self, from: u32, to: u32) -> bool {
        // One of the two who may move it on concludes; each has acquired what the other did before.
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn is_given_up(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), GIVEN_UP_EARLY | GIVEN_UP)
    }

    /// Tells the observer, as long as anybody waits for this attempt.
    fn emit(&self, which: EventKinds, kind: impl FnOnce(NodeId, Option<Arc<str>>) -> EventKind) {
        if self.is_given_up() {
            return;
        }
        if let Some(run) = self.run.upgrade() {
            let path = self.about.is_inside.then(|| Arc::clone(&self.about.name.text));
            run.emit_late(which, || kind(self.about.id, path));
        }
    }
}

impl TakeTurn for Detached {
    fn turn(self: Arc<Self>, thread: u16) -> Back {
        if !self.begin() {
            return Back::Free;
        }
        let result = self.call();
        self.end(result, thread)
    }
}

impl Detached {
    /// Begins it, where nobody has given it up.
    pub(crate) fn begin(&self) -> bool {
        let begins = self.moves(WAITS, RUNS);
        if !begins {
            self.drop_args();
            self.machine.crew.came_back(self);
        }
        begins
    }

    /// Calls the task. Once, by whoever began it.
    pub(crate) fn call(&self) -> Result<Value, TaskError> {
        let mut args = std::mem::take(&mut *lock(&self.args));
        let told = self.run.upgrade().is_some_and(|run| run.wants(self.about.kinds));
        if told {
            self.emit(EventKinds::VALUES, |node, path| {
                let signature = Arc::clone(&self.task.signature);
                EventKind::NodeGiven { node, path, signature, values: args.clone() }
            });
        }
        let result = {
            let _inside = Inside::detached(self);
            let ctx = TaskContext::new(self);
            let result = guarded(|| self.task.body.call(&ctx, &mut args));
            result.and_then(|value| self.check(value))
        };
        args.drain(..).for_each(discard);
        result
    }

    /// Checks what its task gives.
    pub(crate) fn check(&self, value: Value) -> Result<Value, TaskError> {
        output::check(&self.task.signature.output, value)
    }

    /// Ends it, once, by whoever began it: concludes it, unless it was given up.
    pub(crate) fn end(&self, result: Result<Value, TaskError>, thread: u16) -> Back {
        self.drop_args();
        if let Some(path) = lock(&self.folder).take() {
            temp::remove(&path);
        }
        if !self.moves(RUNS, RETURNED) {
            if let Ok(value) = result {
                discard(value);
            }
            self.machine.leftovers.end(self.task());
            return Back::Lost;
        }
        self.machine.crew.came_back(self);
        if let Some(run) = self.run.upgrade() {
            run.conclude(self, result, thread);
        }
        Back::Free
    }

    fn drop_args(&self) {
        let args = std::mem::take(&mut *lock(&self.args));
        args.into_iter().for_each(discard);
    }
}

impl Host for Detached {
    fn node(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.about.name.text)
    }

    fn attempt(&self) -> u32 {
        self.about.number
    }

    fn item(&self) -> Option<Item> {
        self.about.item.clone()
    }

    fn time_left(&self) -> Option<Duration> {
        match self.run.upgrade() {
            Some(run) if !self.is_given_up() => {
                self.about.due.map(|due| due.saturating_sub(run.now()))
            }
            _ => Some(Duration::ZERO),
        }
    }

    fn cancelled(&self) -> bool {
        self.token.is_cancelled()
            || self.outer.iter().any(CancelToken::is_cancelled)
            || self.run.upgrade().is_none_or(|run| run.ends())
    }

    fn seed(&self) -> u64 {
        self.about.seed
    }

    fn threads(&self) -> u32 {
        self.about.cpus
    }

    fn temp_dir(&self) -> io::Result<PathBuf> {
        let mut folder = lock(&self.folder);
        if let Some(path) = &*folder {
            return Ok(path.clone());
        }
        let gone = || io::Error::other("nobody waits for this attempt any more");
        let run = self.run.upgrade().filter(|_| !self.is_given_up()).ok_or_else(gone)?;
        let path = run.folder().attempt(&run.constants().id, &self.node())?;
        Ok(folder.insert(path).clone())
    }

    fn progress(&self, fraction: f64, note: &str) {
        self.emit(EventKinds::PROGRESS, |node, path| EventKind::NodeProgress {
            node,
            path,
            fraction,
            note: note.to_owned(),
        });
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.emit(EventKinds::LOGS, |node, path| EventKind::NodeLog {
            node,
            path,
            level,
            message: message.to_owned(),
        });
    }
}

/// An error for an attempt that took too long.
pub(crate) fn too_long(allowed: Duration) -> TaskError {
    TaskError::new(ErrorClass::TIMED_OUT, format!("it took longer than {}", show_duration(allowed)))
        .with_retryable(Retryable::Yes)
}

/// An error for an attempt that had no time left, for what it is part of took too long.
pub(crate) fn no_time_left() -> TaskError {
    TaskError::new(
        ErrorClass::TIMED_OUT,
        "there was no time left: the deadline of the run, or of what it is part of, has passed",
    )
    .with_retryable(Retryable::No)
}
