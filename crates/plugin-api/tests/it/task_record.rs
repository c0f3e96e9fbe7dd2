//! `derive(Record)`: the same data as serde's derive on the same type, both ways.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json as j;
use terrace_plugin_api::{from_value, to_value, PortType, Record, Value};

use crate::task_support::json;

/// Writes and reads through both, expects the same data.
fn same<T>(value: T, expected: serde_json::Value, schema: &str)
where
    T: PortType + Serialize + DeserializeOwned + Clone + PartialEq + Debug,
{
    let record = value.clone().into_value().unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), expected);
    assert_eq!(record, to_value(&value).unwrap());
    assert_eq!(T::from_value(record.clone()).unwrap(), value);
    assert_eq!(from_value::<T>(record).unwrap(), value);
    assert_eq!(T::SCHEMA.to_string(), schema);
}

/// Reads through both, expects the same value.
fn reads<T>(data: serde_json::Value, expected: T)
where
    T: PortType + DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(T::from_value(json(data.clone())).unwrap(), expected);
    assert_eq!(from_value::<T>(json(data)).unwrap(), expected);
}

/// Both refuse; the text is that of `Record`.
fn refuses<T: PortType + DeserializeOwned + Debug>(data: serde_json::Value, message: &str) {
    assert!(from_value::<T>(json(data.clone())).is_err());
    assert_eq!(T::from_value(json(data)).err().unwrap().to_string(), message);
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Point {
    x: f64,
    y: Option<String>,
    r#type: Vec<i64>,
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Unit;
#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Empty {}
#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Meters(f64);
#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Pair(i64, Meters);
#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(transparent)]
struct Clear {
    inner: Vec<i64>,
    #[serde(skip)]
    cache: Option<i64>,
}

#[test]
fn structs_are_maps() {
    same(
        Point { x: 0.5, y: None, r#type: vec![1] },
        j!({"x": 0.5, "y": null, "type": [1]}),
        "{x: f64, y?: str, type: list<i64>}",
    );
    reads(j!({"x": 0.5, "type": [], "more": 1}), Point { x: 0.5, y: None, r#type: vec![] });
    refuses::<Point>(j!({"x": 0.5}), "field `type` is missing");
    refuses::<Point>(j!({"x": "a", "type": []}), "at .x: expected a number, found a string");
    refuses::<Point>(j!("x"), "expected a map, found a string");
}

#[test]
fn other_structs_are_what_serde_makes_of_them() {
    same(Unit, j!(null), "null");
    same(Empty {}, j!({}), "{}");
    same(Meters(2.0), j!(2.0), "f64");
    same(Pair(1, Meters(2.0)), j!([1, 2.0]), "(i64, f64)");
    same(Clear { inner: vec![1], cache: None }, j!([1]), "list<i64>");
    refuses::<Pair>(j!([1, "a"]), "at [1]: expected a number, found a string");
    refuses::<Pair>(j!([1]), "expected a list of 2 items, found 1");
}

fn seven() -> i64 {
    7
}
fn is_zero(n: &i64) -> bool {
    *n == 0
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    first_name: String,
    #[serde(rename = "odd name", alias = "plain", alias = "older")]
    odd: i64,
    #[serde(default)]
    with_default: String,
    #[serde(default = "seven")]
    with_seven: i64,
    #[serde(skip)]
    hidden: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<bool>,
    #[serde(default, skip_serializing_if = "is_zero")]
    zero: i64,
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(default)]
struct AllDefault {
    a: i64,
    #[serde(default)]
    b: i64,
    c: Option<i64>,
}
impl Default for AllDefault {
    fn default() -> Self {
        Self { a: 5, b: 6, c: Some(7) }
    }
}

#[test]
fn attributes_of_fields_are_honoured() {
    let schema = "{firstName: str, \"odd name\": i64, withDefault?: str, withSeven?: i64, \
                  leftOut?: bool, zero?: i64}";
    let options = Options { first_name: "a".to_owned(), ..Options::default() };
    same(options, j!({"firstName": "a", "odd name": 0, "withDefault": "", "withSeven": 0}), schema);
    reads(
        j!({"firstName": "a", "older": 3, "leftOut": true}),
        Options {
            first_name: "a".to_owned(),
            odd: 3,
            with_seven: 7,
            left_out: Some(true),
            ..Options::default()
        },
    );
    refuses::<Options>(
        j!({"firstName": "a", "odd name": 1, "plain": 1}),
        "`odd name` and `plain` are the same field",
    );
    refuses::<Options>(
        j!({"firstName": "a", "odd name": 1, "hidden": 1}),
        "unknown field `hidden`, expected one of `firstName`, `odd name`, `plain`, `older`, \
         `withDefault`, `withSeven`, `leftOut`, `zero`",
    );
    same(
        AllDefault { a: 1, b: 2, c: None },
        j!({"a": 1, "b": 2, "c": null}),
        "{a?: i64, b?: i64, c?: i64}",
    );
    reads(j!({}), AllDefault { a: 5, b: 0, c: Some(7) });
}

#[test]
fn null_stands_for_a_default() {
    let data = json(j!({"a": null}));
    assert_eq!(AllDefault::from_value(data).unwrap(), AllDefault { a: 5, b: 0, c: Some(7) });
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
enum Shape {
    Point,
    Radius(f64),
    Corners(f64, f64),
    Circle { r: f64, label: Option<String> },
    Nothing(),
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(tag = "type", rename_all = "SCREAMING-KEBAB-CASE", rename_all_fields = "PascalCase")]
enum Inside {
    JustThis,
    Whole(Point),
    Void(Unit),
    #[serde(rename_all = "UPPERCASE", alias = "n")]
    Named {
        one_field: i64,
    },
    Other {
        one_field: i64,
    },
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(tag = "t", content = "c", rename_all = "snake_case")]
enum Beside {
    JustThis,
    One(Vec<i64>),
    Two(i64, i64),
    Maybe(Option<i64>),
    Fields {
        x: i64,
    },
    #[serde(skip)]
    #[allow(dead_code)]
    Hidden(std::time::Instant),
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
enum Strict {
    A { x: i64 },
}

#[test]
fn external_enums() {
    let schema =
        "enum{Point, Radius: f64, Corners: (f64, f64), Circle: {r: f64, label?: str}, Nothing: ()}";
    same(Shape::Point, j!("Point"), schema);
    same(Shape::Radius(1.0), j!({"Radius": 1.0}), schema);
    same(Shape::Corners(1.0, 2.0), j!({"Corners": [1.0, 2.0]}), schema);
    same(Shape::Nothing(), j!({"Nothing": []}), schema);
    same(
        Shape::Circle { r: 1.0, label: Some("a".to_owned()) },
        j!({"Circle": {"r": 1.0, "label": "a"}}),
        schema,
    );
    reads(j!({"Point": null}), Shape::Point);
    refuses::<Shape>(
        j!("Pint"),
        "unknown variant `Pint` (did you mean `Point`?), expected one of `Point`, `Radius`, `Corners`, \
         `Circle`, `Nothing`",
    );
    refuses::<Shape>(j!("Radius"), "the variant `Radius` comes with a value: {Radius: …}");
    refuses::<Shape>(j!({"Radius": "x"}), "at .Radius: expected a number, found a string");
    refuses::<Shape>(j!({"Circle": {"r": []}}), "at .Circle.r: expected a number, found a list");
    refuses::<Shape>(
        j!({"Point": null, "Radius": 1.0}),
        "expected a map whose only key is the variant's name, found one of 2 keys",
    );
    refuses::<Shape>(
        j!(1),
        "expected a variant's name, or a map with it as its key, found an integer",
    );
}

#[test]
fn internally_tagged_enums() {
    let schema = "enum(type){JUST-THIS, WHOLE: {x: f64, y?: str, type: list<i64>}, VOID: null, \
                  NAMED: {ONE_FIELD: i64}, OTHER: {OneField: i64}}";
    same(Inside::JustThis, j!({"type": "JUST-THIS"}), schema);
    same(Inside::Void(Unit), j!({"type": "VOID"}), schema);
    same(Inside::Named { one_field: 1 }, j!({"type": "NAMED", "ONE_FIELD": 1}), schema);
    same(Inside::Other { one_field: 1 }, j!({"type": "OTHER", "OneField": 1}), schema);
    reads(j!({"ONE_FIELD": 1, "type": "n", "more": 1}), Inside::Named { one_field: 1 });
    reads(j!({"type": "JUST-THIS", "more": 1}), Inside::JustThis);
    refuses::<Inside>(j!({"ONE_FIELD": 1}), "field `type`, which says the variant, is missing");
    refuses::<Inside>(
        j!({"type": "X"}),
        "at .type: unknown variant `X`, expected one of `JUST-THIS`, `WHOLE`, `VOID`, `NAMED`, `OTHER`",
    );
    // A field of its own called like the tag has no place.
    let clash = Inside::Whole(Point { x: 0.0, y: None, r#type: vec![] });
    assert!(clash.into_value().is_err());
}

#[test]
fn adjacently_tagged_enums() {
    let schema =
        "enum(t, c){just_this, one: list<i64>, two: (i64, i64), maybe: i64?, fields: {x: i64}}";
    same(Beside::JustThis, j!({"t": "just_this"}), schema);
    same(Beside::One(vec![1]), j!({"t": "one", "c": [1]}), schema);
    same(Beside::Two(1, 2), j!({"t": "two", "c": [1, 2]}), schema);
    same(Beside::Maybe(None), j!({"t": "maybe", "c": null}), schema);
    same(Beside::Fields { x: 1 }, j!({"t": "fields", "c": {"x": 1}}), schema);
    reads(j!({"c": {"x": 1}, "t": "fields", "more": 1}), Beside::Fields { x: 1 });
    reads(j!({"t": "maybe"}), Beside::Maybe(None));
    refuses::<Beside>(
        j!({"t": "one", "c": ["x"]}),
        "at .c[0]: expected an integer, found a string",
    );
    refuses::<Beside>(
        j!({"t": "hidden"}),
        "at .t: unknown variant `hidden`, expected one of `just_this`, `one`, `two`, `maybe`, `fields`",
    );
    let hidden = Beside::Hidden(std::time::Instant::now()).into_value();
    assert_eq!(hidden.err().unwrap().to_string(), "the variant `Hidden` is not for data");
}

#[test]
fn unknown_fields_of_variants_can_be_refused() {
    same(Strict::A { x: 1 }, j!({"A": {"x": 1}}), "enum{A: {x: i64}}");
    refuses::<Strict>(j!({"A": {"x": 1, "y": 2}}), "at .A: unknown field `y`, expected one of `x`");
}

#[derive(Record, Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Generic<T, const N: usize> {
    items: Vec<T>,
    fixed: [u8; 2],
    nested: Option<Box<Meters>>,
}

#[test]
fn types_of_types_have_ports_where_those_have() {
    same(
        Generic::<i64, 3> { items: vec![1], fixed: [1, 2], nested: Some(Box::new(Meters(1.0))) },
        j!({"items": [1], "fixed": [1, 2], "nested": 1.0}),
        "{items: list<i64>, fixed: list<i64>, nested?: f64}",
    );
}

#[derive(Record)]
struct Large {
    text: String,
    value: Value,
}

#[test]
fn text_that_nobody_else_holds_is_moved() {
    let text = "x".repeat(100);
    let place = text.as_ptr();
    let value = Large { text, value: Value::Null }.into_value().unwrap();
    let back = Large::from_value(value).unwrap();
    assert_eq!(back.text.as_ptr(), place);
    assert!(matches!(back.value, Value::Null));
}
