//! Graphviz DOT.

use std::fmt::Write as _;

use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let outputs = workflow.output_nodes();
    let name = if workflow.name().is_empty() { "workflow" } else { workflow.name() };
    let mut text = format!("digraph {} {{\n  rankdir=TB;\n", quote(name));
    for id in workflow.node_ids() {
        let node = workflow.node(id);
        let label = node.label().unwrap_or(workflow.short_task(id));
        let fill = if outputs[id.index()] { " style=filled fillcolor=lightblue" } else { "" };
        let tooltip = format!("{} (level {})", node.name(), workflow.levels().of(id));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {} [label={} tooltip={}{fill}];",
            quote(node.name()),
            quote(label),
            quote(&tooltip),
        );
    }
    for id in workflow.node_ids() {
        for &on in workflow.dependencies(id) {
            let style = if workflow.takes_value_of(id, on) { "" } else { " [style=dashed]" };
            let (from, to) = (workflow.node(on).name(), workflow.node(id).name());
            let _ = writeln!(text, "  {} -> {}{style};", quote(from), quote(to));
        }
    }
    text.push_str("}\n");
    text
}

/// A DOT string: quotes and backslashes escaped, line ends as `\n`.
fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
