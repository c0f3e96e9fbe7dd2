//! [`Shell`]: the threads' side of the dispatcher. Carries its commands out, and tells it how
//! they ended.
//!
//! One lock around the state machine, taken once per node: whoever ends a node tells so, and
//! takes the next start with it. Observers are told of written-off nodes under that lock; they
//! can reach the run only through its token, which takes no lock of the run.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use terrace_core::{Lane, OutcomeStatus, Plan, PlanIndex};

use super::{Capacities, Command, Dispatcher, Input};
use crate::options::Order;
use crate::run::{Desk, Machine, Role, Run, lock};

/// The state of one run on the dispatcher's path.
pub(crate) struct Shell {
    state: Mutex<Driven>,
    /// Length of `starts`, to look at without the lock.
    startable: AtomicUsize,
    /// Whether the dispatcher knows that the run is to stop.
    told: AtomicBool,
}

struct Driven {
    dispatcher: Dispatcher,
    /// Compute nodes that were started and that no thread has taken yet.
    starts: VecDeque<PlanIndex>,
    commands: Vec<Command>,
}

/// What is to be done when the lock is released.
#[derive(Default)]
struct Errands {
    blocking: Vec<PlanIndex>,
    calls: usize,
    finish: bool,
}

impl Shell {
    pub(crate) fn new(plan: &Arc<Plan>, order: Order, machine: &Machine) -> Self {
        let capacities =
            Capacities { compute: machine.workers as usize, blocking: machine.max_blocking };
        Self {
            state: Mutex::new(Driven {
                dispatcher: Dispatcher::new(Arc::clone(plan), order, capacities),
                starts: VecDeque::new(),
                commands: Vec::new(),
            }),
            startable: AtomicUsize::new(0),
            told: AtomicBool::new(false),
        }
    }

    pub(crate) fn begin(&self, run: &Arc<Run>) {
        let errands = {
            let mut state = lock(&self.state);
            // Whoever begins takes one of the starts itself.
            self.feed(run, &mut state, Input::Start, 1)
        };
        Self::go(run, errands);
    }

    pub(crate) fn has_work(&self, run: &Run) -> bool {
        // Only a hint here; who asks before sleeping has a fence before it.
        self.startable.load(Ordering::Relaxed) > 0
            || (run.cancelled() && !self.told.load(Ordering::Relaxed))
    }

    /// Runs nodes from a seat until there is none to start.
    pub(crate) fn work(&self, run: &Arc<Run>, role: Role, desk: &mut Desk) {
        let mut done: Option<(PlanIndex, OutcomeStatus)> = None;
        desk.idle();
        while !run.is_finished() {
            let (next, errands) = self.exchange(run, done.take(), true);
            let over = errands.finish;
            Self::go(run, errands);
            if over {
                return;
            }
            let Some(at) = next.or_else(|| run.take_overflow(role)) else { return };
            // SAFETY: the node was commanded to start once and came out of one queue, once.
            done = Some((at, unsafe { Self::carry_out(run, desk, at) }));
        }
    }

    /// Runs one blocking node on a thread of the lane.
    pub(crate) fn turn(&self, run: &Arc<Run>, at: PlanIndex, desk: &mut Desk) {
        // SAFETY: the node was commanded to start once and came out of one queue, once.
        let status = unsafe { Self::carry_out(run, desk, at) };
        let (_, errands) = self.exchange(run, Some((at, status)), false);
        Self::go(run, errands);
    }

    /// # Safety
    /// The caller holds `at`.
    unsafe fn carry_out(run: &Arc<Run>, desk: &mut Desk, at: PlanIndex) -> OutcomeStatus {
        match run.verdict(at) {
            // SAFETY: passed on; one of the two, once.
            None => unsafe { run.execute(at, desk) },
            Some(status) => {
                // SAFETY: as above.
                unsafe { run.write_off(at, status) };
                status
            }
        }
    }

    /// Tells how a node ended, and takes the next start where the caller can run one.
    fn exchange(
        &self,
        run: &Arc<Run>,
        done: Option<(PlanIndex, OutcomeStatus)>,
        takes: bool,
    ) -> (Option<PlanIndex>, Errands) {
        let mut state = lock(&self.state);
        let mut errands = Errands::default();
        if let Some((at, status)) = done {
            let input = Input::NodeFinished { at, status };
            errands = self.feed(run, &mut state, input, usize::from(takes));
        }
        // The flag is only looked at under the lock where it matters.
        if run.cancelled() && !self.told.swap(true, Ordering::Relaxed) && !errands.finish {
            let more = self.feed(run, &mut state, Input::Cancelled, usize::from(takes));
            errands.blocking.extend(more.blocking);
            errands.finish |= more.finish;
        }
        let next = if takes { state.starts.pop_front() } else { None };
        self.startable.store(state.starts.len(), Ordering::Relaxed);
        (next, errands)
    }

    /// Gives the dispatcher an input and carries out what can be under the lock.
    fn feed(&self, run: &Arc<Run>, state: &mut Driven, input: Input, mine: usize) -> Errands {
        let mut errands = Errands::default();
        let Driven { dispatcher, starts, commands } = state;
        dispatcher.handle(input, run.now(), commands);
        let before = starts.len();
        for command in commands.drain(..) {
            match command {
                Command::Start { at, lane: Lane::Compute } => starts.push_back(at),
                Command::Start { at, lane: Lane::Blocking } => errands.blocking.push(at),
                Command::Skip { at, cause } => {
                    run.frame().blame(at, cause);
                    // SAFETY: the dispatcher skips a node once and starts it never; under its lock,
                    // all that the node depends on has been acquired.
                    unsafe { run.write_off(at, OutcomeStatus::Skipped) };
                }
                Command::Cancel { at } => {
                    // SAFETY: as above.
                    unsafe { run.write_off(at, OutcomeStatus::Cancelled) };
                }
                Command::Finish => errands.finish = true,
            }
        }
        self.startable.store(starts.len(), Ordering::Relaxed);
        errands.calls = (starts.len() - before).saturating_sub(mine);
        errands
    }

    fn go(run: &Arc<Run>, errands: Errands) {
        for at in errands.blocking {
            run.submit_blocking(at);
        }
        for _ in 0..errands.calls {
            run.call();
        }
        if errands.finish {
            run.finish();
        }
    }
}
