//! The graph as JSON: a flat list of nodes, those inside others after them.

use serde_json::{Value, json};
use terrace_plugin_api::Lane;

use super::kind::NodeView;
use super::tree::{Entry, Step, Tree};
use crate::expr::NodeId;
use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> Value {
    let outputs = workflow.output_nodes();
    let tree = Tree::new(workflow);
    let mut nodes = Vec::with_capacity(tree.entries.len());
    tree.each(|step| {
        if let Step::Enter(at, entry) = step {
            let output = entry.parent.is_none() && outputs[entry.id.index()];
            nodes.push(node(&tree, at, entry, output));
        }
    });
    json!({
        "format": 1,
        "name": workflow.name(),
        "levels": workflow.levels().len(),
        "inputs": workflow.inputs().iter().map(|input| json!({
            "name": input.name, "type": input.ty.to_string(), "secret": input.secret,
        })).collect::<Vec<_>>(),
        "outputs": workflow.outputs().iter().map(|output| &output.name).collect::<Vec<_>>(),
        "nodes": nodes,
    })
}

fn node(tree: &Tree<'_>, at: usize, entry: &Entry<'_>, output: bool) -> Value {
    let node = entry.node();
    let paths = |ids: &[NodeId]| -> Vec<&str> {
        ids.iter().map(|&id| &*tree.entries[tree.sibling(at, id)].path).collect()
    };
    let mut fields = json!({
        "name": entry.path,
        "kind": node.view().name(),
        "task": &*node.task().name,
        "label": node.label(),
        "level": entry.workflow.levels().of(entry.id),
        "inside": entry.parent.map(|parent| &tree.entries[parent].path),
        "lane": match node.lane() { Lane::Compute => "compute", Lane::Blocking => "blocking" },
        "dependencies": paths(entry.workflow.dependencies(entry.id)),
        "after": paths(node.after()),
        "output": output,
    });
    if node.view() == NodeView::Map {
        fields["width"] = json!(node.width());
    }
    if entry.cut {
        // It has nodes inside that are too many, or too deep, to be listed.
        fields["cut"] = json!(true);
    }
    fields
}
