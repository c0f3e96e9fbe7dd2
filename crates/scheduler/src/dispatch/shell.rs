//! [`Shell`]: the threads' side of the dispatcher. Carries its commands out, some of them as
//! [errands](Errands) without the lock, and tells it what follows from them.
//!
//! One lock around the state machine, taken once per unit: whoever runs a unit tells what became
//! ready by it, and takes the next start with it. What is to be written off never gets there.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{Checkpoints, Lane, Plan, PlanIndex, Workflow};

use super::asks::{Around, Unnamed, ask, ask_item, ask_token, declare_all};
use super::errands::{Errands, named};
use super::turns::{LOOK, Look, STRETCH, Turns};
use super::{
    Arrival, Capacities, Command, Dispatcher, HighWater, Input, LimitId, Spent, Standing, Ticket,
    Urgency,
};
use crate::attempt::Detached;
use crate::fan::Stopped;
use crate::frame::{Job, Unit};
use crate::options::Order;
use crate::run::{Desk, Machine, Refusal, Role, Run, Stretch, lock};

/// The state of one run on the dispatcher's path.
pub(crate) struct Shell {
    state: Mutex<Driven>,
    /// Length of `starts`, to look at without the lock.
    startable: AtomicUsize,
    /// How far the dispatcher knows that the run was told to stop; see [`told`]. Written under the
    /// lock.
    told: AtomicU8,
    /// The level of each node, where levels wait for each other.
    levels: Option<Vec<u32>>,
    /// Whether anything asks for more than a place.
    is_ordered: AtomicBool,
    /// Whether several threads may work on it, and a clock says what they do.
    may_share: bool,
    /// Whether a thread that runs something will come for what may start. Written under the lock.
    cared_for: AtomicBool,
}

struct Driven {
    dispatcher: Dispatcher<Unit>,
    unnamed: Unnamed,
    /// Attempts that may be given up, by the number of their ticket.
    attempts: HashMap<usize, Registered>,
    /// Compute units that were started and that no thread has taken yet.
    starts: VecDeque<Job>,
    turns: Turns,
    commands: Vec<Command<Unit>>,
}

/// A unit that runs and may be given up.
enum Registered {
    Attempt(Arc<Detached>),
    /// It was due before it had an attempt.
    Due,
}

impl Shell {
    pub(crate) fn new(plan: &Arc<Plan>, order: Order, machine: &Machine) -> Self {
        let capacities =
            Capacities { compute: machine.workers as usize, blocking: machine.max_blocking };
        let ordered = order == Order::Levels;
        let counts = || (0..plan.levels()).map(|level| plan.level(level).len() as u32).collect();
        let levels = || {
            let levels = (0..plan.levels() as u32)
                .flat_map(|level| plan.level(level as usize).map(move |_| level));
            levels.collect()
        };
        let mut dispatcher = Dispatcher::new(capacities, ordered.then(counts));
        if plan.workflow().rules().checkpoints == Checkpoints::Levels {
            dispatcher.stop_at_levels();
        }
        declare_all(&mut dispatcher, plan.workflow());
        if let Some(patience) = plan.workflow().rules().patience {
            dispatcher.set_patience(patience);
        }
        Self {
            state: Mutex::new(Driven {
                dispatcher,
                unnamed: Unnamed::default(),
                attempts: HashMap::new(),
                starts: VecDeque::new(),
                turns: Turns::default(),
                commands: Vec::new(),
            }),
            startable: AtomicUsize::new(0),
            told: AtomicU8::new(told(Stopped::No)),
            levels: ordered.then(levels),
            is_ordered: AtomicBool::new(plan.workflow().is_ordered()),
            may_share: machine.is_real && machine.crew.seats(machine.workers) > 1,
            cared_for: AtomicBool::new(false),
        }
    }

    /// Whether anything asks for more than a place.
    pub(crate) fn is_ordered(&self) -> bool {
        // Set before anything that asks for more is handed in.
        self.is_ordered.load(Ordering::Relaxed)
    }

    /// From now on units may ask for more than a place; a workflow that a task gave may say so.
    pub(crate) fn be_ordered(&self) {
        self.is_ordered.store(true, Ordering::Relaxed);
    }

    /// Declares what a workflow says that a task gave.
    pub(crate) fn declare(&self, workflow: &Workflow) {
        if workflow.is_ordered() {
            declare_all(&mut lock(&self.state).dispatcher, workflow);
            self.be_ordered();
        }
    }

    /// Whether a limit was declared.
    pub(crate) fn knows(&self, limit: &str) -> bool {
        lock(&self.state).dispatcher.find_limit(limit).is_some()
    }

    /// A limit of places without a name.
    pub(crate) fn limit_of_places(&self, name: &str, most: u32) -> LimitId {
        lock(&self.state).dispatcher.declare_unnamed(name, u64::from(most.max(1)))
    }

    /// What holds for everything in the run.
    pub(crate) fn at_most(&self, tasks: Option<u32>) -> Option<Arc<Around>> {
        let limit = self.limit_of_places("max_concurrent", tasks?);
        Some(Arc::new(Around { at_once: vec![limit], ..Around::default() }))
    }

    /// What holds for everything inside a workflow, beside what holds around it.
    pub(crate) fn inside(
        &self,
        outer: Option<&Arc<Around>>,
        workflow: &Workflow,
        priority: Option<i32>,
    ) -> Option<Arc<Around>> {
        let mut state = lock(&self.state);
        let Driven { dispatcher, unnamed, .. } = &mut *state;
        unnamed.inside(dispatcher, outer, workflow, priority)
    }

    /// What was used of the limits at most, and what was spent.
    pub(crate) fn used(&self) -> (Vec<HighWater>, Vec<Spent>) {
        let state = lock(&self.state);
        (state.dispatcher.high_water(), state.dispatcher.spent())
    }

    /// What runs and what waits for what.
    pub(crate) fn standing(&self, now: Duration) -> Standing {
        lock(&self.state).dispatcher.standing(now)
    }

    pub(crate) fn begin(&self, run: &Arc<Run>) {
        let plan = run.plan();
        if plan.is_empty() {
            run.finish();
            return;
        }
        let mut desk = Desk::new(0);
        let roots = plan.level(0).map(|at| Unit::Node(run.root(), PlanIndex::new(at)));
        desk.ready.extend(roots);
        // Whoever begins takes one of the starts itself.
        self.exchange(run, &mut desk, Takes::Later);
    }

    pub(crate) fn has_work(&self, run: &Run) -> bool {
        // Only a hint here; who asks before sleeping has a fence before it.
        let waits = self.startable.load(Ordering::Relaxed) > 0;
        waits && !self.cared_for.load(Ordering::Relaxed)
            || told(run.stopped()) > self.told.load(Ordering::Relaxed)
    }

    /// Runs units from a seat until there is none to start.
    pub(crate) fn work(&self, run: &Arc<Run>, role: Role, desk: &mut Desk) {
        desk.idle();
        desk.stretch = Stretch::default();
        while let Some(job) = self.next(run, role, desk) {
            desk.take(job);
            if self.may_share && desk.stretch.count(STRETCH) {
                self.measure(run, desk);
            }
            // SAFETY: the unit was commanded to start once and came out of one queue, once.
            unsafe { run.advance(job.unit, desk) };
        }
    }

    /// Takes note of what the thread's last units took.
    #[cold]
    fn measure(&self, run: &Arc<Run>, desk: &mut Desk) {
        let now = run.now();
        let Some(each) = desk.stretch.mark(now) else { return };
        let mut state = lock(&self.state);
        let shares = state.turns.learn(desk.number, now, each);
        self.show(&state);
        let waiting = state.starts.len();
        drop(state);
        if shares {
            (0..waiting).for_each(|_| run.call());
        }
    }

    /// Tells what followed from the last unit, and takes the next.
    pub(crate) fn next(&self, run: &Arc<Run>, role: Role, desk: &mut Desk) -> Option<Job> {
        if run.is_finished() {
            return None;
        }
        let next = self.exchange(run, desk, Takes::Now);
        if run.is_finished() {
            return None;
        }
        next.or_else(|| run.take_overflow(role))
    }

    /// Runs one blocking unit on a thread of the lane.
    pub(crate) fn turn(&self, run: &Arc<Run>, job: Job, desk: &mut Desk) {
        desk.take(job);
        // SAFETY: the unit was commanded to start once and came out of one queue, once.
        unsafe { run.advance(job.unit, desk) };
        self.exchange(run, desk, Takes::Nothing);
    }

    /// Tells what followed from something that happened outside any lane.
    pub(crate) fn give(&self, run: &Arc<Run>, desk: &mut Desk) {
        self.exchange(run, desk, Takes::Nothing);
    }

    /// Looks at the clock.
    pub(crate) fn tick(&self, run: &Arc<Run>) {
        if run.is_finished() {
            return;
        }
        let mut state = lock(&self.state);
        let waiting = state.starts.len();
        let look = state.turns.look(run.now(), waiting > 0);
        self.show(&state);
        drop(state);
        match look {
            Look::Nothing => {}
            Look::Again => self.look_later(run),
            Look::Stuck => (0..waiting).for_each(|_| run.call()),
        }
        self.exchange(run, &mut Desk::new(0), Takes::Nothing);
    }

    /// Has somebody look whether the thread that takes all has moved on.
    pub(super) fn look_later(&self, run: &Arc<Run>) {
        if !run.look_again(LOOK) {
            let mut state = lock(&self.state);
            state.turns.give_up();
            self.show(&state);
            let waiting = state.starts.len();
            drop(state);
            (0..waiting).for_each(|_| run.call());
        }
    }

    /// Shows what may start to whoever looks without the lock.
    fn show(&self, state: &Driven) {
        self.startable.store(state.starts.len(), Ordering::Relaxed);
        self.cared_for.store(state.turns.is_cared_for(), Ordering::Relaxed);
    }

    /// Takes note of an attempt that may be given up. False: its time is over already.
    pub(crate) fn register(&self, attempt: &Arc<Detached>) -> bool {
        let mut state = lock(&self.state);
        let number = attempt.about.ticket.index();
        if state.attempts.contains_key(&number) {
            return false;
        }
        state.attempts.insert(number, Registered::Attempt(Arc::clone(attempt)));
        true
    }

    /// Hands in a unit while the caller goes on with another.
    pub(crate) fn share(&self, run: &Arc<Run>, unit: Unit) {
        let errands = {
            let mut state = lock(&self.state);
            // SAFETY: the caller hands the unit on.
            unsafe { self.hand_in(run, &mut state, unit) };
            let errands = self.decide(run, &mut state, 0);
            // The caller does not come for it soon.
            state.turns.share();
            self.show(&state);
            // Who looks after it says so with the next exchange.
            if errands.has_more() {
                state.dispatcher.busy();
            }
            errands
        };
        // Nothing is returned that nobody looks after: who is told that the run stopped gets it.
        let mut desk = Desk::new(0);
        if self.go(run, errands, &mut desk) {
            self.exchange_from(run, &mut desk, Takes::Nothing, true);
        }
    }

    /// Tells what became ready and ended by a unit, and takes the next start where the caller can
    /// run one.
    fn exchange(&self, run: &Arc<Run>, desk: &mut Desk, takes: Takes) -> Option<Job> {
        self.exchange_from(run, desk, takes, false)
    }

    /// `busy`: the dispatcher was told that the caller is.
    fn exchange_from(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        takes: Takes,
        mut busy: bool,
    ) -> Option<Job> {
        loop {
            desk.lay_aside();
            Self::write_off(run, desk);
            let ended = desk.ended.len();
            let (next, errands) = {
                let mut state = lock(&self.state);
                if std::mem::take(&mut busy) {
                    state.dispatcher.done();
                }
                self.tell(run, &mut state, desk);
                let stopped = run.stopped();
                if told(stopped) > self.told.load(Ordering::Relaxed) {
                    self.told.store(told(stopped), Ordering::Relaxed);
                    // After an early end what cleans up still runs: it is handed in again.
                    state.dispatcher.take(match stopped {
                        Stopped::Early | Stopped::Failed(_) | Stopped::Refused => Input::Recalled,
                        _ => Input::Cancelled,
                    });
                }
                let mut errands =
                    self.decide(run, &mut state, usize::from(takes != Takes::Nothing));
                if errands.has_more() {
                    state.dispatcher.busy();
                    busy = true;
                }
                let mut next = None;
                if takes == Takes::Now && state.turns.may_take(desk.number) {
                    next = state.starts.pop_front();
                    state.turns.took(desk.number, next.is_some());
                }
                if state.turns.is_cared_for() {
                    errands.calls = 0;
                    errands.looks =
                        !state.starts.is_empty() && state.turns.wants_look(|| run.now());
                }
                self.show(&state);
                (next, errands)
            };
            desk.ended.clear();
            let more = self.go(run, errands, desk);
            if ended > 0 && run.frame().count_off(ended) {
                // Attempts that are due and were concluded meanwhile are nobody's.
                let over = next.is_none() && desk.ready.is_empty();
                debug_assert!(over, "something is left of a run that is over");
                desk.expired.clear();
                run.finish();
                return None;
            }
            if !more {
                return next;
            }
            if let Some(next) = next {
                // What was returned is written off first; the start waits for its turn again.
                let mut state = lock(&self.state);
                state.starts.push_front(next);
                self.show(&state);
            }
        }
    }

    /// Tells what followed from a unit.
    fn tell(&self, run: &Run, state: &mut Driven, desk: &mut Desk) {
        for &(ticket, attempts) in &desk.finished {
            state.forget_attempt(ticket);
            state.dispatcher.finish(ticket, Some(attempts));
        }
        desk.finished.clear();
        if desk.has_rare() {
            state.tell_rare(desk);
        }
        if let Some(levels) = &self.levels {
            for at in &desk.ended {
                let level = levels[at.index()];
                state.dispatcher.take(Input::LevelEnded { level });
            }
        }
        if std::mem::take(&mut desk.pauses) {
            state.dispatcher.take(Input::Pause);
        }
        for &unit in &desk.ready {
            // SAFETY: the unit became ready by the caller, which hands it on here.
            unsafe { self.hand_in(run, state, unit) };
        }
        desk.ready.clear();
    }

    /// Ends what is ready and must not run, and what becomes ready by that, at once.
    fn write_off(run: &Arc<Run>, desk: &mut Desk) {
        run.let_held_go(desk);
        while let Some(attempt) = desk.expired.pop() {
            run.expire(&attempt, desk);
            desk.lay_aside();
        }
        while let Some((unit, owed)) = desk.returned.pop() {
            // SAFETY: the dispatcher gave the unit back to this thread, once.
            if unsafe { run.is_written_off(unit) } {
                // SAFETY: as above.
                unsafe { run.advance(unit, desk) };
                desk.lay_aside();
                desk.owed.extend(owed);
            } else {
                desk.ready.push(unit);
            }
        }
        let mut at = 0;
        while at < desk.ready.len() {
            let unit = desk.ready[at];
            // SAFETY: the unit became ready by this thread and was not handed on.
            if unsafe { run.is_written_off(unit) } {
                desk.ready.swap_remove(at);
                desk.gives_up(unit);
                // SAFETY: as above, and taken out of the list.
                unsafe { run.advance(unit, desk) };
                desk.lay_aside();
            } else {
                at += 1;
            }
        }
    }

    /// # Safety
    /// The caller holds the unit and hands it on.
    unsafe fn hand_in(&self, run: &Run, state: &mut Driven, unit: Unit) {
        // SAFETY: passed on.
        let lane = unsafe { run.lane_of(unit) };
        let (urgency, place, level) = match unit {
            Unit::Node(frame, at) => {
                // SAFETY: a held node has not ended, so its frame is open.
                let frame = unsafe { frame.get() };
                let tail = frame.plan().tail(at);
                match frame.parent() {
                    None => {
                        let level = self.levels.as_ref().map(|levels| levels[at.index()]);
                        (Urgency { outer: tail, ..Urgency::default() }, at.get(), level)
                    }
                    Some(parent) => {
                        let inner = tail.saturating_add(1);
                        (Urgency { outer: parent.urgency, inner, depth: 0 }, at.get(), None)
                    }
                }
            }
            Unit::Token(fan) => {
                // SAFETY: a held token has not ended.
                let fan = unsafe { fan.get() };
                let urgency = Urgency { outer: fan.urgency, inner: 1, depth: fan.depth };
                (urgency, 0, None)
            }
            Unit::Item(fan, at) => {
                // SAFETY: the token that follows the item has not ended.
                let fan = unsafe { fan.get() };
                // Of one map in the items' order, those that are tried again included.
                let item = u32::try_from(fan.pending.get(at).item).unwrap_or(u32::MAX);
                let urgency = Urgency { outer: fan.urgency, inner: 1, depth: fan.depth };
                (urgency, item, None)
            }
        };
        let mut arrival = Arrival { level, ..Arrival::plain(unit, lane, urgency, place) };
        if self.is_ordered() {
            let Driven { dispatcher, unnamed, .. } = state;
            match unit {
                Unit::Node(frame, at) => {
                    // SAFETY: a held node has not ended, so its frame is open.
                    let frame = unsafe { frame.get() };
                    ask(dispatcher, unnamed, run, frame, at, &mut arrival);
                }
                Unit::Item(fan, at) => {
                    // SAFETY: the token that follows the item has not ended.
                    let fan = unsafe { fan.get() };
                    ask_item(dispatcher, unnamed, fan, at, &mut arrival);
                }
                Unit::Token(fan) => {
                    // SAFETY: a held token has not ended.
                    let fan = unsafe { fan.get() };
                    ask_token(dispatcher, fan, &mut arrival);
                }
            }
        }
        let Driven { dispatcher, .. } = state;
        let waiting = dispatcher.hand_in(arrival);
        if let (Unit::Token(fan) | Unit::Item(fan, _), Some(waiting)) = (unit, waiting) {
            // SAFETY: the token has not ended, or the one that follows the item.
            let fan = unsafe { fan.get() };
            fan.waits.add(waiting, |waiting| dispatcher.waits(waiting));
        }
    }

    /// Asks for commands and carries out what can be under the lock. `mine` of the starts are for
    /// the caller.
    fn decide(&self, run: &Run, state: &mut Driven, mine: usize) -> Errands {
        let mut errands = Errands::default();
        let Driven { dispatcher, starts, commands, attempts, .. } = state;
        let now = if dispatcher.reads_time() { run.now() } else { dispatcher.last_time() };
        dispatcher.decide(now, commands);
        let before = starts.len();
        for command in commands.drain(..) {
            match command {
                Command::Start { unit, lane, ticket, cpus, due } => {
                    let job = Job { unit, ticket: Some(ticket), due, cpus };
                    match lane {
                        Lane::Compute => starts.push_back(job),
                        Lane::Blocking => errands.other().blocking.push(job),
                    }
                }
                Command::Return { unit, owed } => errands.other().returned.push((unit, owed)),
                Command::TooLate { unit } => errands.other().refused.push((unit, Refusal::TooLate)),
                Command::Unpayable { unit, budget } => {
                    let budget = dispatcher.budget(budget).clone();
                    errands.other().refused.push((unit, Refusal::Budget(budget)));
                }
                Command::Stuck { unit, limit } => {
                    let limit = limit.map(|limit| Arc::clone(&dispatcher.limit(limit).name));
                    errands.other().refused.push((unit, Refusal::Stuck(limit)));
                }
                Command::Expire { ticket } => match attempts.get(&ticket.index()) {
                    Some(Registered::Attempt(attempt)) => {
                        errands.other().due.push(Arc::clone(attempt));
                    }
                    Some(Registered::Due) => {}
                    None => {
                        attempts.insert(ticket.index(), Registered::Due);
                    }
                },
                Command::Reserved { unit } => {
                    // SAFETY: it waits, and nobody else starts it before the lock is released.
                    errands.other().reserved.extend(unsafe { named(unit) });
                }
                Command::Wake { at } => errands.other().wake = Some(at),
                Command::Paused { level } => errands.other().paused = Some(level),
            }
        }
        errands.calls = (starts.len() - before).saturating_sub(mine);
        errands
    }
}

impl Driven {
    /// A unit has ended: there is no attempt of it to be given up any more.
    fn forget_attempt(&mut self, ticket: Ticket) {
        if !self.attempts.is_empty() {
            self.attempts.remove(&ticket.index());
        }
    }

    /// Tells what seldom follows from a unit.
    #[cold]
    fn tell_rare(&mut self, desk: &mut Desk) {
        for ticket in desk.left.drain(..) {
            self.dispatcher.take(Input::Left { ticket });
        }
        for (_, ticket, _) in desk.again.drain(..) {
            self.forget_attempt(ticket);
            self.dispatcher.take(Input::Finished { ticket, attempts: None });
        }
        for owed in desk.owed.drain(..) {
            self.dispatcher.take(Input::WrittenOff(owed));
        }
        for waiting in desk.withdrawn.drain(..) {
            self.dispatcher.withdraw(waiting);
        }
        // Before levels that end by it, which are looked at by themselves.
        if std::mem::take(&mut desk.resumes) {
            self.dispatcher.take(Input::Resumed);
        }
        for limit in desk.forgotten.drain(..) {
            self.dispatcher.forget(limit);
        }
    }
}

/// How much a dispatcher has to know: an early end may be followed by a cancellation.
fn told(stopped: Stopped) -> u8 {
    match stopped {
        Stopped::No => 0,
        Stopped::Early => 1,
        Stopped::Failed(_) | Stopped::Refused => 2,
        Stopped::Cancelled => 3,
    }
}

/// Whether the caller runs one of the units that may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// It gets it.
    Now,
    /// It comes back for it.
    Later,
    Nothing,
}
