//! Levels, one a line, tasks grouped and counted.

use std::fmt::Write as _;

use indexmap::IndexMap;

use crate::expr::NodeId;
use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let mut text = String::new();
    for (level, group) in workflow.levels().groups().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line(workflow, level, group));
    }
    text
}

pub(super) fn line(workflow: &Workflow, level: usize, nodes: &[NodeId]) -> String {
    let mut tasks: IndexMap<&str, usize> = IndexMap::new();
    for &id in nodes {
        *tasks.entry(workflow.short_task(id)).or_insert(0) += 1;
    }
    let tasks: Vec<String> = tasks
        .into_iter()
        .map(|(task, times)| if times > 1 { format!("{task} ×{times}") } else { task.into() })
        .collect();
    format!("Level {level}: {} ({} parallel)", tasks.join(", "), nodes.len())
}
