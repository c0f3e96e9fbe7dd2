//! Workflow files: text in YAML, TOML or JSON, and one tree with spans for all three.
//!
//! [`parse()`] turns a [`Source`](crate::source::Source) into a [`Tree`] through one door per
//! language ([`yaml`], [`toml`], [`json`]); no type of a parsing library leaves its door, and
//! limits and duplicate keys are treated alike behind each of them. [`print()`] is the way back.
//! What the keys of a workflow mean is not known here.

mod json;
mod parse;
mod print;
#[cfg(test)]
mod tests;
mod toml;
mod tree;
mod yaml;

pub use parse::Limits;
pub(crate) use parse::parse;
pub(crate) use print::print;
pub(crate) use tree::{Key, Kind, Tree};
