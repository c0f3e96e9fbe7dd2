//! What the tests across crates share: the packs and the command, built for this very run.
//!
//! Both are built by cargo when first asked for, into the target folder of the test run, and found
//! through cargo's own messages: a missing `.so` is a failed build, a stale one cannot be named.
#![forbid(unsafe_code)]

pub mod server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// What one build made.
#[derive(Debug)]
pub struct Built {
    /// The folder with the packs' `.so` files.
    pub packs: PathBuf,
    /// The `terrace` command.
    pub command: PathBuf,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The packs and the command, built once for this process.
///
/// # Panics
/// When the build fails.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| build().unwrap_or_else(|error| panic!("cannot build the packs: {error}")))
}

fn build() -> Result<Built, String> {
    let (mut packs, mut command) = (None, None);
    for made in cargo_build(&[])? {
        let name = made["target"]["name"].as_str().unwrap_or_default();
        let files = made["filenames"].as_array().into_iter().flatten();
        for file in files.filter_map(serde_json::Value::as_str).map(Path::new) {
            if name.starts_with("terrace_pack_") && file.extension().is_some_and(|e| e == "so") {
                packs = file.parent().map(Path::to_owned);
            }
        }
        if name == "terrace"
            && let Some(file) = made["executable"].as_str()
        {
            command = Some(PathBuf::from(file));
        }
    }
    Ok(Built {
        packs: packs.ok_or("no pack was built")?,
        command: command.ok_or("no command was built")?,
    })
}

/// What cargo says of each thing that it built.
fn cargo_build(what: &[&str]) -> Result<Vec<serde_json::Value>, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--locked", "--message-format=json"]).args(what);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // The very flags that this test was built with, so that nothing is built twice.
    let output = cargo.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo build ended with {}: {said}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    Ok(messages
        .filter(|message: &serde_json::Value| message["reason"] == "compiler-artifact")
        .collect())
}

/// What a run of the command gave.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; 128 + the signal where one ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The programs of `examples/shapes`, built once for this process.
///
/// # Panics
/// When the build fails.
pub fn shapes() -> &'static BTreeMap<String, PathBuf> {
    static SHAPES: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let made = cargo_build(&["-p", "example-shapes"]);
        let made = made.unwrap_or_else(|error| panic!("cannot build the examples: {error}"));
        let program = |made: &serde_json::Value| {
            let file = made["executable"].as_str()?;
            Some((made["target"]["name"].as_str()?.to_owned(), PathBuf::from(file)))
        };
        made.iter().filter_map(program).collect()
    })
}

/// Runs `terrace` with arguments in the repository's root, with an environment that holds still.
///
/// # Panics
/// When it cannot be started.
pub fn terrace<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Ran {
    ran(command().args(args).output())
}

/// The command with an environment that holds still, for tests that change it further.
pub fn command() -> Command {
    let mut command = Command::new(&built().command);
    command
        .current_dir(root())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("TERRACE_PACK_PATH")
        .env_remove("RUST_LOG")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    command
}

/// Reads what a process gave.
///
/// # Panics
/// When it could not be started.
pub fn ran(output: std::io::Result<Output>) -> Ran {
    use std::os::unix::process::ExitStatusExt as _;
    let output = output.unwrap_or_else(|error| panic!("cannot start the command: {error}"));
    let code = output.status.code().or(output.status.signal().map(|signal| 128 + signal));
    Ran {
        code: code.unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
