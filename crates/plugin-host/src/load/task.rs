//! [`PackTask`]: a task of a pack, as core and scheduler see it.

use std::fmt;
use std::sync::Arc;

use terrace_core::{PackId, Task, TaskError, Value};
use terrace_plugin_api::{ErrorClass, TaskCall, TaskContext, TaskResult, status};

/// Calls one entry point of a pack and holds it to the convention.
pub(super) struct PackTask {
    pack: Arc<PackId>,
    name: String,
    ports: usize,
    call: TaskCall,
}

impl PackTask {
    pub(super) fn new(pack: Arc<PackId>, name: &str, ports: usize, call: TaskCall) -> Self {
        Self { pack, name: name.to_owned(), ports, call }
    }

    /// The error of a call that did not keep the convention.
    #[cold]
    fn broken(&self, what: impl fmt::Display) -> TaskError {
        let Self { pack, name, .. } = self;
        TaskError::new(
            ErrorClass::INTERNAL,
            format!(
                "the pack {} {} broke the call convention in `{name}`: {what}",
                pack.name, pack.version
            ),
        )
    }
}

impl Task for PackTask {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        if args.len() != self.ports {
            return Err(TaskError::new(
                ErrorClass::INTERNAL,
                format!(
                    "`{}` has {} ports, called with {} arguments",
                    self.name,
                    self.ports,
                    args.len()
                ),
            ));
        }
        let mut out = TaskResult::Empty;
        let status = (self.call)(ctx, args.as_mut_ptr(), args.len(), &mut out);
        match (status, out) {
            (status::OK, TaskResult::Value(value)) => Ok(value),
            (status::FAILED, TaskResult::Error(error)) => Err(error),
            (status::OK, TaskResult::Empty) => Err(self.broken("it succeeded without an output")),
            (status::OK, TaskResult::Error(error)) => {
                Err(self.broken("it succeeded with an error").with_cause(error))
            }
            (status::FAILED, TaskResult::Empty) => Err(self.broken("it failed without an error")),
            (status::FAILED, TaskResult::Value(_)) => Err(self.broken("it failed with an output")),
            (status, out) => {
                let error = self.broken(format_args!("it returned the unknown status {status}"));
                Err(if let TaskResult::Error(cause) = out {
                    error.with_cause(cause)
                } else {
                    error
                })
            }
        }
    }
}

/// A task of a pack that is only described.
pub(super) struct NotLoaded {
    pub(super) pack: Arc<PackId>,
}

impl Task for NotLoaded {
    fn call(&self, _ctx: &TaskContext<'_>, _args: &mut [Value]) -> Result<Value, TaskError> {
        let PackId { name, version, .. } = &*self.pack;
        let message = format!("the pack {name} {version} is described but not loaded");
        Err(TaskError::new(ErrorClass::INTERNAL, message))
    }
}
