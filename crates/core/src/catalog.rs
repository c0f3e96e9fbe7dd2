//! How core and scheduler see tasks: a name, a [`Signature`], and something to call.
//!
//! Packs, statically linked packs and closures all arrive through [`Task`]; who finds them is
//! behind [`Catalog`]. Loading packs is plugin-host's business.

use std::fmt;
use std::sync::Arc;

use terrace_plugin_api::{TaskContext, TaskError, Value};

use crate::signature::Signature;

/// Something that can be called once for every attempt, on any thread, several at once.
pub trait Task: Send + Sync {
    /// Runs it. `args` has one value per port, in order; a port that takes may leave null behind,
    /// one that borrows leaves its value as it is.
    ///
    /// # Errors
    /// Whatever the task says. A panic is caught by the caller.
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError>;

    /// Runs it as [`Self::call`] does and leaves what it gives in `out`, where it will lie: whatever
    /// was there is dropped. For tasks of some nanoseconds, whose output would otherwise be moved
    /// more often than it is used; a task that leaves this alone loses nothing else.
    ///
    /// # Errors
    /// As [`Self::call`]; `out` is then anything.
    fn call_into(
        &self,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        *out = self.call(ctx, args)?;
        Ok(())
    }
}

/// A task that was found. Cloning shares it.
#[derive(Clone)]
pub struct TaskRef {
    /// Full name as people know it: `quantum/build_ansatz`, or a function's name.
    pub name: Arc<str>,
    /// Ports, output, behaviour.
    pub signature: Arc<Signature>,
    /// What to call.
    pub body: Arc<dyn Task>,
    /// The pack it came from.
    pub pack: Option<Arc<PackId>>,
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRef").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Which pack a task came from: for provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackId {
    /// The pack's own name, whatever alias the workflow uses.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The file, where it was loaded from one.
    pub path: Option<String>,
}

/// Finds tasks by the name a workflow uses.
pub trait Catalog {
    /// Looks a task up: `pack/task`, where `pack` is the alias the workflow gave.
    fn find(&self, name: &str) -> Option<TaskRef>;

    /// All names, for suggestions and listings.
    fn names(&self) -> Vec<String>;
}

/// A catalog without tasks: for workflows made of closures alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTasks;

impl Catalog for NoTasks {
    fn find(&self, _name: &str) -> Option<TaskRef> {
        None
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
