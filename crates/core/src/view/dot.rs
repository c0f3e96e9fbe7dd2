//! Graphviz DOT. Workflows inside nodes are clusters; an edge that means a cluster as a whole is
//! cut at its border (`lhead`, `ltail`).

use std::fmt::Write as _;

use super::edges::EdgeKind;
use super::kind::NodeView;
use super::tree::{Entry, Step, Tree};
use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let outputs = workflow.output_nodes();
    let is_output = |entry: &Entry<'_>| entry.parent.is_none() && outputs[entry.id.index()];
    let tree = Tree::new(workflow);
    let name = if workflow.name().is_empty() { "workflow" } else { workflow.name() };
    let mut text = format!("digraph {} {{\n  rankdir=TB;\n", quote(name));
    if tree.entries.iter().any(|entry| entry.body.is_some()) {
        text.push_str("  compound=true;\n");
    }
    tree.each(|step| match step {
        Step::Enter(_, entry) if entry.body.is_some() => {
            open_cluster(&mut text, entry, is_output(entry));
        }
        Step::Enter(_, entry) => {
            // Writing to a string cannot fail.
            let indent = indent(entry);
            let label = quote(&entry.heading());
            let level = entry.workflow.levels().of(entry.id);
            let tooltip = quote(&format!("{} (level {level})", entry.path));
            let look = look(entry.node().view(), is_output(entry));
            let path = quote(&entry.path);
            let _ = writeln!(text, "{indent}{path} [label={label} tooltip={tooltip}{look}];");
        }
        Step::Leave(at, entry) => {
            same_ranks(&mut text, &tree, Some(at), &indent(entry));
            let _ = writeln!(text, "{}}}", indent(entry));
        }
    });
    same_ranks(&mut text, &tree, None, "");
    tree.each_edge(|edge| {
        let mut look = Vec::new();
        match edge.kind {
            EdgeKind::Value => {}
            EdgeKind::When => look.push("style=dotted label=when".to_owned()),
            EdgeKind::After => look.push("style=dashed".to_owned()),
        }
        let ends = [("ltail", edge.from.body), ("lhead", edge.to.body)];
        for (key, body) in ends {
            look.extend(body.map(|body| format!("{key}={}", cluster(&tree.entries[body]))));
        }
        let look = if look.is_empty() { String::new() } else { format!(" [{}]", look.join(" ")) };
        let path = |leaf: usize| quote(&tree.entries[leaf].path);
        let _ = writeln!(text, "  {} -> {}{look};", path(edge.from.leaf), path(edge.to.leaf));
    });
    text.push_str("}\n");
    text
}

/// Nodes of one level of a workflow stand side by side; those that are clusters cannot.
fn same_ranks(text: &mut String, tree: &Tree<'_>, of: Option<usize>, indent: &str) {
    let children = tree.children(of);
    let Some(first) = tree.entries.get(children.start).filter(|_| !children.is_empty()) else {
        return;
    };
    for group in first.workflow.levels().groups() {
        let entries = group.iter().map(|id| &tree.entries[children.start + id.index()]);
        let nodes: Vec<String> =
            entries.filter(|entry| entry.body.is_none()).map(|entry| quote(&entry.path)).collect();
        if nodes.len() > 1 {
            let _ = writeln!(text, "{indent}  {{ rank=same; {}; }}", nodes.join("; "));
        }
    }
}

fn open_cluster(text: &mut String, entry: &Entry<'_>, output: bool) {
    let indent = indent(entry);
    let (label, path) = (quote(&entry.heading()), cluster(entry));
    let level = entry.workflow.levels().of(entry.id);
    let tooltip = quote(&format!("{} (level {level})", entry.path));
    // The label stands to the left, since edges come in at the middle. Writing to a string cannot
    // fail.
    let _ = writeln!(text, "{indent}subgraph {path} {{");
    let _ = writeln!(text, "{indent}  label={label} labeljust=l tooltip={tooltip};");
    if output {
        let _ = writeln!(text, "{indent}  style=\"rounded,filled\" fillcolor=lightblue;");
        let _ = writeln!(text, "{indent}  node [style=filled fillcolor=white];");
    } else {
        let _ = writeln!(text, "{indent}  style=rounded;");
    }
}

/// What tells kinds and outputs apart.
fn look(kind: NodeView, output: bool) -> String {
    let shape = match kind {
        NodeView::Map => " shape=box3d",
        NodeView::Loop | NodeView::Flow | NodeView::Branches => " shape=box",
        NodeView::Succeed => " shape=octagon",
        NodeView::Task | NodeView::Dynamic => "",
    };
    let style = match (kind, output) {
        (NodeView::Dynamic, true) => " style=\"filled,dashed\" fillcolor=lightblue",
        (NodeView::Dynamic, false) => " style=dashed",
        (_, true) => " style=filled fillcolor=lightblue",
        (_, false) => "",
    };
    format!("{shape}{style}")
}

fn cluster(entry: &Entry<'_>) -> String {
    quote(&format!("cluster_{}", entry.path))
}

fn indent(entry: &Entry<'_>) -> String {
    "  ".repeat(entry.depth + 1)
}

/// A DOT string: quotes and backslashes escaped, line ends as `\n`.
fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
