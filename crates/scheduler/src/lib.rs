//! Runs a compiled [`Plan`](terrace_core::Plan) on a pool of threads.
//!
//! A [`Scheduler`] owns the threads. [`Scheduler::run`] takes a plan to its end and helps with it;
//! [`Scheduler::start`] returns a [`RunHandle`] at once. What happened is told by a [`RunReport`]
//! afterwards and by an [`Observer`] meanwhile.
//!
//! Two paths run a plan, with the same answer: the work-stealing [`mod@fast`] path, which promises
//! topological order and nothing else, and the ordered [`mod@dispatch`]er, whose decisions are a
//! state machine without threads or clock. A [`Simulation`] takes the same run to its end in one
//! thread on a virtual clock. Who sleeps and who wakes whom is in `src/pool/README.md`.
//!
//! # Examples
//!
//! This crate and closures are enough:
//!
//! ```
//! use std::sync::Arc;
//! use terrace_core::{Args, Draft, Expr, NodeDraft, NodeId, NoTasks, OutputDraft, Port, Ref, Root};
//! use terrace_core::{Signature, Task, TaskChoice, TaskError, TaskRef, Type, Value};
//! use terrace_scheduler::{RunOptions, Scheduler, TaskContext};
//!
//! struct Add;
//! impl Task for Add {
//!     fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
//!         Ok(Value::from(args.iter().filter_map(Value::as_i64).sum::<i64>()))
//!     }
//! }
//!
//! let add = TaskRef {
//!     name: "add".into(),
//!     signature: Arc::new(Signature {
//!         ports: vec![Port::new("a", Type::I64), Port::new("b", Type::I64)],
//!         output: Type::I64,
//!         ..Signature::default()
//!     }),
//!     body: Arc::new(Add),
//!     pack: None,
//! };
//! let node = |args| NodeDraft::new(TaskChoice::Inline(add.clone()), Args::Positional(args));
//! let number = |n: i64| Expr::Const(Value::from(n));
//! let output = |at: usize| Expr::Ref(Ref::new(Root::Node(NodeId::at(at).unwrap())));
//! let workflow = Draft {
//!     nodes: vec![node(vec![number(1), number(2)]), node(vec![output(0), output(0)])],
//!     outputs: vec![OutputDraft { name: "sum".into(), value: output(1), span: None }],
//!     ..Draft::default()
//! }
//! .validate(&NoTasks)?;
//!
//! let scheduler = Scheduler::builder().workers(2).build()?;
//! let report = scheduler.run(&Arc::new(workflow.plan()), RunOptions::default());
//! assert_eq!(report.output("sum").and_then(|sum| sum.as_ref().ok()), Some(&Value::from(6_i64)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempt;
mod blocking;
mod cancel;
mod checkpoint;
mod clock;
mod crew;
pub mod dispatch;
mod environment;
mod error;
mod events;
mod expand;
mod fan;
mod fast;
mod frame;
mod handle;
mod leftovers;
mod options;
mod pool;
mod pulse;
mod report;
mod run;
mod scheduler;
pub mod simulate;
mod timer;
mod watch;

mod sync;

pub use cancel::CancelToken;
pub use checkpoint::{Approve, Checkpoint, Decision, Dropped, Produced, Refused, Which};
pub use clock::{Clock, ManualClock, RealClock};
pub use environment::Environment;
pub use error::{NotReadable, OutputError, RunError, SchedulerError, SimulationError};
pub use expand::Expand;
pub use handle::{RunFuture, RunHandle};
pub use options::{Growth, Order, PathChoice, RunOptions, Timing};
pub use report::{Counts, Failure, LevelSpan, NodeOutcome, RunReport, RunStatus};
pub use scheduler::{MAX_BLOCKING, Scheduler, SchedulerBuilder};
pub use simulate::Simulation;
pub use watch::{Look, Watch};
// A task's own interface, so that closures need no other crate.
pub use terrace_core::{
    Event, EventKind, EventKinds, Lane, Observer, OutcomeStatus, TaskError, Value,
};
pub use terrace_plugin_api::TaskContext;

/// Workflows and plans, so that a program which only schedules needs no other crate.
pub use terrace_core as core;
