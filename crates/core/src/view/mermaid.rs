//! Mermaid flowcharts. Workflows inside nodes are subgraphs, which edges may end at.

use std::fmt::Write as _;

use super::edges::EdgeKind;
use super::kind::NodeView;
use super::tree::{Step, Tree};
use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let outputs = workflow.output_nodes();
    let tree = Tree::new(workflow);
    let mut text = String::from("flowchart TB\n");
    // Ids are numbered, since names may be Mermaid's words. Writing to a string cannot fail.
    tree.each(|step| match step {
        Step::Enter(at, entry) => {
            let indent = "  ".repeat(entry.depth + 1);
            let (node, heading) = (entry.node(), entry.heading());
            let same = heading == node.name() || node.title() == node.name();
            let label = if same {
                escape(&heading)
            } else {
                format!("{}<br/>{}", escape(node.name()), escape(&heading))
            };
            if entry.body.is_some() {
                let _ = writeln!(text, "{indent}subgraph n{at}[\"{label}\"]");
                return;
            }
            let (open, close) = match node.view() {
                NodeView::Map => ("[[", "]]"),
                NodeView::Dynamic => ("{{", "}}"),
                NodeView::Succeed => ("([", "])"),
                _ => ("[", "]"),
            };
            let _ = writeln!(text, "{indent}n{at}{open}\"{label}\"{close}");
        }
        Step::Leave(_, entry) => {
            let _ = writeln!(text, "{}end", "  ".repeat(entry.depth + 1));
        }
    });
    tree.each_edge(|edge| {
        let arrow = match edge.kind {
            EdgeKind::Value => "-->",
            EdgeKind::When => "-. when .->",
            EdgeKind::After => "-.->",
        };
        let end = |end: super::edges::End| end.body.unwrap_or(end.leaf);
        let _ = writeln!(text, "  n{} {arrow} n{}", end(edge.from), end(edge.to));
    });
    let filled: Vec<String> = workflow
        .node_ids()
        .filter(|id| outputs[id.index()])
        .map(|id| format!("n{}", id.index()))
        .collect();
    if !filled.is_empty() {
        text.push_str("  classDef output fill:lightblue\n");
        let _ = writeln!(text, "  class {} output", filled.join(","));
    }
    text
}

/// Text in a Mermaid label: HTML entities for what would end it or make markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\n', "<br/>")
}
