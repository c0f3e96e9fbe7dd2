//! One node of a plan of plain tasks, among threads that share them: what [`Run::advance`] does,
//! without asking what such a node cannot be.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use terrace_core::{PlanIndex, TaskError, Value};
use terrace_plugin_api::TaskContext;

use super::program::{Arg, Feed, Op, Program};
use super::{Fast, Here};
use crate::attempt::{NodeHost, Panicked, release_sources};
use crate::fan::Stopped;
use crate::frame::{Unit, clear, discard};
use crate::run::{Desk, Run};

impl Fast {
    /// Runs a node that is ready, and returns one to go on with.
    ///
    /// # Safety
    /// The caller holds it: a node of the run's own frame, of the plan of the program.
    pub(super) unsafe fn light(
        &self,
        run: &Arc<Run>,
        desk: &mut Desk,
        program: &Program,
        at: PlanIndex,
        ended: &mut usize,
    ) -> Option<Unit> {
        let (frame, plan) = (run.frame(), run.plan());
        // Who was blamed comes behind one that did not end well.
        let is_blamed = frame.tally().is_marked() && frame.cause(at).is_some();
        if is_blamed || run.stopped() != Stopped::No {
            // SAFETY: passed on.
            unsafe { run.advance(Unit::Node(run.root(), at), desk) };
            return self.hand_on(run, desk, Here::Seat, ended);
        }
        let tells = run.tells_nodes();
        let began = if tells { run.begin_told(desk) } else { run.begin_plain(desk) };
        if tells {
            run.tell_start(at, began.at, began.worker, &mut desk.telling);
        }
        let op = &program.op(plan, at.get());
        let mut unread = Value::Null;
        let out = match op.is_read {
            // SAFETY: passed on: the node is its holder's until its successors begin.
            true => unsafe { frame.outputs().own(at.get()) },
            false => &mut unread,
        };
        let mut args = std::mem::take(&mut desk.args);
        let calls = AssertUnwindSafe(|| {
            if op.feed != Feed::Nothing {
                // SAFETY: passed on.
                unsafe { read(run, program, op, at, &mut args) }?;
            }
            let host = NodeHost::of_node(run, frame, at);
            // SAFETY: the program is kept with the plan that has the task.
            unsafe { op.body.as_ref() }.call_into(&TaskContext::new(&host), &mut args, out)
        });
        let result = catch_unwind(calls)
            .unwrap_or_else(|payload| Err(Panicked::of(payload).into_error()))
            .and_then(|()| match op.plain.has(out) {
                true => Ok(()),
                false => program.keep(plan, at.get(), out),
            });
        let read = args.len() == plan.ports(at);
        clear(&mut args);
        desk.args = args;
        match result {
            Ok(()) => {
                let record = run.record_plain(began, desk);
                // SAFETY: passed on; its output is in its place.
                unsafe { frame.note(at, record) };
                if tells {
                    let ended = record.started() + record.duration();
                    run.tell_end(at, ended, record.duration(), &mut desk.telling);
                }
            }
            Err(error) => {
                discard(std::mem::take(out));
                if op.reads && !read {
                    // SAFETY: it reads nothing any more.
                    unsafe { release_sources(frame, at) };
                }
                // SAFETY: passed on.
                unsafe { run.fail_plain(at, error, began, desk) };
                return self.hand_on(run, desk, Here::Seat, ended);
            }
        }
        *ended += 1;
        let mut next = None;
        let mut shared = false;
        for &after in plan.successors(at) {
            if !frame.arrive(after) {
                continue;
            }
            let unit = Unit::Node(run.root(), after);
            match &desk.deque {
                Some(deque) if next.is_some() => {
                    deque.push(unit);
                    shared = true;
                }
                _ => next = Some(unit),
            }
        }
        if shared && run.capacity() > 1 {
            run.call();
        }
        next
    }
}

/// Makes the arguments of a node, and counts it off as a reader: before the call, so that the last
/// consumer of a value is the only one that holds it.
///
/// # Safety
/// The caller holds the node.
unsafe fn read(
    run: &Run,
    program: &Program,
    op: &Op,
    at: PlanIndex,
    args: &mut Vec<Value>,
) -> Result<(), TaskError> {
    let frame = run.frame();
    for arg in &program.args[op.args()] {
        args.push(match *arg {
            // SAFETY: what it reads is published to its holder, who is counted off below.
            Arg::Take(source) | Arg::Copy(source) => unsafe { frame.read(source, op.once) },
            Arg::Input(input) => frame.inputs()[input as usize].clone(),
            Arg::Const(at) => program.consts[at as usize].clone(),
            Arg::Gather(list) => run.evaluate_port(at, program.gathers[list as usize].port)?,
            Arg::Port(port) => run.evaluate_port(at, port)?,
        });
    }
    if op.reads {
        // SAFETY: it has read.
        unsafe { release_sources(frame, at) };
    }
    Ok(())
}
