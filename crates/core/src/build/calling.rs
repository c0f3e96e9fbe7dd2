//! [`Calling`]: a function as a task.
//!
//! A type of its own and not a closure around the function: of a closure the compiler cannot be told
//! that it is to become part of the loop that calls it, and where it does not each node costs a call
//! and the registers that it saves.

use std::any::Any;
use std::marker::PhantomData;

use terrace_plugin_api::{TaskContext, TaskError, Value};

use super::closure::{NodeFn, NodeRefFn};
use super::native::keep;
use crate::catalog::Task;

/// A task that calls a function the way `W` says, and keeps its result.
pub(crate) struct Calling<F, W> {
    function: F,
    way: PhantomData<fn() -> W>,
}

impl<F, W> Calling<F, W> {
    #[inline(always)]
    pub(crate) fn new(function: F) -> Self {
        Self { function, way: PhantomData }
    }
}

/// How a function is called with values.
pub(crate) trait CallWay<F> {
    type Result;

    fn invoke(
        function: &F,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
    ) -> Result<Self::Result, TaskError>;
}

/// Parameters by value, which are taken.
pub(crate) struct ByValue<M, A, R>(PhantomData<(M, A, R)>);

/// Parameters by reference, which are left.
pub(crate) struct ByReference<M, A, R>(PhantomData<(M, A, R)>);

/// Any number of values, which it may take.
pub(crate) struct ByList<R>(PhantomData<R>);

/// As `W` says, and the function may fail.
pub(crate) struct Fallibly<W>(PhantomData<W>);

impl<M, A, R, F: NodeFn<M, A, R>> CallWay<F> for ByValue<M, A, R> {
    type Result = R;

    #[inline(always)]
    fn invoke(function: &F, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
        function.invoke(ctx, args)
    }
}

impl<M, A, R, F: NodeRefFn<M, A, R>> CallWay<F> for ByReference<M, A, R> {
    type Result = R;

    #[inline(always)]
    fn invoke(function: &F, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
        function.invoke(ctx, args)
    }
}

impl<R, F: Fn(&mut [Value]) -> Result<R, TaskError>> CallWay<F> for ByList<R> {
    type Result = R;

    #[inline(always)]
    fn invoke(function: &F, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
        function(args)
    }
}

impl<R, E: Into<TaskError>, F, W: CallWay<F, Result = Result<R, E>>> CallWay<F> for Fallibly<W> {
    type Result = R;

    #[inline(always)]
    fn invoke(function: &F, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
        W::invoke(function, ctx, args)?.map_err(Into::into)
    }
}

impl<F, W> Task for Calling<F, W>
where
    F: Send + Sync,
    W: CallWay<F, Result: Any + Send + Sync>,
{
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(keep(W::invoke(&self.function, ctx, args)?))
    }

    #[inline(always)]
    fn call_into(
        &self,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        out.put(keep(W::invoke(&self.function, ctx, args)?));
        Ok(())
    }
}
