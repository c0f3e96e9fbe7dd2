//! JSON text: what programs of other languages read on their standard input and print.

use serde::Deserialize;
use terrace_plugin_api::{ErrorClass, TaskError, Value, task};

/// Reads JSON. A map whose only key is `$f64`, `$bytes` or `$array` is what `json_text` makes of
/// what JSON has no form for.
///
/// # Errors
/// Code `json` where it is not JSON, nests deeper than a value may, has a key twice in one map, or
/// has more after its end; with the line and column.
#[task(pure)]
pub fn json_parse(
    /// The text.
    text: &str,
) -> Result<Value, TaskError> {
    let refused = |error: serde_json::Error| {
        let message = format!("input `text` is not JSON: {error}");
        TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("json")
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    // A value has a limit of its own.
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).map_err(refused)?;
    reader.end().map_err(refused)?;
    Ok(value)
}

/// Writes a value as JSON in one line, or over several where asked. Bytes, arrays and floats that
/// are not finite become maps with one key, `$bytes`, `$array` or `$f64`; what is written reads
/// back as an equal value.
///
/// # Errors
/// Code `opaque` where a private type inside has no form as data.
#[task(pure)]
pub fn json_text(
    /// What to write.
    value: &Value,
    /// Whether to put each entry on a line of its own.
    #[default = false]
    pretty: bool,
) -> Result<String, TaskError> {
    let text =
        if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.map_err(|error| TaskError::msg(error).with_code("opaque"))
}

#[cfg(test)]
mod tests {
    use terrace_plugin_api::{Array, MAX_DEPTH};

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let value = Value::map([
            ("text", Value::from("\"ü\n\\")),
            ("numbers", Value::list(vec![Value::from(u64::MAX), Value::from(0.1)]).unwrap()),
            ("nan", Value::from(f64::NAN)),
            ("bytes", Value::from(vec![0, 255])),
            ("array", Value::from(Array::from_slice(&[1.0, 2.0]))),
            ("null", Value::Null),
        ])
        .unwrap();
        for pretty in [false, true] {
            let text = json_text(&value, pretty).unwrap();
            assert_eq!(json_parse(&text).unwrap(), value, "{text}");
            assert_eq!(text.contains('\n'), pretty);
        }
        assert_eq!(json_parse(" [1, 2.5] \n").unwrap().index(1), Some(&Value::from(2.5)));
    }

    #[test]
    fn what_is_not_json_says_where() {
        for wrong in ["", "{", "[1,]", "{'a': 1}", "1 2", "{\"a\": 1, \"a\": 2}", "NaN", "1e999"] {
            assert_eq!(json_parse(wrong).unwrap_err().code(), "json", "{wrong}");
        }
        let error = json_parse("{\n  \"a\": tru }").unwrap_err();
        assert!(error.message().contains("line 2 column"), "{error}");
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let most = usize::from(MAX_DEPTH);
        let deep = json_parse(&nested(most)).unwrap();
        assert_eq!(json_text(&deep, false).unwrap(), nested(most));
        for depth in [most + 1, 1_000_000] {
            assert_eq!(json_parse(&nested(depth)).unwrap_err().code(), "json");
        }
    }
}
