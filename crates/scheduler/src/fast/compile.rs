//! How a plan becomes a [`Program`].

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock};

use terrace_core::{Expr, Plan, PlanIndex, PortArg, Ref, Root, Signature, Task, Type, Value};

use super::costs::Costs;
use super::program::{Arg, ELSEWHERE, FEW, Feed, Gather, Op, Plain, Program};
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
            whole: None,
            spans: Box::default(),
            places: Box::default(),
            sources: Box::default(),
            reads: Box::default(),
        };
        if !sequential {
            return program;
        }
        if let Some((span, places)) = spans::whole(plan).filter(|_| !cfg!(terrace_loom)) {
            (program.whole, program.places) = (Some(span), places);
            return program;
        }
        let mut making = Making::of(plan);
        let mut ops: Vec<Op> = plan.indices().map(|at| making.op(at)).collect();
        program.most_args = making.most_args;
        (program.args, program.drops) = (making.args.into(), making.drops.into());
        spans::find(plan, &mut program, &mut ops);
        program.ops = ops.into();
        (program.consts, program.gathers) = (making.consts.into(), making.gathers.into());
        program.sources = making.sources.into();
        program
    }
}

/// A node of a plan that is nothing but a span.
pub(super) fn bare(plan: &Plan, at: PlanIndex) -> Op {
    let fits = kinds_of(&Type::Null);
    Op {
        body: task_of(plan, at),
        span: 0,
        args: 0,
        args_end: 0,
        first: 0,
        drops: 0,
        drops_end: 0,
        fits,
        plain: Plain::of(fits),
        feed: Feed::Nothing,
        reads: false,
        once: true,
        is_read: false,
    }
}

/// A program that is being made, node by node.
struct Making<'p> {
    plan: &'p Plan,
    /// Of each node, one more than the last that reads it; 0 for none. Not touched where nobody reads.
    last_readers: Vec<u32>,
    /// How often the node at hand refers to each other.
    references: Vec<u32>,
    fitting: Fitting,
    args: Vec<Arg>,
    drops: Vec<PlanIndex>,
    consts: Vec<Value>,
    gathers: Vec<Gather>,
    sources: Vec<u32>,
    most_args: usize,
}

impl<'p> Making<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut last_readers = vec![0; plan.len()];
        for at in plan.indices() {
            for source in plan.sources(at) {
                last_readers[source.index()] = at.get() + 1;
            }
        }
        Self {
            plan,
            last_readers,
            references: vec![0; plan.len()],
            fitting: Fitting::default(),
            args: Vec::new(),
            drops: Vec::new(),
            consts: Vec::new(),
            gathers: Vec::new(),
            sources: Vec::new(),
            most_args: 0,
        }
    }

    fn is_last(&self, source: PlanIndex, at: PlanIndex) -> bool {
        self.last_readers[source.index()] == at.get() + 1 && !self.plan.readable_after(source)
    }

    fn op(&mut self, at: PlanIndex) -> Op {
        let (begin, dropped) = (self.args.len(), self.drops.len());
        let reads = !self.plan.sources(at).is_empty();
        let mut references = 0;
        for port in 0..self.plan.ports(at) {
            let arg = self.arg(at, port, &mut references);
            self.args.push(arg);
        }
        if reads {
            self.take_and_drop(at, begin);
        }
        self.most_args = self.most_args.max(self.args.len() - begin);
        let fits = self.fitting.of(self.plan, at);
        let feed = feed(&self.args[begin..], &self.drops[dropped..]);
        Op {
            body: task_of(self.plan, at),
            span: NO_SPAN,
            args: begin as u32,
            args_end: self.args.len() as u32,
            first: self.first(begin, feed),
            drops: dropped as u32,
            drops_end: self.drops.len() as u32,
            fits,
            plain: Plain::of(fits),
            feed,
            reads,
            once: references == self.plan.sources(at).len(),
            is_read: self.plan.uses(at) > 0,
        }
    }

    /// What a port of a node gets. Counts its references to others.
    fn arg(&mut self, at: PlanIndex, port: usize, references: &mut usize) -> Arg {
        let (plan, number) = (self.plan, port as u32);
        let mut refer = |source: Option<PlanIndex>| {
            *references += 1;
            source.into_iter().for_each(|source| self.references[source.index()] += 1);
        };
        let expr = match plan.arg(at, port) {
            PortArg::Output(source) => {
                refer(Some(source));
                return Arg::Copy(source);
            }
            PortArg::Const(value) => return constant(&mut self.consts, value),
            PortArg::Expr(expr) => expr,
        };
        expr.each_node(&mut |id| refer(plan.place(id)));
        match expr {
            Expr::Const(value) => constant(&mut self.consts, value),
            Expr::Ref(Ref { root: Root::Input(id), path, adapt: None }) if path.is_empty() => {
                Arg::Input(id.index() as u32)
            }
            Expr::List(items) => {
                let items: Option<_> = items.iter().map(|item| output_of(plan, item)).collect();
                items.map_or(Arg::Port(number), |items| {
                    self.gathers.push(Gather { port: number, items });
                    Arg::Gather(self.gathers.len() as u32 - 1)
                })
            }
            _ => output_of(plan, expr).map_or(Arg::Port(number), Arg::Copy),
        }
    }

    /// Lets a node take the outputs that it is the last to read, or drop them.
    fn take_and_drop(&mut self, at: PlanIndex, begin: usize) {
        for port in begin..self.args.len() {
            if let Arg::Copy(source) = self.args[port]
                && self.references[source.index()] == 1
                && self.is_last(source, at)
            {
                self.references[source.index()] = 0;
                self.args[port] = Arg::Take(source);
            }
        }
        for &source in self.plan.sources(at) {
            let refers = std::mem::take(&mut self.references[source.index()]) > 0;
            if refers && self.is_last(source, at) {
                self.drops.push(source);
            }
        }
    }

    /// As [`Op::first`] says.
    fn first(&mut self, begin: usize, feed: Feed) -> u32 {
        match self.args.get(begin) {
            _ if feed == Feed::Few => {
                let first = self.sources.len() as u32;
                self.sources.extend(self.args[begin..].iter().filter_map(Arg::output));
                first
            }
            Some(arg) => arg.output().unwrap_or(0),
            None => 0,
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
    match ty {
        Type::Null => 1 | ELSEWHERE,
        Type::Bool => 1 << 1 | ELSEWHERE,
        Type::I64 => 1 << 2 | ELSEWHERE,
        Type::U64 => 1 << 3 | ELSEWHERE,
        Type::F64 | Type::Number => 1 << 2 | 1 << 3 | 1 << 4 | ELSEWHERE,
        Type::Str => 1 << 5 | ELSEWHERE,
        Type::Bytes => 1 << 6 | ELSEWHERE,
        Type::List(_) | Type::Array(_) | Type::Tuple(_) => 1 << 7 | 1 << 9 | ELSEWHERE,
        Type::Map(_) | Type::Record(_) | Type::Workflow => 1 << 8 | ELSEWHERE,
        _ => u16::MAX,
    }
}
