//! Running a sequence: the innermost loop of a run whose nodes are small.
//!
//! What a node costs here is its call and a handful of loads. Whatever is rare leaves the sequence
//! and goes the way of all nodes: a failure, a cancelled run, somebody who takes over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use terrace_core::{PlanIndex, RunConstants, Slots, TaskError, Value};
use terrace_plugin_api::TaskContext;

use super::fence;
use super::program::{Arg, Op, Program, kind_of};
use super::sequence::Sequence;
use super::share::{Pace, Share};
use crate::attempt::{Inside, NodeHost, Panicked, Quiet, checked};
use crate::frame::{Frame, clear, discard, has_heap, push};
use crate::run::Run;

/// Fetches what a task holds, some nodes ahead: tasks lie all over memory, and nodes are done sooner
/// than it comes.
#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch(task: *const ()) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which reads nothing.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(task.cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn prefetch(_task: *const ()) {}

/// Why a sequence was left.
pub(super) enum Stop {
    /// After its last node.
    End,
    /// Before the node that it was at.
    Before,
    /// The node that it was at failed.
    Failed(TaskError),
}

/// One thread's way through a plan.
pub(super) struct Solo<'a> {
    pub(super) run: &'a Arc<Run>,
    pub(super) program: &'a Program,
    pub(super) sequence: &'a Sequence,
    /// The node it is at.
    pub(super) at: u32,
    frame: &'a Frame,
    args: Vec<Value>,
    /// Where the arguments of that node begin, and what is dropped after it has them.
    next_arg: usize,
    next_drop: usize,
}

impl<'a> Solo<'a> {
    pub(super) fn new(
        run: &'a Arc<Run>,
        program: &'a Program,
        sequence: &'a Sequence,
        args: Vec<Value>,
    ) -> Self {
        let frame = run.frame();
        Self { run, program, sequence, at: 0, frame, args, next_arg: 0, next_drop: 0 }
    }

    /// Runs nodes until there is a reason not to.
    ///
    /// # Safety
    /// The caller owns the sequence, and does this once.
    pub(super) unsafe fn go(&mut self, pace: &mut Pace) -> Stop {
        let quiet = Quiet::new();
        let inside = Inside::of(self.run);
        let nodes = self.program.ops.len() as u32;
        // With one worker there is nobody to take over, and nothing to keep in order with.
        let plain = self.run.capacity() > 1 && fence::is_plain();
        let stop = loop {
            let end = self.at.saturating_add(pace.nodes()).min(nodes);
            // One for many nodes: they leave what they have given where it is.
            let stretch = AssertUnwindSafe(|| {
                if plain {
                    // SAFETY: passed on.
                    unsafe { self.stretch(end, fence::Plain) }
                } else {
                    // SAFETY: passed on.
                    unsafe { self.stretch(end, fence::Asymmetric) }
                }
            });
            match catch_unwind(stretch) {
                Ok(None) if self.at == nodes => break Stop::End,
                Ok(None) => {
                    if pace.mark(self.run, self.at) == Share::Wanted {
                        self.sequence.want();
                        self.run.call();
                    }
                }
                Ok(Some(stop)) => break stop,
                Err(payload) => {
                    self.at = self.sequence.position();
                    break Stop::Failed(Panicked::of(payload).into_error());
                }
            }
        };
        drop((inside, quiet));
        self.args.drain(..).for_each(discard);
        stop
    }

    /// Its scratch, for another use.
    pub(super) fn into_args(self) -> Vec<Value> {
        self.args
    }

    /// Runs the nodes before `end`. What it needs for each is in locals: this is the loop that
    /// decides what a small node costs.
    ///
    /// # Safety
    /// As [`Self::go`].
    #[inline(never)]
    unsafe fn stretch(&mut self, end: u32, fence: impl fence::Light) -> Option<Stop> {
        let host = NodeHost::of_sequence(self.run, self.frame, self.sequence);
        let ctx = TaskContext::new(&host);
        let (sequence, frame) = (self.sequence, self.frame);
        let mut at = self.at;
        for op in &self.program.ops[at as usize..end as usize] {
            if !sequence.reach(at, fence) {
                self.at = at;
                return Some(Stop::Before);
            }
            prefetch(op.ahead);
            if op.reads {
                self.at = at;
                // SAFETY: passed on: all nodes before this one have ended, on this thread.
                if !unsafe { self.bind(op) } {
                    return Some(Stop::Before);
                }
            }
            // SAFETY: the program is kept with the plan that has the task.
            let body = unsafe { op.body.as_ref() };
            let args: &mut [Value] = if op.reads { &mut self.args } else { &mut [] };
            let result = body.call(&ctx, args);
            host.end_attempt();
            // Looked at where it lies: it was written in parts, and moving it whole would have to
            // wait for them.
            let kind = result.as_ref().map_or(0, kind_of);
            if kind & op.dropped != 0 {
                std::mem::forget(result);
            } else if kind & op.kept != 0 {
                if let Ok(value) = &result {
                    // SAFETY: the node is this thread's, and gives once.
                    unsafe { frame.put_plain(PlanIndex::new(at), value) };
                }
                std::mem::forget(result);
            } else {
                self.at = at;
                // SAFETY: passed on.
                if let Err(error) = unsafe { self.give(result) } {
                    return Some(Stop::Failed(error));
                }
            }
            if op.reads {
                clear(&mut self.args);
            }
            at += 1;
        }
        self.at = at;
        None
    }

    /// Keeps what the node that it is at gave, where that has heap or may be of a wrong kind.
    ///
    /// # Safety
    /// The node is this thread's, and gives once.
    #[inline(never)]
    unsafe fn give(&self, result: Result<Value, TaskError>) -> Result<(), TaskError> {
        let at = PlanIndex::new(self.at);
        let op = &self.program.ops[at.index()];
        let mut value = result?;
        if kind_of(&value) & op.fits == 0 {
            value = checked(&self.frame.plan().signature(at).output, value)?;
        }
        if op.is_read {
            // SAFETY: passed on.
            unsafe { self.frame.put(at, value) };
        } else {
            discard(value);
        }
        Ok(())
    }

    /// Makes the arguments of the node that it is at. False: they cannot be made, and all is as it
    /// was; why, the way of all nodes will find.
    ///
    /// # Safety
    /// All that it reads has ended, on this thread.
    #[inline]
    unsafe fn bind(&mut self, op: &Op) -> bool {
        let begin = self.next_arg;
        while self.next_arg < op.args as usize {
            match self.program.args[self.next_arg] {
                Arg::Take(source) => {
                    // SAFETY: passed on.
                    let output = unsafe { self.frame.look(source) };
                    if has_heap(output) {
                        // SAFETY: in this order it is the last to read that.
                        self.args.push(unsafe { self.frame.take(source) });
                    } else {
                        push(&mut self.args, output);
                    }
                }
                // SAFETY: passed on.
                Arg::Copy(source) => push(&mut self.args, unsafe { self.frame.look(source) }),
                Arg::Input(input) => push(&mut self.args, &self.frame.inputs()[input as usize]),
                Arg::Const(at) => push(&mut self.args, &self.program.consts[at as usize]),
                Arg::Port(port) => match self.port(port) {
                    Some(value) => self.args.push(value),
                    None => {
                        self.unbind(begin);
                        return false;
                    }
                },
            }
            self.next_arg += 1;
        }
        while self.next_drop < op.drops as usize {
            let source = self.program.drops[self.next_drop];
            self.next_drop += 1;
            // SAFETY: it is the last reader, and has read.
            discard(unsafe { self.frame.take(source) });
        }
        true
    }

    /// What the expression of a port gives, where it gives something.
    #[cold]
    fn port(&self, port: u32) -> Option<Value> {
        let plan = self.frame.plan();
        let scope = SequenceScope { run: self.run, frame: self.frame };
        plan.evaluate(&plan.args(PlanIndex::new(self.at))[port as usize], &scope).ok().flatten()
    }

    /// Puts back what was taken.
    #[cold]
    fn unbind(&mut self, begin: usize) {
        for (value, arg) in self.args.drain(..).zip(&self.program.args[begin..]) {
            match *arg {
                // SAFETY: it was taken from there, and nobody looked meanwhile.
                Arg::Take(source) => unsafe { self.frame.put(source, value) },
                _ => discard(value),
            }
        }
    }
}

/// What expressions find while a sequence runs: every node before has succeeded.
struct SequenceScope<'a> {
    run: &'a Run,
    frame: &'a Frame,
}

impl Slots for SequenceScope<'_> {
    fn run(&self) -> &RunConstants {
        self.run.constants()
    }

    fn inputs(&self) -> &[Value] {
        self.frame.inputs()
    }

    fn output(&self, at: PlanIndex) -> Option<Value> {
        // SAFETY: the plan asks only for what the node refers to, which ended on this thread.
        Some(unsafe { self.frame.look(at) }.clone())
    }

    fn outcome(&self, _at: PlanIndex) -> Value {
        // No program asks for it.
        Value::Null
    }
}
