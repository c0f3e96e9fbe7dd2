//! [`Walk`]: every node of a workflow and of the workflows inside it, with its path.

use crate::expr::NodeId;
use crate::workflow::{Node, Workflow};

/// A node on a [`Walk`].
#[derive(Clone, Debug)]
pub struct Walked<'w> {
    /// The names from the outermost workflow to the node: `left.merge`.
    pub path: String,
    /// The workflow that has the node.
    pub workflow: &'w Workflow,
    /// The node's id in that workflow.
    pub id: NodeId,
    /// How many workflows are around that one.
    pub depth: usize,
}

impl<'w> Walked<'w> {
    /// The node.
    pub fn node(&self) -> &'w Node {
        self.workflow.node(self.id)
    }

    /// The path of the node around it.
    pub fn inside(&self) -> Option<&str> {
        self.path.rsplit_once('.').map(|(parent, _)| parent)
    }
}

/// Walks a workflow; made by [`Workflow::walk`].
#[derive(Clone, Debug)]
pub struct Walk<'w> {
    /// Workflows under way, each with its prefix and the next node.
    open: Vec<(String, &'w Workflow, usize)>,
}

impl Workflow {
    /// Every node, those of workflows inside nodes after the node. A map or loop over one task is
    /// one node. Workflows may be nested thousands deep, and one may be inside many nodes: take no
    /// more than is wanted.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("walk");
    /// let both = wf.branches("both");
    /// let left = both.branch("left", |body| body.call(|| 1_i64, ()).named("one"));
    /// let wf = wf.build(&NoTasks)?;
    /// let paths: Vec<String> = wf.walk().map(|walked| walked.path).collect();
    /// assert_eq!(paths, ["both", "both.left", "both.left.one"]);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn walk(&self) -> Walk<'_> {
        Walk { open: vec![(String::new(), self, 0)] }
    }
}

impl<'w> Iterator for Walk<'w> {
    type Item = Walked<'w>;

    fn next(&mut self) -> Option<Walked<'w>> {
        loop {
            let depth = self.open.len().checked_sub(1)?;
            let (prefix, workflow, at) = self.open.last_mut()?;
            let workflow = *workflow;
            let Some(node) = workflow.nodes().get(*at) else {
                self.open.pop();
                continue;
            };
            let path = format!("{prefix}{}", node.name());
            let id = NodeId(*at as u32);
            *at += 1;
            if let Some(inner) = node.inside() {
                self.open.push((format!("{path}."), inner, 0));
            }
            return Some(Walked { path, workflow, id, depth });
        }
    }
}
