//! The ordered dispatcher: which node starts next, as a state machine without threads, clock or
//! randomness.
//!
//! [`Dispatcher::handle`] takes what happened and appends what is to be done. Threads
//! (this crate's own), a virtual clock in tests and simulations drive the same code.
//!
//! Ready nodes are ordered by the longest way to an end, then by run order ([`ready`]).
//!
//! # Invariants
//! After every call:
//! - `waiting + ready + running + ended == plan.len()`;
//! - a lane has as many nodes running as it may, or no ready node;
//! - a node is started, skipped or cancelled exactly once, and after all it depends on has ended.
//!
//! # Failure
//! A node behind a failed one is skipped when everything it depends on has ended, not before, so
//! its cause (of several failed nodes behind it, the first in run order) does not depend on who
//! was faster.

mod ready;
mod shell;

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus, Plan, PlanIndex};

use crate::options::Order;
use ready::Ready;
pub(crate) use shell::Shell;

const NO_CAUSE: u32 = u32::MAX;

/// How many nodes may run at once, by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Compute nodes.
    pub compute: usize,
    /// Blocking nodes.
    pub blocking: usize,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The run begins. First, and once.
    Start,
    /// A node that was started has ended.
    NodeFinished {
        /// The node.
        at: PlanIndex,
        /// How.
        status: OutcomeStatus,
    },
    /// The run is to stop.
    Cancelled,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Run a node now.
    Start {
        /// The node.
        at: PlanIndex,
        /// Where.
        lane: Lane,
    },
    /// Write a node off: something it depends on did not succeed.
    Skip {
        /// The node.
        at: PlanIndex,
        /// The failed node behind it.
        cause: PlanIndex,
    },
    /// Write a node off: the run was told to stop.
    Cancel {
        /// The node.
        at: PlanIndex,
    },
    /// The run is over. Last, and once.
    Finish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Ready,
    Running,
    Ended,
}

/// Decides which node starts next.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use terrace_scheduler::dispatch::{Capacities, Command, Dispatcher, Input};
/// use terrace_scheduler::Order;
/// # let plan = terrace_core::Draft::default().validate(&terrace_core::NoTasks).unwrap().plan();
/// let capacities = Capacities { compute: 2, blocking: 512 };
/// let mut dispatcher = Dispatcher::new(Arc::new(plan), Order::Dataflow, capacities);
/// let mut commands = Vec::new();
/// dispatcher.handle(Input::Start, Duration::ZERO, &mut commands);
/// assert_eq!(commands, [Command::Finish]); // A plan without nodes.
/// ```
#[derive(Debug)]
pub struct Dispatcher {
    plan: Arc<Plan>,
    order: Order,
    capacities: Capacities,
    /// Dependencies that have not ended.
    pending: Vec<u32>,
    cause: Vec<u32>,
    state: Vec<State>,
    compute: Ready,
    blocking: Ready,
    running: Capacities,
    /// The level that may start, and how many of its nodes have not ended.
    level: usize,
    open_in_level: usize,
    ended: usize,
    cancelled: bool,
    finished: bool,
    /// When the last input came.
    now: Duration,
    /// Nodes that have just ended and whose successors do not know yet.
    news: Vec<PlanIndex>,
}

impl Dispatcher {
    /// A dispatcher for one run. Costs O(nodes).
    pub fn new(plan: Arc<Plan>, order: Order, capacities: Capacities) -> Self {
        let n = plan.len();
        Self {
            pending: plan.indices().map(|at| plan.in_degree(at)).collect(),
            cause: vec![NO_CAUSE; n],
            state: vec![State::Waiting; n],
            compute: Ready::default(),
            blocking: Ready::default(),
            running: Capacities { compute: 0, blocking: 0 },
            level: 0,
            open_in_level: if n == 0 { 0 } else { plan.level(0).len() },
            ended: 0,
            cancelled: false,
            finished: false,
            now: Duration::ZERO,
            news: Vec::new(),
            capacities: Capacities {
                compute: capacities.compute.max(1),
                blocking: capacities.blocking.max(1),
            },
            plan,
            order,
        }
    }

    /// Takes what happened and appends what is to be done, in this order. Costs O(successors) and
    /// a logarithm of the ready nodes for each that starts.
    ///
    /// `now` is the time since the run's start and never runs backwards.
    ///
    /// # Panics
    /// In debug builds, when a node ends that is not running.
    pub fn handle(&mut self, input: Input, now: Duration, commands: &mut Vec<Command>) {
        debug_assert!(now >= self.now, "time runs backwards");
        self.now = now;
        match input {
            Input::Start => self.open_level(commands),
            Input::NodeFinished { at, status } => {
                debug_assert_eq!(self.state[at.index()], State::Running, "{at:?} is not running");
                *self.running_on(self.plan.lane(at)) -= 1;
                // What follows a cancelled node is cancelled too, by the run's own flag.
                if !matches!(status, OutcomeStatus::Ok | OutcomeStatus::Cancelled) {
                    self.cause[at.index()] = at.get();
                }
                self.end(at);
            }
            Input::Cancelled => {
                self.cancelled = true;
                for ready in [self.compute.drain(), self.blocking.drain()].concat() {
                    self.settle(ready, commands);
                }
            }
        }
        self.spread(commands);
        self.start(commands);
        if self.ended == self.plan.len() && !self.finished {
            self.finished = true;
            commands.push(Command::Finish);
        }
    }

    /// How many nodes are running, by lane.
    pub fn running(&self) -> Capacities {
        self.running
    }

    /// How many nodes are ready and wait for their lane.
    pub fn ready(&self) -> Capacities {
        Capacities { compute: self.compute.len(), blocking: self.blocking.len() }
    }

    /// Tells successors of what has ended, until nothing follows any more. Iterative: a million
    /// nodes may be skipped by one failure.
    fn spread(&mut self, commands: &mut Vec<Command>) {
        loop {
            while let Some(at) = self.news.pop() {
                let cause = self.cause[at.index()];
                for next in 0..self.plan.successors(at).len() {
                    let next = self.plan.successors(at)[next];
                    let known = &mut self.cause[next.index()];
                    *known = cause.min(*known);
                    self.pending[next.index()] -= 1;
                    if self.pending[next.index()] == 0 && self.order == Order::Dataflow {
                        self.settle(next, commands);
                    }
                }
            }
            let more = self.order == Order::Levels
                && self.open_in_level == 0
                && self.level + 1 < self.plan.levels();
            if !more {
                return;
            }
            self.level += 1;
            self.open_in_level = self.plan.level(self.level).len();
            self.open_level(commands);
        }
    }

    /// Lets the nodes of the level that may start do so; in dataflow order level 0, from which all
    /// else follows.
    fn open_level(&mut self, commands: &mut Vec<Command>) {
        if self.level < self.plan.levels() {
            for at in self.plan.level(self.level) {
                self.settle(PlanIndex::new(at), commands);
            }
        }
    }

    /// Decides what becomes of a node that waits for nothing any more.
    fn settle(&mut self, at: PlanIndex, commands: &mut Vec<Command>) {
        let cause = self.cause[at.index()];
        if cause != NO_CAUSE {
            commands.push(Command::Skip { at, cause: PlanIndex::new(cause) });
            self.end(at);
        } else if self.cancelled {
            commands.push(Command::Cancel { at });
            self.end(at);
        } else {
            self.state[at.index()] = State::Ready;
            let urgency = self.plan.tail(at);
            match self.plan.lane(at) {
                Lane::Blocking => self.blocking.push(at, urgency),
                Lane::Compute => self.compute.push(at, urgency),
            }
        }
    }

    fn end(&mut self, at: PlanIndex) {
        debug_assert_ne!(self.state[at.index()], State::Ended, "{at:?} ended twice");
        self.state[at.index()] = State::Ended;
        self.ended += 1;
        if self.order == Order::Levels {
            self.open_in_level -= 1;
        }
        self.news.push(at);
    }

    /// Starts ready nodes where there is room.
    fn start(&mut self, commands: &mut Vec<Command>) {
        while self.running.compute < self.capacities.compute {
            let Some(at) = self.compute.pop() else { break };
            self.run(at, Lane::Compute, commands);
        }
        while self.running.blocking < self.capacities.blocking {
            let Some(at) = self.blocking.pop() else { break };
            self.run(at, Lane::Blocking, commands);
        }
    }

    fn run(&mut self, at: PlanIndex, lane: Lane, commands: &mut Vec<Command>) {
        self.state[at.index()] = State::Running;
        *self.running_on(lane) += 1;
        commands.push(Command::Start { at, lane });
    }

    fn running_on(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Compute => &mut self.running.compute,
            Lane::Blocking => &mut self.running.blocking,
        }
    }
}
