//! Values as text that people look at: JSON that stops after so many bytes.
//!
//! What is cut ends with `…`. A value is walked only as far as it is shown, so that a preview of a
//! large one costs no more than of a small one.

use std::fmt::Write as _;

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
