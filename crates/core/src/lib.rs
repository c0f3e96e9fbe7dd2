//! Workflows: building, validating, levelling and compiling task graphs.
//!
//! Pure: no threads, no clock, no disk, no loading of code. Text comes in as a [`Source`], tasks
//! through a [`Catalog`]; what comes out is a [`Workflow`] to look at and a [`Plan`] to run.
#![forbid(unsafe_code)]

mod build;
mod catalog;
mod draft;
mod event;
mod expr;
mod file;
mod flat;
mod level;
mod lint;
mod order;
mod origin;
mod plan;
mod policy;
mod preview;
mod problem;
mod redact;
mod repeat;
mod series;
mod signature;
mod source;
mod timed;
mod types;
mod unlimited;
mod validate;
mod view;
mod workflow;

pub use build::{
    AnyArg, Arg, AsItComes, Associative, Branches, Combine, Expansion, Gather, Handle, IntoAmount,
    IntoArgs, IntoGiven, IntoItems, IntoWireArgs, Keyed, Listed, LoopBuilder, MapBuilder,
    NamedTask, Native, NodeFn, NodeRefFn, OutcomeExt, Outcomes, PerItem, ReadArgs, ReadError,
    Reduced, Returned, Shape, TaskImport, Values, Wire, WireArgs, WorkflowBuilder, associative,
    markers,
};
pub use catalog::{Catalog, NoTasks, PackId, Task, TaskRef};
pub use draft::{
    ArgSpans, Args, Draft, Expectation, FlowDraft, FlowStyle, InputDraft, InputRole, NodeDraft,
    NodeSpans, OutputDraft, PackRequirement, ReduceDraft, RepeatDraft, RuleSpans, RunIf,
    TaskChoice,
};
pub use event::{Event, EventKind, EventKinds, Observer};
pub use expr::{Adapter, Expr, InputId, NodeId, Piece, Ref, Root, Select};
pub use file::{
    InputError, JsonError, Limits, read_input, read_inputs, value_from_json, value_to_json,
    value_to_json_pretty,
};
pub use level::Levels;
pub use lint::{Finding, LintCode, Severity};
pub use order::{CriticalPath, HeldUp, Leg};
pub use plan::{
    BindError, Inputs, NodeKind, Plan, PlanBuilder, PlanError, PlanIndex, PlanMistake, PortArg,
    RunConstants, SharedTask, Slots, Tolerance,
};
pub use policy::{
    Amount, Backoff, Checkpoints, IfFailed, Limit, LimitKind, Need, OnFailure, Policy, PolicyRef,
    Rate, Retry, RetryOn, Rules, read_duration, read_size, show_duration, show_size, strictest,
};
pub use preview::{Bound, Conditions, CostPreview, Count, MemoryPreview, Preview, TimePreview};
pub use problem::{Place, Problem, Problems};
pub use redact::Redactor;
pub use repeat::{Carry, Chunk, Collect, FailedItems, Loop, Map, Over, Reduce};
pub use series::{Series, SeriesEnd, SeriesTasks, SeriesValues, Way};
pub use signature::{Lane, Port, PortMode, Signature};
pub use source::{Format, Source, Span};
pub use terrace_plugin_api::{LogLevel, Outcome, OutcomeStatus, TaskError, Value};
pub use timed::Timed;
pub use types::{Enum, Field, Fit, Mismatch, Type, TypeError};
pub use validate::is_name;
pub use view::{NodeView, Placed, Routed, Walk, Walked, place, place_with_gaps};
pub use workflow::{Input, Node, Output, Repeat, SubFlow, Workflow};
