//! Odd values go through pack, file and JSON as they are, or are refused with a typed error.

use terrace::core::{Value, value_from_json, value_to_json};
use terrace::prelude::*;
use terrace_tests::built;

use crate::support::workflow;

#[test]
fn odd_values_pass_through_a_file_a_pack_and_json() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
nodes:
  same:
    task: util/identity
    with:
      value:
        big: 18446744073709551615
        small: -9223372036854775808
        nan: .nan
        minus_zero: -0.0
        bytes: { $bytes: "AAEC/w==" }
        empty: {}
        none: null
        名前: ключ
        "an odd.key [0]": "$${not a reference}"
        emoji: "👩‍🚀"
outputs: { same: "${same}" }
"#,
    );
    let document = scratch.json(&[]);
    let same = &document["outputs"]["same"];
    assert_eq!(same["big"], u64::MAX);
    assert_eq!(same["small"], i64::MIN);
    assert_eq!(same["nan"], serde_json::json!({ "$f64": "NaN" }));
    assert!(same["minus_zero"].as_f64().unwrap().is_sign_negative());
    assert_eq!(same["bytes"], serde_json::json!({ "$bytes": "AAEC/w==" }));
    assert_eq!(same["empty"], serde_json::json!({}));
    assert_eq!(same["none"], serde_json::Value::Null);
    assert_eq!(same["名前"], "ключ");
    assert_eq!(same["an odd.key [0]"], "${not a reference}");
    assert_eq!(same["emoji"], "👩‍🚀");
    let read = value_from_json(&same.to_string()).unwrap();
    assert_eq!(value_from_json(&value_to_json(&read).unwrap()).unwrap(), read);
}

#[test]
fn a_value_nested_100_000_deep_is_refused_and_nothing_aborts() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let error = value_from_json(&deep).unwrap_err().to_string();
    assert!(error.contains("256"), "{error}");
    let scratch = workflow(&format!("terrace: 1\nnodes: {{}}\noutputs: {{ x: {deep} }}\n"));
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 2, "{}", &ran.stderr[..ran.stderr.len().min(500)]);
    let scratch =
        workflow("terrace: 1\ninputs: { x: any }\nnodes: {}\noutputs: { x: \"${inputs.x}\" }\n");
    let file = scratch.folder.path().join("deep");
    std::fs::write(&file, &deep).unwrap();
    let ran = scratch.run(&["-i", &format!("x=@{}", file.display())]);
    // Either refused, or taken as the text it is; never a crash.
    assert!(ran.code == 2 || ran.code == 0, "{} {}", ran.code, ran.stderr);
}

#[test]
fn a_list_of_ten_million_numbers_passes_through_a_pack() {
    let engine = Engine::builder().pack_folder(&built().packs).build().unwrap();
    let wf = engine.workflow("large");
    let list = wf.call(
        || Value::list((0..10_000_000_i64).map(Value::I64).collect()).unwrap_or_default(),
        (),
    );
    let sum = wf.task("math/sum").arg("values", &list).add();
    let same = wf.task("util/identity").arg("value", &list).add();
    let length = wf.task("util/length").arg("value", &same).add();
    wf.output("sum", &sum);
    wf.output("length", &length);
    let wf = engine.build(wf).unwrap();
    let report = engine.run(&wf, &RunRequest::new()).unwrap();
    assert_eq!(report.output("sum").unwrap().as_ref().unwrap(), &Value::I64(49_999_995_000_000));
    assert_eq!(report.output("length").unwrap().as_ref().unwrap(), &Value::I64(10_000_000));
}
