//! [`Emitter`]: delivers the events of one run.
//!
//! The observer is called on whatever thread the event happened: under a lock, one event at a time
//! and in order, or without one, where it allows that. With no observer there is no emitter, and no
//! event is built; with one, none of a kind that it does not want.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{Event, EventKind, EventKinds, Observer};

use crate::attempt::{Panicked, Quiet};
use crate::run::lock;

/// Delivers the events of one run.
pub(crate) struct Emitter {
    observer: Arc<dyn Observer>,
    wants: EventKinds,
    /// Whether the observer may be called by several threads at once.
    concurrent: bool,
    /// The observer is called no more: it panicked, or the last event was delivered.
    silent: AtomicBool,
    /// The time of the last event that was delivered under this lock.
    last: Mutex<Duration>,
    /// What the observer's first panic said.
    failed: Mutex<Option<String>>,
}

impl Emitter {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Self {
        let quiet = Quiet::new();
        let asked = || (observer.wants(), observer.is_concurrent());
        let (wants, concurrent, failed) = match catch_unwind(AssertUnwindSafe(asked)) {
            Ok((wants, concurrent)) => (wants, concurrent, None),
            Err(payload) => (EventKinds::NONE, false, Some(Panicked::of(payload).to_string())),
        };
        drop(quiet);
        let silent = AtomicBool::new(failed.is_some());
        let (last, failed) = (Mutex::default(), Mutex::new(failed));
        Self { observer, wants, concurrent, silent, last, failed }
    }

    /// Whether the observer wants events of some kinds.
    pub(crate) fn wants(&self, kinds: EventKinds) -> bool {
        self.wants.any_of(kinds)
    }

    /// Delivers an event that happens now, on a thread without which the run cannot end.
    pub(crate) fn emit(&self, now: impl FnOnce() -> Duration, kind: EventKind) {
        if self.concurrent && !matches!(kind, EventKind::RunFinished { .. }) {
            self.deliver(Event { at: now(), kind });
        } else {
            self.emit_late(now, kind);
        }
    }

    /// As [`Self::emit`], on a thread that the run may end without: what comes after the last event
    /// is nobody's. The time is read under the lock, so that it never runs backwards from one event
    /// to the next.
    pub(crate) fn emit_late(&self, now: impl FnOnce() -> Duration, kind: EventKind) {
        let mut last = lock(&self.last);
        *last = now().max(*last);
        let event = self.deliver(Event { at: *last, kind });
        if matches!(event.kind, EventKind::RunFinished { .. }) {
            self.silent.store(true, Ordering::Relaxed);
        }
    }

    /// As [`Self::emit`], of what happened at a moment that was read before, on this thread. Gives
    /// back what was told.
    pub(crate) fn tell(&self, at: Duration, kind: EventKind) -> EventKind {
        if self.concurrent {
            return self.deliver(Event { at, kind }).kind;
        }
        let mut last = lock(&self.last);
        *last = at.max(*last);
        self.deliver(Event { at: *last, kind }).kind
    }

    /// Calls the observer, unless it is called no more. Who has to be sure of that holds the lock.
    fn deliver(&self, event: Event) -> Event {
        if self.silent.load(Ordering::Relaxed) {
            return event;
        }
        let quiet = Quiet::new();
        let result = catch_unwind(AssertUnwindSafe(|| self.observer.event(&event)));
        drop(quiet);
        if let Err(payload) = result {
            self.silence(Panicked::of(payload).to_string());
        }
        event
    }

    /// The observer panicked.
    #[cold]
    fn silence(&self, why: String) {
        self.silent.store(true, Ordering::Relaxed);
        lock(&self.failed).get_or_insert(why);
    }

    /// Delivers nothing more.
    pub(crate) fn close(&self) {
        let _last = lock(&self.last);
        self.silent.store(true, Ordering::Relaxed);
    }

    /// What the observer's panic said, where it panicked.
    pub(crate) fn failed(&self) -> Option<String> {
        lock(&self.failed).clone()
    }
}
