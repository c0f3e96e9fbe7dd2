//! Waiting tasks overlap whatever the number of cores: seen from what each node reports, not from
//! a stopwatch.

use crate::support::workflow;

#[test]
fn five_sleeps_of_two_seconds_overlap_on_two_workers() {
    let mut text = String::from("terrace: 1\npacks: { util: \"^0.1\" }\nnodes:\n");
    for n in 0..5 {
        text.push_str(&format!("  s{n}: {{ task: util/sleep, with: {{ seconds: 2 }} }}\n"));
    }
    let document = workflow(&text).json(&["--workers", "2"]);
    let nodes = document["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 5);
    let started = |node: &serde_json::Value| node["started"].as_f64().unwrap();
    let ended = |node: &serde_json::Value| started(node) + node["seconds"].as_f64().unwrap();
    let last_start = nodes.iter().map(started).fold(0.0, f64::max);
    let first_end = nodes.iter().map(ended).fold(f64::INFINITY, f64::min);
    assert!(last_start < first_end, "not all five overlap: {document}");
}
