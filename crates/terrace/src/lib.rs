//! Terrace runs task graphs whose tasks ship as native packs.
//!
//! Tasks are ordinary Rust functions in shared libraries with a stable ABI, or closures beside
//! them; a workflow wires them into a DAG; the engine levels the DAG and runs it on a
//! work-stealing pool. A program that embeds Terrace needs this one crate.
//!
//! ```
//! use terrace::prelude::*;
//!
//! let engine = Engine::builder().workers(2).build()?;
//! let wf = engine.workflow("sums");
//! let add = |x: i64, y: i64| x + y;
//! let a = wf.call(add, (1, 2));
//! let b = wf.call(add, (3, 4));
//! let c = wf.call(add, (&a, &b));
//! wf.output("sum", &c);
//!
//! let wf = engine.build(wf)?;
//! let report = engine.run(&wf, &RunRequest::new())?;
//! assert_eq!(report.get(&c)?, 10);
//! # Ok::<(), terrace::Error>(())
//! ```
//!
//! A workflow file is read with [`Engine::read`] and run the same way. Packs are found in the
//! folders given to [`EngineBuilder::pack_folder`], or linked statically with
//! [`EngineBuilder::static_pack`].
#![forbid(unsafe_code)]

mod engine;
mod error;
mod expand;
mod file;
mod inputs;
pub mod prelude;
mod request;

pub use engine::{Engine, EngineBuilder};
pub use error::Error;
pub use file::{read_draft, read_source, read_text};
pub use inputs::{InputProblem, InputProblems};
pub use request::RunRequest;

/// Makes a port type of a program's own struct or enum, as packs do with the macro of that name.
///
/// ```
/// use terrace::prelude::*;
///
/// #[derive(Record, Clone, Debug, PartialEq)]
/// struct Point { x: f64, y: Option<f64> }
///
/// let point = Point { x: 1.0, y: None };
/// assert_eq!(Point::from_value(point.clone().into_value()?)?, point);
/// # Ok::<(), terrace::api::PortError>(())
/// ```
pub use terrace_plugin_api::HostRecord as Record;

/// Makes an interface of a struct, as `terrace_plugin_api::Interface` does in a pack. The trait is
/// [`api::Interface`].
pub use terrace_plugin_api::HostInterface as Interface;

/// Workflows: building, validating, levelling.
pub use terrace_core as core;
/// What runs would take: simulating and explaining workflows, recorded ones too.
pub use terrace_forecast as forecast;
/// Values, ports and tasks.
pub use terrace_plugin_api as api;
/// Packs: finding, checking, loading.
pub use terrace_plugin_host as host;
/// What a run looked like: its record.
pub use terrace_report as report;
/// Running plans.
pub use terrace_scheduler as scheduler;
