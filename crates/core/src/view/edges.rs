//! Edges between what a view shows.
//!
//! A value that a body sees from outside leads to the nodes inside that use it; what a map runs
//! over, a condition or an edge without a value leads to the body as a whole. A value leaves a
//! body as a whole, or a branch where only that is selected.

use indexmap::IndexSet;

use super::tree::Tree;
use crate::draft::FlowStyle;
use crate::expr::{Expr, NodeId, Ref, Root, Select};
use crate::workflow::{Node, Repeat};

/// Why one node waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum EdgeKind {
    /// It takes its value.
    Value,
    /// Its condition refers to it.
    When,
    /// Nothing else.
    After,
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    /// A node that is drawn as a box.
    pub(super) leaf: usize,
    /// The body around it that is meant as a whole.
    pub(super) body: Option<usize>,
}

/// An edge.
pub(super) struct Edge {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) kind: EdgeKind,
}

impl Tree<'_> {
    /// Calls `visit` for each edge, those of the outermost workflow first.
    pub(super) fn each_edge(&self, mut visit: impl FnMut(Edge)) {
        for (at, entry) in self.entries.iter().enumerate() {
            for &on in entry.workflow.dependencies(entry.id) {
                let mut targets = self.targets(at, Root::Node(on));
                if targets.is_empty() {
                    targets.push((self.whole(at, Way::In), EdgeKind::After));
                }
                let sources = self.sources(at, on);
                for &from in &sources {
                    for &(to, kind) in &targets {
                        visit(Edge { from, to, kind });
                    }
                }
            }
        }
    }

    /// What takes the value of `root`, seen from the workflow of an entry: the entry, or nodes
    /// inside it.
    fn targets(&self, at: usize, root: Root) -> Vec<(End, EdgeKind)> {
        let mut found = IndexSet::new();
        let mut open = vec![(at, root)];
        while let Some((at, root)) = open.pop() {
            let node = self.entries[at].node();
            if node.when().is_some_and(|when| refers(when, root)) {
                found.insert((self.whole(at, Way::In), EdgeKind::When));
            }
            let own = node.exprs().skip(node.args().len());
            let own = own.filter(|expr| node.when() != Some(*expr)).any(|expr| refers(expr, root));
            let mut args = node.args().iter().enumerate().filter(|(_, arg)| refers(arg, root));
            if self.entries[at].body.is_none() {
                if own || args.next().is_some() {
                    found.insert((End { leaf: at, body: None }, EdgeKind::Value));
                }
                continue;
            }
            let mut whole = own;
            let mut inner = Vec::new();
            for (port, _) in args {
                let before = inner.len();
                for root in self.inner_roots(at, port) {
                    let users = self.children(Some(at));
                    let users = users.filter(|&child| uses(self.entries[child].node(), root));
                    inner.extend(users.map(|child| (child, root)));
                }
                whole |= inner.len() == before;
            }
            if whole {
                found.insert((self.whole(at, Way::In), EdgeKind::Value));
            }
            open.extend(inner.into_iter().rev());
        }
        found.into_iter().collect()
    }

    /// What the value of a port of an entry is inside the body that is shown.
    fn inner_roots(&self, at: usize, port: usize) -> Vec<Root> {
        let input = |port: usize| Root::Input(crate::InputId(port as u32));
        let flow = self.entries[at].node().flow();
        let Some(flow) = flow.filter(|flow| flow.used().is_some()) else {
            return vec![input(port)];
        };
        // The body shown is that of the one node inside: its ports are one step further.
        let args = flow.workflow().nodes()[0].args().iter().enumerate();
        args.filter(|(_, arg)| refers(arg, input(port))).map(|(inner, _)| input(inner)).collect()
    }

    /// Where the values come from that an entry takes of another node of its workflow.
    fn sources(&self, at: usize, on: NodeId) -> Vec<End> {
        let source = self.sibling(at, on);
        if self.entries[source].body.is_none() {
            return vec![End { leaf: source, body: None }];
        }
        let mut found = IndexSet::new();
        for expr in self.entries[at].node().exprs() {
            expr.each_ref(&mut |reference: &Ref| {
                if reference.root.node() == Some(on) {
                    found.insert(self.source(source, &reference.path));
                }
            });
        }
        if found.is_empty() {
            found.insert(self.whole(source, Way::Out));
        }
        found.into_iter().collect()
    }

    /// Where a part of an entry's value comes from.
    fn source(&self, mut at: usize, path: &[Select]) -> End {
        let mut path = path;
        while let (Some(start), [Select::Key(key), rest @ ..]) = (self.entries[at].body, path) {
            let Some(flow) = self.entries[at].node().flow() else { break };
            let (Repeat::Once, FlowStyle::Branches) = (flow.repeat(), flow.style()) else { break };
            let body = flow.workflow();
            let part = match body.result() {
                Some(Expr::Map(parts)) => parts.iter().find(|(name, _)| name == key),
                _ => None,
            };
            let part = part.map(|(_, part)| part).or_else(|| {
                body.outputs().iter().find(|output| output.name == *key).map(|output| &output.value)
            });
            let Some(Expr::Ref(Ref { root: Root::Node(id), path: inner, .. })) = part else {
                break;
            };
            at = start + id.index();
            path = if inner.is_empty() { rest } else { &[] };
        }
        self.whole(at, Way::Out)
    }

    /// An entry as a whole, with a box inside it for the edge to end at.
    fn whole(&self, at: usize, way: Way) -> End {
        let mut leaf = at;
        while let Some(start) = self.entries[leaf].body {
            let body = self.entries[start].workflow;
            let order = body.levels().order();
            // Drawn from top to bottom, edges come in above and leave below.
            let inner = match way {
                Way::In => order.first(),
                Way::Out => order.last(),
            };
            leaf = start + inner.map_or(0, |id| id.index());
        }
        End { leaf, body: self.entries[at].body.map(|_| at) }
    }
}

/// Which way an edge goes.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// Whether a node's expressions refer to something.
fn uses(node: &Node, root: Root) -> bool {
    node.exprs().any(|expr| refers(expr, root))
}

fn refers(expr: &Expr, root: Root) -> bool {
    let mut found = false;
    expr.each_ref(&mut |reference| {
        let outcome = matches!((reference.root, root), (Root::Outcome(a), Root::Node(b)) if a == b);
        found |= reference.root == root || outcome;
    });
    found
}
