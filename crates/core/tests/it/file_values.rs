//! Single values: JSON, the text of an input by its type, and files of inputs.

use terrace_core::{
    Format, Source, Type, Value, read_input, read_inputs, value_from_json, value_to_json,
    value_to_json_pretty,
};
use terrace_plugin_api::Array;

#[test]
fn json_reads_back_as_the_same_value() {
    let map = |key: &str, value: Value| Value::map([(key, value)]).unwrap();
    for (value, json) in [
        (Value::Null, "null"),
        (Value::from(u64::MAX), "18446744073709551615"),
        (Value::from(1.0), "1.0"),
        (Value::from(f64::NEG_INFINITY), r#"{"$f64":"-inf"}"#),
        (Value::from(&b"\0\xff"[..]), r#"{"$bytes":"AP8="}"#),
        (map("$x", Value::from(1)), r#"{"$$x":1}"#),
        (map("a b", Value::list(vec![Value::from("é\n")]).unwrap()), r#"{"a b":["é\n"]}"#),
    ] {
        assert_eq!(value_to_json(&value).unwrap(), json);
        assert_eq!(value_from_json(json).unwrap(), value);
        assert_eq!(value_from_json(&value_to_json_pretty(&value).unwrap()).unwrap(), value);
    }
    let pretty = value_to_json_pretty(&map("a", Value::from(1))).unwrap();
    assert_eq!(pretty, "{\n  \"a\": 1\n}");
}

#[test]
fn mistakes_in_json_have_a_place() {
    let mut lines = Vec::new();
    for text in [
        "",
        "[1,\n 2",
        "[1] 2",
        "{\"a\": 1, \"a\": 2}",
        "{\"$f64\": 1}",
        "{\"$foo\": 1}",
        "1e999",
        "nope",
    ] {
        let error = value_from_json(text).unwrap_err();
        lines.push(format!("{text:?}: {error}; {:?}", error.line_column()));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    "": EOF while parsing a value at line 1 column 1; Some((1, 1))
    "[1,\n 2": EOF while parsing a list at line 2 column 2; Some((2, 2))
    "[1] 2": trailing characters at line 1 column 5; Some((1, 5))
    "{\"a\": 1, \"a\": 2}": key "a" appears twice in one map at line 1 column 16; Some((1, 16))
    "{\"$f64\": 1}": `$f64` takes "NaN", "inf" or "-inf" at line 1 column 11; Some((1, 11))
    "{\"$foo\": 1}": `$foo` is no form of a value; a map with this one key is written `$$foo` at line 1 column 11; Some((1, 11))
    "1e999": number out of range at line 1 column 5; Some((1, 5))
    "nope": expected ident at line 1 column 2; Some((1, 2))
    "#);
}

#[test]
fn integers_beyond_64_bits_are_refused_and_never_rounded() {
    let long = "9".repeat(400);
    let mut lines = Vec::new();
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "{\"99999999999999999999\": \"\\\"99999999999999999999\",\n \"é\": [1.5, 99999999999999999999]}",
        &long,
        &format!("[1, {long}]"),
        "1e999",
    ] {
        let error = value_from_json(text).unwrap_err();
        lines.push(format!("{error}; {:?}", error.line_column()));
        // It is JSON, so it is no text either.
        assert!(read_input(text, &Type::Any).is_err(), "{text}");
        assert!(read_input(&format!("{text} bottles"), &Type::Any).is_ok(), "{text}");
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) at line 1 column 1; Some((1, 1))
    this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) at line 1 column 1; Some((1, 1))
    this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) at line 2 column 14; Some((2, 14))
    this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) at line 1 column 1; Some((1, 1))
    this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) at line 1 column 5; Some((1, 5))
    number out of range at line 1 column 5; Some((1, 5))
    ");
    assert_eq!(value_from_json("99999999999999999999.0").unwrap(), Value::from(1e20));
    assert_eq!(value_from_json("1E20").unwrap(), Value::from(1e20));
    assert_eq!(value_from_json("-9223372036854775808").unwrap(), Value::from(i64::MIN));
    let text = Value::from("99999999999999999999 bottles");
    assert_eq!(read_input("99999999999999999999 bottles", &Type::Any).unwrap(), text);
}

#[test]
fn deep_json_is_refused_and_not_followed() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "[{\"a\":".repeat(100_000)] {
        assert!(value_from_json(&text).unwrap_err().to_string().contains("deeper than 256"));
        assert!(read_input(&text, &Type::Any).unwrap_err().to_string().contains("deeper than 256"));
    }
    let deepest = format!("{}{}", "[".repeat(256), "]".repeat(256));
    assert_eq!(value_from_json(&deepest).unwrap().depth(), 256);
}

#[test]
fn an_input_is_read_by_its_type() {
    let list = |items: &[f64]| Value::list(items.iter().map(|&x| x.into()).collect()).unwrap();
    for (text, ty, expected) in [
        ("12", "str", Value::from("12")),
        ("", "str", Value::from("")),
        ("null", "str", Value::from("null")),
        ("null", "str?", Value::Null),
        ("", "i64?", Value::Null),
        ("7", "i64?", Value::from(7)),
        ("", "null", Value::Null),
        ("true", "bool", Value::from(true)),
        ("-9223372036854775808", "i64", Value::from(i64::MIN)),
        ("18446744073709551615", "u64", Value::from(u64::MAX)),
        ("18446744073709551615", "number", Value::from(u64::MAX)),
        ("3", "f64", Value::from(3.0)),
        ("1e-3", "f64", Value::from(0.001)),
        ("-inf", "f64", Value::from(f64::NEG_INFINITY)),
        ("NaN", "f64", Value::from(f64::NAN)),
        ("3", "number", Value::from(3)),
        ("3.0", "number", Value::from(3.0)),
        ("hé", "bytes", Value::from("hé".as_bytes())),
        ("[1.5, 2.5]", "list<f64>", list(&[1.5, 2.5])),
        ("{\"x\": 1.5}", "{x: f64, y?: str}", Value::map([("x", Value::from(1.5))]).unwrap()),
        ("{\"a\": 2}", "map<str, i64>", Value::map([("a", Value::from(2))]).unwrap()),
        ("hello", "any", Value::from("hello")),
        ("12", "any", Value::from(12)),
        ("\"12\"", "any", Value::from("12")),
        ("[1,", "any", Value::from("[1,")),
        ("", "any", Value::from("")),
        ("null", "any", Value::Null),
        ("Fast", "enum{Fast, Slow: {by: i64}}", Value::from("Fast")),
        ("\"Fast\"", "enum{Fast, Slow: {by: i64}}", Value::from("Fast")),
        (
            "{\"$array\": {\"dtype\": \"u8\", \"shape\": [2], \"data\": \"AQI=\"}}",
            "array<u8>",
            Value::from(Array::from_slice(&[1_u8, 2])),
        ),
    ] {
        let ty: Type = ty.parse().unwrap();
        let found = read_input(text, &ty).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(found, expected, "{text:?} as {ty}");
    }
}

#[test]
fn what_is_no_value_of_the_type_is_said() {
    let mut lines = Vec::new();
    for (text, ty) in [
        ("abc", "i64"),
        ("1.0", "i64"),
        ("9223372036854775808", "i64"),
        ("-1", "u64"),
        ("", "f64"),
        ("1e999", "f64"),
        ("yes", "bool"),
        ("abc", "i64?"),
        ("x", "number"),
        ("x", "null"),
        ("1,2", "list<f64>"),
        ("[1, \"a\"]", "list<f64>"),
        ("{\"y\": 1}", "{x: f64}"),
        ("[1, 2]", "map<str, i64>"),
        ("{\"$f64\": 1}", "any"),
        ("Medium", "enum{Fast, Slow: {by: i64}}"),
        ("\"Medium\"", "enum{Fast, Slow: {by: i64}}"),
        ("x", "ext<circuit>"),
    ] {
        let ty: Type = ty.parse().unwrap();
        let error = read_input(text, &ty).unwrap_err();
        lines.push(format!("{text}  {error}"));
        let masked = error.masked(&ty).to_string();
        assert!(!masked.contains("abc") && !masked.contains("Medium"), "{masked}");
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    abc  expected i64, found `abc`
    1.0  expected i64, found `1.0`
    9223372036854775808  expected i64, found `9223372036854775808`
    -1  expected u64, found `-1`
      expected f64, found an empty text
    1e999  expected f64, found `1e999`
    yes  expected `true` or `false`, found `yes`
    abc  expected i64, found `abc`
    x  expected a number, found `x`
    x  expected nothing or `null`, found `x`
    1,2  expected list<f64> in JSON, found `1,2`: trailing characters at line 1 column 2
    [1, "a"]  at [1]: expected f64, found a string
    {"y": 1}  expected a field `x`, found a map without it
    [1, 2]  expected map<str, i64>, found a list
    {"$f64": 1}  expected any in JSON, found `{\"$f64\": 1}`: `$f64` takes "NaN", "inf" or "-inf" at line 1 column 11
    Medium  expected enum{Fast, Slow: {by: i64}}, found `Medium`
    "Medium"  expected enum{Fast, Slow: {by: i64}}, found `Medium`
    x  a value of type ext<circuit> cannot be written as text
    "#);
}

#[test]
fn files_of_inputs_hold_plain_values_in_order() {
    let expected =
        "[(\"b\", \"${x} $${y}\"), (\"a\", [1, 2.5, {\"k\": true}]), (\"c\", <2 bytes>)]";
    for (format, text) in [
        (Format::Yaml, "b: '${x} $${y}'\na: [1, 2.5, { k: true }]\nc: { $bytes: aGk= }"),
        (Format::Toml, "b = '${x} $${y}'\na = [1, 2.5, { k = true }]\nc.\"$bytes\" = 'aGk='"),
        (
            Format::Json,
            r#"{"b": "${x} $${y}", "a": [1, 2.5, {"k": true}], "c": {"$bytes": "aGk="}}"#,
        ),
    ] {
        let inputs = read_inputs(&Source::new("inputs", text, format)).unwrap();
        assert_eq!(format!("{inputs:?}"), expected, "{format:?}");
    }
}

#[test]
fn files_of_inputs_say_all_that_is_wrong() {
    let said = |text: &str| {
        read_inputs(&Source::new("inputs", text, Format::Yaml)).unwrap_err().to_string()
    };
    insta::assert_snapshot!(said("a: { $foo: 1 }\nb: [{ $bytes: x }]\n'$f64': NaN"), @"
    inputs:1:6: `$foo` is no form of a value (a map with this one key is written `$$foo`)
    inputs:2:15: `$bytes` takes padded base64
    ");
    insta::assert_snapshot!(said("[1]"), @"inputs:1:1: the file of inputs: expected a map, found a list (a map without entries is written `{}`)");
    insta::assert_snapshot!(said(""), @"inputs:1:1: the file of inputs: expected a map, found null (a map without entries is written `{}`)");
}

#[test]
fn json_of_a_value_is_a_file_of_inputs() {
    let value = Value::map([
        ("a", Value::from(f64::NAN)),
        ("b", Value::map([("$x", Value::from("${"))]).unwrap()),
    ])
    .unwrap();
    let text = value_to_json(&value).unwrap();
    let inputs = read_inputs(&Source::new("inputs", text, Format::Json)).unwrap();
    assert_eq!(Value::map(inputs).unwrap(), value);
}
