//! [`Environment`]: what workflows inside nodes get where nobody gives it to them.

use terrace_core::{Input, TaskError, Value};

/// Gives inputs of workflows inside nodes the values that they are said to have from the
/// environment. Neither core nor the scheduler reads that: whoever starts the run brings it.
///
/// The inputs of the run's own workflow are settled by whoever starts it, before it starts.
pub trait Environment: Send + Sync {
    /// The value of an input that names an environment variable ([`Input::env`]); `None` where
    /// there is no such variable, so that its default stands.
    ///
    /// # Errors
    /// When the variable is no value of the input's type. Never shows a secret.
    fn value(&self, input: &Input) -> Result<Option<Value>, TaskError>;
}
