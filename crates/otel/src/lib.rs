//! Runs for OpenTelemetry: made of a run's record, when it is over or while it goes on, and sent over OTLP
//! (HTTP, protobuf).
//!
//! A run is a trace: the run is its root, every node and item that ran a span below it or below what
//! it is inside of (`spans`), every attempt a span below its node; durations and counts are metrics
//! (`metrics`). Times are the record's, to the nanosecond. `docs/TRACES.md` lists names and
//! attributes.
//!
//! `export` sends a run that is over, a `Follower` one that goes on, from a thread of its own: none of
//! the run's ever waits for a collector. The crate is empty without its feature `otel`, so that
//! nobody compiles OpenTelemetry who does not ask for it (and these two are links to nothing then).
#![forbid(unsafe_code)]
#![cfg(feature = "otel")]

mod client;
mod error;
mod export;
mod follow;
mod ids;
mod metrics;
mod moment;
mod receiver;
mod spans;

pub use error::OtlpError;
pub use export::{Sent, export};
pub use follow::{Follower, Lines};
