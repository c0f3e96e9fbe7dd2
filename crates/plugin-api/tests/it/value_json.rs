//! Values as JSON: `parse(print(v)) == v`, and what is refused.

use serde::Deserialize;
use serde_json::json;
use terrace_plugin_api::{Array, Ext, Value, MAX_DEPTH};

use crate::value_gen::for_random_values;

fn print(value: &Value) -> String {
    serde_json::to_string(value).unwrap()
}

/// Reads JSON of any depth, as those do who trust us to count.
fn parse(text: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn random_values_come_back() {
    for_random_values(5000, |_, value| {
        let text = print(&value);
        assert_eq!(parse(&text).unwrap(), value, "{}", text);
        // Also through a tree, whose maps are sorted.
        let tree = serde_json::to_value(&value).unwrap();
        assert_eq!(serde_json::from_value::<Value>(tree).unwrap(), value);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(parse(&pretty).unwrap(), value);
    });
}

#[test]
fn the_forms_are_fixed() {
    let array = Array::with_shape(&[1i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    let value = Value::list(vec![
        Value::Null,
        Value::from(u64::MAX),
        Value::F64(1.0),
        Value::F64(-0.0),
        Value::F64(f64::NAN),
        Value::F64(f64::INFINITY),
        Value::F64(f64::NEG_INFINITY),
        Value::from(b"foob".to_vec()),
        Value::Array(array),
        Value::map([("$bytes", Value::I64(1))]).unwrap(),
        Value::map([("$$", Value::I64(1))]).unwrap(),
        Value::map([("$bytes", Value::I64(1)), ("$", Value::I64(2))]).unwrap(),
    ])
    .unwrap();
    let expected = concat!(
        r#"[null,18446744073709551615,1.0,-0.0,{"$f64":"NaN"},{"$f64":"inf"},{"$f64":"-inf"},"#,
        r#"{"$bytes":"Zm9vYg=="},"#,
        r#"{"$array":{"dtype":"i32","shape":[2,3],"data":"AQAAAAIAAAADAAAABAAAAAUAAAAGAAAA"}},"#,
        r#"{"$$bytes":1},{"$$$":1},{"$bytes":1,"$":2}]"#,
    );
    assert_eq!(print(&value), expected);
    assert_eq!(parse(expected).unwrap(), value);
}

#[test]
fn maps_keep_the_order_of_the_text() {
    let text = r#"{"b":1,"a":2,"c":{"z":0,"y":0}}"#;
    assert_eq!(print(&parse(text).unwrap()), text);
}

#[test]
fn forms_that_do_not_exist_are_refused() {
    assert_eq!(
        refused(r#"{"$date": "2026-11-21"}"#),
        "`$date` is no form of a value; a map with this one key is written `$$date` \
         at line 1 column 23"
    );
    for text in [
        r#"{"$": 1}"#,
        r#"{"$f64": "nan"}"#,
        r#"{"$f64": 1.5}"#,
        r#"{"$bytes": "Zg"}"#,
        r#"{"$bytes": "Z g="}"#,
        r#"{"$bytes": [1]}"#,
        r#"{"$array": []}"#,
        r#"{"$array": {"dtype": "f64", "shape": [1]}}"#,
        r#"{"$array": {"dtype": "f16", "shape": [1], "data": "AAA="}}"#,
        r#"{"$array": {"dtype": "u8", "shape": [2], "data": "AA=="}}"#,
        r#"{"$array": {"dtype": "i32", "shape": [1], "data": "AAAAAAA="}}"#,
        r#"{"$array": {"dtype": "u8", "shape": [-1], "data": ""}}"#,
        r#"{"$array": {"dtype": "u8", "shape": [18446744073709551615, 8], "data": ""}}"#,
        r#"{"$array": {"dtype": "u8", "shape": [0], "data": "", "more": 1}}"#,
    ] {
        assert!(refused(text).contains('$'), "{}: {}", text, refused(text));
    }
}

#[test]
fn duplicate_keys_are_refused() {
    assert!(refused(r#"{"a": 1, "b": 2, "a": 3}"#).starts_with("key \"a\" appears twice"));
    assert!(refused(r#"{"$bytes": "", "$bytes": ""}"#).starts_with("key \"$bytes\" appears twice"));
}

#[test]
fn an_opaque_value_is_what_it_becomes_or_refused_by_name() {
    struct Circuit;
    let ext = Value::Ext(Ext::serializable((1, "x")));
    assert_eq!(print(&Value::list(vec![ext]).unwrap()), r#"[[1,"x"]]"#);
    let error = serde_json::to_string(&Value::Ext(Ext::new(Circuit))).unwrap_err().to_string();
    assert!(error.contains("Circuit` cannot become data"), "{}", error);
}

#[test]
fn a_panic_while_an_opaque_value_becomes_data_is_a_refusal() {
    struct Panics;
    impl serde::Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            std::panic::resume_unwind(Box::new("on purpose"))
        }
    }
    assert_eq!(Ext::serializable(Panics).to_value(), None);
}

#[test]
fn depth_is_counted_on_the_way_down() {
    let limit = usize::from(MAX_DEPTH);
    let lists = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let maps = |levels: usize| format!("{}0{}", r#"{"x":"#.repeat(levels), "}".repeat(levels));
    assert_eq!(parse(&lists(limit)).unwrap().depth(), MAX_DEPTH);
    assert_eq!(parse(&maps(limit)).unwrap().depth(), MAX_DEPTH);
    for levels in [limit + 1, limit + 2, limit + 5, 100_000] {
        for text in [lists(levels), maps(levels)] {
            assert!(refused(&text).starts_with("value nests deeper than 256 levels"));
        }
    }
}

#[test]
fn forms_inside_the_deepest_list_come_back() {
    for inner in
        [Value::F64(f64::NAN), Value::from(vec![1u8, 2]), Value::Array(Array::from_slice(&[1.5]))]
    {
        let mut value = inner;
        for _ in 1..MAX_DEPTH {
            value = Value::list(vec![value]).unwrap();
        }
        value = Value::map([("$x", value)]).unwrap();
        assert_eq!(value.depth(), MAX_DEPTH);
        assert_eq!(parse(&print(&value)).unwrap(), value);
    }
}

#[test]
fn other_formats_give_what_json_gives() {
    let value: Value = serde_json::from_value(json!({"a": [1, -1, 1.5, null, true, "x"]})).unwrap();
    assert_eq!(value.get("a").and_then(|list| list.index(2)), Some(&Value::F64(1.5)));
    assert_eq!(value.get("b"), None);
    assert_eq!(value.index(0), None);
}
