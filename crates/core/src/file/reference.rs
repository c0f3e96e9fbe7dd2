//! The language inside strings: `${…}` refers to a value, all else is text.
//!
//! ```text
//! reference = "${" root selection* "}"          no blanks anywhere inside
//! root      = node | "inputs" input | "run.id" | "run.seed" | "workflow.dir"
//! input     = selection by key
//! selection = "." name | "[" position "]" | "[" string "]"
//! ```
//!
//! A position is a decimal integer from 0, a string has JSON's quotes and escapes. In front of
//! `{` a doubled `$` stands for one: `$${` is the text `${`, and `$$${x}` is a `$` followed by what
//! `x` gives. A `$` anywhere else is itself, so that shell scripts and prices need no care.
//!
//! Here is only the grammar: [`split`] and its inverse [`escape`]. Which names exist is known to
//! [`super::decode`]; [`crate::Ref::show`] writes a reference.

use std::borrow::Cow;
use std::ops::Range;

use super::parse::{MAX_PROBLEMS, quoted};
use crate::expr::{Root, Select};
use crate::validate::is_name;

/// A part of a string.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'t> {
    /// Text as it is meant, with doubled `$` made one.
    Text(Cow<'t, str>),
    /// A reference.
    Reference(Reference<'t>),
}

/// A reference whose names have not been looked up.
#[derive(Debug, PartialEq)]
pub(super) struct Reference<'t> {
    /// Where it starts.
    pub(super) start: Start<'t>,
    /// What is selected, outermost first.
    pub(super) path: Vec<Select>,
    /// From `${` to `}` in the string.
    pub(super) range: Range<usize>,
    /// The name to look up, in the string.
    pub(super) name: Range<usize>,
}

/// Where a reference starts, by name.
#[derive(Debug, PartialEq)]
pub(super) enum Start<'t> {
    /// At a node.
    Node(&'t str),
    /// At an input.
    Input(String),
    /// At what has no name of its own.
    Known(Root),
}

/// Something after `${` that is no reference.
#[derive(Debug, PartialEq)]
pub(super) struct Mistake {
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: String,
    /// The wrong part of the string.
    pub(super) range: Range<usize>,
    /// The part of the reference that was read, from `${` on.
    pub(super) around: Range<usize>,
}

/// Cuts a string into text and references.
///
/// # Errors
/// Every mistake in it, up to the number of problems that are kept of a file.
pub(super) fn split(text: &str) -> Result<Vec<Part<'_>>, Vec<Mistake>> {
    let mut parts = Vec::new();
    let mut mistakes = Vec::new();
    // The text since the last reference: `copied`, then what stands from `from` on.
    let mut copied = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(run) = dollars(text, at) {
        // Half of the doubled ones are kept; an odd one left over opens a reference.
        copied.push_str(&text[from..run.start + run.len() / 2]);
        from = run.end;
        at = run.end + 1;
        if run.len() % 2 == 0 {
            continue;
        }
        match Reader::read(text, run.end - 1) {
            Ok(reference) => {
                if !copied.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut copied).into()));
                }
                from = reference.range.end;
                at = from;
                parts.push(Part::Reference(reference));
            }
            Err(mistake) => {
                mistakes.push(mistake);
                if mistakes.len() == MAX_PROBLEMS {
                    break;
                }
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let rest = &text[from..];
    if copied.is_empty() && !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    } else if !copied.is_empty() {
        copied.push_str(rest);
        parts.push(Part::Text(copied.into()));
    }
    Ok(parts)
}

/// What stands between a text and the one that follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// A reference.
    Reference,
    /// Nothing.
    End,
}

/// Writes a text so that [`split`] gives it back.
pub(super) fn escape(text: &str, follows: Follows) -> Cow<'_, str> {
    let tail = match follows {
        Follows::Reference => text.len() - text.trim_end_matches('$').len(),
        Follows::End => 0,
    };
    if tail == 0 && !text.contains("${") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut from = 0;
    while let Some(run) = dollars(text, from) {
        out.push_str(&text[from..run.end]);
        out.push_str(&text[run.clone()]);
        from = run.end;
    }
    out.push_str(&text[from..]);
    out.extend(std::iter::repeat_n('$', tail));
    out.into()
}

/// The next run of `$` that ends in front of `{`.
fn dollars(text: &str, from: usize) -> Option<Range<usize>> {
    let end = from + text.get(from..)?.find("${")? + 1;
    let before = &text[from..end];
    Some(from + before.trim_end_matches('$').len()..end)
}

const LITERAL: &str = "write `$${` where `${` is meant as text";

/// Reads one reference.
struct Reader<'t> {
    text: &'t str,
    /// Of its `$`.
    start: usize,
    at: usize,
}

impl<'t> Reader<'t> {
    fn read(text: &'t str, start: usize) -> Result<Reference<'t>, Mistake> {
        let mut reader = Self { text, start, at: start + 2 };
        let root = reader.root()?;
        let (first, mut path) = reader.path()?;
        reader.at += 1;
        let range = start..reader.at;
        let key = match path.first() {
            Some(Select::Key(key)) => key.as_str(),
            _ => "",
        };
        let start = match (&text[root.clone()], key) {
            ("run", "id") => Start::Known(Root::RunId),
            ("run", "seed") => Start::Known(Root::RunSeed),
            ("workflow", "dir") => Start::Known(Root::WorkflowDir),
            ("inputs", input) if !input.is_empty() => Start::Input(input.to_owned()),
            ("inputs", _) => return Err(reader.incomplete(root, "write `${inputs.NAME}`")),
            ("run", _) => {
                return Err(reader.incomplete(root, "write `${run.id}` or `${run.seed}`"));
            }
            ("workflow", _) => return Err(reader.incomplete(root, "write `${workflow.dir}`")),
            (node, _) => {
                return Ok(Reference { start: Start::Node(node), path, range, name: root });
            }
        };
        path.remove(0);
        Ok(Reference { start, path, range, name: first })
    }

    /// The name after `${`.
    fn root(&mut self) -> Result<Range<usize>, Mistake> {
        let from = self.at;
        match self.peek() {
            None => Err(self.unclosed()),
            Some('}') => {
                let message = "`${}` refers to nothing";
                Err(self.mistake(self.start..from + 1, message, name_or_literal()))
            }
            Some(blank) if blank.is_whitespace() => Err(self.blank(blank)),
            Some(other) => {
                let name = self.name();
                if name.is_empty() {
                    let end = from + other.len_utf8();
                    let message = format!(
                        "{} does not begin a reference",
                        quoted(&self.text[self.start..end])
                    );
                    return Err(self.mistake(self.start..end, message, name_or_literal()));
                }
                if !is_name(&self.text[name.clone()]) {
                    let message = "a name has at most 128 characters";
                    return Err(self.mistake(name, message, LITERAL));
                }
                Ok(name)
            }
        }
    }

    /// Selections up to the `}`, and where the first of them has its key.
    fn path(&mut self) -> Result<(Range<usize>, Vec<Select>), Mistake> {
        let mut path = Vec::new();
        let mut first = self.at..self.at;
        loop {
            let (range, select) = match self.peek() {
                None => return Err(self.unclosed()),
                Some('}') => return Ok((first, path)),
                Some('.') => self.field()?,
                Some('[') => self.bracket()?,
                Some(blank) if blank.is_whitespace() => return Err(self.blank(blank)),
                Some(other) => {
                    let range = self.at..self.at + other.len_utf8();
                    let found = quoted(&self.text[range.clone()]);
                    let message = format!("unexpected {found} inside `${{…}}`");
                    let help = format!(
                        "a reference goes on with `.field`, `[0]` or `[\"key\"]` and ends with \
                         `}}`; {LITERAL}"
                    );
                    return Err(self.mistake(range, message, help));
                }
            };
            if path.is_empty() {
                first = range;
            }
            path.push(select);
        }
    }

    /// `.field`
    fn field(&mut self) -> Result<(Range<usize>, Select), Mistake> {
        let dot = self.at;
        self.at += 1;
        let name = self.name();
        if !name.is_empty() {
            let key = self.text[name.clone()].to_owned();
            return Ok((name, Select::Key(key)));
        }
        let Some(next) = self.peek() else { return Err(self.unclosed()) };
        let help = if next.is_ascii_digit() {
            format!("the item at a position is `[{next}]`")
        } else {
            "a key with other characters is `[\"any key\"]`".to_owned()
        };
        let end = if next == '}' { self.at } else { self.at + next.len_utf8() };
        Err(self.mistake(dot..end, "a name must follow the `.`", help))
    }

    /// `[0]` or `["key"]`
    fn bracket(&mut self) -> Result<(Range<usize>, Select), Mistake> {
        let open = self.at;
        self.at += 1;
        let from = self.at;
        let select = match self.peek() {
            None => return Err(self.unclosed()),
            Some('"') => self.string(open)?,
            _ => self.position(open)?,
        };
        let range = from..self.at;
        match self.peek() {
            None => Err(self.unclosed()),
            Some(']') => {
                self.at += 1;
                Ok((range, select))
            }
            Some(other) => {
                let end = self.at + other.len_utf8();
                let help = "one position or one key in double quotes stands between `[` and `]`";
                Err(self.mistake(open..end, "expected `]`", help))
            }
        }
    }

    fn string(&mut self, open: usize) -> Result<Select, Mistake> {
        let rest = &self.text[self.at..];
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        match stream.next() {
            Some(Ok(key)) => {
                self.at += stream.byte_offset();
                Ok(Select::Key(key))
            }
            Some(Err(error)) if !error.is_eof() => {
                let close = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
                let range = open..self.at + close;
                let help = "the escapes are JSON's: `\\\"`, `\\\\`, `\\n`, `\\u00e9`";
                Err(self.mistake(range, "this key is not a valid JSON string", help))
            }
            _ => Err(self.unclosed()),
        }
    }

    fn position(&mut self, open: usize) -> Result<Select, Mistake> {
        let rest = &self.text[self.at..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = &rest[..digits];
        self.at += digits;
        if digits > 0 && (digits == 1 || !number.starts_with('0')) {
            return number.parse().map(Select::Index).map_err(|_| {
                let message = "this position does not fit in 64 bits";
                self.mistake(open + 1..self.at, message, "positions count from 0")
            });
        }
        // A negative number, a word, other quotes: show it whole.
        let until = rest.find([']', '}']).unwrap_or(rest.len());
        let end = open + 1 + until + usize::from(rest[until..].starts_with(']'));
        let help = match rest.chars().next() {
            Some('-') => "positions count from 0",
            Some('0'..='9') => "write the number without zeros in front",
            Some(']') => "write `[0]` or `[\"key\"]`",
            _ => "a key stands in double quotes: `[\"key\"]`",
        };
        Err(self.mistake(open..end, "this is neither a position nor a key", help))
    }

    /// Letters, digits, `_` and `-`, from a letter or `_` on; empty where there is none.
    fn name(&mut self) -> Range<usize> {
        let from = self.at;
        let rest = &self.text[from..];
        if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            self.at += rest.find(|c| !inside(c)).unwrap_or(rest.len());
        }
        from..self.at
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn mistake(
        &self,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Mistake {
        let around = self.start..range.end.max(self.at);
        Mistake { message: message.into(), help: help.into(), range, around }
    }

    fn unclosed(&self) -> Mistake {
        let help = format!("add the `}}`; {LITERAL}");
        self.mistake(self.start..self.text.len(), "this `${` has no `}`", help)
    }

    fn blank(&self, blank: char) -> Mistake {
        let help = format!("write `${{node}}`; {LITERAL}");
        let range = self.at..self.at + blank.len_utf8();
        self.mistake(range, "no blanks may stand inside `${…}`", help)
    }

    /// A whole reference whose root needs one of a few names after it.
    fn incomplete(&self, root: Range<usize>, help: &str) -> Mistake {
        let message = format!("{} refers to nothing", quoted(&self.text[self.start..self.at]));
        self.mistake(root.start..self.at - 1, message, help)
    }
}

fn name_or_literal() -> String {
    format!("a reference is `${{node}}`, `${{inputs.x}}` or `${{run.id}}`; {LITERAL}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        match split(text) {
            Err(mistakes) => {
                mistakes.iter().map(|m| format!("!{}", &text[m.range.clone()])).collect()
            }
            Ok(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => format!("'{text}'"),
                    Part::Reference(reference) => {
                        let path: String = reference.path.iter().map(Select::to_string).collect();
                        format!("<{:?}{path}>", reference.start)
                    }
                })
                .collect(),
        }
    }

    #[test]
    fn text_and_references_alternate() {
        for (text, expected) in [
            ("", ""),
            ("plain", "'plain'"),
            ("${a}", "<Node(\"a\")>"),
            ("${a}${b-c}", "<Node(\"a\")><Node(\"b-c\")>"),
            ("x ${a.b[0][\"c d\"].e} y", "'x '<Node(\"a\").b[0][\"c d\"].e>' y'"),
            ("${a[\"b\"]}", "<Node(\"a\").b>"),
            ("${a[\"}\\\"\\u00e9\"]}", "<Node(\"a\")[\"}\\\"é\"]>"),
            ("${inputs.x.y}", "<Input(\"x\").y>"),
            ("${inputs[\"x\"]}", "<Input(\"x\")>"),
            ("${run.id}${run.seed}", "<Known(RunId)><Known(RunSeed)>"),
            ("${workflow.dir}/a", "<Known(WorkflowDir)>'/a'"),
            ("$ $$ $a {} }", "'$ $$ $a {} }'"),
            ("$${a}", "'${a}'"),
            ("$$${a}", "'$'<Node(\"a\")>"),
            ("$$$${a}", "'$${a}'"),
            ("a$${b$${c}${d}$", "'a${b${c}'<Node(\"d\")>'$'"),
            ("$${", "'${'"),
            ("${a", "!${a"),
            ("${a b} ${} ${c", "! !${}!${c"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn splitting_gives_back_what_was_escaped() {
        // Every text of up to seven of these characters.
        let letters = ['$', '{', '}', 'a'];
        for number in 0..4_u32.pow(7) {
            let length = number % 8;
            let text: String =
                (0..length).map(|at| letters[(number / 4_u32.pow(at) % 4) as usize]).collect();
            let alone = escape(&text, Follows::End);
            let joined = split(&alone).unwrap().iter().map(shown).collect::<String>();
            assert_eq!(joined, text);
            let before = format!("{}${{a}}", escape(&text, Follows::Reference));
            let parts = split(&before).unwrap();
            let Some((Part::Reference(_), head)) = parts.split_last() else { panic!("{before}") };
            assert_eq!(head.iter().map(shown).collect::<String>(), text);
        }
    }

    fn shown<'a>(part: &'a Part<'_>) -> &'a str {
        match part {
            Part::Text(text) => text,
            Part::Reference(reference) => panic!("{reference:?}"),
        }
    }
}
