//! Counting: how many there are, and lists of numbers to map over.

use terrace_plugin_api::{ErrorClass, TaskError, Value, task};

/// The longest list that [`range()`] makes.
const LONGEST: u64 = 10_000_000;

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
}
