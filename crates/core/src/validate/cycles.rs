//! Cycles: nodes that depend on each other, each shown by its edges.

use super::Context;
use crate::draft::{FlowStyle, InputRole, RepeatDraft, TaskChoice};
use crate::expr::{Expr, NodeId};
use crate::level;
use crate::workflow::Adjacency;

pub(super) fn report(context: &mut Context<'_>, dependencies: &Adjacency, args: &[Vec<Expr>]) {
    for cycle in level::cycles(dependencies) {
        let edges: Vec<String> = cycle
            .iter()
            .enumerate()
            .map(|(at, &node)| {
                let on = cycle[(at + 1) % cycle.len()];
                let port = port_name(context, node, on, args);
                format!("{}.{port} ← {}", context.names[node.index()], context.names[on.index()])
            })
            .collect();
        let first = cycle[0];
        let span = context.name_span(first);
        let message = format!("nodes depend on each other: {}", edges.join(", "));
        context.report(first, span, message, "remove one of these edges");
    }
}

/// By which port a node waits for another.
fn port_name<'c>(
    context: &'c Context<'_>,
    node: NodeId,
    on: NodeId,
    args: &[Vec<Expr>],
) -> &'c str {
    if let Some(at) = port_reading(&args[node.index()], on) {
        if let TaskChoice::Flow(flow) = &context.node(node).task
            && flow.draft.inputs.get(at).is_some_and(|input| input.role == InputRole::Captured)
        {
            // Somewhere inside.
            return match flow.style {
                FlowStyle::Single | FlowStyle::File(_) => "with",
                FlowStyle::Nodes => "nodes",
                FlowStyle::Steps => "steps",
                FlowStyle::Branches => "branches",
            };
        }
        return match &context.tasks[node.index()] {
            Some(task) => &task.signature.ports[at].name,
            None => "with",
        };
    }
    if context.node(node).after.contains(&on) {
        return "after";
    }
    let when = context.node(node).when.as_ref();
    if when.is_some_and(|when| port_reading(std::slice::from_ref(when), on).is_some()) {
        return "when";
    }
    match context.node(node).repeat {
        Some(RepeatDraft::Map(_)) => "map",
        Some(RepeatDraft::Loop(_)) => "loop",
        None => "after",
    }
}

/// The first port of a node whose argument refers to another.
fn port_reading(args: &[Expr], on: NodeId) -> Option<usize> {
    args.iter().position(|arg| {
        let mut found = false;
        arg.each_node(&mut |id| found |= id == on);
        found
    })
}
