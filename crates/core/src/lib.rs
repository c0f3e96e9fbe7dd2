//! Workflows: building, validating, levelling and compiling task graphs.
#![forbid(unsafe_code)]

mod problem;
mod source;

pub use problem::{Place, Problem, Problems};
pub use source::{Format, Source, Span};
