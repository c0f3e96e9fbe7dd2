//! What the crate promises to whoever uses it.
#![expect(clippy::unwrap_used, reason = "clippy does not take helpers of tests for tests")]

mod page;
mod record;
mod trace;
mod tracer;
