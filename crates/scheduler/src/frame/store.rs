//! [`Store`]: the memory of a frame, which another run of the same plan may use again.

use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use terrace_core::{Plan, PlanIndex, Value};

use super::{Record, cause, discard};

/// What there is of one node, apart from its output.
pub(super) struct Cell {
    /// Nodes it still waits for. The fast path's; the dispatcher counts for itself.
    pub(super) pending: AtomicU32,
    pub(super) readers: AtomicU32,
    /// The first of the [`super::Cause`]s behind it.
    pub(super) cause: AtomicU32,
    pub(super) record: UnsafeCell<Record>,
}

/// Two flat arrays: outputs lie apart, since a plan that runs in sequence touches nothing else. Cells
/// are made when the first is asked for, and outputs only where any are read: large plans that run on
/// one thread need neither.
pub(crate) struct Store {
    cells: OnceLock<Box<[Cell]>>,
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
        Self { cells: OnceLock::new(), outputs }
    }

    /// That of a plan without nodes.
    pub(super) fn none() -> Self {
        Self { cells: OnceLock::new(), outputs: Box::default() }
    }

    /// What there is of a node.
    #[inline]
    pub(super) fn cell(&self, plan: &Plan, at: PlanIndex) -> &Cell {
        match self.cells.get() {
            Some(cells) => &cells[at.index()],
            None => &self.make(plan)[at.index()],
        }
    }

    /// As [`Self::cell`]; `None` where nobody asked for any, so that all is as it was made.
    #[inline]
    pub(super) fn made(&self, at: PlanIndex) -> Option<&Cell> {
        self.cells.get().map(|cells| &cells[at.index()])
    }

    #[cold]
    fn make(&self, plan: &Plan) -> &[Cell] {
        self.cells.get_or_init(|| {
            let cell = |at| Cell {
                pending: AtomicU32::new(plan.in_degree(at)),
                readers: AtomicU32::new(plan.uses(at)),
                cause: AtomicU32::new(cause::NOBODY),
                record: UnsafeCell::new(Record::none()),
            };
            plan.indices().map(cell).collect()
        })
    }

    /// Makes it as new; whatever it still held is dropped.
    pub(super) fn reset(&mut self, plan: &Plan) {
        let cells = self.cells.get_mut().map(|cells| &mut **cells).unwrap_or_default();
        for (at, cell) in plan.indices().zip(cells) {
            *cell.pending.get_mut() = plan.in_degree(at);
            *cell.readers.get_mut() = plan.uses(at);
            *cell.cause.get_mut() = cause::NOBODY;
            *cell.record.get_mut() = Record::none();
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
