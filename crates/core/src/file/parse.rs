//! From text to tree: the choice of the language, and the rules that hold in all three.
//!
//! A door ([`super::yaml`], [`super::toml`], [`super::json`]) hands every problem it finds to a
//! [`Report`] and returns a tree only when it could build one; [`parse()`] returns that tree only
//! when all of it stands for what was written. Duplicate keys alone do not prevent that: the first
//! of them is taken, so that the rest of the file can be checked too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::tree::{Key, Kind, Tree};
use super::{json, toml, yaml};
use crate::problem::{Place, Problem};
use crate::source::{Format, Source, Span};

/// How much a workflow file may hold; the same in all languages.
///
/// They exist so that a file of a stranger's cannot exhaust memory or the stack. What lies
/// beyond one of them is refused with a problem at the place where it is passed.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

impl Limits {
    /// Bytes of text: 16 MiB. In YAML also bytes of keys and strings, counted as often as aliases
    /// repeat them.
    pub const MAX_TEXT: usize = 16 << 20;
    /// Lists and maps around a value; one at the root counts.
    pub const MAX_DEPTH: usize = 64;
    /// Values in the tree, with each list, map and scalar counted as often as aliases repeat it.
    pub const MAX_NODES: usize = 2_000_000;
}

/// Problems beyond these are not kept: nobody reads them, and a hostile file has millions.
pub(super) const MAX_PROBLEMS: usize = 100;

/// A tree, and what is wrong with its text nevertheless.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The text, with the first value of each key.
    pub(crate) tree: Tree,
    /// The duplicate keys, in the order of the text. The text is refused unless there are none.
    pub(crate) problems: Vec<Problem>,
}

/// Reads a text in its language into a tree.
///
/// # Errors
/// Every problem found, in the order of the text and at most a hundred. A text that breaks the
/// grammar of its language has one such problem, since nothing after it can be trusted.
pub(crate) fn parse(source: &Source) -> Result<Parsed, Vec<Problem>> {
    let mut report = Report { source, found: Vec::new(), fatal: false };
    let length = source.text().len();
    if length > Limits::MAX_TEXT {
        let end = report.boundary(Limits::MAX_TEXT);
        let message =
            format!("the text has {length} bytes, more than the {} allowed", Limits::MAX_TEXT);
        report.push(
            report
                .problem(Span::new(end, end), message)
                .with_help("keep data in files of its own and name them in the workflow"),
        );
        return Err(report.found);
    }
    let tree = match source.format() {
        Format::Yaml => yaml::read(&mut report),
        Format::Toml => toml::read(&mut report),
        Format::Json => json::read(&mut report),
    };
    report.found.sort_by_key(|problem| match &problem.place {
        Place::Text { span, .. } => span.start,
        _ => 0,
    });
    match tree {
        Some(tree) if !report.fatal => Ok(Parsed { tree, problems: report.found }),
        _ => {
            debug_assert!(!report.found.is_empty(), "a door that gives no tree says why");
            Err(report.found)
        }
    }
}

/// The problems of one text so far.
pub(super) struct Report<'s> {
    source: &'s Source,
    found: Vec<Problem>,
    /// Whether one of them leaves something in the tree that nobody wrote.
    fatal: bool,
}

impl<'s> Report<'s> {
    /// The text being read.
    pub(super) fn text(&self) -> &'s str {
        self.source.text()
    }

    /// A problem of this text, not yet reported.
    pub(super) fn problem(&self, span: Span, message: impl Into<String>) -> Problem {
        let (start, end) = (self.boundary(span.start), self.boundary(span.end));
        Problem::new(message).with_span(self.source, Span::new(start, end))
    }

    /// Reports a problem that makes the tree useless.
    pub(super) fn push(&mut self, problem: Problem) {
        self.fatal = true;
        self.keep(problem);
    }

    fn keep(&mut self, problem: Problem) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem);
        }
    }

    /// Whether further problems would be dropped.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() == MAX_PROBLEMS
    }

    /// Reports a list or map inside too many others.
    pub(super) fn too_deep(&mut self, span: Span) {
        let message = format!("nested more than {} levels deep", Limits::MAX_DEPTH);
        self.push(
            self.problem(span, message).with_help("flatten the data, or keep it in another file"),
        );
    }

    /// Reports the value that is one too many.
    pub(super) fn too_many(&mut self, span: Span) {
        let message = format!("more than {} values", Limits::MAX_NODES);
        self.push(
            self.problem(span, message)
                .with_help("keep data in files of its own and name them in the workflow"),
        );
    }

    /// Reports a key that its map has already, and whose entry is not in the tree.
    pub(super) fn duplicate(&mut self, name: &str, span: Span, first: Option<Span>) {
        let mut problem = self
            .problem(span, format!("duplicate key {}", quoted(name)))
            .with_help("remove or rename one of the two");
        if let Some(first) = first {
            problem = problem.with_related(first, "first here");
        }
        self.keep(problem);
    }

    /// Reports an integer that has no 64 bits to live in.
    pub(super) fn too_big(&mut self, span: Span, range: &str) {
        self.push(
            self.problem(span, format!("this integer does not fit in 64 bits ({range})"))
                .with_help("quote it to keep it as text, or write it as a float"),
        );
    }

    /// Reports a float that would be read as infinity.
    pub(super) fn too_large(&mut self, span: Span) {
        self.push(
            self.problem(span, "this float is larger than the largest one, about 1.8e308")
                .with_help("quote it to keep it as text"),
        );
    }

    /// The last character boundary up to `offset`: libraries may point into a character.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text().len());
        while !self.text().is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// The first entry under each key; hands each later key to `repeated`, with the first one.
pub(super) fn firsts(
    entries: Vec<(Key, Tree)>,
    mut repeated: impl FnMut(&Key, &Key),
) -> Vec<(Key, Tree)> {
    // Most maps have a few keys, which are compared sooner than hashed.
    let differs = |at: usize| entries[..at].iter().all(|(key, _)| key.name != entries[at].0.name);
    if entries.len() <= 8 && (1..entries.len()).all(differs) {
        return entries;
    }
    let mut seen: HashMap<&str, &Key> = HashMap::with_capacity(entries.len());
    let mut dropped = Vec::new();
    for (at, (key, _)) in entries.iter().enumerate() {
        match seen.entry(&key.name) {
            Entry::Occupied(first) => {
                repeated(key, first.get());
                dropped.push(at);
            }
            Entry::Vacant(entry) => {
                entry.insert(key);
            }
        }
    }
    if dropped.is_empty() {
        return entries;
    }
    let mut dropped = dropped.into_iter().peekable();
    let kept = entries.into_iter().enumerate().filter(|(at, _)| dropped.next_if_eq(at).is_none());
    kept.map(|(_, entry)| entry).collect()
}

/// The range of integers in YAML and JSON, for [`Report::too_big`].
pub(super) const INTEGERS: &str = "-9223372036854775808 to 18446744073709551615";

/// An integer of at most 64 bits, signed if it can be; a sign may stand in front.
pub(super) fn integer(digits: &str, radix: u32) -> Option<Kind> {
    let signed = i64::from_str_radix(digits, radix).map(Kind::I64);
    signed.or_else(|_| u64::from_str_radix(digits, radix).map(Kind::U64)).ok()
}

/// A text of the user's inside a message: in backticks, on one line, cut when long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let rest = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{shown}{rest}`")
}
