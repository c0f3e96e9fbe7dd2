//! Builds what is measured: packs and the command. Cargo itself says where they are, so that nothing
//! stale is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The file of the pack of this package.
const PACK: &str = "libbench_pack.so";

/// The pack of this package: behind `--pack` among the arguments, which is then taken out of them, or
/// built.
///
/// # Errors
/// When it does not build.
pub fn bench_pack(args: &mut Vec<String>) -> Result<PathBuf, String> {
    if let Some(at) = args.iter().position(|arg| arg == "--pack") {
        let file = args.drain(at..args.len().min(at + 2)).nth(1);
        return file.map(PathBuf::from).ok_or_else(|| "--pack FILE".to_owned());
    }
    find(&build(&["-p", env!("CARGO_PKG_NAME"), "--example", "bench_pack"])?, PACK)
}

/// A program or library of a package that plain `cargo build` builds too.
///
/// # Errors
/// When it does not build.
pub fn shipped(package: &str, file: &str) -> Result<PathBuf, String> {
    // Tests take it from the build that all tests share: for one package alone cargo would choose
    // other features of what that depends on, and compile everything again.
    let args: &[&str] = if cfg!(debug_assertions) { &[] } else { &["-p", package] };
    find(&build(args)?, file)
}

fn find(built: &[PathBuf], name: &str) -> Result<PathBuf, String> {
    let found = built.iter().find(|file| file.file_name().is_some_and(|it| it == name));
    found.cloned().ok_or_else(|| format!("cargo did not say where `{name}` is"))
}

/// The files that `cargo build` makes, with the optimisation of this program.
fn build(args: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--message-format", "json-render-diagnostics"]).args(args);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let output = cargo.output().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo build {}:\n{said}", args.join(" ")));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let made = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = made.flat_map(|message| {
        let files = message["filenames"].as_array().into_iter().flatten();
        let files: Vec<PathBuf> = files.filter_map(Value::as_str).map(PathBuf::from).collect();
        files
    });
    Ok(files.collect())
}
