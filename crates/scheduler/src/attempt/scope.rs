//! Where expressions find what they refer to: in a frame ([`FrameScope`]), or for one item of a
//! map, which has no frame ([`ItemScope`]).

use terrace_core::{OutcomeStatus, PlanIndex, RunConstants, Slots, Value};

use crate::fan::{ItemEnd, as_outcome};
use crate::frame::Frame;
use crate::run::Run;

/// For a node whose dependencies are all published to this thread.
pub(crate) struct FrameScope<'a> {
    run: &'a Run,
    frame: &'a Frame,
    /// Whether every output is asked for once, so that the last reader may take it.
    only_once: bool,
}

impl<'a> FrameScope<'a> {
    pub(crate) fn new(run: &'a Run, frame: &'a Frame) -> Self {
        Self { run, frame, only_once: false }
    }

    /// For a reader who asks for each output once: the first answer may be the last.
    pub(super) fn once(run: &'a Run, frame: &'a Frame, only_once: bool) -> Self {
        Self { run, frame, only_once }
    }
}

impl Slots for FrameScope<'_> {
    fn run(&self) -> &RunConstants {
        self.run.constants()
    }

    fn inputs(&self) -> &[Value] {
        self.frame.inputs()
    }

    fn output(&self, at: PlanIndex) -> Option<Value> {
        // SAFETY: the plan asks only for what the node's own expressions refer to: dependencies of
        // the node, published to its holder.
        if !unsafe { self.frame.record(at) }.gives() {
            return None;
        }
        // SAFETY: as above; the holder is counted off after binding. `only_once` was found by
        // counting the references.
        Some(unsafe { self.frame.read(at, self.only_once) })
    }

    fn outcome(&self, at: PlanIndex) -> Value {
        // SAFETY: as in `output`.
        let record = unsafe { self.frame.record(at) };
        let ok = record.status == OutcomeStatus::Ok;
        let outcome = as_outcome(ItemEnd {
            status: record.status,
            // SAFETY: as in `output`.
            value: if ok { unsafe { self.frame.read(at, false) } } else { Value::Null },
            error: if ok { None } else { self.frame.find_error(at) },
            attempts: u32::from(record.attempts),
        });
        // One too deep to be told of has none of its value.
        let bare = || ItemEnd::without(record.status);
        outcome.or_else(|_| as_outcome(bare())).unwrap_or_default()
    }
}

/// For an item whose body is a single task: it refers to nothing but inputs.
pub(crate) struct ItemScope<'a> {
    run: &'a Run,
    inputs: &'a [Value],
    output: Option<Value>,
}

impl<'a> ItemScope<'a> {
    pub(crate) fn new(run: &'a Run, inputs: &'a [Value]) -> Self {
        Self { run, inputs, output: None }
    }

    /// With what the task gave.
    pub(super) fn after(run: &'a Run, inputs: &'a [Value], output: Value) -> Self {
        Self { run, inputs, output: Some(output) }
    }
}

impl Slots for ItemScope<'_> {
    fn run(&self) -> &RunConstants {
        self.run.constants()
    }

    fn inputs(&self) -> &[Value] {
        self.inputs
    }

    fn output(&self, _at: PlanIndex) -> Option<Value> {
        self.output.clone()
    }

    fn outcome(&self, _at: PlanIndex) -> Value {
        Value::Null
    }
}
