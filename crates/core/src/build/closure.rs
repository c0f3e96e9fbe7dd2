//! Closures and plain functions as tasks.
//!
//! By value ([`NodeFn`]) and by reference ([`NodeRefFn`]) are two traits, since a closure over
//! references would fit both; the marker tells apart functions with and without a context.

use std::any::{Any, type_name};
use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::{ErrorClass, PortMode, TaskContext, TaskError, Value};

use super::arg::ReadArgs;
use super::native;
use crate::catalog::{Task, TaskRef};
use crate::expr::Adapter;
use crate::flat::Shape;
use crate::signature::{Port, Signature};
use crate::types::Type;

/// What tells apart functions with and without a context, values and handles; inferred, never
/// written.
pub mod markers {
    /// A function of its parameters alone, or a value.
    #[derive(Debug)]
    pub struct Plain;
    /// A function of a [`terrace_plugin_api::TaskContext`], then its parameters.
    #[derive(Debug)]
    pub struct WithContext;
    /// A function that may fail with an `E`.
    #[derive(Debug)]
    pub struct Fallible<E>(std::marker::PhantomData<E>);
    /// Borrowed text.
    #[derive(Debug)]
    pub struct Text;
    /// A handle, or handles in a collection, or an imported task.
    #[derive(Debug)]
    pub struct Edge;
}

/// A function that can be a node, with parameters by value: `A` are their types, `R` its result.
pub trait NodeFn<M, A, R>: Send + Sync + 'static {
    #[doc(hidden)]
    fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError>;
}

/// A function that can be a node, with parameters by reference: `A` are the types behind `&`.
pub trait NodeRefFn<M, A, R>: Send + Sync + 'static {
    #[doc(hidden)]
    fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError>;
}

pub(super) fn wrong_count(found: usize) -> TaskError {
    TaskError::new(
        ErrorClass::INTERNAL,
        format!("a function was called with {found} arguments, not with its own number"),
    )
}

macro_rules! functions {
    ($(($($name:ident $arg:ident),*);)*) => {$(
        impl<Func, R, $($name: Clone + Any + Send + Sync),*> NodeFn<markers::Plain, ($($name,)*), R> for Func
        where
            Func: Fn($($name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn invoke(&self, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self($(native::take::<$name>($arg)?),*))
            }
        }

        impl<Func, R, $($name: Clone + Any + Send + Sync),*> NodeFn<markers::WithContext, ($($name,)*), R> for Func
        where
            Func: Fn(&TaskContext<'_>, $($name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self(ctx, $(native::take::<$name>($arg)?),*))
            }
        }
    )*};
}

macro_rules! functions_by_reference {
    ($(($($name:ident $arg:ident),*);)*) => {$(
        impl<Func, R, $($name: Any + Send + Sync),*> NodeRefFn<markers::Plain, ($($name,)*), R> for Func
        where
            Func: Fn($(&$name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn invoke(&self, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self($(&*native::see::<$name>($arg)?),*))
            }
        }

        impl<Func, R, $($name: Any + Send + Sync),*> NodeRefFn<markers::WithContext, ($($name,)*), R> for Func
        where
            Func: Fn(&TaskContext<'_>, $(&$name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self(ctx, $(&*native::see::<$name>($arg)?),*))
            }
        }
    )*};
}

functions! {
    ();
    (A a);
    (A a, B b);
    (A a, B b, C c);
    (A a, B b, C c, D d);
    (A a, B b, C c, D d, E e);
    (A a, B b, C c, D d, E e, F f);
    (A a, B b, C c, D d, E e, F f, G g);
    (A a, B b, C c, D d, E e, F f, G g, H h);
}

functions_by_reference! {
    (A a);
    (A a, B b);
    (A a, B b, C c);
    (A a, B b, C c, D d);
    (A a, B b, C c, D d, E e);
    (A a, B b, C c, D d, E e, F f);
    (A a, B b, C c, D d, E e, F f, G g);
    (A a, B b, C c, D d, E e, F f, G g, H h);
}

/// A closure before it is known how data becomes its parameters.
pub(crate) struct Unbound<A> {
    name: &'static str,
    mode: PortMode,
    body: Arc<dyn Task>,
    marker: PhantomData<fn(A)>,
}

impl<A: ReadArgs> Unbound<A> {
    /// A task around what a function does with its arguments, named as the type `F` is.
    pub(super) fn new<F>(
        mode: PortMode,
        invoke: impl Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::around::<F>(mode, Arc::new(Closure(invoke)))
    }

    /// As [`Self::new`], of a task that is there.
    pub(super) fn around<F>(mode: PortMode, body: Arc<dyn Task>) -> Self {
        Self { name: short_name(type_name::<F>()), mode, body, marker: PhantomData }
    }
}

/// What a closure is called as a task.
pub(crate) const CLOSURE: &str = "closure";

/// `my_crate::jobs::clean` is `clean`; closures are `closure`.
fn short_name(path: &'static str) -> &'static str {
    if path.contains("{{closure}}") {
        return CLOSURE;
    }
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl<A: ReadArgs> Unbound<A> {
    /// Makes the task, given how data becomes each parameter, and what stands in for arguments
    /// that may be absent.
    pub(super) fn bind(
        self,
        output: Type,
        decoders: Vec<Option<Adapter>>,
        absent: impl IntoIterator<Item = Option<Value>>,
    ) -> TaskRef {
        let ports = ports(A::types(), self.mode, absent);
        let signature = Signature { ports, output, ..Signature::default() };
        let body = match decoders.iter().any(Option::is_some) {
            true => Arc::new(Decoding { body: self.body, decoders }),
            false => self.body,
        };
        TaskRef { name: self.name.into(), signature: Arc::new(signature), body, pack: None }
    }
}

/// What tasks around a closure of type `F` have in common, where no data has to become parameters.
pub(crate) fn shape_of<F, A: ReadArgs, R: Any>(mode: PortMode) -> Shape {
    let ports = ports(A::types(), mode, std::iter::empty());
    let signature = Signature { ports, output: native::plain_type::<R>(), ..Signature::default() };
    Shape { name: short_name(type_name::<F>()).into(), signature: Arc::new(signature) }
}

fn ports(
    types: Vec<Type>,
    mode: PortMode,
    absent: impl IntoIterator<Item = Option<Value>>,
) -> Vec<Port> {
    let absent = absent.into_iter().chain(std::iter::repeat_with(|| None));
    let ports = types.into_iter().zip(absent).enumerate();
    ports
        .map(|(at, (ty, default))| Port { mode, default, ..Port::new(format!("arg{at}"), ty) })
        .collect()
}

/// A closure whose arguments are as it wants them.
struct Closure<F>(F);

impl<F> Task for Closure<F>
where
    F: Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError> + Send + Sync,
{
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        (self.0)(ctx, args)
    }
}

/// One some of whose arguments are made of data first.
pub(super) struct Decoding<T: ?Sized> {
    pub(super) body: Arc<T>,
    pub(super) decoders: Vec<Option<Adapter>>,
}

impl<T: Task + ?Sized> Task for Decoding<T> {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        for (decoder, arg) in self.decoders.iter().zip(args.iter_mut()) {
            if let Some(decode) = decoder {
                *arg = decode.apply(std::mem::take(arg))?;
            }
        }
        self.body.call(ctx, args)
    }
}
