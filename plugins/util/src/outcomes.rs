//! What is left of many when some of them failed.

use terrace_plugin_api::{
    ErrorClass, Outcome, OutcomeStatus, PortError, PortType, TaskError, Value, task,
};

/// Gives the values of those that succeeded, of what a map with `collect: outcomes` gathered. From
/// a map each keeps its key; from a list only the order is left.
///
/// # Errors
/// Code `too_few` where less than `at_least` succeeded, with the others' errors as causes; `kind`
/// where it is neither a list nor a map of outcomes.
#[task(pure)]
pub fn succeeded(
    /// How each ended, as a list or a map.
    outcomes: Value,
    /// How many must have succeeded.
    #[default = 0]
    at_least: u64,
) -> Result<Value, TaskError> {
    let mut failures = Vec::new();
    let (given, left) = match outcomes {
        Value::List(list) => {
            let mut values = Vec::with_capacity(list.len());
            for (at, item) in list.iter().enumerate() {
                match read(item).map_err(|error| no_outcome(error.at_index(at)))? {
                    Ok(value) => values.push(value),
                    Err(why) => failures.push(format!("[{at}]: {why}")),
                }
            }
            (values.len(), Value::list(values)?)
        }
        Value::Map(map) => {
            let mut values = Vec::with_capacity(map.len());
            for (key, item) in map.iter() {
                match read(item).map_err(|error| no_outcome(error.at_key(key)))? {
                    Ok(value) => values.push((key, value)),
                    Err(why) => failures.push(format!("{key}: {why}")),
                }
            }
            (values.len(), Value::map(values)?)
        }
        other => return Err(no_outcome(PortError::expected("a list or map of outcomes", &other))),
    };
    if given as u64 >= at_least {
        return Ok(left);
    }
    let message = format!("{given} of {} succeeded, {at_least} had to", given + failures.len());
    let error = TaskError::msg(message).with_code("too_few");
    Err(failures.into_iter().fold(error, TaskError::with_cause))
}

/// The value of an outcome, or why there is none.
fn read(item: &Value) -> Result<Result<Value, String>, PortError> {
    let outcome = Outcome::from_value(item.clone())?;
    Ok(match (outcome.status, outcome.error) {
        (OutcomeStatus::Ok, _) => Ok(outcome.value.unwrap_or_default()),
        (_, Some(error)) => Err(error.to_string()),
        (status, None) => Err(status.name().to_owned()),
    })
}

fn no_outcome(error: PortError) -> TaskError {
    let message = format!("input `outcomes`: {error}");
    TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("kind")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(value: i64) -> Value {
        outcome(OutcomeStatus::Ok, Some(Value::from(value)), None)
    }

    fn failed(why: &str) -> Value {
        outcome(OutcomeStatus::Failed, None, Some(TaskError::msg(why)))
    }

    fn outcome(status: OutcomeStatus, value: Option<Value>, error: Option<TaskError>) -> Value {
        Outcome { status, value, error, attempts: 1 }.into_value().unwrap()
    }

    #[test]
    fn each_keeps_its_own_key() {
        let skipped = outcome(OutcomeStatus::Skipped, None, None);
        let all = Value::map([("a", failed("no")), ("b", ok(2)), ("c", skipped), ("d", ok(4))]);
        let left = succeeded(all.clone().unwrap(), 2).unwrap();
        let expected = Value::map([("b", Value::from(2_i64)), ("d", Value::from(4_i64))]);
        assert_eq!(left, expected.unwrap());
        let error = succeeded(all.unwrap(), 3).unwrap_err();
        assert_eq!((error.code(), error.message()), ("too_few", "2 of 4 succeeded, 3 had to"));
        assert_eq!(error.causes().collect::<Vec<_>>(), ["a: no", "c: skipped"]);
    }

    #[test]
    fn a_list_keeps_its_order() {
        let all = Value::list(vec![ok(1), failed("no"), ok(3)]).unwrap();
        let expected = Value::list(vec![Value::from(1_i64), Value::from(3_i64)]).unwrap();
        assert_eq!(succeeded(all, 0).unwrap(), expected);
        // Nothing given for nothing asked.
        assert_eq!(
            succeeded(Value::list(Vec::new()).unwrap(), 0).unwrap(),
            Value::list(Vec::new()).unwrap()
        );
    }

    #[test]
    fn what_is_no_outcome_is_refused() {
        let plain = Value::list(vec![Value::from(1_i64)]).unwrap();
        for wrong in [Value::Null, Value::from("ok"), plain] {
            assert_eq!(succeeded(wrong, 0).unwrap_err().code(), "kind");
        }
    }
}
