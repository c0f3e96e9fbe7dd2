//! Comparing two values: the source of the conditions that `when:` takes.

use std::cmp::Ordering;

use terrace_plugin_api::{Array, DType, ErrorClass, TaskError, Value, task};

use crate::number::Number;

/// Compares two values. Numbers by value, without rounding, whatever their kind (1 == 1.0, NaN
/// equals nothing); strings by their bytes; lists, maps and the rest only by `==` and `!=`.
///
/// # Errors
/// Code `op` where the operator is unknown, `kind` where the two have no order.
#[task(pure)]
pub fn compare(
    /// What stands left.
    left: &Value,
    /// One of `==`, `!=`, `<`, `<=`, `>`, `>=`.
    op: &str,
    /// What stands right.
    right: &Value,
) -> Result<bool, TaskError> {
    Ok(match op {
        "==" => equal(left, right),
        "!=" => !equal(left, right),
        "<" => order(left, op, right)? == Some(Ordering::Less),
        ">" => order(left, op, right)? == Some(Ordering::Greater),
        "<=" => matches!(order(left, op, right)?, Some(Ordering::Less | Ordering::Equal)),
        ">=" => matches!(order(left, op, right)?, Some(Ordering::Greater | Ordering::Equal)),
        other => {
            let message = format!("input `op`: {other:?} is none of ==, !=, <, <=, >, >=");
            return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("op"));
        }
    })
}

/// The order of two numbers or two strings; `None` beside a NaN.
fn order(left: &Value, op: &str, right: &Value) -> Result<Option<Ordering>, TaskError> {
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return Ok(left.partial_cmp(&right));
    }
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => Ok(Some(left.cmp(right))),
        _ => {
            let message = format!(
                "`{op}` needs two numbers or two strings, found {} and {}",
                left.kind(),
                right.kind()
            );
            Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("kind"))
        }
    }
}

/// Whether two values are equal with their numbers compared by value at every depth; depth is
/// at most `terrace_plugin_api::MAX_DEPTH`.
fn equal(left: &Value, right: &Value) -> bool {
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return left == right;
    }
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, a)| right.get(key).is_some_and(|b| equal(a, b)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.shape() == right.shape()
                && (0..left.len()).all(|at| item(left, at) == item(right, at))
        }
        // A port of type `list<f64>` takes either, so a workflow cannot tell them apart.
        (Value::List(list), Value::Array(array)) | (Value::Array(array), Value::List(list)) => {
            array.shape().len() == 1
                && array.len() == list.len()
                && list.iter().enumerate().all(|(at, value)| {
                    Number::of(value).is_some_and(|number| item(array, at) == Some(number))
                })
        }
        _ => left == right,
    }
}

/// An element of an array.
fn item(array: &Array, at: usize) -> Option<Number> {
    match array.dtype() {
        DType::U8 => array.as_slice::<u8>()?.get(at).map(|&n| Number::Int(n.into())),
        DType::I32 => array.as_slice::<i32>()?.get(at).map(|&n| Number::Int(n.into())),
        DType::I64 => array.as_slice::<i64>()?.get(at).map(|&n| Number::Int(n.into())),
        DType::F32 => array.as_slice::<f32>()?.get(at).map(|&n| Number::Float(n.into())),
        DType::F64 => array.as_slice::<f64>()?.get(at).map(|&n| Number::Float(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operators that hold, of all six.
    fn holding(left: impl Into<Value>, right: impl Into<Value>) -> Vec<&'static str> {
        let (left, right) = (left.into(), right.into());
        ["==", "!=", "<", "<=", ">", ">="]
            .into_iter()
            .filter(|op| compare(&left, op, &right).unwrap())
            .collect()
    }

    fn list(items: Vec<Value>) -> Value {
        Value::list(items).unwrap()
    }

    #[test]
    fn numbers_compare_whatever_their_kind() {
        assert_eq!(holding(1_i64, 1.0), ["==", "<=", ">="]);
        assert_eq!(holding(1_i64, 1.5), ["!=", "<", "<="]);
        assert_eq!(holding(u64::MAX, -1_i64), ["!=", ">", ">="]);
        assert_eq!(holding(f64::NAN, f64::NAN), ["!="]);
        assert_eq!(holding(9_007_199_254_740_993_i64, 9_007_199_254_740_992.0), ["!=", ">", ">="]);
    }

    #[test]
    fn strings_compare_by_their_bytes() {
        assert_eq!(holding("a", "b"), ["!=", "<", "<="]);
        assert_eq!(holding("Z", "a"), ["!=", "<", "<="]);
        assert_eq!(holding("", ""), ["==", "<=", ">="]);
        assert_eq!(holding("10", "9"), ["!=", "<", "<="]);
    }

    #[test]
    fn the_rest_is_equal_or_not() {
        let array = Value::from(Array::from_slice(&[1.0, 2.0]));
        let ints = list(vec![Value::from(1_i64), Value::from(2_i64)]);
        let floats = list(vec![Value::from(1.0), Value::from(2.0)]);
        let more = Value::from(Array::from_slice(&[1_i64, 2, 3]));
        for (left, right, same) in [
            (Value::Null, Value::Null, true),
            (Value::Null, Value::from(0_i64), false),
            (Value::from(true), Value::from(1_i64), false),
            (Value::from("1"), Value::from(1_i64), false),
            (ints.clone(), floats.clone(), true),
            (array.clone(), ints.clone(), true),
            (floats.clone(), array.clone(), true),
            (array.clone(), more.clone(), false),
            (ints.clone(), more, false),
            (list(vec![Value::from(f64::NAN)]), list(vec![Value::from(f64::NAN)]), false),
            (
                Value::map([("a", ints.clone()), ("b", Value::Null)]).unwrap(),
                Value::map([("b", Value::Null), ("a", floats)]).unwrap(),
                true,
            ),
            (
                Value::map([("a", Value::Null)]).unwrap(),
                Value::map([("b", Value::Null)]).unwrap(),
                false,
            ),
        ] {
            assert_eq!(compare(&left, "==", &right).unwrap(), same, "{left:?} {right:?}");
            assert_eq!(compare(&left, "!=", &right).unwrap(), !same, "{left:?} {right:?}");
            assert_eq!(compare(&left, "<", &right).unwrap_err().code(), "kind");
        }
    }

    #[test]
    fn an_unknown_operator_is_refused() {
        for wrong in ["=", "=<", "", "is"] {
            assert_eq!(compare(&Value::Null, wrong, &Value::Null).unwrap_err().code(), "op");
        }
    }
}
