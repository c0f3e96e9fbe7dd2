//! TOML 1.0: tables under headers where the order of the map allows it, else on one line.
//!
//! Everything after a header belongs to its table, so only the tables at the end of a map can
//! have headers; one that is followed by a plain value is written in braces.

use super::super::tree::{Key, Kind, Tree};
use super::{WIDTH, finite, is_flat, join, non_finite, quote};

/// Prints a map that the format can hold.
pub(super) fn print(tree: &Tree) -> String {
    let mut out = String::new();
    if let Kind::Map(entries) = &tree.kind {
        table(&mut out, &mut Vec::new(), entries);
    }
    out
}

/// Prints what stands under a header, then the tables inside.
fn table<'t>(out: &mut String, path: &mut Vec<&'t str>, entries: &'t [(Key, Tree)]) {
    let (plain, tables) = entries.split_at(first_header(entries));
    for (name, value) in plain {
        let start = out.len();
        key(out, &name.name);
        out.push_str(" = ");
        let column = out[start..].chars().count();
        assigned(out, value, column);
        out.push('\n');
    }
    for (name, value) in tables {
        path.push(&name.name);
        match &value.kind {
            Kind::Map(entries) => {
                header(out, path, ("[", "]"));
                table(out, path, entries);
            }
            Kind::Seq(items) => {
                for item in items {
                    if let Kind::Map(entries) = &item.kind {
                        header(out, path, ("[[", "]]"));
                        table(out, path, entries);
                    }
                }
            }
            _ => {}
        }
        path.pop();
    }
}

/// Index of the first entry that gets a header: those before it fit on a line or must.
fn first_header(entries: &[(Key, Tree)]) -> usize {
    let tail = entries.iter().rev().take_while(|(_, value)| can_have_header(value)).count();
    let mut first = entries.len() - tail;
    while let Some((name, value)) = entries.get(first)
        && matches!(value.kind, Kind::Map(_))
        && is_flat(value)
    {
        let mut line = String::new();
        key(&mut line, &name.name);
        line.push_str(" = ");
        inline(&mut line, value);
        if line.chars().count() > WIDTH {
            break;
        }
        first += 1;
    }
    first
}

fn can_have_header(value: &Tree) -> bool {
    match &value.kind {
        Kind::Map(_) => true,
        Kind::Seq(items) => {
            !items.is_empty() && items.iter().all(|item| matches!(item.kind, Kind::Map(_)))
        }
        _ => false,
    }
}

fn header(out: &mut String, path: &[&str], (open, close): (&str, &str)) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(open);
    for (index, name) in path.iter().enumerate() {
        if index > 0 {
            out.push('.');
        }
        key(out, name);
    }
    out.push_str(close);
    out.push('\n');
}

/// Prints the value of a key; a list that does not fit beside it gets a line for each item.
fn assigned(out: &mut String, value: &Tree, column: usize) {
    let start = out.len();
    inline(out, value);
    if let Kind::Seq(items) = &value.kind
        && !items.is_empty()
        && column + out[start..].chars().count() > WIDTH
    {
        out.truncate(start);
        out.push_str("[\n");
        for item in items {
            out.push_str("  ");
            inline(out, item);
            out.push_str(",\n");
        }
        out.push(']');
    }
}

/// Prints a value on one line.
fn inline(out: &mut String, tree: &Tree) {
    match &tree.kind {
        // Refused before.
        Kind::Null | Kind::Data(_) => {}
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::I64(value) => out.push_str(&value.to_string()),
        Kind::U64(value) => out.push_str(&value.to_string()),
        Kind::F64(value) if value.is_finite() => out.push_str(&finite(*value)),
        Kind::F64(value) => out.push_str(non_finite(*value)),
        Kind::Str(text) => quote(out, text),
        Kind::Seq(items) => {
            out.push('[');
            join(out, items, inline);
            out.push(']');
        }
        Kind::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Kind::Map(entries) => {
            out.push_str("{ ");
            join(out, entries, |out, (name, value)| {
                key(out, &name.name);
                out.push_str(" = ");
                inline(out, value);
            });
            out.push_str(" }");
        }
    }
}

fn key(out: &mut String, name: &str) {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) {
        out.push_str(name);
    } else {
        quote(out, name);
    }
}
