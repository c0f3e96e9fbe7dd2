//! [`Program`]: what a sequence runs, laid out in the order in which it does, and what runs of the
//! plan have cost so far. Made of a plan once and kept with it.

use std::borrow::Cow;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock};

use terrace_core::{Plan, PlanIndex, Task, TaskError, Value};
use terrace_plugin_api::SLOTS_READ;

use super::blocks::Blocks;
use super::compile::bare;
use super::costs::Costs;
use super::spans::{NO_SPAN, Span};
use crate::attempt::checked;
use crate::dispatch::Alike;
use crate::frame::{Store, discard};
use crate::run::lock;

/// Memory of this many runs is kept for the next ones.
const SPARES: usize = 4;

/// One node.
#[derive(Clone, Copy)]
pub(super) struct Op {
    /// The plan's own, which lives as long as this. Direct: an `Arc` would look up where in it the
    /// task lies, for every call.
    pub(super) body: NonNull<dyn Task>,
    /// The number of the span that it is part of, or [`NO_SPAN`].
    pub(super) span: u32,
    /// Where its arguments begin and end.
    pub(super) args: u32,
    pub(super) args_end: u32,
    /// The first output that it reads, where they are lent; where they stand in
    /// [`Program::sources`], where they are a few.
    pub(super) first: u32,
    /// Where the outputs begin and end that it is the last to read and does not take.
    pub(super) drops: u32,
    pub(super) drops_end: u32,
    /// Kinds of value that are surely of the type that it gives.
    pub(super) fits: u16,
    /// Of these, those without heap.
    pub(super) plain: Plain,
    /// How it gets its arguments in a sequence.
    pub(super) feed: Feed,
    /// Whether it reads any output.
    pub(super) reads: bool,
    /// Whether it refers to each output that it reads once.
    pub(super) once: bool,
    /// Whether anybody reads what it gives.
    pub(super) is_read: bool,
}

impl Op {
    /// Where its arguments stand in [`Program::args`].
    #[inline]
    pub(super) fn args(&self) -> std::ops::Range<usize> {
        self.args as usize..self.args_end as usize
    }

    /// Where the outputs that it drops stand in [`Program::drops`].
    #[inline]
    pub(super) fn drops(&self) -> std::ops::Range<usize> {
        self.drops as usize..self.drops_end as usize
    }
}

/// What a node calls.
#[derive(Clone, Copy)]
pub(crate) struct Called<'p> {
    pub(crate) body: &'p dyn Task,
    fits: u16,
    /// Whether it takes any arguments.
    pub(crate) has_args: bool,
}

impl Called<'_> {
    /// Whether a value is surely of the type that it gives.
    #[inline]
    pub(crate) fn surely_gives(&self, value: &Value) -> bool {
        kind_of(value) & self.fits != 0
    }
}

/// How many arguments are a few.
pub(super) const FEW: usize = SLOTS_READ;

/// How a node of a sequence gets its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// It has none, and drops nothing.
    Nothing,
    /// They are outputs that lie side by side and that it is the last to read: it gets them where
    /// they lie.
    Lent,
    /// They are a few outputs, which are copied side by side where they have no heap.
    Few,
    /// They are put together.
    Made,
}

// SAFETY: tasks may be called from any thread.
unsafe impl Send for Op {}
// SAFETY: as above.
unsafe impl Sync for Op {}

/// One argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    /// An output, by the last who reads it.
    Take(PlanIndex),
    /// An output that others read too.
    Copy(PlanIndex),
    /// An input of the workflow.
    Input(u32),
    /// A constant of the program.
    Const(u32),
    /// A list of outputs: one of the program's gathers.
    Gather(u32),
    /// Anything else: the port's own expression.
    Port(u32),
}

impl Arg {
    /// The output that it is.
    pub(super) fn output(&self) -> Option<u32> {
        match *self {
            Self::Take(source) | Self::Copy(source) => Some(source.get()),
            _ => None,
        }
    }
}

/// A plan as it was cut for nodes of some cost; in no blocks where there is too little side by side.
pub(super) struct Cut {
    each: u64,
    threads: u32,
    blocks: Option<Arc<Blocks>>,
}

/// A list of outputs as an argument.
pub(super) struct Gather {
    /// The port that takes it, by whose expression it is made where there is anything with heap.
    pub(super) port: u32,
    pub(super) items: Box<[PlanIndex]>,
}

/// A plan as a list of calls.
pub(crate) struct Program {
    /// Empty where all of it is one span.
    pub(super) ops: Box<[Op]>,
    pub(super) args: Box<[Arg]>,
    pub(super) drops: Box<[PlanIndex]>,
    pub(super) consts: Box<[Value]>,
    pub(super) gathers: Box<[Gather]>,
    pub(super) spans: Box<[Span]>,
    /// The span that all of it is, of which the nodes are not laid out one by one.
    pub(super) whole: Option<Span>,
    /// Of each node, where its task lies among those of its type. Empty where no span asks for it.
    pub(super) places: Box<[u32]>,
    /// The outputs that nodes read that read a few.
    pub(super) sources: Box<[u32]>,
    /// Likewise those of nodes that are part of a span.
    pub(super) reads: Box<[u32]>,
    /// How many arguments a node has at the most.
    pub(super) most_args: usize,
    /// The nodes whose output stays readable when a run is over.
    pub(super) readable: Box<[PlanIndex]>,
    /// Whether it may run in sequence.
    pub(super) sequential: bool,
    /// Whether two nodes of it could ever run at once.
    pub(super) is_wide: bool,
    pub(super) costs: Costs,
    /// The plan in blocks, as it was last cut.
    pub(super) cut: Mutex<Option<Cut>>,
    /// What the dispatcher knows of the nodes, once it ran the plan.
    pub(super) alike: OnceLock<Alike>,
    pub(super) spares: Mutex<Vec<Store>>,
}

impl Program {
    /// That of a plan, made now where there is none.
    pub(super) fn for_run(plan: &Plan) -> Option<&Self> {
        plan.keep_with(|| Self::compile(plan))
    }

    /// That of a plan, where one was made.
    pub(crate) fn of(plan: &Plan) -> Option<&Self> {
        plan.kept()
    }

    /// Which nodes the dispatcher need not tell apart.
    pub(crate) fn alike(plan: &Plan) -> Option<&Alike> {
        Self::for_run(plan).map(|program| program.alike.get_or_init(|| Alike::of(plan)))
    }

    /// A node.
    #[inline]
    pub(super) fn op(&self, plan: &Plan, at: u32) -> Op {
        match self.ops.get(at as usize) {
            Some(op) => *op,
            None => bare(plan, PlanIndex::new(at)),
        }
    }

    /// Nodes that follow each other.
    #[inline]
    pub(super) fn ops(&self, plan: &Plan, nodes: Range<u32>) -> Cow<'_, [Op]> {
        match self.whole {
            None => Cow::Borrowed(&self.ops[nodes.start as usize..nodes.end as usize]),
            Some(_) => nodes.map(|at| bare(plan, PlanIndex::new(at))).collect(),
        }
    }

    /// The span that a node is part of. Not where steps are modelled: a span takes them by itself.
    #[inline]
    pub(super) fn span_of(&self, op: &Op) -> Option<Span> {
        self.span(op.span)
    }

    /// The span with a number.
    #[inline]
    pub(super) fn span(&self, number: u32) -> Option<Span> {
        if cfg!(terrace_loom) || number == NO_SPAN {
            return None;
        }
        self.whole.or_else(|| self.spans.get(number as usize).copied())
    }

    /// The outputs that a node reads that reads a few.
    #[inline(always)]
    pub(super) fn few(&self, op: &Op) -> &[u32] {
        let few = op.first as usize..op.first as usize + op.args().len();
        debug_assert!(op.feed == Feed::Few && few.end <= self.sources.len(), "as it was compiled");
        // SAFETY: they were put there, as many, when the node was compiled.
        unsafe { self.sources.get_unchecked(few) }
    }

    /// What a node calls, where that lies here.
    #[inline]
    pub(crate) fn called(&self, at: PlanIndex) -> Option<Called<'_>> {
        let op = self.ops.get(at.index())?;
        // SAFETY: the program is kept with the plan that has the task.
        let body = unsafe { op.body.as_ref() };
        Some(Called { body, fits: op.fits, has_args: op.args < op.args_end })
    }

    /// Looks at what a node gave that has heap or may be of a wrong kind: drops it where nobody
    /// reads it.
    #[inline(never)]
    pub(super) fn keep(&self, plan: &Plan, at: u32, out: &mut Value) -> Result<(), TaskError> {
        let op = &self.op(plan, at);
        if kind_of(out) & op.fits == 0 {
            let ty = &plan.signature(PlanIndex::new(at)).output;
            *out = checked(ty, std::mem::take(out))?;
        }
        if !op.is_read {
            discard(std::mem::take(out));
        }
        Ok(())
    }

    /// The plan cut for nodes that take so long, where there is enough to do side by side.
    pub(super) fn blocks(&self, plan: &Plan, each: u64, threads: u32) -> Option<Arc<Blocks>> {
        let mut kept = lock(&self.cut);
        // Cut again where nodes take twice as long, or half, and for other schedulers.
        let suits =
            |cut: &&mut Cut| cut.threads == threads && each <= cut.each * 2 && cut.each <= each * 2;
        if let Some(cut) = kept.as_mut().filter(suits) {
            return cut.blocks.clone();
        }
        let blocks = Blocks::cut(plan, each, threads, |at| {
            self.ops.get(at as usize).map_or(0, |op| op.span)
        })
        .map(Arc::new);
        *kept = Some(Cut { each, threads, blocks: blocks.clone() });
        blocks
    }

    /// Memory for a run.
    pub(super) fn store(&self, plan: &Plan) -> Store {
        let spare = lock(&self.spares).pop();
        spare.unwrap_or_else(|| Store::new(plan))
    }

    /// The nodes whose output stays readable when a run is over.
    pub(crate) fn readable(&self) -> &[PlanIndex] {
        &self.readable
    }

    /// Keeps memory, which is as new, for another run.
    pub(crate) fn give_back(&self, store: Store) {
        let mut spares = lock(&self.spares);
        if spares.len() < SPARES {
            spares.push(store);
        }
    }
}

/// The kind of a value, as a bit.
#[inline]
pub(super) fn kind_of(value: &Value) -> u16 {
    1 << tag_of(value)
}

#[inline]
fn tag_of(value: &Value) -> u8 {
    // In the order of the enum, so that this is its tag and no table.
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::I64(_) => 2,
        Value::U64(_) => 3,
        Value::F64(_) => 4,
        Value::Str(_) => 5,
        Value::Bytes(_) => 6,
        Value::List(_) => 7,
        Value::Map(_) => 8,
        Value::Array(_) => 9,
        Value::Ext(_) => 10,
    }
}

/// Kinds of values that have no heap.
pub(super) const PLAIN: u16 = 0b1_1111;
/// Values from elsewhere, which fit any type.
pub(super) const ELSEWHERE: u16 = 1 << 10;

/// Kinds without heap: the tag of the first, and how many follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    first: u8,
    more: u8,
}

impl Plain {
    /// Those among some kinds; of those with gaps between them, the first ones.
    pub(super) fn of(kinds: u16) -> Self {
        // No value has the tag 255.
        let none = Self { first: u8::MAX, more: 0 };
        let first = (kinds & PLAIN).trailing_zeros();
        if first > 4 {
            return none;
        }
        let more = ((kinds & PLAIN) >> first).trailing_ones() - 1;
        Self { first: first as u8, more: more as u8 }
    }

    /// Whether a value is of one of them. Reads one byte: where the value was written a moment ago,
    /// a wider look would have to wait until it is in the cache.
    #[inline]
    pub(super) fn has(self, value: &Value) -> bool {
        tag_of(value).wrapping_sub(self.first) <= self.more
    }
}
