//! Crates outside the workspace, as others write them: a folder of their own, and nothing of this
//! repository but the dependency they name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use terrace_tests::root;

/// The head of a manifest.
pub(crate) fn package(name: &str, version: &str, edition: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"{edition}\"\n\n")
}

/// The rest of a pack's manifest.
pub(crate) const PACK: &str =
    "[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nterrace-plugin-api = \"0.1\"\n";

/// Builds a crate of one file and gives the folder of what was made. `terrace` and
/// `terrace-plugin-api` are those of this repository instead of the published ones.
pub(crate) fn build(folder: &Path, manifest: &str, file: &str, text: &str) -> PathBuf {
    fs::create_dir_all(folder.join("src")).unwrap();
    let mut manifest = format!("{manifest}\n[patch.crates-io]\n");
    for (name, path) in [("terrace-plugin-api", "crates/plugin-api"), ("terrace", "crates/terrace")]
    {
        if manifest.contains(&format!("\n{name} = ")) {
            manifest += &format!("{name} = {{ path = {:?} }}\n", root().join(path));
        }
    }
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src").join(file), text).unwrap();
    // The same versions as here, so that nothing has to be fetched.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    // Kept between test runs: cargo itself sees what is stale.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug")
}
