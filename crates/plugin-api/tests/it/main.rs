//! What the crate promises to those who use it.

// The setting that allows it in tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

mod interface;
mod task_call;
mod task_manifest;
mod task_misuse;
mod task_opaque;
mod task_panic;
mod task_record;
mod task_support;
mod value_canonical;
mod value_eq;
mod value_gen;
mod value_json;
mod value_limits;
mod value_types;
