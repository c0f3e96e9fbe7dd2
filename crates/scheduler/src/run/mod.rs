//! [`Run`]: everything that the threads working on one run share.
//!
//! Here is what both paths have in common: running a node or writing it off ([`node`]), what
//! follows from its end ([`progress`]), the owner that waits and helps ([`owner`]), places at the run, nodes that wait for the blocking lane, and
//! the end. In which order nodes come is the paths' business: [`crate::fast`], [`crate::dispatch`].

mod attempts;
mod end;
mod items;
mod limits;
mod node;
mod owner;
mod pause;
mod progress;
mod sequence;
mod telling;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::Thread;
use std::time::Duration;

use crossbeam::utils::Backoff;
use terrace_core::{
    Checkpoints, EventKind, EventKinds, IfFailed, Lane as NodeLane, OnFailure, OutcomeStatus, Plan,
    PlanIndex, Policy, Redactor, RunConstants,
};

use crate::attempt::{RunFolder, outer_tokens};
use crate::blocking::{Answer, Back, TakeTurn};
use crate::cancel::{CancelToken, Listener};
use crate::checkpoint::Approve;
use crate::clock::Clock;
use crate::crew::Crew;
use crate::dispatch::{Around, Shell};
use crate::environment::Environment;
use crate::error::RunError;
use crate::events::Emitter;
use crate::expand::{Expand, NoDescriptions};
use crate::fan::{Fan, Stopped};
use crate::fast::{Fast, Program};
use crate::frame::{Frame, FramePtr, Job, Unit};
use crate::leftovers::Leftovers;
use crate::options::{Growth, Order, PathChoice, RunOptions, Timing};
use crate::pool::{Call, Join, Pool, Seats};
use crate::pulse::Pulse;
use crate::timer::Tick;
use crate::watch::Look;

pub(crate) use attempts::Refusal;
pub(crate) use end::End;
pub(crate) use node::{Desk, Stretch, told_as};
use pause::Pauses;
pub(crate) use telling::Telling;

/// The threads and the clock that a run uses.
pub(crate) struct Machine {
    pub(crate) pool: Arc<Pool>,
    pub(crate) crew: Box<dyn Crew>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether that is the machine's own.
    pub(crate) is_real: bool,
    pub(crate) workers: u32,
    pub(crate) max_blocking: usize,
    pub(crate) leftovers: Leftovers,
    /// Beats while small items are run.
    pub(crate) pulse: Arc<Pulse>,
    /// How many of one task there may be.
    pub(crate) max_abandoned: u32,
}

/// Which path drives a run.
enum Path {
    Fast(Fast),
    Dispatch(Shell),
}

/// What looks for work: not everyone may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The thread that waits for this run. It may run a blocking node that finds no thread.
    Owner,
    /// A thread of the pool.
    Helper,
}

/// Everything that the threads working on one run share.
pub(crate) struct Run {
    frame: Arc<Frame>,
    constants: RunConstants,
    machine: Arc<Machine>,
    path: Path,
    seats: Seats,
    desks: Mutex<Desks>,
    began: Duration,
    timing: Timing,
    emitter: Option<Emitter>,
    token: CancelToken,
    /// Cancelled with the run that this one was started in.
    outer: CancelToken,
    heir: OnceLock<Arc<Heir>>,
    ended_early: AtomicBool,
    /// One more than the node of the outermost workflow that the run stopped for.
    failed_at: AtomicU32,
    on_failure: OnFailure,
    /// Whether tasks may be called where their unit is run.
    calls_in_place: bool,
    /// Whether a budget did not suffice.
    broke: AtomicBool,
    approver: Option<Arc<dyn Approve>>,
    /// Whether nodes of the outermost workflow may be checkpoints.
    has_checkpoints: bool,
    pauses: Mutex<Pauses>,
    /// Whether nodes were ever held back at a checkpoint.
    holds: AtomicBool,
    /// Whether it was stopped at a checkpoint.
    refused: AtomicBool,
    around: Option<Arc<Around>>,
    due: Option<Duration>,
    /// What the system refused it.
    error: OnceLock<RunError>,
    /// Keeps the run while it waits for time alone.
    keep: Mutex<Option<Arc<Self>>>,
    expander: Arc<dyn Expand>,
    limits: Growth,
    environment: Option<Arc<dyn Environment>>,
    redactor: Redactor,
    /// Nodes of workflows that tasks gave.
    grown: AtomicU64,
    /// Nodes of workflows inside nodes, and items, that have ended.
    inside: AtomicU64,
    /// How many items the maps of the outermost workflow have.
    items: Mutex<Vec<(PlanIndex, u64)>>,
    failures: Mutex<limits::Failures>,
    folder: RunFolder,
    /// Whether any node may ever wait for the blocking lane.
    may_block: bool,
    waiting: Mutex<Waiting>,
    owner: Mutex<Option<Thread>>,
    finished: AtomicBool,
    end: Mutex<End>,
}

#[derive(Default)]
struct Desks {
    made: u16,
    idle: Vec<Desk>,
}

/// Blocking nodes for which the lane has a job each.
#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// How many of the jobs wait for another task to end. At most as many as there are nodes.
    overflow: usize,
}

impl Waiting {
    fn take(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front();
        self.overflow = self.overflow.min(self.jobs.len());
        job
    }
}

impl Run {
    /// Prepares a run; nothing starts before [`Run::begin`].
    pub(crate) fn new(
        machine: &Arc<Machine>,
        plan: &Arc<Plan>,
        options: RunOptions,
        id: String,
    ) -> Arc<Self> {
        let looks = plan.workflow().rules().checkpoints == Checkpoints::Levels;
        // To look at a level, the next has to wait for it.
        let order = if looks { Order::Levels } else { options.order };
        let levels = order == Order::Levels;
        let workflow = plan.workflow();
        let by_default = options.path == PathChoice::Auto && workflow.may_grow();
        let asks = !machine.crew.calls_in_place()
            || workflow.is_ordered()
            || options.deadline.is_some()
            || options.max_concurrent.is_some()
            || options.on_failure.is_some();
        let ordered = levels || options.path == PathChoice::Dispatcher || by_default || asks;
        let emitter = options.observer.map(Emitter::new);
        let wants = |kinds| emitter.as_ref().is_some_and(|emitter: &Emitter| emitter.wants(kinds));
        let tells = wants(EventKinds::NODES);
        // Who is told of each node is told when it ran.
        let timing = if tells { Timing::Exact } else { options.timing };
        let path = if ordered {
            Path::Dispatch(Shell::new(plan, order, machine))
        } else {
            // Whether to share is decided by what nodes take, which another clock does not say.
            let may_measure = machine.is_real || machine.workers == 1;
            // What is told to be given has to be kept for that.
            let alone = may_measure && !(tells && wants(EventKinds::VALUES));
            Path::Fast(Fast::new(plan, machine.workers, alone, timing))
        };
        let rules = workflow.rules();
        let due = options.deadline.into_iter().chain(rules.deadline).min();
        let around = match &path {
            Path::Dispatch(shell) if asks => {
                shell.be_ordered();
                shell.inside(shell.at_most(options.max_concurrent).as_ref(), workflow, None)
            }
            _ => None,
        };
        let mut inputs = options.inputs;
        for input in plan.workflow().inputs().iter().skip(inputs.len()) {
            inputs.push(input.default.clone().unwrap_or_default());
        }
        options.redactor.learn(plan.workflow(), &inputs);
        let alike = if ordered { Program::alike(plan) } else { None };
        let has_checkpoints = ordered && alike.is_none_or(|alike| alike.has_checkpoints);
        let may_block = plan.workflow().may_block() || !plan.is_plain();
        let mut frame = Frame::with_store(plan, Fast::store(plan), inputs, None);
        if matches!(&path, Path::Fast(fast) if fast.runs_in_blocks()) {
            frame.run_in_blocks();
        }
        let run = Arc::new(Self {
            frame: Arc::new(frame),
            constants: RunConstants { id, seed: options.seed, workflow_dir: options.workflow_dir },
            machine: Arc::clone(machine),
            path,
            seats: Seats::new(machine.crew.seats(machine.workers)),
            desks: Mutex::default(),
            began: machine.clock.now(),
            timing,
            emitter,
            token: options.cancel,
            outer: CancelToken::new(),
            heir: OnceLock::new(),
            ended_early: AtomicBool::new(false),
            failed_at: AtomicU32::new(0),
            calls_in_place: machine.crew.calls_in_place(),
            broke: AtomicBool::new(false),
            approver: options.approver,
            has_checkpoints,
            pauses: Mutex::default(),
            holds: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            on_failure: options.on_failure.or(rules.on_failure).unwrap_or_default(),
            around,
            due,
            error: OnceLock::new(),
            keep: Mutex::default(),
            expander: options.expander.unwrap_or_else(|| Arc::new(NoDescriptions)),
            limits: options.growth,
            environment: options.environment,
            redactor: options.redactor,
            grown: AtomicU64::new(0),
            inside: AtomicU64::new(0),
            items: Mutex::default(),
            failures: Mutex::default(),
            folder: RunFolder::new(options.temp_root),
            may_block,
            waiting: Mutex::default(),
            owner: Mutex::new(None),
            finished: AtomicBool::new(false),
            end: Mutex::default(),
        });
        run.inherit();
        if let Some(watch) = &options.watch {
            watch.looks_at(&run);
        }
        run
    }

    /// Makes the run stop with the one whose task is starting it.
    fn inherit(self: &Arc<Self>) {
        let tokens = outer_tokens();
        if !tokens.is_empty() {
            let heir = self.heir.get_or_init(|| Arc::new(Heir(Arc::downgrade(self))));
            for token in tokens {
                token.listen(heir);
            }
        }
    }

    /// The tokens that stop this run.
    pub(crate) fn tokens(&self) -> [CancelToken; 2] {
        [self.token.clone(), self.outer.clone()]
    }

    /// Makes the first nodes ready, and calls somebody to them.
    pub(crate) fn begin(self: &Arc<Self>, role: Role) {
        self.machine.pool.begin();
        let plan = self.plan();
        self.emit(EventKinds::RUN, || EventKind::RunStarted {
            nodes: plan.len(),
            levels: plan.levels(),
        });
        match &self.path {
            Path::Fast(fast) => fast.begin(self),
            Path::Dispatch(shell) => {
                *lock(&self.keep) = Some(Arc::clone(self));
                shell.begin(self);
            }
        }
        // Any other run is always looked at by somebody, who sees the token.
        let unasked = matches!(&self.path, Path::Fast(fast) if fast.runs_unasked());
        if unasked || matches!(self.path, Path::Dispatch(_)) || self.may_block {
            self.token.listen(self);
        }
        if role == Role::Helper && !self.is_finished() {
            self.call();
        }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        self.frame.plan()
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn constants(&self) -> &RunConstants {
        &self.constants
    }

    pub(crate) fn environment(&self) -> Option<&dyn Environment> {
        self.environment.as_deref()
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    pub(crate) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    pub(crate) fn token(&self) -> &CancelToken {
        &self.token
    }

    /// Whether the run was told to stop.
    pub(crate) fn cancelled(&self) -> bool {
        self.token.is_cancelled() || self.outer.is_cancelled()
    }

    /// Whether and why nothing new is to start.
    pub(crate) fn stopped(&self) -> Stopped {
        if self.cancelled() {
            Stopped::Cancelled
        } else if self.refused.load(Ordering::Relaxed) {
            Stopped::Refused
        } else if let Some(at) = self.failed_at.load(Ordering::Relaxed).checked_sub(1) {
            Stopped::Failed(PlanIndex::new(at))
        } else if self.ended_early.load(Ordering::Relaxed) {
            Stopped::Early
        } else {
            Stopped::No
        }
    }

    /// Lets nothing new start, without anything having gone wrong.
    fn end_early(self: &Arc<Self>) {
        // Nothing is published with it: who sees it late starts one node more.
        self.ended_early.store(true, Ordering::Relaxed);
        self.nudge();
    }

    /// Whether tasks that run are to stop.
    pub(crate) fn ends(&self) -> bool {
        matches!(self.stopped(), Stopped::Cancelled | Stopped::Early)
    }

    /// Lets nothing new start but what cleans up, where a failure is to do that: one that nothing
    /// around it tolerates.
    pub(crate) fn stop_for(self: &Arc<Self>, frame: &Frame, at: PlanIndex) {
        if self.on_failure == OnFailure::Continue {
            return;
        }
        if let Some(at) = self.dooms(frame, at) {
            // The first failure is the one; nothing is published with it.
            let (none, some) = (0, at.get() + 1);
            let order = Ordering::Relaxed;
            if self.failed_at.compare_exchange(none, some, order, order).is_ok() {
                self.nudge();
            }
        }
    }

    /// The node of the outermost workflow that fails for a node that has failed; `None` where
    /// something around that tolerates it, or may try again.
    fn dooms(&self, frame: &Frame, at: PlanIndex) -> Option<PlanIndex> {
        let (mut frame, mut at) = (frame, at);
        loop {
            let policy = frame.plan().policy(at);
            let tolerates = |policy: &Policy| policy.if_failed != IfFailed::Fails;
            if policy.is_some_and(tolerates) {
                return None;
            }
            let Some(parent) = frame.parent() else { return Some(at) };
            // SAFETY: the frame is open, so the token that follows it has not ended.
            let fan = unsafe { parent.fan.get() };
            let again = |policy: Option<&Policy>| policy.is_some_and(|p| p.retry.is_some());
            if fan.tolerates() || again(fan.policy()) {
                return None;
            }
            // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
            frame = unsafe { fan.home.get() };
            at = fan.at;
            if again(frame.plan().policy(at)) {
                return None;
            }
        }
    }

    /// As [`Self::stop_for`], for an item that has failed for good.
    pub(crate) fn stop_for_item(self: &Arc<Self>, fan: &Fan) {
        if self.on_failure == OnFailure::Stop && !fan.tolerates() {
            // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
            self.stop_for(unsafe { fan.home.get() }, fan.at);
        }
    }

    /// Whether anything asks the dispatcher for more than a place.
    pub(crate) fn is_ordered(&self) -> bool {
        self.shell().is_some_and(Shell::is_ordered)
    }

    pub(crate) fn shell(&self) -> Option<&Shell> {
        match &self.path {
            Path::Dispatch(shell) => Some(shell),
            Path::Fast(_) => None,
        }
    }

    /// What holds for everything in a frame.
    pub(crate) fn around(&self, frame: &Frame) -> Option<Arc<Around>> {
        match frame.parent() {
            // SAFETY: the frame is open, so the token that follows it has not ended.
            Some(parent) => unsafe { parent.fan.get() }.around.clone(),
            None => self.around.clone(),
        }
    }

    /// When the time of a frame is over.
    pub(crate) fn due(&self, frame: &Frame) -> Option<Duration> {
        match frame.parent() {
            Some(parent) => parent.due,
            None => self.due,
        }
    }

    /// Asks to be looked at again at a time of the run.
    pub(crate) fn wake_at(self: &Arc<Self>, at: Duration) {
        let own: Weak<Self> = Arc::downgrade(self);
        let at = self.began.saturating_add(at);
        if let Err(error) = self.machine.crew.wake(at, own) {
            // What waits for time would wait for ever. The first refusal is the one.
            let _ = self.error.set(RunError::NoTimer { source: Arc::new(error) });
            self.outer.cancel();
            self.nudge();
        }
    }

    /// Whether any unit may ever wait for the blocking lane.
    pub(crate) fn may_block(&self) -> bool {
        self.may_block
    }

    /// How many nodes compute and how many wait at once.
    pub(crate) fn widths(&self) -> (u32, u32) {
        let blocking = u32::try_from(self.machine.max_blocking).unwrap_or(u32::MAX);
        (self.machine.workers, blocking)
    }

    /// The run's own frame.
    pub(crate) fn root(&self) -> FramePtr {
        FramePtr::new(&self.frame)
    }

    /// On which lane a unit runs.
    ///
    /// # Safety
    /// The caller holds it.
    pub(crate) unsafe fn lane_of(&self, unit: Unit) -> NodeLane {
        match unit {
            // SAFETY: a held node has not ended, so its frame is open.
            Unit::Node(frame, at) => unsafe { frame.get() }.plan().lane(at),
            // SAFETY: a held token has not ended.
            Unit::Token(fan) => unsafe { fan.get() }.lane(),
            // SAFETY: the token that follows the item has not ended.
            Unit::Item(fan, _) => unsafe { fan.get() }.item_lane(),
        }
    }

    /// Whether a unit that is ready is to be written off rather than run, and so needs no lane.
    ///
    /// # Safety
    /// The caller holds it.
    pub(crate) unsafe fn is_written_off(&self, unit: Unit) -> bool {
        match unit {
            Unit::Node(frame, at) => {
                // SAFETY: a held node has not ended, so its frame is open.
                let verdict: Option<OutcomeStatus> = self.verdict(unsafe { frame.get() }, at);
                verdict.is_some()
            }
            Unit::Token(fan) => {
                // SAFETY: a held token has not ended.
                let fan = unsafe { fan.get() };
                !fan.claims.any_left() || self.has_no_more(fan)
            }
            Unit::Item(fan, _) => {
                // SAFETY: the token that follows the item has not ended.
                self.has_no_more(unsafe { fan.get() })
            }
        }
    }

    /// Time since the run began.
    pub(crate) fn now(&self) -> Duration {
        self.machine.clock.now().saturating_sub(self.began)
    }

    /// Whether anybody wants events of some kinds.
    pub(crate) fn wants(&self, kinds: EventKinds) -> bool {
        self.emitter.as_ref().is_some_and(|emitter| emitter.wants(kinds))
    }

    /// As [`Self::emit`], from a thread that the run may end without.
    pub(crate) fn emit_late(&self, which: EventKinds, kind: impl FnOnce() -> EventKind) {
        if let Some(emitter) = self.emitter.as_ref().filter(|emitter| emitter.wants(which)) {
            emitter.emit_late(|| self.now(), kind());
        }
    }

    /// Tells the observer, where it wants this; else nothing is built.
    pub(crate) fn emit(&self, which: EventKinds, kind: impl FnOnce() -> EventKind) {
        if let Some(emitter) = self.emitter.as_ref().filter(|emitter| emitter.wants(which)) {
            emitter.emit(|| self.now(), kind());
        }
    }

    /// How it stands, for whoever looks at it from outside.
    pub(crate) fn look(&self) -> Look {
        let (at, nodes) = (self.now(), self.plan().len());
        let (left, standing) = match &self.path {
            Path::Fast(fast) => (fast.left(nodes), None),
            Path::Dispatch(shell) => (self.frame.left(), Some(shell.standing(at))),
        };
        let left = if self.is_finished() { 0 } else { left };
        let inside = self.inside.load(Ordering::Relaxed);
        let workflow = self.plan().workflow();
        let all_compute = standing.is_none() && !workflow.may_block() && !workflow.may_grow();
        let computing = all_compute.then(|| self.seats.seated() as usize);
        let ended = nodes.saturating_sub(left);
        Look { at, nodes, ended, inside, standing, computing }
    }

    pub(crate) fn is_finished(&self) -> bool {
        // Pairs with the Release in `finish`.
        self.finished.load(Ordering::Acquire)
    }

    /// How many may work on it at once.
    pub(crate) fn capacity(&self) -> u32 {
        self.seats.capacity()
    }

    /// After work became visible: wakes somebody for it, where a seat is free.
    pub(crate) fn call(self: &Arc<Self>) {
        match self.seats.call() {
            Call::Nobody => {}
            Call::Owner => self.wake_owner(),
            Call::Helper => self.machine.pool.invite(Arc::clone(self) as Arc<dyn Join>),
        }
    }

    /// Hands a blocking unit that is ready, and held by the caller, to the lane.
    pub(crate) fn submit_blocking(self: &Arc<Self>, job: Job) {
        lock(&self.waiting).jobs.push_back(job);
        let job = Arc::clone(self) as Arc<dyn TakeTurn>;
        if self.machine.crew.submit(job) == Answer::Saturated {
            lock(&self.waiting).overflow += 1;
            // Its fence orders the line above before the owner's second look.
            if self.seats.owner_asleep() {
                self.wake_owner();
            }
            if self.machine.crew.is_lane_dead() {
                self.call();
            }
        }
    }

    /// A blocking node that waits for a busy lane, taken by someone who waits anyway; or any that
    /// waits, when all that is left is to write it off.
    pub(crate) fn take_overflow(&self, role: Role) -> Option<Job> {
        if self.has_overflow(role) { lock(&self.waiting).take() } else { None }
    }

    fn has_overflow(&self, role: Role) -> bool {
        if !self.may_block {
            return false;
        }
        let overflow = {
            let waiting = lock(&self.waiting);
            if waiting.jobs.is_empty() {
                return false;
            }
            waiting.overflow > 0
        };
        self.stopped() != Stopped::No
            || overflow && (role == Role::Owner || self.machine.crew.is_lane_dead())
    }

    fn has_work(&self, role: Role) -> bool {
        let ready = match &self.path {
            Path::Fast(fast) => fast.has_work(),
            Path::Dispatch(shell) => shell.has_work(self),
        };
        ready || self.has_overflow(role)
    }

    /// Works on it, from a seat, until there is nothing to do for the moment.
    fn work(self: &Arc<Self>, role: Role) {
        let mut desk = self.take_desk();
        loop {
            match &self.path {
                Path::Fast(fast) => fast.work(self, role, &mut desk),
                Path::Dispatch(shell) => shell.work(self, role, &mut desk),
            }
            // A few microseconds of patience: cheaper than a wake-up where work comes right away.
            let backoff = Backoff::new();
            let mut more = false;
            while self.capacity() > 1 && !self.is_finished() && !backoff.is_completed() {
                more = self.has_work(role);
                if more {
                    break;
                }
                backoff.snooze();
            }
            if !more {
                break;
            }
        }
        lock(&self.desks).idle.push(desk);
    }

    fn take_desk(&self) -> Desk {
        let mut desks = lock(&self.desks);
        desks.idle.pop().unwrap_or_else(|| {
            let number = desks.made;
            desks.made += 1;
            match &self.path {
                Path::Fast(fast) => Desk::with_deque(number, fast),
                Path::Dispatch(_) => Desk::new(number),
            }
        })
    }
}

impl Join for Run {
    fn join(self: Arc<Self>) {
        if !self.seats.arrive() {
            return;
        }
        loop {
            if !self.is_finished() {
                self.work(Role::Helper);
            }
            self.seats.leave();
            let more = !self.is_finished() && self.has_work(Role::Helper);
            if !more || !self.seats.sit() {
                return;
            }
        }
    }
}

impl TakeTurn for Run {
    fn turn(self: Arc<Self>, thread: u16) -> Back {
        let Some(job) = lock(&self.waiting).take() else { return Back::Free };
        let mut desk = Desk::new(thread);
        match &self.path {
            Path::Fast(fast) => fast.turn(&self, job.unit, &mut desk),
            Path::Dispatch(shell) => shell.turn(&self, job, &mut desk),
        }
        Back::Free
    }
}

impl Tick for Run {
    fn tick(self: Arc<Self>) {
        match &self.path {
            Path::Fast(fast) => fast.tick(&self),
            Path::Dispatch(shell) => shell.tick(&self),
        }
    }
}

impl Listener for Run {
    fn cancelled(self: Arc<Self>) {
        self.nudge();
    }
}

/// Hands the end of an outer run down.
struct Heir(Weak<Run>);

impl Listener for Heir {
    fn cancelled(self: Arc<Self>) {
        if let Some(run) = self.0.upgrade() {
            run.outer.cancel();
            run.nudge();
        }
    }
}

/// Locks, also after a panic of ours: every step leaves the state whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
