//! One body again and again: [`WorkflowBuilder::loop_from`].

use std::any::Any;
use std::sync::Arc;

use super::WorkflowBuilder;
use super::form::Form;
use super::given::IntoGiven;
use super::handle::Handle;
use super::state::Shared;
use crate::draft::RepeatDraft;
use crate::expr::{Expr, Root};
use crate::repeat::{Carry, Loop};
use crate::types::Type;

impl WorkflowBuilder {
    /// Starts a loop: a body that runs again and again, each time with the value that the last pass
    /// gave. It ends with [`LoopBuilder::until`] or [`LoopBuilder::times`].
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// // The square root of 2 by Newton's method.
    /// let wf = WorkflowBuilder::new("newton");
    /// let root = wf.loop_from(1.0).until(50, |body, x| {
    ///     let next = body.call(|x: f64| (x + 2.0 / x) / 2.0, (&x,));
    ///     let near = body.call(|x: f64, next: f64| (x - next).abs() < 1e-12, (&x, &next));
    ///     (next, near)
    /// });
    /// wf.output("root", &root);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn loop_from<M, V>(&self, start: V) -> LoopBuilder<Handle<V::Value>, V::Value>
    where
        V: IntoGiven<M>,
        V::Value: Any + Send + Sync,
    {
        let start = start.into_given(&self.shared).native_arg(&self.shared).into_parts().0;
        let body = Self::inside(&self.shared);
        let input = body.shared.add_local("state", Type::Any);
        let form = Form::kept::<V::Value>();
        let state = Handle::new(&body.shared, Root::Input(input), form.clone());
        // What comes next is known when the body is written.
        let next = Expr::Const(terrace_plugin_api::Value::Null);
        let carry = vec![Carry { input, start, next }];
        let repeat = Loop { carry, until: None, max: 0, index: None };
        let value = Handle::new(&body.shared, Root::Input(input), form);
        LoopBuilder { outer: self.shared.clone(), body, repeat, state, value }
    }
}

/// A loop whose body is still to be written. `P` is what the body gets, `S` what goes from one pass
/// to the next.
#[derive(Debug)]
#[must_use = "nothing is added before `until` or `times`"]
pub struct LoopBuilder<P, S> {
    outer: Arc<Shared>,
    body: WorkflowBuilder,
    repeat: Loop,
    state: P,
    value: Handle<S>,
}

impl<P, S: Any + Send + Sync> LoopBuilder<P, S> {
    /// Gives the body the number of the pass too, from 0: `|body, (pass, state)| …`.
    pub fn enumerate(mut self) -> LoopBuilder<(Handle<i64>, P), S> {
        let shared = &self.body.shared;
        let add = || shared.add_local("index", Type::I64);
        let id = *self.repeat.index.get_or_insert_with(add);
        let pass = Handle::new(shared, Root::Input(id), Form::Data);
        let Self { outer, body, repeat, state, value } = self;
        LoopBuilder { outer, body, repeat, state: (pass, state), value }
    }

    /// Writes the body, which gives the next state and whether that is the end, and adds the node.
    /// Its value is the last state. It is an error when `max` passes were not enough.
    pub fn until<M, N: IntoGiven<M, Value = S>>(
        mut self,
        max: u64,
        body: impl FnOnce(&WorkflowBuilder, P) -> (N, Handle<bool>),
    ) -> Handle<S> {
        let (next, done) = body(&self.body, self.state);
        self.repeat.until = Some(done.native_expr(&self.body.shared));
        let next = next.into_given(&self.outer).native_arg(&self.body.shared).into_parts().0;
        add(&self.outer, self.body, self.repeat, max, next)
    }

    /// Writes the body, which gives the next state, and adds the node. It runs so many times; its
    /// value is the last state.
    pub fn times<M, N: IntoGiven<M, Value = S>>(
        self,
        passes: u64,
        body: impl FnOnce(&WorkflowBuilder, P) -> N,
    ) -> Handle<S> {
        let next = body(&self.body, self.state);
        let next = next.into_given(&self.outer).native_arg(&self.body.shared).into_parts().0;
        add(&self.outer, self.body, self.repeat, passes, next)
    }
}

fn add<S: Any>(
    outer: &Arc<Shared>,
    body: WorkflowBuilder,
    mut repeat: Loop,
    max: u64,
    next: Expr,
) -> Handle<S> {
    repeat.max = max;
    for carry in &mut repeat.carry {
        carry.next = next.clone();
    }
    let repeat = RepeatDraft::Loop(Box::new(repeat));
    let id = WorkflowBuilder::add_body(outer, body, next, Some(repeat));
    Handle::new(outer, Root::Node(id), Form::kept::<S>())
}
