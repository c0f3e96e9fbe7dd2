//! Values and expressions: a tree whose strings may hold references.

use std::ops::Range;

use serde::Deserialize;
use serde_json::json;
use terrace_plugin_api::{Value, ValueError};

use super::scope::{Found, MAX_CAPTURED};
use super::{Reader, hole};
use crate::expr::{Expr, Piece, Ref, Root};
use crate::file::parse::quoted;
use crate::file::reference::{self, Follows, Part, Start};
use crate::file::{Key, Kind, Tree};
use crate::source::Span;

/// What the strings of a tree are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// Data: every string is itself.
    Plain,
    /// Part of a workflow, in a place where no reference may stand.
    Constant,
    /// As that; what a node gives when it fails.
    Fallback,
    /// Part of a workflow: references to the names that are visible in the innermost level.
    Linked,
    /// The `key` of a map: references to its items and index.
    Item,
}

impl<'t> Reader<'t> {
    /// Reads data; `None` after a problem.
    pub(super) fn value(&mut self, tree: &'t Tree, texts: Texts) -> Option<Value> {
        match self.expr(tree, texts) {
            Expr::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Reads an expression; whatever has no reference inside becomes one constant.
    /// Recurses; the tree has a limit of depth.
    pub(super) fn expr(&mut self, tree: &'t Tree, texts: Texts) -> Expr {
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
            Kind::Map(entries) => return self.entries_of(tree, entries, texts),
            Kind::Data(value) => value.clone(),
        })
    }

    fn entries_of(&mut self, tree: &'t Tree, entries: &'t [(Key, Tree)], texts: Texts) -> Expr {
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
    fn form(&mut self, key: &str, at: &Key, payload: &'t Tree, texts: Texts) -> Expr {
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
        if let Kind::Data(value) = &payload.kind {
            let message = format!("{} takes text or a map, not {}", quoted(key), value.kind());
            self.report(payload.span, message, None);
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
    fn key(&mut self, key: &Key, texts: Texts) -> String {
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

    fn string(&mut self, tree: &'t Tree, text: &'t str, texts: Texts) -> Expr {
        if texts == Texts::Plain || !text.contains("${") {
            return Expr::Const(Value::from(text));
        }
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
                    let root = self.root(tree, text, &reference, texts);
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
        texts: Texts,
    ) -> Option<Root> {
        let whole = self.part(tree, text, reference.range.clone(), reference.range.clone());
        let (span, message, help) = match (&reference.start, texts) {
            (_, Texts::Constant | Texts::Plain | Texts::Fallback) => {
                let what = if texts == Texts::Fallback { "fallback" } else { "default" };
                let help = "write `$${` where `${` is meant as text".to_owned();
                (whole, format!("a {what} cannot refer to anything"), Some(help))
            }
            (Start::Node(name), Texts::Item) => {
                if let Some(root) = self.find_item(name) {
                    return Some(root);
                }
                (whole, "`key` is made of the item alone".to_owned(), Some(self.help_for_key()))
            }
            (_, Texts::Item) => {
                (whole, "`key` is made of the item alone".to_owned(), Some(self.help_for_key()))
            }
            (Start::Known(root), Texts::Linked) => return Some(*root),
            (start @ (Start::Node(_) | Start::Input(_)), Texts::Linked) => {
                let found = match start {
                    Start::Input(name) => self.find_input(name),
                    Start::Node(name) => self.find(name, whole),
                    Start::Known(root) => Found::Root(*root),
                };
                let (message, help) = match (found, start) {
                    (Found::Root(root), _) => return Some(root),
                    (Found::Refused, _) => return None,
                    (Found::Nothing, _) if self.is_full() => return None,
                    (Found::TooMany, _) => {
                        let message = format!(
                            "with this reference, bodies inside nodes need more than \
                             {MAX_CAPTURED} values from outside"
                        );
                        (message, Some("a name counts in each body it goes through".to_owned()))
                    }
                    (Found::Nothing, Start::Input(name)) => {
                        let message = format!("unknown input {}", quoted(name));
                        (message, Some(self.help_for_input(name)))
                    }
                    (Found::Nothing, Start::Node(name)) => self.unknown(name),
                    (Found::Nothing, Start::Known(_)) => return None,
                };
                (self.start(tree, text, reference), message, help)
            }
        };
        self.report(span, message, help);
        None
    }

    /// Where the name stands that a reference starts with.
    fn start(&self, tree: &Tree, text: &str, reference: &reference::Reference<'_>) -> Span {
        self.part(tree, text, reference.name.clone(), reference.range.clone())
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
        let Some(source) = self.source() else { return tree.span };
        let raw = source.text().get(tree.span.range()).unwrap_or_default();
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
        Kind::Data(value) => serde_json::to_value(value).unwrap_or_default(),
    }
}
