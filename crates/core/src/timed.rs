//! Times told from outside: how long the nodes of a draft take, by where they are.
//!
//! A record or a person knows more of durations than a file declares. Told here, they are what the
//! file would have declared (`expected`), so urgency, previews, findings and simulations all go by
//! the same times.

use std::sync::Arc;
use std::time::Duration;

use crate::draft::{Draft, FlowDraft, FlowStyle, NodeDraft, RepeatDraft, TaskChoice};
use crate::policy::{Policy, PolicyRef};

/// A node of a draft that runs a task, for [`Draft::tell_times`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timed<'d> {
    /// The names from the outermost workflow to it: `left.merge`. A map or loop over one task is
    /// one node, as in [`crate::Workflow::walk`].
    pub path: &'d str,
    /// What it runs: `pack/task`, or a function's name; empty for a workflow.
    pub task: &'d str,
    /// How long one attempt takes by what is declared.
    pub declared: Option<Duration>,
}

impl Draft {
    /// Asks for each node that calls a task, those of workflows inside included, how long one
    /// attempt of it takes, and keeps that as if the workflow had declared it; `None` leaves what is
    /// declared. Of a map over one task that is the time of an item.
    pub fn tell_times(&mut self, time: &mut dyn FnMut(Timed<'_>) -> Option<Duration>) {
        let mut open: Vec<(String, bool, &mut Draft)> = vec![(String::new(), false, self)];
        while let Some((prefix, is_body, draft)) = open.pop() {
            for (at, node) in draft.nodes.iter_mut().enumerate() {
                let path = match (&node.name, is_body) {
                    // The one task of a map or loop is that itself.
                    (_, true) => prefix.clone(),
                    (Some(name), false) if prefix.is_empty() => name.to_string(),
                    (Some(name), false) => format!("{prefix}.{name}"),
                    (None, false) => format!("{prefix}.{at}"),
                };
                let is_item = matches!(node.repeat, Some(RepeatDraft::Map(_)));
                tell(node, &path, time);
                if let TaskChoice::Flow(flow) = &mut node.task {
                    // The time of an item is that of the map's task; told above.
                    if !(is_item && task_of_one(flow).is_some()) {
                        let single = flow.style == FlowStyle::Single;
                        open.push((path, single, &mut flow.draft));
                    }
                }
            }
        }
    }
}

/// The task of a map or loop over one.
fn task_of_one(flow: &FlowDraft) -> Option<&str> {
    match &flow.draft.nodes[..] {
        [node] if flow.style == FlowStyle::Single => task_of(node),
        _ => None,
    }
}

/// The task that a node calls itself.
fn task_of(node: &NodeDraft) -> Option<&str> {
    match &node.task {
        TaskChoice::Named { name, .. } => Some(name),
        TaskChoice::Inline(task) => Some(&task.name),
        _ => None,
    }
}

fn tell(node: &mut NodeDraft, path: &str, time: &mut dyn FnMut(Timed<'_>) -> Option<Duration>) {
    let inner = match &node.task {
        TaskChoice::Flow(flow) => task_of_one(flow),
        _ => None,
    };
    let own = task_of(node).map(str::to_owned);
    match (&mut node.repeat, own, inner.map(str::to_owned)) {
        (None, Some(task), _) => set(&mut node.policy, path, &task, time),
        (Some(RepeatDraft::Map(map)), own, inner) => {
            if let Some(task) = own.or(inner) {
                set(&mut map.each, path, &task, time);
            }
        }
        _ => {}
    }
}

fn set(
    policy: &mut PolicyRef,
    path: &str,
    task: &str,
    time: &mut dyn FnMut(Timed<'_>) -> Option<Duration>,
) {
    let declared = policy.as_ref().and_then(|policy| policy.expected);
    let Some(told) = time(Timed { path, task, declared }) else { return };
    let mut changed: Policy = policy.as_deref().cloned().unwrap_or_default();
    changed.expected = Some(told);
    *policy = Some(Arc::new(changed));
}
