//! [`Scopes`]: a workflow and all workflows inside its nodes, with the paths of what runs in them.

use std::collections::HashMap;

use terrace_core::{NodeId, Workflow};

/// A workflow on the way.
pub(crate) struct Scope<'w> {
    pub(crate) workflow: &'w Workflow,
    /// The node that it is inside, by the position of the scope that has it.
    pub(crate) around: Option<(usize, NodeId)>,
    /// The scopes of its nodes that have workflows inside.
    pub(crate) inside: HashMap<NodeId, usize>,
    /// Before the names of its nodes.
    prefix: String,
    /// The path of its one node, where that runs under the name of the node around.
    only: Option<String>,
}

/// The workflow itself first.
pub(crate) struct Scopes<'w>(pub(crate) Vec<Scope<'w>>);

/// So many workflows inside nodes are looked at.
const MOST: usize = 100_000;

impl<'w> Scopes<'w> {
    pub(crate) fn of(workflow: &'w Workflow) -> Self {
        let outermost = Scope {
            workflow,
            around: None,
            inside: HashMap::new(),
            prefix: String::new(),
            only: None,
        };
        let mut all = vec![outermost];
        let mut at = 0;
        while at < all.len() && all.len() < MOST {
            let workflow = all[at].workflow;
            for id in workflow.node_ids() {
                let Some(flow) = workflow.node(id).flow() else { continue };
                let path = all[at].path(id);
                // The one task of a map has no name of its own, nor has a file that is used.
                let is_map = flow.repeat().map().is_some();
                let seen_through = flow.is_single() && (is_map || flow.is_seen_through());
                let number = all.len();
                all[at].inside.insert(id, number);
                all.push(Scope {
                    workflow: flow.workflow(),
                    around: Some((at, id)),
                    inside: HashMap::new(),
                    prefix: format!("{path}."),
                    only: seen_through.then_some(path),
                });
            }
            at += 1;
        }
        Self(all)
    }
}

impl Scope<'_> {
    /// Whether its nodes are called by names of their own.
    pub(crate) fn has_own_names(&self) -> bool {
        self.only.is_none()
    }

    /// The path of a node, without items and passes.
    pub(crate) fn path(&self, id: NodeId) -> String {
        match &self.only {
            Some(path) => path.clone(),
            None => format!("{}{}", self.prefix, self.workflow.node(id).name()),
        }
    }
}
