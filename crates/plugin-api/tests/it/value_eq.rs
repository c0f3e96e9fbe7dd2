//! Equality, hash and the canonical encoding agree.

use std::collections::hash_map::DefaultHasher;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use terrace_plugin_api::{Array, Ext, Value, ValueError, MAX_DEPTH};

use crate::value_gen::for_random_values;

fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn assert_equal(a: &Value, b: &Value) {
    assert_eq!(a, b);
    assert_eq!(hash(a), hash(b), "{:?} {:?}", a, b);
    assert_eq!(a.canonical().unwrap(), b.canonical().unwrap(), "{:?} {:?}", a, b);
}

fn assert_different(a: &Value, b: &Value) {
    assert_ne!(a, b);
    assert_ne!(a.canonical().unwrap(), b.canonical().unwrap(), "{:?} {:?}", a, b);
}

fn list(items: &[Value]) -> Value {
    Value::list(items.to_vec()).unwrap()
}

#[test]
fn kinds_never_mix() {
    let values = [
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::I64(0),
        Value::I64(1),
        Value::I64(-1),
        Value::from(u64::MAX),
        Value::F64(0.0),
        Value::F64(-0.0),
        Value::F64(1.0),
        Value::F64(f64::NAN),
        Value::F64(f64::INFINITY),
        Value::from(""),
        Value::from("1"),
        Value::from(vec![]),
        Value::from(vec![b'1']),
        list(&[]),
        list(&[Value::I64(1)]),
        list(&[list(&[])]),
        Value::map::<&str>([]).unwrap(),
        Value::map([("1", Value::Null)]).unwrap(),
        Value::map([("1", Value::I64(1))]).unwrap(),
        Array::from_slice(&[1i64]).into(),
        Array::from_slice(&[1i32]).into(),
        Array::from_slice(&[1.0f64]).into(),
        Array::from_slice(&[0.0f64]).into(),
        Array::from_slice(&[-0.0f64]).into(),
        Array::from_slice(&[f32::NAN]).into(),
        Array::from_slice::<f64>(&[]).into(),
        Array::with_shape::<f64>(&[], &[0, 1]).unwrap().into(),
    ];
    for (i, a) in values.iter().enumerate() {
        for (j, b) in values.iter().enumerate() {
            if i == j {
                assert_equal(a, b);
            } else {
                assert_different(a, b);
            }
        }
    }
}

#[test]
fn all_nans_are_one() {
    let payload = f64::from_bits(0xfff8_dead_beef_0001);
    assert_equal(&Value::F64(f64::NAN), &Value::F64(payload));
    assert_equal(
        &Array::from_slice(&[1.0, f64::NAN]).into(),
        &Array::from_slice(&[1.0, payload]).into(),
    );
    let payload = f32::from_bits(0xffc0_0123);
    assert_equal(&Array::from_slice(&[f32::NAN]).into(), &Array::from_slice(&[payload]).into());
}

#[test]
fn maps_ignore_order_small_and_large() {
    for len in [2, 12, 13, 1000] {
        let entry = |i: i64| (format!("key {}", i * 7919 % 1009), Value::I64(i));
        let forwards = Value::map((0..len).map(entry)).unwrap();
        let backwards = Value::map((0..len).rev().map(entry)).unwrap();
        assert_equal(&forwards, &backwards);
        let other = Value::map((1..=len).map(entry)).unwrap();
        assert_different(&forwards, &other);
        let map = forwards.as_map().unwrap();
        assert!((0..len).all(|i| map.get(&entry(i).0) == Some(&Value::I64(i))));
        assert_eq!(map.get("no"), None);
        assert_eq!(map.clone().into_entries(), (0..len).map(entry).collect::<Vec<_>>());
    }
}

#[test]
fn duplicate_keys_are_refused_small_and_large() {
    for len in [2, 12, 13, 1000] {
        let keys = (0..len - 1).chain([len / 2 - 1]).map(|i| (i.to_string(), Value::Null));
        let error = Value::map(keys).unwrap_err();
        assert_eq!(error, ValueError::DuplicateKey((len / 2 - 1).to_string()));
    }
}

#[test]
fn an_opaque_value_equals_only_itself() {
    let ext = Value::Ext(Ext::new(7));
    assert_eq!(ext, ext.clone());
    assert_eq!(hash(&ext), hash(&ext.clone()));
    assert_ne!(ext, Value::Ext(Ext::new(7)));
    let error = list(&[ext]).canonical().unwrap_err();
    assert_eq!(error.to_string(), "opaque value of type `i32` cannot become data");
}

#[test]
fn an_opaque_value_is_encoded_as_what_it_becomes() {
    let ext = Value::Ext(Ext::serializable(vec![1, 2]));
    assert_eq!(ext.canonical(), list(&[Value::I64(1), Value::I64(2)]).canonical());
}

#[test]
fn an_opaque_value_that_becomes_itself_is_too_deep() {
    struct Endless;
    impl serde::Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Value::Ext(Ext::serializable(Endless)).serialize(serializer)
        }
    }
    let ext = Value::Ext(Ext::serializable(Endless));
    assert_eq!(ext.canonical(), Err(ValueError::TooDeep));
    assert!(serde_json::to_string(&ext).unwrap_err().to_string().contains("256 levels"));
}

#[test]
fn random_values_hash_and_encode_as_they_compare() {
    let mut before = Value::Null;
    let mut seen = HashSet::new();
    let mut encodings = HashSet::new();
    for_random_values(5000, |random, value| {
        let other = random.shuffled(&value);
        assert_equal(&value, &other);
        assert_eq!(value == before, value.canonical() == before.canonical());
        before = value.clone();
        assert_eq!(seen.insert(value), encodings.insert(other.canonical().unwrap()));
    });
    assert!(seen.len() > 2000, "only {} different values", seen.len());
}

#[test]
fn a_value_is_as_deep_as_allowed_and_no_deeper() {
    let mut value = Value::Null;
    for _ in 0..MAX_DEPTH / 2 {
        value = Value::map([("inside", list(&[value]))]).unwrap();
    }
    assert_eq!(value.depth(), MAX_DEPTH);
    assert_eq!(Value::list(vec![value.clone()]), Err(ValueError::TooDeep));
    assert_eq!(Value::map([("x", value.clone())]), Err(ValueError::TooDeep));
    assert_equal(&value, &Value::from_canonical(&value.canonical().unwrap()).unwrap());
}
