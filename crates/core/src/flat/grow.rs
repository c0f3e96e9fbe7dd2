//! [`FlatDraft`]: a flat graph while it is written.

use std::sync::Arc;

use terrace_plugin_api::Value;

use super::tasks::{Shape, Tasks};
use super::{CONST, Flat, Lists, MOST, Naming};
use crate::catalog::Task;
use crate::draft::{Args, NodeDraft, TaskChoice};
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::types::{Fit, Type};
use crate::validate::{RESERVED, is_name};

/// A flat graph while it is written.
#[derive(Default)]
pub(crate) struct FlatDraft {
    tasks: Tasks,
    args: Lists,
    constants: Vec<Value>,
    after: Lists,
    /// Edges without a value to nodes that were not the last when these came.
    late: Vec<(u32, u32)>,
    names: Vec<(u32, Arc<str>)>,
    kept: Vec<u32>,
}

/// An argument of a node, as a flat graph can have it.
#[derive(Debug)]
pub(crate) enum Given {
    Output(NodeId),
    Const(Value),
}

impl Given {
    pub(crate) fn into_expr(self) -> Expr {
        match self {
            Self::Output(id) => Expr::Ref(Ref::new(Root::Node(id))),
            Self::Const(value) => Expr::Const(value),
        }
    }
}

impl FlatDraft {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether it has room for another node.
    pub(crate) fn has_room(&self) -> bool {
        self.tasks.len() < MOST
    }

    pub(crate) fn reserve(&mut self, nodes: usize, edges: usize) {
        self.tasks.reserve(nodes);
        self.after.items.reserve(edges);
        if edges > 0 {
            self.after.starts.reserve(nodes + 1);
        }
    }

    /// Adds a node. `shape` is asked for the first of its type.
    #[inline]
    pub(crate) fn push<T: Task + 'static>(
        &mut self,
        task: T,
        shape: impl FnOnce() -> Shape,
    ) -> NodeId {
        let id = NodeId(self.tasks.len() as u32);
        self.tasks.push(task, shape);
        id
    }

    /// Adds an argument to the last node.
    #[inline]
    pub(crate) fn push_arg(&mut self, given: Given) {
        let code = match given {
            Given::Output(id) => id.0,
            Given::Const(value) => {
                self.constants.push(value);
                CONST + (self.constants.len() as u32 - 1)
            }
        };
        self.args.push(self.tasks.len(), code);
    }

    /// Adds outputs as arguments of the last node.
    #[inline]
    pub(crate) fn push_outputs(&mut self, of: impl IntoIterator<Item = NodeId>) {
        self.args.extend(self.tasks.len(), of.into_iter().map(|id| id.0));
    }

    /// Says that a node comes after another. False: there is no such node.
    #[inline]
    pub(crate) fn push_after(&mut self, id: NodeId, on: NodeId) -> bool {
        match self.tasks.len().checked_sub(id.index() + 1) {
            Some(0) => self.after.push(self.tasks.len(), on.0),
            Some(_) => self.late.push((id.0, on.0)),
            None => return false,
        }
        true
    }

    /// Says that the last node comes after others.
    #[inline]
    pub(crate) fn push_all_after(&mut self, on: impl IntoIterator<Item = NodeId>) {
        self.after.extend(self.tasks.len(), on.into_iter().map(|on| on.0));
    }

    /// Names a node. False: there is no such node.
    pub(crate) fn name(&mut self, id: NodeId, name: &str) -> bool {
        let known = id.index() < self.tasks.len();
        if known {
            self.names.push((id.0, name.into()));
        }
        known
    }

    /// Keeps a node's output readable. False: there is no such node.
    pub(crate) fn keep(&mut self, id: NodeId) -> bool {
        let known = id.index() < self.tasks.len();
        if known {
            self.kept.push(id.0);
        }
        known
    }

    /// Brings the edges that came late to those of their nodes.
    fn settle(&mut self) {
        let n = self.tasks.len();
        self.args.close(n);
        self.after.close(n);
        if self.late.is_empty() {
            return;
        }
        // In the order in which they came, which is that of their nodes' lists too.
        self.late.sort_by_key(|(id, _)| *id);
        let mut late = std::mem::take(&mut self.late).into_iter().peekable();
        let mut all = Lists::default();
        all.items.reserve_exact(self.after.items.len() + late.len());
        all.starts.reserve_exact(n + 1);
        for at in 0..n {
            all.extend(at + 1, self.after.of(at).iter().copied());
            while let Some((_, on)) = late.next_if(|(id, _)| *id as usize == at) {
                all.items.push(on);
            }
        }
        all.close(n);
        self.after = all;
    }

    /// The finished graph; `Err` with the draft where names, types or edges are not as they have
    /// to be, or are said twice: what is wrong is for a check that can tell of it.
    pub(crate) fn finish(mut self, keep_all: bool) -> Result<Flat, Box<Self>> {
        self.settle();
        let mut edges = Edges { n: self.len(), ..Edges::default() };
        if !edges.look_at(&self.args, &self.after) {
            return Err(Box::new(self));
        }
        // A cycle is for a check that can tell of it.
        if edges.backward || self.misfit().is_some() || !self.settle_names() {
            return Err(Box::new(self));
        }
        Ok(self.into_flat(Naming::Counted, keep_all, &edges))
    }

    /// As [`Self::finish`], of nodes without names and with what is said twice left out. `Err` names
    /// what is wrong.
    pub(crate) fn finish_plainly(mut self) -> Result<Flat, Flaw> {
        self.settle();
        let mut edges = Edges { n: self.len(), ..Edges::default() };
        if let Some(&kept) = self.kept.iter().find(|id| **id as usize >= edges.n) {
            return Err(Flaw::Unknown(NodeId(kept)));
        }
        if !edges.look_at(&self.args, &self.after) {
            let outputs = self.args.items.iter().filter(|code| **code < CONST);
            let mut all = outputs.chain(&self.after.items);
            if let Some(&unknown) = all.find(|id| **id as usize >= edges.n) {
                return Err(Flaw::Unknown(NodeId(unknown)));
            }
            self.leave_doubles_out();
            let doubles = edges.doubles;
            edges = Edges { n: self.len(), doubles, ..Edges::default() };
            edges.look_at(&self.args, &self.after);
        }
        if let Some(misfit) = self.misfit() {
            return Err(misfit);
        }
        Ok(self.into_flat(Naming::Indexed, false, &edges))
    }

    /// Keeps each edge without a value once, and none beside one with a value.
    fn leave_doubles_out(&mut self) {
        let n = self.len();
        let mut seen = vec![u32::MAX; n];
        let mut all = Lists::default();
        for at in 0..n {
            let args = self.args.of(at).iter().filter(|code| **code < CONST);
            args.for_each(|&on| seen[on as usize] = at as u32);
            let new = |on: &u32| std::mem::replace(&mut seen[*on as usize], at as u32) != at as u32;
            all.extend(at + 1, self.after.of(at).iter().copied().filter(new));
        }
        all.close(n);
        self.after = all;
    }

    fn into_flat(mut self, naming: Naming, keep_all: bool, edges: &Edges) -> Flat {
        self.tasks.close();
        self.kept.sort_unstable();
        self.kept.dedup();
        Flat {
            tasks: self.tasks,
            args: self.args,
            constants: self.constants,
            after: self.after,
            names: self.names,
            naming,
            kept: self.kept,
            keep_all,
            forward: !edges.backward,
            doubles: edges.doubles,
        }
    }

    /// A port of a node that cannot take what it gets.
    fn misfit(&self) -> Option<Flaw> {
        if self.args.items.is_empty() {
            return None;
        }
        let shapes: Vec<&Shape> = self.tasks.shapes().collect();
        let fits = |kind: usize, port: usize, from: usize| {
            // Without a port it is a task that takes any number.
            let port = shapes[kind].signature.ports.get(port);
            let found = &shapes[from].signature.output;
            port.is_none_or(|port| port.ty == *found || port.ty.accepts(found) != Fit::Never)
        };
        // What fits of a few kinds, a bit each, by kind and port: most graphs have few.
        let table: Option<Vec<Vec<u16>>> = (shapes.len() <= 16).then(|| {
            let bits = |kind: usize, port: usize| {
                let bit = |from: usize| u16::from(fits(kind, port, from)) << from;
                (0..shapes.len()).map(bit).fold(0, std::ops::BitOr::bitor)
            };
            let ports = |kind: usize| shapes[kind].signature.ports.len();
            (0..shapes.len())
                .map(|kind| (0..ports(kind)).map(|at| bits(kind, at)).collect())
                .collect()
        });
        let mut found = None;
        self.args.each(self.len(), |at, args| {
            let kind = self.tasks.kind_of(at);
            for (port, &code) in args.iter().enumerate().filter(|(_, code)| **code < CONST) {
                let from = self.tasks.kind_of(code as usize);
                let fits = match &table {
                    Some(table) => table[kind].get(port).is_none_or(|bits| bits >> from & 1 == 1),
                    None => fits(kind, port, from),
                };
                if !fits && found.is_none() {
                    found = Some((at, kind, port, from));
                }
            }
        });
        let (at, kind, port, from) = found?;
        Some(Flaw::Mistyped {
            node: NodeId(at as u32),
            port,
            expected: Box::new(shapes[kind].signature.ports.get(port)?.ty.clone()),
            found: Box::new(shapes[from].signature.output.clone()),
        })
    }

    /// Sorts the names by node, the last one given to each; false where one cannot be a name or is
    /// given twice.
    fn settle_names(&mut self) -> bool {
        // Stable, so that the last of a node stays the last.
        self.names.sort_by_key(|(id, _)| *id);
        self.names.reverse();
        self.names.dedup_by_key(|(id, _)| *id);
        self.names.reverse();
        let mut seen = std::collections::HashSet::with_capacity(self.names.len());
        let right = |name: &str| is_name(name) && !RESERVED.contains(&name);
        self.names.iter().all(|(_, name)| right(name) && seen.insert(&**name))
    }

    /// Each node as it would have been written otherwise.
    pub(crate) fn into_nodes(mut self) -> impl Iterator<Item = NodeDraft> {
        self.settle();
        let Self { tasks, args, mut constants, after, mut names, kept, .. } = self;
        names.sort_by_key(|(id, _)| *id);
        let mut names = names.into_iter().peekable();
        let mut is_kept = vec![false; tasks.len()];
        kept.iter().for_each(|&id| is_kept[id as usize] = true);
        tasks.apart().enumerate().map(move |(at, task)| {
            let args = args.of(at).iter().map(|&code| {
                let given = match code.checked_sub(CONST) {
                    Some(at) => Given::Const(std::mem::take(&mut constants[at as usize])),
                    None => Given::Output(NodeId(code)),
                };
                given.into_expr()
            });
            let args = Args::Positional(args.collect());
            let mut node = NodeDraft::new(TaskChoice::Inline(task), args);
            node.after = after.of(at).iter().map(|&on| NodeId(on)).collect();
            while let Some((_, name)) = names.next_if(|(id, _)| *id as usize == at) {
                node.name = Some(name);
            }
            node.keep = is_kept[at];
            node
        })
    }
}

/// What is wrong with a flat graph.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// There is no such node.
    Unknown(NodeId),
    /// The port of a node cannot take what it gets.
    Mistyped { node: NodeId, port: usize, expected: Box<Type>, found: Box<Type> },
}

/// What comes out when the edges are looked at, node by node.
#[derive(Debug, Default)]
struct Edges {
    /// How many nodes there are.
    n: usize,
    /// Whether one leads to a node from a later one.
    backward: bool,
    /// Whether a node takes an output twice.
    doubles: bool,
    /// For nodes with many: which node referred to each last.
    seen: Vec<u32>,
}

/// Up to so many dependencies are compared with each other.
const FEW: usize = 8;

impl Edges {
    /// Looks at all. False: one leads nowhere, or one without a value says what another said.
    fn look_at(&mut self, args: &Lists, after: &Lists) -> bool {
        let mut right = true;
        if args.items.is_empty() {
            after.each(self.n, |at, after| right &= self.look(at, &[], after));
        } else {
            args.each(self.n, |at, args| right &= self.look(at, args, after.of(at)));
        }
        right
    }

    /// Looks at those of a node. False: an edge leads nowhere, or one without a value says what another said.
    #[inline]
    fn look(&mut self, at: usize, args: &[u32], after: &[u32]) -> bool {
        let list = if args.is_empty() { after } else { args };
        let alone = list.len() == args.len() + after.len();
        if alone && list.windows(2).all(|pair| pair[0] < pair[1]) {
            // The largest is the last.
            let Some(&last) = list.last() else { return true };
            if last < CONST {
                self.backward |= last as usize >= at;
                return (last as usize) < self.n;
            }
        }
        self.look_closer(at, args, after)
    }

    fn look_closer(&mut self, at: usize, args: &[u32], after: &[u32]) -> bool {
        let mut right = true;
        for &on in args.iter().filter(|code| **code < CONST).chain(after) {
            right &= (on as usize) < self.n;
            self.backward |= on as usize >= at;
        }
        match args.len() + after.len() {
            0 | 1 => right,
            2..=FEW => right && self.compare(args, after),
            _ => right && self.mark(at as u32, args, after),
        }
    }

    #[inline]
    fn compare(&mut self, args: &[u32], after: &[u32]) -> bool {
        for (at, code) in args.iter().enumerate() {
            self.doubles |= args[..at].contains(code);
        }
        after.iter().enumerate().all(|(at, on)| !after[..at].contains(on) && !args.contains(on))
    }

    #[cold]
    fn mark(&mut self, at: u32, args: &[u32], after: &[u32]) -> bool {
        self.seen.resize(self.n, u32::MAX);
        let seen = &mut self.seen;
        let mut again = |on: &u32| std::mem::replace(&mut seen[*on as usize], at) == at;
        for on in args.iter().filter(|code| **code < CONST) {
            self.doubles |= again(on);
        }
        !after.iter().any(again)
    }
}
