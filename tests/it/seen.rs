//! What people see of a run and of a graph, through the command: pictures, traces, logs, and nothing
//! that a terminal would obey where there is none.

use std::fs;

use serde_json::Value;
use terrace_tests::{command, ran, terrace};

#[test]
fn what_is_no_terminal_gets_no_escapes() {
    for progress in ["auto", "lines", "none"] {
        let ran =
            terrace(&["run", "examples/waits.yaml", "-i", "seconds=0.3", "--progress", progress]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.stderr.contains(['\u{1b}', '\r']), "{:?}", ran.stderr);
        assert!(ran.stderr.starts_with("waits succeeded in "), "{}", ran.stderr);
    }
}

#[test]
fn a_run_that_takes_long_says_where_its_time_went() {
    let ran = terrace(&["run", "examples/waits.yaml", "-i", "seconds=1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("  slowest: task_"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" times as fast as in sequence"), "{}", ran.stderr);
}

#[test]
fn a_graph_is_an_svg_picture() {
    let ran = terrace(&["graph", "examples/vqe-h2.yaml", "--format", "svg"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("<svg xmlns=") && ran.stdout.ends_with("</svg>\n"));
    assert!(ran.stdout.contains("compute_energy"), "{}", ran.stdout);
}

#[test]
fn a_run_and_its_record_give_the_same_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (record, during, after) = (path("run.jsonl"), path("during.json"), path("after.json"));
    let ran = terrace(&["run", "examples/vqe-h2.yaml", "--record", &record, "--trace", &during]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = terrace(&["trace", &record, "-o", &after]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let during = fs::read_to_string(during).unwrap();
    assert_eq!(during, fs::read_to_string(after).unwrap());
    assert_eq!(during, terrace(&["trace", &record]).stdout);
    let trace: Value = serde_json::from_str(&during).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let attempts = events.iter().filter(|event| event["args"]["attempt"] == 1).count();
    assert_eq!(attempts, 7, "seven nodes");
    let ran = terrace(&["trace", "examples/vqe-h2.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn logs_are_printed_where_they_are_asked_for() {
    let quiet = terrace(&["run", "examples/vqe-h2.yaml"]);
    assert!(!quiet.stderr.contains("INFO"), "{}", quiet.stderr);
    let told = terrace(&["-v", "run", "examples/vqe-h2.yaml"]);
    assert_eq!(told.stdout, quiet.stdout);
    for part in ["pack loaded pack=quantum", "run{workflow=\"vqe-h2\"}", "run started", "run ended"]
    {
        assert!(told.stderr.contains(part), "{part}: {}", told.stderr);
    }
    assert!(!told.stderr.contains("DEBUG") && !told.stderr.contains('\u{1b}'), "{}", told.stderr);
    let nodes = ran(command()
        .env("TERRACE_LOG", "terrace::run=debug")
        .args(["run", "examples/vqe-h2.yaml"])
        .output());
    assert!(nodes.stderr.contains("node{node=\"ansatz\" "), "{}", nodes.stderr);
    assert!(!nodes.stderr.contains("pack loaded"), "{}", nodes.stderr);
    let wrong = ran(command()
        .env("TERRACE_LOG", "terrace=loud")
        .args(["check", "examples/vqe-h2.yaml"])
        .output());
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.starts_with("error: TERRACE_LOG: "), "{}", wrong.stderr);
}
