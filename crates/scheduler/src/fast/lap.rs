//! [`Lap`]: one thread's way through blocks. Runs the nodes of a block one after the other, with a
//! counter per block instead of one per node.
//!
//! Who holds a block holds all of its nodes: those that they wait for have ended, in blocks before or
//! in this one. Nodes of other blocks read the same outputs meanwhile, so nothing is moved out of its
//! place unless the counter of its readers says so; values without heap have no counter and are
//! copied. What is rare, a failure or a run that is to stop, is seen once a block, and goes node by
//! node from then on.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use terrace_core::{PlanIndex, TaskError, Value};
use terrace_plugin_api::TaskContext;

use super::fence;
use super::program::{Arg, Feed, Op, Program};
use super::sequence::{IDLE, Sequence, Settled};
use super::spans::{Ran, Runner, Span};
use super::watch::Watch;
use crate::attempt::{NodeHost, Panicked, release_sources};
use crate::fan::Stopped;
use crate::frame::{Frame, clear, discard, push_plain};
use crate::run::Run;

/// One thread's way through blocks.
pub(super) struct Lap<'a> {
    /// Where others see which node it is at.
    watch: Watch<'a>,
    kit: Kit<'a>,
}

/// What nodes are run with, and where.
struct Kit<'a> {
    run: &'a Arc<Run>,
    program: &'a Program,
    frame: &'a Frame,
    args: Vec<Value>,
    /// What nodes give that nobody reads.
    unread: Value,
    /// Whether readers were counted.
    counted: bool,
    /// Whether fences are plain ones.
    plain: bool,
}

/// What a stretch of nodes is run with.
struct Stretch<'a> {
    sequence: &'a Sequence,
    host: &'a NodeHost<'a>,
    /// Whether each node is to be asked whether it may run.
    careful: bool,
}

/// Why nodes were left.
enum Left {
    /// A node failed.
    Failed(TaskError),
    /// It must not run.
    Unrun,
    /// Somebody wants the others; it has not begun.
    Taken,
}

/// What was done of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    All,
    /// The nodes up to this one; the others were taken over.
    UpTo(u32),
}

impl<'a> Lap<'a> {
    pub(super) fn new(
        run: &'a Arc<Run>,
        program: &'a Program,
        watch: Watch<'a>,
        mut args: Vec<Value>,
    ) -> Self {
        args.reserve(program.most_args);
        let frame = run.frame();
        let plain = fence::is_plain();
        let unread = Value::Null;
        Self { watch, kit: Kit { run, program, frame, args, unread, counted: false, plain } }
    }

    /// Its scratch, for another use.
    pub(super) fn into_args(self) -> Vec<Value> {
        let Kit { frame, mut args, unread, counted, .. } = self.kit;
        discard(unread);
        args.drain(..).for_each(discard);
        if counted {
            frame.note_counted();
        }
        args
    }

    /// Runs nodes that follow each other, or writes them off, until the last or until somebody takes
    /// the others over. `span`: the one that has all of them.
    ///
    /// # Safety
    /// The caller holds them all, and the first waits for nothing.
    pub(super) unsafe fn run(
        &mut self,
        nodes: Range<u32>,
        span: Option<Span>,
        worker: u16,
    ) -> Done {
        let mut at = nodes.start;
        // The last that is its own.
        let mut last = None;
        while at < last.map_or(nodes.end, |last| last + 1) {
            let end = last.map_or(nodes.end, |last| last + 1);
            // SAFETY: passed on.
            let left = match unsafe { self.try_run(at..end, span) } {
                None => break,
                Some(left) => left,
            };
            at = self.watch.position();
            let (place, run) = (PlanIndex::new(at), self.kit.run);
            match left {
                // SAFETY: passed on.
                Left::Failed(error) => unsafe { run.fail_in_block(place, error, worker) },
                // SAFETY: passed on.
                Left::Unrun => unsafe { run.write_off_in_block(place) },
                Left::Taken => {
                    match self.watch.settle(at) {
                        // Nobody takes anything.
                        Settled::Here | Settled::There(IDLE) => {}
                        // Its own, which it has not begun.
                        Settled::There(base) if base == at => last = Some(at),
                        // Its own, which it has ended.
                        Settled::There(base) => return Done::UpTo(base),
                    }
                    continue;
                }
            }
            at += 1;
        }
        // Who takes over now reads the last node, or none: there is nothing more behind it.
        if !self.watch.rest(self.kit.plain) {
            self.watch.settle(IDLE);
        }
        last.map_or(Done::All, Done::UpTo)
    }

    /// Runs nodes until there is a reason not to.
    ///
    /// # Safety
    /// As [`Self::run`].
    unsafe fn try_run(&mut self, nodes: Range<u32>, span: Option<Span>) -> Option<Left> {
        let (sequence, kit) = (self.watch.sequence(), &mut self.kit);
        let careful = kit.frame.tally().is_marked() || kit.run.stopped() != Stopped::No;
        let stretch = AssertUnwindSafe(|| {
            let host = NodeHost::of_place(kit.run, kit.frame, sequence.place());
            let mut nodes = nodes;
            if let Some(span) = span.filter(|_| !careful) {
                // SAFETY: passed on.
                match unsafe { kit.series(nodes.clone(), span, sequence, &host) } {
                    Ran::All => return None,
                    Ran::Other(node) => nodes.start = node,
                    // Where it is, its position says.
                    Ran::Before(_) => return Some(Left::Taken),
                    Ran::Failed(_, error) => return Some(Left::Failed(error)),
                }
            }
            let stretch = Stretch { sequence, host: &host, careful };
            if kit.plain {
                // SAFETY: passed on.
                unsafe { kit.stretch(nodes, stretch, fence::Plain) }
            } else {
                // SAFETY: passed on.
                unsafe { kit.stretch(nodes, stretch, fence::Asymmetric) }
            }
        });
        let left = catch_unwind(stretch)
            .unwrap_or_else(|payload| Some(Left::Failed(Panicked::of(payload).into_error())));
        if !self.kit.args.is_empty() {
            self.kit.args.drain(..).for_each(discard);
        }
        left
    }
}

impl Kit<'_> {
    /// Runs nodes that one span has all of: of these nothing else has to be known.
    ///
    /// # Safety
    /// As [`Lap::run`].
    #[inline]
    unsafe fn series(
        &mut self,
        nodes: Range<u32>,
        span: Span,
        sequence: &Sequence,
        host: &NodeHost<'_>,
    ) -> Ran {
        let (plan, program, outputs) = (self.frame.plan(), self.program, self.frame.outputs());
        let out = &mut self.unread;
        if self.plain {
            let spans = Runner { plan, program, sequence, fence: fence::Plain, host, outputs };
            // SAFETY: passed on.
            unsafe { spans.run(span, nodes, out) }
        } else {
            let spans = Runner { plan, program, sequence, fence: fence::Asymmetric, host, outputs };
            // SAFETY: passed on.
            unsafe { spans.run(span, nodes, out) }
        }
    }

    /// The innermost loop of [`Lap::try_run`].
    ///
    /// # Safety
    /// As [`Lap::run`].
    #[inline(never)]
    unsafe fn stretch(
        &mut self,
        nodes: Range<u32>,
        Stretch { sequence, host, careful }: Stretch<'_>,
        fence: impl fence::Light,
    ) -> Option<Left> {
        let (program, frame) = (self.program, self.frame);
        let ctx = TaskContext::new(host);
        let plan = frame.plan();
        let outputs = frame.outputs();
        let spans = Runner { plan, program, sequence, fence, host, outputs };
        // Where a node is to be run by itself that is part of a span.
        let mut by_itself = u32::MAX;
        let mut at = nodes.start;
        while at < nodes.end {
            let op = &program.op(plan, at);
            let span = program.span_of(op).filter(|_| !careful && at != by_itself);
            if let Some(span) = span {
                let upto = span.end.min(nodes.end);
                // SAFETY: passed on.
                match unsafe { spans.run(span, at..upto, &mut self.unread) } {
                    Ran::All => at = upto,
                    Ran::Other(node) => (at, by_itself) = (node, node),
                    // Where it is, its position says.
                    Ran::Before(_) => return Some(Left::Taken),
                    Ran::Failed(_, error) => return Some(Left::Failed(error)),
                }
                continue;
            }
            let place = PlanIndex::new(at);
            if !sequence.reach(at, fence) {
                return Some(Left::Taken);
            }
            if careful && self.run.verdict(frame, place).is_some() {
                return Some(Left::Unrun);
            }
            let args: &mut [Value] = match op.feed {
                Feed::Nothing => &mut [],
                _ => {
                    // SAFETY: passed on.
                    if let Err(error) = unsafe { self.bind(place, op) } {
                        return Some(Left::Failed(error));
                    }
                    &mut self.args
                }
            };
            let out = match op.is_read {
                // SAFETY: the node is this thread's until it says that it has ended.
                true => unsafe { frame.outputs().own(at) },
                false => &mut self.unread,
            };
            // SAFETY: the program is kept with the plan that has the task.
            let body = unsafe { op.body.as_ref() };
            if let Err(error) = body.call_into(&ctx, args, out) {
                discard(std::mem::take(out));
                return Some(Left::Failed(error));
            }
            host.end_attempt();
            if !op.plain.has(out)
                && let Err(error) = program.keep(frame.plan(), at, out)
            {
                return Some(Left::Failed(error));
            }
            if op.feed != Feed::Nothing {
                clear(&mut self.args);
            }
            at += 1;
        }
        None
    }

    /// Makes the arguments of a node, and counts it off as a reader: before the call, so that the
    /// last consumer of a value is the only one that holds it.
    ///
    /// # Safety
    /// As [`Lap::run`].
    #[inline(always)]
    unsafe fn bind(&mut self, at: PlanIndex, op: &Op) -> Result<(), TaskError> {
        let (program, frame) = (self.program, self.frame);
        // Whether all that it reads is plain, and so has no readers to be counted.
        let mut plain = true;
        for arg in &program.args[op.args()] {
            if let Arg::Take(source) | Arg::Copy(source) = *arg {
                // SAFETY: what it reads is published to its holder, who is counted off below.
                if push_plain(&mut self.args, unsafe { frame.look(source) }) {
                    continue;
                }
            }
            plain = false;
            // SAFETY: passed on.
            let value = unsafe { self.other(at, op, arg) };
            match value {
                Ok(value) => self.args.push(value),
                Err(error) => {
                    self.counted = true;
                    // SAFETY: it reads nothing any more.
                    unsafe { release_sources(frame, at) };
                    return Err(error);
                }
            }
        }
        if !plain {
            self.counted = true;
            // SAFETY: it has read.
            unsafe { release_sources(frame, at) };
        }
        Ok(())
    }

    /// An argument that is not a value without heap.
    ///
    /// # Safety
    /// As [`Lap::run`].
    #[inline(never)]
    unsafe fn other(&self, at: PlanIndex, op: &Op, arg: &Arg) -> Result<Value, TaskError> {
        match *arg {
            Arg::Take(source) | Arg::Copy(source) => {
                // SAFETY: passed on: it is counted off only later.
                Ok(unsafe { self.frame.read(source, op.once) })
            }
            Arg::Input(input) => Ok(self.frame.inputs()[input as usize].clone()),
            Arg::Const(at) => Ok(self.program.consts[at as usize].clone()),
            Arg::Gather(list) => {
                self.run.evaluate_port(at, self.program.gathers[list as usize].port)
            }
            Arg::Port(port) => self.run.evaluate_port(at, port),
        }
    }
}
