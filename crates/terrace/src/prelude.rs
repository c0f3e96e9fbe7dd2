//! What most programs need, in one line: `use terrace::prelude::*;`.

pub use terrace_core::{
    Event, EventKind, Expansion, Handle, Lane, Outcome, OutcomeExt, OutcomeStatus, RunIf, Value,
    Workflow, WorkflowBuilder, associative,
};
pub use terrace_plugin_api::{PortType, TaskContext, TaskError};
pub use terrace_scheduler::{Order, RunHandle, RunReport, RunStatus};

pub use crate::{Engine, Error, Record, RunRequest};
