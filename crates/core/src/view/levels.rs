//! Levels, one a line, tasks grouped and counted; those of workflows inside nodes indented under
//! the node.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::kind::{NodeView, times};
use super::tree::Tree;
use crate::expr::NodeId;
use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let tree = Tree::new(workflow);
    let mut text = String::new();
    // Levels to come, the next one last: of the workflow whose nodes start at `first`.
    struct Next<'w> {
        workflow: &'w Workflow,
        first: usize,
        level: usize,
        indent: usize,
    }
    let mut open = vec![Next { workflow, first: 0, level: 0, indent: 0 }];
    while let Some(Next { workflow, first, level, indent }) = open.pop() {
        if level == workflow.levels().len() {
            continue;
        }
        let group = workflow.levels().group(level);
        // Writing to a string cannot fail.
        let margin = " ".repeat(indent);
        match level {
            0 if first > 0 => {
                let around = tree.entries[first].parent.map(|at| tree.entries[at].heading());
                let _ = writeln!(text, "{}{}:", " ".repeat(indent - 2), around.unwrap_or_default());
            }
            _ => {}
        }
        let _ = writeln!(text, "{margin}{}", line(workflow, level, group, &|_| None));
        open.push(Next { workflow, first, level: level + 1, indent });
        for id in group.iter().rev() {
            if let Some(start) = tree.entries[first + id.index()].body {
                let inner = tree.entries[start].workflow;
                open.push(Next { workflow: inner, first: start, level: 0, indent: indent + 4 });
            }
        }
    }
    text
}

pub(super) fn line(
    workflow: &Workflow,
    level: usize,
    nodes: &[NodeId],
    items: &dyn Fn(NodeId) -> Option<u64>,
) -> String {
    // How often each runs; `None` for maps of which only the run knows.
    let mut tasks: IndexMap<(&str, bool), u64> = IndexMap::new();
    let (mut parallel, mut unknown) = (0_u64, false);
    for &id in nodes {
        let node = workflow.node(id);
        let width = match node.view() {
            NodeView::Map => node.width().or_else(|| items(id)),
            _ => Some(1),
        };
        parallel = parallel.saturating_add(width.unwrap_or(0));
        unknown |= width.is_none();
        let times = tasks.entry((node.counted(), width.is_some())).or_insert(0);
        *times = times.saturating_add(width.unwrap_or(1));
    }
    let tasks: Vec<String> = tasks
        .into_iter()
        .map(|((task, known), count)| match (known, count) {
            (true, 1) => task.to_owned(),
            (true, _) => format!("{task} {}", times(Some(count))),
            (false, 1) => format!("{task} {}", times(None)),
            (false, _) => format!("{count} × {task} {}", times(None)),
        })
        .collect();
    let parallel = match (unknown, parallel) {
        (false, parallel) => parallel.to_string(),
        (true, 0) => "?".to_owned(),
        (true, parallel) => format!("{parallel} + ?"),
    };
    format!("Level {level}: {} ({parallel} parallel)", tasks.join(", "))
}
