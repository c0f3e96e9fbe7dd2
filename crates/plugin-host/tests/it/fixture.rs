//! The packs in `tests/fixtures`, built once per run by cargo, and what tests do with files.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Where a parent process tells its children to find the packs.
const BUILT: &str = "TERRACE_FIXTURES_BUILT";

/// The folder of the built packs.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os(BUILT) {
        Some(folder) => folder.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = here.join("tests/fixtures");
    // The versions of the main workspace, so that nothing is fetched.
    fs::copy(here.join("../../Cargo.lock"), source.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--offline", "--workspace", "--lib", "--examples"])
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .unwrap();
    assert!(status.success(), "the fixtures do not build");
    target.join("release")
}

/// The file of a fixture: `circuit_1`, or an example of `bad`.
pub(crate) fn library(name: &str) -> PathBuf {
    let file = format!("lib{name}.so");
    let pack = built().join(&file);
    if pack.exists() { pack } else { built().join("examples").join(file) }
}

/// An empty folder, removed when dropped.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Copies a fixture, followed by `more` so that its bytes are like no other's.
pub(crate) fn copy(name: &str, to: &Path, more: &str) {
    let mut bytes = fs::read(library(name)).unwrap();
    bytes.extend_from_slice(more.as_bytes());
    fs::write(to, bytes).unwrap();
}

/// Writes one text over another in a file's bytes, everywhere, with zeros up to its end.
pub(crate) fn write_over(bytes: &mut [u8], from: &[u8], with: &[u8]) {
    assert!(from.len() >= with.len());
    let mut found = false;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + with.len()].copy_from_slice(with);
            bytes[at + with.len()..at + from.len()].fill(0);
            found = true;
        }
    }
    assert!(found, "{}", String::from_utf8_lossy(from));
}

/// Copies a fixture with one text in it replaced by another of the same length, everywhere.
pub(crate) fn patch(name: &str, to: &Path, from: &str, with: &str) {
    assert_eq!(from.len(), with.len());
    let mut bytes = fs::read(library(name)).unwrap();
    write_over(&mut bytes, from.as_bytes(), with.as_bytes());
    fs::write(to, bytes).unwrap();
}

/// `text` with `NUMBER` for every number of at least `digits` digits: sizes and hashes, which
/// differ with every compiler.
pub(crate) fn without_numbers(text: &str, digits: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let word = &rest[start..];
        let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        let is_number = end >= digits && word[..end].chars().all(|c| c.is_ascii_hexdigit());
        out.push_str(&rest[..start]);
        out.push_str(if is_number { "NUMBER" } else { &word[..end] });
        rest = &word[end..];
    }
    out + rest
}

/// The text of an error with all its causes, and `DIR` for a folder in it.
pub(crate) fn chain(error: &dyn Error, folder: &Path) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!("\n  because: {cause}");
        source = cause.source();
    }
    text.replace(folder.to_str().unwrap(), "DIR").replace(built().to_str().unwrap(), "BUILT")
}

/// Runs one ignored test of this binary in a process of its own. `test` is its full name.
pub(crate) fn child(test: &str, variables: &[(&str, &OsStr)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(BUILT, built())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// As [`child`], for a test that must pass.
pub(crate) fn passing_child(test: &str, variables: &[(&str, &OsStr)]) {
    let output = child(test, variables);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}
