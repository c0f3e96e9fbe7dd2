//! [`Frame`]: one running instance of a plan: per node a counter of what it waits for, the output
//! with a counter of who still reads it, and how it ended.
//!
//! The run's own workflow is one, and so is every workflow that runs inside it; what is around
//! such a frame is [`crate::fan`]'s. Why a node does not run is a [`cause`]; what can be ready is a
//! [`unit`].
//!
//! All of it lies in flat arrays, so that a run of a million nodes is made and dropped without
//! recursion. What only several threads need is made when there are several.
//!
//! # Who may touch what
//! A node's output and record are plain memory. Each belongs to exactly one thread at a time:
//!
//! 1. From the start, to whoever *holds* the node. A path hands each node to one thread: the one
//!    that brought `pending` to 0 (fast), or the one that took its `Start` or was given its `Skip`
//!    (dispatcher).
//! 2. [`Frame::settle`] is the holder's last write. What follows *publishes* it: the Release half
//!    of [`Frame::arrive`], or the dispatcher's lock; and, for the end of the run, the Release
//!    store of the run's `finished` flag.
//! 3. Published, it is read by successors (who acquired by the counter chain or the lock) and by
//!    the report (who acquired `finished`). Nobody writes, except:
//! 4. the *last reader* takes or drops the output. Each reader counts itself off `readers` (AcqRel)
//!    after its last look, so whoever sees itself alone sees all others gone, and they see nothing
//!    of what it does.
//!
//! Values without heap are never counted: there is nothing to drop. Outputs that stay readable
//! have one reader more, who never counts itself off.

mod cause;
mod outputs;
mod record;
mod store;
mod stretches;
mod unit;
mod values;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus, Plan, PlanIndex, TaskError, Value};

use crate::fan::Name;
use crate::fast::Program;

pub(crate) use cause::Cause;
pub(crate) use outputs::Outputs;
pub(crate) use record::Record;
use store::Cell;
pub(crate) use store::Store;
pub(crate) use stretches::{Lap, Laps, Stretches};
pub(crate) use unit::{FanPtr, FramePtr, Job, Unit};
pub(crate) use values::{clear, discard, has_heap, let_go, push, push_plain};

/// One running instance of a plan.
pub(crate) struct Frame {
    plan: Arc<Plan>,
    store: Store,
    /// How many nodes, from the first, ended well on one thread and left no record: see [`Stretches`].
    sequenced: AtomicU32,
    stretches: OnceLock<Stretches>,
    /// When blocks ran, where it runs in blocks: nodes that ended well in one leave no record.
    laps: Option<OnceLock<Laps>>,
    /// Whether readers were counted then.
    counted: AtomicBool,
    /// Values of the workflow's inputs. Set while nobody else knows the frame.
    inputs: Vec<Value>,
    parent: Option<Parent>,
    /// What it is called, once somebody asked.
    name: OnceLock<Name>,
    /// Nodes that have not been counted off. A run's own frame counts elsewhere on the fast path.
    left: AtomicUsize,
    tally: Tally,
    errors: Mutex<Vec<(PlanIndex, TaskError)>>,
    /// Nodes that were tried before and wait for another attempt.
    tries: Mutex<BTreeMap<PlanIndex, Tries>>,
    /// Whether there ever was one.
    tried: AtomicBool,
}

/// What came of a node, or an item, so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    /// How many attempts there were.
    pub(crate) attempts: u32,
    /// When the first of them started.
    pub(crate) first: Duration,
    /// When there may be another.
    pub(crate) again: Duration,
}

/// What a frame is an item of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    /// The fan, which stays as long as the frame is open.
    pub(crate) fan: FanPtr,
    /// Which of its items or passes.
    pub(crate) item: u64,
    /// How many frames are around this one.
    pub(crate) depth: u32,
    /// How urgent the outermost node around it is.
    pub(crate) urgency: u32,
    /// Where the fan keeps the item, if that goes through the dispatcher by itself.
    pub(crate) pending: Option<u32>,
    /// When its time is over.
    pub(crate) due: Option<Duration>,
}

/// How many nodes of a frame ended how, apart from success. Counted before a node is published.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) failed: AtomicUsize,
    pub(crate) skipped: AtomicUsize,
    /// Of the skipped ones, those behind a failure.
    pub(crate) blamed: AtomicUsize,
    pub(crate) cancelled: AtomicUsize,
    /// Failed, and nothing else for that.
    pub(crate) tolerated: AtomicUsize,
    /// Of the skipped ones, those that the run's early end kept from running.
    pub(crate) cut: AtomicUsize,
}

impl Tally {
    /// Any other end than success, or a skip that nothing failed for.
    pub(crate) fn went_wrong(&self) -> bool {
        self.failed.load(Ordering::Relaxed) + self.blamed.load(Ordering::Relaxed) > 0
    }

    /// Whether any node ended otherwise than well.
    pub(crate) fn is_marked(&self) -> bool {
        let ended = [&self.failed, &self.skipped, &self.cancelled, &self.tolerated];
        ended.into_iter().any(|count| count.load(Ordering::Relaxed) > 0)
    }

    /// Whether some of it did not run because the run was told to stop, however.
    pub(crate) fn was_stopped(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) + self.cut.load(Ordering::Relaxed) > 0
    }
}

// SAFETY: the plain memory of a cell is touched by one thread at a time, or only read, as the
// module says; `Value` and `Record` may be sent and shared.
unsafe impl Sync for Frame {}

impl Frame {
    pub(crate) fn new(plan: &Arc<Plan>, inputs: Vec<Value>, parent: Option<Parent>) -> Self {
        Self::with_store(plan, Store::new(plan), inputs, parent)
    }

    /// On memory that is as new, of the same plan.
    pub(crate) fn with_store(
        plan: &Arc<Plan>,
        store: Store,
        inputs: Vec<Value>,
        parent: Option<Parent>,
    ) -> Self {
        Self {
            plan: Arc::clone(plan),
            store,
            sequenced: AtomicU32::new(0),
            stretches: OnceLock::new(),
            laps: None,
            counted: AtomicBool::new(false),
            inputs,
            parent,
            name: OnceLock::new(),
            left: AtomicUsize::new(plan.len()),
            tally: Tally::default(),
            errors: Mutex::new(Vec::new()),
            tries: Mutex::default(),
            tried: AtomicBool::new(false),
        }
    }

    /// Makes it as new, for another item of the same plan; whatever it still held is dropped.
    pub(crate) fn reset(&mut self) {
        self.store.reset(&self.plan);
        self.inputs.drain(..).for_each(discard);
        *self.left.get_mut() = self.plan.len();
        self.tally = Tally::default();
        self.name = OnceLock::new();
        self.errors.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        if std::mem::take(self.tried.get_mut()) {
            self.tries.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// The memory, as new, when nobody looks at it any more.
    fn clear(&mut self, readable: &[PlanIndex]) -> Store {
        let mut store = std::mem::replace(&mut self.store, Store::none());
        let in_sequence = *self.sequenced.get_mut() as usize == self.plan.len();
        let in_blocks =
            self.laps.is_some() && !self.tally.is_marked() && !self.counted.load(Ordering::Relaxed);
        if in_sequence || in_blocks {
            store.clear_readable(readable);
        } else {
            store.reset(&self.plan);
        }
        store
    }

    /// Says, while nobody else knows it, that it runs in blocks.
    pub(crate) fn run_in_blocks(&mut self) {
        self.laps = Some(OnceLock::new());
    }

    /// Notes when its blocks ran, in order, at the end of the run.
    pub(crate) fn note_laps(&self, laps: Laps) {
        let first = self.laps.as_ref().is_some_and(|own| own.set(laps).is_ok());
        debug_assert!(first, "a run in blocks ends once");
    }

    /// Notes that readers of outputs were counted.
    pub(crate) fn note_counted(&self) {
        self.counted.store(true, Ordering::Relaxed);
    }

    /// Notes that the nodes before `end` have ended well, in order, and left no records.
    pub(crate) fn note_sequence(&self, end: u32) {
        // Published with whatever becomes ready by it, or with the end of the run.
        self.sequenced.store(end, Ordering::Relaxed);
    }

    /// Notes when they ran. Before the end of the run.
    pub(crate) fn note_stretches(&self, stretches: Stretches) {
        let first = self.stretches.set(stretches).is_ok();
        debug_assert!(first, "one thread runs a sequence");
    }

    /// Gives a frame that is as new its inputs and its place.
    pub(crate) fn open(&mut self, inputs: impl IntoIterator<Item = Value>, parent: Parent) {
        self.inputs.extend(inputs);
        self.parent = Some(parent);
    }

    /// The values of the workflow's inputs.
    pub(crate) fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// As [`Self::inputs`], while nobody else knows the frame.
    pub(crate) fn inputs_mut(&mut self) -> &mut [Value] {
        &mut self.inputs
    }

    /// What it is an item of; `None` for a run's own frame.
    pub(crate) fn parent(&self) -> Option<&Parent> {
        self.parent.as_ref()
    }

    /// Where its name is kept.
    pub(crate) fn name(&self) -> &OnceLock<Name> {
        &self.name
    }

    /// How many frames are around it.
    pub(crate) fn depth(&self) -> u32 {
        self.parent.map_or(0, |parent| parent.depth)
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Counts ended nodes off. True: they were the last, and the caller has acquired all others.
    pub(crate) fn count_off(&self, nodes: usize) -> bool {
        // Release publishes the caller's nodes to whoever comes last; Acquire takes over theirs.
        self.left.fetch_sub(nodes, Ordering::AcqRel) == nodes
    }

    /// How many nodes have not been counted off.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    #[inline]
    fn cell(&self, at: PlanIndex) -> &Cell {
        self.store.cell(&self.plan, at)
    }

    /// One of the nodes that `at` waits for has ended. True for the last, whose caller holds `at`
    /// from here on and has acquired everything that all of them published.
    pub(crate) fn arrive(&self, at: PlanIndex) -> bool {
        // Release publishes the caller's node, Acquire takes over what the earlier ones published.
        self.store.pending(&self.plan, at).fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Notes a node behind `at` that gives it no value. Before the arrival of the node it comes
    /// through.
    pub(crate) fn blame(&self, at: PlanIndex, cause: Cause) {
        // Ordered by the arrival that follows.
        self.cell(at).cause.fetch_min(cause.pack(), Ordering::Relaxed);
    }

    /// The node behind `at` for which it does not run, once all it waits for has ended.
    pub(crate) fn cause(&self, at: PlanIndex) -> Option<Cause> {
        let cell = self.store.made(at)?;
        Cause::unpack(cell.cause.load(Ordering::Relaxed))
    }

    /// Writes how a node ended. An output that nobody reads is dropped here.
    ///
    /// # Safety
    /// The caller holds `at`, and writes no more to it.
    pub(crate) unsafe fn settle(&self, at: PlanIndex, record: Record, output: Value) {
        let cell = self.cell(at);
        // SAFETY: rule 1: nobody else touches the record before it is published.
        unsafe { *cell.record.get() = record };
        if self.plan.uses(at) == 0 {
            discard(output);
        } else {
            // SAFETY: passed on.
            unsafe { self.put(at, output) };
        }
    }

    /// Puts an output where its readers look for it.
    ///
    /// # Safety
    /// The caller holds `at`, and does this once.
    pub(crate) unsafe fn put(&self, at: PlanIndex, output: Value) {
        // SAFETY: rule 1. The old value has no heap: nothing is dropped.
        unsafe { self.slot(at).write(output) };
    }

    /// Where all outputs lie.
    #[inline]
    pub(crate) fn outputs(&self) -> Outputs<'_> {
        Outputs::of(&self.store)
    }

    /// Takes an output whose last reader the caller is, by the order in which a sequence runs.
    ///
    /// # Safety
    /// Every other reader has ended, and `at` is published to the caller.
    pub(crate) unsafe fn take(&self, at: PlanIndex) -> Value {
        // SAFETY: passed on.
        std::mem::take(unsafe { &mut *self.slot(at) })
    }

    /// An output.
    ///
    /// # Safety
    /// `at` is published to the caller, who has not counted itself off, nor does while it looks.
    #[inline]
    pub(crate) unsafe fn look(&self, at: PlanIndex) -> &Value {
        // SAFETY: rule 3.
        unsafe { &*self.slot(at) }
    }

    fn slot(&self, at: PlanIndex) -> *mut Value {
        self.store.outputs[at.index()].get()
    }

    /// Counts off a reader that ended in a sequence, without looking at the output: another reader
    /// may be at it. The last one drops what is left.
    ///
    /// # Safety
    /// The reader has ended and is counted off once.
    pub(crate) unsafe fn count_reader_off(&self, at: PlanIndex) {
        // As in `release`.
        if self.cell(at).readers.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: rule 4: all readers have counted themselves off.
            discard(unsafe { self.take(at) });
        }
    }

    /// Writes how a node ended whose output is in its place already.
    ///
    /// # Safety
    /// The caller holds `at`, and writes no more to it.
    pub(crate) unsafe fn note(&self, at: PlanIndex, record: Record) {
        // SAFETY: rule 1.
        unsafe { *self.cell(at).record.get() = record };
    }

    /// What came of a node so far, where it was tried before.
    #[inline]
    pub(crate) fn tries(&self, at: PlanIndex) -> Option<Tries> {
        // Whoever holds a node that was tried acquired it after that was kept.
        if !self.tried.load(Ordering::Relaxed) {
            return None;
        }
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).get(&at).copied()
    }

    /// Keeps what came of a node so far.
    pub(crate) fn keep_tries(&self, at: PlanIndex, tries: Tries) {
        self.tried.store(true, Ordering::Relaxed);
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).insert(at, tries);
    }

    /// Keeps the error of a failed node.
    pub(crate) fn keep_error(&self, at: PlanIndex, error: TaskError) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push((at, error));
    }

    /// The output of `at` for one reader: moved out when `only_once` says that this reader asks
    /// no more for it and no other reader is left.
    ///
    /// # Safety
    /// `at` is published to the caller, who counts itself off only later.
    pub(crate) unsafe fn read(&self, at: PlanIndex, only_once: bool) -> Value {
        // SAFETY: rule 3: the caller has not counted itself off, so nobody else is the last reader.
        let output = unsafe { &*self.slot(at) };
        if !has_heap(output) {
            return output.clone();
        }
        let cell = self.cell(at);
        // Pairs with the AcqRel in `release`: all other readers are done.
        if only_once && cell.readers.load(Ordering::Acquire) == 1 {
            // SAFETY: rule 4: the caller is the last reader. `output` is not used again.
            return unsafe { self.take(at) };
        }
        output.clone()
    }

    /// Puts another output with heap in the place of one that has been published.
    ///
    /// # Safety
    /// Nobody reads it meanwhile, and whoever does so later acquires what the caller did.
    pub(crate) unsafe fn replace(&self, at: PlanIndex, output: Value) {
        // SAFETY: passed on.
        let before = unsafe { std::mem::replace(&mut *self.slot(at), output) };
        discard(before);
    }

    /// Counts one reader off; the last one drops the output.
    ///
    /// # Safety
    /// `at` is published to the caller, who is one of its readers, reads it no more, and calls this
    /// once.
    pub(crate) unsafe fn release(&self, at: PlanIndex) {
        // SAFETY: rule 3: the caller has not counted itself off yet.
        if !has_heap(unsafe { &*self.slot(at) }) {
            return;
        }
        let cell = self.cell(at);
        // Release: this reader's looks come before the last one's drop; Acquire: the last sees that.
        if cell.readers.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: rule 4: all readers have counted themselves off, this one as the last.
            discard(unsafe { self.take(at) });
        }
    }

    /// How a node ended.
    ///
    /// # Safety
    /// `at` is published to the caller.
    pub(crate) unsafe fn record(&self, at: PlanIndex) -> Record {
        if at.get() < self.sequenced.load(Ordering::Relaxed) {
            return self.stretches().record(at.get());
        }
        // SAFETY: rule 3: published records are only read.
        let record = self.store.made(at).map(|cell| unsafe { *cell.record.get() });
        if let Some(record) = record.filter(|record| !record.is_none()) {
            return record;
        }
        match &self.laps {
            Some(laps) => laps.get().unwrap_or(&Laps(Vec::new())).record(at.get()),
            None => Record::unstarted(OutcomeStatus::Cancelled, Lane::Compute),
        }
    }

    /// How a node of a sequence ended that is not among those noted by [`Self::note_sequence`].
    pub(crate) fn sequence_record(&self, at: PlanIndex) -> Record {
        self.stretches().record(at.get())
    }

    /// When the sequence ended, as far as that was taken.
    pub(crate) fn sequence_end(&self) -> Duration {
        Duration::from_nanos(self.stretches().marks.last().map_or(0, |&(_, time)| time))
    }

    fn stretches(&self) -> &Stretches {
        static UNKNOWN: Stretches = Stretches { worker: 0, marks: Vec::new() };
        self.stretches.get().unwrap_or(&UNKNOWN)
    }

    /// The output of a node that stays readable; null for others that are gone.
    ///
    /// # Safety
    /// The run is over and the caller has acquired its end.
    pub(crate) unsafe fn output(&self, at: PlanIndex) -> &Value {
        // SAFETY: rule 3: after the end outputs are only read.
        unsafe { &*self.slot(at) }
    }

    /// The error of a failed node, after [`Self::sort_errors`].
    pub(crate) fn error(&self, at: PlanIndex) -> Option<TaskError> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let found = errors.binary_search_by_key(&at, |(on, _)| *on).ok()?;
        Some(errors[found].1.clone())
    }

    /// The error of a failed node, while others may still fail.
    pub(crate) fn find_error(&self, at: PlanIndex) -> Option<TaskError> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.iter().find(|(on, _)| *on == at).map(|(_, error)| error.clone())
    }

    /// The first error in run order, of the nodes that count.
    pub(crate) fn first_error(
        &self,
        counts: impl Fn(PlanIndex) -> bool,
    ) -> Option<(PlanIndex, TaskError)> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.iter().filter(|(at, _)| counts(*at)).min_by_key(|(at, _)| *at).cloned()
    }

    /// Puts the errors in run order, when the run is over.
    pub(crate) fn sort_errors(&self) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).sort_by_key(|(at, _)| *at);
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let plan = Arc::clone(&self.plan);
        match Program::of(&plan).filter(|_| self.parent.is_none()) {
            // For the next run of the plan.
            Some(program) => program.give_back(self.clear(program.readable())),
            None => self.store.clear(),
        }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("plan", &self.plan).finish_non_exhaustive()
    }
}
