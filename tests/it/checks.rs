//! What `check` finds and previews, and what `run --dry-run` says without running anything.

use serde_json::{Value, json};
use terrace_tests::{root, terrace};

use crate::support::{document, workflow};

fn check(file: &str, args: &[&str]) -> Value {
    let mut all = vec!["check", file, "--json"];
    all.extend_from_slice(args);
    let ran = terrace(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)
}

#[test]
fn of_the_examples_only_those_have_findings_that_are_about_them() {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let document = check(path.to_str().unwrap(), &[]);
        for finding in document["findings"].as_array().unwrap() {
            let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
            found.push((file, finding["code"].as_str().unwrap().to_owned()));
        }
    }
    found.sort();
    let found: Vec<(&str, &str)> =
        found.iter().map(|(file, code)| (file.as_str(), code.as_str())).collect();
    assert_eq!(
        found,
        [
            ("accidental", "unread_port"),
            ("python-function", "chain"),
            ("sequence", "chain"),
            ("traversal", "chain"),
        ]
    );
}

#[test]
fn an_accidental_edge_is_told_with_its_place() {
    let ran = terrace(&["check", "examples/accidental.yaml"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("accidental.yaml:9:42: `util/unread` never reads its `given`"));
    assert!(ran.stderr.trim_end().ends_with("[unread_port]"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "examples/accidental.yaml is valid: 4 nodes in 3 levels\n");
    let finding = check("examples/accidental.yaml", &[])["findings"][0].clone();
    assert_eq!(finding["node"], "b");
    assert_eq!((&finding["line"], &finding["severity"]), (&json!(9), &json!("warning")));
}

const URLS: &str = r#"terrace: 1
name: urls
packs: { util: "^0.1" }
inputs: { urls: { type: "list<str>", default: [a, b] } }
limits: { ram: { memory: 8GB } }
budget: { money: 20 }
nodes:
  check:
    map: { over: "${inputs.urls}", as: url, window: 50 }
    task: util/sleep
    with: { seconds: 1, value: "${url}" }
    expected: 1s
    retry: 3
    cost: { money: 0.01 }
    needs: { ram: 100MB }
outputs: { all: "${check}" }
"#;

#[test]
fn a_preview_tells_calls_costs_memory_and_times() {
    let scratch = workflow(URLS);
    let file = scratch.file.to_str().unwrap();
    let ran = terrace(&["check", file, "--workers", "2"]);
    insta::assert_snapshot!(scratch.plain(&ran.stdout), @r#"
    flow.yaml is valid: 1 node in 1 level
    calls: 2, at most 6
    cost: money 0.02, at most 0.06, budget 20
    memory: at most 200MB of 8GB of `ram` at once
    time: 2s one after the other, 1s on 2 workers: the critical path decides
    "#);
    let preview = &check(file, &["--workers", "2"])["preview"];
    assert_eq!(preview["calls"], json!({ "expected": 2, "complete": true, "most": 6 }));
    assert_eq!(preview["time"]["at_best"], json!(1.0));
}

#[test]
fn a_dry_run_reads_inputs_and_runs_nothing() {
    let scratch = workflow(URLS);
    let urls: Vec<String> = (0..500).map(|n| format!("https://example.org/{n}")).collect();
    let given = format!("urls={}", json!(urls));
    // It would take ten seconds.
    let ran = scratch.run(&["--dry-run", "--workers", "2", "--input", &given]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @r#"
    Level 0: sleep ×? (? parallel)
    calls: 500, at most 1500
    cost: money 5, at most 15, budget 20
    memory: at most 5GB of 8GB of `ram` at once
    time: 8m 20s one after the other, 10s on 2 workers: how many may run at once decides (critical path 1s)
    "#);
    let document = scratch.json(&["--dry-run", "--workers", "2", "--input", &given]);
    assert_eq!(document["status"], "checked");
    assert_eq!(document["levels"], json!([1]));
    assert_eq!(document["preview"]["time"]["sequential"], json!(500.0));
    assert_eq!(document["nodes"][0]["name"], "check");
    assert_eq!(document["outputs"], json!({}));
}

#[test]
fn a_dry_run_holds_times_against_what_a_run_is_given() {
    let scratch = workflow(URLS);
    let urls: Vec<String> = (0..100).map(|n| format!("https://example.org/{n}")).collect();
    let given = format!("urls={}", json!(urls));
    let dry = ["--dry-run", "--workers", "2", "--input", &given, "--max-concurrent", "5"];
    let ran = scratch.run(&[&dry[..], &["--deadline", "19s"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.ends_with("deadline: 19s, and it takes at least 20s\n"), "{}", ran.stdout);
    let document = scratch.json(&[&dry[..], &["--deadline", "20s"]].concat());
    assert_eq!(document["deadline"], json!({ "seconds": 20.0, "can_be_met": true }));
    assert_eq!(document["preview"]["time"]["at_best"], json!(20.0));
}

#[test]
fn a_dry_run_refuses_what_a_run_refuses() {
    let scratch = workflow(URLS);
    let wrong = scratch.run(&["--dry-run", "--input", "urls=3", "--json"]);
    assert_eq!((wrong.code, &document(&wrong)["status"]), (2, &json!("invalid")));
    let target = scratch.run(&["--dry-run", "--target", "chek"]);
    assert_eq!(target.code, 2);
    assert!(target.stderr.contains("did you mean `check`?"), "{}", target.stderr);
    let pack =
        workflow("terrace: 1\npacks: { nowhere: \"^0.1\" }\nnodes: { a: { task: nowhere/x } }\n");
    assert_eq!(pack.run(&["--dry-run"]).code, 3);
}
