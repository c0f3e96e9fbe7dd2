//! What the dispatcher is told and what it says.

use std::time::Duration;

use terrace_core::Lane;

use super::budget::BudgetId;
use super::demand::DemandId;
use super::limits::LimitId;
use super::slab::Slot;

/// How many units may run at once, by lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Of what begins something new: how deep it lies. Of maps inside maps, what was begun ends
    /// before more begins. 0 for nodes.
    pub depth: u32,
}

/// A unit that may start as far as what it depends on is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<U> {
    /// The unit.
    pub unit: U,
    /// Where it runs.
    pub lane: Lane,
    /// What it takes.
    pub demand: DemandId,
    /// How urgent it is.
    pub urgency: Urgency,
    /// Its place in run order: orders equals.
    pub place: u32,
    /// Its level, where it is a node of the outermost workflow.
    pub level: Option<u32>,
    /// Not before this time.
    pub not_before: Option<Duration>,
    /// At this time it is given up, whether it has started or not.
    pub due: Option<Duration>,
    /// As long as this after its start it is given up.
    pub timeout: Option<Duration>,
    /// How many attempts it had: where there were any, what all may cost is reserved. One that is
    /// not started again is settled with these.
    pub paid: u32,
}

impl<U> Arrival<U> {
    /// One that takes its place and nothing else.
    pub fn plain(unit: U, lane: Lane, urgency: Urgency, place: u32) -> Self {
        Self {
            unit,
            lane,
            demand: DemandId::PLAIN,
            urgency,
            place,
            level: None,
            not_before: None,
            due: None,
            timeout: None,
            paid: 0,
        }
    }
}

/// A unit that was started, until it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(Slot);

impl Ticket {
    /// A small number that no other running unit has.
    pub fn index(self) -> usize {
        self.0.at as usize
    }

    pub(super) fn of(slot: Slot) -> Self {
        Self(slot)
    }

    pub(super) fn slot(self) -> Slot {
        self.0
    }
}

/// A unit that was handed in, while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting(pub(super) Slot);

/// What a unit has cost that had attempts and waits for another: it is reserved still, as what all
/// its attempts may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    pub(super) demand: DemandId,
    pub(super) attempts: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<U> {
    /// A unit may start.
    Ready(Arrival<U>),
    /// A unit has left its lane and keeps what else it took: what it began runs on.
    Left {
        /// Which.
        ticket: Ticket,
    },
    /// A unit has ended, and gives back what it took.
    Finished {
        /// Which.
        ticket: Ticket,
        /// The attempts it had in all, where it was the last and what it costs can be settled.
        attempts: Option<u32>,
    },
    /// A node of the outermost workflow has ended, however.
    LevelEnded {
        /// Its level.
        level: u32,
    },
    /// Nothing new is to start until somebody has looked.
    Pause,
    /// Somebody has.
    Resumed,
    /// What has not started is to be looked at again: it is given back, and may be handed in anew.
    Recalled,
    /// A unit that was given back and has cost something is not handed in anew.
    WrittenOff(Owed),
    /// Nothing more is to start.
    Cancelled,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<U> {
    /// Run a unit now.
    Start {
        /// The unit.
        unit: U,
        /// Where.
        lane: Lane,
        /// What it is called from now on.
        ticket: Ticket,
        /// How many places to compute it has.
        cpus: u32,
        /// When it is given up.
        due: Option<Duration>,
    },
    /// Take a unit back: write it off or, where that was [`Input::Recalled`], hand it in again.
    Return {
        /// The unit.
        unit: U,
        /// What is reserved for it still. Whoever writes it off says [`Input::WrittenOff`].
        owed: Option<Owed>,
    },
    /// A unit that waits is due: it never starts.
    TooLate {
        /// The unit.
        unit: U,
    },
    /// A unit that runs is due: end it, and say [`Input::Finished`].
    Expire {
        /// Which.
        ticket: Ticket,
    },
    /// A unit that nobody can pay, and never will: it never starts.
    Unpayable {
        /// The unit.
        unit: U,
        /// Of which there is not enough.
        budget: BudgetId,
    },
    /// A unit that waits for what is held by units that wait themselves: it never starts.
    Stuck {
        /// The unit.
        unit: U,
        /// What it waits for.
        limit: Option<LimitId>,
    },
    /// A unit was passed over too often: what it takes is kept for it from now on.
    Reserved {
        /// The unit.
        unit: U,
    },
    /// Nothing runs, and nothing starts before [`Input::Resumed`].
    Paused {
        /// The level that has ended, where it is for that.
        level: Option<u32>,
    },
    /// Decide again at this time, whatever happens till then.
    Wake {
        /// When.
        at: Duration,
    },
}
