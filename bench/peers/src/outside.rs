//! Peers that are programs of their own: Terrace's, and oneTBB's where it is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The folder of this program's sources, from which it finds the repository.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Builds `terrace-peer` as the repository builds it, and says where it is.
pub(crate) fn build_terrace() -> Result<PathBuf, String> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--release", "--locked", "-p", "terrace-peer"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(HERE).join("../.."))
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("terrace-peer does not build:\n{text}"));
    }
    // Where it is depends on settings that only cargo knows.
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "terrace-peer";
        Some(PathBuf::from(message["executable"].as_str().filter(|_| is_it)?))
    });
    built.ok_or_else(|| "cargo did not say where terrace-peer is".to_owned())
}

/// Compiles the flow graph of oneTBB. Not having the library or a compiler is no error of ours.
pub(crate) fn build_tbb(into: &Path) -> Result<PathBuf, String> {
    let program = into.join("tbb-flow");
    let source = Path::new(HERE).join("tbb/flow.cpp");
    let output = Command::new(std::env::var("CXX").unwrap_or_else(|_| "c++".into()))
        .args(["-O3", "-std=c++17"])
        .arg(&source)
        .args(["-ltbb", "-o"])
        .arg(&program)
        .output()
        .map_err(|error| format!("no C++ compiler: {error}"))?;
    if output.status.success() {
        return Ok(program);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().find(|line| line.contains("error")).unwrap_or("it does not compile");
    Err(format!("{first} (Debian: apt-get install libtbb-dev)"))
}
