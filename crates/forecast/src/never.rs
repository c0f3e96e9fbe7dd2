//! [`Never`]: the body of a task of which only the time is known.

use terrace_core::{Task, TaskError, Value};
use terrace_scheduler::TaskContext;

/// A task that cannot be called.
pub(crate) struct Never;

impl Task for Never {
    fn call(&self, _ctx: &TaskContext<'_>, _args: &mut [Value]) -> Result<Value, TaskError> {
        Err(TaskError::msg("only its time is known; `terrace import` makes a workflow that runs"))
    }
}
