//! The README's own code blocks, taken from its text: what it says to type works, and prints what
//! it says.
//!
//! A `console` block holds commands behind `$ ` and all that they print; `…` stands for what
//! differs from run to run. The first `sh` block is run by `.ci/run`, from the README's text too.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use terrace_tests::{built, command, ran, root};

use crate::crates::{build, package};
use crate::support::blocks;

/// The one block of a language that contains a text.
#[track_caller]
fn block(language: &str, with: &str) -> String {
    let mut found = blocks("README.md");
    found.retain(|block| block.language == language && block.text.contains(with));
    assert_eq!(found.len(), 1, "`{language}` blocks with {with:?}");
    found.remove(0).text
}

/// Whether a text is as shown, where `…` is anything within its line.
fn is_as_shown(found: &str, shown: &str) -> bool {
    let line = |(found, shown): (&str, &str)| {
        let mut parts = shown.split('…');
        let Some(mut rest) = found.strip_prefix(parts.next().unwrap_or_default()) else {
            return false;
        };
        let mut last = None;
        for part in parts {
            if let Some(part) = last.replace(part) {
                let Some(at) = rest.find(part) else { return false };
                rest = &rest[at + part.len()..];
            }
        }
        last.map_or(rest.is_empty(), |last| rest.ends_with(last))
    };
    found.lines().count() == shown.lines().count() && found.lines().zip(shown.lines()).all(line)
}

/// Runs the commands of a `console` block in a folder, and compares.
fn follow(console: &str, folder: &Path) {
    let mut sessions = console.split("$ ").skip(1).peekable();
    assert!(sessions.peek().is_some(), "no command in {console}");
    for session in sessions {
        let (line, shown) = session.split_once('\n').unwrap();
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("terrace"), "{line}");
        let (mut printed, writer) = std::io::pipe().unwrap();
        let mut command = command();
        command.args(words).current_dir(folder);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        // Holds the pipe's other end.
        drop(command);
        let mut found = String::new();
        printed.read_to_string(&mut found).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{line}: {found}");
        assert!(is_as_shown(&found, shown), "{line} printed\n{found}and README shows\n{shown}");
    }
}

#[test]
fn what_is_shown_is_compared() {
    assert!(is_as_shown("a: 1.25 s\nb\n", "a: … s\nb\n"));
    assert!(is_as_shown("x1y2z", "x…y…"));
    for (found, shown) in
        [("a\n", "b\n"), ("a\nb\n", "a\n"), ("ab\n", "a\n"), ("a1c", "a…b"), ("ac", "…b…c")]
    {
        assert!(!is_as_shown(found, shown), "{found:?} {shown:?}");
    }
}

/// The tests below name the blocks they take. A new one fails here until one of them takes it.
#[test]
fn every_block_of_the_readme_is_tested() {
    let blocks = blocks("README.md");
    let languages: Vec<&str> = blocks.iter().map(|block| &*block.language).collect();
    assert_eq!(
        languages,
        [
            "sh", "text", "sh", "yaml", "console", "toml", "rust", "console", "rust", "yaml",
            "console", "yaml", "console"
        ]
    );
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.contains(blocks[2].text.trim()), ".ci/run does not run {:?}", blocks[2].text);
}

#[test]
fn the_first_command_prints_what_is_shown() {
    let line = block("sh", "terrace");
    let (build, run) = line.trim().split_once(" && ").unwrap();
    assert_eq!(build, "cargo build --release");
    let words = run.strip_prefix("target/release/terrace ").unwrap().split_whitespace();
    let ran = ran(command().args(words).output());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shown = block("text", "energy");
    assert!(is_as_shown(&ran.stdout, &shown), "{} is not {shown}", ran.stdout);
}

#[test]
fn the_workflow_prints_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sums.yaml"), block("yaml", "name: sums")).unwrap();
    follow(&block("console", "sums.yaml"), folder.path());
}

#[test]
fn the_map_prints_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vqe.yaml"), block("yaml", "name: vqe-h2")).unwrap();
    follow(&block("console", "vqe.yaml"), folder.path());
}

#[test]
fn the_fragile_one_prints_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("fragile.yaml"), block("yaml", "name: fragile")).unwrap();
    follow(&block("console", "fragile.yaml"), folder.path());
}

#[test]
fn the_pack_builds_outside_and_is_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = package("plane", "0.1.0", "2024") + &block("toml", "cdylib");
    let made = build(folder.path(), &manifest, "lib.rs", &block("rust", "export_pack!"));
    let release = folder.path().join("target/release");
    fs::create_dir_all(&release).unwrap();
    symlink(made.join("libplane.so"), release.join("libplane.so")).unwrap();
    follow(&block("console", "libplane.so"), folder.path());
}

#[test]
fn the_embedding_program_builds_outside_and_holds_what_it_asserts() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = package("embeds", "0.1.0", "2024") + "[dependencies]\nterrace = \"0.1\"\n";
    let text = block("rust", "Engine::builder()");
    assert!(text.contains("assert_eq!"), "{text}");
    let main = format!(
        "fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{text}println!(\"done\");\nOk(())\n}}\n"
    );
    let made = build(folder.path(), &manifest, "main.rs", &main);
    fs::create_dir(folder.path().join("target")).unwrap();
    symlink(&built().packs, folder.path().join("target/release")).unwrap();
    let mut program = std::process::Command::new(made.join("embeds"));
    let ran = ran(program.current_dir(folder.path()).output());
    assert_eq!((ran.code, &*ran.stdout), (0, "done\n"), "{}", ran.stderr);
}
