//! The keys of a map and the scalars under them: what is known, what is planned, what is neither.

use super::Reader;
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::source::Span;
use crate::validate::suggest;

/// The keys that a map may have.
pub(super) struct Keys {
    /// Those that work.
    pub(super) known: &'static [&'static str],
    /// Those that the format has and this version does not support.
    pub(super) planned: &'static [&'static str],
    /// One value of such a map, for a value that is no map.
    pub(super) example: &'static str,
}

impl<'t> Reader<'t> {
    /// The entries of a map of free names, in order; none after a problem.
    pub(super) fn entries(&mut self, tree: &'t Tree, subject: &str) -> &'t [(Key, Tree)] {
        match &tree.kind {
            Kind::Map(entries) => entries,
            _ => {
                self.expected(tree, subject, "a map", "a map without entries is written `{}`");
                &[]
            }
        }
    }

    /// Checks a map of fixed keys; `false` where it is no map.
    pub(super) fn fields(&mut self, tree: &'t Tree, subject: &str, keys: &Keys) -> bool {
        let Kind::Map(entries) = &tree.kind else {
            self.expected(tree, subject, "a map", keys.example);
            return false;
        };
        for (key, _) in entries {
            let name = key.name.as_str();
            if keys.known.contains(&name) || self.is_full() {
                continue;
            }
            let shown = quoted(name);
            if keys.planned.contains(&name) {
                let message = format!("{shown} is not supported by this version of Terrace");
                self.report(key.span, message, None);
                continue;
            }
            let help = match suggest(name, keys.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known keys: {}", keys.known.join(", ")),
            };
            self.report(key.span, format!("unknown key {shown} in {subject}"), Some(help));
        }
        true
    }

    /// A text, not empty.
    pub(super) fn text(&mut self, tree: &'t Tree, subject: &str) -> Option<&'t str> {
        match &tree.kind {
            Kind::Str(text) if text.is_empty() => {
                self.report(tree.span, format!("{subject} is empty"), None);
                None
            }
            Kind::Str(text) => Some(text),
            Kind::Bool(_) | Kind::I64(_) | Kind::U64(_) | Kind::F64(_) => {
                self.expected(tree, subject, "a string", "put it in quotes");
                None
            }
            _ => {
                self.expected(tree, subject, "a string", "");
                None
            }
        }
    }

    /// A truth value, `false` after a problem.
    pub(super) fn truth(&mut self, tree: &'t Tree, subject: &str) -> bool {
        match tree.kind {
            Kind::Bool(truth) => truth,
            _ => {
                self.expected(tree, subject, "`true` or `false`", "");
                false
            }
        }
    }

    /// Reports a value of another kind.
    pub(super) fn expected(&mut self, tree: &Tree, subject: &str, what: &str, help: &str) {
        let found = match &tree.kind {
            Kind::Str(text) => format!("the string {}", quoted(text)),
            _ => tree.describe().to_owned(),
        };
        let message = format!("{subject}: expected {what}, found {found}");
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.report(opening(tree), message, help);
    }
}

/// Where to point at a value: a list or map of several lines is shown by where it begins.
fn opening(tree: &Tree) -> Span {
    match tree.kind {
        Kind::Seq(_) | Kind::Map(_) => Span::new(tree.span.start, tree.span.start + 1),
        _ => tree.span,
    }
}
