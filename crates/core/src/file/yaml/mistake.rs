//! What to tell a person about YAML that the parser cannot read, and where to point.

use granit_parser::{ErrorKind, ScanError};

use super::super::parse::Report;
use super::seek;
use crate::source::Span;

/// Reports the parser's complaint; `cursor` is where the last event before it ended.
pub(super) fn explain(report: &mut Report<'_>, cursor: usize, error: &ScanError) {
    let text = report.text();
    let kind = error.kind();
    let marked = error.marker().byte_offset().unwrap_or(text.len());
    let rest = text.get(marked..).unwrap_or_default();
    let at = match kind {
        // The parser marks the end of the tab, the start of the scalar, and where the text
        // around a quote ends: a line or the whole file away from the mistake.
        _ if is_tab(kind) && text[..marked].ends_with('\t') => marked - 1,
        ErrorKind::UnexpectedCharacter { character } => {
            rest.find(*character).map_or(marked, |offset| marked + offset)
        }
        ErrorKind::UnknownQuotedScalarEscape => unknown_escape(text, marked),
        _ if is_unclosed(kind) => {
            let quote = seek(text, cursor, b"\"'");
            quote.filter(|&quote| quote <= marked).unwrap_or(marked)
        }
        _ => marked,
    };
    let width = |at: usize| text[at..].chars().next().map_or(0, char::len_utf8);
    let span = Span::new(at, at + width(at));
    if *kind == ErrorKind::RecursionLimitExceeded {
        return report.too_deep(span);
    }
    let (message, help) = in_words(kind);
    let mut problem = report.problem(span, message);
    if is_unclosed(kind) && at < marked && !rest.is_empty() {
        let end = Span::new(marked, marked + width(marked));
        problem = problem.with_related(end, "the text around the quote ends here");
    }
    report.push(if help.is_empty() { problem } else { problem.with_help(help) });
}

/// Whether a quote was opened and the parser lost its way looking for the end.
fn is_unclosed(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar
    )
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabInIndentation
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

/// The backslash of the first escape that YAML does not know, in double quotes at `quote`.
fn unknown_escape(text: &str, quote: usize) -> usize {
    let mut chars = text[quote..].char_indices();
    while let Some((offset, char)) = chars.next() {
        if char == '\\'
            && let Some((_, escaped)) = chars.next()
            && !"0abtnvfre \"/\\N_LPxuU\t\r\n".contains(escaped)
        {
            return quote + offset;
        }
    }
    quote
}

/// What went wrong and what to do about it; the rarer kinds keep the parser's own words.
fn in_words(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as E;
    let (message, help) = match kind {
        _ if is_unclosed(kind) => (
            "this quote is not closed before the text around it ends",
            "close it; a quote that is part of the text goes inside the other kind of quotes",
        ),
        _ if is_tab(kind) => ("a tab where only spaces can stand", "indent with spaces"),
        E::MappingValueNotAllowed => (
            "a `:` that makes a key where none can stand",
            "quote text that contains `: `, or put the key on its own, equally indented line",
        ),
        E::SimpleKeyExpected | E::InvalidSimpleKey => (
            "a key without a `:` after it",
            "write `key: value`; text that runs over several lines is indented below its key",
        ),
        E::MappingKeyNotAllowed | E::BlockSequenceEntryNotAllowed => {
            ("an entry begins where none can stand", "put it on a line of its own below the key")
        }
        E::InvalidIndentation | E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry => (
            "this line belongs to nothing above it",
            "indent it like the other entries of its list or map",
        ),
        E::UnclosedFlowCollection { .. }
        | E::UnexpectedEofFlowSequence
        | E::UnexpectedEofFlowMapping => {
            ("this bracket is never closed", "add the missing `]` or `}`")
        }
        E::MismatchedFlowCollectionEnd { .. } => (
            "this bracket is closed by one of the other kind",
            "close each `[` with `]` and each `{` with `}`; quote text that contains them",
        ),
        E::MisplacedFlowCollectionEnd => {
            ("a closing bracket without its opening one", "remove it; quote text that contains it")
        }
        E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator => {
            ("a comma or a closing bracket is missing before this", "")
        }
        E::UnexpectedCharacter { character: '@' | '`' | '%' } => {
            ("text cannot begin with this character", "put the text in quotes")
        }
        E::UnexpectedCharacter { .. } => (
            "a control character",
            "remove it, or write it as an escape such as `\\u0007` in double quotes",
        ),
        E::UnknownQuotedScalarEscape => (
            "an unknown escape in double quotes",
            "a backslash is written `\\\\`; in single quotes it stands for itself",
        ),
        E::InvalidLowSurrogate | E::MissingLowSurrogate | E::UnpairedLowSurrogate => (
            "half of a surrogate pair in a `\\u` escape",
            "write both halves, or the character itself",
        ),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => (
            "something follows after the closing quote",
            "a quote inside the text is written `\\\"` in double and `''` in single quotes",
        ),
        E::CommentNotSeparated => ("a `#` without a space before it", ""),
        E::UndeclaredTagHandle => ("an unknown tag", "quote text that begins with `!`"),
        E::BomInsideDocument => ("a byte order mark inside the text", "remove it"),
        other => return (format!("not valid YAML: {other}"), ""),
    };
    (format!("not valid YAML: {message}"), help)
}
