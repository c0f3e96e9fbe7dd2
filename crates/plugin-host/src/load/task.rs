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

    #[cold]
    fn miscounted(&self, found: usize) -> TaskError {
        TaskError::new(
            ErrorClass::INTERNAL,
            format!("`{}` has {} ports, called with {found} arguments", self.name, self.ports),
        )
    }

    /// The error of an answer that does not go with its status.
    #[cold]
    fn odd(&self, status: u32, result: TaskResult) -> TaskError {
        match (status, result) {
            (status::OK, TaskResult::Empty) => self.broken("it succeeded without an output"),
            (status::OK, TaskResult::Error(error)) => {
                self.broken("it succeeded with an error").with_cause(error)
            }
            (status::FAILED, TaskResult::Empty) => self.broken("it failed without an error"),
            (status::FAILED, TaskResult::Value(_)) => self.broken("it failed with an output"),
            (status, result) => {
                let error = self.broken(format_args!("it returned the unknown status {status}"));
                match result {
                    TaskResult::Error(cause) => error.with_cause(cause),
                    _ => error,
                }
            }
        }
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
        let mut out = Value::Null;
        self.call_into(ctx, args, &mut out)?;
        Ok(out)
    }

    #[inline]
    fn call_into(
        &self,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        if args.len() != self.ports {
            return Err(self.miscounted(args.len()));
        }
        let mut result = TaskResult::Empty;
        let status = (self.call)(ctx, args.as_mut_ptr(), args.len(), &mut result);
        if let (status::OK, TaskResult::Value(value)) = (status, &mut result) {
            out.take_from(value);
            return Ok(());
        }
        match (status, result) {
            (status::FAILED, TaskResult::Error(error)) => Err(error),
            (status, result) => Err(self.odd(status, result)),
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
