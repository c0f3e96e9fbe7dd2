//! [`Expand`]: makes a workflow of what a task gave as one.

use terrace_core::{TaskError, TaskRef, Value, Workflow};
use terrace_plugin_api::ErrorClass;

/// Makes a workflow of the description that a task gave, as a value: finds its tasks and checks
/// it. Whoever knows the packs implements it; workflows that closures give need it not.
pub trait Expand: Send + Sync {
    /// Makes the workflow. `around` is the outermost one of the run, `by` the task that gave the
    /// description.
    ///
    /// # Errors
    /// Everything that is wrong with the description, as the error of the node's attempt.
    fn expand(
        &self,
        description: Value,
        around: &Workflow,
        by: &TaskRef,
    ) -> Result<Workflow, TaskError>;
}

/// Knows no tasks.
pub(crate) struct NoDescriptions;

impl Expand for NoDescriptions {
    fn expand(
        &self,
        description: Value,
        _around: &Workflow,
        _by: &TaskRef,
    ) -> Result<Workflow, TaskError> {
        let message = format!(
            "it gave {} to run as a workflow, and this run was given nobody who understands \
             descriptions",
            description.kind()
        );
        Err(TaskError::new(ErrorClass::INVALID_OUTPUT, message))
    }
}
