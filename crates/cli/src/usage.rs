//! A command line that says nothing we can do: what clap tells of it, and the JSON document where
//! `--json` is among the arguments.

use std::ffi::OsString;

use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

/// Prints what is wrong with the arguments.
pub(crate) fn usage(
    error: &clap::Error,
    args: impl Iterator<Item = OsString>,
    output: &mut Output,
) -> Exit {
    // A standard error that is closed or full is no reason to end differently.
    let _ = error.print();
    if asks_for_json(args) {
        problem::print_document("invalid", vec![entry(&error.render().to_string())], output);
    }
    Exit::Usage
}

/// Whether `--json` is among the arguments, which may be wrong in any way.
fn asks_for_json(args: impl Iterator<Item = OsString>) -> bool {
    args.skip(1)
        .take_while(|arg| arg != "--")
        .any(|arg| arg.to_str().is_some_and(|arg| arg == "--json" || arg.starts_with("--json=")))
}

/// What is wrong, in a line, and how to go on, from clap's paragraphs.
fn entry(text: &str) -> Value {
    let line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = text.split("\n\n").map(line);
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let mut entry = Map::from_iter([("message".to_owned(), json!(message))]);
    let tips = paragraphs.filter_map(|paragraph| Some(paragraph.strip_prefix("tip: ")?.to_owned()));
    if let Some(help) = tips.reduce(|all, tip| format!("{all}; {tip}")) {
        entry.insert("help".to_owned(), json!(help));
    }
    entry.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_even_where_the_rest_is_wrong() {
        let asks = |args: &[&str]| asks_for_json(args.iter().map(OsString::from));
        assert!(asks(&["terrace", "ran", "--json"]));
        assert!(asks(&["terrace", "run", "--json=all"]));
        assert!(!asks(&["--json", "run", "--jsonl", "json"]));
        assert!(!asks(&["terrace", "run", "--", "--json"]));
    }
}
