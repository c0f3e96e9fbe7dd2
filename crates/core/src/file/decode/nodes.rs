//! Nodes: the task, its arguments, and what is said about one use of it.

use std::sync::Arc;

use terrace_plugin_api::Lane;

use super::Reader;
use super::keys::Keys;
use super::value::{Names, Texts};
use crate::draft::{ArgSpans, Args, NodeDraft, NodeSpans, TaskChoice};
use crate::expr::Expr;
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};

const NODE: Keys = Keys {
    known: &["task", "with", "after", "lane", "label", "keep"],
    planned: &[
        "map", "retry", "timeout", "when", "loop", "branches", "steps", "use", "limits", "needs",
        "priority", "run_if", "key",
    ],
    example: "as in `{ task: pack/task }`",
};

impl<'t> Reader<'t> {
    pub(super) fn node(&mut self, key: &Key, tree: &'t Tree, names: &Names<'_>) -> NodeDraft {
        let subject = format!("node {}", quoted(&key.name));
        let mut spans = NodeSpans { name: key.span, task: key.span, ..NodeSpans::default() };
        // Known to validation as something that was reported already.
        let task = TaskChoice::Named { name: Arc::from(""), expect: None };
        let mut node = NodeDraft {
            name: Some(Arc::from(key.name.as_str())),
            ..NodeDraft::new(task, Args::Named(Vec::new()))
        };
        if self.fields(tree, &subject, &NODE) {
            self.node_fields(tree, &subject, names, &mut node, &mut spans);
        }
        node.spans = Some(Box::new(spans));
        node
    }

    fn node_fields(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        names: &Names<'_>,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        if let Some(task) = tree.get("task") {
            spans.task = task.span;
            if let Some(name) = self.text(task, &format!("`task` of {subject}")) {
                node.task = TaskChoice::Named { name: Arc::from(name), expect: None };
            }
        } else if !["use", "steps", "branches", "loop"].iter().any(|key| tree.get(key).is_some()) {
            let help = "name one, as in `task: pack/task`".to_owned();
            self.report(spans.name, format!("{subject} has no `task`"), Some(help));
        }
        if let Some(with) = tree.get("with") {
            match &with.kind {
                Kind::Map(_) => {
                    let scope = map_scope(tree);
                    node.args = self.args(with, subject, Texts::Linked(names, &scope), spans);
                }
                _ => {
                    let help = "as in `with: { x: 1 }`";
                    self.expected(with, &format!("`with` of {subject}"), "a map", help);
                    // Without its arguments nothing useful can be said about the task's ports.
                    node.task = TaskChoice::Named { name: Arc::from(""), expect: None };
                }
            }
        }
        if let Some(after) = tree.get("after") {
            self.after(after, subject, names, node, spans);
        }
        if let Some(lane) = tree.get("lane") {
            node.lane = self.lane(lane, subject);
        }
        if let Some(label) = tree.get("label") {
            node.label = self.text(label, &format!("`label` of {subject}")).map(str::to_owned);
        }
        if let Some(keep) = tree.get("keep") {
            node.keep = self.truth(keep, &format!("`keep` of {subject}"));
        }
    }

    fn args(
        &mut self,
        with: &'t Tree,
        subject: &str,
        texts: Texts<'_>,
        spans: &mut NodeSpans,
    ) -> Args {
        let entries = self.entries(with, subject);
        let mut args: Vec<(String, Expr)> = Vec::with_capacity(entries.len());
        for (port, value) in entries {
            args.push((port.name.clone(), self.expr(value, texts)));
            spans.args.push(ArgSpans { port: port.span, value: value.span });
        }
        Args::Named(args)
    }

    /// `after: a` or `after: [a, b]`.
    fn after(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        names: &Names<'_>,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        let subject = format!("`after` of {subject}");
        let entries = match &tree.kind {
            Kind::Seq(entries) => entries,
            Kind::Str(_) => std::slice::from_ref(tree),
            _ => {
                let help = "as in `after: a` or `after: [a, b]`";
                return self.expected(
                    tree,
                    &subject,
                    "the name of a node, or a list of them",
                    help,
                );
            }
        };
        for entry in entries {
            let Some(name) = self.text(entry, &subject) else { continue };
            if let Some(id) = names.node(name) {
                node.after.push(id);
                spans.after.push(entry.span);
            } else if !self.is_full() {
                let bare = name.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
                let help = match bare {
                    Some(bare) if names.node(bare).is_some() => {
                        Some(format!("write the name alone: `{bare}`"))
                    }
                    _ => names.help_for_node(name),
                };
                let span = self.part(entry, name, 0..name.len(), 0..name.len());
                self.report(span, format!("{subject}: unknown node {}", quoted(name)), help);
            }
        }
    }

    fn lane(&mut self, tree: &'t Tree, subject: &str) -> Option<Lane> {
        match &tree.kind {
            Kind::Str(lane) if lane == "compute" => Some(Lane::Compute),
            Kind::Str(lane) if lane == "blocking" => Some(Lane::Blocking),
            _ => {
                let subject = format!("`lane` of {subject}");
                self.expected(tree, &subject, "`compute` or `blocking`", "");
                None
            }
        }
    }
}

/// The names that references find only inside the body of a `map`: where that key has been refused
/// there is nothing to say about them.
fn map_scope(node: &Tree) -> Vec<&str> {
    let Some(map) = node.get("map") else { return Vec::new() };
    let mut scope = vec!["item", "index", "key"];
    if let Some(Tree { kind: Kind::Str(name), .. }) = map.get("as") {
        scope.push(name);
    }
    scope
}
