//! The call convention: one C function per task.
//!
//! The host owns the array of arguments, one per port in the manifest's order, with defaults
//! already filled in and null for an absent optional port. The task may move a value out of a
//! `take` port, leaving null or, of one without heap, the value itself; and only reads a `borrow`
//! port, which may be an uncounted copy of a value that lives elsewhere: neither dropped nor
//! overwritten. Called on any thread, several at once; the values in `out` belong to the host when
//! the call returns.

use abi_stable::StableAbi;

use crate::context::TaskContext;
use crate::error::TaskError;
use crate::value::Value;

/// A task's entry point. Returns one of [`status`].
pub type TaskCall =
    extern "C" fn(ctx: &TaskContext<'_>, args: *mut Value, n: usize, out: *mut TaskResult) -> u32;

/// What a task's entry point returns. Any other number is a broken pack.
pub mod status {
    /// `out` holds [`super::TaskResult::Value`].
    pub const OK: u32 = 0;
    /// `out` holds [`super::TaskResult::Error`].
    pub const FAILED: u32 = 1;
}

/// Where a task leaves its answer.
#[repr(u8)]
#[derive(StableAbi, Clone, Debug, Default)]
pub enum TaskResult {
    /// Nothing yet.
    #[default]
    Empty,
    /// The output.
    Value(Value),
    /// Why there is none.
    Error(TaskError),
}
