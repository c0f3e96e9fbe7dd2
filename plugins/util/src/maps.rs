//! Maps: parts of them, and several made one.

use std::collections::BTreeMap;

use terrace_plugin_api::{ErrorClass, Map, TaskError, Value, task};

/// Gives what is under a key of a map, or at a position of a list from 0. Where the key is known
/// when the workflow is written, a selection does it without a node: `${data.x}`, `${data[0]}`.
///
/// # Errors
/// Code `missing` where there is no such key or position, `kind` where the value is neither a map
/// nor a list, or the key is not of its kind.
#[task(pure)]
pub fn get(
    /// Where to look.
    value: &Value,
    /// A string for a map, an integer for a list.
    key: &Value,
) -> Result<Value, TaskError> {
    let found = match (value, key) {
        (Value::Map(map), Value::Str(key)) => map.get(key).cloned(),
        (Value::List(list), Value::I64(at)) => {
            usize::try_from(*at).ok().and_then(|at| list.get(at).cloned())
        }
        _ => {
            let message = format!("{} has nothing under {}", value.kind(), key.kind());
            return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("kind"));
        }
    };
    found.ok_or_else(|| missing(key))
}

/// Gives the entries of a map under some keys, in the order of the keys.
///
/// # Errors
/// Code `missing` where there is no such key.
#[task(pure)]
pub fn pick(
    /// The map.
    map: &Map,
    /// Which.
    keys: Vec<String>,
) -> Result<Value, TaskError> {
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        let value = map.get(&key).cloned().ok_or_else(|| missing(&Value::from(key.as_str())))?;
        entries.push((key, value));
    }
    Ok(Value::map(entries)?)
}

/// Gives the keys of a map, in its order.
#[task(pure)]
pub fn keys(
    /// The map.
    map: &Map,
) -> Vec<String> {
    map.iter().map(|(key, _)| key.to_owned()).collect()
}

/// Gives the values of a map, in its order.
#[task(pure)]
pub fn values(
    /// The map.
    map: &Map,
) -> Vec<Value> {
    map.iter().map(|(_, value)| value.clone()).collect()
}

/// Merges maps into one: of values under one key the last counts, and where both are maps they are
/// merged in turn. Keys keep the order in which they first came.
///
/// # Errors
/// None that an input could cause: merging makes nothing deeper, and no key comes twice.
#[task(pure)]
pub fn merge(
    /// The maps, the one that counts most at the end.
    maps: Vec<Map>,
) -> Result<Map, TaskError> {
    let mut maps = maps.into_iter();
    let first = maps.next().map_or_else(|| Map::new::<String>([]), Ok)?;
    maps.try_fold(first, merge_two)
}

/// As deep as values are: at most `terrace_plugin_api::MAX_DEPTH`.
fn merge_two(under: Map, over: Map) -> Result<Map, TaskError> {
    let mut entries = under.into_entries();
    let mut places: BTreeMap<String, usize> =
        entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
    for (key, value) in over.into_entries() {
        let Some(&at) = places.get(&key) else {
            places.insert(key.clone(), entries.len());
            entries.push((key, value));
            continue;
        };
        let old = &mut entries[at].1;
        *old = match (std::mem::take(old), value) {
            (Value::Map(under), Value::Map(over)) => Value::Map(merge_two(under, over)?),
            (_, value) => value,
        };
    }
    Ok(Map::new(entries)?)
}

fn missing(key: &Value) -> TaskError {
    TaskError::new(ErrorClass::INVALID_INPUT, format!("there is nothing under {key:?}"))
        .with_code("missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: &str) -> Map {
        match serde_json::from_str(json).unwrap() {
            Value::Map(map) => map,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_there_is_found() {
        let data = Value::Map(map(r#"{"x": 1, "y": [5, 6]}"#));
        assert_eq!(get(&data, &Value::from("x")).unwrap(), Value::from(1_i64));
        let list = get(&data, &Value::from("y")).unwrap();
        assert_eq!(get(&list, &Value::from(1_i64)).unwrap(), Value::from(6_i64));
        for (value, key, code) in [
            (&data, Value::from("z"), "missing"),
            (&list, Value::from(2_i64), "missing"),
            (&list, Value::from(-1_i64), "missing"),
            (&list, Value::from("0"), "kind"),
            (&data, Value::from(0_i64), "kind"),
            (&Value::Null, Value::from("x"), "kind"),
        ] {
            assert_eq!(get(value, &key).unwrap_err().code(), code, "{key:?}");
        }
    }

    #[test]
    fn parts_of_a_map_keep_their_order() {
        let data = map(r#"{"b": 1, "a": 2, "c": 3}"#);
        assert_eq!(keys(&data), ["b", "a", "c"]);
        assert_eq!(values(&data), [1_i64, 2, 3].map(Value::from));
        let picked = pick(&data, vec!["c".to_owned(), "b".to_owned()]).unwrap();
        assert_eq!(keys(picked.as_map().unwrap()), ["c", "b"]);
        assert_eq!(pick(&data, vec!["d".to_owned()]).unwrap_err().code(), "missing");
    }

    #[test]
    fn the_last_counts_at_every_depth() {
        let merged = merge(vec![
            map(r#"{"port": 80, "log": {"level": "info", "file": "a"}, "tags": [1, 2]}"#),
            map(r#"{"log": {"level": "debug"}, "tags": [3], "name": "b"}"#),
            map(r#"{"port": null, "name": {"first": "c"}}"#),
        ])
        .unwrap();
        let expected =
            r#"{"port":null,"log":{"level":"debug","file":"a"},"tags":[3],"name":{"first":"c"}}"#;
        assert_eq!(serde_json::to_string(&Value::Map(merged)).unwrap(), expected);
        assert!(merge(Vec::new()).unwrap().is_empty());
    }
}
