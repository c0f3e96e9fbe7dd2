//! Closures and functions as nodes: [`WorkflowBuilder::call`] and its three variants.

use std::any::Any;
use std::sync::Arc;

use terrace_plugin_api::{PortMode, TaskError};

use super::WorkflowBuilder;
use super::arg::{IntoArgs, NativeArg, ReadArgs};
use super::calling::{ByReference, ByValue, Calling, Fallibly};
use super::closure::{Decoding, NodeFn, NodeRefFn, Unbound, shape_of};
use super::form::Form;
use super::handle::Handle;
use super::native;
use crate::catalog::Task;
use crate::draft::{Args, TaskChoice};
use crate::expr::{Adapter, Root};
use crate::types::Type;

impl WorkflowBuilder {
    /// Adds a node that calls a closure or function with its parameters by value, optionally after
    /// a `&TaskContext`. Parameters are `Clone`, values any `Send + Sync + 'static`; what cannot be
    /// cloned goes through [`WorkflowBuilder::call_ref`].
    pub fn call<M, A, R, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        M: 'static,
        A: ReadArgs,
        R: Any + Send + Sync,
        F: NodeFn<M, A, R>,
    {
        let task = Calling::<F, ByValue<M, A, R>>::new(function);
        self.add_value::<F, A, R>(PortMode::Take, task, args)
    }

    /// As [`WorkflowBuilder::call`], for a function that may fail: its error is any
    /// `std::error::Error` or a [`TaskError`].
    pub fn try_call<M, A, R, E, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        M: 'static,
        A: ReadArgs,
        R: Any + Send + Sync,
        E: Into<TaskError> + 'static,
        F: NodeFn<M, A, Result<R, E>>,
    {
        let task = Calling::<F, Fallibly<ByValue<M, A, Result<R, E>>>>::new(function);
        self.add_value::<F, A, R>(PortMode::Take, task, args)
    }

    /// As [`WorkflowBuilder::call`], with all parameters by reference: nothing is cloned, and values
    /// need not be `Clone`. A closure's parameters need their types: `|term: &Term| …`.
    pub fn call_ref<M, A, R, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        M: 'static,
        A: ReadArgs,
        R: Any + Send + Sync,
        F: NodeRefFn<M, A, R>,
    {
        let task = Calling::<F, ByReference<M, A, R>>::new(function);
        self.add_value::<F, A, R>(PortMode::Borrow, task, args)
    }

    /// As [`WorkflowBuilder::call_ref`], for a function that may fail.
    pub fn try_call_ref<M, A, R, E, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        M: 'static,
        A: ReadArgs,
        R: Any + Send + Sync,
        E: Into<TaskError> + 'static,
        F: NodeRefFn<M, A, Result<R, E>>,
    {
        let task = Calling::<F, Fallibly<ByReference<M, A, Result<R, E>>>>::new(function);
        self.add_value::<F, A, R>(PortMode::Borrow, task, args)
    }

    /// Adds a closure of type `F`, in a flat graph where it can be in one.
    fn add_value<F, A: ReadArgs, R: Any + Send + Sync>(
        &self,
        mode: PortMode,
        task: impl Task + 'static,
        args: impl IntoArgs<A>,
    ) -> Handle<R> {
        let args = args.native_args(&self.shared);
        let decoders = match A::are_plain() {
            true => Vec::new(),
            false => A::decoders(&self.shared.codecs()),
        };
        let shape = || shape_of::<F, A, R>(mode);
        let added = if decoders.iter().any(Option::is_some) {
            let task = Decoding { body: Arc::new(task), decoders };
            self.shared.add_flat(task, args, shape).map_err(|(task, args)| {
                (Unbound::<A>::around::<F>(mode, task.body), args, task.decoders)
            })
        } else {
            self.shared.add_flat(task, args, shape).map_err(|(task, args)| {
                (Unbound::<A>::around::<F>(mode, Arc::new(task)), args, decoders)
            })
        };
        match added {
            Ok(id) => Handle::new(&self.shared, Root::Node(id), Form::kept::<R>()),
            Err((closure, args, decoders)) => {
                self.add_node_of(closure, args, decoders, native::plain_type::<R>())
            }
        }
    }

    /// Adds a closure whose output has a type of its own.
    pub(super) fn add_closure<A: ReadArgs, R: Any>(
        &self,
        closure: Unbound<A>,
        args: impl IntoArgs<A>,
        output: Type,
    ) -> Handle<R> {
        let args = args.native_args(&self.shared);
        let decoders = A::decoders(&self.shared.codecs());
        self.add_node_of(closure, args, decoders, output)
    }

    fn add_node_of<A: ReadArgs, R: Any>(
        &self,
        closure: Unbound<A>,
        args: impl IntoIterator<Item = NativeArg>,
        decoders: Vec<Option<Adapter>>,
        output: Type,
    ) -> Handle<R> {
        let (exprs, absent): (Vec<_>, Vec<_>) = args.into_iter().map(NativeArg::into_parts).unzip();
        let task = TaskChoice::Inline(closure.bind(output, decoders, absent));
        let id = self.shared.add_node(task, Args::Positional(exprs));
        Handle::new(&self.shared, Root::Node(id), Form::kept::<R>())
    }
}
