//! Small things that several files here need.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use terrace_tests::{Ran, root, terrace};

/// A folder with one workflow file.
pub(crate) struct Scratch {
    pub(crate) folder: TempDir,
    pub(crate) file: PathBuf,
}

/// Writes a workflow to a folder of its own.
pub(crate) fn workflow(text: &str) -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.yaml");
    std::fs::write(&file, text).unwrap();
    Scratch { folder, file }
}

impl Scratch {
    /// Runs it with further arguments.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let file = self.file.to_str().unwrap();
        let mut all = vec!["run", file];
        all.extend_from_slice(args);
        terrace(&all)
    }

    /// Runs it for its JSON document.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        let ran = self.run(&all);
        document(&ran)
    }

    /// Text with the scratch folder's path taken out, for snapshots.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// The JSON document that a run printed.
pub(crate) fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error} in {:?}, and {}", ran.stdout, ran.stderr))
}

/// The entry of a node.
pub(crate) fn node<'a>(document: &'a Value, name: &str) -> &'a Value {
    let nodes = document["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["name"] == name).unwrap_or_else(|| panic!("no node {name}"))
}

/// Text with its durations taken out, for snapshots: each is `[time]`, however wide it was.
pub(crate) fn still_times(text: &str) -> String {
    let mut still = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let mut at = 0;
        while at < words.len() {
            let number = words[at].parse::<f64>().is_ok();
            let unit = words.get(at + 1).map(|unit| unit.trim_end_matches(':'));
            if number && matches!(unit, Some("µs" | "ms" | "s" | "min")) {
                // A column of times is padded to the left.
                while still.ends_with("  ") {
                    still.pop();
                }
                still.push_str("[time]");
                if words[at + 1].ends_with(':') {
                    still.push(':');
                }
                at += 1;
            } else {
                still.push_str(words[at]);
            }
            at += 1;
            if at < words.len() {
                still.push(' ');
            }
        }
        still.push('\n');
    }
    still
}

/// A fenced block of a page.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The blocks of a page of the repository.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```");
            let text = text.map(|line| format!("{line}\n")).collect();
            blocks.push(Block { language: language.to_owned(), text });
        }
    }
    blocks
}
