//! Depth, size and threads.

use std::thread;

use serde::{Deserialize, Serialize};
use terrace_plugin_api::{from_value, to_value, Array, Ext, Value, MAX_DEPTH};

use crate::value_gen::Random;

#[derive(Serialize, Deserialize, Debug, Default)]
struct Node {
    next: Option<Box<Node>>,
}

impl Node {
    fn chain(len: usize) -> Self {
        (1..len).fold(Self::default(), |node, _| Self { next: Some(Box::new(node)) })
    }
}

/// The destructor that the compiler makes would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

#[derive(Serialize, Deserialize, Debug)]
struct Shell(Option<Box<Shell>>);

#[derive(Serialize, Debug)]
enum Expr {
    Zero,
    Next(Box<Expr>),
    Pair(Box<Expr>, ()),
    Fields { inner: Box<Expr> },
}

fn too_deep<T: std::fmt::Debug, E: ToString>(result: Result<T, E>) {
    let error = result.unwrap_err().to_string();
    assert!(
        error.ends_with("value nests deeper than 256 levels"),
        "{}",
        &error[error.len() - 60..]
    );
}

#[test]
fn a_type_is_as_deep_as_allowed_and_no_deeper() {
    let deepest = to_value(&Node::chain(usize::from(MAX_DEPTH))).unwrap();
    assert_eq!(deepest.depth(), MAX_DEPTH);
    assert!(from_value::<Node>(deepest).is_ok());
    for len in [usize::from(MAX_DEPTH) + 1, 100_000] {
        too_deep(to_value(&Node::chain(len)));
    }
}

#[test]
fn each_kind_of_variant_counts() {
    type Wrap = fn(Box<Expr>) -> Expr;
    let wraps: [(Wrap, usize); 3] =
        [(Expr::Next, 1), (|inner| Expr::Pair(inner, ()), 2), (|inner| Expr::Fields { inner }, 2)];
    for (wrap, levels) in wraps {
        let nested = |len| (0..len).fold(Expr::Zero, |inner, _| wrap(Box::new(inner)));
        let fits = usize::from(MAX_DEPTH) / levels;
        assert_eq!(to_value(&nested(fits)).unwrap().depth(), MAX_DEPTH);
        too_deep(to_value(&nested(fits + 1)));
        too_deep(to_value(&nested(5000)));
    }
}

#[test]
fn types_that_nest_without_a_level_end_too() {
    let shells = (0..5000).fold(Shell(None), |shell, _| Shell(Some(Box::new(shell))));
    too_deep(to_value(&shells));
    // Each asks for the same value again.
    too_deep(from_value::<Shell>(Value::I64(1)));
}

#[test]
fn a_value_inside_a_type_counts_with_its_depth() {
    let mut value = Value::Null;
    for _ in 1..MAX_DEPTH {
        value = Value::list(vec![value]).unwrap();
    }
    assert_eq!(to_value(&[&value]).unwrap().depth(), MAX_DEPTH);
    too_deep(to_value(&[[&value]]));
}

#[test]
fn ten_million_items_build_clone_and_drop() {
    let list = Value::list((0..10_000_000).map(Value::I64).collect()).unwrap();
    let clones: Vec<Value> = (0..100).map(|_| list.clone()).collect();
    drop(list);
    assert_eq!(clones[99].index(9_999_999), Some(&Value::I64(9_999_999)));
    assert_eq!(clones[0], clones[1]);
}

#[test]
fn a_map_of_a_million_keys_is_built_and_searched_fast() {
    let map = Value::map((0..1_000_000).map(|i| (i.to_string(), Value::I64(i)))).unwrap();
    for i in (0..1_000_000).step_by(7) {
        assert_eq!(map.get(&i.to_string()), Some(&Value::I64(i)));
    }
}

#[test]
fn values_are_shared_and_dropped_across_threads() {
    let mut random = Random::new(5);
    let mut values: Vec<Value> = (0..200).map(|_| random.value(4)).collect();
    values.push(Value::Ext(Ext::new(String::from("private"))));
    values.push(Array::from_slice(&[1.0; 100]).into());
    let shared = Value::list(values).unwrap();
    let encoded =
        |value: &Value| value.as_list().unwrap().iter().map(Value::canonical).collect::<Vec<_>>();
    let expected = encoded(&shared);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mine = shared.clone();
            thread::spawn(move || {
                for _ in 0..20 {
                    let copy = mine.clone();
                    assert_eq!(copy, mine);
                    let items = match copy {
                        Value::List(list) => list.into_vec(),
                        _ => unreachable!(),
                    };
                    drop(items);
                }
                mine
            })
        })
        .collect();
    drop(shared);
    let results: Vec<Value> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    for value in results {
        assert_eq!(encoded(&value), expected);
    }
}

#[test]
fn the_deepest_value_is_handled_on_a_small_stack() {
    let deepest = thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(|| {
            let mut value = Value::Null;
            for level in 0..MAX_DEPTH {
                value = match level % 2 {
                    0 => Value::list(vec![value]).unwrap(),
                    _ => Value::map([("$key", value)]).unwrap(),
                };
            }
            let text = serde_json::to_string(&value).unwrap();
            let mut deserializer = serde_json::Deserializer::from_str(&text);
            deserializer.disable_recursion_limit();
            assert_eq!(Value::deserialize(&mut deserializer).unwrap(), value);
            assert!(!format!("{:?}", value).is_empty());
            value
        })
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(deepest, deepest.clone());
}

#[test]
fn payloads_are_moved_out_or_copied() {
    let list = match Value::list(vec![Value::I64(1)]).unwrap() {
        Value::List(list) => list,
        _ => unreachable!(),
    };
    assert_eq!(list.clone().into_vec(), list.into_vec());
    let bytes = terrace_plugin_api::Bytes::from(vec![1, 2]);
    assert_eq!(bytes.clone().into_vec(), bytes.into_vec());
}

#[test]
fn arrays_are_aligned_and_checked() {
    for len in [0, 1, 7, 8, 9, 1000] {
        let array = Array::from_slice(&vec![1.5f64; len]);
        let items = array.as_slice::<f64>().unwrap();
        assert_eq!(items.as_ptr() as usize % 64, 0);
        assert_eq!(items, vec![1.5; len]);
        assert_eq!(array.as_slice::<i64>(), None);
    }
    assert!(Array::with_shape(&[1u8; 6], &[2, 2]).is_err());
    assert!(Array::with_shape::<u8>(&[], &[u64::MAX, 2]).is_err());
}

#[test]
fn debug_shows_little_of_a_large_value() {
    let list = Value::list((0..1000).map(Value::I64).collect()).unwrap();
    let text = format!("{:?}", Value::map([("list", list), ("text", "é".repeat(999).into())]));
    assert!(text.contains("15, … 984 more]"), "{}", text);
    assert!(text.len() < 500, "{}", text);
}
