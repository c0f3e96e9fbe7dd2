//! From a value to a tree: how a pack's or closure's description of a workflow takes the same way
//! as a file.
//!
//! A value is not a text, so places are paths: every tree and key gets a number in place of a span,
//! and [`Paths`] tells the path of a number. What no text holds (bytes, arrays, opaque values) and
//! lists of numbers stand in the tree as they are.

use std::fmt::Write as _;

use terrace_plugin_api::Value;

use super::parse::Limits;
use super::tree::{Key, Kind, Tree};
use crate::source::Span;
use crate::validate::is_name;

/// The path of every tree made from a value, by its number.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<(u32, Step)>);

#[derive(Debug)]
enum Step {
    Root,
    Key(String),
    Index(usize),
}

impl Paths {
    /// The path to what a span of the tree stands for: `.nodes.solve.with[0]`; empty for the root.
    pub(super) fn show(&self, span: Span) -> String {
        let mut steps = Vec::new();
        let mut at = span.start;
        while let Some((parent, step)) = self.0.get(at)
            && !matches!(step, Step::Root)
        {
            steps.push(step);
            at = *parent as usize;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Key(key) if is_name(key) => write!(path, ".{key}"),
                Step::Key(key) => write!(path, "[{}]", serde_json::Value::from(key.as_str())),
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Root => Ok(()),
            };
        }
        path
    }

    fn add(&mut self, parent: u32, step: Step) -> u32 {
        let number = self.0.len() as u32;
        self.0.push((parent, step));
        number
    }
}

/// What a value has too much of, and the number of where.
pub(super) struct Excess {
    /// What is wrong.
    pub(super) message: String,
    /// Where.
    pub(super) span: Span,
}

/// Makes a tree of a value.
///
/// # Errors
/// When the value passes one of the [`Limits`], or what it holds has no data: an opaque value
/// counts as one.
pub(super) fn tree(value: &Value, paths: &mut Paths) -> Result<Tree, Excess> {
    let root = paths.add(0, Step::Root);
    Grower { paths, bytes: 0 }.grow(value, root, 0)
}

struct Grower<'p> {
    paths: &'p mut Paths,
    bytes: usize,
}

impl Grower<'_> {
    /// Recurses, down to the limit of depth.
    fn grow(&mut self, value: &Value, at: u32, depth: usize) -> Result<Tree, Excess> {
        // Values share their parts, so that a small one may be large as a tree.
        let span = span(at);
        if self.paths.0.len() > Limits::MAX_NODES {
            return Err(Excess {
                message: format!("more than {} values", Limits::MAX_NODES),
                span,
            });
        }
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::I64(value) => Kind::I64(*value),
            Value::U64(value) => Kind::U64(value.get()),
            Value::F64(value) => Kind::F64(*value),
            Value::Str(text) => Kind::Str(self.text(text, span)?),
            Value::List(items) if are_numbers(items) => Kind::Data(value.clone()),
            Value::List(_) | Value::Map(_) if depth == Limits::MAX_DEPTH => {
                let message = format!("nested more than {} levels deep", Limits::MAX_DEPTH);
                return Err(Excess { message, span });
            }
            Value::List(items) => {
                let mut trees = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let at = self.paths.add(at, Step::Index(index));
                    trees.push(self.grow(item, at, depth + 1)?);
                }
                Kind::Seq(trees)
            }
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.len());
                for (key, item) in map.iter() {
                    let name = self.text(key, span)?;
                    let at = self.paths.add(at, Step::Key(name.clone()));
                    let key = Key { name, span: self::span(at) };
                    entries.push((key, self.grow(item, at, depth + 1)?));
                }
                Kind::Map(entries)
            }
            Value::Bytes(_) | Value::Array(_) | Value::Ext(_) => Kind::Data(value.clone()),
        };
        Ok(Tree::new(kind, span))
    }

    fn text(&mut self, text: &str, span: Span) -> Result<String, Excess> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > Limits::MAX_TEXT {
            let message = format!("more than {} bytes of keys and strings", Limits::MAX_TEXT);
            return Err(Excess { message, span });
        }
        Ok(text.to_owned())
    }
}

/// The span of a number: of length 1, as an empty one would be that of something missing.
fn span(at: u32) -> Span {
    Span::new(at as usize, at as usize + 1)
}

/// Whether a list is data without names or references inside: nothing needs to look into it.
fn are_numbers(items: &[Value]) -> bool {
    let number = |item: &Value| {
        matches!(item, Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::F64(_))
    };
    !items.is_empty() && items.iter().all(number)
}
