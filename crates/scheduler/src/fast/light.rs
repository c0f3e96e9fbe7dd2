//! One node of a plan of plain tasks, among threads that share them: what [`Run::advance`] does,
//! without asking what such a node cannot be.

use std::sync::Arc;

use terrace_core::PlanIndex;
use terrace_plugin_api::TaskContext;

use super::program::{Arg, Program, kind_of};
use super::{Fast, Here};
use crate::attempt::{NodeHost, checked, guarded, release_sources};
use crate::fan::Stopped;
use crate::frame::{Unit, clear};
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
        if frame.cause(at).is_some() || run.stopped() != Stopped::No {
            // SAFETY: passed on.
            unsafe { run.advance(Unit::Node(run.root(), at), desk) };
            return self.hand_on(run, desk, Here::Seat, ended);
        }
        let (began, tells) = (run.begin_plain(desk), run.tells_nodes());
        if tells {
            run.tell_start(at, began.at, began.worker, &mut desk.telling);
        }
        let op = &program.ops[at.index()];
        let mut args = std::mem::take(&mut desk.args);
        let result = guarded(|| {
            for arg in &program.args[op.args()] {
                args.push(match *arg {
                    // SAFETY: what it reads is published to its holder, who is counted off below.
                    Arg::Take(source) | Arg::Copy(source) => unsafe { frame.read(source, op.once) },
                    Arg::Input(input) => frame.inputs()[input as usize].clone(),
                    Arg::Const(at) => program.consts[at as usize].clone(),
                    Arg::Gather(list) => {
                        run.evaluate_port(at, program.gathers[list as usize].port)?
                    }
                    Arg::Port(port) => run.evaluate_port(at, port)?,
                });
            }
            if op.reads {
                // Before the call, so that the last consumer of a value is the only one that holds
                // it.
                // SAFETY: it has read.
                unsafe { release_sources(frame, at) };
            }
            let host = NodeHost::of_node(run, frame, at);
            // SAFETY: the program is kept with the plan that has the task.
            let value = unsafe { op.body.as_ref() }.call(&TaskContext::new(&host), &mut args)?;
            match kind_of(&value) & op.fits {
                0 => checked(&plan.signature(at).output, value),
                _ => Ok(value),
            }
        });
        let read = args.len() == plan.ports(at);
        clear(&mut args);
        desk.args = args;
        match result {
            Ok(value) => {
                let record = run.record_plain(began, desk);
                // SAFETY: passed on.
                unsafe { frame.settle(at, record, value) };
                if tells {
                    let ended = record.started() + record.duration();
                    run.tell_end(at, ended, record.duration(), &mut desk.telling);
                }
            }
            Err(error) => {
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
