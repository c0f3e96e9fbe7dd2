//! Running a sequence: the innermost loop of a run whose nodes are small.
//!
//! What a node costs here is its call and a handful of loads. Whatever is rare leaves the sequence
//! and goes the way of all nodes: a failure, a cancelled run, somebody who takes over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{PlanIndex, RunConstants, Slots, TaskError, Value};
use terrace_plugin_api::{TaskContext, prefetch};

use super::fence;
use super::program::{Arg, FEW, Feed, Gather, Op, Program};
use super::sequence::Sequence;
use super::share::{Pace, Share};
use super::spans::{Ran, Runner};
use crate::attempt::{Inside, NodeHost, Panicked, Quiet};
use crate::frame::{Frame, Outputs, clear, discard, has_heap, push_plain};
use crate::run::{Desk, Run, Telling};

/// How many nodes ahead what a task holds is fetched: tasks lie all over memory, and nodes are done
/// sooner than it comes.
const AHEAD: usize = 8;

/// Why a sequence was left.
pub(super) enum Stop {
    /// After its last node.
    End,
    /// Before the node that it was at.
    Before,
    /// The node that it was at failed.
    Failed(TaskError),
}

impl Ran {
    /// The node that comes next, or that failed; `end` where there was nothing to stop for.
    fn at(&self, end: u32) -> u32 {
        match *self {
            Self::All => end,
            Self::Before(node) | Self::Other(node) | Self::Failed(node, _) => node,
        }
    }

    fn stop(self) -> Option<Stop> {
        match self {
            Self::All | Self::Other(_) => None,
            Self::Before(_) => Some(Stop::Before),
            Self::Failed(_, error) => Some(Stop::Failed(error)),
        }
    }
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
    /// A few arguments; at rest without heap.
    few: [Value; FEW],
    /// What nodes give that nobody reads.
    unread: Value,
    told: Told,
}

/// What the observer is told of nodes, where there is one for them.
pub(super) struct Told {
    pub(super) tells: bool,
    pub(super) worker: u16,
    pub(super) telling: Telling,
    /// When the node at hand begins.
    began: Duration,
}

impl Told {
    pub(super) fn new(run: &Run, desk: &mut Desk) -> Self {
        let telling = std::mem::take(&mut desk.telling);
        Self { tells: run.tells_nodes(), worker: desk.number, telling, began: Duration::ZERO }
    }
}

impl<'a> Solo<'a> {
    pub(super) fn new(
        run: &'a Arc<Run>,
        program: &'a Program,
        sequence: &'a Sequence,
        desk: &mut Desk,
    ) -> Self {
        let frame = run.frame();
        let mut args = std::mem::take(&mut desk.args);
        args.reserve(program.most_args);
        let told = Told::new(run, desk);
        let few = [const { Value::Null }; FEW];
        Self { run, program, sequence, at: 0, frame, args, few, unread: Value::Null, told }
    }

    /// Runs nodes until there is a reason not to.
    ///
    /// # Safety
    /// The caller owns the sequence, and does this once.
    pub(super) unsafe fn go(&mut self, pace: &mut Pace) -> Stop {
        let quiet = Quiet::new();
        let inside = Inside::of(self.run);
        let nodes = self.run.plan().len() as u32;
        // With one worker there is nobody to take over, and nothing to keep in order with.
        let plain = self.run.capacity() > 1 && fence::is_plain();
        let stop = loop {
            let end = self.at.saturating_add(pace.nodes()).min(nodes);
            if self.told.tells {
                self.told.began = pace.begin(self.run, self.at);
            }
            // One for many nodes: they leave what they have given where it is.
            let stretch = AssertUnwindSafe(|| match (plain, self.told.tells) {
                // SAFETY: passed on.
                (true, false) => unsafe { self.stretch::<false>(end, fence::Plain) },
                // SAFETY: passed on.
                (false, false) => unsafe { self.stretch::<false>(end, fence::Asymmetric) },
                // SAFETY: passed on.
                (true, true) => unsafe { self.stretch::<true>(end, fence::Plain) },
                // SAFETY: passed on.
                (false, true) => unsafe { self.stretch::<true>(end, fence::Asymmetric) },
            });
            match catch_unwind(stretch) {
                Ok(None) if self.at == nodes && !self.told.tells => break Stop::End,
                Ok(None) => {
                    let share = pace.mark(self.run, self.at);
                    if self.told.tells {
                        // One node: its times are taken exactly.
                        self.tell_end(pace.last());
                    }
                    if self.at == nodes {
                        break Stop::End;
                    }
                    if share == Share::Wanted {
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
        self.few.iter_mut().for_each(|value| discard(std::mem::take(value)));
        discard(std::mem::take(&mut self.unread));
        stop
    }

    /// Tells that the last node has ended.
    fn tell_end(&mut self, ended: Duration) {
        let duration = ended.saturating_sub(self.told.began);
        let last = PlanIndex::new(self.at - 1);
        self.run.tell_end(last, ended, duration, &mut self.told.telling);
    }

    /// Gives back its scratch, for another use.
    pub(super) fn end(self, desk: &mut Desk) {
        (desk.args, desk.telling) = (self.args, self.told.telling);
    }

    /// Runs the nodes before `end`. What it needs for each is in locals: this is the loop that
    /// decides what a small node costs.
    ///
    /// # Safety
    /// As [`Self::go`].
    #[inline(never)]
    unsafe fn stretch<const TELLS: bool>(
        &mut self,
        end: u32,
        fence: impl fence::Light,
    ) -> Option<Stop> {
        let host = NodeHost::of_place(self.run, self.frame, self.sequence.place());
        let ctx = TaskContext::new(&host);
        let (sequence, frame, program) = (self.sequence, self.frame, self.program);
        let outputs = frame.outputs();
        let mut at = self.at;
        let plan = frame.plan();
        let spans = Runner { plan, program, sequence, fence, host: &host, outputs };
        if let Some(span) = program.whole.filter(|_| !TELLS) {
            // SAFETY: passed on.
            let ran = unsafe { spans.run(span, at..end, &mut self.unread) };
            self.at = ran.at(end);
            return ran.stop();
        }
        let all = program.ops(plan, at..end);
        let mut ops = all.iter();
        // Where a node is to be run by itself that is part of a span.
        let mut by_itself = u32::MAX;
        while let Some(op) = ops.next() {
            if let Some(span) = program.span_of(op).filter(|_| !TELLS && at != by_itself) {
                let upto = span.end.min(end);
                // SAFETY: passed on: all nodes before have ended, on this thread.
                let ran = unsafe { spans.run(span, at..upto, &mut self.unread) };
                let next = ran.at(upto);
                if let Some(stop) = ran.stop() {
                    self.at = next;
                    return Some(stop);
                }
                if next < upto {
                    by_itself = next;
                }
                ops = all[all.len() - (end - next) as usize..].iter();
                at = next;
                continue;
            }
            if !sequence.reach(at, fence) {
                self.at = at;
                return Some(Stop::Before);
            }
            if let Some(ahead) = ops.as_slice().get(AHEAD) {
                // SAFETY: the program is kept with the plan that has the task.
                prefetch(unsafe { ahead.body.as_ref() });
            }
            let args: &mut [Value] = match op.feed {
                Feed::Nothing => &mut [],
                // SAFETY: all nodes before this one have ended, on this thread, and it is the last
                // to read these.
                Feed::Lent => unsafe { outputs.lend(op.first, op.args().len()) },
                // SAFETY: as above, but for the last.
                Feed::Few if unsafe { self.copy_few(outputs, program.few(op)) } => {
                    &mut self.few[..op.args().len()]
                }
                Feed::Few | Feed::Made => {
                    // SAFETY: passed on: all nodes before this one have ended, on this thread.
                    if !unsafe { self.bind(program, frame, at, op) } {
                        self.at = at;
                        return Some(Stop::Before);
                    }
                    &mut self.args
                }
            };
            if TELLS {
                let (began, worker) = (self.told.began, self.told.worker);
                let telling = &mut self.told.telling;
                self.run.tell_start(PlanIndex::new(at), began, worker, telling);
            }
            // Left where it will lie: it is written in parts, and who moved it whole would have to
            // wait for them.
            let out = match op.is_read {
                // SAFETY: the node is this thread's until its successors begin.
                true => unsafe { outputs.own(at) },
                false => &mut self.unread,
            };
            // SAFETY: the program is kept with the plan that has the task.
            let body = unsafe { op.body.as_ref() };
            if let Err(error) = body.call_into(&ctx, args, out) {
                discard(std::mem::take(out));
                self.at = at;
                return Some(Stop::Failed(error));
            }
            host.end_attempt();
            if !op.plain.has(out)
                && let Err(error) = program.keep(frame.plan(), at, out)
            {
                self.at = at;
                return Some(Stop::Failed(error));
            }
            // It is done with them. Copies had no heap, and a task only takes away from what it gets.
            if op.feed != Feed::Few {
                for arg in args {
                    if has_heap(arg) {
                        discard(std::mem::take(arg));
                    }
                }
            } else if !self.args.is_empty() {
                clear(&mut self.args);
            }
            at += 1;
        }
        self.at = at;
        None
    }

    /// Copies a few outputs side by side. False: one has heap.
    ///
    /// # Safety
    /// All that it reads has ended, on this thread.
    #[inline(always)]
    unsafe fn copy_few(&mut self, outputs: Outputs<'_>, few: &[u32]) -> bool {
        let mut to = self.few.iter_mut();
        for &source in few {
            // SAFETY: passed on.
            if !to.next().is_some_and(|to| unsafe { outputs.copy(source, to) }) {
                return false;
            }
        }
        true
    }

    /// Makes the arguments of the node that it is at. False: they cannot be made, and all is as it
    /// was; why, the way of all nodes will find.
    ///
    /// # Safety
    /// All that it reads has ended, on this thread.
    unsafe fn bind(&mut self, program: &Program, frame: &Frame, at: u32, op: &Op) -> bool {
        // Those of the node before have no heap any more.
        self.args.clear();
        for arg in &program.args[op.args()] {
            // One way for both: which it is cannot be foreseen, and for most values does not matter.
            if let Arg::Take(source) | Arg::Copy(source) = *arg {
                // SAFETY: passed on.
                let output = unsafe { frame.look(source) };
                // There is room for as many as any node has.
                if push_plain(&mut self.args, output) {
                    continue;
                }
            }
            // SAFETY: passed on.
            if !unsafe { self.bind_other(at, op, arg) } {
                return false;
            }
        }
        for &source in &program.drops[op.drops()] {
            // SAFETY: passed on.
            if has_heap(unsafe { frame.look(source) }) {
                // SAFETY: it is the last reader, and has read.
                discard(unsafe { frame.take(source) });
            }
        }
        true
    }

    /// Makes an argument that is not a value without heap.
    ///
    /// # Safety
    /// As [`Self::bind`].
    #[inline(never)]
    unsafe fn bind_other(&mut self, at: u32, op: &Op, arg: &Arg) -> bool {
        self.at = at;
        let value = match *arg {
            // SAFETY: in this order it is the last to read that.
            Arg::Take(source) => Some(unsafe { self.frame.take(source) }),
            // SAFETY: passed on.
            Arg::Copy(source) => Some(unsafe { self.frame.look(source) }.clone()),
            Arg::Input(input) => Some(self.frame.inputs()[input as usize].clone()),
            Arg::Const(at) => Some(self.program.consts[at as usize].clone()),
            // SAFETY: passed on.
            Arg::Gather(at) => unsafe { self.gather(&self.program.gathers[at as usize]) },
            Arg::Port(port) => self.port(port),
        };
        let is_there = value.is_some();
        match value {
            Some(value) => self.args.push(value),
            None => self.unbind(op),
        }
        is_there
    }

    /// A list of outputs.
    ///
    /// # Safety
    /// As [`Self::bind`].
    unsafe fn gather(&self, gather: &Gather) -> Option<Value> {
        let mut items = Vec::with_capacity(gather.items.len());
        for &source in &gather.items {
            // SAFETY: passed on.
            let output = unsafe { self.frame.look(source) };
            if !push_plain(&mut items, output) {
                return self.port(gather.port);
            }
        }
        Value::list(items).ok()
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
    fn unbind(&mut self, op: &Op) {
        for (value, arg) in self.args.drain(..).zip(&self.program.args[op.args()]) {
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
