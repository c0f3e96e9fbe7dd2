//! Writing JSON at compile time, without `&mut`, which constant functions got only in Rust 1.83:
//! a [`Text`] goes in by value and comes back longer.
//!
//! Every writer runs twice: with a [`Text`] of capacity 0, which only counts, and with one of
//! exactly that capacity. The compiler counts loop turns per constant and warns at two million,
//! so each task is a constant of its own and the pack only joins them.

use crate::schema::{is_bare, EnumTag, Schema};

/// Text so far. Past its capacity it only counts.
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
    /// Whether it is inside a JSON string, where quotes and the like are escaped.
    quoted: bool,
}

impl<const N: usize> Text<N> {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; N], len: 0, quoted: false }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn into_bytes(self) -> [u8; N] {
        assert!(self.len == N, "the two passes of the manifest writer disagree");
        self.bytes
    }

    /// The text, cut at its capacity; for messages.
    pub(super) const fn as_str(&self) -> &str {
        let end = if self.len < N { self.len } else { N };
        let (text, _) = self.bytes.split_at(end);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "a name is too long to show",
        }
    }

    /// Appends text, escaped when inside a string.
    ///
    /// Every turn of these loops is interpreted by the compiler: a pack of 200 tasks writes
    /// 200,000 bytes. So there is a loop for each case, over locals.
    pub(super) const fn push(mut self, text: &str) -> Self {
        let from = text.as_bytes();
        let end = from.len();
        let mut len = self.len;
        let mut at = 0;
        if self.quoted {
            while at < end {
                let byte = from[at];
                if !ESCAPED[byte as usize] {
                    if len < N {
                        self.bytes[len] = byte;
                    }
                    len += 1;
                } else {
                    let (bytes, n) = escape(byte);
                    let mut put = 0;
                    while put < n {
                        if len < N {
                            self.bytes[len] = bytes[put];
                        }
                        len += 1;
                        put += 1;
                    }
                }
                at += 1;
            }
        } else {
            while at < end && len < N {
                self.bytes[len] = from[at];
                len += 1;
                at += 1;
            }
            len += end - at;
        }
        self.len = len;
        self
    }

    const fn quotes(mut self, quoted: bool) -> Self {
        self.quoted = false;
        self = self.push("\"");
        self.quoted = quoted;
        self
    }

    /// Appends a JSON string.
    pub(super) const fn string(self, text: &str) -> Self {
        self.quotes(true).push(text).quotes(false)
    }

    /// Appends a type in its notation, as a JSON string.
    pub(super) const fn schema(self, schema: &Schema) -> Self {
        self.quotes(true).notation(schema).quotes(false)
    }

    pub(super) const fn bool(self, value: bool) -> Self {
        self.push(if value { "true" } else { "false" })
    }

    pub(super) const fn number(self, value: u64) -> Self {
        let digit = match value % 10 {
            0 => "0",
            1 => "1",
            2 => "2",
            3 => "3",
            4 => "4",
            5 => "5",
            6 => "6",
            7 => "7",
            8 => "8",
            _ => "9",
        };
        let head = if value < 10 { self } else { self.number(value / 10) };
        head.push(digit)
    }

    /// Appends a name of the notation: bare where it can be, else quoted as in JSON.
    const fn name(mut self, name: &str) -> Self {
        if is_bare(name) {
            return self.push(name);
        }
        self = self.push("\"");
        let mut at = 0;
        while at < name.len() {
            let (bytes, n) = escape(name.as_bytes()[at]);
            let mut put = 0;
            while put < n {
                // Inside the manifest's own string the escape is escaped once more.
                let (bytes, n) =
                    if self.quoted { escape(bytes[put]) } else { ([bytes[put]; 6], 1) };
                let mut byte = 0;
                while byte < n {
                    if self.len < N {
                        self.bytes[self.len] = bytes[byte];
                    }
                    self.len += 1;
                    byte += 1;
                }
                put += 1;
            }
            at += 1;
        }
        self.push("\"")
    }

    /// Appends a type in its notation. `Display` of [`Schema`] writes the same.
    pub(super) const fn notation(mut self, schema: &Schema) -> Self {
        match schema {
            Schema::Any => self.push("any"),
            Schema::Null => self.push("null"),
            Schema::Bool => self.push("bool"),
            Schema::I64 => self.push("i64"),
            Schema::U64 => self.push("u64"),
            Schema::F64 => self.push("f64"),
            Schema::Number => self.push("number"),
            Schema::Str => self.push("str"),
            Schema::Bytes => self.push("bytes"),
            Schema::List(item) => self.push("list<").notation(item).push(">"),
            Schema::Map(item) => self.push("map<str, ").notation(item).push(">"),
            Schema::Array(kind) => self.push("array<").push(kind).push(">"),
            Schema::Optional(inner) => self.notation(inner).push("?"),
            Schema::Tuple(items) => {
                self = self.push("(");
                let mut at = 0;
                while at < items.len() {
                    self = self.push(if at > 0 { ", " } else { "" }).notation(&items[at]);
                    at += 1;
                }
                self.push(")")
            }
            Schema::Record(fields) => {
                self = self.push("{");
                let mut at = 0;
                while at < fields.len() {
                    let field = &fields[at];
                    let mark = if field.optional { "?: " } else { ": " };
                    self = self.push(if at > 0 { ", " } else { "" }).name(field.name).push(mark);
                    self = self.notation(field.shown());
                    at += 1;
                }
                self.push("}")
            }
            Schema::Enum(tag, variants) => {
                self = match tag {
                    EnumTag::External => self.push("enum{"),
                    EnumTag::Internal(tag) => self.push("enum(").name(tag).push("){"),
                    EnumTag::Adjacent(tag, content) => {
                        self.push("enum(").name(tag).push(", ").name(content).push("){")
                    }
                };
                let mut at = 0;
                while at < variants.len() {
                    self = self.push(if at > 0 { ", " } else { "" }).name(variants[at].name);
                    if let Some(schema) = &variants[at].schema {
                        self = self.push(": ").notation(schema);
                    }
                    at += 1;
                }
                self.push("}")
            }
            Schema::Outcome => self.push("outcome"),
            Schema::Workflow => self.push("workflow"),
            Schema::Ext(name) => self.push("ext<").push(name).push(">"),
        }
    }
}

/// Which bytes do not stand for themselves inside a JSON string.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        escaped[byte] = escape(byte as u8).1 > 1;
        byte += 1;
    }
    escaped
};

/// A byte as it stands inside a JSON string, and how many bytes that takes.
pub(crate) const fn escape(byte: u8) -> ([u8; 6], usize) {
    const fn hex(digit: u8) -> u8 {
        if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        }
    }
    match byte {
        b'"' | b'\\' => ([b'\\', byte, 0, 0, 0, 0], 2),
        b'\n' => ([b'\\', b'n', 0, 0, 0, 0], 2),
        0..=0x1f => ([b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)], 6),
        _ => ([byte, 0, 0, 0, 0, 0], 1),
    }
}
