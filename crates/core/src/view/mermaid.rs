//! Mermaid flowcharts.

use std::fmt::Write as _;

use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let outputs = workflow.output_nodes();
    let mut text = String::from("flowchart TB\n");
    for id in workflow.node_ids() {
        let node = workflow.node(id);
        let task = node.label().unwrap_or(workflow.short_task(id));
        let label = if task == node.name() {
            escape(task)
        } else {
            format!("{}<br/>{}", escape(node.name()), escape(task))
        };
        // Writing to a string cannot fail. Ids are numbered, since names may be Mermaid's words.
        let _ = writeln!(text, "  n{}[\"{label}\"]", id.index());
    }
    for id in workflow.node_ids() {
        for &on in workflow.dependencies(id) {
            let arrow = if workflow.takes_value_of(id, on) { "-->" } else { "-.->" };
            let _ = writeln!(text, "  n{} {arrow} n{}", on.index(), id.index());
        }
    }
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
