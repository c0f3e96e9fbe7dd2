//! What `#[task]` does with arguments, answers and errors.

use std::collections::{BTreeMap, HashMap};

use serde_json::json as j;
use terrace_plugin_api::{
    export_pack, task, Array, Bytes, ErrorClass, Ext, List, Map, Outcome, Str, TaskContext,
    TaskError, Value,
};

use crate::task_support::{call, call_with, message};

#[task]
fn small(x: i8, y: u16) -> i64 {
    i64::from(x) + i64::from(y)
}
#[task]
fn big(x: u64) -> u64 {
    x
}
#[task]
fn float(x: f64) -> f32 {
    x as f32
}
#[task]
fn text(c: char, ref_text: &str, text: String) -> String {
    format!("{c}{ref_text}{text}")
}
#[task]
fn nothing(_x: ()) {}
#[task]
fn optional(x: Option<i64>, #[name = "type"] kind: Option<&str>) -> Option<String> {
    x.map(|x| format!("{x}{}", kind.unwrap_or("none")))
}
#[task]
fn nested(terms: Vec<BTreeMap<String, f64>>) -> usize {
    terms.len()
}
#[task]
fn fixed(pair: (i64, String), three: [f64; 3]) -> (f64, String) {
    (pair.0 as f64 + three.iter().sum::<f64>(), pair.1)
}
#[task]
fn maps(a: HashMap<String, i64>, b: (Box<i64>,)) -> HashMap<String, i64> {
    let _ = b;
    a
}
#[task]
fn slices(
    floats: &[f64],
    ints: &[i64],
    bytes: &[u8],
    names: &[String],
    all: &[Value],
) -> Vec<usize> {
    vec![floats.len(), ints.len(), bytes.len(), names.len(), all.len()]
}
#[task]
fn address(floats: &[f64]) -> u64 {
    floats.as_ptr() as usize as u64
}
#[task]
fn payloads(a: Str, b: Bytes, c: List, d: Map, e: Array) -> Vec<usize> {
    vec![a.len(), b.len(), c.len(), d.len(), e.len()]
}
#[task]
fn raw_bytes(x: Vec<u8>) -> Vec<u8> {
    x
}
#[task]
fn private(x: Ext) -> Ext {
    x
}
#[task]
fn take_and_borrow(taken: Value, kept: &Value) -> Value {
    let _ = kept;
    taken
}
#[task]
fn with_context(before: i64, ctx: &TaskContext, after: i64) -> String {
    format!("{} {} {}", before, ctx.node(), after)
}
#[task]
fn outcome(x: Outcome) -> Outcome {
    x
}
#[task(name = "and")]
fn both(mut x: bool, r#type: bool) -> bool {
    x &= r#type;
    x
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);
impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a count")
    }
}
impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

mod failing {
    use super::*;
    #[task]
    pub(super) fn caused(text: &str) -> Result<i64, Outer> {
        text.parse().map_err(Outer)
    }
    #[task]
    pub(super) fn own(text: String) -> Result<i64, TaskError> {
        let error = TaskError::new(ErrorClass::UNAVAILABLE, text).with_code("http_429");
        Err(error)
    }
    #[task]
    pub(super) fn said() -> Result<i64, String> {
        Err("in words".to_owned())
    }
    #[task]
    pub(super) fn said_shortly() -> Result<(), &'static str> {
        Err("in few words")
    }
    #[task]
    pub(super) fn boxed(text: &str) -> Result<i64, Box<dyn std::error::Error>> {
        Ok(text.parse::<i64>().map_err(Outer)?)
    }
    #[task]
    pub(super) fn boxed_sync(text: &str) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
        Ok(text.parse::<i64>().map_err(Outer)?)
    }
    #[task]
    pub(super) fn io(path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

mod calls {
    use super::{failing, *};
    export_pack! {
        name: calls,
        tasks: [
            small, big, float, text, nothing, optional, nested, fixed, maps, slices, address,
            payloads, raw_bytes, private, take_and_borrow, with_context, outcome, both,
            failing::caused, failing::own, failing::said, failing::said_shortly, failing::boxed,
            failing::boxed_sync, failing::io,
        ]
    }
}
use calls::pack;

#[test]
fn integers_are_checked_against_their_range() {
    assert_eq!(call(pack(), "small", j!([-128, 65535])).unwrap(), j!(65407));
    assert_eq!(message(pack(), "small", j!([128, 0])), "input `x`: 128 is not from -128 to 127");
    assert_eq!(message(pack(), "small", j!([0, -1])), "input `y`: -1 is not from 0 to 65535");
    assert_eq!(
        message(pack(), "small", j!([1.0, 0])),
        "input `x`: expected an integer, found a float"
    );
    assert_eq!(call(pack(), "big", j!([u64::MAX])).unwrap(), j!(u64::MAX));
    assert_eq!(call(pack(), "big", j!([7])).unwrap(), j!(7));
    assert_eq!(
        message(pack(), "small", j!([u64::MAX, 0])),
        "input `x`: 18446744073709551615 is not from -128 to 127"
    );
}

#[test]
fn integers_widen_to_floats() {
    assert_eq!(call(pack(), "float", j!([3])).unwrap(), j!(3.0));
    assert_eq!(message(pack(), "float", j!(["3"])), "input `x`: expected a number, found a string");
}

#[test]
fn text_is_taken_and_borrowed() {
    assert_eq!(call(pack(), "text", j!(["é", "b", "c"])).unwrap(), j!("ébc"));
    assert_eq!(
        message(pack(), "text", j!(["ab", "", ""])),
        "input `c`: expected a string of one character"
    );
}

#[test]
fn null_is_none() {
    assert_eq!(call(pack(), "nothing", j!([null])).unwrap(), j!(null));
    assert_eq!(call(pack(), "optional", j!([1, "k"])).unwrap(), j!("1k"));
    assert_eq!(call(pack(), "optional", j!([1, null])).unwrap(), j!("1none"));
    assert_eq!(call(pack(), "optional", j!([null, null])).unwrap(), j!(null));
    assert_eq!(
        message(pack(), "optional", j!([null, 1])),
        "input `type`: expected a string, found an integer"
    );
}

#[test]
fn errors_say_where_in_the_value() {
    assert_eq!(
        message(pack(), "nested", j!([[{"a": 1}, {"a": 1, "b c": "x"}]])),
        "input `terms`: at [1][\"b c\"]: expected a number, found a string"
    );
    assert_eq!(
        message(pack(), "nested", j!([[{"a": 1}, {"a": [1]}]])),
        "input `terms`: at [1].a: expected a number, found a list"
    );
    let error = call(pack(), "nested", j!([1])).unwrap_err();
    assert_eq!(error.class(), ErrorClass::INVALID_INPUT);
}

#[test]
fn lists_of_fixed_length_say_their_length() {
    assert_eq!(call(pack(), "fixed", j!([[1, "a"], [1, 2, 3]])).unwrap(), j!([7.0, "a"]));
    assert_eq!(
        message(pack(), "fixed", j!([[1], [1, 2, 3]])),
        "input `pair`: expected a list of 2 items, found 1"
    );
    assert_eq!(
        message(pack(), "fixed", j!([[1, "a"], [1, 2, 3, 4]])),
        "input `three`: expected a list of 3 items, found 4"
    );
}

#[test]
fn hash_maps_give_their_keys_in_order() {
    let answer = call(pack(), "maps", j!([{"c": 1, "a": 2, "b": 3}, [1]])).unwrap();
    assert_eq!(answer.to_string(), r#"{"a":2,"b":3,"c":1}"#);
}

#[test]
fn slices_read_lists_arrays_and_bytes() {
    let mut args = [
        Value::Array(Array::from_slice(&[1.0, 2.0])),
        Value::Array(Array::from_slice(&[1i32])),
        Value::Bytes(Bytes::from(&b"abc"[..])),
        Value::list(vec![Value::from("a")]).unwrap(),
        Value::list(vec![]).unwrap(),
    ];
    let answer = call_with(pack(), "slices", &mut args).unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), j!([2, 1, 3, 1, 0]));
    assert!(matches!(args[0], Value::Array(_)), "a borrowed argument stays");
}

#[test]
fn a_slice_of_an_array_is_the_array() {
    let array = Array::from_slice(&[1.0, 2.0]);
    let place = array.as_slice::<f64>().unwrap().as_ptr() as usize as u64;
    let answer = call_with(pack(), "address", &mut [Value::Array(array)]).unwrap();
    assert_eq!(answer.as_u64(), Some(place));
    let wide = Array::with_shape(&[1.0, 2.0], &[1, 2]).unwrap();
    let error = call_with(pack(), "address", &mut [Value::Array(wide)]).unwrap_err();
    assert_eq!(error.message(), "input `floats`: expected a list, found an array of shape [1, 2]");
}

#[test]
fn payloads_are_taken_as_they_are() {
    let mut args = [
        Value::from("abc"),
        Value::Bytes(Bytes::from(vec![1, 2])),
        Value::Array(Array::from_slice(&[1u8])),
        Value::map([("a", Value::Null)]).unwrap(),
        Value::list(vec![Value::I64(1), Value::F64(0.5)]).unwrap(),
    ];
    let answer = call_with(pack(), "payloads", &mut args).unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), j!([3, 2, 1, 1, 2]));
    assert!(args.iter().all(|arg| matches!(arg, Value::Null)), "taken arguments leave null");
}

#[test]
fn byte_vectors_read_bytes_and_lists_and_give_lists() {
    let bytes = Value::Bytes(Bytes::from(vec![1, 2]));
    let answer = call_with(pack(), "raw_bytes", &mut [bytes]).unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), j!([1, 2]));
    assert_eq!(
        message(pack(), "raw_bytes", j!([[1, 256]])),
        "input `x`: at [1]: 256 is not from 0 to 255"
    );
}

#[test]
fn a_taken_argument_is_moved_and_a_borrowed_one_stays() {
    let mut args = [Value::from("taken"), Value::from("kept")];
    let answer = call_with(pack(), "take_and_borrow", &mut args).unwrap();
    assert_eq!(answer.as_str(), Some("taken"));
    assert!(matches!(args[0], Value::Null));
    assert_eq!(args[1].as_str(), Some("kept"));
}

#[test]
fn the_context_is_not_a_port() {
    assert_eq!(call(pack(), "with_context", j!([1, 2])).unwrap(), j!("1 detached 2"));
}

#[test]
fn raw_names_and_given_names_are_the_tasks() {
    assert_eq!(call(pack(), "and", j!([true, false])).unwrap(), j!(false));
}

#[test]
fn a_wrong_number_of_arguments_is_an_error_of_the_engine() {
    let error = call(pack(), "small", j!([1])).unwrap_err();
    assert_eq!(error.class(), ErrorClass::INTERNAL);
    assert_eq!(error.message(), "called with 1 arguments, 2 expected");
}

#[test]
fn errors_keep_their_causes() {
    for task in ["caused", "boxed", "boxed_sync"] {
        let error = call(pack(), task, j!(["x"])).unwrap_err();
        assert_eq!(error.message(), "not a count", "{task}");
        let causes: Vec<&str> = error.causes().collect();
        assert_eq!(causes, ["invalid digit found in string"], "{task}");
        assert_eq!(error.class(), ErrorClass::FAILED);
        assert_eq!(call(pack(), task, j!(["7"])).unwrap(), j!(7));
    }
    assert_eq!(message(pack(), "said", j!([])), "in words");
    assert_eq!(message(pack(), "said_shortly", j!([])), "in few words");
    let own = call(pack(), "own", j!(["busy"])).unwrap_err();
    assert_eq!((own.class(), own.code()), (ErrorClass::UNAVAILABLE, "http_429"));
    assert!(message(pack(), "io", j!(["/no/such"])).starts_with("No such file"));
}

#[test]
fn an_outcome_goes_in_and_out() {
    for outcome in [
        j!({"status": "ok", "value": [1], "attempts": 1}),
        j!({"status": "failed", "attempts": 3, "error": {
            "class": "unavailable", "code": "http_429", "message": "busy", "causes": ["a", "b"],
            "retryable": true, "retry_after": 1.5, "details": {"after": 3},
            "location": "src/lib.rs:1:2",
        }}),
        j!({"status": "failed", "attempts": 1, "error": {
            "class": "failed", "message": "gone", "causes": [], "retryable": false,
            "retry_after": 2.0,
        }}),
        j!({"status": "skipped", "attempts": 0}),
    ] {
        assert_eq!(call(pack(), "outcome", j!([outcome])).unwrap(), outcome);
    }
    assert_eq!(
        message(pack(), "outcome", j!([{"status": "fine", "attempts": 1}])),
        "input `x`: at .status: `fine` is not the status of an outcome"
    );
    let error = j!({"class": "failed", "message": "m", "retry_after": (-1.0)});
    let told =
        message(pack(), "outcome", j!([{"status": "failed", "attempts": 1, "error": error}]));
    assert!(told.starts_with("input `x`: at .error.retry_after: -1 seconds: "), "{told}");
}

#[test]
fn a_task_stays_a_function() {
    assert_eq!(small(1, 2), 3);
    assert!(!both(true, false));
    assert_eq!(failing::caused("5").unwrap(), 5);
}

#[test]
fn opaque_values_pass_through() {
    let ext = Ext::new(7u8);
    let answer = call_with(pack(), "private", &mut [Value::Ext(ext.clone())]).unwrap();
    assert!(matches!(answer, Value::Ext(back) if back.ptr_eq(&ext)));
}
