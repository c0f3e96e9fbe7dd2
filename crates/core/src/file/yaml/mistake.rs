//! What to tell a person about YAML that the parser cannot read, and where to point.
//!
//! The commonest mistake is a reference without quotes, `{ x: ${a} }`: for YAML its brace begins a
//! map. [`unquoted`] finds the reference and shows the text as it must be written.

use granit_parser::{ErrorKind, ScanError};

use super::super::parse::Report;
use super::seek;
use crate::problem::Problem;
use crate::source::Span;
use crate::validate::is_name;

/// Reports the parser's complaint; the events before it ended at `cursor`, the last one stands at
/// `last`.
pub(super) fn explain(report: &mut Report<'_>, cursor: usize, last: Span, error: &ScanError) {
    let text = report.text();
    let kind = error.kind();
    let marked = error.marker().byte_offset().unwrap_or(text.len());
    let rest = text.get(marked..).unwrap_or_default();
    if let Some(problem) = unquoted(report, last, marked, kind) {
        return report.push(problem);
    }
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

/// What to say of a `${…}` whose brace, colon or quotes YAML takes for its own; `None` where there
/// is none about `marked`, at which the parser gave up.
fn unquoted(report: &Report<'_>, last: Span, marked: usize, kind: &ErrorKind) -> Option<Problem> {
    use ErrorKind as E;
    let text = report.text();
    let line_start = text.get(..marked)?.rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..marked];
    match kind {
        E::ExpectedFlowMappingSeparator
        | E::ExpectedFlowSequenceSeparator
        | E::MismatchedFlowCollectionEnd { .. }
        | E::UnclosedFlowCollection { .. }
            if before.ends_with('$') && text[marked..].starts_with('{') =>
        {
            let reference = reference(text, marked - 1);
            // The text begins behind the bracket, comma or colon before it.
            let lead = before.rfind(['[', '{', ',']).map_or(0, |at| at + 1);
            let colon = [": ", "\":", "':"].iter().filter_map(|colon| before[lead..].rfind(colon));
            let lead = colon.max().map_or(lead, |at| lead + at + 2);
            let lead = lead + before[lead..].len() - before[lead..].trim_start().len();
            let whole = Span::new(line_start + lead, flow_end(text, reference.end));
            let message = "not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its \
                           brace begins a map";
            Some(report.problem(reference, message).with_help(quote(text, whole, reference)))
        }
        E::MappingValueNotAllowed if last.end == marked && last.start < marked => {
            let scalar =
                text.get(last.range()).filter(|scalar| !scalar.starts_with(['"', '\'']))?;
            let reference = reference(text, last.start + scalar.rfind("${")?);
            let line_end = text[marked..].find(['\r', '\n']).map_or(text.len(), |at| marked + at);
            let end = text[marked..line_end].find(" #").map_or(line_end, |at| marked + at);
            let whole = Span::new(last.start, last.start + text[last.start..end].trim_end().len());
            let message =
                "not valid YAML: a `${…}` in text without quotes, which cannot hold a `: `";
            let problem = report.problem(reference, message);
            let problem = problem.with_help(quote(text, whole, reference));
            Some(problem.with_related(Span::new(marked, marked + 1), "this makes it a key"))
        }
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => {
            let start = before.rfind("${").filter(|&at| !before[at..].contains('}'))?;
            let reference = reference(text, line_start + start);
            if reference.end <= marked {
                return None;
            }
            let message = "not valid YAML: the text ends at the quote inside this `${…}`";
            let help = match kind {
                E::InvalidTrailingDoubleQuotedScalar => {
                    "put the whole text in single quotes, as in `'${a[\"b\"]}'`"
                }
                _ => "write `\"` inside the brackets, as in `'${a[\"b\"]}'`",
            };
            Some(report.problem(reference, message).with_help(help))
        }
        _ => None,
    }
}

/// The `${…}` at `start` with its closing brace, or as much of it as can belong to it, on one line.
fn reference(text: &str, start: usize) -> Span {
    let line = text[start..].split(['\r', '\n']).next().unwrap_or_default();
    let mut open = None;
    for (at, char) in line.char_indices().skip(2) {
        match (open, char) {
            (None, '}') => return Span::new(start, start + at + 1),
            (None, '"' | '\'') if line[at + 1..].contains(char) => open = Some(char),
            (Some(quote), _) if char == quote => open = None,
            _ => {}
        }
    }
    let stop = line.find([' ', '\t', ',', ']']).unwrap_or(line.len());
    Span::new(start, start + stop.max(2))
}

/// Where a text that goes on at `from` ends inside brackets, further references included.
fn flow_end(text: &str, from: usize) -> usize {
    let mut end = from;
    loop {
        let rest = &text[end..];
        let stop = rest.find([',', '[', ']', '{', '}', '\r', '\n']).unwrap_or(rest.len());
        let plain = &rest[..stop];
        if let Some(colon) = plain.find(": ").or_else(|| plain.strip_suffix(':').map(str::len)) {
            end += colon;
        } else if let Some(comment) = plain.find(" #") {
            end += comment;
        } else if plain.ends_with('$') && rest[stop..].starts_with('{') {
            end = reference(text, end + stop - 1).end;
            continue;
        } else {
            end += stop;
        }
        return from + text[from..end].trim_end().len();
    }
}

/// How to write the text around a reference.
fn quote(text: &str, whole: Span, reference: Span) -> String {
    /// A longer text is not repeated.
    const SHOWN: usize = 60;
    let subject = if whole == reference { "it" } else { "the whole text" };
    let raw = &text[whole.range()];
    let closed = text[reference.range()].ends_with('}');
    if !closed || raw.chars().count() > SHOWN || raw.contains(char::is_control) {
        return format!("put {subject} in quotes, as in `\"${{a}}\"`");
    }
    // `{x:${a}}`: without a space the key goes on.
    let lead = &text[whole.start..reference.start];
    if let Some(key) =
        lead.trim_end_matches(['"', '\'']).strip_suffix(':').filter(|key| is_name(key))
        && text[..whole.start].trim_end().ends_with(['{', ','])
    {
        return format!(
            "put a space after the colon and quote it: `{key}: \"{}\"`",
            &text[reference.range()]
        );
    }
    if raw.contains(['"', '\\']) {
        format!("quote {subject}: `'{}'`", raw.replace('\'', "''"))
    } else {
        format!("quote {subject}: `\"{raw}\"`")
    }
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
