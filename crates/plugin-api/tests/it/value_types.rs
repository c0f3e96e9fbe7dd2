//! User types to values and back: serde's whole data model, paths in errors, values inside types.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use terrace_plugin_api::{from_value, from_value_ref, to_value, Array, Ext, SerdeError, Value};

/// Checks that a type becomes what it is in JSON, and comes back.
fn as_json<T>(value: T, json: serde_json::Value)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let made = to_value(&value).unwrap();
    assert_eq!(serde_json::to_value(&made).unwrap(), json);
    assert_eq!(serde_json::to_value(&value).unwrap(), json, "serde_json does it differently");
    assert_eq!(from_value::<T>(made).unwrap(), value);
    let read: Value = serde_json::from_value(json).unwrap();
    assert_eq!(from_value::<T>(read).unwrap(), value);
}

fn error<T: DeserializeOwned + Debug>(json: serde_json::Value) -> String {
    let value: Value = serde_json::from_value(json).unwrap();
    from_value::<T>(value).unwrap_err().to_string()
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Unit;
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Newtype(f64);
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Pair(i32, String);
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Fields {
    x: f64,
    name: String,
    note: Option<Box<Fields>>,
}
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Choice {
    Unit,
    Newtype(Newtype),
    Pair(u8, u8),
    Fields { x: i64 },
}
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone, Copy, Eq, Hash, PartialOrd, Ord)]
enum Axis {
    X,
    Y,
}
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Unit,
    Fields { x: f64, list: Vec<u8> },
}
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
    List(Vec<Untagged>),
}
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Flat {
    x: i64,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[test]
fn every_shape_is_what_it_is_in_json() {
    as_json((), json!(null));
    as_json(true, json!(true));
    as_json((i8::MIN, u8::MAX, i16::MIN, u16::MAX), json!([-128, 255, -32768, 65535]));
    as_json((i64::MIN, u64::MAX, u32::MAX), json!([i64::MIN, u64::MAX, u32::MAX]));
    as_json((1.5f32, 0.1f64, 2.0f64), json!([1.5, 0.1, 2.0]));
    as_json(('é', "text".to_owned()), json!(["é", "text"]));
    as_json((Some(1), None::<i32>), json!([1, null]));
    as_json(vec![Some("x".to_owned()), None], json!(["x", null]));
    as_json([1, 2, 3], json!([1, 2, 3]));
    as_json(Unit, json!(null));
    as_json(Newtype(0.5), json!(0.5));
    as_json(Some(Newtype(0.5)), json!(0.5));
    as_json(Pair(1, "one".into()), json!([1, "one"]));
    let inner = Fields { x: -0.5, name: String::new(), note: None };
    as_json(
        Fields { x: 1.0, name: "a".into(), note: Some(Box::new(inner)) },
        json!({"x": 1.0, "name": "a", "note": {"x": -0.5, "name": "", "note": null}}),
    );
    as_json(
        vec![
            Choice::Unit,
            Choice::Newtype(Newtype(1.5)),
            Choice::Pair(1, 2),
            Choice::Fields { x: 3 },
        ],
        json!(["Unit", {"Newtype": 1.5}, {"Pair": [1, 2]}, {"Fields": {"x": 3}}]),
    );
    as_json(
        vec![Tagged::Unit, Tagged::Fields { x: 1.0, list: vec![1, 2] }],
        json!([{"kind": "unit"}, {"kind": "fields", "x": 1.0, "list": [1, 2]}]),
    );
    as_json(
        Untagged::List(vec![Untagged::Number(1.5), Untagged::Text("x".into())]),
        json!([1.5, "x"]),
    );
    as_json(Ok::<i32, String>(3), json!({"Ok": 3}));
    as_json("127.0.0.1".parse::<IpAddr>().unwrap(), json!("127.0.0.1"));
    as_json(std::time::Duration::from_millis(1500), json!({"secs": 1, "nanos": 500_000_000}));
    as_json(
        Flat { x: 1, rest: BTreeMap::from([("y".to_owned(), Value::from("z"))]) },
        json!({"x": 1, "y": "z"}),
    );
}

#[test]
fn keys_become_text_and_come_back() {
    as_json(BTreeMap::from([(-1i64, 'a'), (2, 'b')]), json!({"-1": "a", "2": "b"}));
    as_json(BTreeMap::from([(u64::MAX, 1)]), json!({"18446744073709551615": 1}));
    as_json(BTreeMap::from([(true, 1), (false, 0)]), json!({"true": 1, "false": 0}));
    as_json(BTreeMap::from([('é', 1)]), json!({"é": 1}));
    as_json(BTreeMap::from([(Axis::X, 1), (Axis::Y, 2)]), json!({"X": 1, "Y": 2}));
    as_json(HashMap::from([("k".to_owned(), Unit)]), json!({"k": null}));
    assert!(to_value(&BTreeMap::from([((1, 2), 3)])).unwrap_err().to_string().contains("a tuple"));
    assert!(to_value(&BTreeMap::from([(None::<i32>, 3)])).is_err());
    assert_eq!(
        error::<BTreeMap<i32, i32>>(json!({"007": 1})),
        "at [\"007\"]: expected i32, found a string"
    );
}

#[test]
fn integers_beyond_64_bits_are_refused() {
    assert_eq!(to_value(&(u64::MAX as u128)).unwrap(), Value::from(u64::MAX));
    assert_eq!(to_value(&(i64::MIN as i128)).unwrap(), Value::I64(i64::MIN));
    assert_eq!(from_value::<u128>(Value::from(u64::MAX)).unwrap(), u128::from(u64::MAX));
    assert_eq!(from_value::<i128>(Value::I64(-1)).unwrap(), -1);
    assert_eq!(
        to_value(&vec![u128::MAX]).unwrap_err().to_string(),
        "at [0]: integer 340282366920938463463374607431768211455 does not fit into 64 bits"
    );
    assert!(to_value(&(i64::MIN as i128 - 1)).is_err());
    assert_eq!(error::<u8>(json!(256)), "expected u8, found the integer 256");
    assert_eq!(error::<u64>(json!(-1)), "expected u64, found the integer -1");
}

#[test]
fn integers_widen_to_floats_and_floats_stay() {
    assert_eq!(from_value::<f64>(Value::I64(3)).unwrap(), 3.0);
    assert_eq!(from_value::<f32>(Value::from(u64::MAX)).unwrap(), u64::MAX as f32);
    assert_eq!(error::<i64>(json!(3.0)), "expected i64, found the float 3.0");
    let nan = f64::from_bits(0x7ff8_0000_0000_1234);
    let back: f64 = from_value(to_value(&nan).unwrap()).unwrap();
    assert_eq!(back.to_bits(), nan.to_bits());
}

#[test]
fn some_of_none_reads_as_none() {
    let made = to_value(&Some(None::<i32>)).unwrap();
    assert_eq!(made, Value::Null);
    assert_eq!(from_value::<Option<Option<i32>>>(made).unwrap(), None);
}

#[test]
fn bytes_are_bytes_and_lists_of_integers() {
    struct Raw(Vec<u8>);
    impl Serialize for Raw {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }
    let made = to_value(&Raw(vec![1, 2, 255])).unwrap();
    assert_eq!(made, Value::from(vec![1u8, 2, 255]));
    assert_eq!(from_value_ref::<&[u8]>(&made).unwrap(), [1, 2, 255]);
    assert_eq!(from_value::<Vec<u8>>(made.clone()).unwrap(), [1, 2, 255]);
    assert_eq!(from_value::<(u8, u8, i64)>(made).unwrap(), (1, 2, 255));
    assert_eq!(from_value_ref::<&[u8]>(&Array::from_slice(&[7u8]).into()).unwrap(), [7]);
    assert!(matches!(to_value(&vec![1u8]).unwrap(), Value::List(_)));
}

#[test]
fn text_can_be_borrowed() {
    #[derive(Deserialize)]
    struct Borrows<'a> {
        name: &'a str,
        #[serde(borrow)]
        kind: Cow<'a, str>,
    }
    let value = Value::map([("name", Value::from("n")), ("kind", Value::from("k"))]).unwrap();
    let read: Borrows<'_> = from_value_ref(&value).unwrap();
    assert_eq!(read.name.as_ptr(), value.get("name").unwrap().as_str().unwrap().as_ptr());
    assert!(matches!(read.kind, Cow::Borrowed("k")));
}

#[test]
fn arrays_read_as_lists_of_numbers() {
    let array = Value::from(Array::with_shape(&[1i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap());
    assert_eq!(from_value::<Vec<[f64; 3]>>(array.clone()).unwrap(), [[1., 2., 3.], [4., 5., 6.]]);
    assert_eq!(from_value::<Vec<Vec<f64>>>(array.clone()).unwrap(), [[1., 2., 3.], [4., 5., 6.]]);
    assert_eq!(from_value::<Value>(array.clone()).unwrap(), array);
    assert_eq!(
        from_value::<Vec<[f64; 2]>>(array).unwrap_err().to_string(),
        "at [0]: expected 2 items, found 3"
    );
    let row = |array: Array| from_value::<Vec<Option<Newtype>>>(array.into()).unwrap();
    let expected = [Some(Newtype(1.0)), Some(Newtype(2.0))];
    assert_eq!(row(Array::from_slice(&[1u8, 2])), expected);
    assert_eq!(row(Array::from_slice(&[1i64, 2])), expected);
    assert_eq!(row(Array::from_slice(&[1f32, 2.])), expected);
    assert_eq!(row(Array::from_slice(&[1f64, 2.])), expected);
    let values: Vec<Value> = from_value(Array::from_slice(&[1i64]).into()).unwrap();
    assert_eq!(values, [Value::I64(1)]);
    let single = Array::with_shape(&[7i64], &[]).unwrap();
    assert_eq!(from_value::<i64>(single.into()).unwrap(), 7);
    // No walk along the sides of nothing.
    let empty = Array::with_shape::<f64>(&[], &[u64::MAX, 0]).unwrap();
    assert!(from_value::<Vec<Vec<f64>>>(empty.into()).unwrap().is_empty());
    // Each side of length 1 is a level: this ends with an error, not with the stack.
    let thin = Array::with_shape(&[1u8], &[1; 100_000]).unwrap();
    assert!(from_value::<Untagged>(thin.into()).is_err());
}

#[test]
fn errors_say_where() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Outer {
        items: Vec<HashMap<String, Fields>>,
        choice: Option<Choice>,
    }
    let good = json!({"x": 1, "name": "n", "note": null});
    let at = |items, choice| error::<Outer>(json!({"items": items, "choice": choice}));
    assert_eq!(
        at(json!([{}, {"a": good}, {"no name": {"x": "secret", "name": "n"}}]), json!(null)),
        "at .items[2][\"no name\"].x: expected f64, found a string"
    );
    assert_eq!(at(json!([{"a": {"x": 1}}]), json!(null)), "at .items[0].a: missing field `name`");
    assert_eq!(
        at(json!([]), json!({"Pair": [1, true]})),
        "at .choice.Pair[1]: expected u8, found true"
    );
    assert_eq!(
        at(json!([]), json!({"Pair": [1, 2, 3]})),
        "at .choice.Pair: expected 2 items, found 3"
    );
    assert_eq!(
        at(json!([]), json!("Pair")),
        "at .choice.Pair: expected a list, found only the name"
    );
    assert_eq!(
        at(json!([]), json!("Other")),
        "at .choice: unknown variant `Other`, expected one of `Unit`, `Newtype`, `Pair`, `Fields`"
    );
    assert_eq!(
        at(json!([]), json!({})),
        "at .choice: expected the name of a variant or a map with it as only key, found a map"
    );

    #[derive(Serialize)]
    struct Writes {
        list: Vec<BTreeMap<&'static str, u128>>,
    }
    let error: SerdeError =
        to_value(&Writes { list: vec![BTreeMap::from([("a b", u128::MAX)])] }).unwrap_err();
    assert_eq!(error.path(), ".list[0][\"a b\"]");
    assert!(error.message().ends_with("does not fit into 64 bits"));
    let ext = Value::Ext(Ext::new(1u8));
    assert_eq!(
        from_value::<Vec<u8>>(ext).unwrap_err().to_string(),
        "expected a sequence, found an opaque value of type `u8`"
    );
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Holds {
    value: Value,
    maybe: Option<Value>,
    #[serde(default)]
    absent: Value,
    map: BTreeMap<String, Vec<Value>>,
}

#[test]
fn a_value_inside_a_type_goes_through_as_it_is() {
    let ext = Value::Ext(Ext::new(vec![1u8]));
    let escapes = Value::map([("$bytes", Value::from("x"))]).unwrap();
    for value in [
        Value::Null,
        Value::F64(f64::NAN),
        Value::from(vec![1u8, 2]),
        Value::from(Array::from_slice(&[1.0, f64::NAN])),
        ext.clone(),
        escapes,
        Value::list(vec![ext.clone(), Value::map([("$f64", ext)]).unwrap()]).unwrap(),
    ] {
        assert_eq!(to_value(&value).unwrap(), value);
        assert_eq!(from_value::<Value>(value.clone()).unwrap(), value);
        assert_eq!(to_value(&Some(&value)).unwrap(), value);
        let holds = Holds {
            value: value.clone(),
            maybe: Some(value.clone()).filter(|value| *value != Value::Null),
            absent: Value::Null,
            map: BTreeMap::from([("k".into(), vec![value.clone(), value.clone()])]),
        };
        let made = to_value(&holds).unwrap();
        assert_eq!(made.get("value"), Some(&value));
        assert_eq!(made.get("map").and_then(|map| map.get("k")?.index(1)), Some(&value));
        assert_eq!(from_value::<Holds>(made).unwrap(), holds);
    }
}

#[test]
fn a_value_inside_a_type_takes_its_forms_in_json() {
    let holds = Holds {
        value: Value::F64(f64::NAN),
        maybe: Some(Value::from(vec![1u8])),
        absent: Value::Null,
        map: BTreeMap::from([("k".into(), vec![Value::map([("$", Value::Null)]).unwrap()])]),
    };
    let json = json!({
        "value": {"$f64": "NaN"}, "maybe": {"$bytes": "AQ=="}, "absent": null,
        "map": {"k": [{"$$": null}]},
    });
    assert_eq!(serde_json::to_value(&holds).unwrap(), json);
    assert_eq!(serde_json::from_value::<Holds>(json).unwrap(), holds);
}

#[test]
fn a_type_that_prints_values_while_it_is_written_gets_its_own() {
    struct Prints(Value);
    impl Serialize for Prints {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
            let copy = to_value(&self.0).map_err(serde::ser::Error::custom)?;
            (text, copy, &self.0).serialize(serializer)
        }
    }
    let outer = Value::from(vec![7u8]);
    let made = to_value(&(&outer, Prints(Value::I64(1)), &outer)).unwrap();
    let expected = Value::list(vec![Value::from("1"), Value::I64(1), Value::I64(1)]).unwrap();
    assert_eq!(made, Value::list(vec![outer.clone(), expected, outer]).unwrap());
    let ext = Value::Ext(Ext::serializable(Prints(Value::from(vec![1u8]))));
    assert_eq!(
        serde_json::to_value(ext).unwrap(),
        json!([r#"{"$bytes":"AQ=="}"#, {"$bytes": "AQ=="}, {"$bytes": "AQ=="}])
    );
}

/// A newtype of our secret name, which panics where it is read.
#[derive(Debug)]
struct Forged;
impl<'de> Deserialize<'de> for Forged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Panics;
        impl<'de> Visitor<'de> for Panics {
            type Value = Forged;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a panic")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Forged, D::Error> {
                std::panic::resume_unwind(Box::new("on purpose"))
            }
        }
        deserializer.deserialize_newtype_struct("$terrace::Value", Panics)
    }
}
impl Serialize for Forged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("$terrace::Value", "inside")
    }
}

#[test]
fn a_panic_leaves_no_value_behind() {
    let panicked = std::panic::catch_unwind(|| from_value::<Forged>(Value::from("left behind?")));
    assert!(panicked.is_err());
    assert_eq!(serde_json::from_str::<Value>("1").unwrap(), Value::I64(1));
    assert_eq!(to_value(&Forged).unwrap(), Value::from("inside"));
}

#[test]
fn serde_buffers_flattened_values_without_arrays_and_opaque_ones() {
    let flat = |value| Flat { x: 1, rest: BTreeMap::from([("v".to_owned(), value)]) };
    let through = |value| from_value::<Flat>(to_value(&flat(value)).unwrap());
    for value in [Value::F64(f64::NAN), Value::from(vec![1u8]), Value::from(u64::MAX), Value::Null]
    {
        assert_eq!(through(value.clone()).unwrap(), flat(value));
    }
    let list = Value::list(vec![Value::F64(1.0)]).unwrap();
    assert_eq!(through(Array::from_slice(&[1.0]).into()).unwrap(), flat(list));
    let error = through(Value::Ext(Ext::new(1u8))).unwrap_err().to_string();
    assert!(error.contains("opaque value of type `u8`"), "{}", error);
}
