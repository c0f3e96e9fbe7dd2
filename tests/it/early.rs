//! The early end of a run: what comes after it runs where the run was not to end there.

use serde_json::json;

use crate::support::{node, workflow};

const STEPS: &str = r#"terrace: 1
packs: { util: "^0.1" }
inputs: { stop: bool }
nodes:
  flow:
    steps:
      - { name: peek, task: util/identity, with: { value: 1 } }
      - { name: leave, succeed: true, when: "${inputs.stop}" }
      - { name: toil, task: util/identity, with: { value: 2 } }
    output: "${toil}"
steps:
  - { name: look, task: util/identity, with: { value: 1 } }
  - { name: done, succeed: true, when: "${inputs.stop}" }
  - { name: work, task: util/identity, with: { value: 2 } }
outputs: { worked: ["${work}", "${flow}"] }
"#;

#[test]
fn steps_after_an_early_end_run_where_its_condition_does_not_hold() {
    let scratch = workflow(STEPS);
    for order in ["dataflow", "levels"] {
        for workers in ["1", "2"] {
            let args = ["--order", order, "--workers", workers];
            let went_on = scratch.json(&[&args[..], &["-i", "stop=false"]].concat());
            assert_eq!(went_on["status"], "succeeded");
            assert_eq!(went_on["outputs"], json!({ "worked": [2, 2] }), "{went_on}");
            assert_eq!(node(&went_on, "done")["status"], "skipped");
            assert_eq!(node(&went_on, "work")["status"], "ok");

            let ended = scratch.json(&[&args[..], &["-i", "stop=true"]].concat());
            assert_eq!(ended["status"], "succeeded");
            assert_eq!(ended["outputs"]["worked"], json!([null, null]), "{ended}");
            assert_eq!(node(&ended, "work")["status"], "skipped");
        }
    }
}

#[test]
fn what_fails_before_an_early_end_stops_what_comes_after_it() {
    let text = STEPS
        .replacen("util/identity, with: { value: 1 }", "util/fail, with: { message: no luck }", 1)
        .replace("[\"${work}\", \"${flow}\"]", "\"${work}\"");
    let document = workflow(&text).json(&["-i", "stop=false"]);
    assert_eq!(document["status"], "failed");
    assert_eq!(node(&document, "flow")["status"], "failed");
    assert_eq!(document["outputs"], json!({ "worked": 2 }));
}
