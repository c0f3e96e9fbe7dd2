//! The ordered dispatcher: which of the ready units starts next, as a state machine without
//! threads, clock or randomness.
//!
//! What becomes ready when something ends is the run's business ([`crate`]'s frames, which the fast
//! path shares); here it is decided *when* it starts: when its turn has come, its lane has a place,
//! and everything it takes of the run's limits and budgets is there, all at once.
//! [`Dispatcher::take`] takes what happened, [`Dispatcher::decide`] says what is to be done.
//! Threads (this crate's own), a virtual clock in tests and simulations drive the same code. A unit
//! is whatever the driver says: a node, an item of a map.
//!
//! Units that take the same form a [queue](ready); the most urgent of the first units of all queues
//! that fit starts next: by priority, then by the longest way to an end, then by place. In
//! [`Order::Levels`](crate::Order::Levels) the nodes of a level wait until all of the level before
//! have ended; what runs inside a node belongs to the node.
//!
//! # Patience
//! Whoever fits may pass whoever does not. A unit that was passed over [`Rules::patience`](terrace_core::Rules::patience) times
//! comes first, whatever its priority; while it does not fit, what it takes is kept for it: others
//! start with what is left beside that. It is kept for one unit at a time.
//!
//! # Invariants
//! After every decision:
//! - no lane, limit or budget is used more than it allows, and no rate either;
//! - unless the run pauses or something is kept for somebody, no unit waits that fits;
//! - a unit that was handed in is started or returned exactly once;
//! - where nothing runs, no time is waited for and something waits, [`Command::Stuck`] was given.

mod alike;
mod asks;
mod budget;
mod choose;
mod demand;
mod errands;
mod heap;
mod key;
mod levels;
mod limits;
mod message;
mod rate;
mod ready;
mod shell;
mod slab;
mod standing;
mod timers;
mod turns;
mod worth;

use std::time::Duration;

use terrace_core::{Amount, Lane, Limit};

use budget::Budgets;
use choose::{Choice, Rank};
use demand::Demands;
use key::Key;
use levels::Levels;
use limits::Limits;
use ready::{Class, Queues};
use slab::{Slab, Slot};
use timers::Timers;

pub(crate) use alike::{Alike, Said};
pub(crate) use asks::{Around, Asked};
pub use budget::{BudgetId, Spent};
pub use demand::{Demand, DemandId};
pub use limits::{HighWater, LimitId};
pub use message::{Arrival, Capacities, Command, Input, Owed, Ticket, Urgency, Waiting};
pub(crate) use shell::Shell;
pub use standing::{Held, Standing};

/// How often a unit is passed over, where nothing is said.
pub const PATIENCE: u32 = 16;

/// How many timers that mean nothing are not worth a sweep.
const SWEEP: usize = 64;

/// Decides which unit starts next.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use terrace_scheduler::Lane;
/// use terrace_scheduler::dispatch::{Arrival, Capacities, Command, Dispatcher, Input, Urgency};
///
/// let mut dispatcher = Dispatcher::new(Capacities { compute: 1, blocking: 512 }, None);
/// let mut commands = Vec::new();
/// for (unit, outer) in [("short", 1), ("long", 9)] {
///     let urgency = Urgency { outer, ..Urgency::default() };
///     dispatcher.take(Input::Ready(Arrival::plain(unit, Lane::Compute, urgency, 0)));
/// }
/// dispatcher.decide(Duration::ZERO, &mut commands);
/// assert!(matches!(commands[..], [Command::Start { unit: "long", .. }]));
/// ```
#[derive(Debug)]
pub struct Dispatcher<U> {
    capacities: Capacities,
    running: Capacities,
    limits: Limits,
    budgets: Budgets,
    demands: Demands,
    patience: u32,
    queues: Queues,
    /// Limits that are to be forgotten when all of them is given back.
    leaving: Vec<LimitId>,
    waiting: Slab<Arrival<U>>,
    started: Slab<Started>,
    /// Units that were started and have not left their lane.
    in_lanes: usize,
    levels: Option<Levels<Slot>>,
    timers: Timers<Timer>,
    /// The earliest wake-up that was asked for and has not come.
    armed: Option<Duration>,
    /// When the first of those that lack nothing but time may start.
    by_rate: Option<Duration>,
    pause: Pause,
    cancelled: bool,
    /// Commands that follow from an input alone.
    at_once: Vec<Command<U>>,
    /// The unit that something is kept for.
    kept: Option<Slot>,
    /// Whether somebody still carries out commands, and will hand in what follows.
    busy: usize,
    /// Scratch: what orders the queues, and who is passed over.
    order: Vec<(Rank, usize)>,
    passed: Vec<usize>,
    came: u64,
    now: Duration,
    /// Whether a unit has gone that is still queued up.
    has_gone: bool,
    /// Whether anything was ever declared or handed in that depends on the time.
    is_timed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    No,
    /// As soon as nothing runs.
    Wanted(Option<u32>),
    Told,
}

#[derive(Debug)]
struct Started {
    /// Where it still is.
    lane: Option<Lane>,
    demand: DemandId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A unit may start now.
    Begin(Slot),
    /// A unit that waits is due.
    TooLate(Slot),
    /// One that runs is.
    Expire(Ticket),
}

impl<U: Copy> Dispatcher<U> {
    /// A dispatcher for one run. `levels` has the number of nodes of each level of the outermost
    /// workflow, where a level is to wait for the one before.
    pub fn new(capacities: Capacities, levels: Option<Vec<u32>>) -> Self {
        Self {
            running: Capacities { compute: 0, blocking: 0 },
            capacities: Capacities {
                compute: capacities.compute.max(1),
                blocking: capacities.blocking.max(1),
            },
            limits: Limits::default(),
            budgets: Budgets::default(),
            demands: Demands::new(),
            patience: PATIENCE,
            queues: Queues::default(),
            leaving: Vec::new(),
            waiting: Slab::new(),
            started: Slab::new(),
            in_lanes: 0,
            levels: levels.map(Levels::new),
            timers: Timers::new(),
            armed: None,
            by_rate: None,
            pause: Pause::No,
            cancelled: false,
            at_once: Vec::new(),
            kept: None,
            busy: 0,
            order: Vec::new(),
            passed: Vec::new(),
            came: 0,
            now: Duration::ZERO,
            has_gone: false,
            is_timed: false,
        }
    }

    /// Sets how often a unit is passed over before what it takes is kept for it.
    pub fn set_patience(&mut self, patience: u32) {
        self.patience = patience;
    }

    /// Declares a limit. Of two of one name the strictest holds, from now on.
    pub fn declare(&mut self, limit: &Limit) -> LimitId {
        // Of one without a rate too: a stricter one may have one, and asks when others started.
        self.is_timed = true;
        self.limits.declare(limit)
    }

    /// Declares a limit of places that nobody else can name, until it is forgotten.
    pub fn declare_unnamed(&mut self, name: &str, most: u64) -> LimitId {
        self.limits.add_unnamed(name, most)
    }

    /// Forgets an unnamed limit, and the demands that name it, as soon as all that was taken of it
    /// is given back. No unit takes it any more.
    pub fn forget(&mut self, limit: LimitId) {
        if self.limits.is_used(limit) {
            self.leaving.push(limit);
        } else {
            self.forget_now(limit);
        }
    }

    fn forget_now(&mut self, limit: LimitId) {
        let gone = self.demands.forget(limit);
        self.queues.forget(&gone);
        self.limits.forget(limit);
    }

    /// Declares a budget; of two of one name the smaller one holds.
    pub fn declare_budget(&mut self, budget: &Amount) -> BudgetId {
        self.budgets.declare(budget)
    }

    /// The limit of a name.
    pub fn find_limit(&self, name: &str) -> Option<LimitId> {
        self.limits.find(name)
    }

    /// The budget of a name.
    pub fn find_budget(&self, name: &str) -> Option<BudgetId> {
        self.budgets.find(name)
    }

    /// A limit that was declared.
    pub fn limit(&self, id: LimitId) -> &Limit {
        self.limits.limit(id)
    }

    /// A budget that was declared.
    pub fn budget(&self, id: BudgetId) -> &Amount {
        self.budgets.budget(id)
    }

    /// Takes note of a demand; equal ones are one.
    pub fn demand(&mut self, demand: Demand) -> DemandId {
        self.demands.add(demand)
    }

    /// What was used of the named limits at most.
    pub fn high_water(&self) -> Vec<HighWater> {
        self.limits.high_water()
    }

    /// What was spent.
    pub fn spent(&self) -> Vec<Spent> {
        self.budgets.spent()
    }

    /// How many units are running, by lane; those that compute by the places they take.
    pub fn running(&self) -> Capacities {
        self.running
    }

    /// Whether any decision depends on the time. Else whoever drives it need not read a clock, and may
    /// hand in [`Self::last_time`].
    pub fn reads_time(&self) -> bool {
        self.is_timed
    }

    /// The time of the last decision.
    pub fn last_time(&self) -> Duration {
        self.now
    }

    /// How many units wait, for whatever.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Makes a run in the order of levels pause after each, the last one apart.
    pub fn stop_at_levels(&mut self) {
        if let Some(levels) = &mut self.levels {
            levels.stop_at_each();
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

    /// Takes what happened. Costs a logarithm of the units that wait.
    ///
    /// # Panics
    /// In debug builds, when a level ends more often than it has nodes.
    pub fn take(&mut self, input: Input<U>) {
        match input {
            Input::Ready(arrival) => {
                self.arrive(arrival);
            }
            Input::Left { ticket } => self.leave(ticket),
            Input::Finished { ticket, attempts } => self.finish(ticket, attempts),
            Input::LevelEnded { level } => {
                let mut opened = Vec::new();
                let ended = self.levels.as_mut().and_then(|levels| levels.end(level, &mut opened));
                if let Some(level) = ended.filter(|_| !self.cancelled) {
                    self.pause = Pause::Wanted(Some(level));
                }
                self.open_level(opened);
            }
            Input::Pause => {
                if self.pause == Pause::No && !self.cancelled {
                    self.pause = Pause::Wanted(None);
                }
            }
            Input::Resumed => {
                self.pause = Pause::No;
                let mut opened = Vec::new();
                if let Some(levels) = &mut self.levels {
                    levels.advance(&mut opened);
                }
                self.open_level(opened);
            }
            Input::WrittenOff(Owed { demand, attempts }) => self.settle(demand, attempts),
            Input::Recalled => {
                self.give_back();
                // What still runs ends the run: there is nothing to look at any more.
                self.pause = Pause::No;
                if let Some(levels) = &mut self.levels {
                    levels.stop_no_more();
                }
            }
            Input::Cancelled => {
                self.cancelled = true;
                self.pause = Pause::No;
                self.give_back();
            }
        }
    }

    /// As [`Input::Ready`]; gives a name for the unit while it waits, which it does not where the run
    /// was cancelled.
    pub fn hand_in(&mut self, arrival: Arrival<U>) -> Option<Waiting> {
        self.arrive(arrival).map(Waiting)
    }

    /// Whether a unit still waits.
    pub fn waits(&self, unit: Waiting) -> bool {
        self.waiting.get(unit.0).is_some()
    }

    /// Gives a unit back, if it still waits. It may be handed in anew.
    pub fn withdraw(&mut self, unit: Waiting) {
        if let Some(arrival) = self.take_away(unit.0) {
            self.at_once.push(returned(&arrival));
        }
    }

    fn open_level(&mut self, opened: Vec<Slot>) {
        for slot in opened {
            self.enter(slot);
        }
    }

    fn arrive(&mut self, arrival: Arrival<U>) -> Option<Slot> {
        if self.cancelled {
            self.at_once.push(returned(&arrival));
            return None;
        }
        let (level, due) = (arrival.level, arrival.due);
        self.is_timed |= due.or(arrival.timeout).or(arrival.not_before).is_some();
        let slot = self.waiting.add(arrival);
        if let Some(due) = due {
            self.timers.add(due, Timer::TooLate(slot));
        }
        match (&mut self.levels, level) {
            (Some(levels), Some(level)) if levels.is_closed(level) => levels.hold(level, slot),
            _ => self.enter(slot),
        }
        Some(slot)
    }

    /// Lets a unit queue up, once its time has come.
    fn enter(&mut self, slot: Slot) {
        let Some(arrival) = self.waiting.get(slot) else { return };
        if let Some(at) = arrival.not_before.filter(|at| *at > self.now) {
            self.timers.add(at, Timer::Begin(slot));
            return;
        }
        let demand = self.demands.get(arrival.demand);
        let class = Class {
            blocking: arrival.lane == Lane::Blocking,
            demand: arrival.demand,
            paid: arrival.paid > 0 && !demand.cost.is_empty(),
        };
        self.came += 1;
        let key = Key::new(arrival.urgency, arrival.place, self.came);
        self.queues.push(class, demand, key, slot);
    }

    fn leave(&mut self, ticket: Ticket) {
        // Who left may say so late: what it began was ended by others meanwhile, and it with that.
        let Some(started) = self.started.get_mut(ticket.slot()) else { return };
        let cpus = self.demands.get(started.demand).cpus as usize;
        match started.lane.take() {
            Some(Lane::Blocking) => self.running.blocking -= 1,
            Some(Lane::Compute) => self.running.compute -= cpus.min(self.capacities.compute),
            None => return,
        }
        self.in_lanes -= 1;
    }

    fn finish(&mut self, ticket: Ticket, attempts: Option<u32>) {
        self.leave(ticket);
        let Some(Started { demand, .. }) = self.started.remove(ticket.slot()) else { return };
        for &(limit, amount) in &self.demands.get(demand).needs {
            self.limits.give_back(limit, amount);
        }
        if let Some(attempts) = attempts {
            self.settle(demand, attempts);
        }
        if self.leaving.is_empty() {
            return;
        }
        let unused = |limit: &LimitId| !self.limits.is_used(*limit);
        if let Some(at) = self.leaving.iter().position(unused) {
            let limit = self.leaving.swap_remove(at);
            self.forget_now(limit);
        }
    }

    fn settle(&mut self, id: DemandId, attempts: u32) {
        let demand = self.demands.get(id);
        self.budgets.settle(&demand.cost, demand.attempts, attempts);
    }

    /// Gives back all that has not started.
    fn give_back(&mut self) {
        for arrival in self.waiting.drain() {
            self.at_once.push(returned(&arrival));
        }
        if let Some(levels) = &mut self.levels {
            levels.drain().for_each(drop);
        }
        self.queues.clear();
        self.kept = None;
    }

    /// Settles what a unit has cost that had attempts and has no more.
    fn settle_begun(&mut self, arrival: &Arrival<U>) {
        if arrival.paid > 0 {
            self.settle(arrival.demand, arrival.paid);
        }
    }

    /// Takes a unit out that is queued up, or will be; `None` where it is gone.
    fn take_away(&mut self, slot: Slot) -> Option<Arrival<U>> {
        self.has_gone = true;
        self.release(slot)
    }

    /// Takes a unit out whose turn has come; `None` where it is gone.
    fn release(&mut self, slot: Slot) -> Option<Arrival<U>> {
        self.kept = self.kept.filter(|kept| *kept != slot);
        self.waiting.remove(slot)
    }

    /// Says that somebody carries out commands, and will hand in what follows before it says
    /// [`Self::done`]. Till then nothing is stuck, and the run does not pause.
    pub fn busy(&mut self) {
        self.busy += 1;
    }

    /// Says that this is done.
    pub fn done(&mut self) {
        self.busy -= 1;
    }

    /// Appends what is to be done by now, in this order. For each unit that starts it costs a
    /// logarithm of those that wait, and a look at each queue: there are as many as units differ in
    /// what they take.
    ///
    /// `now` is the time since the run's start and never runs backwards.
    ///
    /// # Panics
    /// In debug builds, when it does.
    pub fn decide(&mut self, now: Duration, commands: &mut Vec<Command<U>>) {
        debug_assert!(now >= self.now, "time runs backwards");
        self.now = now;
        if self.armed.is_some_and(|at| at <= now) {
            self.armed = None;
        }
        let before = commands.len();
        commands.append(&mut self.at_once);
        while let Some(timer) = self.timers.due(now) {
            self.fire(timer, commands);
        }
        self.by_rate = None;
        match self.pause {
            Pause::No => self.start_all(commands.len() == before, commands),
            Pause::Wanted(level) if self.in_lanes + self.busy == 0 => {
                self.pause = Pause::Told;
                commands.push(Command::Paused { level });
            }
            Pause::Wanted(_) | Pause::Told => {}
        }
        self.arm(commands);
    }

    fn fire(&mut self, timer: Timer, commands: &mut Vec<Command<U>>) {
        match timer {
            Timer::Begin(slot) => self.enter(slot),
            Timer::TooLate(slot) => {
                if let Some(arrival) = self.take_away(slot) {
                    self.settle_begun(&arrival);
                    commands.push(Command::TooLate { unit: arrival.unit });
                }
            }
            Timer::Expire(ticket) => {
                if self.started.get(ticket.slot()).is_some() {
                    commands.push(Command::Expire { ticket });
                }
            }
        }
    }

    fn arm(&mut self, commands: &mut Vec<Command<U>>) {
        if self.timers.len() == 0 && self.by_rate.is_none() {
            return;
        }
        let next = self.next_timer().into_iter().chain(self.by_rate).min();
        if let Some(at) = next
            && self.armed.is_none_or(|armed| at < armed)
        {
            self.armed = Some(at);
            commands.push(Command::Wake { at });
        }
    }

    /// When the first of all timers is due that still mean something.
    fn next_timer(&mut self) -> Option<Duration> {
        let (waiting, started) = (&self.waiting, &self.started);
        let meaningless = |timer: &Timer| match timer {
            Timer::Begin(slot) | Timer::TooLate(slot) => waiting.get(*slot).is_none(),
            Timer::Expire(ticket) => started.get(ticket.slot()).is_none(),
        };
        self.timers.skip(meaningless);
        // Most are of units that ended long before: swept when they are most of all.
        if self.timers.len() > SWEEP + 4 * (waiting.len() + started.len()) {
            self.timers.sweep(meaningless);
        }
        self.timers.next()
    }

    /// Starts all that may start. `quiet`: nothing else was to be done.
    fn start_all(&mut self, quiet: bool, commands: &mut Vec<Command<U>>) {
        let before = commands.len();
        loop {
            match self.choose(commands) {
                Choice::Start(at) => self.start(at, commands),
                Choice::Unpayable(at, budget) => {
                    let slot = self.queues.all[at].pop();
                    if let Some(arrival) = slot.and_then(|slot| self.release(slot)) {
                        commands.push(Command::Unpayable { unit: arrival.unit, budget });
                    }
                }
                Choice::Nothing(first) => {
                    // One at a time: what follows from its end may be what others wait for.
                    if let Some(at) = first
                        && quiet
                        && commands[before..]
                            .iter()
                            .all(|it| matches!(it, Command::Reserved { .. }))
                        && self.in_lanes + self.busy == 0
                        && self.by_rate.is_none()
                        && !self.waits_for_time()
                    {
                        self.unstick(at, commands);
                    }
                    return;
                }
            }
        }
    }

    /// Whether a unit that may not start yet will be able to. Those that will only be given up some
    /// time wait for nothing.
    fn waits_for_time(&self) -> bool {
        self.timers.any(|timer| match timer {
            Timer::Begin(slot) => self.waiting.get(*slot).is_some(),
            Timer::TooLate(_) | Timer::Expire(_) => false,
        })
    }

    /// Gives up a unit that waits for ever.
    fn unstick(&mut self, at: usize, commands: &mut Vec<Command<U>>) {
        let demand = self.demands.get(self.queues.all[at].class.demand);
        let lacking = demand
            .needs
            .iter()
            .find(|(limit, amount)| self.limits.fits(*limit, *amount, 0, self.now).is_err());
        let limit = lacking.map(|(limit, _)| *limit);
        let slot = self.queues.all[at].pop();
        if let Some(arrival) = slot.and_then(|slot| self.release(slot)) {
            self.settle_begun(&arrival);
            commands.push(Command::Stuck { unit: arrival.unit, limit });
        }
    }

    fn start(&mut self, at: usize, commands: &mut Vec<Command<U>>) {
        let class = self.queues.all[at].class;
        let slot = self.queues.all[at].pop();
        let Some(arrival) = slot.and_then(|slot| self.release(slot)) else { return };
        let demand = self.demands.get(class.demand);
        for &(limit, amount) in &demand.needs {
            self.limits.take(limit, amount, self.now);
        }
        if arrival.paid == 0 {
            self.budgets.reserve(&demand.cost, demand.attempts);
        }
        let cpus = (demand.cpus as usize).min(self.capacities.compute);
        match arrival.lane {
            Lane::Blocking => self.running.blocking += 1,
            Lane::Compute => self.running.compute += cpus,
        }
        self.in_lanes += 1;
        let started = Started { lane: Some(arrival.lane), demand: class.demand };
        let ticket = Ticket::of(self.started.add(started));
        let by_timeout = arrival.timeout.map(|timeout| self.now.saturating_add(timeout));
        let due = by_timeout.into_iter().chain(arrival.due).min();
        if let Some(due) = due {
            self.timers.add(due, Timer::Expire(ticket));
        }
        commands.push(Command::Start {
            unit: arrival.unit,
            lane: arrival.lane,
            ticket,
            cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
            due,
        });
    }
}

/// Gives a unit back.
fn returned<U: Copy>(arrival: &Arrival<U>) -> Command<U> {
    let owed = Owed { demand: arrival.demand, attempts: arrival.paid };
    Command::Return { unit: arrival.unit, owed: (arrival.paid > 0).then_some(owed) }
}
