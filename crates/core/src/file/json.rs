//! JSON into the tree; the only file that knows jsonc-parser.
//!
//! With every leniency switched off that parser still takes more than RFC 8259 does: duplicate
//! keys, control characters inside strings, and spaces that are not JSON's. It also recurses up
//! to 512 levels. [`Survey`] and the conversion close those gaps.

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};

use super::parse::{INTEGERS, Limits, Report, firsts, integer};
use super::tree::{Key, Kind, Tree};
use crate::problem::Problem;
use crate::source::Span;

/// Windows editors put it in front; RFC 8259 lets a reader skip it.
const BOM: &str = "\u{feff}";

/// What to say, and to do, about numbers that JSON has not.
const NON_FINITE: (&str, &str) =
    ("JSON has no infinity and no NaN", "quote it, or use YAML (`.inf`) or TOML (`inf`)");

/// Reads JSON; `None` after a problem that leaves no tree.
pub(super) fn read(report: &mut Report<'_>) -> Option<Tree> {
    let base = if report.text().starts_with(BOM) { BOM.len() } else { 0 };
    let mut reader = Reader { text: &report.text()[base..], base, report };
    let survey = Survey::of(reader.text);
    if let Some(at) = survey.too_deep {
        reader.report.too_deep(reader.span(at, at + 1));
        return None;
    }
    if let Some(at) = survey.too_many {
        reader.report.too_many(reader.span(at, at + 1));
        return None;
    }
    match parse_to_ast(reader.text, &CollectOptions::default(), &strict()) {
        Err(error) => {
            let problem = reader.mistake(&error);
            reader.report.push(problem);
            None
        }
        Ok(ast) => {
            if let Some(Range { start, end }) = survey.odd_space {
                let problem = reader
                    .report
                    .problem(reader.span(start, end), "not valid JSON: an unusual kind of space")
                    .with_help("replace it by an ordinary space");
                reader.report.push(problem);
            }
            match ast.value {
                Some(value) => Some(reader.convert(value)),
                None => {
                    let problem = reader
                        .report
                        .problem(reader.span(0, 0), "not valid JSON: there is no value")
                        .with_help("an empty map is `{}`");
                    reader.report.push(problem);
                    None
                }
            }
        }
    }
}

/// RFC 8259 and nothing beside it, as far as the parser goes.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// What one pass over the bytes finds before the parser sees them.
///
/// Up to the first mistake in the grammar it sees the same strings as the parser does, and the
/// parser stops there; so what it counts is never less than what the parser will build.
#[derive(Default)]
struct Survey {
    /// The bracket that opens one level too many.
    too_deep: Option<usize>,
    /// The comma or bracket of the value that is one too many.
    too_many: Option<usize>,
    /// The first space outside strings that is not one of JSON's four.
    odd_space: Option<Range>,
}

impl Survey {
    fn of(text: &str) -> Self {
        let mut survey = Self::default();
        // The root, and one more for each comma and for the first value of each collection.
        let mut nodes = 1_usize;
        let mut depth = 0_usize;
        let mut in_string = false;
        let mut escaped = false;
        let mut after_open = false;
        for (at, char) in text.char_indices() {
            if in_string {
                in_string = char != '"' || escaped;
                escaped = char == '\\' && !escaped;
                continue;
            }
            match char {
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                ' ' | '\t' | '\n' | '\r' => continue,
                _ if char.is_whitespace() => {
                    survey.odd_space.get_or_insert(Range::new(at, at + char.len_utf8()));
                    continue;
                }
                _ => {}
            }
            in_string = char == '"';
            if char == ',' || after_open && !matches!(char, ']' | '}') {
                nodes += 1;
            }
            after_open = matches!(char, '[' | '{');
            if depth > Limits::MAX_DEPTH {
                survey.too_deep = Some(at);
                return survey;
            }
            if nodes > Limits::MAX_NODES {
                survey.too_many = Some(at);
                return survey;
            }
        }
        survey
    }
}

/// The text behind a byte order mark, and how far that mark shifts the parser's offsets.
struct Reader<'r, 's> {
    text: &'s str,
    base: usize,
    report: &'r mut Report<'s>,
}

impl Reader<'_, '_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(start + self.base, end + self.base)
    }

    /// Recurses; the survey has bounded the depth.
    fn convert(&mut self, value: Value<'_>) -> Tree {
        let range = value.range();
        let span = self.span(range.start, range.end);
        let kind = match value {
            Value::NullKeyword(_) => Kind::Null,
            Value::BooleanLit(value) => Kind::Bool(value.value),
            Value::NumberLit(number) => self.number(number.value, span),
            Value::StringLit(string) => {
                self.check_controls(range);
                Kind::Str(string.value.into_owned())
            }
            Value::Array(array) => {
                Kind::Seq(array.elements.into_iter().map(|item| self.convert(item)).collect())
            }
            Value::Object(object) => {
                let mut entries = Vec::with_capacity(object.properties.len());
                for property in object.properties {
                    let range = property.name.range();
                    self.check_controls(range);
                    let span = self.span(range.start, range.end);
                    let key = Key { name: property.name.into_string(), span };
                    entries.push((key, self.convert(property.value)));
                }
                Kind::Map(firsts(entries, |key, first| {
                    self.report.duplicate(&key.name, key.span, Some(first.span));
                }))
            }
        };
        Tree::new(kind, span)
    }

    fn number(&mut self, text: &str, span: Span) -> Kind {
        if text.contains(['.', 'e', 'E']) {
            match text.parse::<f64>() {
                Ok(float) if float.is_finite() => return Kind::F64(float),
                _ => self.report.too_large(span),
            }
        } else if let Some(kind) = integer(text, 10) {
            return kind;
        } else {
            self.report.too_big(span, INTEGERS);
        }
        Kind::Null
    }

    fn check_controls(&mut self, string: Range) {
        let raw = &self.text.as_bytes()[string.start..string.end];
        if let Some(at) = raw.iter().position(|&byte| byte < b' ') {
            let (name, escape) = match raw[at] {
                b'\n' => ("a line break", "\\n".to_owned()),
                b'\r' => ("a line break", "\\r".to_owned()),
                b'\t' => ("a tab", "\\t".to_owned()),
                byte => ("a control character", format!("\\u{byte:04x}")),
            };
            let at = string.start + at;
            let problem = self
                .report
                .problem(self.span(at, at + 1), format!("not valid JSON: {name} inside a string"))
                .with_help(format!("write it as `{escape}`"));
            self.report.push(problem);
        }
    }

    /// The parser's complaint in our words.
    fn mistake(&self, error: &ParseError) -> Problem {
        use ParseErrorKind as E;
        let Range { start, end } = error.range();
        // Two "values" without a comma are often one number.
        let extra_zero = self.text[..start].ends_with('0')
            && self.text[start..].starts_with(|next: char| next.is_ascii_digit());
        // The parser says "token" instead of "word" when a bracket or comma touches the word.
        let word = &self.text[start..];
        let word = &word[..word.find(|char: char| !char.is_alphanumeric()).unwrap_or(word.len())];
        let (message, help) = match error.kind() {
            E::ExpectedComma | E::MultipleRootJsonValues if extra_zero => {
                ("a number that begins with a zero", "remove the zero, or quote the text")
            }
            E::CommentsNotAllowed | E::UnterminatedCommentBlock => {
                ("JSON has no comments", "remove it, or write the workflow in YAML or TOML")
            }
            E::TrailingCommasNotAllowed => ("a comma after the last entry", "remove this comma"),
            E::ExpectedComma => ("a comma is missing here", "put a `,` between two entries"),
            E::ExpectedColonAfterObjectKey => {
                ("a colon is missing after the key", "write `\"key\": value`")
            }
            E::ExpectedObjectValue => ("a value is missing after the colon", ""),
            E::ExpectedStringObjectProperty => {
                ("a key without quotes", "put double quotes around it")
            }
            E::SingleQuotedStringsNotAllowed => {
                ("single quotes around a text", "use double quotes")
            }
            E::NonFiniteNumbersNotAllowed => NON_FINITE,
            E::UnexpectedWord | E::UnexpectedToken if matches!(word, "NaN" | "Infinity") => {
                NON_FINITE
            }
            E::UnexpectedWord | E::UnexpectedToken if !word.is_empty() => (
                "a word without quotes",
                "put double quotes around text; the bare words are `true`, `false` and `null`",
            ),
            E::HexadecimalNumbersNotAllowed => ("a hexadecimal number", "write it in decimal"),
            E::UnaryPlusNumbersNotAllowed => ("a `+` in front of a number", "remove the `+`"),
            E::BareDecimalPointNumbersNotAllowed => {
                ("a number needs digits on both sides of its point", "write `0.5` or `5.0`")
            }
            E::MultipleRootJsonValues => {
                ("something follows after the value", "a file holds one value: remove the rest")
            }
            E::UnterminatedObject => ("this `{` is never closed", "add the missing `}`"),
            E::UnterminatedArray => ("this `[` is never closed", "add the missing `]`"),
            E::UnexpectedCloseBrace => ("a `}` where a value is expected", ""),
            E::UnexpectedCloseBracket => ("a `]` where a value is expected", ""),
            E::UnexpectedComma => ("a `,` where a value is expected", ""),
            E::UnexpectedColon => ("a `:` where a value is expected", ""),
            E::UnexpectedTokenInObject => ("a key in double quotes is expected here", ""),
            E::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
                ("this quote is never closed", "add the missing `\"`")
            }
            E::String(ParseStringErrorKind::InvalidUnicodeEscapeSequence(_)) => (
                "half of a surrogate pair in a `\\u` escape",
                "write both halves, or the character itself",
            ),
            E::String(_) => {
                ("an unknown escape in a string", "a backslash itself is written `\\\\`")
            }
            E::ExpectedDigit
            | E::ExpectedDigitFollowingNegativeSign
            | E::ExpectedPlusMinusOrDigitInNumberLiteral => ("a digit is missing here", ""),
            _ => ("this character has no meaning here", ""),
        };
        // Of an unclosed collection the parser marks everything up to the end of the text.
        let end = match error.kind() {
            E::UnterminatedObject | E::UnterminatedArray => start + 1,
            _ => end,
        };
        let problem =
            self.report.problem(self.span(start, end), format!("not valid JSON: {message}"));
        if help.is_empty() { problem } else { problem.with_help(help) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_survey_counts_as_many_values_as_the_tree_has() {
        let list = |items: usize| format!("[{}1]", "1,".repeat(items - 1));
        for (text, beyond) in [
            (list(Limits::MAX_NODES - 1), false),
            (list(Limits::MAX_NODES), true),
            (format!("[[], {{}}, [ \n], {}]", list(Limits::MAX_NODES - 5)), false),
            (format!("[[], {{}}, [ \n], {}]", list(Limits::MAX_NODES - 4)), true),
            (format!("{{\"a,[\": \",\\\"[\", \"b\": {}}}", list(Limits::MAX_NODES - 3)), false),
            (format!("{{\"a,[\": \",\\\"[\", \"b\": {}}}", list(Limits::MAX_NODES - 2)), true),
        ] {
            assert_eq!(Survey::of(&text).too_many.is_some(), beyond, "{}", &text[..20]);
        }
    }
}
