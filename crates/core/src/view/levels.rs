//! Levels, one a line, tasks grouped and counted.

use std::fmt::Write as _;

use crate::workflow::Workflow;

pub(super) fn render(workflow: &Workflow) -> String {
    let mut text = String::new();
    for (level, group) in workflow.levels().groups().enumerate() {
        let mut tasks: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
        for &id in group {
            *tasks.entry(workflow.short_task(id)).or_insert(0) += 1;
        }
        let tasks: Vec<String> = tasks
            .into_iter()
            .map(|(task, times)| if times > 1 { format!("{task} ×{times}") } else { task.into() })
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Level {level}: {} ({} parallel)", tasks.join(", "), group.len());
    }
    text
}
