//! Whether a value of one type may flow into a port of another.
//!
//! Typing is structural: integers widen to floats, further fields of a record do no harm,
//! an array of numbers is a list of them, private types match by name. Where only the value can
//! tell (`any`, a union, an `i64` into a `u64`), the task checks it when it runs.

use super::{Enum, Field, Type};

/// The answer of [`Type::accepts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Every value fits.
    Always,
    /// Some values fit; the task checks.
    AtRunTime,
    /// No value fits.
    Never,
}

impl Fit {
    /// Both must fit.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, Self::Always) => Self::Always,
            _ => Self::AtRunTime,
        }
    }
}

impl Type {
    /// Whether this port accepts values of type `from`. Costs one walk over both types.
    pub fn accepts(&self, from: &Type) -> Fit {
        match (self, from) {
            (Self::Any, _) => Fit::Always,
            (_, Self::Any) => Fit::AtRunTime,
            (Self::Optional(_), Self::Null) => Fit::Always,
            (Self::Optional(port), Self::Optional(inner)) => port.accepts(inner),
            (Self::Optional(port), _) => port.accepts(from),
            (_, Self::Optional(inner)) => match self.accepts(inner) {
                Fit::Never => Fit::Never,
                _ => Fit::AtRunTime,
            },
            (Self::F64, Self::I64 | Self::U64) => Fit::Always,
            (Self::F64 | Self::I64 | Self::U64, Self::Number) => Fit::AtRunTime,
            (Self::I64, Self::U64) | (Self::U64, Self::I64) => Fit::AtRunTime,
            (Self::Number, Self::I64 | Self::U64 | Self::F64) => Fit::Always,
            (Self::List(port), Self::List(item)) | (Self::Map(port), Self::Map(item)) => {
                // An empty list fits whatever its items would have been.
                if port.accepts(item) == Fit::Never { Fit::AtRunTime } else { port.accepts(item) }
            }
            (Self::List(port), Self::Array(kind)) => port.accepts(&number(kind)),
            (Self::Array(kind), Self::List(item)) => match item.accepts(&number(kind)) {
                Fit::Never => Fit::Never,
                _ => Fit::AtRunTime,
            },
            (Self::List(port), Self::Tuple(items)) => {
                items.iter().fold(Fit::Always, |fit, item| fit.and(port.accepts(item)))
            }
            (Self::Tuple(ports), Self::Tuple(items)) if ports.len() == items.len() => ports
                .iter()
                .zip(items)
                .fold(Fit::Always, |fit, (port, item)| fit.and(port.accepts(item))),
            (Self::Tuple(_), Self::List(_)) => Fit::AtRunTime,
            (Self::Record(ports), Self::Record(fields)) => record(ports, fields),
            (Self::Record(ports), Self::Map(item)) => {
                let any_never =
                    ports.iter().any(|port| !port.optional && port.ty.accepts(item) == Fit::Never);
                if any_never { Fit::Never } else { Fit::AtRunTime }
            }
            (Self::Map(port), Self::Record(fields)) => {
                fields.iter().fold(Fit::Always, |fit, field| fit.and(port.accepts(&field.ty)))
            }
            (Self::Enum(port), Self::Enum(from)) => alternatives(port, from),
            (Self::Enum(_), Self::Str | Self::Record(_) | Self::Map(_)) => Fit::AtRunTime,
            (Self::Str | Self::Record(_) | Self::Map(_), Self::Enum(_)) => Fit::AtRunTime,
            (Self::Outcome | Self::Workflow, Self::Record(_) | Self::Map(_)) => Fit::AtRunTime,
            (Self::Record(_) | Self::Map(_), Self::Outcome) => Fit::AtRunTime,
            (port, from) if port == from => Fit::Always,
            _ => Fit::Never,
        }
    }
}

/// The type of an array's elements.
fn number(kind: &str) -> Type {
    if kind.starts_with('f') { Type::F64 } else { Type::I64 }
}

fn record(ports: &[Field], fields: &[Field]) -> Fit {
    ports.iter().fold(Fit::Always, |fit, port| {
        let found = fields.iter().find(|field| field.name == port.name);
        fit.and(match found {
            None if port.optional => Fit::Always,
            None => Fit::Never,
            Some(field) if field.optional && !port.optional => match port.ty.accepts(&field.ty) {
                Fit::Never => Fit::Never,
                _ => Fit::AtRunTime,
            },
            Some(field) => port.ty.accepts(&field.ty),
        })
    })
}

fn alternatives(port: &Enum, from: &Enum) -> Fit {
    if port.tag != from.tag || port.content != from.content {
        return Fit::AtRunTime;
    }
    let covered = from.variants.iter().all(|(name, carried)| {
        port.variants.iter().any(|(known, wanted)| {
            known == name
                && match (wanted, carried) {
                    (None, None) => true,
                    (Some(wanted), Some(carried)) => wanted.accepts(carried) == Fit::Always,
                    _ => false,
                }
        })
    });
    if covered { Fit::Always } else { Fit::AtRunTime }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(port: &str, from: &str) -> Fit {
        let port: Type = port.parse().unwrap();
        port.accepts(&from.parse().unwrap())
    }

    #[test]
    fn typing_is_structural() {
        assert_eq!(fit("f64", "i64"), Fit::Always);
        assert_eq!(fit("i64", "f64"), Fit::Never);
        assert_eq!(fit("u64", "i64"), Fit::AtRunTime);
        assert_eq!(fit("list<f64>", "array<f64>"), Fit::Always);
        assert_eq!(fit("list<f64>", "list<i64>"), Fit::Always);
        assert_eq!(fit("{x: f64}", "{x: i64, y: str}"), Fit::Always);
        assert_eq!(fit("{x: f64}", "{y: str}"), Fit::Never);
        assert_eq!(fit("{x?: f64}", "{y: str}"), Fit::Always);
        assert_eq!(fit("str?", "str"), Fit::Always);
        assert_eq!(fit("str", "str?"), Fit::AtRunTime);
        assert_eq!(fit("any", "ext<a>"), Fit::Always);
        assert_eq!(fit("ext<a>", "ext<b>"), Fit::Never);
        assert_eq!(fit("map<str, i64>", "{a: i64}"), Fit::Always);
        assert_eq!(fit("number", "f64"), Fit::Always);
        assert_eq!(fit("str", "i64"), Fit::Never);
    }
}
