//! YAML: maps and lists as blocks, short ones of scalars in brackets.
//!
//! A text stands without quotes only when it is a word that no reader of any version of YAML
//! takes for something else: `yes`, `on`, `012`, `1:30`, `~`, `.5` and dates get quotes.

use super::super::tree::{Kind, Tree};
use super::{WIDTH, finite, is_flat, join, non_finite, quote};

/// YAML requires `? ` in front of a key of more than 1024 characters; quotes and escapes count.
const LONGEST_KEY: usize = 1000;

/// Prints a tree; every one can be.
pub(super) fn print(tree: &Tree) -> String {
    let mut out = String::new();
    match &tree.kind {
        Kind::Seq(items) if !items.is_empty() => list(&mut out, items, 0),
        Kind::Map(entries) if !entries.is_empty() => block(&mut out, tree, 0),
        _ => {
            flow(&mut out, tree);
            out.push('\n');
        }
    }
    out
}

/// Prints the lines of a list or map that is not empty; the first begins where the output ends.
fn block(out: &mut String, tree: &Tree, indent: usize) {
    match &tree.kind {
        Kind::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    pad(out, indent);
                }
                let start = out.len();
                word(out, &key.name);
                if out.len() - start > LONGEST_KEY {
                    out.insert_str(start, "? ");
                    out.push('\n');
                    pad(out, indent);
                }
                out.push(':');
                let column = indent + out[start..].chars().count();
                if !in_line(out, value, column) {
                    out.push('\n');
                    pad(out, indent + 2);
                    block(out, value, indent + 2);
                }
            }
        }
        Kind::Seq(items) => list(out, items, indent),
        _ => {}
    }
}

fn list(out: &mut String, items: &[Tree], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push('-');
        if !in_line(out, item, indent + 1) {
            out.push(' ');
            block(out, item, indent + 2);
        }
    }
}

/// Prints a value and a line break after `key:` or `-`, which end in `column`; does nothing and
/// says so when the value needs lines of its own.
fn in_line(out: &mut String, value: &Tree, column: usize) -> bool {
    if !is_flat(value) {
        return false;
    }
    let mut line = String::new();
    flow(&mut line, value);
    let collection = match &value.kind {
        Kind::Seq(items) => !items.is_empty(),
        Kind::Map(entries) => !entries.is_empty(),
        _ => false,
    };
    if collection && column + 1 + line.chars().count() > WIDTH {
        return false;
    }
    out.push(' ');
    out.push_str(&line);
    out.push('\n');
    true
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Prints a value on one line.
fn flow(out: &mut String, tree: &Tree) {
    match &tree.kind {
        Kind::Null => out.push_str("null"),
        // Refused before.
        Kind::Data(_) => {}
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::I64(value) => out.push_str(&value.to_string()),
        Kind::U64(value) => out.push_str(&value.to_string()),
        Kind::F64(value) if value.is_finite() => out.push_str(&finite(*value)),
        Kind::F64(value) => {
            let name = non_finite(*value);
            let letters = name.trim_start_matches('-');
            out.push_str(&name[..name.len() - letters.len()]);
            out.push('.');
            out.push_str(letters);
        }
        Kind::Str(text) => word(out, text),
        Kind::Seq(items) => {
            out.push('[');
            join(out, items, flow);
            out.push(']');
        }
        Kind::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Kind::Map(entries) => {
            out.push_str("{ ");
            join(out, entries, |out, (key, value)| {
                word(out, &key.name);
                out.push_str(": ");
                flow(out, value);
            });
            out.push_str(" }");
        }
    }
}

/// Prints a text, without quotes if it is safe.
fn word(out: &mut String, text: &str) {
    if is_safe(text) { out.push_str(text) } else { quote(out, text) }
}

/// A letter or `_`, then letters, digits and `_-./`, and no word that means a value in YAML 1.1
/// or 1.2.
fn is_safe(text: &str) -> bool {
    const VALUES: [&str; 13] =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "inf", "nan"];
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.len() <= WIDTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
        && !VALUES.iter().any(|value| text.eq_ignore_ascii_case(value))
}
