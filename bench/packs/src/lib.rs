//! What the pack of this package and the programs that measure it share.
//!
//! - `examples/bench_pack.rs` is the pack: sums of up to eight integers, and the time.
//! - `terrace-bench-packs` measures what its tasks cost in a run: `src/bin/packs.rs`.
//! - `terrace-bench-start` measures how soon the command runs one: `src/bin/start.rs`.
#![forbid(unsafe_code)]

pub mod built;
pub mod turns;

use terrace_plugin_api::{Interface, TaskEntry};

/// What the pack offers besides its tasks: their entry points, so that a plain loop can call the very
/// functions that a run calls.
#[repr(C)]
#[derive(Interface)]
#[interface(name = "bench.entries/1")]
pub struct Entries {
    /// Gives a task by its place in the manifest.
    pub entry: extern "C" fn(at: u64) -> Option<&'static TaskEntry>,
}
