//! The ordered dispatcher: which of the ready units starts next, as a state machine without
//! threads, clock or randomness.
//!
//! What becomes ready when something ends is the run's business ([`crate`]'s frames, which the fast
//! path shares); here it is decided *when* it starts. [`Dispatcher::handle`] takes what happened
//! and appends what is to be done. Threads (this crate's own), a virtual clock in tests and
//! simulations drive the same code. A unit is whatever the driver says: a node, an item of a map.
//!
//! Ready units are ordered by the longest way to an end, then by place ([`ready`]). In
//! [`Order::Levels`](crate::Order::Levels) the nodes of a level wait until all of the level before
//! have ended; what runs inside a node belongs to the node.
//!
//! # Invariants
//! After every call:
//! - a lane has as many units running as it may, or none that is ready and open;
//! - a unit that was handed in is started or returned exactly once.

mod ready;
mod shell;

use std::time::Duration;

use terrace_core::Lane;

use ready::Ready;
pub(crate) use shell::Shell;

/// How many units may run at once, by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Computing units.
    pub compute: usize,
    /// Blocking units.
    pub blocking: usize,
}

/// How urgent a unit is: the longest way to an end of the outermost workflow, then of the one it
/// is in, which precedes what has not begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    /// Of the outermost node around it.
    pub outer: u32,
    /// Of itself in its own workflow, plus one; 0 for an outermost node.
    pub inner: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<U> {
    /// A unit may start as far as what it waits for is concerned.
    Ready {
        /// The unit.
        unit: U,
        /// Where it runs.
        lane: Lane,
        /// How urgent it is.
        urgency: Urgency,
        /// Its place in run order: orders equals.
        place: u32,
        /// Its level, where it is a node of the outermost workflow.
        level: Option<u32>,
    },
    /// A unit that was started has left its lane.
    Finished {
        /// The lane.
        lane: Lane,
    },
    /// A node of the outermost workflow has ended, however.
    LevelEnded {
        /// Its level.
        level: u32,
    },
    /// What has not started is to be looked at again: it is given back, and may be handed in anew.
    Recalled,
    /// Nothing more is to start.
    Cancelled,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<U> {
    /// Run a unit now.
    Start {
        /// The unit.
        unit: U,
        /// Where.
        lane: Lane,
    },
    /// Take a unit back: write it off or, where that was [`Input::Recalled`], hand it in again.
    Return {
        /// The unit.
        unit: U,
    },
}

/// Decides which unit starts next.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use terrace_scheduler::Lane;
/// use terrace_scheduler::dispatch::{Capacities, Command, Dispatcher, Input, Urgency};
///
/// let mut dispatcher = Dispatcher::new(Capacities { compute: 1, blocking: 512 }, None);
/// let mut commands = Vec::new();
/// for (unit, outer) in [("short", 1), ("long", 9)] {
///     let urgency = Urgency { outer, inner: 0 };
///     let ready = Input::Ready { unit, lane: Lane::Compute, urgency, place: 0, level: None };
///     dispatcher.take(ready);
/// }
/// dispatcher.decide(Duration::ZERO, &mut commands);
/// assert_eq!(commands, [Command::Start { unit: "long", lane: Lane::Compute }]);
/// ```
#[derive(Debug)]
pub struct Dispatcher<U> {
    capacities: Capacities,
    compute: Ready<U>,
    blocking: Ready<U>,
    running: Capacities,
    levels: Option<Levels<U>>,
    cancelled: bool,
    /// Units to give back.
    returned: Vec<U>,
    /// When the last decision was asked for.
    now: Duration,
}

/// The barrier between levels.
#[derive(Debug)]
struct Levels<U> {
    /// The level that may start.
    level: usize,
    /// How many nodes of each level have not ended.
    open: Vec<u32>,
    /// Units of later levels, by level.
    held: Vec<Vec<Held<U>>>,
}

#[derive(Debug)]
struct Held<U> {
    unit: U,
    lane: Lane,
    urgency: Urgency,
    place: u32,
}

impl<U> Dispatcher<U> {
    /// A dispatcher for one run. `levels` has the number of nodes of each level of the outermost
    /// workflow, where a level is to wait for the one before.
    pub fn new(capacities: Capacities, levels: Option<Vec<u32>>) -> Self {
        let levels = levels.map(|open| Levels {
            level: 0,
            held: open.iter().map(|_| Vec::new()).collect(),
            open,
        });
        Self {
            compute: Ready::new(),
            blocking: Ready::new(),
            running: Capacities { compute: 0, blocking: 0 },
            levels,
            cancelled: false,
            returned: Vec::new(),
            now: Duration::ZERO,
            capacities: Capacities {
                compute: capacities.compute.max(1),
                blocking: capacities.blocking.max(1),
            },
        }
    }

    /// [`Self::take`] and [`Self::decide`] in one.
    ///
    /// # Panics
    /// As they do.
    pub fn handle(&mut self, input: Input<U>, now: Duration, commands: &mut Vec<Command<U>>) {
        self.take(input);
        self.decide(now, commands);
    }

    /// Takes what happened. Costs a logarithm of the ready units.
    ///
    /// # Panics
    /// In debug builds, when a lane is left that nobody is in, or a level ends more often than it
    /// has nodes.
    pub fn take(&mut self, input: Input<U>) {
        match input {
            Input::Ready { unit, lane, urgency, place, level } => {
                let held = Held { unit, lane, urgency, place };
                match (&mut self.levels, level) {
                    _ if self.cancelled => self.returned.push(held.unit),
                    (Some(levels), Some(level)) if level as usize > levels.level => {
                        levels.held[level as usize].push(held);
                    }
                    _ => self.open(held),
                }
            }
            Input::Finished { lane } => {
                debug_assert_ne!(*self.running_on(lane), 0, "nobody runs on that lane");
                *self.running_on(lane) -= 1;
            }
            Input::LevelEnded { level } => self.end_in_level(level as usize),
            Input::Recalled => self.give_back(),
            Input::Cancelled => {
                self.cancelled = true;
                self.give_back();
            }
        }
    }

    /// Gives back all that has not started.
    fn give_back(&mut self) {
        while let Some(unit) = self.compute.pop().or_else(|| self.blocking.pop()) {
            self.returned.push(unit);
        }
        let held = self.levels.iter_mut().flat_map(|levels| &mut levels.held);
        self.returned.extend(held.flat_map(|held| held.drain(..)).map(|held| held.unit));
    }

    /// Appends what is to be done by now, in this order. Costs a logarithm of the ready units for
    /// each that starts.
    ///
    /// `now` is the time since the run's start and never runs backwards.
    ///
    /// # Panics
    /// In debug builds, when it does.
    pub fn decide(&mut self, now: Duration, commands: &mut Vec<Command<U>>) {
        debug_assert!(now >= self.now, "time runs backwards");
        self.now = now;
        commands.extend(self.returned.drain(..).map(|unit| Command::Return { unit }));
        while self.running.compute < self.capacities.compute {
            let Some(unit) = self.compute.pop() else { break };
            self.running.compute += 1;
            commands.push(Command::Start { unit, lane: Lane::Compute });
        }
        while self.running.blocking < self.capacities.blocking {
            let Some(unit) = self.blocking.pop() else { break };
            self.running.blocking += 1;
            commands.push(Command::Start { unit, lane: Lane::Blocking });
        }
    }

    /// How many units are running, by lane.
    pub fn running(&self) -> Capacities {
        self.running
    }

    /// How many units may start and wait for their lane.
    pub fn ready(&self) -> Capacities {
        Capacities { compute: self.compute.len(), blocking: self.blocking.len() }
    }

    fn open(&mut self, held: Held<U>) {
        let Held { unit, lane, urgency, place } = held;
        match lane {
            Lane::Blocking => self.blocking.push(unit, urgency, place),
            Lane::Compute => self.compute.push(unit, urgency, place),
        }
    }

    /// Opens the next level when all of one have ended; one that is written off whole opens the
    /// next in turn.
    fn end_in_level(&mut self, level: usize) {
        let Some(levels) = &mut self.levels else { return };
        debug_assert_ne!(levels.open[level], 0, "a level ends more often than it has nodes");
        levels.open[level] -= 1;
        let mut opened = Vec::new();
        while levels.level + 1 < levels.open.len() && levels.open[levels.level] == 0 {
            levels.level += 1;
            opened.append(&mut levels.held[levels.level]);
        }
        for held in opened {
            self.open(held);
        }
    }

    fn running_on(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Compute => &mut self.running.compute,
            Lane::Blocking => &mut self.running.blocking,
        }
    }
}
