//! Values, ports and the call convention of Terrace packs: everything that crosses the boundary
//! between a pack and the process that loads it.
//!
//! # A pack
//! A pack is a library crate with `crate-type = ["cdylib", "rlib"]` and this crate as its only
//! dependency. This is a whole one:
//!
//! ```
//! use terrace_plugin_api::{export_pack, task, Record, TaskError};
//!
//! #[derive(Record)]
//! pub struct Fit { slope: f64, intercept: f64 }
//!
//! /// Fits a line through points by least squares.
//! #[task(pure)]
//! pub fn fit_line(x: &[f64], y: &[f64], #[default = 0.0] ridge: f64) -> Result<Fit, TaskError> {
//!     if x.len() != y.len() || x.is_empty() {
//!         return Err(TaskError::msg(format!("{} x for {} y", x.len(), y.len())));
//!     }
//!     let n = x.len() as f64;
//!     let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
//!     let (xy, xx) = x.iter().zip(y).fold((0.0, ridge), |(xy, xx), (x, y)| {
//!         (xy + (x - mx) * (y - my), xx + (x - mx) * (x - mx))
//!     });
//!     Ok(Fit { slope: xy / xx, intercept: my - xy / xx * mx })
//! }
//!
//! export_pack! { name: regression, description: "Lines through points.", tasks: [fit_line] }
//! # // What a host does with it, and what a test of the pack does:
//! # fn main() { assert_eq!(fit_line(&[1.0, 2.0], &[2.0, 4.0], 0.0).unwrap().slope, 2.0);
//! # assert_eq!(pack().module.tasks().len(), 1); }
//! ```
//!
//! `cargo build --release` makes the `.so`; in a workflow the task is `regression/fit_line`, with
//! ports `x` and `y` of type `list<f64>`, `ridge` with its default, and an output
//! `{slope: f64, intercept: f64}`. The function stays an ordinary one, to be called and tested.
//!
//! [`task`](macro@task) says how a function becomes a task, [`PortType`] which types can go in and
//! out, [`Record`](macro@Record) and [`Opaque`](macro@Opaque) make more of them, [`TaskContext`]
//! is what a running task may ask of its host, [`TaskError`] how it fails. [`Interface`] lets packs
//! and hosts offer each other more than tasks. The rest is for hosts.
//!
//! # Promises
//! - Nothing with a Rust-only layout crosses: every crossing type derives `StableAbi`.
//! - Memory is freed by the side that allocated it, through its own vtable.
//! - No panic leaves a pack: generated code catches it and returns a [`TaskError`].

// abi_stable's derives expand to code that these lints object to; old compilers do not know `#[expect]`.
#![allow(unknown_lints, non_local_definitions, clippy::allow_attributes)]
#![deny(clippy::incompatible_msrv)]

// Generated code names this crate by its name, also in the tests inside it.
extern crate self as terrace_plugin_api;

mod call;
mod context;
mod error;
mod ext;
mod flow;
mod hint;
mod interface;
mod manifest;
mod module;
mod outcome;
mod port;
mod schema;
mod shield;
mod value;

pub use call::{status, TaskCall, TaskResult};
pub use context::{ContextVTable, Host, Item, LogLevel, TaskContext};
pub use error::{ErrorClass, Retryable, TaskError};
pub use ext::{Ext, ExtTag, ExtVTable};
pub use flow::{Flow, FlowArg, FlowNode, NewNode};
pub use hint::{prefetch, prefetch_at};
pub use interface::{AnyOffer, Interface, InterfaceError, Offer};
pub use manifest::{Lane, PackDef, PortDef, PortMode, TaskDef, MANIFEST_FORMAT, MANIFEST_SECTION};
pub use module::{
    manifest_hash, PackModule, PackModuleRef, StaticPack, TaskEntry, ABI, SYMBOL_PREFIX,
};
pub use outcome::{Outcome, OutcomeStatus};
pub use port::{Held, HeldSlice, PortError, PortRef, PortType, TaskReturn};
pub use schema::{EnumTag, Field, Schema, Variant};
pub use shield::catch_panic;
pub use value::{
    from_value, from_value_ref, to_value, Array, BigU64, Bytes, DType, Element, List, Map,
    SerdeError, Slots, Str, Value, ValueError, MAX_DEPTH, SLOTS_READ,
};

/// Exports the tasks of a pack: once in its crate, where the tasks are in scope.
///
/// ```
/// # use terrace_plugin_api::{export_pack, task};
/// # use terrace_plugin_api::{Interface, Offer};
/// # #[repr(C)] #[derive(Interface)] #[interface(name = "math.tables/1")]
/// # struct Tables { prime: extern "C" fn(u64) -> u64 }
/// # extern "C" fn prime(_: u64) -> u64 { 2 }
/// # static TABLES: Offer<Tables> = Offer::new(Tables { prime });
/// # #[task] fn add(x: i64, y: i64) -> i64 { x + y }
/// # mod stats { #[terrace_plugin_api::task] pub(crate) fn mean(values: &[f64]) -> f64 { 0.0 } }
/// export_pack! {
///     name: math,                          // a-z, 0-9, `_` and `-`
///     description: "Numbers and lists.",   // may be left out
///     tasks: [add, stats::mean],           // paths to functions with `#[task]`
///     interfaces: [TABLES],                // paths to statics of type `Offer`; may be left out
/// }
/// # fn main() {}
/// ```
///
/// The version is that of the crate. Beside what a host loads it makes `pub fn pack()`, which
/// gives the [`StaticPack`] for linking the pack into a program instead. Interfaces: [`Interface`].
pub use terrace_plugin_macros::export_pack;

// For the facade, under the names without `Host`.
#[doc(hidden)]
pub use terrace_plugin_macros::{HostInterface, HostRecord};

/// Makes a task of a function; each parameter becomes a port of its name, its doc comment the
/// port's. The function stays as it is.
///
/// ```
/// # use terrace_plugin_api::{task, TaskContext, TaskError, Value};
/// /// What `terrace packs inspect` shows of the task.
/// #[task(name = "fetch", blocking, cpus = 2, memory = "100MB", cost = "0.03 USD")]
/// fn fetch_all(
///     ctx: &TaskContext,             // not a port; anywhere among the parameters
///     /// What to fetch.
///     urls: Vec<String>,             // taken: moved in, or a copy where others need it too
///     header: &str,                  // borrowed: nothing is copied
///     #[secret] token: &str,         // never shown
///     #[default = 30.0] wait: f64,   // a literal of the port's type
///     proxy: Option<&str>,           // may be left out
///     #[name = "type"] kind: i64,    // the port is called `type`
///     _after: Value,                 // port `after`: waited for, not read
/// ) -> Result<Vec<String>, TaskError> {
///     ctx.check_cancelled()?;
///     Ok(urls)
/// }
/// ```
///
/// | option | says |
/// |---|---|
/// | `name = "…"` | the task's name, where it is not the function's |
/// | `blocking` | it waits rather than computes, and runs on a thread for that |
/// | `pure` | same inputs, same output, no effects; implies `idempotent` |
/// | `idempotent` | running it twice has the effect of running it once |
/// | `associative` | as a combiner: `f(f(a, b), c) = f(a, f(b, c))` |
/// | `cpus = 2` | it uses two threads, see [`TaskContext::threads`] |
/// | `memory = "100MB"` | it needs so much; KB, MB, GB, TB by 1000, KiB, MiB, GiB, TiB by 1024 |
/// | `cost = "0.03 USD"` | what a call costs |
///
/// Types: see [`PortType`]; behind `&` also `str` and slices, see [`PortRef`]. It returns a port
/// type or a `Result` of one, whose error is any `std::error::Error`, [`TaskError`], a boxed error,
/// `anyhow::Error`, or text. A panic is caught and fails the task with its message and place.
pub use terrace_plugin_macros::task;

/// Makes a port type of a struct or enum of data, in the form that serde gives it.
///
/// ```
/// # use terrace_plugin_api::{PortType, Record};
/// #[derive(Record)]
/// #[serde(rename_all = "camelCase")]
/// struct Sample {
///     sample_id: String,
///     #[serde(default)]
///     reads: Vec<i64>,
///     note: Option<String>,
/// }
/// assert_eq!(Sample::SCHEMA.to_string(), "{sampleId: str, reads?: list<i64>, note?: str}");
///
/// #[derive(Record)]
/// #[serde(tag = "type")]
/// enum Shape { Point, Circle { r: f64 } }
/// assert_eq!(Shape::SCHEMA.to_string(), "enum(type){Point, Circle: {r: f64}}");
/// ```
///
/// serde itself is not needed; beside its derives it gives the same data. Honoured are `rename`,
/// `rename_all`, `rename_all_fields`, `alias`, `default`, `skip`, `skip_serializing_if`, `tag`,
/// `content`, `transparent` and `deny_unknown_fields`; anything else that would change the data is
/// a compile error. A missing field of type `Option` reads as `None`, which is written as null. In
/// a field with `default` null stands for it too, unless the type takes null itself.
///
/// A type that contains itself has no type that a constant could hold, and the compiler says so
/// ("cycle detected"): use [`Value`] where it recurs, or write [`PortType`] with [`Schema::Any`].
pub use terrace_plugin_macros::Record;

/// Makes a port type of a private type: other packs and the engine pass it on without looking.
///
/// ```
/// # use terrace_plugin_api::{task, Opaque, PortType};
/// #[derive(Opaque)]
/// #[opaque(name = "db::Connection")]
/// struct Connection { /* … */ }
/// assert_eq!(Connection::SCHEMA.to_string(), "ext<db::Connection>");
///
/// #[task(blocking)]
/// fn query(connection: &Connection, text: &str) -> Vec<String> {
///     Vec::new()
/// }
/// ```
///
/// It must be `Send + Sync + 'static`. Without `name` it is called `<crate>::<Type>`. A port
/// borrows it best with `&`; a port that takes it gets it moved where nobody else holds it, else a
/// copy where it is `Clone`, else an error. With `#[opaque(serialize)]`, for a type with serde's
/// `Serialize`, it becomes data where it leaves the process; without, it is refused there.
pub use terrace_plugin_macros::Opaque;

/// Makes an interface of a `repr(C)` struct of functions and data: see the trait [`Interface`].
///
/// Its name ends in its version: `#[interface(name = "circuit.gates/1")]`. Lower-case ASCII
/// letters, digits, `_`, `-` and `.`, a slash, a number from 1.
pub use terrace_plugin_macros::Interface;

/// What generated code names. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::interface::{check_offers, offer, Crosses, InterfaceField, InterfaceLayout};
    pub use crate::manifest::{
        check_default, check_pack, head_json, head_len, pack_hash, pack_json, pack_len, task_json,
        task_len,
    };
    pub use crate::module::{header, PackHeader, PackItem, TaskItem};
    pub use crate::port::opaque::*;
    pub use crate::port::record::*;
    pub use crate::port::support::*;
    pub use crate::shield::mismatch;
    pub use abi_stable::type_layout::TypeLayout;
}
