//! [`Store`]: the memory of a frame, which another run of the same plan may use again.

use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use terrace_core::{Plan, PlanIndex, Value};

use super::{Record, cause, discard};

/// What there is of one node, apart from its output and what it waits for.
pub(super) struct Cell {
    pub(super) readers: AtomicU32,
    /// The first of the [`super::Cause`]s behind it.
    pub(super) cause: AtomicU32,
    pub(super) record: UnsafeCell<Record>,
}

/// What several threads need.
struct Shared {
    /// Nodes that each node still waits for. The fast path's; the dispatcher counts for itself.
    /// Apart: all threads count here all the time, and would take from each other what lies beside.
    pending: Box<[AtomicU32]>,
    cells: Box<[Cell]>,
}

impl Shared {
    fn new(plan: &Plan) -> Self {
        let cell = |at| Cell {
            readers: AtomicU32::new(plan.uses(at)),
            cause: AtomicU32::new(cause::NOBODY),
            record: UnsafeCell::new(Record::none()),
        };
        let pending = plan.indices().map(|at| AtomicU32::new(plan.in_degree(at)));
        Self { pending: pending.collect(), cells: plan.indices().map(cell).collect() }
    }
}

/// Flat arrays: outputs lie apart, since a plan that runs in sequence touches nothing else. What
/// several threads need is made when the first asks for it, and outputs only where any are read:
/// large plans that run on one thread need neither.
pub(crate) struct Store {
    shared: OnceLock<Shared>,
    pub(super) outputs: Box<[UnsafeCell<Value>]>,
}

// SAFETY: who may touch what is said in `super`; at rest nobody does.
unsafe impl Sync for Store {}

impl Store {
    pub(crate) fn new(plan: &Plan) -> Self {
        let is_read = plan.indices().any(|at| plan.uses(at) > 0);
        let outputs = match is_read {
            true => plan.indices().map(|_| UnsafeCell::new(Value::Null)).collect(),
            false => Box::default(),
        };
        Self { shared: OnceLock::new(), outputs }
    }

    /// That of a plan without nodes.
    pub(super) fn none() -> Self {
        Self { shared: OnceLock::new(), outputs: Box::default() }
    }

    #[inline]
    fn shared(&self, plan: &Plan) -> &Shared {
        match self.shared.get() {
            Some(shared) => shared,
            None => self.make(plan),
        }
    }

    #[cold]
    fn make(&self, plan: &Plan) -> &Shared {
        self.shared.get_or_init(|| Shared::new(plan))
    }

    /// How many nodes a node still waits for.
    #[inline]
    pub(super) fn pending(&self, plan: &Plan, at: PlanIndex) -> &AtomicU32 {
        &self.shared(plan).pending[at.index()]
    }

    /// What there is of a node.
    #[inline]
    pub(super) fn cell(&self, plan: &Plan, at: PlanIndex) -> &Cell {
        &self.shared(plan).cells[at.index()]
    }

    /// As [`Self::cell`]; `None` where nobody asked for any, so that all is as it was made.
    #[inline]
    pub(super) fn made(&self, at: PlanIndex) -> Option<&Cell> {
        self.shared.get().map(|shared| &shared.cells[at.index()])
    }

    /// Makes it as new; whatever it still held is dropped.
    pub(super) fn reset(&mut self, plan: &Plan) {
        if let Some(shared) = self.shared.get_mut() {
            for (at, pending) in plan.indices().zip(&mut shared.pending) {
                *pending.get_mut() = plan.in_degree(at);
            }
            for (at, cell) in plan.indices().zip(&mut shared.cells) {
                *cell.readers.get_mut() = plan.uses(at);
                *cell.cause.get_mut() = cause::NOBODY;
                *cell.record.get_mut() = Record::none();
            }
        }
        self.clear();
    }

    /// Drops all outputs.
    pub(super) fn clear(&mut self) {
        for output in &mut self.outputs {
            discard(std::mem::take(output.get_mut()));
        }
    }

    /// Drops the outputs that stay readable, where all others are gone.
    pub(super) fn clear_readable(&mut self, readable: &[PlanIndex]) {
        for at in readable {
            discard(std::mem::take(self.outputs[at.index()].get_mut()));
        }
    }
}
