//! [`Emitter`]: delivers the events of one run, one at a time and in order.
//!
//! The observer is called under a lock, on whatever thread the event happened. With no observer
//! there is no emitter, and no event is built; with one, none of a kind that it does not want.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace_core::{Event, EventKind, EventKinds, Observer};

use crate::attempt::{Panicked, Quiet};

/// Delivers the events of one run.
pub(crate) struct Emitter {
    observer: Arc<dyn Observer>,
    wants: EventKinds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: Duration,
    /// Why the observer is called no more.
    failed: Option<String>,
    /// The last event was delivered: what comes of attempts that were given up is nobody's.
    closed: bool,
}

impl Emitter {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Self {
        let quiet = Quiet::new();
        let (wants, failed) = match catch_unwind(AssertUnwindSafe(|| observer.wants())) {
            Ok(wants) => (wants, None),
            Err(payload) => (EventKinds::NONE, Some(Panicked::of(payload).to_string())),
        };
        drop(quiet);
        let state = State { failed, ..State::default() };
        Self { observer, wants, state: Mutex::new(state) }
    }

    /// Whether the observer wants events of some kinds.
    pub(crate) fn wants(&self, kinds: EventKinds) -> bool {
        self.wants.any_of(kinds)
    }

    /// Delivers one event. The time is read under the lock, so that it never runs backwards from
    /// one event to the next.
    pub(crate) fn emit(&self, now: impl FnOnce() -> Duration, kind: EventKind) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failed.is_some() || state.closed {
            return;
        }
        state.last = state.last.max(now());
        let event = Event { at: state.last, kind };
        let quiet = Quiet::new();
        let result = catch_unwind(AssertUnwindSafe(|| self.observer.event(&event)));
        if let Err(payload) = result {
            state.failed = Some(Panicked::of(payload).to_string());
        }
        drop(quiet);
        state.closed = matches!(event.kind, EventKind::RunFinished { .. });
    }

    /// Delivers nothing more.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    }

    /// What the observer's panic said, where it panicked.
    pub(crate) fn failed(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failed.clone()
    }
}
