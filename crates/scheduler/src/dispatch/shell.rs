//! [`Shell`]: the threads' side of the dispatcher. Carries its commands out, and tells it what
//! follows from them.
//!
//! One lock around the state machine, taken once per unit: whoever runs a unit tells what became
//! ready by it, and takes the next start with it. What is to be written off never gets there.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use terrace_core::{Lane, Plan, PlanIndex};

use super::{Arrival, Capacities, Command, Dispatcher, Input, Ticket, Urgency};
use crate::fan::Stopped;
use crate::frame::{Job, Unit};
use crate::options::Order;
use crate::run::{Desk, Machine, Role, Run, lock};

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
}

struct Driven {
    dispatcher: Dispatcher<Unit>,
    /// Compute units that were started and that no thread has taken yet.
    starts: VecDeque<Job>,
    commands: Vec<Command<Unit>>,
}

/// What is to be done when the lock is released.
#[derive(Default)]
struct Errands {
    blocking: Vec<Job>,
    /// To be written off.
    returned: Vec<Unit>,
    calls: usize,
}

impl Shell {
    pub(crate) fn new(plan: &Arc<Plan>, order: Order, machine: &Machine) -> Self {
        let capacities =
            Capacities { compute: machine.workers as usize, blocking: machine.max_blocking };
        let ordered = order == Order::Levels;
        let counts = || (0..plan.levels()).map(|level| plan.level(level).len() as u32);
        let levels = || {
            let levels = (0..plan.levels() as u32)
                .flat_map(|level| plan.level(level as usize).map(move |_| level));
            levels.collect()
        };
        Self {
            state: Mutex::new(Driven {
                dispatcher: Dispatcher::new(capacities, ordered.then(|| counts().collect())),
                starts: VecDeque::new(),
                commands: Vec::new(),
            }),
            startable: AtomicUsize::new(0),
            told: AtomicU8::new(told(Stopped::No)),
            levels: ordered.then(levels),
        }
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
        self.exchange(run, &mut desk, None, Takes::Later);
    }

    pub(crate) fn has_work(&self, run: &Run) -> bool {
        // Only a hint here; who asks before sleeping has a fence before it.
        self.startable.load(Ordering::Relaxed) > 0
            || told(run.stopped()) > self.told.load(Ordering::Relaxed)
    }

    /// Runs units from a seat until there is none to start.
    pub(crate) fn work(&self, run: &Arc<Run>, role: Role, desk: &mut Desk) {
        let mut left = None;
        desk.idle();
        while !run.is_finished() {
            let next = self.exchange(run, desk, left.take(), Takes::Now);
            if run.is_finished() {
                return;
            }
            let Some(job) = next.or_else(|| run.take_overflow(role)) else { return };
            left = job.ticket;
            // SAFETY: the unit was commanded to start once and came out of one queue, once.
            unsafe { run.advance(job.unit, desk) };
        }
    }

    /// Runs one blocking unit on a thread of the lane.
    pub(crate) fn turn(&self, run: &Arc<Run>, job: Job, desk: &mut Desk) {
        // SAFETY: the unit was commanded to start once and came out of one queue, once.
        unsafe { run.advance(job.unit, desk) };
        self.exchange(run, desk, job.ticket, Takes::Nothing);
    }

    /// Hands in a unit while the caller goes on with another.
    pub(crate) fn share(&self, run: &Arc<Run>, unit: Unit) {
        let errands = {
            let mut state = lock(&self.state);
            // SAFETY: the caller hands the unit on.
            unsafe { self.hand_in(run, &mut state, unit) };
            self.decide(run, &mut state, 0)
        };
        // Nothing is returned that nobody looks after: who is told that the run stopped gets it.
        let mut desk = Desk::new(0);
        if self.go(run, errands, &mut desk) {
            self.exchange(run, &mut desk, None, Takes::Nothing);
        }
    }

    /// Tells what became ready and ended by a unit, and takes the next start where the caller can
    /// run one.
    fn exchange(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        mut left: Option<Ticket>,
        takes: Takes,
    ) -> Option<Job> {
        let mut busy = false;
        loop {
            Self::write_off(run, desk);
            let ended = desk.ended.len();
            let (next, errands) = {
                let mut state = lock(&self.state);
                if std::mem::take(&mut busy) {
                    state.dispatcher.done();
                }
                if let Some(ticket) = left.take() {
                    state.dispatcher.take(Input::Finished { ticket, attempts: None });
                }
                if let Some(levels) = &self.levels {
                    for at in &desk.ended {
                        let level = levels[at.index()];
                        state.dispatcher.take(Input::LevelEnded { level });
                    }
                }
                for unit in desk.ready.drain(..) {
                    // SAFETY: the unit became ready by the caller, which hands it on here.
                    unsafe { self.hand_in(run, &mut state, unit) };
                }
                let stopped = run.stopped();
                if told(stopped) > self.told.load(Ordering::Relaxed) {
                    self.told.store(told(stopped), Ordering::Relaxed);
                    // After an early end what cleans up still runs: it is handed in again.
                    state.dispatcher.take(match stopped {
                        Stopped::Early => Input::Recalled,
                        _ => Input::Cancelled,
                    });
                }
                let errands = self.decide(run, &mut state, usize::from(takes != Takes::Nothing));
                if !errands.returned.is_empty() {
                    state.dispatcher.busy();
                    busy = true;
                }
                let next = if takes == Takes::Now { state.starts.pop_front() } else { None };
                self.startable.store(state.starts.len(), Ordering::Relaxed);
                (next, errands)
            };
            desk.ended.clear();
            let more = self.go(run, errands, desk);
            if ended > 0 && run.frame().count_off(ended) {
                debug_assert!(!more && next.is_none(), "something is left of a run that is over");
                run.finish();
                return None;
            }
            if !more {
                return next;
            }
            if let Some(next) = next {
                // What was returned is written off first; the start waits for its turn again.
                lock(&self.state).starts.push_front(next);
                self.startable.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Ends what is ready and must not run, and what becomes ready by that, at once.
    fn write_off(run: &Arc<Run>, desk: &mut Desk) {
        let mut at = 0;
        while at < desk.ready.len() {
            let unit = desk.ready[at];
            // SAFETY: the unit became ready by this thread and was not handed on.
            if unsafe { run.is_written_off(unit) } {
                desk.ready.swap_remove(at);
                // SAFETY: as above, and taken out of the list.
                unsafe { run.advance(unit, desk) };
            } else {
                at += 1;
            }
        }
    }

    /// # Safety
    /// The caller holds the unit and hands it on.
    unsafe fn hand_in(&self, run: &Run, state: &mut MutexGuard<'_, Driven>, unit: Unit) {
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
                        (Urgency { outer: tail, inner: 0 }, at.get(), level)
                    }
                    Some(parent) => {
                        let inner = tail.saturating_add(1);
                        (Urgency { outer: parent.urgency, inner }, at.get(), None)
                    }
                }
            }
            Unit::Token(fan) => {
                // SAFETY: a held token has not ended.
                let fan = unsafe { fan.get() };
                // The deepest first: of maps inside maps, what was begun ends before more begins.
                let place = u32::MAX - fan.depth;
                (Urgency { outer: fan.urgency, inner: 1 }, place, None)
            }
        };
        let plain = Arrival::plain(unit, lane, urgency, place);
        state.dispatcher.take(Input::Ready(Arrival { level, ..plain }));
    }

    /// Asks for commands and carries out what can be under the lock. `mine` of the starts are for
    /// the caller.
    fn decide(&self, run: &Run, state: &mut MutexGuard<'_, Driven>, mine: usize) -> Errands {
        let mut errands = Errands::default();
        let Driven { dispatcher, starts, commands } = &mut **state;
        dispatcher.decide(run.now(), commands);
        let before = starts.len();
        for command in commands.drain(..) {
            match command {
                Command::Start { unit, lane, ticket, .. } => {
                    let job = Job { unit, ticket: Some(ticket) };
                    match lane {
                        Lane::Compute => starts.push_back(job),
                        Lane::Blocking => errands.blocking.push(job),
                    }
                }
                Command::Return { unit } => errands.returned.push(unit),
                // Nothing that runs asks for more yet.
                _ => {}
            }
        }
        self.startable.store(starts.len(), Ordering::Relaxed);
        errands.calls = (starts.len() - before).saturating_sub(mine);
        errands
    }

    /// Does what waited for the lock. True: there is more in `desk.ready` to be written off.
    fn go(&self, run: &Arc<Run>, errands: Errands, desk: &mut Desk) -> bool {
        for job in errands.blocking {
            run.submit_blocking(job);
        }
        for _ in 0..errands.calls {
            run.call();
        }
        let more = !errands.returned.is_empty();
        desk.ready.extend(errands.returned);
        more
    }
}

/// How much a dispatcher has to know: an early end may be followed by a cancellation.
fn told(stopped: Stopped) -> u8 {
    match stopped {
        Stopped::No => 0,
        Stopped::Early => 1,
        Stopped::Cancelled => 2,
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
