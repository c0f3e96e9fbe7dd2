//! What a workflow looks like as text.

use terrace_core::{NoTasks, Workflow, WorkflowBuilder};

fn prepare() -> i64 {
    1
}
fn process(x: i64) -> i64 {
    x
}
fn merge(x: i64, y: i64) -> i64 {
    x + y
}

fn diamond() -> Workflow {
    let wf = WorkflowBuilder::new("a \"quoted\" name");
    let a = wf.call(prepare, ());
    let b = wf.call(process, (&a,));
    let c = wf.call(process, (&a,)).after(&b).labelled("second <look>");
    let d = wf.call(merge, (&b, &c));
    wf.output("sum", &d);
    wf.build(&NoTasks).unwrap()
}

#[test]
fn levels_are_counted_by_task() {
    let wf = WorkflowBuilder::new("fan");
    let a = wf.call(prepare, ());
    for _ in 0..5 {
        let _ = wf.call(process, (&a,));
    }
    let wf = wf.build(&NoTasks).unwrap();
    insta::assert_snapshot!(wf.to_levels_text(), @r"
    Level 0: prepare (1 parallel)
    Level 1: process ×5 (5 parallel)
    ");
}

#[test]
fn dot_marks_outputs_and_edges_without_a_value() {
    insta::assert_snapshot!(diamond().to_dot(), @r#"
    digraph "a \"quoted\" name" {
      rankdir=TB;
      "prepare" [label="prepare" tooltip="prepare (level 0)"];
      "process" [label="process" tooltip="process (level 1)"];
      "process_2" [label="second <look>" tooltip="process_2 (level 2)"];
      "merge" [label="merge" tooltip="merge (level 3)" style=filled fillcolor=lightblue];
      "prepare" -> "process";
      "prepare" -> "process_2";
      "process" -> "process_2" [style=dashed];
      "process" -> "merge";
      "process_2" -> "merge";
    }
    "#);
}

#[test]
fn mermaid_escapes_its_labels() {
    insta::assert_snapshot!(diamond().to_mermaid(), @r#"
    flowchart TB
      n0["prepare"]
      n1["process"]
      n2["process_2<br/>second &lt;look&gt;"]
      n3["merge"]
      n0 --> n1
      n0 --> n2
      n1 -.-> n2
      n1 --> n3
      n2 --> n3
      classDef output fill:lightblue
      class n3 output
    "#);
}

#[test]
fn json_has_one_entry_per_node() {
    let graph = diamond().to_graph_json();
    assert_eq!(graph["levels"], 4);
    assert_eq!(graph["nodes"][2]["dependencies"], serde_json::json!(["prepare", "process"]));
    assert_eq!(graph["nodes"][2]["after"], serde_json::json!(["process"]));
    assert_eq!(graph["nodes"][3]["output"], true);
}

#[test]
fn json_tells_what_is_said_of_maps_and_loops() {
    let text = r#"terrace: 1
nodes:
  m: { map: { over: [1, 2], as: v, key: "k${v}", window: 4, chunk: 2, collect: outcomes }, task: t/num, with: { x: "${v}" } }
  s: { map: { over: [1, 2], as: v, reduce: t/add }, task: t/num, with: { x: "${v}" } }
  l: { loop: { max: 3 }, task: t/any, run_if: always }
"#;
    let workflow = crate::file_catalog::load(terrace_core::Format::Yaml, text).unwrap();
    let graph = workflow.to_graph_json();
    let told = |at: usize, key: &str| graph["nodes"][at][key].to_string();
    let keys = ["reduce", "key", "collect", "window", "chunk", "max", "run_if"];
    let all = |at: usize| keys.map(|key| told(at, key)).join(" ");
    assert_eq!(all(0), r#"null "k${v}" "outcomes" 4 2 null null"#);
    assert_eq!(all(1), r#""t/add" null null null null null null"#);
    assert_eq!(all(2), r#"null null null null null 3 "always""#);
}
