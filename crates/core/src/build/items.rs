//! [`IntoItems`]: what a map can run over.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use terrace_plugin_api::Value;

use super::arg::constant;
use super::closure::markers;
use super::form::{Form, Spread};
use super::gather::{AsItComes, Keyed, Listed, Shape};
use super::handle::Handle;
use super::native::{Native, Wire};
use super::state::Shared;
use crate::expr::Expr;
use crate::problem::Problem;

/// What a map can run over: a list or keyed map that a node gives, one that is known already, or a
/// list of handles. A range has at most 16,777,216 items. `M` is inferred, never written.
#[diagnostic::on_unimplemented(
    message = "a map cannot run over `{Self}`",
    note = "it runs over the handle of a `Vec`, `BTreeMap` or `HashMap`, over a `Vec`, array or \
            map of port types, a range of `i64`, or a `Vec` or array of handles"
)]
pub trait IntoItems<M> {
    /// The type of an item.
    type Item;
    /// Whether the results are a list or keyed.
    type Shape: Shape;
    #[doc(hidden)]
    fn into_items(self, shared: &Arc<Shared>) -> Items;
}

/// How many items a range may have: it becomes a list of 24 bytes an item, which the workflow keeps.
const LONGEST_RANGE: u32 = 1 << 24;

/// Items on their way to the body of a map.
#[derive(Debug)]
#[doc(hidden)]
pub struct Items {
    pub(super) expr: Expr,
    pub(super) form: Form,
}

fn of_handle<C: Spread>(handle: &Handle<C>, shared: &Arc<Shared>) -> Items {
    let (spread, form) = handle.form().items::<C>(&shared.codecs());
    let expr = match spread {
        Some(spread) => handle.adapted_expr(shared, spread),
        None => handle.raw_expr(shared),
    };
    Items { expr, form }
}

macro_rules! of_handles {
    ($($collection:ty => $shape:ty;)*) => {$(
        impl<T: Native> IntoItems<markers::Edge> for &Handle<$collection> {
            type Item = T;
            type Shape = $shape;
            fn into_items(self, shared: &Arc<Shared>) -> Items {
                of_handle(self, shared)
            }
        }
        impl<T: Native> IntoItems<markers::Edge> for Handle<$collection> {
            type Item = T;
            type Shape = $shape;
            fn into_items(self, shared: &Arc<Shared>) -> Items {
                of_handle(&self, shared)
            }
        }
    )*};
}
of_handles! {
    Vec<T> => Listed;
    BTreeMap<String, T> => Keyed;
    HashMap<String, T> => Keyed;
}

impl IntoItems<markers::Edge> for &Handle<Value> {
    type Item = Value;
    type Shape = AsItComes;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        Items { expr: self.raw_expr(shared), form: Form::Data }
    }
}

impl IntoItems<markers::Edge> for Handle<Value> {
    type Item = Value;
    type Shape = AsItComes;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        (&self).into_items(shared)
    }
}

impl<T: Wire> IntoItems<markers::Plain> for Vec<T> {
    type Item = T;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        shared.learn::<T>();
        let items = self.into_iter().map(|item| item.into_value()).collect::<Result<Vec<_>, _>>();
        let list = items
            .map_err(|error| error.to_string())
            .and_then(|items| Value::list(items).map_err(|error| error.to_string()));
        let list = list.unwrap_or_else(|error| {
            shared.problem(Problem::new(format!("the items of a map: {error}")));
            Value::Null
        });
        Items { expr: Expr::Const(list), form: Form::Data }
    }
}

impl<T: Wire, const N: usize> IntoItems<markers::Plain> for [T; N] {
    type Item = T;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        Vec::from(self).into_items(shared)
    }
}

impl IntoItems<markers::Plain> for Range<i64> {
    type Item = i64;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        // Its length need not fit into 64 bits with a sign.
        let len = i128::from(self.end) - i128::from(self.start);
        if len > i128::from(LONGEST_RANGE) {
            let message = format!(
                "the range {}..{} has {len} items, and a map written with a range has at most \
                 {LONGEST_RANGE}: they are kept with the workflow",
                self.start, self.end
            );
            let help = "map over the beginnings of blocks, and let the body go through its block; \
                        or let a node give the list";
            shared.problem(Problem::new(message).with_help(help));
            return Vec::<i64>::new().into_items(shared);
        }
        self.collect::<Vec<i64>>().into_items(shared)
    }
}

impl<const N: usize> IntoItems<markers::Text> for [&str; N] {
    type Item = String;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        self.map(str::to_owned).into_items(shared)
    }
}

impl<T: Wire> IntoItems<markers::Plain> for BTreeMap<String, T>
where
    Self: Wire,
{
    type Item = T;
    type Shape = Keyed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        shared.learn::<T>();
        Items { expr: constant(self, shared), form: Form::Data }
    }
}

impl<T: Any + Send + Sync> IntoItems<markers::Edge> for Vec<Handle<T>> {
    type Item = T;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        let items = self.iter().map(|item| item.native_expr(shared)).collect();
        Items { expr: Expr::List(items), form: Form::kept::<T>() }
    }
}

impl<T: Any + Send + Sync, const N: usize> IntoItems<markers::Edge> for [Handle<T>; N] {
    type Item = T;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        Vec::from(self).into_items(shared)
    }
}

impl<T: Any + Send + Sync, const N: usize> IntoItems<markers::Edge> for [&Handle<T>; N] {
    type Item = T;
    type Shape = Listed;
    fn into_items(self, shared: &Arc<Shared>) -> Items {
        self.map(Clone::clone).into_items(shared)
    }
}
