//! How a plan becomes a [`Program`].

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock};

use terrace_core::{Expr, Plan, PlanIndex, PortArg, Ref, Root, Signature, Task, Type, Value};

use super::costs::Costs;
use super::program::{Arg, FEW, Feed, Gather, Op, Plain, Program};
use super::spans::{self, NO_SPAN};

fn task_of(plan: &Plan, at: PlanIndex) -> NonNull<dyn Task> {
    NonNull::from(plan.body(at))
}

impl Program {
    /// Costs O(nodes + edges).
    pub(super) fn compile(plan: &Plan) -> Self {
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
            spans: Box::default(),
            places: Box::default(),
            sources: Box::default(),
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
        let mut sources: Vec<u32> = Vec::new();
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
            let feed = feed(&args[begin..], &drops[dropped..]);
            ops.push(Op {
                body,
                span: NO_SPAN,
                args: begin as u32,
                args_end: args.len() as u32,
                first: match args.get(begin) {
                    _ if feed == Feed::Few => {
                        let first = sources.len() as u32;
                        sources.extend(args[begin..].iter().filter_map(Arg::output));
                        first
                    }
                    Some(arg) => arg.output().unwrap_or(0),
                    None => 0,
                },
                drops: dropped as u32,
                drops_end: drops.len() as u32,
                fits,
                plain: Plain::of(fits),
                feed,
                reads: !plan.sources(at).is_empty(),
                once,
                is_read,
            });
            program.most_args = program.most_args.max(args.len() - begin);
        }
        (program.spans, program.places) = spans::find(plan, &mut ops);
        (program.ops, program.args) = (ops.into(), args.into());
        (program.drops, program.consts) = (drops.into(), consts.into());
        (program.gathers, program.sources) = (gathers.into(), sources.into());
        program
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
    let is_output = |arg: &Arg| arg.output().is_some();
    match (args.is_empty(), drops.is_empty()) {
        (true, true) => Feed::Nothing,
        (false, true) if (0..).zip(args).all(lies_there) => Feed::Lent,
        (false, true) if args.len() <= FEW && args.iter().all(is_output) => Feed::Few,
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
