//! One body once per item: [`WorkflowBuilder::map`], and [`WorkflowBuilder::over`] for all that can
//! be said about it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::WorkflowBuilder;
use super::body::Returned;
use super::combine::{Combine, Combiner};
use super::form::Form;
use super::gather::{AsItComes, Gather, Keyed, Listed, Outcomes, Reduced, Shape, Values};
use super::given::IntoGiven;
use super::handle::Handle;
use super::items::IntoItems;
use super::policy::PerItem;
use super::state::Shared;
use crate::draft::{ReduceDraft, RepeatDraft};
use crate::expr::{Expr, InputId, Root};
use crate::problem::Problem;
use crate::repeat::{Chunk, FailedItems, Map, Over};
use crate::types::Type;

impl WorkflowBuilder {
    /// Runs a body once per item, and gathers its values in the order of the items: a list for a
    /// list, keyed for a map. How many there are may be known only in the run.
    ///
    /// The body is written by a closure with a builder of its own; it sees the handles around it.
    ///
    /// ```
    /// use terrace_core::{Handle, NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("squares");
    /// let list = wf.call(|| vec![1_i64, 2, 3], ());
    /// let offset = wf.input::<i64>("offset").with_default(10);
    /// let squares: Handle<Vec<i64>> =
    ///     wf.map(&list, |body, x| body.call(|x: i64, by: i64| x * x + by, (&x, &offset)));
    /// let sum = wf.call(|squares: Vec<i64>| squares.iter().sum::<i64>(), (&squares,));
    /// wf.output("sum", &sum);
    /// assert_eq!(wf.build(&NoTasks)?.levels().len(), 3);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn map<M, L, B>(
        &self,
        list: L,
        body: impl FnOnce(&WorkflowBuilder, Handle<L::Item>) -> B,
    ) -> Handle<<Values<L::Shape> as Gather<B::Value>>::Out>
    where
        L: IntoItems<M>,
        B: Returned,
        Values<L::Shape>: Gather<B::Value>,
    {
        self.over(list).map(body)
    }

    /// Starts a map with options, which ends with [`MapBuilder::map`].
    ///
    /// ```
    /// use terrace_core::{NoTasks, Outcome, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("downloads");
    /// let urls = wf.call(|| vec!["a".to_owned(), "b".to_owned()], ());
    /// let pages = wf
    ///     .over(&urls)
    ///     .enumerate()
    ///     .window(8)
    ///     .outcomes()
    ///     .map(|body, (at, url)| body.call(|at: i64, url: String| format!("{at}: {url}"), (&at, &url)));
    /// let good = wf.call(|all: Vec<Outcome>| all.iter().filter(|one| one.value.is_some()).count(), (&pages,));
    /// wf.output("good", &good);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn over<M, L: IntoItems<M>>(
        &self,
        list: L,
    ) -> MapBuilder<Handle<L::Item>, Values<L::Shape>> {
        let items = list.into_items(&self.shared);
        let body = Self::inside(&self.shared);
        let input = body.shared.add_local("item", Type::Any);
        let item = Handle::new(&body.shared, Root::Input(input), items.form);
        let map = Map::over(items.expr, input);
        let outer = self.shared.clone();
        MapBuilder { outer, body, map, item, gather: Values(PhantomData) }
    }
}

/// A map whose body is still to be written. `P` is what the body gets, `G` what becomes of the
/// results.
#[derive(Debug)]
#[must_use = "nothing is added before `map`"]
pub struct MapBuilder<P, G> {
    outer: Arc<Shared>,
    body: WorkflowBuilder,
    map: Map<ReduceDraft>,
    item: P,
    gather: G,
}

impl<P, G> MapBuilder<P, G> {
    /// Takes so many items at a time, at least one: where the body has more in it than one task, they
    /// go through it one after the other. Without it, so many as take about a millisecond where the
    /// body is one task, else one.
    pub fn chunk(mut self, items: u32) -> Self {
        if items == 0 {
            self.outer.problem(Problem::new("`chunk`: a map takes at least one item at a time"));
        }
        self.map.chunk = Chunk::Of(items.max(1));
        self
    }

    /// Lets at most so many items be on their way at once.
    pub fn window(mut self, items: u32) -> Self {
        if items == 0 {
            self.outer.problem(Problem::new("`window`: a map needs at least one item under way"));
        }
        self.map.window = Some(items.max(1));
        self
    }

    /// Lets at most so many items run at once, in this map alone. See [`PerItem::concurrency`] for
    /// the whole run, and [`WorkflowBuilder::limit`] for what several nodes share.
    pub fn concurrency(mut self, items: u32) -> Self {
        self.map.concurrency = Some(items);
        self
    }

    /// Says what holds for each item. What is said of the map's handle holds for the whole.
    ///
    /// ```
    /// use std::time::Duration;
    /// use terrace_core::{NoTasks, Retry, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("downloads");
    /// let urls = wf.input::<Vec<String>>("urls");
    /// let pages = wf
    ///     .over(&urls)
    ///     .each(|item| item.retry(Retry::attempts(3)).timeout(Duration::from_secs(5)))
    ///     .concurrency(8)
    ///     .max_failures_percent(5.0)
    ///     .map(|body, url| body.call(|url: String| url.len(), (&url,)))
    ///     .timeout(Duration::from_secs(600));
    /// wf.output("pages", &pages);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn each(mut self, say: impl FnOnce(PerItem) -> PerItem) -> Self {
        let before = self.map.each.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        let (policy, problems) = say(PerItem::new(before)).done();
        problems.into_iter().for_each(|problem| self.outer.problem(problem));
        self.map.each = (!policy.is_empty()).then(|| Arc::new(policy));
        self
    }

    /// Lets items fail as long as at least so many succeed. A failed one is absent from the
    /// results.
    pub fn at_least(self, items: u64) -> Self {
        self.tolerate(FailedItems::ButFor(items))
    }

    /// Lets at most so many items fail. A failed one is absent from the results.
    pub fn max_failures(self, items: u64) -> Self {
        self.tolerate(FailedItems::Most(items))
    }

    /// Lets at most this part of the items fail, from 0 to 100. A failed one is absent from the
    /// results.
    pub fn max_failures_percent(self, percent: f64) -> Self {
        if !(0.0..=100.0).contains(&percent) {
            let message = format!("`max_failures_percent`: {percent} is not from 0 to 100");
            self.outer.problem(Problem::new(message));
        }
        // In range, or refused.
        self.tolerate(FailedItems::Share((percent * 10_000.0).round() as u32))
    }

    fn tolerate(mut self, tolerance: FailedItems) -> Self {
        if self.map.tolerance != FailedItems::None {
            let problem = Problem::new("a map was told twice how many items may fail")
                .with_help("say one of `at_least`, `max_failures` and `max_failures_percent`");
            self.outer.problem(problem);
        }
        self.map.tolerance = tolerance;
        self
    }

    /// Gives the body each item's index too, from 0: `|body, (index, item)| …`.
    pub fn enumerate(mut self) -> MapBuilder<(Handle<i64>, P), G> {
        let index = self.local("index", Type::I64, |map| &mut map.index);
        self.with(|item| (index, item))
    }

    /// Writes the body and adds the node.
    pub fn map<B>(self, body: impl FnOnce(&WorkflowBuilder, P) -> B) -> Handle<G::Out>
    where
        B: Returned,
        G: Gather<B::Value>,
    {
        let Self { outer, body: inner, mut map, item, gather } = self;
        let value = body(&inner, item).handle();
        let form = value.as_ref().map_or(Form::Data, Handle::form);
        let result = match &value {
            Some(value) => gather.result(value, &inner.shared),
            None => Expr::Const(terrace_plugin_api::Value::Null),
        };
        let form = gather.form(&form, &outer);
        map.collect = G::COLLECT;
        let repeat = RepeatDraft::Map(Box::new(map));
        let id = WorkflowBuilder::add_body(&outer, inner, result, Some(repeat));
        Handle::new(&outer, Root::Node(id), form)
    }

    /// An input of the body, made once.
    fn local<T>(
        &mut self,
        name: &str,
        ty: Type,
        slot: impl FnOnce(&mut Map<ReduceDraft>) -> &mut Option<InputId>,
    ) -> Handle<T> {
        let id = *slot(&mut self.map).get_or_insert_with(|| self.body.shared.add_local(name, ty));
        Handle::new(&self.body.shared, Root::Input(id), Form::Data)
    }

    fn with<Q>(self, item: impl FnOnce(P) -> Q) -> MapBuilder<Q, G> {
        let Self { outer, body, map, item: old, gather } = self;
        MapBuilder { outer, body, map, item: item(old), gather }
    }

    fn gather<H>(self, gather: H) -> MapBuilder<P, H> {
        let Self { outer, body, map, item, .. } = self;
        MapBuilder { outer, body, map, item, gather }
    }

    /// Adds a list, whose items come as a further input of the body.
    fn join<M, L: IntoItems<M>>(
        mut self,
        list: L,
        what: &str,
        combine: impl FnOnce(Over, Expr) -> Result<Over, Over>,
    ) -> MapBuilder<(P, Handle<L::Item>), G> {
        let items = list.into_items(&self.outer);
        let input = self.body.shared.add_local("item", Type::Any);
        let second = Handle::new(&self.body.shared, Root::Input(input), items.form);
        let over = std::mem::replace(&mut self.map.over, Over::Zip(Vec::new()));
        self.map.over = combine(over, items.expr).unwrap_or_else(|over| {
            let message = format!("`{what}`: lists go side by side or are crossed, not both");
            let problem = Problem::new(message).with_help("put a map inside the map");
            self.outer.problem(problem);
            over
        });
        self.map.items.push(input);
        self.with(|first| (first, second))
    }
}

impl<P, S: Shape> MapBuilder<P, Values<S>> {
    /// Runs over another list side by side, which must be as long; or over another map with the
    /// same keys: `|body, (a, b)| …`.
    ///
    /// ```
    /// # use terrace_core::{NoTasks, WorkflowBuilder};
    /// let wf = WorkflowBuilder::new("dot");
    /// let a = wf.input::<Vec<f64>>("a");
    /// let b = wf.input::<Vec<f64>>("b");
    /// let dot = wf
    ///     .over(&a)
    ///     .zip(&b)
    ///     .reduce(|a: f64, b: f64| a + b)
    ///     .map(|body, (a, b)| body.call(|a: f64, b: f64| a * b, (&a, &b)));
    /// wf.output("dot", &dot);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn zip<M, L: IntoItems<M, Shape = S>>(
        self,
        list: L,
    ) -> MapBuilder<(P, Handle<L::Item>), Values<S>> {
        self.join(list, "zip", |over, next| match over {
            Over::Each(first) => Ok(Over::Zip(vec![first, next])),
            Over::Zip(mut lists) => {
                lists.push(next);
                Ok(Over::Zip(lists))
            }
            other => Err(other),
        })
    }

    /// Runs over every combination with the items of another list, the last list fastest:
    /// `|body, (a, b)| …`. The results are a list.
    pub fn cross<M, L: IntoItems<M>>(
        self,
        list: L,
    ) -> MapBuilder<(P, Handle<L::Item>), Values<Listed>> {
        let crossed = self.join(list, "cross", |over, next| match over {
            Over::Each(first) => Ok(Over::Cross(vec![first, next])),
            Over::Cross(mut lists) => {
                lists.push(next);
                Ok(Over::Cross(lists))
            }
            other => Err(other),
        });
        crossed.gather(Values(PhantomData))
    }

    /// Keys the results, and gives each item that key. It is made of the item itself, before the
    /// body runs; two items with one key are an error.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use terrace_core::{Handle, NoTasks, WorkflowBuilder};
    /// let wf = WorkflowBuilder::new("lengths");
    /// let words = wf.input::<Vec<String>>("words");
    /// let lengths: Handle<BTreeMap<String, usize>> = wf
    ///     .over(&words)
    ///     .keyed_by(|word| word.clone())
    ///     .map(|body, word| body.call(|word: String| word.len(), (&word,)));
    /// wf.output("lengths", &lengths);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn keyed_by(
        mut self,
        key: impl FnOnce(&P) -> Handle<String>,
    ) -> MapBuilder<P, Values<Keyed>> {
        self.map.key_by = Some(key(&self.item).native_expr(&self.body.shared));
        self.gather(Values(PhantomData))
    }

    /// Gathers how each item ended rather than its value: a failed item does not fail the map.
    /// [`super::OutcomeExt::get`] reads the values.
    pub fn outcomes(self) -> MapBuilder<P, Outcomes<S>> {
        self.gather(Outcomes(PhantomData))
    }

    /// Joins the results to one value, pair by pair in the order of the items, with a closure
    /// `|joined, next| …` or an imported task that computes. At least one item is needed; see
    /// [`MapBuilder::fold`]. Items that are absent are left out.
    pub fn reduce<M, R, C: Combine<M, R, R>>(self, combine: C) -> MapBuilder<P, Reduced<R, R>> {
        let combiner = combine.combiner(None, &self.outer);
        self.reduced(combiner)
    }

    /// As [`MapBuilder::reduce`], starting with a value, so that there may be no items and what is
    /// joined may be of another type than the results.
    pub fn fold<M, N, V, R, C>(self, start: V, combine: C) -> MapBuilder<P, Reduced<V::Value, R>>
    where
        V: IntoGiven<N>,
        C: Combine<M, V::Value, R>,
    {
        let start = start.into_given(&self.outer);
        let combiner = combine.combiner(Some(start), &self.outer);
        self.reduced(combiner)
    }

    fn reduced<A, R>(mut self, combiner: Combiner<R>) -> MapBuilder<P, Reduced<A, R>> {
        self.map.reduce = Some(combiner.draft.clone());
        self.gather(Reduced { combiner, marker: PhantomData })
    }
}

impl<P> MapBuilder<P, Values<Keyed>> {
    /// Gives the body each item's key too: `|body, (key, item)| …`.
    pub fn with_key(mut self) -> MapBuilder<(Handle<String>, P), Values<Keyed>> {
        let key = self.local("key", Type::Any, |map| &mut map.key);
        self.with(|item| (key, item))
    }
}

impl<P> MapBuilder<P, Values<AsItComes>> {
    /// Gives the body each item's key too. The map fails where what it runs over turns out to be a
    /// list, whose items have none.
    pub fn with_key(
        mut self,
    ) -> MapBuilder<(Handle<terrace_plugin_api::Value>, P), Values<AsItComes>> {
        let key = self.local("key", Type::Any, |map| &mut map.key);
        self.with(|item| (key, item))
    }
}
