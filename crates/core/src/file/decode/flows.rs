//! Workflows inside nodes: `nodes:`, `steps:` and `branches:`, and the one node that a map or loop
//! around a task stands for.

use std::sync::Arc;

use super::keys::opening;
use super::scope::{Level, Named};
use super::{Reader, Texts};
use crate::draft::{Draft, FlowDraft, FlowStyle, NodeDraft, OutputDraft};
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::file::{Kind, Tree};

/// The nodes of a workflow before they are read: their names must be known first.
#[derive(Default)]
pub(super) struct Parts<'t> {
    /// Their names.
    pub(super) names: Vec<Named>,
    trees: Vec<&'t Tree>,
    /// From which one on they are steps.
    steps: Option<usize>,
}

/// The name of a step that has none, by its position among the steps.
pub(in crate::file) fn step_name(position: usize) -> String {
    format!("step_{}", position + 1)
}

impl<'t> Reader<'t> {
    /// Adds the nodes of a map of nodes.
    pub(super) fn named_nodes(&mut self, tree: &'t Tree, subject: &str, parts: &mut Parts<'t>) {
        let Kind::Map(entries) = &tree.kind else {
            let help = "as in `{ first: { task: pack/first }, second: { task: pack/second } }`";
            return self.expected(tree, subject, "a map of nodes by name", help);
        };
        for (key, tree) in entries {
            parts.names.push(Named::of(key));
            parts.trees.push(tree);
        }
    }

    /// Adds the nodes of a list of nodes.
    pub(super) fn steps(&mut self, tree: &'t Tree, subject: &str, parts: &mut Parts<'t>) {
        let Kind::Seq(steps) = &tree.kind else {
            let help = "as in `steps: [{ task: pack/first }, { task: pack/second }]`";
            return self.expected(tree, subject, "a list of nodes", help);
        };
        parts.steps = Some(parts.names.len());
        for (position, tree) in steps.iter().enumerate() {
            let named = self.named_step(tree).unwrap_or_else(|| Named {
                name: Arc::from(step_name(position)),
                span: opening(tree),
                made: true,
            });
            parts.names.push(named);
            parts.trees.push(tree);
        }
    }

    fn named_step(&mut self, tree: &'t Tree) -> Option<Named> {
        let given = tree.get("name")?;
        let name = self.text(given, "`name` of a step")?;
        Some(Named { name: Arc::from(name), span: given.span, made: false })
    }

    /// Reads the nodes, whose names are known in the innermost level.
    pub(super) fn nodes(&mut self, parts: &Parts<'t>) -> Vec<NodeDraft> {
        let first_step = parts.steps.unwrap_or(usize::MAX);
        let all = parts.names.iter().zip(&parts.trees).enumerate();
        let read = all.map(|(at, (named, tree))| {
            let mut node = self.node(named, tree, at >= first_step);
            if at > first_step
                && let Some(before) = NodeId::at(at - 1)
            {
                node.after.insert(0, before);
                if let Some(spans) = &mut node.spans {
                    spans.after.insert(0, named.span);
                }
            }
            node
        });
        read.collect()
    }

    /// `output` or `outputs`, into the draft of the workflow that gives them.
    pub(super) fn results(&mut self, tree: &'t Tree, subject: &str, draft: &mut Draft) {
        if let Some(outputs) = tree.get("outputs") {
            let subject = match subject {
                "the workflow" => "`outputs`".to_owned(),
                node => format!("`outputs` of {node}"),
            };
            for (key, tree) in self.entries(outputs, &subject) {
                draft.outputs.push(OutputDraft {
                    name: key.name.clone(),
                    value: self.expr(tree, Texts::Linked),
                    span: self.placed(key.span),
                });
            }
        }
        let Some((key, output)) = tree.entry("output") else { return };
        if tree.get("outputs").is_some() {
            let message = format!("{subject} has both `output` and `outputs`");
            let help = "`output` is one value, `outputs` a map of named ones: remove one of them";
            self.report(key.span, message, Some(help.to_owned()));
            return;
        }
        draft.result = Some(self.expr(output, Texts::Linked));
        draft.result_span = self.placed(output.span);
    }

    /// The nodes of the body that a node has under this key.
    pub(super) fn parts(&mut self, key: &str, tree: &'t Tree, subject: &str) -> Parts<'t> {
        let mut parts = Parts::default();
        let place = format!("`{key}` of {subject}");
        match key {
            "steps" => self.steps(tree, &place, &mut parts),
            _ => self.named_nodes(tree, &place, &mut parts),
        }
        let empty = match &tree.kind {
            Kind::Seq(items) => items.is_empty() && key == "steps",
            Kind::Map(entries) => entries.is_empty() && key != "steps",
            _ => false,
        };
        if empty {
            let help = match key {
                "steps" => "name what it runs, as in `steps: [{ task: pack/task }]`",
                "branches" => "name what it runs, as in `branches: { left: { task: pack/task } }`",
                _ => "name what it runs, as in `nodes: { first: { task: pack/task } }`",
            };
            self.report(tree.span, format!("{place} is empty"), Some(help.to_owned()));
        }
        parts
    }

    /// Reads the nodes of a body that has been entered, and what it gives.
    pub(super) fn body(
        &mut self,
        (key, body): (&str, &'t Tree),
        node: &'t Tree,
        subject: &str,
        parts: &Parts<'t>,
    ) -> (Draft, FlowStyle) {
        let mut draft = Draft { nodes: self.nodes(parts), ..Draft::default() };
        let reference = |at: usize| NodeId::at(at).map(|id| Expr::Ref(Ref::new(Root::Node(id))));
        let style = match key {
            "branches" => {
                let names = parts.names.iter().enumerate();
                let entries =
                    names.filter_map(|(at, named)| Some((named.name.to_string(), reference(at)?)));
                draft.result = Some(Expr::Map(entries.collect()));
                draft.result_span = self.placed(opening(body));
                FlowStyle::Branches
            }
            "steps" => {
                self.results(node, subject, &mut draft);
                let says = node.get("outputs").is_some() || node.get("output").is_some();
                if !says && let Some(last) = parts.names.len().checked_sub(1) {
                    draft.result = reference(last);
                    draft.result_span = self.placed(parts.names[last].span);
                }
                FlowStyle::Steps
            }
            _ => {
                self.results(node, subject, &mut draft);
                FlowStyle::Nodes
            }
        };
        (draft, style)
    }

    /// A workflow inside a node, when all of it has been read.
    pub(super) fn flow(&self, draft: Draft, style: FlowStyle, level: Level) -> Box<FlowDraft> {
        let Level { inputs, captures, .. } = level;
        let mut inputs = inputs;
        if self.source().is_none() {
            inputs.iter_mut().for_each(|input| input.span = None);
        }
        let draft = Draft { inputs, source: self.source().cloned(), ..draft };
        Box::new(FlowDraft { draft, style, captures })
    }
}
