//! [`Type`]: the type of a port or input, with one notation everywhere.
//!
//! `any null bool i64 u64 f64 number str bytes list<T> map<str, T> array<f64> T? (T, U)
//! {x: f64, y?: str} enum{Point, Circle: {r: f64}} outcome workflow ext<name>`. Reading the notation is
//! [`mod@parse`], whether one type may flow into another is [`fit`].

mod check;
mod fit;
mod parse;

use std::fmt;

pub use check::Mismatch;
pub use fit::Fit;
pub use parse::TypeError;

/// The type of a port, an output or an input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// Anything; checked when the task runs.
    Any,
    /// Only null.
    Null,
    /// A truth value.
    Bool,
    /// An integer from `i64::MIN` to `i64::MAX`.
    I64,
    /// An integer from 0 to `u64::MAX`.
    U64,
    /// A float; integers widen to it.
    F64,
    /// An integer or a float, kept as it is.
    Number,
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// Items of one type.
    List(Box<Type>),
    /// Values of one type by name.
    Map(Box<Type>),
    /// An array of one kind of number, by the kind's name.
    Array(String),
    /// A value or null; as a port, also absent.
    Optional(Box<Type>),
    /// A list of fixed length.
    Tuple(Vec<Type>),
    /// Named fields.
    Record(Vec<Field>),
    /// One of several named alternatives.
    Enum(Enum),
    /// How a node ended.
    Outcome,
    /// As an output: a workflow, or the description of one, that runs in the place of the node
    /// that gave it.
    Workflow,
    /// A private type, by name.
    Ext(String),
}

impl Type {
    /// The type, or `any` in its place where it nests deeper than a type that is written may:
    /// values nest deeper than anyone wants to know.
    pub(crate) fn bounded(self) -> Type {
        if self.nests_within(parse::MAX_DEPTH) { self } else { Self::Any }
    }

    fn nests_within(&self, depth: usize) -> bool {
        let Some(inner) = depth.checked_sub(1) else { return false };
        match self {
            Self::List(item) | Self::Map(item) | Self::Optional(item) => item.nests_within(inner),
            Self::Tuple(items) => items.iter().all(|item| item.nests_within(inner)),
            Self::Record(fields) => fields.iter().all(|field| field.ty.nests_within(inner)),
            Self::Enum(alternatives) => {
                let mut carried = alternatives.variants.iter().filter_map(|(_, ty)| ty.as_ref());
                carried.all(|ty| ty.nests_within(inner))
            }
            _ => true,
        }
    }

    /// The type without the mark that it may be left out.
    pub fn inner(&self) -> &Type {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// Whether it may be missing.
    pub optional: bool,
}

/// The alternatives of an enum and where the data names the one at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// The field that names it; `None` where the name itself is the data or its only key.
    pub tag: Option<String>,
    /// The field that holds what it carries; `None` where that lies beside the tag.
    pub content: Option<String>,
    /// Name and what it carries.
    pub variants: Vec<(String, Option<Type>)>,
}

impl fmt::Display for Type {
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
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Map(item) => write!(f, "map<str, {item}>"),
            Self::Array(kind) => write!(f, "array<{kind}>"),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Record(fields) => {
                f.write_str("{")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let mark = if field.optional { "?" } else { "" };
                    write!(f, "{comma}{}{mark}: {}", Name(&field.name), field.ty)?;
                }
                f.write_str("}")
            }
            Self::Enum(alternatives) => write!(f, "{alternatives}"),
            Self::Outcome => f.write_str("outcome"),
            Self::Workflow => f.write_str("workflow"),
            Self::Ext(name) => write!(f, "ext<{name}>"),
        }
    }
}

impl fmt::Display for Enum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enum")?;
        match (&self.tag, &self.content) {
            (Some(tag), Some(content)) => write!(f, "({}, {})", Name(tag), Name(content))?,
            (Some(tag), None) => write!(f, "({})", Name(tag))?,
            _ => {}
        }
        f.write_str("{")?;
        for (index, (name, carried)) in self.variants.iter().enumerate() {
            write!(f, "{}{}", if index > 0 { ", " } else { "" }, Name(name))?;
            if let Some(carried) = carried {
                write!(f, ": {carried}")?;
            }
        }
        f.write_str("}")
    }
}

/// A name in the notation: bare where it can be, else in quotes as JSON has them.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if parse::is_bare(self.0) {
            return f.write_str(self.0);
        }
        f.write_str(&serde_json::Value::from(self.0).to_string())
    }
}
