//! From tree to text: the way back of [`super::parse()`].
//!
//! Whatever is printed reads back as the same tree: `parse(print(t)) == t`. [`print()`] therefore
//! first looks for values that the language cannot hold, and the emitters ([`yaml`], [`toml`],
//! [`json`]) need not fail. Strings are quoted with JSON's escapes in all three languages, since
//! YAML 1.2 and TOML know the same ones; what stands here is what the emitters share.

mod json;
mod toml;
mod yaml;

use std::fmt::Write;

use super::parse::{Limits, quoted};
use super::tree::{Kind, Tree};
use crate::problem::Problem;
use crate::source::Format;

/// Characters that a line should not exceed where a value can also be written over several.
const WIDTH: usize = 80;

/// Prints a tree in a language, with a line break at the end.
///
/// # Errors
/// Every value that the language cannot hold, by its path: null, integers above `i64::MAX` and a
/// root that is no map in TOML; infinity and NaN in JSON; and nesting beyond
/// [`Limits::MAX_DEPTH`], which could not be read back.
pub(crate) fn print(tree: &Tree, format: Format) -> Result<String, Vec<Problem>> {
    let mut check = Check { format, path: Vec::new(), found: Vec::new() };
    if format == Format::Toml && !matches!(tree.kind, Kind::Map(_)) {
        check.refuse(
            &format!("is {}, and a TOML file is a map", tree.describe()),
            "print it as YAML",
        );
    }
    check.walk(tree, 0);
    if !check.found.is_empty() {
        return Err(check.found);
    }
    Ok(match format {
        Format::Yaml => yaml::print(tree),
        Format::Toml => toml::print(tree),
        Format::Json => json::print(tree),
    })
}

/// Looks for what the format cannot hold.
struct Check<'t> {
    format: Format,
    path: Vec<Step<'t>>,
    found: Vec<Problem>,
}

enum Step<'t> {
    Key(&'t str),
    Index(usize),
}

impl<'t> Check<'t> {
    /// Walks a node inside `depth` collections; recursion ends at the limit.
    fn walk(&mut self, tree: &'t Tree, depth: usize) {
        match (&tree.kind, self.format) {
            (Kind::Seq(_) | Kind::Map(_), _) if depth == Limits::MAX_DEPTH => {
                let message = format!("is nested more than {} levels deep", Limits::MAX_DEPTH);
                self.refuse(&message, "flatten the data");
            }
            (Kind::Seq(items), _) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    self.walk(item, depth + 1);
                    self.path.pop();
                }
            }
            (Kind::Map(entries), _) => {
                for (key, value) in entries {
                    self.path.push(Step::Key(&key.name));
                    self.walk(value, depth + 1);
                    self.path.pop();
                }
            }
            (Kind::Null, Format::Toml) if depth > 0 => {
                self.refuse("is null, which TOML cannot write", "leave the key out");
            }
            (Kind::U64(_), Format::Toml) => {
                self.refuse("is above 9223372036854775807, the last integer of TOML", "quote it");
            }
            (Kind::F64(float), Format::Json) if !float.is_finite() => {
                self.refuse(
                    &format!("is {}, which JSON cannot write", non_finite(*float)),
                    "quote it",
                );
            }
            (Kind::Data(value), _) => {
                self.refuse(&format!("is {}, which has no text", value.kind()), "leave it out");
            }
            _ => {}
        }
    }

    fn refuse(&mut self, what: &str, help: &str) {
        let mut path = String::new();
        for step in &self.path {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Key(name) if path.is_empty() => write!(path, "{name}"),
                Step::Key(name) => write!(path, ".{name}"),
                Step::Index(index) => write!(path, "[{index}]"),
            };
        }
        let subject = if path.is_empty() { "the root".to_owned() } else { quoted(&path) };
        self.found.push(Problem::new(format!("{subject} {what}")).with_help(help));
    }
}

/// A float that is none, as TOML writes it; YAML puts a point in front of the letters.
fn non_finite(float: f64) -> &'static str {
    match float {
        _ if float.is_nan() => "nan",
        _ if float > 0.0 => "inf",
        _ => "-inf",
    }
}

/// A float with a point and, where there is an exponent, its sign: the form that every reader of
/// YAML, TOML and JSON takes for a float. The shortest digits that read back exactly.
fn finite(float: f64) -> String {
    let shortest = format!("{float:?}");
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return shortest };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Appends a text in double quotes, on one line and without characters that do not show.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Controls, which TOML and YAML forbid; line separators, which YAML may fold; marks
            // of direction, which can make a text look like another; noncharacters.
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

/// Appends items with a comma between them.
fn join<T>(out: &mut String, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        item(out, one);
    }
}

/// The entries of a collection that may stand on one line: scalars only, and few of them.
fn is_flat(tree: &Tree) -> bool {
    let scalar = |tree: &Tree| !matches!(tree.kind, Kind::Seq(_) | Kind::Map(_));
    // An item takes three characters at least.
    match &tree.kind {
        Kind::Seq(items) => items.len() <= WIDTH / 3 && items.iter().all(scalar),
        Kind::Map(entries) => {
            entries.len() <= WIDTH / 3 && entries.iter().all(|(_, value)| scalar(value))
        }
        _ => true,
    }
}
