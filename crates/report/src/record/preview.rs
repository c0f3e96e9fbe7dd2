//! Values as text that people look at: JSON that stops after so many bytes.
//!
//! What is cut ends with `…`. A value is walked only as far as it is shown, so that a preview of a
//! large one costs no more than of a small one.

use std::fmt::Write as _;
use std::io::Write as _;

use terrace_core::{Redactor, Value};

use super::line::cut;

/// The value as JSON of about `most` bytes, masked.
pub(super) fn show(value: &Value, redactor: &Redactor, most: usize) -> String {
    let mut preview = Preview { text: String::new(), most, full: false };
    if redactor.is_empty() {
        preview.value(value);
    } else {
        // Before it is cut: of a secret that lies across the cut the first half would be left.
        preview.value(&redactor.mask_value(value));
    }
    if preview.full {
        preview.text.truncate(cut(&preview.text, most).len());
        preview.text.push('…');
    }
    preview.text
}

/// Writes the value as [`show`] has it, in quotes, and without allocating where it is small: there is one
/// for every port and every node.
pub(super) fn write(buffer: &mut Vec<u8>, value: &Value, redactor: &Redactor, most: usize) {
    match value {
        Value::Null => buffer.extend_from_slice(b"\"null\""),
        Value::Bool(true) => buffer.extend_from_slice(b"\"true\""),
        Value::Bool(false) => buffer.extend_from_slice(b"\"false\""),
        Value::I64(number) if most >= 20 && redactor.is_empty() => {
            buffer.push(b'"');
            if *number < 0 {
                buffer.push(b'-');
            }
            super::line::number(buffer, number.unsigned_abs());
            buffer.push(b'"');
        }
        Value::F64(number) if most >= 32 && redactor.is_empty() => {
            // Writing to a vector cannot fail.
            let _ = write!(buffer, "\"{number:?}\"");
        }
        Value::Str(text) if redactor.is_empty() && is_plain(text.as_str(), most) => {
            buffer.extend_from_slice(b"\"\\\"");
            buffer.extend_from_slice(text.as_str().as_bytes());
            buffer.extend_from_slice(b"\\\"\"");
        }
        Value::Ext(ext) if redactor.is_empty() && is_plain(ext.type_name(), most) => {
            buffer.extend_from_slice(b"\"<");
            buffer.extend_from_slice(ext.type_name().as_bytes());
            buffer.extend_from_slice(b">\"");
        }
        _ => super::line::text(buffer, &show(value, redactor, most)),
    }
}

/// Whether text is shown whole and has nothing to escape.
fn is_plain(text: &str, most: usize) -> bool {
    text.len() < most && !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

struct Preview {
    text: String,
    most: usize,
    full: bool,
}

impl Preview {
    /// Nesting is bounded by what values are.
    fn value(&mut self, value: &Value) {
        if self.is_full() {
            return;
        }
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::I64(number) => self.put(format_args!("{number}")),
            Value::U64(number) => self.put(format_args!("{}", number.get())),
            Value::F64(number) => self.put(format_args!("{number:?}")),
            Value::Str(text) => self.quoted(text.as_str()),
            Value::Bytes(bytes) => self.put(format_args!("<{} bytes>", bytes.len())),
            Value::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.comma(at);
                    self.value(item);
                }
                self.text.push(']');
            }
            Value::Map(map) => {
                self.text.push('{');
                for (at, (key, item)) in map.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.comma(at);
                    self.quoted(key);
                    self.text.push_str(": ");
                    self.value(item);
                }
                self.text.push('}');
            }
            Value::Array(array) => {
                self.put(format_args!(
                    "<array of {}, shape {:?}",
                    array.dtype().name(),
                    array.shape()
                ));
                if let Some(items) = array.as_slice::<f64>() {
                    self.text.push_str(": ");
                    for (at, item) in items.iter().enumerate() {
                        if self.is_full() {
                            return;
                        }
                        self.comma(at);
                        self.put(format_args!("{item:?}"));
                    }
                }
                self.text.push('>');
            }
            Value::Ext(ext) => self.put(format_args!("<{}>", ext.type_name())),
        }
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.text.push_str(", ");
        }
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(what);
    }

    fn quoted(&mut self, text: &str) {
        let room = self.most.saturating_sub(self.text.len());
        let part = cut(text, room);
        self.full |= part.len() < text.len();
        let mut quoted = Vec::with_capacity(part.len() + 2);
        super::line::text(&mut quoted, part);
        if self.full {
            quoted.pop();
        }
        self.text.push_str(&String::from_utf8_lossy(&quoted));
    }

    fn is_full(&mut self) -> bool {
        self.full |= self.text.len() > self.most;
        self.full
    }
}

#[cfg(test)]
mod tests {
    use terrace_core::{NoTasks, WorkflowBuilder};

    use super::*;

    fn shown(value: Value, most: usize) -> String {
        show(&value, &Redactor::default(), most)
    }

    #[test]
    fn a_value_is_shown_as_far_as_there_is_room() {
        let list = |n: i64| Value::list((0..n).map(Value::from).collect()).unwrap();
        assert_eq!(shown(list(3), 100), "[0, 1, 2]");
        assert_eq!(shown(list(1_000_000), 10), "[0, 1, 2, …");
        let map = Value::map([("a\"b", Value::from(1.0)), ("c", Value::Null)]).unwrap();
        assert_eq!(shown(map, 100), r#"{"a\"b": 1.0, "c": null}"#);
        assert_eq!(shown(Value::from("é".repeat(9)), 5), "\"éé…");
    }

    #[test]
    fn what_is_written_is_what_is_shown() {
        let numbers = [0, 7, -1, i64::MAX, i64::MIN].map(Value::from);
        let texts = ["plain é", "a \"b\"", "\u{1}\\", ""].map(Value::from);
        let long = Value::from("x".repeat(399));
        let floats = [0.0, -1.5, 1e300, 5e-324, f64::NAN, f64::NEG_INFINITY].map(Value::from);
        let others = [Value::Null, true.into(), false.into(), long];
        for value in numbers.into_iter().chain(texts).chain(floats).chain(others) {
            let mut buffer = Vec::new();
            write(&mut buffer, &value, &Redactor::default(), 400);
            let read: String = serde_json::from_slice(&buffer).unwrap();
            assert_eq!(read, shown(value, 400));
        }
    }

    #[test]
    fn a_secret_across_the_cut_is_masked_whole() {
        let wf = WorkflowBuilder::new("masked");
        let token = wf.input::<String>("token").secret();
        wf.output("token", &token);
        let wf = wf.build(&NoTasks).unwrap();
        let redactor = Redactor::new(&wf, &[Value::from("s3cr3ts3cr3t")]);
        let text = Value::from("12345s3cr3ts3cr3t");
        assert_eq!(show(&text, &redactor, 8), "\"12345***\"");
    }
}
