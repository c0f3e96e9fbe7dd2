//! Odd values go through pack, file and JSON as they are, or are refused with a typed error.

use terrace::core::{Value, value_from_json, value_to_json};
use terrace::prelude::*;
use terrace_tests::built;

use crate::crates::{PACK, build, package};
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
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r"error: input `x`: expected any in JSON, found `[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…`: value nests deeper than 256 levels at line 1 column 260");
}

/// Tasks that nest as deep as they are told, in each way that a pack has.
const NEST_LIB: &str = r#"use std::mem::take;

use serde::{ser::SerializeSeq, Serialize, Serializer};
use terrace_plugin_api::{export_pack, task, to_value, PortError, PortType, Schema, TaskError, Value};

/// As an author writes it: list in list, and `?`.
#[task(pure)]
pub fn lists(depth: u64) -> Result<Value, TaskError> {
    let mut value = Value::Null;
    for _ in 0..depth {
        value = Value::list(vec![value])?;
    }
    Ok(value)
}

/// Maps, and an author who is sure of himself.
#[task(pure)]
pub fn maps(depth: u64) -> Value {
    (0..depth).fold(Value::Null, |value, _| Value::map([("in", value)]).unwrap())
}

/// A type of the author's that nests without a limit of its own.
#[derive(Default)]
pub struct Nest(Option<Box<Nest>>);

impl Nest {
    fn of(depth: u64) -> Self {
        (0..depth).fold(Self::default(), |nest, _| Self(Some(Box::new(nest))))
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        let mut next = take(&mut self.0);
        while let Some(mut nest) = next {
            next = take(&mut nest.0);
        }
    }
}

impl Serialize for Nest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        if let Some(nest) = &self.0 {
            list.serialize_element(&**nest)?;
        }
        list.end()
    }
}

impl PortType for Nest {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(_: Value) -> Result<Self, PortError> {
        Ok(Self::default())
    }
    fn into_value(self) -> Result<Value, PortError> {
        to_value(&self).map_err(|error| PortError::msg(error))
    }
}

/// The same through serde, one list more.
#[task(pure)]
pub fn nests(depth: u64) -> Nest {
    Nest::of(depth.saturating_sub(1))
}

/// How deep a value is.
#[task(pure)]
pub fn depth(value: &Value) -> u64 {
    let (mut value, mut depth) = (value, 0);
    loop {
        value = match value {
            Value::List(list) => match list.first() {
                Some(item) => item,
                None => return depth + 1,
            },
            Value::Map(map) => match map.get("in") {
                Some(item) => item,
                None => return depth + 1,
            },
            _ => return depth,
        };
        depth += 1;
    }
}

export_pack! { name: nest, tasks: [lists, maps, nests, depth] }
"#;

#[test]
fn a_pack_nests_256_deep_and_no_deeper() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = package("their-nest", "0.1.0", "2021") + PACK + "serde = \"1\"\n";
    let packs = build(folder.path(), &manifest, "lib.rs", NEST_LIB);
    let packs = ["--packs", packs.to_str().unwrap()];
    let scratch = workflow(
        r#"terrace: 1
packs: { nest: "^0.1" }
inputs: { depth: u64 }
nodes:
  lists: { task: nest/lists, with: { depth: "${inputs.depth}" } }
  maps: { task: nest/maps, with: { depth: "${inputs.depth}" } }
  nests: { task: nest/nests, with: { depth: "${inputs.depth}" } }
  in_lists: { task: nest/depth, with: { value: "${lists}" } }
  in_maps: { task: nest/depth, with: { value: "${maps}" } }
  in_nests: { task: nest/depth, with: { value: "${nests}" } }
outputs: { of: ["${in_lists}", "${in_maps}", "${in_nests}"], lists: "${lists}" }
"#,
    );
    let ran = scratch.run(&[packs[0], packs[1], "-i", "depth=256", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut reader = serde_json::Deserializer::from_str(&ran.stdout);
    reader.disable_recursion_limit();
    let document: serde_json::Value = reader.into_iter().next().unwrap().unwrap();
    assert_eq!(document["outputs"]["of"], serde_json::json!([256, 256, 256]));
    let mut inner = &document["outputs"]["lists"];
    for _ in 0..256 {
        inner = &inner[0];
    }
    assert!(inner.is_null());

    let mut errors = String::new();
    for depth in ["257", "100000"] {
        let input = format!("depth={depth}");
        let ran = scratch.run(&[packs[0], packs[1], "-i", &input, "--json"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        for error in crate::support::document(&ran)["errors"].as_array().unwrap() {
            if let Some(node) = error["node"].as_str() {
                errors += &format!("{depth} {node}: {}\n", error["message"].as_str().unwrap());
            }
        }
    }
    // The way down to where it is too deep, cut short.
    while errors.contains("[0][0]") {
        errors = errors.replace("[0][0]", "[0]");
    }
    insta::assert_snapshot!(errors, @r"
    257 lists: value nests deeper than 256 levels
    257 maps: called `Result::unwrap()` on an `Err` value: TooDeep
    257 nests: output: at [0]: value nests deeper than 256 levels
    100000 lists: value nests deeper than 256 levels
    100000 maps: called `Result::unwrap()` on an `Err` value: TooDeep
    100000 nests: output: at [0]: value nests deeper than 256 levels
    ");
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
