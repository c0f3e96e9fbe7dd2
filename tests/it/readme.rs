//! What the README promises a newcomer: the examples run and give the right answers.

use std::process::Command;

use serde_json::json;
use terrace_tests::{root, terrace};

use crate::support::document;

#[test]
fn the_h2_workflow_gives_the_published_energies() {
    // ±1e-9; see the table of whole examples.
    for (theta, energy) in
        [("-0.22368", -1.1373060274), ("-0.22354", -1.1373060358), ("0", -1.1169989968)]
    {
        let input = format!("theta={theta}");
        let ran = terrace(&["run", "examples/vqe-h2.yaml", "--input", &input, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let document = document(&ran);
        let found = document["outputs"]["energy"].as_f64().unwrap();
        assert!((found - energy).abs() < 1e-9, "θ = {theta}: {found}");
        assert_eq!(document["levels"], json!([1, 5, 1]));
        assert_eq!(document["status"], "succeeded");
    }
}

#[test]
fn the_first_command_prints_outputs_and_a_summary_with_levels() {
    let ran = terrace(&["run", "examples/vqe-h2.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("energy: -1.13730602"), "{}", ran.stdout);
    assert!(ran.stderr.contains("vqe-h2 succeeded in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("Level 1: measure_pauli ×5 (5 parallel)"), "{}", ran.stderr);
}

/// `tr`, `sort` and `uniq` say what the words are.
#[test]
fn word_count_equals_what_tr_sort_and_uniq_give() {
    let folder = root().join("crates/core/src");
    let script = format!(
        "find {} -name '*.rs' -exec cat {{}} + | tr -cs 'A-Za-z' '\\n' | tr A-Z a-z | grep -v '^$' \
         | sort | uniq -c | sort -k1,1nr -k2,2 | head -500",
        folder.display()
    );
    let output = Command::new("sh").env("LC_ALL", "C").args(["-c", &script]).output().unwrap();
    let expected: Vec<(String, i64)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let (count, word) = line.trim().split_once(' ').unwrap();
            (word.to_owned(), count.parse().unwrap())
        })
        .collect();
    assert!(expected.len() > 400);
    let input = format!("folder={}", folder.display());
    let ran = terrace(&[
        "run",
        "examples/word-count.yaml",
        "-i",
        &input,
        "-i",
        "extension=rs",
        "-i",
        "n=500",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    let found: Vec<(String, i64)> = document["outputs"]["top"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["word"].as_str().unwrap().to_owned(), entry["count"].as_i64().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn targets_run_only_what_they_need() {
    let ran = terrace(&["run", "examples/vqe-h2.yaml", "--target", "xx", "--json"]);
    let document = document(&ran);
    let nodes: Vec<&str> =
        document["nodes"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["ansatz", "xx"]);
    assert!(document["outputs"]["xx"]["value"].is_f64());
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = terrace(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("terrace") && ran.stdout.contains("inspect"));
    }
}

#[test]
fn packs_are_listed_and_inspected() {
    let ran = terrace(&["packs", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let names: Vec<&str> =
        listed["packs"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    let expected = [
        "fractal", "hash", "http", "math", "primes", "quantum", "queens", "shell", "sort", "text",
        "util",
    ];
    assert_eq!(names, expected);
    let ran = terrace(&["packs", "inspect", "math"]);
    assert!(ran.stdout.contains("math/add("), "{}", ran.stdout);
    let ran = terrace(&["packs", "inspect", "http"]);
    assert!(ran.stdout.contains("?: str (secret)"), "{}", ran.stdout);
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    for command in ["run", "check", "graph", "simulate"] {
        let ran = terrace(&[command, "nosuch"]);
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr.starts_with("error: cannot read nosuch: No such file"),
            "{}",
            ran.stderr
        );
    }
    let ran = terrace(&["packs", "inspect", "nosuch"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.ends_with(")\n") && !ran.stderr.contains("\n\n"), "{:?}", ran.stderr);
}
