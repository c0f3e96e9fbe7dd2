//! JSON, with two spaces for each level.

use super::super::tree::{Kind, Tree};
use super::{finite, quote};

/// Prints a tree that the format can hold.
pub(super) fn print(tree: &Tree) -> String {
    let mut out = String::new();
    value(&mut out, tree, 0);
    out.push('\n');
    out
}

fn value(out: &mut String, tree: &Tree, level: usize) {
    match &tree.kind {
        Kind::Null => out.push_str("null"),
        // Refused before.
        Kind::Data(_) => {}
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::I64(value) => out.push_str(&value.to_string()),
        Kind::U64(value) => out.push_str(&value.to_string()),
        Kind::F64(value) => out.push_str(&finite(*value)),
        Kind::Str(text) => quote(out, text),
        Kind::Seq(items) => {
            lines(out, ('[', ']'), items, level, |out, item| value(out, item, level + 1));
        }
        Kind::Map(entries) => lines(out, ('{', '}'), entries, level, |out, (key, entry)| {
            quote(out, &key.name);
            out.push_str(": ");
            value(out, entry, level + 1);
        }),
    }
}

/// Puts each item on a line of its own; without items, the brackets alone.
fn lines<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    level: usize,
    mut item: impl FnMut(&mut String, &T),
) {
    out.push(open);
    for (index, one) in items.iter().enumerate() {
        out.push_str(if index > 0 { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(level + 1));
        item(out, one);
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
    out.push(close);
}
