//! [`Schema`]: the type of a port as a constant, and its notation.
//!
//! A schema is built at compile time from `PortType::SCHEMA`s and written into the manifest in
//! the one notation that people see everywhere: `list<f64>`, `map<str, i64>`,
//! `{x: f64, y?: str}`. The writer that runs at compile time is in [`crate::manifest`]; the one
//! here is for messages. Reading the notation is the host's business.

use std::fmt;

use crate::manifest::json::escape;

/// The type of a port.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Schema {
    /// Anything; checked when the task runs. Notation `any`.
    Any,
    /// Only null.
    Null,
    /// A truth value.
    Bool,
    /// An integer.
    I64,
    /// An integer from 0 to `u64::MAX`.
    U64,
    /// A floating-point number; integers widen to it.
    F64,
    /// An integer or a float, kept as it is.
    Number,
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// Items of one type: a list, or an array where the items are numbers.
    List(&'static Schema),
    /// Values of one type by name.
    Map(&'static Schema),
    /// Numbers of one kind in one buffer: `array<f64>`; of any kind: `array<any>`.
    Array(&'static str),
    /// A value or null; as a port, also absent. Notation `str?`.
    Optional(&'static Schema),
    /// A list of fixed length with a type for each item. Notation `(f64, str)`.
    Tuple(&'static [Schema]),
    /// Named fields.
    Record(&'static [Field]),
    /// One of several named alternatives.
    Enum(EnumTag, &'static [Variant]),
    /// How a node ended.
    Outcome,
    /// A workflow that runs in the place of the task that gives it.
    Workflow,
    /// A private type, by name. Notation `ext<circuit>`.
    Ext(&'static str),
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name in the map.
    pub name: &'static str,
    /// Type.
    pub schema: Schema,
    /// Whether it may be missing or null. Notation `name?: type`.
    pub optional: bool,
}

/// One alternative of an enum.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Name in the data.
    pub name: &'static str,
    /// What it carries; `None` for a bare name.
    pub schema: Option<Schema>,
}

/// How the name of an enum's alternative stands in the data; serde's names for them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum EnumTag {
    /// `"Point"` or `{"Circle": …}`. Notation `enum{Point, Circle: {r: f64}}`.
    External,
    /// A field beside the others. Notation `enum(type){…}`.
    Internal(&'static str),
    /// One field for the name, one for what it carries. Notation `enum(type, data){…}`.
    Adjacent(&'static str, &'static str),
}

impl Schema {
    /// Whether null is one of its values, so that an absent one can be read.
    pub const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_))
    }
}

impl Field {
    /// The type that the notation shows: the mark on the name already says that it may be null.
    pub(crate) const fn shown(&self) -> &Schema {
        match &self.schema {
            Schema::Optional(inner) if self.optional => inner,
            schema => schema,
        }
    }
}

/// Whether a name stands in the notation without quotes.
pub(crate) const fn is_bare(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let letter = byte.is_ascii_alphabetic() || byte == b'_';
        if !letter && (at == 0 || !(byte.is_ascii_digit() || byte == b'-')) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// A name in the notation: bare where it can be, else in quotes as JSON has them.
struct Name(&'static str);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_bare(self.0) {
            return f.write_str(self.0);
        }
        let mut quoted = vec![b'"'];
        for byte in self.0.bytes() {
            let (bytes, n) = escape(byte);
            quoted.extend(&bytes[..n]);
        }
        quoted.push(b'"');
        f.write_str(&String::from_utf8_lossy(&quoted))
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::I64 => f.write_str("i64"),
            Self::U64 => f.write_str("u64"),
            Self::F64 => f.write_str("f64"),
            Self::Number => f.write_str("number"),
            Self::Str => f.write_str("str"),
            Self::Bytes => f.write_str("bytes"),
            Self::List(item) => write!(f, "list<{}>", item),
            Self::Map(item) => write!(f, "map<str, {}>", item),
            Self::Array(kind) => write!(f, "array<{}>", kind),
            Self::Optional(inner) => write!(f, "{}?", inner),
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, item)?;
                }
                f.write_str(")")
            }
            Self::Record(fields) => {
                f.write_str("{")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let mark = if field.optional { "?" } else { "" };
                    write!(f, "{}{}{}: {}", comma, Name(field.name), mark, field.shown())?;
                }
                f.write_str("}")
            }
            Self::Enum(tag, variants) => {
                match tag {
                    EnumTag::External => f.write_str("enum{")?,
                    EnumTag::Internal(tag) => write!(f, "enum({}){{", Name(tag))?,
                    EnumTag::Adjacent(tag, content) => {
                        write!(f, "enum({}, {}){{", Name(tag), Name(content))?;
                    }
                }
                for (index, variant) in variants.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, Name(variant.name))?;
                    if let Some(schema) = &variant.schema {
                        write!(f, ": {}", schema)?;
                    }
                }
                f.write_str("}")
            }
            Self::Outcome => f.write_str("outcome"),
            Self::Workflow => f.write_str("workflow"),
            Self::Ext(name) => write!(f, "ext<{}>", name),
        }
    }
}
