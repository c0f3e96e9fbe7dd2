//! Text: joined, and taken apart.

use terrace_plugin_api::{ErrorClass, TaskError, Value, task};

/// Joins strings, numbers and bools to one text.
///
/// # Errors
/// Code `kind` for anything else.
#[task(pure)]
pub fn join(
    /// What to join.
    parts: &[Value],
    /// What to put in between.
    #[default = ""]
    separator: &str,
) -> Result<String, TaskError> {
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            text.push_str(separator);
        }
        match part {
            Value::Str(part) => text.push_str(part),
            Value::Bool(part) => text.push_str(&part.to_string()),
            Value::I64(part) => text.push_str(&part.to_string()),
            Value::U64(part) => text.push_str(&part.get().to_string()),
            // Debug keeps the point of 1.0, so that it stays a float.
            Value::F64(part) => text.push_str(&format!("{part:?}")),
            other => {
                let message = format!("input `parts[{at}]`: {} is no text", other.kind());
                return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("kind"));
            }
        }
    }
    Ok(text)
}

/// Gives the lines of a text, without their ends.
#[task(pure)]
pub fn lines(
    /// The text.
    text: &str,
    /// Whether to leave out empty lines.
    #[default = false]
    skip_empty: bool,
) -> Vec<String> {
    text.lines().filter(|line| !skip_empty || !line.is_empty()).map(str::to_owned).collect()
}

/// Gives a text without the blanks and line ends around it.
#[task(pure)]
pub fn trim(
    /// The text.
    text: &str,
) -> String {
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_join_as_they_are_written() {
        let parts = [
            Value::from("a"),
            Value::from(1_i64),
            Value::from(u64::MAX),
            Value::from(1.0),
            Value::from(true),
        ];
        assert_eq!(join(&parts, ", ").unwrap(), "a, 1, 18446744073709551615, 1.0, true");
        assert_eq!(join(&[], ", ").unwrap(), "");
        assert_eq!(join(&[Value::Null], "").unwrap_err().code(), "kind");
    }

    #[test]
    fn lines_have_no_ends() {
        assert_eq!(lines("a\r\n\nb\n", false), ["a", "", "b"]);
        assert_eq!(lines("a\n\nb", true), ["a", "b"]);
        assert!(lines("", false).is_empty());
        assert_eq!(trim(" a b\n"), "a b");
    }
}
