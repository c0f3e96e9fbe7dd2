//! [`Program`]: what a sequence runs, laid out in the order in which it does, and what runs of the
//! plan have cost so far. Made of a plan once and kept with it.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock};

use terrace_core::{
    Expr, Plan, PlanIndex, PortArg, Ref, Root, Signature, Task, TaskError, Type, Value,
};

use super::blocks::Blocks;
use super::costs::Costs;
use crate::attempt::checked;
use crate::dispatch::Alike;
use crate::frame::{Store, discard};
use crate::run::lock;

/// Memory of this many runs is kept for the next ones.
const SPARES: usize = 4;

/// One node.
pub(super) struct Op {
    /// The plan's own, which lives as long as this. Direct: an `Arc` would look up where in it the
    /// task lies, for every call.
    pub(super) body: NonNull<dyn Task>,
    /// That of a node some way ahead, which is fetched meanwhile.
    pub(super) ahead: *const (),
    /// Where its arguments begin and end.
    pub(super) args: u32,
    pub(super) args_end: u32,
    /// Likewise, the outputs that it is the last to read and does not take.
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

/// How a node of a sequence gets its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// It has none, and drops nothing.
    Nothing,
    /// They are outputs that lie side by side and that it is the last to read: it gets them where
    /// they lie.
    Lent,
    /// They are put together.
    Made,
}

// SAFETY: tasks may be called from any thread.
unsafe impl Send for Op {}
// SAFETY: as above.
unsafe impl Sync for Op {}

/// How many nodes ahead that is.
const AHEAD: u32 = 8;

fn task_of(plan: &Plan, at: PlanIndex) -> NonNull<dyn Task> {
    NonNull::from(plan.body(at))
}

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

/// A plan as it was cut for nodes of some cost; in no blocks where there is too little side by side.
struct Cut {
    each: u64,
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
    pub(super) ops: Box<[Op]>,
    pub(super) args: Box<[Arg]>,
    pub(super) drops: Box<[PlanIndex]>,
    pub(super) consts: Box<[Value]>,
    pub(super) gathers: Box<[Gather]>,
    /// How many arguments a node has at the most.
    pub(super) most_args: usize,
    /// The nodes whose output stays readable when a run is over.
    readable: Box<[PlanIndex]>,
    /// Whether it may run in sequence.
    pub(super) sequential: bool,
    /// Whether two nodes of it could ever run at once.
    pub(super) is_wide: bool,
    pub(super) costs: Costs,
    /// The plan in blocks, as it was last cut.
    cut: Mutex<Option<Cut>>,
    /// What the dispatcher knows of the nodes, once it ran the plan.
    alike: OnceLock<Alike>,
    spares: Mutex<Vec<Store>>,
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

    /// Costs O(nodes + edges).
    fn compile(plan: &Plan) -> Self {
        let sequential = plan.is_plain() && plan.blocking() == 0 && !asks_how_it_ended(plan);
        let mut program = Self {
            ops: Box::default(),
            args: Box::default(),
            drops: Box::default(),
            consts: Box::default(),
            gathers: Box::default(),
            most_args: 0,
            readable: plan.indices().filter(|&at| plan.readable_after(at)).collect(),
            sequential,
            is_wide: (0..plan.levels()).any(|level| plan.level(level).len() > 1),
            costs: Costs::default(),
            cut: Mutex::default(),
            alike: OnceLock::new(),
            spares: Mutex::default(),
        };
        if !sequential {
            return program;
        }
        let mut last_readers = vec![None; plan.len()];
        for at in plan.indices() {
            for source in plan.sources(at) {
                last_readers[source.index()] = Some(at);
            }
        }
        let is_last = |source: PlanIndex, at: PlanIndex| {
            last_readers[source.index()] == Some(at) && !plan.readable_after(source)
        };
        let mut ops: Vec<Op> = Vec::with_capacity(plan.len());
        let mut fitting = Fitting::default();
        // How often the node at hand refers to each other.
        let mut references = vec![0_u32; plan.len()];
        let (mut args, mut drops, mut consts) = (Vec::new(), Vec::new(), Vec::new());
        let mut gathers = Vec::new();
        for at in plan.indices() {
            let (begin, dropped) = (args.len(), drops.len());
            let mut all = 0;
            for port in 0..plan.ports(at) {
                let mut refer = |source: Option<PlanIndex>| {
                    all += 1;
                    source.into_iter().for_each(|source| references[source.index()] += 1);
                };
                let arg = match plan.arg(at, port) {
                    PortArg::Output(source) => {
                        refer(Some(source));
                        Arg::Copy(source)
                    }
                    PortArg::Const(value) => constant(&mut consts, value),
                    PortArg::Expr(expr) => {
                        expr.each_node(&mut |id| refer(plan.place(id)));
                        match expr {
                            Expr::Const(value) => constant(&mut consts, value),
                            Expr::Ref(Ref { root: Root::Input(id), path, adapt: None })
                                if path.is_empty() =>
                            {
                                Arg::Input(id.index() as u32)
                            }
                            Expr::List(items) => {
                                let items = items.iter().map(|item| output_of(plan, item));
                                items.collect::<Option<_>>().map_or(
                                    Arg::Port(port as u32),
                                    |items| {
                                        gathers.push(Gather { port: port as u32, items });
                                        Arg::Gather(gathers.len() as u32 - 1)
                                    },
                                )
                            }
                            _ => output_of(plan, expr).map_or(Arg::Port(port as u32), Arg::Copy),
                        }
                    }
                };
                args.push(arg);
            }
            let once = all == plan.sources(at).len();
            for arg in &mut args[begin..] {
                match *arg {
                    Arg::Copy(source) if references[source.index()] == 1 && is_last(source, at) => {
                        references[source.index()] = 0;
                        *arg = Arg::Take(source);
                    }
                    _ => {}
                }
            }
            for &source in plan.sources(at) {
                if std::mem::take(&mut references[source.index()]) > 0 && is_last(source, at) {
                    drops.push(source);
                }
            }
            let (fits, is_read) = (fitting.of(plan, at), plan.uses(at) > 0);
            let body = task_of(plan, at);
            ops.push(Op {
                body,
                ahead: body.as_ptr() as *const (),
                args: begin as u32,
                args_end: args.len() as u32,
                drops: dropped as u32,
                drops_end: drops.len() as u32,
                fits,
                plain: Plain::of(fits),
                feed: feed(&args[begin..], &drops[dropped..]),
                reads: !plan.sources(at).is_empty(),
                once,
                is_read,
            });
            program.most_args = program.most_args.max(args.len() - begin);
        }
        for at in AHEAD as usize..ops.len() {
            ops[at - AHEAD as usize].ahead = ops[at].body.as_ptr() as *const ();
        }
        (program.ops, program.args) = (ops.into(), args.into());
        (program.drops, program.consts) = (drops.into(), consts.into());
        program.gathers = gathers.into();
        program
    }

    /// The first output that a node is lent.
    #[inline]
    pub(super) fn first_of(&self, op: &Op) -> PlanIndex {
        match self.args[op.args as usize] {
            Arg::Take(source) => source,
            _ => PlanIndex::new(0),
        }
    }

    /// Looks at what a node gave that has heap or may be of a wrong kind: drops it where nobody
    /// reads it.
    #[inline(never)]
    pub(super) fn keep(&self, plan: &Plan, at: u32, out: &mut Value) -> Result<(), TaskError> {
        let op = &self.ops[at as usize];
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
        // Cut again where nodes take twice as long, or half.
        let suits = |cut: &&mut Cut| each <= cut.each * 2 && cut.each <= each * 2;
        if let Some(cut) = kept.as_mut().filter(suits) {
            return cut.blocks.clone();
        }
        let blocks = Blocks::cut(plan, each, threads).map(Arc::new);
        *kept = Some(Cut { each, blocks: blocks.clone() });
        blocks
    }

    /// Which nodes the dispatcher need not tell apart.
    pub(crate) fn alike(plan: &Plan) -> Option<&Alike> {
        Self::for_run(plan).map(|program| program.alike.get_or_init(|| Alike::of(plan)))
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

/// The output that an expression is, where it is just one.
fn output_of(plan: &Plan, expr: &Expr) -> Option<PlanIndex> {
    match expr {
        Expr::Ref(Ref { root: Root::Node(id), path, adapt: None }) if path.is_empty() => {
            plan.place(*id)
        }
        _ => None,
    }
}

/// How a node with these arguments, that drops these outputs, gets its arguments.
fn feed(args: &[Arg], drops: &[PlanIndex]) -> Feed {
    let lies_there = |(after, arg): (u32, &Arg)| match (args[0], arg) {
        (Arg::Take(first), Arg::Take(source)) => source.get() == first.get() + after,
        _ => false,
    };
    match (args.is_empty(), drops.is_empty()) {
        (true, true) => Feed::Nothing,
        (false, true) if (0..).zip(args).all(lies_there) => Feed::Lent,
        _ => Feed::Made,
    }
}

/// An argument that is a constant, which is kept.
fn constant(consts: &mut Vec<Value>, value: &Value) -> Arg {
    consts.push(value.clone());
    Arg::Const(consts.len() as u32 - 1)
}

/// Kinds that fit, of node after node: most have the type of the one before.
#[derive(Default)]
struct Fitting {
    of: Option<(*const Signature, u16)>,
}

impl Fitting {
    fn of(&mut self, plan: &Plan, at: PlanIndex) -> u16 {
        let signature = plan.signature(at);
        match self.of {
            Some((known, fits)) if known == Arc::as_ptr(signature) => fits,
            _ => {
                let fits = kinds_of(&signature.output);
                self.of = Some((Arc::as_ptr(signature), fits));
                fits
            }
        }
    }
}

/// Whether a node takes how another ended, which a sequence does not keep.
fn asks_how_it_ended(plan: &Plan) -> bool {
    if plan.has_plain_args() {
        return false;
    }
    let mut found = false;
    for at in plan.indices() {
        for arg in plan.args(at) {
            arg.each_ref(&mut |reference| found |= matches!(reference.root, Root::Outcome(_)));
        }
    }
    found
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

/// Kinds without heap: the tag of the first, and how many follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    first: u8,
    more: u8,
}

impl Plain {
    /// Those among some kinds; of those with gaps between them, the first ones.
    fn of(kinds: u16) -> Self {
        // No value has the tag 255.
        let none = Self { first: u8::MAX, more: 0 };
        let first = (kinds & 0b1_1111).trailing_zeros();
        if first > 4 {
            return none;
        }
        let more = ((kinds & 0b1_1111) >> first).trailing_ones() - 1;
        Self { first: first as u8, more: more as u8 }
    }

    /// Whether a value is of one of them. Reads one byte: where the value was written a moment ago,
    /// a wider look would have to wait until it is in the cache.
    #[inline]
    pub(super) fn has(self, value: &Value) -> bool {
        tag_of(value).wrapping_sub(self.first) <= self.more
    }
}

/// The kinds that surely fit; what a value of another kind is, the full check says.
fn kinds_of(ty: &Type) -> u16 {
    const EXT: u16 = 1 << 10;
    match ty {
        Type::Null => 1 | EXT,
        Type::Bool => 1 << 1 | EXT,
        Type::I64 => 1 << 2 | EXT,
        Type::U64 => 1 << 3 | EXT,
        Type::F64 | Type::Number => 1 << 2 | 1 << 3 | 1 << 4 | EXT,
        Type::Str => 1 << 5 | EXT,
        Type::Bytes => 1 << 6 | EXT,
        Type::List(_) | Type::Array(_) | Type::Tuple(_) => 1 << 7 | 1 << 9 | EXT,
        Type::Map(_) | Type::Record(_) | Type::Workflow => 1 << 8 | EXT,
        _ => u16::MAX,
    }
}
