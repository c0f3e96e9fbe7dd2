//! [`Waits`]: what of a fan waits in the dispatcher.
//!
//! A unit that waits for a place, or for a limit, to find only that there is nothing left for it to
//! do would keep the fan from ending. Whoever finds nothing left takes the others out.

use std::sync::Mutex;

use crate::dispatch::Waiting;
use crate::run::lock;

/// So many are kept whether they still wait or not.
const MANY: usize = 16;

/// What of a fan waits in the dispatcher, what has waited included.
#[derive(Default)]
pub(crate) struct Waits(Mutex<State>);

#[derive(Default)]
struct State {
    all: Vec<Waiting>,
    /// With so many, those that wait no more are thrown away.
    many: usize,
}

impl Waits {
    /// Takes note of a unit. `still`: whether one waits.
    pub(crate) fn add(&self, unit: Waiting, still: impl Fn(Waiting) -> bool) {
        let mut state = lock(&self.0);
        if state.all.len() > state.many {
            state.all.retain(|&unit| still(unit));
            state.many = MANY.max(2 * state.all.len());
        }
        state.all.push(unit);
    }

    /// Takes out all that may wait.
    pub(crate) fn take(&self, into: &mut Vec<Waiting>) {
        into.append(&mut lock(&self.0).all);
    }
}
