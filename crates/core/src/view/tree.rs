//! [`Tree`]: the nodes that a view shows, those inside others at a place of their own.
//!
//! Laid out level by level of nesting, without recursion, and bounded: a workflow may be nested
//! thousands deep, or used a million times.

use crate::expr::NodeId;
use crate::workflow::{Node, Workflow};

/// How deep workflows are opened.
const MAX_DEPTH: usize = 16;

/// How many nodes inside others are shown.
const MAX_INSIDE: usize = 20_000;

/// A node that is shown.
pub(super) struct Entry<'w> {
    pub(super) path: String,
    pub(super) workflow: &'w Workflow,
    pub(super) id: NodeId,
    /// The entry around it.
    pub(super) parent: Option<usize>,
    pub(super) depth: usize,
    /// Where the entries of its body start, one for each of the body's nodes in order; `None`
    /// where nothing of it is shown.
    pub(super) body: Option<usize>,
    /// Whether it has a body that is not shown.
    pub(super) cut: bool,
}

impl<'w> Entry<'w> {
    pub(super) fn node(&self) -> &'w Node {
        self.workflow.node(self.id)
    }

    /// Its title with how often it runs, and a mark where its body is not shown.
    pub(super) fn heading(&self) -> String {
        let heading = self.node().heading();
        if self.cut { format!("{heading} [+]") } else { heading }
    }
}

/// The nodes that a view shows. Those of the workflow itself come first, in order.
pub(super) struct Tree<'w> {
    pub(super) entries: Vec<Entry<'w>>,
}

impl<'w> Tree<'w> {
    pub(super) fn new(workflow: &'w Workflow) -> Self {
        let mut tree = Self { entries: Vec::with_capacity(workflow.nodes().len()) };
        tree.add(workflow, "", None, 0);
        let outermost = tree.entries.len();
        let mut at = 0;
        while at < tree.entries.len() {
            let entry = &tree.entries[at];
            if let Some(body) = entry.node().inside() {
                let (prefix, depth) = (format!("{}.", entry.path), entry.depth + 1);
                let shown = tree.entries.len() - outermost + body.nodes().len();
                if depth <= MAX_DEPTH && shown <= MAX_INSIDE {
                    tree.entries[at].body = Some(tree.entries.len());
                    tree.add(body, &prefix, Some(at), depth);
                } else {
                    tree.entries[at].cut = true;
                }
            }
            at += 1;
        }
        tree
    }

    fn add(&mut self, workflow: &'w Workflow, prefix: &str, parent: Option<usize>, depth: usize) {
        self.entries.extend(workflow.node_ids().map(|id| Entry {
            path: format!("{prefix}{}", workflow.node(id).name()),
            workflow,
            id,
            parent,
            depth,
            body: None,
            cut: false,
        }));
    }

    /// The entries of a workflow: of the body of an entry, or of the outermost one.
    pub(super) fn children(&self, of: Option<usize>) -> std::ops::Range<usize> {
        let start = match of {
            Some(of) => self.entries[of].body,
            None => Some(0),
        };
        match start {
            Some(start) if start < self.entries.len() => {
                start..start + self.entries[start].workflow.nodes().len()
            }
            _ => 0..0,
        }
    }

    /// The entry of another node of the same workflow.
    pub(super) fn sibling(&self, at: usize, id: NodeId) -> usize {
        at - self.entries[at].id.index() + id.index()
    }

    /// Visits every entry, the inside of one right after it and before `leave`.
    pub(super) fn each(&self, mut visit: impl FnMut(Step<'_, 'w>)) {
        let mut open = vec![(None, self.children(None))];
        while let Some((of, range)) = open.last_mut() {
            match range.next() {
                Some(at) => {
                    visit(Step::Enter(at, &self.entries[at]));
                    if self.entries[at].body.is_some() {
                        open.push((Some(at), self.children(Some(at))));
                    }
                }
                None => {
                    if let Some(of) = *of {
                        visit(Step::Leave(of, &self.entries[of]));
                    }
                    open.pop();
                }
            }
        }
    }
}

/// A step of [`Tree::each`].
pub(super) enum Step<'t, 'w> {
    /// A node, at its place.
    Enter(usize, &'t Entry<'w>),
    /// The end of what is inside a node.
    Leave(usize, &'t Entry<'w>),
}
