//! Values, ports and the call convention of Terrace packs: everything that crosses the boundary
//! between a pack and the process that loads it.
//!
//! A pack author needs three names: [`task`](macro@task) on a function, [`Record`](macro@Record) on
//! the structs that go in and out, and [`export_pack!`] once. The rest is for hosts.
//!
//! # Promises
//! - Nothing with a Rust-only layout crosses: every crossing type derives `StableAbi`.
//! - Memory is freed by the side that allocated it, through its own vtable.
//! - No panic leaves a pack: generated code catches it and returns a [`TaskError`].

// abi_stable's derives expand to code that these lints object to; old compilers do not know `#[expect]`.
#![allow(non_local_definitions, clippy::allow_attributes)]
#![deny(clippy::incompatible_msrv)]

// Generated code names this crate by its name, also in the tests inside it.
extern crate self as terrace_plugin_api;

mod call;
mod context;
mod error;
mod ext;
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
pub use manifest::{Lane, PackDef, PortDef, PortMode, TaskDef, MANIFEST_FORMAT, MANIFEST_SECTION};
pub use module::{
    manifest_hash, PackModule, PackModuleRef, StaticPack, TaskEntry, ABI, SYMBOL_PREFIX,
};
pub use outcome::{Outcome, OutcomeStatus};
pub use port::{Held, HeldSlice, PortError, PortRef, PortType, TaskReturn};
pub use schema::{EnumTag, Field, Schema, Variant};
pub use terrace_plugin_macros::{export_pack, task, Opaque, Record};
pub use value::{
    from_value, from_value_ref, to_value, Array, BigU64, Bytes, DType, Element, List, Map,
    SerdeError, Str, Value, ValueError, MAX_DEPTH,
};

/// What generated code names. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::manifest::{
        check_default, check_pack, head_json, head_len, pack_json, pack_len, task_json, task_len,
    };
    pub use crate::module::{header, PackHeader, PackItem, TaskItem};
    pub use crate::port::opaque::*;
    pub use crate::port::record::*;
    pub use crate::port::support::*;
    pub use crate::shield::mismatch;
}
