//! One try of a node: arguments, context, call, answer.
//!
//! Panics end here ([`shield`]), temporary folders too ([`temp`]); what a task may ask meanwhile
//! is answered by [`host`].

mod host;
mod output;
mod shield;
mod temp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use terrace_core::{BindError, PlanIndex, RunConstants, Slots, TaskError, Value};
use terrace_plugin_api::{ErrorClass, TaskContext};

use crate::run::Run;
use crate::slots::{Frame, discard};

pub(crate) use shield::{Panicked, Quiet, install_hook};
pub(crate) use temp::RunFolder;

/// Tries a node once. `args` is scratch: empty before and after.
///
/// # Safety
/// The caller holds `at` (see [`crate::slots`]) and calls this at most once for it: it counts the
/// node off as a reader of what it reads.
pub(crate) unsafe fn attempt(
    run: &Run,
    at: PlanIndex,
    args: &mut Vec<Value>,
) -> Result<Value, TaskError> {
    debug_assert!(args.is_empty(), "scratch is handed on empty");
    // SAFETY: passed on.
    let result = unsafe { bind(run, at, args) }.and_then(|()| {
        let host = host::NodeHost::new(run, at);
        let ctx = TaskContext::new(&host);
        let task = run.plan().node(at).task();
        let result = guarded(|| task.body.call(&ctx, args));
        result.and_then(|value| output::check(&task.signature.output, value))
    });
    args.drain(..).for_each(discard);
    result
}

/// Makes the arguments, then counts the node off as a reader: before the call, so that the last
/// consumer of a value is the only one that holds it.
///
/// # Safety
/// As [`attempt`].
unsafe fn bind(run: &Run, at: PlanIndex, args: &mut Vec<Value>) -> Result<(), TaskError> {
    let plan = run.plan();
    let sources = plan.sources(at);
    if sources.is_empty() {
        return bound(guarded(|| Ok(plan.bind(at, &NoSlots { run }, args))));
    }
    let mut references = 0;
    for arg in plan.args(at) {
        arg.each_ref(&mut |reference| {
            references += usize::from(reference.root.node().is_some());
        });
    }
    // Every output is asked for once: the first answer may be the last.
    let reader = Reader { run, frame: run.frame(), only_once: references == sources.len() };
    let result = bound(guarded(|| Ok(plan.bind(at, &reader, args))));
    for &source in sources {
        // SAFETY: a source is a dependency, so it is published to the node's holder; `bind` is done
        // reading, and this runs once per node.
        unsafe { run.frame().release(source) };
    }
    result
}

fn bound(result: Result<Result<(), BindError>, TaskError>) -> Result<(), TaskError> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(BindError::Wrong(error))) | Err(error) => Err(error),
        Ok(Err(BindError::Absent)) => {
            Err(TaskError::new(ErrorClass::INVALID_INPUT, "a required input is absent"))
        }
    }
}

/// Calls foreign code; its panic is an error.
fn guarded<T>(call: impl FnOnce() -> Result<T, TaskError>) -> Result<T, TaskError> {
    let quiet = Quiet::new();
    let result = catch_unwind(AssertUnwindSafe(call));
    let result = result.unwrap_or_else(|payload| Err(Panicked::of(payload).into_error()));
    drop(quiet);
    result
}

/// Evaluates an expression for the end of the run, outside any node.
///
/// # Safety
/// Every node that the expression refers to has succeeded and is published to the caller.
pub(crate) unsafe fn evaluate(run: &Run, expr: &terrace_core::Expr) -> Result<Value, TaskError> {
    let reader = Reader { run, frame: run.frame(), only_once: false };
    guarded(|| run.plan().evaluate(expr, &reader)).map(Option::unwrap_or_default)
}

/// Reads outputs for a node whose dependencies are all published to this thread.
struct Reader<'a> {
    run: &'a Run,
    frame: &'a Frame,
    only_once: bool,
}

impl Slots for Reader<'_> {
    fn run(&self) -> &RunConstants {
        self.run.constants()
    }
    fn inputs(&self) -> &[Value] {
        self.run.inputs()
    }
    fn outcome(&self, _at: PlanIndex) -> Value {
        Value::Null
    }
    fn output(&self, at: PlanIndex) -> Option<Value> {
        // SAFETY: the plan asks only for what the node's own expressions refer to: dependencies of
        // the node, published to its holder, who is counted off after binding. `only_once` was
        // found by counting those references.
        Some(unsafe { self.frame.read(at, self.only_once) })
    }
}

/// For nodes that read no outputs.
struct NoSlots<'a> {
    run: &'a Run,
}

impl Slots for NoSlots<'_> {
    fn run(&self) -> &RunConstants {
        self.run.constants()
    }
    fn inputs(&self) -> &[Value] {
        self.run.inputs()
    }
    fn outcome(&self, _at: PlanIndex) -> Value {
        Value::Null
    }
    fn output(&self, _at: PlanIndex) -> Option<Value> {
        None
    }
}

/// Whether an error says that the task stopped because it was told to.
pub(crate) fn says_cancelled(error: &TaskError) -> bool {
    error.class() == ErrorClass::CANCELLED
}
