//! TOML into the tree; the only file that knows the `toml` crate.
//!
//! That parser limits nesting per construct, not over all: dotted keys inside inline tables
//! inside headers make a table thousands of levels deep, and dropping it overflows the stack.
//! [`survey`] refuses such a text before the parser sees it. It also knows where a duplicate
//! key stood first, which the parser does not tell.
//!
//! The tables of the library are sorted by name; the order of the file is restored from the
//! places of the keys. Dates and times are refused: no workflow value is one.

mod survey;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};

use super::parse::{Limits, Report};
use super::tree::{Key, Kind, Tree};
use crate::source::Span;

/// Beyond this many bytes only the first mistake is looked for: the parser keeps each of them,
/// and a large text can hold millions.
const MAX_TEXT_FOR_ALL: usize = 1 << 20;

/// What the parser says of a key that is there already.
const DUPLICATE: &str = "duplicate key";

/// Reads TOML; `None` after a problem that leaves no tree.
pub(super) fn read(report: &mut Report<'_>) -> Option<Tree> {
    let text = report.text();
    match survey::check(text) {
        Ok(()) => {}
        Err(survey::Excess::Depth(span)) => {
            report.too_deep(span);
            return None;
        }
        Err(survey::Excess::Nodes(span)) => {
            report.too_many(span);
            return None;
        }
    }
    let rest;
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(first) => {
            rest = refuse(report, first)?;
            let (table, errors) = DeTable::parse_recoverable(&rest);
            if errors.iter().any(|error| error.message() != DUPLICATE) {
                return None;
            }
            table.into_inner()
        }
    };
    let mut reader = Reader { report, nodes: 0 };
    let span = Span::new(0, text.trim_end().len());
    reader.table(table, span, 1).map(|kind| Tree::new(kind, span))
}

fn span_of(range: Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// Reports a mistake in the grammar, or all the duplicate keys; after these, gives the text to read
/// instead, from which the parser takes the first value of each key.
fn refuse(report: &mut Report<'_>, first: Error) -> Option<String> {
    let text = report.text();
    let all_wanted = text.len() <= MAX_TEXT_FOR_ALL;
    let errors = if first.message() == DUPLICATE && all_wanted {
        DeTable::parse_recoverable(text).1
    } else {
        vec![first]
    };
    // After a mistake in the grammar the parser guesses, and so would the rest of its complaints.
    if let Some(error) = errors.iter().find(|error| error.message() != DUPLICATE) {
        mistake(report, error);
        return None;
    }
    let spans: Vec<Span> = errors.iter().filter_map(Error::span).map(span_of).collect();
    let keys = survey::Keys::of(text, &[Span::new(text.len(), text.len())]);
    let all: HashSet<Span> = spans.iter().copied().collect();
    for span in spans {
        if report.is_full() {
            break;
        }
        // The parser merges a table that is there twice into the first, and then finds the keys
        // of the second in the way of the others.
        let header = keys.header_before(span);
        let merged = header.is_some_and(|header| header != span && all.contains(&header));
        if !merged {
            report.duplicate(&decoded(text, span), span, keys.first(span));
        }
    }
    all_wanted
        .then(|| without(text, keys.sections(text).filter(|(header, _)| all.contains(header))))
}

/// The text with blanks in the place of some sections: the parser drops a key that is there
/// already, but merges a table, and takes it in the place of a scalar.
fn without(text: &str, sections: impl Iterator<Item = (Span, Span)>) -> String {
    let mut rest = String::with_capacity(text.len());
    for (_, section) in sections {
        rest.push_str(&text[rest.len()..section.start]);
        let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
        rest.extend(text[section.range()].bytes().map(blank));
    }
    rest.push_str(&text[rest.len()..]);
    rest
}

/// The text of a key without its quotes.
fn decoded(text: &str, span: Span) -> Cow<'_, str> {
    let raw = text.get(span.range()).unwrap_or_default();
    if !raw.starts_with(['"', '\'']) {
        return Cow::Borrowed(raw);
    }
    match DeValue::parse(raw).map(Spanned::into_inner) {
        Ok(DeValue::String(text)) => text,
        _ => Cow::Borrowed(raw),
    }
}

/// The parser's complaint, with what to do in the commonest cases.
fn mistake(report: &mut Report<'_>, error: &Error) {
    let span = error.span().map(span_of).unwrap_or_default();
    let said = error.message();
    let help = if said.starts_with("string values must be quoted") {
        "put text in quotes; after `=` a value is expected"
    } else if said.starts_with("invalid unquoted key") {
        "put the key in quotes"
    } else if said.starts_with("invalid basic string") || said.starts_with("invalid literal string")
    {
        "close the quote on the same line; text of several lines stands in `\"\"\"`"
    } else if said.starts_with("missing escaped value") {
        "a backslash is written `\\\\`; in single quotes it stands for itself"
    } else if said.starts_with("unexpected key or value") {
        "put each key on a line of its own"
    } else if said.starts_with("unexpected leading zero") {
        "remove the zero, or quote the text"
    } else if said.starts_with("key with no value") {
        "write `key = value`"
    } else if said.starts_with("cannot extend") {
        "rename one of the two"
    } else if said.contains("unicode") {
        "write the character itself"
    } else if said.contains("recursion") {
        return report.too_deep(span);
    } else {
        ""
    };
    let mut problem = report.problem(span, format!("not valid TOML: {said}"));
    if said.starts_with("cannot extend")
        && let Some(first) = survey::Keys::of(report.text(), &[span]).first(span)
    {
        problem = problem.with_related(first, "first here");
    }
    report.push(if help.is_empty() { problem } else { problem.with_help(help) });
}

struct Reader<'r, 's> {
    report: &'r mut Report<'s>,
    nodes: usize,
}

impl Reader<'_, '_> {
    /// Counts a node at a depth; `None` past a limit.
    fn count(&mut self, span: Span, depth: usize) -> Option<()> {
        self.nodes += 1;
        if depth > Limits::MAX_DEPTH {
            self.report.too_deep(span);
            return None;
        }
        if self.nodes > Limits::MAX_NODES {
            self.report.too_many(span);
            return None;
        }
        Some(())
    }

    /// Recurses, down to the limit of depth.
    fn table(&mut self, table: DeTable<'_>, span: Span, depth: usize) -> Option<Kind> {
        self.count(span, depth)?;
        let mut pairs: Vec<_> = table.into_iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let span = span_of(key.span());
            let key = Key { name: key.into_inner().into_owned(), span };
            entries.push((key, self.value(value, depth)?));
        }
        Some(Kind::Map(entries))
    }

    /// Converts a value inside `depth` collections.
    fn value(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Option<Tree> {
        let span = span_of(value.span());
        let kind = match value.into_inner() {
            DeValue::Table(table) => self.table(table, span, depth + 1)?,
            DeValue::Array(array) => {
                self.count(span, depth + 1)?;
                let mut items = Vec::with_capacity(array.len());
                for item in array {
                    items.push(self.value(item, depth + 1)?);
                }
                Kind::Seq(items)
            }
            scalar => {
                self.count(span, depth)?;
                self.scalar(scalar, span)
            }
        };
        Some(Tree::new(kind, span))
    }

    fn scalar(&mut self, value: DeValue<'_>, span: Span) -> Kind {
        match value {
            DeValue::String(text) => return Kind::Str(text.into_owned()),
            DeValue::Boolean(value) => return Kind::Bool(value),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(integer) => return Kind::I64(integer),
                    Err(_) => self.report.too_big(span, "TOML has signed ones only"),
                }
            }
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(float) if float.is_nan() => return Kind::F64(f64::NAN),
                Ok(float) if float.is_finite() || digits.as_str().contains("inf") => {
                    return Kind::F64(float);
                }
                _ => self.report.too_large(span),
            },
            DeValue::Datetime(_) => {
                let problem = self
                    .report
                    .problem(span, "a workflow has no dates and times")
                    .with_help("quote it to keep it as text");
                self.report.push(problem);
            }
            // Both have been converted by the caller.
            DeValue::Array(_) | DeValue::Table(_) => {}
        }
        Kind::Null
    }
}
