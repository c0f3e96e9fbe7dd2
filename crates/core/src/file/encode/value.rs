//! Expressions, references and constants as they stand in a file.

use terrace_plugin_api::Value;

use super::{Entries, Writer, node};
use crate::expr::{Expr, Piece, Ref, Root};
use crate::file::parse::{Limits, quoted};
use crate::file::reference::{Follows, escape};
use crate::file::{Kind, Tree};
use crate::problem::Problem;
use crate::source::Format;
use crate::validate::{RESERVED, is_name};

impl Writer<'_> {
    /// Writes an expression inside `depth` collections; deeper than a file can be, nothing, since
    /// [`print()`] refuses the file there.
    pub(super) fn expr(&mut self, expr: &Expr, place: &str, depth: usize) -> Tree {
        if depth > Limits::MAX_DEPTH {
            return node(Kind::Null);
        }
        node(match expr {
            Expr::Const(value) => return self.value(value, place, depth),
            Expr::Ref(reference) => Kind::Str(self.reference(reference, place)),
            Expr::List(items) => {
                Kind::Seq(items.iter().map(|item| self.expr(item, place, depth + 1)).collect())
            }
            Expr::Map(entries) => {
                let mut map = Entries::default();
                for (key, item) in entries {
                    map.add(key_text(key, entries.len()), self.expr(item, place, depth + 1));
                }
                return map.tree();
            }
            Expr::Text(pieces) => {
                let mut text = String::new();
                for (at, piece) in pieces.iter().enumerate() {
                    match piece {
                        Piece::Literal(literal) => {
                            let follows = match pieces.get(at + 1) {
                                Some(Piece::Ref(_)) => Follows::Reference,
                                _ => Follows::End,
                            };
                            text.push_str(&escape(literal, follows));
                        }
                        Piece::Ref(reference) => text.push_str(&self.reference(reference, place)),
                    }
                }
                Kind::Str(text)
            }
        })
    }

    fn reference(&mut self, reference: &Ref, place: &str) -> String {
        let root = self.root(reference.root).unwrap_or_else(|| {
            let message = format!("{place} refers to something that is not there or has no name");
            self.found.push(Problem::new(message));
            String::new()
        });
        if reference.adapt.is_some() {
            let message = format!("{place} converts a value of the program");
            self.found.push(Problem::new(message).with_help("a file holds plain data only"));
        }
        let shown = reference.show(&|_| root.clone());
        format!("${{{shown}}}")
    }

    /// How a root is written in the innermost workflow.
    pub(super) fn root(&self, root: Root) -> Option<String> {
        let scope = self.scopes.last()?;
        match root {
            Root::Node(id) | Root::Outcome(id) => {
                let name = match scope.only {
                    Some(name) if id.index() == 0 => name,
                    _ => scope.draft.nodes.get(id.index())?.name.as_deref()?,
                };
                (is_name(name) && !RESERVED.contains(&name)).then(|| name.to_owned())
            }
            Root::Input(id) => scope.inputs.get(id.index()).cloned().flatten(),
            Root::RunId => Some("run.id".to_owned()),
            Root::RunSeed => Some("run.seed".to_owned()),
            Root::WorkflowDir => Some("workflow.dir".to_owned()),
        }
    }

    /// Writes a constant inside `depth` collections.
    pub(super) fn value(&mut self, value: &Value, place: &str, depth: usize) -> Tree {
        if depth > Limits::MAX_DEPTH {
            return node(Kind::Null);
        }
        node(match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::I64(value) => Kind::I64(*value),
            Value::U64(value) => Kind::U64(value.get()),
            Value::F64(value) if value.is_finite() || self.format != Format::Json => {
                Kind::F64(*value)
            }
            Value::Str(text) => Kind::Str(escape(text, Follows::End).into_owned()),
            Value::List(items) => {
                Kind::Seq(items.iter().map(|item| self.value(item, place, depth + 1)).collect())
            }
            Value::Map(map) => {
                let mut entries = Entries::default();
                for (key, item) in map.iter() {
                    entries.add(key_text(key, map.len()), self.value(item, place, depth + 1));
                }
                return entries.tree();
            }
            Value::Ext(ext) => match ext.to_value() {
                Some(value) => return self.value(&value, place, depth + 1),
                None => {
                    let message = format!(
                        "{place} holds an opaque value of type {}",
                        quoted(ext.type_name())
                    );
                    self.found
                        .push(Problem::new(message).with_help("a file holds plain data only"));
                    Kind::Null
                }
            },
            // The `$` forms, which have no text to escape.
            Value::F64(_) | Value::Bytes(_) | Value::Array(_) => {
                return form(&serde_json::to_value(value).unwrap_or_default());
            }
        })
    }
}

/// A key of a map with so many entries: the `$` of a form is doubled, that of `${` escaped.
fn key_text(key: &str, entries: usize) -> String {
    let doubled = if entries == 1 && key.starts_with('$') { "$" } else { "" };
    escape(&format!("{doubled}{key}"), Follows::End).into_owned()
}

/// A `$` form, made of maps, lists, text and lengths.
fn form(json: &serde_json::Value) -> Tree {
    node(match json {
        serde_json::Value::Object(entries) => {
            let mut map = Entries::default();
            for (key, value) in entries {
                map.add(key, form(value));
            }
            return map.tree();
        }
        serde_json::Value::Array(items) => Kind::Seq(items.iter().map(form).collect()),
        serde_json::Value::String(text) => Kind::Str(text.clone()),
        other => other.as_i64().map_or(Kind::Null, Kind::I64),
    })
}
