//! One try of a node: arguments, context, call, answer.
//!
//! Panics end here ([`shield`]), temporary folders too ([`temp`]); what a task may ask meanwhile
//! is answered by [`host`].

mod detached;
mod host;
mod inside;
mod output;
mod scope;
mod shield;
mod temp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use terrace_core::{BindError, PlanIndex, PortArg, Task, TaskError, TaskRef, Type, Value};
use terrace_plugin_api::{ErrorClass, TaskContext};

use crate::fan::{Fan, ItemEnd};
use crate::frame::{Frame, discard};
use crate::run::Run;

pub(crate) use detached::{About, Detached, GivenUp, no_time_left, too_long};
pub(crate) use host::{NodeHost, seed};
pub(crate) use inside::{Inside, outer_tokens};
pub(crate) use output::check as checked;
pub(crate) use scope::{FrameScope, ItemScope};
pub(crate) use shield::{Panicked, Quiet, install_hook};
pub(crate) use temp::RunFolder;

/// Tries a node once. `args` is scratch: empty before and after. `None`: a required input is
/// absent.
///
/// # Safety
/// The caller holds `at` (see [`crate::frame`]) and calls this at most once for it: it counts the
/// node off as a reader of what it reads.
pub(crate) unsafe fn attempt(
    run: &Run,
    frame: &Frame,
    at: PlanIndex,
    args: &mut Vec<Value>,
) -> Option<Result<Value, TaskError>> {
    debug_assert!(args.is_empty(), "scratch is handed on empty");
    // SAFETY: passed on.
    let result = match unsafe { bind(run, frame, at, args) } {
        Ok(()) => Some(call_node(run, frame, at, &NodeHost::of_node(run, frame, at), args)),
        Err(BindError::Absent) => None,
        Err(BindError::Wrong(error)) => Some(Err(error)),
    };
    args.drain(..).for_each(discard);
    result
}

/// Tries one item of a map whose body is a single task. `inputs` and `args` are scratch.
pub(crate) fn attempt_item(
    run: &Run,
    fan: &Fan,
    item: u64,
    inputs: &mut Vec<Value>,
    args: &mut Vec<Value>,
) -> ItemEnd {
    debug_assert!(args.is_empty() && inputs.is_empty(), "scratch is handed on empty");
    let (plan, at) = (&fan.plan, PlanIndex::new(0));
    inputs.extend(fan.shared.iter().cloned());
    fan.set_locals(item, inputs);
    let bound = guarded(|| Ok(plan.bind(at, &ItemScope::new(run, inputs), args)));
    let end = match bound.unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => {
            let host = NodeHost::of_item(run, fan, item);
            host.tell_given(plan.signature(at), args);
            let result = call_with(run, plan.body(at), &plan.signature(at).output, &host, args);
            ItemEnd::of(result.and_then(|value| pick(run, fan, inputs, value)))
        }
        Err(BindError::Absent) => ItemEnd::without(terrace_core::OutcomeStatus::Skipped),
        Err(BindError::Wrong(error)) => ItemEnd::of(Err(error)),
    };
    args.drain(..).for_each(discard);
    inputs.drain(..).for_each(discard);
    end
}

/// Makes the arguments of one item of a map whose body is a single task.
pub(crate) fn bind_item(
    run: &Run,
    fan: &Fan,
    item: u64,
    inputs: &mut Vec<Value>,
    args: &mut Vec<Value>,
) -> Result<(), BindError> {
    inputs.extend(fan.shared.iter().cloned());
    fan.set_locals(item, inputs);
    let scope = ItemScope::new(run, inputs);
    guarded(|| Ok(fan.plan.bind(PlanIndex::new(0), &scope, args)))?
}

/// What the body of a map takes of its task's output.
pub(crate) fn pick(
    run: &Run,
    fan: &Fan,
    inputs: &[Value],
    value: Value,
) -> Result<Value, TaskError> {
    let Some(pick) = fan.single.as_ref().and_then(|single| single.pick.as_ref()) else {
        return Ok(value);
    };
    let scope = ItemScope::after(run, inputs, value);
    let expr = terrace_core::Expr::Ref(pick.clone());
    guarded(|| fan.plan.evaluate(&expr, &scope)).map(Option::unwrap_or_default)
}

/// Calls the task of a node and checks what it gives.
pub(crate) fn call_node(
    run: &Run,
    frame: &Frame,
    at: PlanIndex,
    host: &NodeHost<'_>,
    args: &mut [Value],
) -> Result<Value, TaskError> {
    let plan = frame.plan();
    host.tell_given(plan.signature(at), args);
    call_with(run, plan.body(at), &plan.signature(at).output, host, args)
}

/// Calls a task and checks what it gives.
pub(crate) fn call(
    run: &Run,
    task: &TaskRef,
    host: &NodeHost<'_>,
    args: &mut [Value],
) -> Result<Value, TaskError> {
    call_with(run, &*task.body, &task.signature.output, host, args)
}

fn call_with(
    run: &Run,
    task: &dyn Task,
    output: &Type,
    host: &NodeHost<'_>,
    args: &mut [Value],
) -> Result<Value, TaskError> {
    let ctx = TaskContext::new(host);
    let inside = inside::Inside::of(run);
    let result = guarded(|| task.call(&ctx, args));
    drop(inside);
    result.and_then(|value| output::check(output, value))
}

/// Makes the arguments of copies: the node stays a reader of what it reads.
///
/// # Safety
/// The caller holds `at`.
pub(crate) unsafe fn bind_copy(
    run: &Run,
    frame: &Frame,
    at: PlanIndex,
    args: &mut Vec<Value>,
) -> Result<(), BindError> {
    let scope = FrameScope::new(run, frame);
    guarded(|| Ok(frame.plan().bind(at, &scope, args)))?
}

/// Makes the arguments, then counts the node off as a reader: before the call, so that the last
/// consumer of a value is the only one that holds it.
///
/// # Safety
/// As [`attempt`].
unsafe fn bind(
    run: &Run,
    frame: &Frame,
    at: PlanIndex,
    args: &mut Vec<Value>,
) -> Result<(), BindError> {
    let plan = frame.plan();
    let sources = plan.sources(at);
    if sources.is_empty() {
        let scope = ItemScope::new(run, frame.inputs());
        return guarded(|| Ok(plan.bind(at, &scope, args)))?;
    }
    let mut references = 0;
    for port in 0..plan.ports(at) {
        match plan.arg(at, port) {
            PortArg::Output(_) => references += 1,
            PortArg::Expr(expr) => expr.each_node(&mut |_| references += 1),
            PortArg::Const(_) => {}
        }
    }
    // Every output is asked for once: the first answer may be the last.
    let scope = FrameScope::once(run, frame, references == sources.len());
    let result = guarded(|| Ok(plan.bind(at, &scope, args)));
    // SAFETY: passed on; `bind` is done reading.
    unsafe { release_sources(frame, at) };
    result?
}

/// Counts a node off as a reader of everything that it reads.
///
/// # Safety
/// The caller holds `at`, reads nothing for it any more, and calls this once.
pub(crate) unsafe fn release_sources(frame: &Frame, at: PlanIndex) {
    for &source in frame.plan().sources(at) {
        // SAFETY: a source is a dependency, so it is published to the node's holder.
        unsafe { frame.release(source) };
    }
}

/// Calls foreign code; its panic is an error.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, TaskError>) -> Result<T, TaskError> {
    let quiet = Quiet::new();
    let result = catch_unwind(AssertUnwindSafe(call));
    let result = result.unwrap_or_else(|payload| Err(Panicked::of(payload).into_error()));
    drop(quiet);
    result
}

/// Whether an error says that the task stopped because it was told to.
pub(crate) fn says_cancelled(error: &TaskError) -> bool {
    error.class() == ErrorClass::CANCELLED
}
