//! The programs run with sizes that say nothing, and find what they measure.

use std::path::Path;
use std::process::Command;

/// What a program printed, given the pack that was built with this test.
fn said(program: &str, args: &[&str]) -> Result<String, String> {
    let pack = Path::new(program).with_file_name("examples").join("libbench_pack.so");
    let missing = "without `--test`, cargo builds the pack too";
    let output = Command::new(program)
        .args(args)
        .arg("--pack")
        .arg(
            pack.canonicalize()
                .map_err(|error| format!("{}: {error}; {missing}", pack.display()))?,
        )
        .output()
        .map_err(|error| error.to_string())?;
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said.into()) } else { Err(error.into()) }
}

#[test]
fn runs_and_loops_of_all_shapes_give_the_same() -> Result<(), String> {
    let said = said(env!("CARGO_BIN_EXE_terrace-bench-packs"), &["300", "1"])?;
    for row in ["chain", "layer64", "random4", "pointer, arguments ready", "math/add as a task"] {
        assert!(said.lines().any(|line| line.starts_with(row)), "{row}: {said}");
    }
    Ok(())
}

#[test]
fn the_command_runs_a_node_that_says_when() -> Result<(), String> {
    let said = said(env!("CARGO_BIN_EXE_terrace-bench-start"), &["2"])?;
    assert!(said.lines().any(|line| line.starts_with("to the first node")), "{said}");
    Ok(())
}
