//! [`Schema`]: the type of a port as a constant, and its notation.
//!
//! A schema is built at compile time from `PortType::SCHEMA`s and written into the manifest in
//! the one notation that people see everywhere: `list<f64>`, `map<str, i64>`,
//! `{x: f64, y?: str}`. Reading it back is the host's business.

/// The type of a port.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Schema {
    /// Anything; checked when the task runs.
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
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// Items of one type: a list, or an array where the items are numbers.
    List(&'static Schema),
    /// Values of one type by name.
    Map(&'static Schema),
    /// Numbers of one kind in one buffer.
    Array(&'static str),
    /// A value or null; as a port, also absent.
    Optional(&'static Schema),
    /// A list of fixed length with a type for each item.
    Tuple(&'static [Schema]),
    /// Named fields.
    Record(&'static [Field]),
    /// One of several named alternatives.
    Enum(EnumTag, &'static [Variant]),
    /// How a node ended.
    Outcome,
    /// A private type, by name.
    Ext(&'static str),
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name in the map.
    pub name: &'static str,
    /// Type.
    pub schema: Schema,
    /// Whether it may be missing.
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
