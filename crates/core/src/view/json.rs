//! The graph as JSON: a flat list of nodes, those inside others after them.

use serde_json::{Value, json};
use terrace_plugin_api::Lane;

use super::kind::NodeView;
use super::tree::{Entry, Step, Tree};
use crate::draft::RunIf;
use crate::expr::{Expr, NodeId, Piece, Ref, Root};
use crate::repeat::{Chunk, Collect};
use crate::workflow::{Repeat, SubFlow, Workflow};

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
    if let Some(flow) = node.flow() {
        repeat(&mut fields, flow);
    }
    match node.run_if() {
        RunIf::Success => {}
        RunIf::Failure => fields["run_if"] = json!("failure"),
        RunIf::Always => fields["run_if"] = json!("always"),
    }
    if entry.cut {
        // It has nodes inside that are too many, or too deep, to be listed.
        fields["cut"] = json!(true);
    }
    fields
}

/// What is said of a map or loop, as far as it is.
fn repeat(fields: &mut Value, flow: &SubFlow) {
    match flow.repeat() {
        Repeat::Once => {}
        Repeat::Map(map) => {
            if let Some(reduce) = &map.reduce {
                fields["reduce"] = json!(&*reduce.task.name);
            }
            if let Some(key) = &map.key_by {
                fields["key"] = json!(shown(key, flow.workflow()));
            }
            if map.collect == Collect::Outcomes {
                fields["collect"] = json!("outcomes");
            }
            if let Some(window) = map.window {
                fields["window"] = json!(window);
            }
            if let Chunk::Of(size) = map.chunk {
                fields["chunk"] = json!(size);
            }
        }
        Repeat::Loop(repeat) => fields["max"] = json!(repeat.max),
    }
}

/// What makes the keys of a map, as people write it.
fn shown(key: &Expr, body: &Workflow) -> String {
    let name = |root| match root {
        Root::Input(id) => body.inputs()[id.index()].name.clone(),
        _ => String::new(),
    };
    let reference = |reference: &Ref| format!("${{{}}}", reference.show(&name));
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.replace("${", "$${"),
        Piece::Ref(part) => reference(part),
    };
    match key {
        Expr::Const(value) => value.as_str().unwrap_or_default().to_owned(),
        Expr::Ref(part) => reference(part),
        Expr::Text(pieces) => pieces.iter().map(piece).collect(),
        Expr::List(_) | Expr::Map(_) => String::new(),
    }
}
