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
    /// Those that stand in another place, and where.
    pub(super) elsewhere: &'static [(&'static str, &'static str)],
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
            let elsewhere = keys.elsewhere.iter().find(|(key, _)| *key == name);
            let help = match (elsewhere, suggest(name, keys.known.iter().copied())) {
                (Some((_, place)), _) => format!("it belongs {place}"),
                (None, Some(meant)) => format!("did you mean `{meant}`?"),
                (None, None) => format!("known keys: {}", keys.known.join(", ")),
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

    /// One of a few words; `None` after a problem.
    pub(super) fn word<T: Copy>(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        self.word_or(tree, subject, words, "")
    }

    /// One of several words, with what to do where none is meant; `None` after a problem.
    pub(super) fn word_or<T: Copy>(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        words: &[(&str, T)],
        help: &str,
    ) -> Option<T> {
        if let Kind::Str(text) = &tree.kind
            && let Some((_, word)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*word);
        }
        let shown: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let what = match shown.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => shown.concat(),
        };
        let meant = match &tree.kind {
            Kind::Str(text) => suggest(text, words.iter().map(|(word, _)| *word)),
            _ => None,
        };
        let help =
            meant.map_or_else(|| help.to_owned(), |meant| format!("did you mean `{meant}`?"));
        self.expected(tree, subject, &what, &help);
        None
    }

    /// An integer from 1 up to a limit; `None` after a problem.
    pub(super) fn count(&mut self, tree: &'t Tree, subject: &str, most: u64) -> Option<u64> {
        let count = match tree.kind {
            Kind::I64(count) => u64::try_from(count).unwrap_or(0),
            Kind::U64(count) => count,
            _ => {
                let help = match &tree.kind {
                    Kind::Str(text) if text.contains("${") => {
                        "it is written down as a number: no reference can stand here".to_owned()
                    }
                    _ => as_in(subject).unwrap_or_default(),
                };
                self.expected(tree, subject, "an integer from 1", &help);
                return None;
            }
        };
        if (1..=most).contains(&count) {
            return Some(count);
        }
        let (message, help) = match count {
            0 => (format!("{subject} must be at least 1"), as_in(subject)),
            _ => (format!("{subject} is too large"), Some(format!("{most} is the most"))),
        };
        self.report(tree.span, message, help);
        None
    }

    /// Reports a value of another kind.
    pub(super) fn expected(&mut self, tree: &Tree, subject: &str, what: &str, help: &str) {
        let found = match &tree.kind {
            Kind::Str(text) => format!("the string {}", quoted(text)),
            Kind::Bool(value) => format!("`{value}`"),
            _ => tree.describe().to_owned(),
        };
        let message = format!("{subject}: expected {what}, found {found}");
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.report(opening(tree), message, help);
    }
}

/// Where to point at a value: a list or map of several lines is shown by where it begins.
pub(super) fn opening(tree: &Tree) -> Span {
    match tree.kind {
        Kind::Seq(_) | Kind::Map(_) => Span::new(tree.span.start, tree.span.start + 1),
        _ => tree.span,
    }
}

/// How many items a map takes at a time, or has on their way, from words that begin with its key.
fn as_in(subject: &str) -> Option<String> {
    let key = subject.split('`').nth(1).filter(|key| matches!(*key, "chunk" | "window"))?;
    Some(format!("a number of items is meant, as in `{key}: 10`"))
}
