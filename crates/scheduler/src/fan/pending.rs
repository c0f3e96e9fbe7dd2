//! [`Pending`]: items that go through the dispatcher one by one, since something is asked for them.

use std::sync::Mutex;

use crate::dispatch::Ticket;
use crate::frame::Tries;
use crate::run::lock;

/// An item that was claimed and has not ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OnItsWay {
    pub(crate) item: u64,
    pub(crate) tries: Tries,
    /// What its frame keeps until it is closed.
    pub(crate) ticket: Option<Ticket>,
}

/// Items that were claimed and have not ended, by a small number.
#[derive(Default)]
pub(crate) struct Pending(Mutex<State>);

#[derive(Default)]
struct State {
    all: Vec<OnItsWay>,
    free: Vec<u32>,
}

impl Pending {
    pub(crate) fn add(&self, item: u64) -> u32 {
        let mut state = lock(&self.0);
        let pending = OnItsWay { item, ..OnItsWay::default() };
        if let Some(at) = state.free.pop() {
            state.all[at as usize] = pending;
            return at;
        }
        state.all.push(pending);
        state.all.len() as u32 - 1
    }

    pub(crate) fn get(&self, at: u32) -> OnItsWay {
        lock(&self.0).all[at as usize]
    }

    pub(crate) fn set(&self, at: u32, pending: OnItsWay) {
        lock(&self.0).all[at as usize] = pending;
    }

    pub(crate) fn remove(&self, at: u32) {
        lock(&self.0).free.push(at);
    }
}
