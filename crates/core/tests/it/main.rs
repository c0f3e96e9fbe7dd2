//! The public behaviour of terrace-core.

mod builder;
