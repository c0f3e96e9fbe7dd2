//! Values and expressions: a tree whose strings may hold references.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::json;
use terrace_plugin_api::{Value, ValueError};

use super::{Reader, hole};
use crate::expr::{Expr, InputId, NodeId, Piece, Ref, Root};
use crate::file::parse::quoted;
use crate::file::reference::{self, Follows, Part, Start};
use crate::file::{Key, Kind, Tree};
use crate::source::Span;
use crate::validate::suggest;

/// What the strings of a tree are.
#[derive(Clone, Copy)]
pub(super) enum Texts<'n> {
    /// Data: every string is itself.
    Plain,
    /// Part of a workflow, in a place where no reference may stand.
    Constant,
    /// Part of a workflow: references to these names, and to some that are not looked up.
    Linked(&'n Names<'n>, &'n [&'n str]),
}

/// What references can name.
pub(super) struct Names<'n> {
    nodes: HashMap<&'n str, NodeId>,
    inputs: HashMap<&'n str, InputId>,
}

impl<'n> Names<'n> {
    /// The names in the order of the file; a tree has fewer entries than a `u32` can count.
    pub(super) fn of(inputs: &'n [(Key, Tree)], nodes: &'n [(Key, Tree)]) -> Self {
        let names = |entries: &'n [(Key, Tree)]| entries.iter().map(|(key, _)| key.name.as_str());
        Self {
            nodes: names(nodes).zip((0..).map(NodeId)).collect(),
            inputs: names(inputs).zip((0..).map(InputId)).collect(),
        }
    }

    pub(super) fn node(&self, name: &str) -> Option<NodeId> {
        self.nodes.get(name).copied()
    }

    /// What to do about a node that is not there.
    pub(super) fn help_for_node(&self, name: &str) -> Option<String> {
        match suggest(name, self.nodes.keys().copied()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if self.inputs.contains_key(name) => {
                Some(format!("did you mean the input, `${{inputs.{name}}}`?"))
            }
            None => None,
        }
    }

    fn help_for_input(&self, name: &str) -> Option<String> {
        match suggest(name, self.inputs.keys().copied()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if self.nodes.contains_key(name) => {
                Some(format!("did you mean the node, `${{{name}}}`?"))
            }
            None => Some("declare it under `inputs`".to_owned()),
        }
    }
}

impl<'t> Reader<'t> {
    /// Reads data; `None` after a problem.
    pub(super) fn value(&mut self, tree: &'t Tree, texts: Texts<'_>) -> Option<Value> {
        match self.expr(tree, texts) {
            Expr::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Reads an expression; whatever has no reference inside becomes one constant.
    /// Recurses; the tree has a limit of depth.
    pub(super) fn expr(&mut self, tree: &'t Tree, texts: Texts<'_>) -> Expr {
        Expr::Const(match &tree.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::from(*value),
            Kind::I64(value) => Value::from(*value),
            Kind::U64(value) => Value::from(*value),
            Kind::F64(value) => Value::from(*value),
            Kind::Str(text) => return self.string(tree, text, texts),
            Kind::Seq(items) => {
                let items = items.iter().map(|item| self.expr(item, texts)).collect();
                return match constants(items) {
                    Ok(values) => self.built(tree, Value::list(values)),
                    Err(items) => Expr::List(items),
                };
            }
            Kind::Map(entries) => return self.map(tree, entries, texts),
        })
    }

    fn map(&mut self, tree: &'t Tree, entries: &'t [(Key, Tree)], texts: Texts<'_>) -> Expr {
        let mut keys = Vec::with_capacity(entries.len());
        for (key, _) in entries {
            keys.push(self.key(key, texts));
        }
        if let ([key], [(at, payload)]) = (&mut keys[..], entries)
            && key.starts_with('$')
        {
            if key.starts_with("$$") {
                key.remove(0);
            } else {
                return self.form(key, at, payload, texts);
            }
        }
        let items = entries.iter().map(|(_, item)| self.expr(item, texts)).collect();
        match constants(items) {
            Ok(values) => self.built(tree, Value::map(keys.into_iter().zip(values))),
            Err(items) => Expr::Map(keys.into_iter().zip(items).collect()),
        }
    }

    /// The constant that a map with this one key stands for.
    fn form(&mut self, key: &str, at: &Key, payload: &'t Tree, texts: Texts<'_>) -> Expr {
        if !matches!(key, "$f64" | "$bytes" | "$array") {
            let doubled = format!("${key}");
            let written = match texts {
                Texts::Plain => doubled.into(),
                _ => reference::escape(&doubled, Follows::End),
            };
            let help = format!("a map with this one key is written {}", quoted(&written));
            self.report(at.span, format!("{} is no form of a value", quoted(key)), Some(help));
            return hole();
        }
        match Value::deserialize(json!({ key: plain(payload) })) {
            Ok(value) => Expr::Const(value),
            Err(error) => {
                self.report(payload.span, error.to_string(), None);
                hole()
            }
        }
    }

    fn built(&mut self, tree: &Tree, value: Result<Value, ValueError>) -> Expr {
        value.map(Expr::Const).unwrap_or_else(|error| {
            self.report(tree.span, error.to_string(), None);
            hole()
        })
    }

    /// A key of a map, in which `$${` is a literal `${` as in any string.
    fn key(&mut self, key: &Key, texts: Texts<'_>) -> String {
        if !matches!(texts, Texts::Plain) && key.name.contains("${") {
            match reference::split(&key.name).as_deref() {
                Ok([Part::Text(text)]) => return text.to_string(),
                _ => {
                    let help = "a key is a constant; write `$${` where `${` is meant as text";
                    let message = "a key cannot hold a reference";
                    self.report(key.span, message, Some(help.to_owned()));
                }
            }
        }
        key.name.clone()
    }

    fn string(&mut self, tree: &'t Tree, text: &'t str, texts: Texts<'_>) -> Expr {
        let (names, unsaid) = match texts {
            _ if !text.contains("${") => return Expr::Const(Value::from(text)),
            Texts::Plain => return Expr::Const(Value::from(text)),
            Texts::Constant => (None, &[][..]),
            Texts::Linked(names, unsaid) => (Some(names), unsaid),
        };
        let parts = match reference::split(text) {
            Ok(parts) => parts,
            Err(mistakes) => {
                for mistake in mistakes {
                    let span = self.part(tree, text, mistake.range, mistake.around);
                    self.report(span, mistake.message, Some(mistake.help));
                }
                return hole();
            }
        };
        let mut pieces = Vec::with_capacity(parts.len());
        let mut complete = true;
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Literal(text.into_owned())),
                Part::Reference(reference) => {
                    let root = match names {
                        Some(names) => self.root(tree, text, &reference, names, unsaid),
                        None => {
                            let span =
                                self.part(tree, text, reference.range.clone(), reference.range);
                            let help = "write `$${` where `${` is meant as text".to_owned();
                            let message = "a default cannot refer to anything";
                            self.report(span, message, Some(help));
                            None
                        }
                    };
                    match root {
                        Some(root) => {
                            pieces.push(Piece::Ref(Ref { path: reference.path, ..Ref::new(root) }));
                        }
                        None => complete = false,
                    }
                }
            }
        }
        match pieces.as_mut_slice() {
            _ if !complete => hole(),
            [Piece::Literal(text)] => Expr::Const(Value::from(std::mem::take(text))),
            [Piece::Ref(_)] => match pieces.pop() {
                Some(Piece::Ref(reference)) => Expr::Ref(reference),
                _ => hole(),
            },
            _ => Expr::Text(pieces),
        }
    }

    /// Looks up where a reference starts; `None` after a problem.
    fn root(
        &mut self,
        tree: &'t Tree,
        text: &str,
        reference: &reference::Reference<'_>,
        names: &Names<'_>,
        unsaid: &[&str],
    ) -> Option<Root> {
        let (message, help) = match &reference.start {
            Start::Known(root) => return Some(*root),
            Start::Node(name) => match names.node(name) {
                Some(id) => return Some(Root::Node(id)),
                None if unsaid.contains(name) || self.is_full() => return None,
                None if matches!(*name, "item" | "index" | "key") => {
                    let message = format!(
                        "`${{{name}}}` stands only inside a `map`, which is not supported by this \
                         version of Terrace"
                    );
                    (message, None)
                }
                None => (format!("unknown node {}", quoted(name)), names.help_for_node(name)),
            },
            Start::Input(name) => match names.inputs.get(name.as_str()) {
                Some(id) => return Some(Root::Input(*id)),
                None if self.is_full() => return None,
                None => (format!("unknown input {}", quoted(name)), names.help_for_input(name)),
            },
        };
        let span = self.part(tree, text, reference.name.clone(), reference.range.clone());
        self.report(span, message, help);
        None
    }

    /// Where a part of a string stands in the file: exactly, where the string or the reference
    /// around the part is written as it reads, else the whole scalar.
    pub(super) fn part(
        &self,
        tree: &Tree,
        text: &str,
        part: Range<usize>,
        around: Range<usize>,
    ) -> Span {
        let raw = self.source.text().get(tree.span.range()).unwrap_or_default();
        let start = if raw == text {
            Some(0)
        } else if raw.len() == text.len() + 2 && raw.get(1..raw.len() - 1) == Some(text) {
            Some(1)
        } else {
            // Somewhere among the lines of a block or behind an escape: the same occurrence of it.
            let wanted = &text[around.clone()];
            let nth = text.match_indices(wanted).position(|(at, _)| at == around.start);
            let same = raw.matches(wanted).count() == text.matches(wanted).count();
            nth.filter(|_| same)
                .and_then(|nth| raw.match_indices(wanted).nth(nth))
                .and_then(|(at, _)| at.checked_sub(around.start))
        };
        match start {
            Some(start) => {
                let start = tree.span.start + start;
                Span::new(start + part.start, start + part.end)
            }
            None => tree.span,
        }
    }
}

/// The values, if all are constants.
fn constants(items: Vec<Expr>) -> Result<Vec<Value>, Vec<Expr>> {
    if !items.iter().all(|item| matches!(item, Expr::Const(_))) {
        return Err(items);
    }
    let values = items.into_iter().filter_map(|item| match item {
        Expr::Const(value) => Some(value),
        _ => None,
    });
    Ok(values.collect())
}

/// A tree as JSON, for the forms that [`Value`] reads itself; what JSON cannot hold is no part of
/// any of them.
fn plain(tree: &Tree) -> serde_json::Value {
    match &tree.kind {
        Kind::Null => json!(null),
        Kind::Bool(value) => json!(value),
        Kind::I64(value) => json!(value),
        Kind::U64(value) => json!(value),
        Kind::F64(value) => json!(value),
        Kind::Str(text) => json!(text),
        Kind::Seq(items) => items.iter().map(plain).collect(),
        Kind::Map(entries) => {
            entries.iter().map(|(key, value)| (key.name.clone(), plain(value))).collect()
        }
    }
}
