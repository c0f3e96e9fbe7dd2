//! [`Flat`]: nodes that only call a closure, in flat arrays: some bytes a node instead of a struct.
//!
//! Most large graphs are made of such nodes: a task that runs once, constants and whole outputs as its
//! arguments, nodes that it comes after. Both builders write them here ([`grow`]). A workflow made
//! of a flat graph makes the nodes that people look at when somebody does, from what is here
//! ([`nodes`]); running it needs none of them. The tasks themselves are in [`tasks`].

mod grow;
mod nodes;
mod tasks;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use terrace_plugin_api::Value;

use crate::catalog::Task;
use crate::expr::NodeId;
use crate::series::{Series, SeriesEnd};
use crate::signature::Signature;
use crate::workflow::Adjacency;

pub(crate) use grow::{FlatDraft, Flaw, Given};
pub(crate) use tasks::Shape;

use tasks::Tasks;

/// Where codes of constants begin; below are nodes.
const CONST: u32 = 1 << 31;

/// The most nodes a flat graph has.
const MOST: usize = CONST as usize - 1;

/// A finished graph.
pub(crate) struct Flat {
    tasks: Tasks,
    args: Lists,
    constants: Vec<Value>,
    after: Lists,
    /// Names that were given, by node.
    names: Vec<(u32, Arc<str>)>,
    naming: Naming,
    /// The nodes whose output stays readable, in order, each once.
    kept: Vec<u32>,
    keep_all: bool,
    /// Whether every node comes after those it depends on.
    forward: bool,
    /// Whether a node takes an output twice.
    doubles: bool,
}

/// How nodes are called that got no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// As their task, with a number from the second on: `add`, `add_2`.
    Counted,
    /// `task_` and their position.
    Indexed,
}

/// An argument of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FlatArg<'a> {
    /// The output of a node.
    Output(NodeId),
    /// A constant.
    Const(&'a Value),
}

impl Flat {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// What a node calls.
    #[inline]
    pub(crate) fn body(&self, id: NodeId) -> &(dyn Task + 'static) {
        self.tasks.get(id.index())
    }

    /// Of what a node calls, the type's number and where it lies among those of its type.
    #[inline]
    pub(crate) fn task_place(&self, id: NodeId) -> (u32, u32) {
        let (kind, place) = self.tasks.place(id.index());
        (kind as u32, place as u32)
    }

    /// Runs nodes whose tasks are of the type with this number.
    pub(crate) fn run_series(&self, kind: u32, series: &mut Series<'_>) -> Option<SeriesEnd> {
        self.tasks.run(kind as usize, series)
    }

    #[inline]
    pub(crate) fn shape(&self, id: NodeId) -> &Shape {
        self.tasks.shape(id.index())
    }

    #[inline]
    pub(crate) fn signature(&self, id: NodeId) -> &Arc<Signature> {
        &self.shape(id).signature
    }

    /// How many arguments a node has.
    #[inline]
    pub(crate) fn ports(&self, id: NodeId) -> usize {
        self.args.of(id.index()).len()
    }

    /// Whether any node has arguments.
    pub(crate) fn has_args(&self) -> bool {
        !self.args.items.is_empty()
    }

    #[inline]
    pub(crate) fn arg(&self, id: NodeId, port: usize) -> FlatArg<'_> {
        self.decode(self.args.of(id.index())[port])
    }

    fn decode(&self, code: u32) -> FlatArg<'_> {
        match code.checked_sub(CONST) {
            Some(at) => FlatArg::Const(&self.constants[at as usize]),
            None => FlatArg::Output(NodeId(code)),
        }
    }

    /// The nodes whose outputs a node takes, each once.
    #[inline]
    pub(crate) fn each_source(&self, id: NodeId, mut visit: impl FnMut(NodeId)) {
        let args = self.args.of(id.index());
        if self.doubles && args.len() > 1 {
            return each_once(args, visit);
        }
        args.iter().filter(|code| **code < CONST).for_each(|&code| visit(NodeId(code)));
    }

    /// The nodes that each depends on, each once: those it takes values from, then those it comes
    /// after.
    pub(crate) fn depends(&self) -> Cow<'_, Lists> {
        if self.args.items.is_empty() {
            return Cow::Borrowed(&self.after);
        }
        if self.after.items.is_empty() && self.constants.is_empty() && !self.doubles {
            return Cow::Borrowed(&self.args);
        }
        let mut all = Lists::default();
        all.items.reserve(self.args.items.len() + self.after.items.len());
        all.starts.reserve(self.len() + 1);
        for id in (0..self.len() as u32).map(NodeId) {
            let nodes = id.index() + 1;
            self.each_source(id, |on| all.push(nodes, on.0));
            all.extend(nodes, self.after.of(id.index()).iter().copied());
        }
        all.close(self.len());
        Cow::Owned(all)
    }

    pub(crate) fn after(&self, id: NodeId) -> impl ExactSizeIterator<Item = NodeId> {
        self.after.of(id.index()).iter().map(|&on| NodeId(on))
    }

    /// Whether every node comes after those it depends on.
    pub(crate) fn is_forward(&self) -> bool {
        self.forward
    }

    /// The nodes whose output stays readable because that was said of them.
    pub(crate) fn each_kept(&self, visit: impl FnMut(NodeId)) {
        if self.keep_all {
            (0..self.len() as u32).map(NodeId).for_each(visit);
        } else {
            self.kept.iter().copied().map(NodeId).for_each(visit);
        }
    }

    fn is_kept(&self, id: NodeId) -> bool {
        self.keep_all || self.kept.binary_search(&id.0).is_ok()
    }

    /// As [`Self::depends`], as a workflow has it.
    pub(crate) fn dependencies(&self) -> Adjacency {
        let mut all = Adjacency::with_capacity(self.len());
        let mut list = Vec::new();
        self.depends().each(self.len(), |_, on| {
            list.clear();
            list.extend(on.iter().copied().map(NodeId));
            all.push(&list);
        });
        all
    }
}

/// So many arguments are looked through faster than a table of them is made.
const FEW: usize = 32;

fn each_once(args: &[u32], mut visit: impl FnMut(NodeId)) {
    let outputs = args.iter().copied().enumerate().filter(|&(_, code)| code < CONST);
    if args.len() <= FEW {
        let first = |&(at, code): &(usize, u32)| !args[..at].contains(&code);
        outputs.filter(first).for_each(|(_, code)| visit(NodeId(code)));
        return;
    }
    let mut seen = HashSet::with_capacity(args.len());
    outputs.filter(|&(_, code)| seen.insert(code)).for_each(|(_, code)| visit(NodeId(code)));
}

impl fmt::Debug for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flat").field("nodes", &self.len()).finish_non_exhaustive()
    }
}

/// A list of numbers per node, one after the other. Costs nothing where all are empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// Where each begins. While they grow, only up to the last that has something.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Adds to the list of the last of so many nodes.
    #[inline]
    fn push(&mut self, nodes: usize, item: u32) {
        if self.starts.len() < nodes {
            self.starts.resize(nodes, self.items.len() as u32);
        }
        self.items.push(item);
    }

    /// As [`Self::push`], for many at once.
    #[inline]
    fn extend(&mut self, nodes: usize, items: impl IntoIterator<Item = u32>) {
        if self.starts.len() < nodes {
            self.starts.resize(nodes, self.items.len() as u32);
        }
        self.items.extend(items);
    }

    /// Ends the growing, of so many nodes.
    fn close(&mut self, nodes: usize) {
        if !self.items.is_empty() {
            self.starts.resize(nodes + 1, self.items.len() as u32);
        }
    }

    /// Calls `visit` for each of so many nodes with its list, once closed.
    #[inline]
    pub(crate) fn each(&self, nodes: usize, mut visit: impl FnMut(usize, &[u32])) {
        if self.items.is_empty() {
            (0..nodes).for_each(|at| visit(at, &[]));
            return;
        }
        let ends = self.starts.iter().skip(1);
        for (at, (&begin, &end)) in self.starts.iter().zip(ends).enumerate() {
            visit(at, &self.items[begin as usize..end as usize]);
        }
    }

    /// How many items there are in all.
    pub(crate) fn items(&self) -> usize {
        self.items.len()
    }

    /// That of a node, once closed.
    #[inline]
    pub(crate) fn of(&self, at: usize) -> &[u32] {
        match self.starts.get(at..at + 2) {
            Some(range) => &self.items[range[0] as usize..range[1] as usize],
            None => &[],
        }
    }
}
