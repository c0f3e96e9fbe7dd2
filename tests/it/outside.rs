//! Packs that a third party wrote: a folder of its own, one dependency, few lines.

use std::path::{Path, PathBuf};

use terrace_tests::terrace;

use crate::crates::{PACK, package};
use crate::support::{document, workflow};

/// Fifteen lines of author's code, manifest of the crate included.
const SMALL_LIB: &str = r#"use terrace_plugin_api::{export_pack, task};

/// Greets somebody.
#[task(pure)]
pub fn greet(name: &str, #[default = 1] times: i64) -> String {
    format!("hello {name} ").repeat(times.max(0) as usize).trim().to_owned()
}

export_pack! { name: greeter, tasks: [greet] }
"#;

/// A struct in and out.
const RECORD_LIB: &str = r#"use terrace_plugin_api::{export_pack, task, Record};

/// A point in the plane.
#[derive(Record)]
pub struct Point { x: f64, y: f64, label: Option<String> }

/// Moves a point.
#[task(pure)]
pub fn shift(point: Point, by: f64) -> Point {
    Point { x: point.x + by, y: point.y + by, label: point.label.map(|l| format!("{l}'")) }
}

export_pack! { name: plane, tasks: [shift] }
"#;

/// Builds a pack and gives the folder of its `.so`.
fn build(folder: &Path, name: &str, edition: &str, lib: &str) -> PathBuf {
    let manifest = package(name, "1.2.3", edition) + PACK;
    crate::crates::build(&folder.join(name), &manifest, "lib.rs", lib)
}

#[test]
fn packs_outside_the_workspace_build_load_and_run() {
    assert!(SMALL_LIB.lines().count() <= 15);
    let folder = tempfile::tempdir().unwrap();
    let small = build(folder.path(), "their-greeter", "2024", SMALL_LIB);
    let record = build(folder.path(), "their-plane", "2021", RECORD_LIB);
    let scratch = workflow(
        r#"terrace: 1
packs: { greeter: "^1.2", plane: "^1" }
nodes:
  hi: { task: greeter/greet, with: { name: "wörld", times: 2 } }
  moved: { task: plane/shift, with: { point: { x: 1, y: 2.5, label: a }, by: 1 } }
  again: { task: plane/shift, with: { point: "${moved}", by: "${moved.x}" } }
outputs: { hi: "${hi}", again: "${again}" }
"#,
    );
    let file = scratch.file.to_str().unwrap();
    assert_eq!(small, record);
    let packs = small.to_str().unwrap();
    let ran = terrace(&["run", file, "--packs", packs, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    assert_eq!(document["outputs"]["hi"], "hello wörld hello wörld");
    let expected = serde_json::json!({ "x": 4.0, "y": 5.5, "label": "a''" });
    assert_eq!(document["outputs"]["again"], expected);
    let inspected = terrace(&["packs", "inspect", "greeter", "--packs", packs]);
    assert!(inspected.stdout.contains("greeter/greet(name: str, times: i64 = 1) -> str"));
    assert!(inspected.stdout.contains("Greets somebody."), "{}", inspected.stdout);
}
