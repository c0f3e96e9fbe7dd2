//! What maps run over, as far as it is written out: what can never run is told before it does.
//!
//! What only a run knows is checked there, by the same rules.

use std::collections::HashMap;

use terrace_plugin_api::Value;

use super::{Context, flows};
use crate::draft::ReduceDraft;
use crate::expr::{Expr, NodeId, Piece, Ref, Root, Select};
use crate::plan::push_text;
use crate::repeat::{Map, Over, constant_len};
use crate::source::Span;

/// Of how many items the keys are looked at.
const MOST: u64 = 100_000;

/// Checks what a map runs over. `list_span` tells where each list stands.
pub(super) fn check(
    context: &mut Context<'_>,
    id: NodeId,
    map: &Map<ReduceDraft>,
    list_span: &dyn Fn(usize) -> Option<Span>,
) {
    let lists = map.over.lists();
    let flat = lists.iter().enumerate().fold(true, |flat, (at, list)| {
        let dimensions = match list {
            Expr::Const(Value::Array(array)) => array.shape().len(),
            _ => 1,
        };
        if dimensions != 1 {
            let message = format!(
                "`map`: expected a list, a map or an array of one dimension to run over, and this \
                 array has {dimensions}"
            );
            let help = "write it as a list, with an array for each item";
            context.report(id, list_span(at), message, help);
        }
        flat && dimensions == 1
    });
    if !flat {
        return;
    }
    if let Over::Zip(lists) = &map.over
        && let Some((at, message, help)) = unlike(context, lists)
    {
        context.report(id, list_span(at), format!("`map`: {message}"), help);
        return;
    }
    let spans = context.node(id).spans.as_deref();
    if let Some((message, help)) = same_keys(map) {
        let span = spans.map(|spans| spans.inner.first().copied().unwrap_or(spans.repeat));
        context.report(id, span, message, help);
    }
    if let Some(reduce) = map.reduce.as_ref().filter(|reduce| reduce.start.is_none())
        && map.over.is_empty()
    {
        let message = "there is nothing to reduce: the map has no items".to_owned();
        let help = "say what stands for that with `start`, as in \
                    `reduce: { task: pack/add, start: 0 }`";
        context.report(id, reduce.span, message, help);
    }
}

/// Why lists and maps cannot stand side by side, and which does not.
fn unlike(context: &Context<'_>, lists: &[Expr]) -> Option<(usize, String, &'static str)> {
    let keyed = |(at, list)| Some((at, flows::has_keys(context, list)?));
    if let Some((at, _, _)) = differing(lists.iter().enumerate().filter_map(keyed)) {
        let message = "side by side stand lists or maps, and here is one beside the other";
        let help = "`util/values` gives the values of a map as a list";
        return Some((at, message.to_owned(), help));
    }
    let known = |(at, list)| Some((at, constant_len(list)?));
    if let Some((at, first, other)) = differing(lists.iter().enumerate().filter_map(known)) {
        let message = format!("lists side by side must be equally long, not {first} and {other}");
        return Some((at, message, "`cross` runs over all their combinations"));
    }
    let keys = |(at, list)| Some((at, keys_of(list)?));
    let (at, first, other) = differing(lists.iter().enumerate().filter_map(keys))?;
    let (one, another) = first.iter().zip(&other).find(|(one, another)| one != another)?;
    let message = format!(
        "maps side by side must have the same keys in the same order, and {one:?} stands beside \
         {another:?}"
    );
    let same = first.iter().all(|key| other.contains(key));
    let help = if same { "write both in the same order" } else { "give them the same keys" };
    Some((at, message, help))
}

/// The first that differs from the first, with both.
fn differing<T: PartialEq>(mut all: impl Iterator<Item = (usize, T)>) -> Option<(usize, T, T)> {
    let (_, first) = all.next()?;
    let (at, other) = all.find(|(_, other)| *other != first)?;
    Some((at, first, other))
}

/// The keys of a map that is written out.
fn keys_of(list: &Expr) -> Option<Vec<&str>> {
    match list {
        Expr::Map(entries) => Some(entries.iter().map(|(key, _)| key.as_str()).collect()),
        Expr::Const(Value::Map(map)) => Some(map.iter().map(|(key, _)| key).collect()),
        _ => None,
    }
}

/// What to say where `key` makes one key for two items that are written out.
fn same_keys(map: &Map<ReduceDraft>) -> Option<(String, &'static str)> {
    let key = map.key_by.as_ref()?;
    let items = map.over.len().filter(|items| (2..=MOST).contains(items))?;
    let lists: Vec<_> = map.over.lists().iter().map(written).collect::<Option<_>>()?;
    // For combinations: after how many items each list moves on.
    let mut strides = vec![1; lists.len()];
    if let Over::Cross(_) = map.over {
        for at in (1..lists.len()).rev() {
            strides[at - 1] = strides[at] * lists[at].len();
        }
    }
    let resolve = |item: usize, reference: &Ref| -> Option<Value> {
        let Ref { root: Root::Input(input), path, adapt: None } = reference else { return None };
        let value = if map.index == Some(*input) {
            Value::from(item as u64)
        } else {
            let at = map.items.iter().position(|known| known == input)?;
            let list = lists.get(at)?;
            list.get(item / strides[at] % list.len())?.clone()?
        };
        path.iter().try_fold(value, |value, select| select.apply(&value))
    };
    let mut seen = HashMap::new();
    for item in 0..usize::try_from(items).ok()? {
        let key = key_of(key, &|reference| resolve(item, reference))?;
        if let Some(first) = seen.insert(key.clone(), item) {
            let message =
                format!("`key` of `map`: items {first} and {item} have the same key, {key:?}");
            return Some((message, "`${index}` in it makes every key another"));
        }
    }
    None
}

/// The values of a list or map that is written out, `None` those that are not.
fn written(list: &Expr) -> Option<Vec<Option<Value>>> {
    let constant = |item: &Expr| match item {
        Expr::Const(value) => Some(value.clone()),
        _ => None,
    };
    Some(match list {
        Expr::List(items) => items.iter().map(constant).collect(),
        Expr::Map(entries) => entries.iter().map(|(_, item)| constant(item)).collect(),
        Expr::Const(Value::Map(map)) => map.iter().map(|(_, item)| Some(item.clone())).collect(),
        Expr::Const(values) => {
            let len = constant_len(list)?;
            (0..len).map(|at| Select::Index(at).apply(values)).collect()
        }
        _ => return None,
    })
}

/// The key of an item; `None` where only the run knows it, or it is none.
fn key_of(key: &Expr, resolve: &dyn Fn(&Ref) -> Option<Value>) -> Option<String> {
    let mut text = String::new();
    match key {
        Expr::Const(value) => push_text(&mut text, value).ok()?,
        Expr::Ref(reference) => push_text(&mut text, &resolve(reference)?).ok()?,
        Expr::Text(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Literal(literal) => text.push_str(literal),
                    Piece::Ref(reference) => push_text(&mut text, &resolve(reference)?).ok()?,
                }
            }
        }
        Expr::List(_) | Expr::Map(_) => return None,
    }
    Some(text)
}
