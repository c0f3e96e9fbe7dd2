//! [`Foreseen`]: tasks that give what is made up.
//!
//! Attempts are a script's, but a reduction calls its combiner where results come in, which takes no
//! time; with packs that are only described it would fail.

use std::sync::Arc;

use terrace_core::{Catalog, Task, TaskError, TaskRef, Type, Value};
use terrace_scheduler::TaskContext;
use terrace_scheduler::simulate::made;

/// The tasks of another catalog; what they give is made up from its type.
#[derive(Debug)]
pub struct Foreseen<C>(pub C);

struct MadeUp(Type);

impl Task for MadeUp {
    fn call(&self, _ctx: &TaskContext<'_>, _args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(made(&self.0, &[]))
    }
}

impl<C: Catalog> Catalog for Foreseen<C> {
    fn find(&self, name: &str) -> Option<TaskRef> {
        let task = self.0.find(name)?;
        let body = Arc::new(MadeUp(task.signature.output.clone()));
        Some(TaskRef { body, ..task })
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }
}
