//! Whether a port's default is of the port's type, decided at compile time.
//!
//! The default is JSON text that `#[task]` wrote from a literal, so it has no blanks and is
//! well formed: numbers, strings, bools, and arrays of those.

use super::json::Text;
use crate::schema::{EnumTag, Schema};

/// What [`fit`] answers where the text is of another type.
const NO: usize = usize::MAX;

/// Fails the build where a port's default is of another type than the port.
///
/// # Panics
/// Where it is.
pub const fn check_default(port: &str, default: &str, schema: &Schema) {
    if !default_fits(default, schema) {
        let text = Text::<300>::new().push("the default of `").push(port);
        let text = text.push("` is not of the port's type, ").notation(schema);
        panic!("{}", text.as_str());
    }
}

/// Whether a default is of a type.
const fn default_fits(default: &str, schema: &Schema) -> bool {
    fit(default.as_bytes(), 0, schema) == default.len()
}

/// Where the value that starts at `at` ends, or [`NO`].
const fn fit(text: &[u8], at: usize, schema: &Schema) -> usize {
    let first = text[at];
    let number = first == b'-' || first.is_ascii_digit();
    match schema {
        Schema::Any => skip(text, at),
        Schema::Optional(inner) => fit(text, at, inner),
        Schema::Bool if first == b't' || first == b'f' => skip(text, at),
        Schema::Str if first == b'"' => skip(text, at),
        Schema::F64 | Schema::Number if number => skip(text, at),
        Schema::I64 if number && integer(text, at) => skip(text, at),
        Schema::U64 if first.is_ascii_digit() && integer(text, at) => skip(text, at),
        Schema::List(item) if first == b'[' => fit_items(text, at, item),
        Schema::Tuple(items) if first == b'[' => fit_tuple(text, at, items),
        Schema::Enum(EnumTag::External, variants) if first == b'"' => {
            let end = skip(text, at);
            let mut index = 0;
            while index < variants.len() {
                let name = variants[index].name.as_bytes();
                if variants[index].schema.is_none() && same_part(text, at + 1, end - 1, name) {
                    return end;
                }
                index += 1;
            }
            NO
        }
        _ => NO,
    }
}

const fn fit_items(text: &[u8], at: usize, item: &Schema) -> usize {
    let mut at = at + 1;
    while text[at] != b']' {
        at = fit(text, at, item);
        if at == NO {
            return NO;
        }
        if text[at] == b',' {
            at += 1;
        }
    }
    at + 1
}

const fn fit_tuple(text: &[u8], at: usize, items: &[Schema]) -> usize {
    let mut at = at + 1;
    let mut index = 0;
    while text[at] != b']' {
        if index == items.len() {
            return NO;
        }
        at = fit(text, at, &items[index]);
        if at == NO {
            return NO;
        }
        if text[at] == b',' {
            at += 1;
        }
        index += 1;
    }
    if index == items.len() {
        at + 1
    } else {
        NO
    }
}

const fn same_part(text: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if text[start + at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether the number at `at` has neither fraction nor exponent.
const fn integer(text: &[u8], at: usize) -> bool {
    let end = skip(text, at);
    let mut at = at;
    while at < end {
        if text[at] != b'-' && !text[at].is_ascii_digit() {
            return false;
        }
        at += 1;
    }
    true
}

/// Where the value that starts at `at` ends, whatever it is.
const fn skip(text: &[u8], at: usize) -> usize {
    let mut at = at;
    let mut depth = 0u32;
    let mut inside = false;
    while at < text.len() {
        let byte = text[at];
        if inside {
            match byte {
                b'\\' => at += 1,
                b'"' => inside = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => inside = true,
                b'[' => depth += 1,
                b']' if depth == 0 => return at,
                b']' => depth -= 1,
                b',' if depth == 0 => return at,
                _ => {}
            }
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, schema: &Schema) -> bool {
        default_fits(text, schema)
    }

    #[test]
    fn defaults_are_checked_against_the_type() {
        assert!(
            fits("1", &Schema::F64) && fits("-0.5", &Schema::F64) && fits("1e9", &Schema::Number)
        );
        assert!(
            fits("-1", &Schema::I64) && !fits("-1", &Schema::U64) && !fits("1.0", &Schema::I64)
        );
        assert!(fits("\"a,]\"", &Schema::Str) && !fits("\"a\"", &Schema::I64));
        assert!(fits("[]", &Schema::List(&Schema::Str)));
        assert!(fits("[1,2.5]", &Schema::List(&Schema::F64)));
        assert!(!fits("[1,2.5]", &Schema::List(&Schema::I64)));
        assert!(fits("[[1],[]]", &Schema::List(&Schema::List(&Schema::I64))));
        assert!(fits("[1,\"a\"]", &Schema::Tuple(&[Schema::I64, Schema::Str])));
        assert!(!fits("[1]", &Schema::Tuple(&[Schema::I64, Schema::Str])));
        assert!(
            fits("[1,\"x\\\"\"]", &Schema::Any) && fits("true", &Schema::Optional(&Schema::Bool))
        );
    }
}
