//! The body of a node: a builder inside a builder, and what becomes of it when it is written.

use std::sync::Arc;

use super::WorkflowBuilder;
use super::handle::Handle;
use super::state::Shared;
use crate::draft::{Args, Draft, FlowDraft, FlowStyle, RepeatDraft, TaskChoice};
use crate::expr::{Expr, NodeId, Root};
use crate::policy::IfFailed;

/// What the closure that writes a body may return: the handle of the body's value, or nothing.
#[diagnostic::on_unimplemented(
    message = "a body cannot return `{Self}`",
    note = "it returns the `Handle` of its value, or nothing; a handle is had from `body.call(…)`"
)]
pub trait Returned {
    /// The type of the body's value.
    type Value;
    #[doc(hidden)]
    fn handle(self) -> Option<Handle<Self::Value>>;
}

impl<T> Returned for Handle<T> {
    type Value = T;
    fn handle(self) -> Option<Handle<T>> {
        Some(self)
    }
}

impl Returned for () {
    type Value = ();
    fn handle(self) -> Option<Handle<()>> {
        None
    }
}

impl WorkflowBuilder {
    /// A builder for the body of a node of this one.
    pub(super) fn inside(shared: &Arc<Shared>) -> Self {
        Self { shared: shared.inside() }
    }

    /// Adds a node that runs a body, which is written.
    pub(super) fn add_body(
        outer: &Arc<Shared>,
        body: Self,
        result: Expr,
        mut repeat: Option<RepeatDraft>,
    ) -> NodeId {
        body.shared.state().draft.result = Some(result);
        let (mut flow, after) = body.shared.close(FlowStyle::Nodes);
        let (mut name, mut label) = (None, None);
        flow.draft.name = repeat.as_ref().map(|repeat| match repeat {
            RepeatDraft::Map(_) => "map".to_owned(),
            RepeatDraft::Loop(_) => "loop".to_owned(),
        });
        if let Some(repeat) = &mut repeat
            && is_single(&flow.draft)
            && is_of_items(&mut flow.draft, repeat)
        {
            flow.style = FlowStyle::Single;
            // The one task is what people see of the node.
            for node in &mut flow.draft.nodes {
                (name, label) = (node.name.take(), node.label.take());
            }
        }
        let id = outer.add_node(TaskChoice::Flow(Box::new(flow)), Args::Positional(Vec::new()));
        outer.change_node(id, |node| {
            (node.name, node.label, node.after, node.repeat) = (name, label, after, repeat);
        });
        id
    }
}

impl Shared {
    /// Ends the writing of a body: what a node around it runs, and what that node comes after.
    fn close(&self, style: FlowStyle) -> (FlowDraft, Vec<NodeId>) {
        let draft = self.seal();
        let (captures, waits) = {
            let mut state = self.state();
            (std::mem::take(&mut state.captures), std::mem::take(&mut state.waits))
        };
        let mut after = Vec::new();
        for (home, node) in waits {
            match &self.parent {
                Some(parent) if Arc::ptr_eq(parent, &home) => after.push(node),
                Some(parent) => parent.state().waits.push((home, node)),
                None => {}
            }
        }
        (FlowDraft { draft, style, captures }, after)
    }

    /// Takes the draft out; from here on nothing can be added.
    pub(super) fn seal(&self) -> Draft {
        let open = std::mem::take(&mut self.state().open);
        for (id, inner) in open {
            let (flow, after) = inner.close(FlowStyle::Branches);
            self.change_node(id, |node| {
                node.task = TaskChoice::Flow(Box::new(flow));
                node.after.extend(after);
            });
        }
        let mut state = self.state();
        state.sealed = true;
        state.unfold();
        std::mem::take(&mut state.draft)
    }
}

/// Makes what was said of the only task of a body what holds for each item, as in a file; `false`
/// where that is not the same.
fn is_of_items(body: &mut Draft, repeat: &mut RepeatDraft) -> bool {
    let [node] = &mut body.nodes[..] else { return true };
    let Some(policy) = &node.policy else { return true };
    let RepeatDraft::Map(map) = repeat else { return false };
    if map.each.is_some() || policy.checkpoint || policy.if_failed != IfFailed::Fails {
        return false;
    }
    map.each = node.policy.take();
    true
}

/// Whether a body is one task that gives its value.
fn is_single(draft: &Draft) -> bool {
    let whole = match &draft.result {
        Some(Expr::Ref(reference)) => {
            reference.path.is_empty() && matches!(reference.root, Root::Node(_))
        }
        // A task for its effect.
        Some(Expr::Const(_)) => true,
        _ => false,
    };
    let task = |task: &TaskChoice| matches!(task, TaskChoice::Named { .. } | TaskChoice::Inline(_));
    match &draft.nodes[..] {
        [node] => whole && task(&node.task) && node.repeat.is_none() && node.when.is_none(),
        _ => false,
    }
}
