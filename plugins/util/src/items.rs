//! Lists: how many there are, lists of numbers to map over, and lists cut and joined.

use terrace_plugin_api::{ErrorClass, List, Map, Record, TaskError, Value, task};

/// The longest list that [`range()`] and [`ranges()`] make.
const LONGEST: u64 = 10_000_000;

/// `count` integers from `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Record)]
pub struct Range {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// Counts: characters of a string, bytes, items of a list, entries of a map, the outermost side
/// of an array.
///
/// # Errors
/// Code `kind` for anything else.
#[task(pure)]
pub fn length(
    /// What to count in.
    value: &Value,
) -> Result<i64, TaskError> {
    let length = match value {
        Value::Str(text) => text.chars().count() as u64,
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::List(list) => list.len() as u64,
        Value::Map(map) => map.len() as u64,
        Value::Array(array) if !array.shape().is_empty() => array.shape()[0],
        other => {
            let message = format!("input `value`: {} has no length", other.kind());
            return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("kind"));
        }
    };
    Ok(i64::try_from(length)?)
}

/// Gives the integers from `start` up to, and without, `stop`; none where `stop` is not above.
///
/// # Errors
/// Code `too_long` for more than 10,000,000.
#[task(pure)]
pub fn range(
    /// The first.
    #[default = 0]
    start: i64,
    /// One after the last.
    stop: i64,
) -> Result<Vec<i64>, TaskError> {
    if start < stop && stop.abs_diff(start) > LONGEST {
        let length = stop.abs_diff(start);
        let message = format!("a list of {length} integers is longer than {LONGEST}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("too_long"));
    }
    Ok((start..stop).collect())
}

/// Cuts the integers from 0 up to, and without, `total` into ranges of `size`; the last may be
/// shorter. For work that is numbered rather than listed.
///
/// # Errors
/// Code `size` where the size is 0, `too_long` for more than 10,000,000 ranges.
#[task(pure)]
pub fn ranges(
    /// How many integers.
    total: u64,
    /// How many each range has.
    size: u64,
) -> Result<Vec<Range>, TaskError> {
    if size == 0 {
        return Err(no_size());
    }
    let length = total.div_ceil(size);
    if length > LONGEST {
        let message = format!("{length} ranges are more than {LONGEST}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("too_long"));
    }
    Ok((0..length)
        .map(|at| Range { first: at * size, count: size.min(total - at * size) })
        .collect())
}

/// Cuts a list into lists of `size`; the last may be shorter.
///
/// # Errors
/// Code `size` where the size is 0.
#[task(pure)]
pub fn chunk(
    /// The list.
    values: Vec<Value>,
    /// How many items each has.
    size: u64,
) -> Result<Vec<List>, TaskError> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size == 0 {
        return Err(no_size());
    }
    values.chunks(size).map(|chunk| Ok(List::new(chunk.to_vec())?)).collect()
}

/// Joins lists one after the other into one.
#[task(pure)]
pub fn flatten(
    /// The lists.
    lists: Vec<Vec<Value>>,
) -> Vec<Value> {
    lists.into_iter().flatten().collect()
}

/// Makes a list of maps of a map of lists: `{x: [1, 2], y: [3, 4]}` gives
/// `[{x: 1, y: 3}, {x: 2, y: 4}]`.
///
/// # Errors
/// Code `lengths` where the lists are not of one length.
#[task(pure)]
pub fn zip(
    /// The lists by name.
    lists: std::collections::BTreeMap<String, Vec<Value>>,
) -> Result<Vec<Map>, TaskError> {
    let length = lists.values().map(Vec::len).next().unwrap_or_default();
    if let Some((name, list)) = lists.iter().find(|(_, list)| list.len() != length) {
        let message = format!("input `lists`: {name} has {} items, not {length}", list.len());
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("lengths"));
    }
    let entry = |at: usize| lists.iter().map(move |(name, list)| (name.as_str(), list[at].clone()));
    (0..length).map(|at| Ok(Map::new(entry(at))?)).collect()
}

fn no_size() -> TaskError {
    let message = "input `size`: parts of nothing have no end";
    TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("size")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use terrace_plugin_api::{Array, PortType};

    use super::*;

    #[test]
    fn each_kind_counts_what_it_is_made_of() {
        let map: BTreeMap<String, i64> = BTreeMap::from([("a".to_owned(), 1)]);
        for (value, expected) in [
            (Value::from("äöü"), 3),
            (Value::from(""), 0),
            (Value::from(&b"abcd"[..]), 4),
            (Value::list(vec![Value::Null; 5]).unwrap(), 5),
            (map.into_value().unwrap(), 1),
            (Value::from(Array::from_slice(&[1.0, 2.0])), 2),
        ] {
            assert_eq!(length(&value).unwrap(), expected, "{value:?}");
        }
        for none in [Value::Null, Value::from(1_i64), Value::from(true)] {
            assert_eq!(length(&none).unwrap_err().code(), "kind");
        }
    }

    #[test]
    fn ranges_end_before_stop() {
        assert_eq!(range(0, 3).unwrap(), [0, 1, 2]);
        assert_eq!(range(-1, 1).unwrap(), [-1, 0]);
        assert!(range(3, 3).unwrap().is_empty() && range(i64::MAX, i64::MIN).unwrap().is_empty());
        assert_eq!(range(i64::MIN, i64::MAX).unwrap_err().code(), "too_long");
        assert_eq!(range(0, 10_000_001).unwrap_err().code(), "too_long");
    }

    #[test]
    fn ranges_cover_everything_once() {
        for (total, size) in [(0, 1), (1, 1), (10, 3), (9, 3), (5, u64::MAX), (100, 7)] {
            let parts = ranges(total, size).unwrap();
            let joined: Vec<u64> =
                parts.iter().flat_map(|part| part.first..part.first + part.count).collect();
            assert_eq!(joined, (0..total).collect::<Vec<_>>(), "{total} {size}");
            assert!(parts.iter().all(|part| part.count > 0 && part.count <= size));
        }
        assert_eq!(ranges(u64::MAX, u64::MAX - 1).unwrap()[1].count, 1);
        assert_eq!(ranges(u64::MAX, 1).unwrap_err().code(), "too_long");
        assert_eq!(ranges(1, 0).unwrap_err().code(), "size");
    }

    #[test]
    fn chunks_joined_give_the_list() {
        let values: Vec<Value> = (0_i64..10).map(Value::from).collect();
        for (size, expected) in [(1, 10), (3, 4), (10, 1), (u64::MAX, 1)] {
            let chunks = chunk(values.clone(), size).unwrap();
            assert_eq!(chunks.len(), expected);
            assert_eq!(flatten(chunks.into_iter().map(List::into_vec).collect()), values);
        }
        assert!(chunk(Vec::new(), 3).unwrap().is_empty() && flatten(Vec::new()).is_empty());
        assert_eq!(chunk(values, 0).err().unwrap().code(), "size");
    }

    #[test]
    fn zipped_lists_have_one_length() {
        let list = |items: &[i64]| items.iter().map(|&item| Value::from(item)).collect();
        let lists =
            BTreeMap::from([("x".to_owned(), list(&[1, 2])), ("y".to_owned(), list(&[3, 4]))]);
        let zipped = zip(lists.clone()).unwrap();
        assert_eq!(zipped.len(), 2);
        assert_eq!(zipped[1].get("y"), Some(&Value::from(4_i64)));
        assert!(zip(BTreeMap::new()).unwrap().is_empty());
        let mut uneven = lists;
        uneven.insert("z".to_owned(), list(&[]));
        assert_eq!(zip(uneven).err().unwrap().code(), "lengths");
    }
}
