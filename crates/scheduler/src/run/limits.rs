//! How large a run may grow by itself, and what went wrong inside it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use terrace_core::{PlanIndex, TaskError, Workflow};
use terrace_plugin_api::ErrorClass;

use super::{Run, lock};
use crate::frame::Frame;
use crate::report::Failure;

/// How many failures inside the run's nodes are kept.
const FAILURES_KEPT: usize = 1_000;

impl Run {
    /// Makes room for a workflow that a task gave.
    pub(crate) fn grow(&self, home: &Frame, workflow: &Workflow) -> Result<(), TaskError> {
        let limits = self.limits;
        if home.depth() >= limits.depth {
            let message = format!(
                "workflows that tasks gave lie more than {} deep inside each other; a task that \
                 always gives another never ends; where that is meant, `RunOptions::growth` allows more",
                limits.depth
            );
            return Err(TaskError::new(ErrorClass::LIMIT, message).with_code("depth"));
        }
        let nodes = workflow.nodes().len() as u64;
        let before = self.grown.fetch_add(nodes, Ordering::Relaxed);
        if before.saturating_add(nodes) > limits.nodes {
            let message = format!(
                "tasks gave workflows of more than {} nodes together; where that is \
                 meant, `RunOptions::growth` allows more",
                limits.nodes
            );
            return Err(TaskError::new(ErrorClass::LIMIT, message).with_code("nodes"));
        }
        Ok(())
    }

    /// Keeps how many items a map of the outermost workflow has.
    pub(crate) fn note_items(&self, at: PlanIndex, items: u64) {
        lock(&self.items).push((at, items));
    }

    /// Counts nodes of workflows inside, and items, that have ended.
    pub(crate) fn count_inside(&self, nodes: u64) {
        self.inside.fetch_add(nodes, Ordering::Relaxed);
    }

    /// Keeps a failure that the report of the outermost node does not tell in full.
    pub(crate) fn note_failure(&self, path: impl FnOnce() -> Arc<str>, error: &TaskError) {
        let mut failures = lock(&self.failures);
        failures.count += 1;
        if failures.kept.len() < FAILURES_KEPT {
            failures.kept.push(Failure { path: path().to_string(), error: error.clone() });
        }
    }
}

/// What failed inside nodes of the run.
#[derive(Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    pub(crate) kept: Vec<Failure>,
}
