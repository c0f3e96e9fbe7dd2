//! What joins the results of a map to one value: closures, those that are [`associative`], and
//! imported tasks.

use std::sync::Arc;

use terrace_plugin_api::{PortMode, TaskContext, TaskError, Value};

use super::arg::{Arg, ReadArgs};
use super::closure::{Unbound, markers, wrong_count};
use super::form::Form;
use super::handle::Handle;
use super::import::TaskImport;
use super::native::{self, Native, Wire};
use super::state::Shared;
use crate::draft::{ReduceDraft, TaskChoice};
use crate::expr::Expr;

/// What joins results: a closure `|joined: A, next: R| -> A`, one that may fail, an
/// [`associative`] one, or a pack's task. `M` is inferred, never written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot join results of type `{R}` to `{A}`",
    note = "it is a closure `|joined: A, next: R| -> A`, or an imported task `(A, R) -> A`"
)]
pub trait Combine<M, A, R> {
    #[doc(hidden)]
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<R>;
}

/// What joins results, ready for the draft.
#[doc(hidden)]
pub struct Combiner<R> {
    pub(super) draft: ReduceDraft,
    /// How a body's value is handed to it.
    pub(super) result: fn(&Handle<R>, &Arc<Shared>) -> Expr,
    /// How the joined value lies.
    pub(super) form: Form,
}

impl<R> std::fmt::Debug for Combiner<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Combiner").field(&self.draft.task).finish()
    }
}

/// Says of a closure that grouping does not matter, as with `+` of integers: results may then be
/// joined as a tree, several pairs at once.
///
/// ```
/// use terrace_core::{NoTasks, WorkflowBuilder, associative};
///
/// let wf = WorkflowBuilder::new("sum of squares");
/// let sum = wf
///     .over(0..1000)
///     .reduce(associative(|a: i64, b: i64| a + b))
///     .map(|body, x| body.call(|x: i64| x * x, (&x,)));
/// wf.output("sum", &sum);
/// # wf.build(&NoTasks)?;
/// # Ok::<(), terrace_core::Problems>(())
/// ```
pub fn associative<F>(combine: F) -> Associative<F> {
    Associative(combine)
}

/// Made by [`associative`].
#[derive(Debug)]
pub struct Associative<F>(F);

fn of_closure<F, A: Native, R: Native>(
    join: impl Fn(A, R) -> Result<A, TaskError> + Send + Sync + 'static,
    start: Option<Arg<A>>,
    shared: &Arc<Shared>,
    associative: Grouping,
) -> Combiner<R> {
    let run = move |_: &TaskContext<'_>, args: &mut [Value]| {
        let [joined, next] = args else { return Err(wrong_count(args.len())) };
        join(native::take(joined)?, native::take(next)?).map(native::keep)
    };
    let decoders = <(A, R)>::decoders(&shared.codecs());
    let task = Unbound::<(A, R)>::new::<F>(PortMode::Take, run);
    let mut task = task.bind(native::plain_type::<A>(), decoders, []);
    Arc::make_mut(&mut task.signature).associative = associative == Grouping::Free;
    let start = start.map(|start| start.native_arg(shared).into_parts().0);
    Combiner {
        draft: ReduceDraft { task: TaskChoice::Inline(task), start, span: None },
        result: |value, body| value.native_expr(body),
        form: Form::kept::<A>(),
    }
}

/// Whether results may be joined in any grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grouping {
    InOrder,
    Free,
}

impl<A: Native, R: Native, F> Combine<markers::Plain, A, R> for F
where
    F: Fn(A, R) -> A + Send + Sync + 'static,
{
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<R> {
        of_closure::<F, A, R>(move |a, b| Ok(self(a, b)), start, shared, Grouping::InOrder)
    }
}

impl<A: Native, R: Native, E: Into<TaskError>, F> Combine<markers::Fallible<E>, A, R> for F
where
    F: Fn(A, R) -> Result<A, E> + Send + Sync + 'static,
{
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<R> {
        let join = move |a, b| self(a, b).map_err(Into::into);
        of_closure::<F, A, R>(join, start, shared, Grouping::InOrder)
    }
}

impl<A: Native, F> Combine<markers::Plain, A, A> for Associative<F>
where
    F: Fn(A, A) -> A + Send + Sync + 'static,
{
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<A> {
        of_closure::<F, A, A>(move |a, b| Ok(self.0(a, b)), start, shared, Grouping::Free)
    }
}

impl<A: Wire, R: Wire> Combine<markers::Edge, A, R> for &TaskImport<(A, R), A> {
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<R> {
        let start = start.map(|start| start.wire_expr(shared));
        Combiner {
            draft: ReduceDraft { task: self.choice(), start, span: None },
            result: |value, body| value.wire_expr(body),
            form: Form::Data,
        }
    }
}

impl<A: Wire, R: Wire> Combine<markers::Edge, A, R> for TaskImport<(A, R), A> {
    fn combiner(self, start: Option<Arg<A>>, shared: &Arc<Shared>) -> Combiner<R> {
        (&self).combiner(start, shared)
    }
}
