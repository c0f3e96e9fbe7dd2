//! The JSON document of a run: what it tells of what ran inside nodes, and how much of it.

use std::collections::BTreeSet;

use crate::support::{node, workflow};

/// A map of so many items of which all but each tenth fail.
fn failing(items: u64) -> String {
    format!(
        r#"terrace: 1
packs: {{ util: "^0.1" }}
nodes:
  range: {{ task: util/range, with: {{ stop: {items} }} }}
  each: {{ task: util/fail, with: {{ message: "no ${{item}}" }}, map: {{ over: "${{range}}" }} }}
outputs: {{ each: "${{each}}" }}
"#
    )
}

#[test]
fn of_many_failures_the_first_thousand_are_told() {
    let scratch = workflow(&failing(3_000));
    let brief = scratch.json(&[]);
    let inside = |document: &serde_json::Value| {
        let nodes = document["nodes"].as_array().unwrap();
        nodes.iter().filter(|node| node["name"].as_str().unwrap().contains('[')).count()
    };
    assert_eq!(inside(&brief), 1_000);
    assert_eq!(brief["failures_not_shown"], 2_000);
    // The node's own, and those inside.
    assert_eq!(brief["errors"].as_array().unwrap().len(), 1_002, "{}", brief["errors"][0]);
    assert_eq!(node(&brief, "each")["items"]["failed"], 3_000);
    let full = scratch.run(&["--json=full"]);
    let full: serde_json::Value = serde_json::from_str(&full.stdout).unwrap();
    assert_eq!(inside(&full), 3_000);
    assert!(full.get("failures_not_shown").is_none());
    let few = workflow(&failing(20)).json(&[]);
    assert_eq!(inside(&few), 20);
    assert!(few.get("failures_not_shown").is_none());
    let text = scratch.run(&[]);
    assert!(text.stderr.contains("many more inside it; `--json=full`"), "{}", text.stderr);
}

const PART: &str = r#"terrace: 1
packs: { util: "^0.1", math: "^0.1" }
inputs: { x: i64 }
nodes:
  s: { task: math/add, with: { x: "${inputs.x}", y: 1 } }
  bad: { task: util/fail, with: { message: "no" }, after: [s] }
  rest: { task: util/identity, with: { value: "${bad}" } }
output: "${rest}"
"#;

#[test]
fn nodes_inside_have_level_pack_and_cause() {
    let scratch = workflow(
        "terrace: 1\nnodes:\n  n: { use: part.yaml, with: { x: 1 } }\noutputs: { n: \"${n}\" }\n",
    );
    std::fs::write(scratch.folder.path().join("part.yaml"), PART).unwrap();
    let document = scratch.json(&[]);
    for (name, level, pack) in [("n.s", 0, "math"), ("n.bad", 1, "util"), ("n.rest", 2, "util")] {
        let node = node(&document, name);
        assert_eq!(node["level"], level, "{name}");
        assert_eq!(node["pack"]["name"], pack, "{name}");
        assert!(node["task"].as_str().unwrap().starts_with(pack), "{name}");
    }
    assert_eq!(node(&document, "n.rest")["cause"], "n.bad");
    assert!(node(&document, "n.bad").get("cause").is_none());
}

#[test]
fn a_file_used_for_each_item_is_one_node_to_look_at() {
    let scratch = workflow(
        r#"terrace: 1
packs: { math: "^0.1" }
nodes:
  one: { task: math/add, with: { x: 1, y: 1 } }
  many: { use: part.yaml, with: { x: "${item}", y: "${one}" }, map: { over: [1, 2] } }
  rounds: { use: part.yaml, with: { x: "${n}", y: 1 }, loop: { carry: { n: { start: 0, next: "${rounds}" } }, max: 2 } }
outputs: { many: "${many}", rounds: "${rounds}" }
"#,
    );
    let part = r#"terrace: 1
packs: { math: "^0.1" }
inputs: { x: i64, y: i64 }
nodes:
  s: { task: math/add, with: { x: "${inputs.x}", y: "${inputs.y}" } }
  t: { task: math/add, with: { x: "${s}", y: "${inputs.y}" } }
output: "${t}"
"#;
    std::fs::write(scratch.folder.path().join("part.yaml"), part).unwrap();
    let document = scratch.json(&[]);
    assert_eq!(document["status"], "succeeded", "{document}");
    let nodes = document["nodes"].as_array().unwrap();
    let names: BTreeSet<&str> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
    let expected = [
        "many",
        "many[0]",
        "many[0].s",
        "many[0].t",
        "many[1]",
        "many[1].s",
        "many[1].t",
        "one",
        "rounds",
        "rounds[0]",
        "rounds[0].s",
        "rounds[0].t",
        "rounds[1]",
        "rounds[1].s",
        "rounds[1].t",
    ];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    let graph = |format: &str| {
        let file = scratch.file.to_str().unwrap();
        terrace_tests::terrace(&["graph", file, "-f", format]).stdout
    };
    insta::assert_snapshot!(graph("levels"), @"
    Level 0: add, rounds (2 parallel)
      rounds, loop ×2 (part.yaml):
        Level 0: add (1 parallel)
        Level 1: add (1 parallel)
    Level 1: many ×2 (2 parallel)
      many ×2 (part.yaml):
        Level 0: add (1 parallel)
        Level 1: add (1 parallel)
    ");
    insta::assert_snapshot!(graph("dot"), @r#"
    digraph "workflow" {
      rankdir=TB;
      compound=true;
      "one" [label="add" tooltip="one (level 0)"];
      subgraph "cluster_many" {
        label="many ×2 (part.yaml)" labeljust=l tooltip="many (level 1)";
        style="rounded,filled" fillcolor=lightblue;
        node [style=filled fillcolor=white];
        "many.s" [label="add" tooltip="many.s (level 0)"];
        "many.t" [label="add" tooltip="many.t (level 1)"];
      }
      subgraph "cluster_rounds" {
        label="rounds, loop ×2 (part.yaml)" labeljust=l tooltip="rounds (level 0)";
        style="rounded,filled" fillcolor=lightblue;
        node [style=filled fillcolor=white];
        "rounds.s" [label="add" tooltip="rounds.s (level 0)"];
        "rounds.t" [label="add" tooltip="rounds.t (level 1)"];
      }
      "one" -> "many.s";
      "one" -> "many.t";
      "many.s" -> "many.t";
      "rounds.s" -> "rounds.t";
    }
    "#);
}

#[test]
fn an_error_inside_a_used_file_names_each_place_once() {
    let scratch = workflow(
        "terrace: 1\nnodes:\n  many: { use: part.yaml, with: { x: \"${item}\" }, map: { over: [1] } }\n\
         outputs: { many: \"${many}\" }\n",
    );
    std::fs::write(scratch.folder.path().join("part.yaml"), PART).unwrap();
    let document = scratch.json(&[]);
    assert_eq!(node(&document, "many")["error"]["message"], "many[0]: bad: no");
    assert_eq!(node(&document, "many[0].rest")["cause"], "many[0].bad");
}

/// A map of so many in a map of so many, and a loop of as many passes.
fn nested(width: u64, passes: u64) -> String {
    format!(
        r#"terrace: 1
packs: {{ util: "^0.1", math: "^0.1" }}
nodes:
  range: {{ task: util/range, with: {{ stop: {width} }} }}
  outer:
    map: {{ over: "${{range}}", as: x }}
    nodes:
      inner: {{ task: math/add, with: {{ x: "${{x}}", y: "${{y}}" }}, map: {{ over: "${{range}}", as: y }} }}
    output: "${{inner}}"
  rounds:
    loop: {{ carry: {{ n: {{ start: 0, next: "${{step}}" }} }}, max: {passes} }}
    nodes:
      step: {{ task: math/add, with: {{ x: "${{n}}", y: 1 }} }}
    output: "${{step}}"
outputs: {{ rounds: "${{rounds}}", outer: "${{outer}}" }}
"#
    )
}

#[test]
fn of_much_inside_the_first_ten_thousand_are_told_however_it_is_nested() {
    let scratch = workflow(&nested(100, 3_000));
    let brief = scratch.json(&[]);
    let inside = |document: &serde_json::Value| {
        let nodes = document["nodes"].as_array().unwrap();
        nodes.iter().filter(|node| node["name"].as_str().unwrap().contains('[')).count() as u64
    };
    assert_eq!(inside(&brief), 10_000);
    let full = scratch.run(&["--json=full"]);
    let full: serde_json::Value = serde_json::from_str(&full.stdout).unwrap();
    assert_eq!(brief["nodes_not_shown"], inside(&full) - 10_000);
    assert!(full.get("nodes_not_shown").is_none());
    assert_eq!(full["outputs"], brief["outputs"]);
    assert_eq!(node(&full, "outer[99].inner")["items"]["total"], 100);
}

#[test]
fn what_ran_inside_stands_in_the_order_of_the_paths() {
    let scratch = workflow(&nested(12, 11));
    let names = |workers: &str| -> Vec<String> {
        let document = scratch.json(&["--workers", workers]);
        let nodes = document["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
    };
    let alone = names("1");
    assert_eq!(alone, names("4"));
    let after = |name: &str| {
        let at = alone.iter().position(|other| other == name).unwrap();
        alone[at + 1].as_str()
    };
    assert_eq!(after("outer[1].inner[11]"), "outer[2].inner");
    assert_eq!(after("outer[2].inner[9]"), "outer[2].inner[10]");
    assert_eq!(after("rounds[9].step"), "rounds[10].step");
}

#[test]
fn a_task_that_gives_a_workflow_for_each_item_is_one_node_to_look_at() {
    let scratch = workflow(
        r#"terrace: 1
packs: { queens: "^0.1" }
nodes:
  m: { task: queens/solve, with: { n: "${n}" }, map: { over: [4, 5], as: n, key: "q.${n}" } }
outputs: { m: "${m}" }
"#,
    );
    let document = scratch.json(&[]);
    assert_eq!(document["status"], "succeeded", "{document}");
    node(&document, r#"m["q.4"].column_0"#);
    let nodes = document["nodes"].as_array().unwrap();
    let mut names: Vec<&str> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("].m")), "{names:?}");
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    let little = scratch.run(&["--max-grown", "1"]);
    assert!(little.stderr.contains("`--max-grown` says how many"), "{}", little.stderr);
    assert!(!little.stderr.contains("m: tasks gave"), "{}", little.stderr);
}
