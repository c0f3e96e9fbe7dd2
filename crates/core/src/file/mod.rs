//! Workflow files: text in YAML, TOML or JSON, and one tree with spans for all three.
//!
//! [`parse()`] turns a [`Source`](crate::source::Source) into a [`Tree`] through one door per
//! language ([`yaml`], [`toml`], [`json`]); no type of a parsing library leaves its door, and
//! limits and duplicate keys are treated alike behind each of them. [`print()`] is the way back.
//! What the keys of a workflow mean is known to [`decode`] and [`encode`] alone, what stands
//! inside its strings to [`mod@reference`]. A value that describes a workflow becomes a tree in
//! [`from_value`]; files that use each other become one draft in [`link`]. Single values outside a
//! file are read and written in [`value_json`].

mod decode;
mod encode;
mod from_value;
mod json;
mod link;
mod parse;
mod print;
mod reference;
#[cfg(test)]
mod tests;
mod toml;
mod tree;
mod value_json;
mod yaml;

pub use decode::read_inputs;
pub(crate) use link::written_task;
pub use parse::Limits;
pub use value_json::{
    InputError, JsonError, read_input, value_from_json, value_to_json, value_to_json_pretty,
};

use parse::{Parsed, parse};
use print::print;
use tree::{Key, Kind, Tree};
