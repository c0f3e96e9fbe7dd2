//! [`Limits`]: what units share, and how much of it is left.

use std::collections::HashMap;
use std::time::Duration;

use terrace_core::{Limit, LimitKind};

use super::rate::Window;

/// A limit of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitId(u32);

/// What was used of a limit at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighWater {
    /// Its name.
    pub name: String,
    /// What it counts.
    pub kind: LimitKind,
    /// How much there may be at once.
    pub most: Option<u64>,
    /// How much there was at once, at most.
    pub used: u64,
    /// How many starts there were.
    pub starts: u64,
}

/// All limits of a run.
#[derive(Debug, Default)]
pub(super) struct Limits {
    all: Vec<State>,
    free: Vec<u32>,
    by_name: HashMap<Box<str>, LimitId>,
}

#[derive(Debug)]
struct State {
    limit: Limit,
    window: Option<Window>,
    used: u64,
    highest: u64,
    starts: u64,
    /// When the last of them was.
    last: Duration,
    named: bool,
}

impl Limits {
    /// Declares a limit that nodes name. Of two of one name the strictest holds, from now on.
    pub(super) fn declare(&mut self, limit: &Limit) -> LimitId {
        match self.by_name.get(&*limit.name) {
            None => {
                let id = self.add(limit.clone(), true);
                self.by_name.insert((*limit.name).into(), id);
                id
            }
            Some(&id) => {
                let state = &mut self.all[id.0 as usize];
                let stricter = terrace_core::strictest(&state.limit, limit);
                if stricter.rate != state.limit.rate {
                    let window = stricter.rate.map(Window::new);
                    state.window = window.map(|window| match &state.window {
                        Some(before) => window.after(before, state.starts),
                        None => window.after_unseen(state.starts, state.last),
                    });
                }
                state.limit = stricter;
                id
            }
        }
    }

    /// A limit that nobody names.
    pub(super) fn add_unnamed(&mut self, name: &str, most: u64) -> LimitId {
        self.add(Limit::concurrency(name, most), false)
    }

    fn add(&mut self, limit: Limit, named: bool) -> LimitId {
        let window = limit.rate.map(Window::new);
        let (used, highest, starts, last) = (0, 0, 0, Duration::ZERO);
        let state = State { limit, window, used, highest, starts, last, named };
        if let Some(at) = self.free.pop() {
            self.all[at as usize] = state;
            return LimitId(at);
        }
        self.all.push(state);
        LimitId(self.all.len() as u32 - 1)
    }

    /// Forgets an unnamed limit, of which nothing is in use.
    pub(super) fn forget(&mut self, id: LimitId) {
        debug_assert_eq!(self.all[id.0 as usize].used, 0, "a limit is forgotten that is in use");
        self.free.push(id.0);
    }

    /// Whether anything of it is in use.
    pub(super) fn is_used(&self, id: LimitId) -> bool {
        self.all[id.0 as usize].used > 0
    }

    pub(super) fn find(&self, name: &str) -> Option<LimitId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn limit(&self, id: LimitId) -> &Limit {
        &self.all[id.0 as usize].limit
    }

    /// Whether an amount is there, beside one that is kept for somebody else; else from when on it
    /// may be as far as rates are concerned, where only time is lacking.
    pub(super) fn fits(
        &self,
        id: LimitId,
        amount: u64,
        kept: u64,
        now: Duration,
    ) -> Result<(), Option<Duration>> {
        let state = &self.all[id.0 as usize];
        // More than there is at all can be had alone: validation refuses it, and a limit may have
        // become stricter since.
        let most = state.limit.most.unwrap_or(u64::MAX);
        let fits = state.used.saturating_add(kept).saturating_add(amount) <= most
            || state.used == 0 && kept == 0;
        if !fits {
            return Err(None);
        }
        let Some(window) = &state.window else { return Ok(()) };
        let starts = |amount| if amount == 0 { 0 } else { state.limit.starts(amount) };
        let when = window.when(now, starts(amount) + starts(kept));
        if when <= now { Ok(()) } else { Err(Some(when)) }
    }

    pub(super) fn take(&mut self, id: LimitId, amount: u64, now: Duration) {
        let state = &mut self.all[id.0 as usize];
        state.used += amount;
        state.highest = state.highest.max(state.used);
        let starts = state.limit.starts(amount);
        state.starts += starts;
        state.last = now;
        if let Some(window) = &mut state.window {
            window.start(now, starts);
        }
    }

    pub(super) fn give_back(&mut self, id: LimitId, amount: u64) {
        let state = &mut self.all[id.0 as usize];
        debug_assert!(state.used >= amount, "more is given back than was taken");
        state.used -= amount;
    }

    pub(super) fn high_water(&self) -> Vec<HighWater> {
        let named = self.all.iter().filter(|state| state.named);
        named
            .map(|state| HighWater {
                name: state.limit.name.to_string(),
                kind: state.limit.kind,
                most: state.limit.most,
                used: state.highest,
                starts: state.starts,
            })
            .collect()
    }
}
