//! Values that are made up: what a simulated attempt gives of which nothing is known but its type.

use terrace_core::{Type, Value};
use terrace_plugin_api::{Array, OutcomeStatus};

/// A value of a type: numbers are 0, texts empty, conditions hold, what may be missing is there.
/// `items` says how many items the outermost list has, then those in it; where nothing is said, one.
/// `any` is a list where something is said, else null.
pub fn made(ty: &Type, items: &[usize]) -> Value {
    let (first, rest) =
        items.split_first().map_or((None, items), |(&first, rest)| (Some(first), rest));
    match ty {
        Type::Any => match first {
            Some(first) => list(vec![made(ty, rest); first]),
            None => Value::Null,
        },
        Type::Bool => true.into(),
        Type::I64 | Type::U64 | Type::Number => 0_i64.into(),
        Type::F64 => 0.0.into(),
        Type::Str => "".into(),
        Type::Bytes => Value::Bytes(Vec::new().into()),
        Type::List(item) => list(vec![made(item, rest); first.unwrap_or(1)]),
        Type::Map(item) => {
            let item = made(item, rest);
            record((0..first.unwrap_or(1)).map(|at| (at.to_string(), item.clone())).collect())
        }
        Type::Array(kind) => array(kind, first.unwrap_or(1)),
        Type::Optional(inner) => made(inner, items),
        Type::Tuple(parts) => list(parts.iter().map(|part| made(part, items)).collect()),
        Type::Record(fields) => {
            let field = |field: &terrace_core::Field| (field.name.clone(), made(&field.ty, items));
            record(fields.iter().map(field).collect())
        }
        Type::Enum(alternatives) => alternative(alternatives, items),
        Type::Outcome => record(vec![
            ("status".to_owned(), OutcomeStatus::Ok.name().into()),
            ("attempts".to_owned(), 1_i64.into()),
        ]),
        // A private value cannot be made; nobody will look at it.
        _ => Value::Null,
    }
}

/// The first alternative.
fn alternative(alternatives: &terrace_core::Enum, items: &[usize]) -> Value {
    let Some((name, carried)) = alternatives.variants.first() else { return Value::Null };
    let content = carried.as_ref().map(|carried| made(carried, items));
    let name_value = Value::from(name.as_str());
    match (&alternatives.tag, &alternatives.content, content) {
        (None, _, None) => name_value,
        (None, _, Some(content)) => record(vec![(name.clone(), content)]),
        (Some(tag), Some(field), Some(content)) => {
            record(vec![(tag.clone(), name_value), (field.clone(), content)])
        }
        (Some(tag), _, content) => {
            let mut entries = vec![(tag.clone(), name_value)];
            if let Some(Value::Map(map)) = content {
                entries.extend(map.iter().map(|(key, value)| (key.to_owned(), value.clone())));
            }
            record(entries)
        }
    }
}

fn list(items: Vec<Value>) -> Value {
    // Types nest less deep than values may.
    Value::list(items).unwrap_or_default()
}

fn record(entries: Vec<(String, Value)>) -> Value {
    Value::map(entries).unwrap_or_default()
}

fn array(kind: &str, items: usize) -> Value {
    Value::from(match kind {
        "u8" => Array::from_slice(&vec![0_u8; items]),
        "i32" => Array::from_slice(&vec![0_i32; items]),
        "i64" => Array::from_slice(&vec![0_i64; items]),
        "f32" => Array::from_slice(&vec![0_f32; items]),
        _ => Array::from_slice(&vec![0_f64; items]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_a_type_is_of_that_type() {
        for text in [
            "any",
            "null",
            "bool",
            "i64",
            "u64",
            "f64",
            "number",
            "str",
            "bytes",
            "list<i64>",
            "map<str, list<f64>>",
            "array<f64>",
            "array<u8>",
            "str?",
            "(i64, str)",
            "{x: f64, y?: str}",
            "enum{Point, Circle: {r: f64}}",
            "enum{Circle: {r: f64}}",
            "enum(kind){Circle: {r: f64}, Point}",
            "enum(kind, of){Circle: {r: f64}}",
            "outcome",
        ] {
            let ty: Type = text.parse().unwrap();
            for items in [&[][..], &[0], &[3], &[2, 3]] {
                let value = made(&ty, items);
                ty.check(&value).unwrap_or_else(|error| panic!("{text}, {items:?}: {error}"));
            }
        }
        let nested = made(&Type::Any, &[2, 3]);
        let Value::List(outer) = &nested else { panic!("{nested:?}") };
        assert_eq!(outer.len(), 2);
        assert!(outer.iter().all(|inner| matches!(inner, Value::List(inner) if inner.len() == 3)));
    }
}
