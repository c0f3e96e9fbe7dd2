//! Reading WfFormat of all versions, and what is said of instances that are wrong.

use std::time::Duration;

use terrace_core::{Draft, Format, Problems, Source};
use terrace_forecast::wfformat::{Body, Instance};

use crate::generate::workflow_of;

/// Version 1.5: graph and times apart.
const NEW: &str = r#"{
  "name": "fetch and join", "schemaVersion": "1.5",
  "workflow": {
    "specification": {
      "tasks": [
        {"name": "get_ID01", "id": "get_ID01", "parents": [], "children": ["join 1"], "inputFiles": ["a"]},
        {"name": "get_ID02", "id": "get_ID02", "parents": [], "children": ["join 1"]},
        {"name": "join", "id": "join 1", "parents": ["get_ID01", "get_ID02"], "children": []}
      ],
      "files": [{"id": "a", "sizeInBytes": 1}]
    },
    "execution": {
      "makespanInSeconds": 4.5,
      "tasks": [
        {"id": "join 1", "runtimeInSeconds": 0.5, "coreCount": 2, "machines": ["m"]},
        {"id": "get_ID02", "runtimeInSeconds": 3},
        {"id": "get_ID01", "runtimeInSeconds": 2.25}
      ],
      "machines": [{"nodeName": "m"}]
    }
  }
}"#;

/// Version 1.4: one list, `runtimeInSeconds` in place.
const OLDER: &str = r#"{
  "name": "fetch and join", "schemaVersion": "1.4",
  "workflow": {
    "makespanInSeconds": 4.5,
    "tasks": [
      {"name": "get", "id": "get_ID01", "type": "compute", "runtimeInSeconds": 2.25, "parents": [], "children": ["join 1"]},
      {"name": "get", "id": "get_ID02", "type": "compute", "runtimeInSeconds": 3, "parents": [], "children": ["join 1"]},
      {"name": "join", "id": "join 1", "runtimeInSeconds": 0.5, "parents": ["get_ID01", "get_ID02"], "children": []}
    ]
  }
}"#;

/// Version 1.3: `runtime`, and parents by name.
const OLD: &str = r#"{
  "name": "fetch and join", "schemaVersion": "1.3",
  "workflow": {
    "makespan": 4.5,
    "tasks": [
      {"name": "get_ID01", "id": "1", "type": "compute", "runtime": 2.25, "parents": [], "files": []},
      {"name": "get_ID02", "id": "2", "type": "compute", "runtime": 3, "parents": []},
      {"name": "join 1", "id": "3", "runtime": 0.5, "parents": ["get_ID01", "get_ID02"]}
    ]
  }
}"#;

/// Before that: jobs, which have names alone.
const OLDEST: &str = r#"{
  "name": "fetch and join", "schemaVersion": "1.0",
  "workflow": {
    "makespan": 4.5,
    "jobs": [
      {"name": "get_ID01", "type": "compute", "runtime": 2.25, "parents": [], "cores": 1},
      {"name": "get_ID02", "runtime": 3, "parents": []},
      {"name": "join 1", "runtime": 0.5, "parents": ["get_ID01", "get_ID02"]}
    ]
  }
}"#;

#[test]
fn all_versions_say_the_same() {
    for text in [NEW, OLDER, OLD, OLDEST] {
        assert!(Instance::is_one(text));
        let instance = Instance::read("x.json", text).unwrap();
        assert_eq!(instance.name.as_deref(), Some("fetch and join"));
        assert_eq!(instance.makespan, Some(Duration::from_millis(4_500)));
        let runtimes: Vec<u128> =
            instance.tasks.iter().map(|task| task.runtime.as_millis()).collect();
        assert_eq!(runtimes, [2_250, 3_000, 500]);
        let parents: Vec<&[u32]> = instance.tasks.iter().map(|task| &task.parents[..]).collect();
        assert_eq!(parents, [&[][..], &[], &[0, 1]]);
        assert_eq!(workflow_of(&instance).levels().len(), 2);
    }
    assert!(!Instance::is_one(r#"{"terrace": 1, "nodes": {}}"#));
    assert!(!Instance::is_one("{"));
}

#[test]
fn an_imported_file_is_the_same_workflow() {
    let instance = Instance::read("x.json", NEW).unwrap();
    let text = instance.draft(Body::Sleep, 0.5).unwrap().write(Format::Yaml).unwrap();
    insta::assert_snapshot!(text, @r#"
    terrace: 1
    name: "fetch and join"
    packs: { util: "^0.1" }
    nodes:
      get_ID01:
        task: util/sleep
        with: { seconds: 1.125 }
        lane: compute
        expected: "1s 125ms"
      get_ID02:
        task: util/sleep
        with: { seconds: 1.5 }
        lane: compute
        expected: "1s 500ms"
      join_1:
        task: util/sleep
        with: { seconds: 0.25 }
        after: [get_ID01, get_ID02]
        lane: compute
        expected: "250ms"
        label: "join 1"
    "#);
    let read = Draft::read(&Source::new("x.yaml", text, Format::Yaml)).unwrap();
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let spin = instance.draft(Body::Spin, 2.0).unwrap().write(Format::Json).unwrap();
    assert!(spin.contains("util/spin") && spin.contains("4500000"), "{spin}");
    assert!(instance.draft(Body::Sleep, 0.0).is_err());
    assert!(instance.draft(Body::Sleep, f64::NAN).is_err());
    assert!(instance.draft(Body::Sleep, 1e12).unwrap_err().to_string().contains("ten years"));
}

#[test]
fn names_are_valid_and_no_two_are_the_same() {
    let ids =
        ["a b", "a.b", "a_b", "a_b_2", "1", "", "inputs", "ü", &"x".repeat(300), &"x".repeat(301)];
    let tasks = ids.iter().map(|id| {
        let id = if id.is_empty() { "-" } else { id };
        format!(r#"{{"id": "{id}", "runtime": 1, "parents": []}}"#)
    });
    let text = format!(r#"{{"workflow": {{"tasks": [{}]}}}}"#, tasks.collect::<Vec<_>>().join(","));
    let instance = Instance::read("x.json", &text).unwrap();
    let draft = instance.draft(Body::Nothing, 1.0).unwrap();
    let names: Vec<&str> = draft.nodes.iter().map(|node| node.name.as_deref().unwrap()).collect();
    assert_eq!(names[..8], ["a_b", "a_b_2", "a_b_3", "a_b_2_2", "_1", "_-", "_inputs", "_"]);
    assert!(names.iter().all(|name| terrace_core::is_name(name)));
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    assert_eq!(draft.nodes[1].label.as_deref(), Some("a.b"));
    assert_eq!(workflow_of(&instance).nodes().len(), ids.len());
}

fn wrong(text: &str) -> String {
    let problems: Problems = Instance::read("x.json", text).unwrap_err();
    problems.to_string()
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = r#"{"workflow": {
      "specification": {"tasks": [
        {"id": "a", "parents": ["c"]},
        {"id": "b", "parents": ["a", "nobody"], "children": ["c", "none"]},
        {"id": "c"},
        {"id": "a", "parents": []},
        {"parents": []},
        {"id": "d", "parents": ["d"]}
      ]},
      "execution": {"tasks": [
        {"id": "a", "runtimeInSeconds": 1}, {"id": "b", "runtimeInSeconds": -1},
        {"id": "c"}, {"id": "d", "runtimeInSeconds": 1e300}, {"id": "e", "runtimeInSeconds": 1},
        {"id": "a", "runtimeInSeconds": 2}
      ]}
    }}"#;
    insta::assert_snapshot!(wrong(text), @r"
    at `x.json: workflow.specification.tasks[3].id`: `a` is the id of workflow.specification.tasks[0] too (give one of them another id)
    at `x.json: workflow.specification.tasks[4]`: it has neither `id` nor `name` (give it an id)
    at `x.json: workflow.execution.tasks[4]`: there is no task `e` (`workflow.specification.tasks` has all tasks)
    at `x.json: workflow.execution.tasks[5]`: the time of `a` is told twice (remove one of them)
    at `x.json: workflow.specification.tasks[1].runtime`: -1.0 s is no time that `b` can have taken (it must be from 0 to 3652d 12h)
    at `x.json: workflow.specification.tasks[2]`: `c` has no runtime (`runtimeInSeconds` says how long it took)
    at `x.json: workflow.specification.tasks[5].runtime`: 1e300 s is no time that `d` can have taken (it must be from 0 to 3652d 12h)
    at `x.json: workflow.specification.tasks[1].parents[1]`: there is no task `nobody`
    at `x.json: workflow.specification.tasks[1].children[1]`: there is no task `none`
    at `x.json: workflow.specification.tasks[1].parents`: tasks depend on each other: b → c → a → b (remove one of these edges)
    at `x.json: workflow.specification.tasks[5].parents`: tasks depend on each other: d → d (remove one of these edges)
    ");
}

#[test]
fn what_is_no_instance_is_told_as_such() {
    insta::assert_snapshot!(wrong("{"), @"x.json: this is no WfFormat instance: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(wrong("[]"), @"x.json: this is no WfFormat instance: invalid length 0, expected struct File with 2 elements at line 1 column 2");
    insta::assert_snapshot!(wrong("{}"), @"");
    insta::assert_snapshot!(wrong(r#"{"workflow": {}}"#), @"");
    insta::assert_snapshot!(wrong(r#"{"workflow": {"tasks": [{"id": 3}]}}"#), @"");
}

#[test]
fn of_many_problems_the_first_are_told_and_the_others_counted() {
    let tasks = vec![r#"{"id": "same", "runtime": 1}"#; 151].join(",");
    let text = wrong(&format!(r#"{{"workflow": {{"tasks": [{tasks}]}}}}"#));
    assert_eq!(text.lines().count(), 101);
    assert!(text.ends_with("50 more problems of x.json"), "{text}");
}
