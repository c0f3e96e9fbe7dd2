//! The tree of a workflow file: what was written, where, and nothing of the language it was in.
//!
//! # Invariants
//! - A tree that [`super::parse()`] returns is at most [`Limits::MAX_DEPTH`](super::Limits)
//!   collections deep, so that walking and dropping it may recurse.
//! - The keys of such a map are distinct and stand in the order of the file.
//! - [`Kind::U64`] holds only what does not fit in [`Kind::I64`].

use terrace_plugin_api::Value;

use crate::source::Span;

/// A node of the tree with its place in the text.
///
/// The span covers the node's own text. Three nodes have no text of their own: a missing value
/// has an empty span where it would stand, an expanded alias has the span of its `*name` (what
/// is inside it points at the anchored text), and a TOML table that was opened by a header has
/// the span of that header.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// What the node is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// What a node of the tree is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `null`, or a value that was left out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// An integer above `i64::MAX`.
    U64(u64),
    /// A number written as a float.
    F64(f64),
    /// A text.
    Str(String),
    /// A list.
    Seq(Vec<Tree>),
    /// A map in the order of the file.
    Map(Vec<(Key, Tree)>),
    /// Data as it is, in a tree that was made from a value and not from a text: what no text
    /// holds, and lists of numbers.
    Data(Value),
}

/// A key of a map with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The text of the key, without quotes.
    pub(crate) name: String,
    /// Where it stands, with its quotes.
    pub(crate) span: Span,
}

impl Tree {
    /// A node of this kind at this place.
    pub(crate) fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span }
    }

    /// What the node is, as a noun with its article for messages: "a list".
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a bool",
            Kind::I64(_) | Kind::U64(_) => "an integer",
            Kind::F64(_) => "a float",
            Kind::Str(_) => "a string",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Data(value) => value.kind(),
        }
    }

    /// The value under a key, when the node is a map that has it. Costs one pass over the keys.
    pub(crate) fn get(&self, name: &str) -> Option<&Tree> {
        self.entry(name).map(|(_, value)| value)
    }

    /// The entry of a key, when the node is a map that has it. Costs one pass over the keys.
    pub(crate) fn entry(&self, name: &str) -> Option<&(Key, Tree)> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(key, _)| key.name == name)
    }
}

/// The same value, wherever it stands.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// Equality as for `Value`: one NaN, and −0.0 is not 0.0. Unlike there, maps compare in order.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Seq(a), Self::Seq(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Data(a), Self::Data(b)) => a == b,
            _ => false,
        }
    }
}

/// The same name, wherever it stands.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
