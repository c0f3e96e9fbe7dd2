//! The graph as JSON.

use serde_json::{Value, json};
use terrace_plugin_api::Lane;

use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> Value {
    let outputs = workflow.output_nodes();
    let nodes: Vec<Value> = workflow
        .node_ids()
        .map(|id| {
            let node = workflow.node(id);
            let names = |ids: &[crate::NodeId]| -> Vec<&str> {
                ids.iter().map(|&id| workflow.node(id).name()).collect()
            };
            json!({
                "name": node.name(),
                "task": &*node.task().name,
                "label": node.label(),
                "level": workflow.levels().of(id),
                "lane": match node.lane() { Lane::Compute => "compute", Lane::Blocking => "blocking" },
                "dependencies": names(workflow.dependencies(id)),
                "after": names(node.after()),
                "output": outputs[id.index()],
            })
        })
        .collect();
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
