//! What becomes of the results of a map: a list or keyed map of them ([`Values`]) or of how each
//! item ended ([`Outcomes`]), or one value ([`Reduced`], made by a [`super::Combine`]).

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::{Outcome, Value};

use super::combine::Combiner;
use super::form::{self, Form};
use super::handle::Handle;
use super::native::{Codecs, Native};
use super::state::Shared;
use crate::expr::Expr;
use crate::repeat::Collect;

/// Whether the results of a map are a list or keyed.
pub trait Shape {
    /// Results of type `R`, gathered.
    type Of<R>: 'static
    where
        R: 'static;
    #[doc(hidden)]
    fn gathered<R: Native>(result: &Form, codecs: &Codecs) -> Form;
}

/// Results in the order of the items.
#[derive(Debug)]
pub struct Listed;
/// Results under the items' keys.
#[derive(Debug)]
pub struct Keyed;
/// Results as the items come, which only the run knows.
#[derive(Debug)]
pub struct AsItComes;

impl Shape for Listed {
    type Of<R: 'static> = Vec<R>;
    fn gathered<R: Native>(result: &Form, codecs: &Codecs) -> Form {
        result.gathered::<Vec<R>>(form::join_list::<R>(result, codecs))
    }
}

impl Shape for Keyed {
    type Of<R: 'static> = BTreeMap<String, R>;
    fn gathered<R: Native>(result: &Form, codecs: &Codecs) -> Form {
        result.gathered::<BTreeMap<String, R>>(form::join_map::<R>(result, codecs))
    }
}

impl Shape for AsItComes {
    type Of<R: 'static> = Value;
    fn gathered<R: Native>(_: &Form, _: &Codecs) -> Form {
        Form::Data
    }
}

/// What a map makes of results of type `R`.
#[diagnostic::on_unimplemented(
    message = "the map's body gives `{R}`, which what joins the results does not take",
    note = "the second parameter of the combiner is the type of the body's value; items that are \
            gathered must be `Clone + Send + Sync`"
)]
pub trait Gather<R> {
    /// The type of the map's value.
    type Out: 'static;
    #[doc(hidden)]
    const COLLECT: Collect = Collect::Values;
    #[doc(hidden)]
    fn result(&self, value: &Handle<R>, body: &Arc<Shared>) -> Expr {
        value.raw_expr(body)
    }
    #[doc(hidden)]
    fn form(&self, result: &Form, shared: &Shared) -> Form;
}

/// Gathers the items' values.
#[derive(Debug)]
pub struct Values<S>(pub(super) PhantomData<S>);
/// Gathers how the items ended.
#[derive(Debug)]
pub struct Outcomes<S>(pub(super) PhantomData<S>);
/// Joins the items' values, of type `R`, to one of type `A`.
#[derive(Debug)]
pub struct Reduced<A, R> {
    pub(super) combiner: Combiner<R>,
    pub(super) marker: PhantomData<fn() -> A>,
}

impl<S: Shape, R: Native> Gather<R> for Values<S> {
    type Out = S::Of<R>;
    fn form(&self, result: &Form, shared: &Shared) -> Form {
        S::gathered::<R>(result, &shared.codecs())
    }
}

impl<S: Shape, R> Gather<R> for Outcomes<S> {
    type Out = S::Of<Outcome>;
    const COLLECT: Collect = Collect::Outcomes;
    fn form(&self, _: &Form, shared: &Shared) -> Form {
        shared.learn::<Outcome>();
        S::gathered::<Outcome>(&Form::Data, &shared.codecs())
    }
}

impl<A: 'static, R> Gather<R> for Reduced<A, R> {
    type Out = A;
    fn result(&self, value: &Handle<R>, body: &Arc<Shared>) -> Expr {
        (self.combiner.result)(value, body)
    }
    fn form(&self, _: &Form, _: &Shared) -> Form {
        self.combiner.form.clone()
    }
}
