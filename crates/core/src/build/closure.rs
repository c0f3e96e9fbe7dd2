//! Closures and plain functions as tasks.
//!
//! The marker in [`NodeFn`] tells apart how parameters are taken, so that one `call` serves
//! functions by value and by reference, with and without a context.

use std::any::{Any, type_name};
use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::{ErrorClass, PortMode, TaskContext, TaskError, Value};

use super::arg::ReadArgs;
use super::native;
use crate::catalog::{Task, TaskRef};
use crate::expr::Adapter;
use crate::signature::{Port, Signature};

/// How a function takes its parameters; inferred, never written.
pub mod markers {
    /// By value.
    #[derive(Debug)]
    pub struct ByValue;
    /// By reference.
    #[derive(Debug)]
    pub struct ByRef;
    /// A context, then the rest by value.
    #[derive(Debug)]
    pub struct ContextByValue;
    /// A context, then the rest by reference.
    #[derive(Debug)]
    pub struct ContextByRef;
}

/// A function that can be a node: parameters `A`, result `R`, and `M` for how they are taken.
pub trait NodeFn<M, A, R>: Send + Sync + 'static {
    #[doc(hidden)]
    const MODE: PortMode;
    #[doc(hidden)]
    fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError>;
}

fn wrong_count(found: usize) -> TaskError {
    TaskError::new(
        ErrorClass::INTERNAL,
        format!("a function was called with {found} arguments, not with its own number"),
    )
}

macro_rules! functions {
    ($(($($name:ident $arg:ident),*);)*) => {$(
        impl<Func, R, $($name: Clone + Any + Send + Sync),*> NodeFn<markers::ByValue, ($($name,)*), R> for Func
        where
            Func: Fn($($name),*) -> R + Send + Sync + 'static,
        {
            const MODE: PortMode = PortMode::Take;
            fn invoke(&self, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self($(native::take::<$name>($arg)?),*))
            }
        }

        impl<Func, R, $($name: Clone + Any + Send + Sync),*> NodeFn<markers::ContextByValue, ($($name,)*), R> for Func
        where
            Func: Fn(&TaskContext<'_>, $($name),*) -> R + Send + Sync + 'static,
        {
            const MODE: PortMode = PortMode::Take;
            fn invoke(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self(ctx, $(native::take::<$name>($arg)?),*))
            }
        }
    )*};
}

macro_rules! functions_by_reference {
    ($(($($name:ident $arg:ident),*);)*) => {$(
        impl<Func, R, $($name: Any + Send + Sync),*> NodeFn<markers::ByRef, ($($name,)*), R> for Func
        where
            Func: Fn($(&$name),*) -> R + Send + Sync + 'static,
        {
            const MODE: PortMode = PortMode::Borrow;
            fn invoke(&self, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<R, TaskError> {
                let [$($arg),*] = args else { return Err(wrong_count(args.len())) };
                Ok(self($(&*native::see::<$name>($arg)?),*))
            }
        }

        impl<Func, R, $($name: Any + Send + Sync),*> NodeFn<markers::ContextByRef, ($($name,)*), R> for Func
        where
            Func: Fn(&TaskContext<'_>, $(&$name),*) -> R + Send + Sync + 'static,
        {
            const MODE: PortMode = PortMode::Borrow;
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

type Invoke = Box<dyn Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError> + Send + Sync>;

/// A closure before it is known how data becomes its parameters.
pub(crate) struct Unbound<A> {
    name: &'static str,
    mode: PortMode,
    invoke: Invoke,
    marker: PhantomData<fn(A)>,
}

/// A function whose result is its output.
pub(super) fn plain<M, A, R, F>(function: F) -> Unbound<A>
where
    A: ReadArgs,
    R: Any + Send + Sync,
    F: NodeFn<M, A, R>,
{
    Unbound {
        name: short_name(type_name::<F>()),
        mode: F::MODE,
        invoke: Box::new(move |ctx, args| function.invoke(ctx, args).map(native::keep)),
        marker: PhantomData,
    }
}

/// A function whose result may be an error.
pub(super) fn fallible<M, A, R, E, F>(function: F) -> Unbound<A>
where
    A: ReadArgs,
    R: Any + Send + Sync,
    E: Into<TaskError> + 'static,
    F: NodeFn<M, A, Result<R, E>>,
{
    Unbound {
        name: short_name(type_name::<F>()),
        mode: F::MODE,
        invoke: Box::new(move |ctx, args| {
            function.invoke(ctx, args)?.map(native::keep).map_err(Into::into)
        }),
        marker: PhantomData,
    }
}

/// `my_crate::jobs::clean` is `clean`; closures are `closure`.
fn short_name(path: &'static str) -> &'static str {
    if path.contains("{{closure}}") {
        return "closure";
    }
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl<A: ReadArgs> Unbound<A> {
    /// Makes the task, given how data becomes each parameter.
    pub(super) fn bind<R: Any>(self, decoders: Vec<Option<Adapter>>) -> TaskRef {
        let ports = A::types()
            .into_iter()
            .enumerate()
            .map(|(at, ty)| Port { mode: self.mode, ..Port::new(format!("arg{at}"), ty) })
            .collect();
        let signature =
            Signature { ports, output: native::plain_type::<R>(), ..Signature::default() };
        let decoders = decoders.iter().any(Option::is_some).then_some(decoders);
        TaskRef {
            name: self.name.into(),
            signature: Arc::new(signature),
            body: Arc::new(Closure { invoke: self.invoke, decoders }),
            pack: None,
        }
    }
}

struct Closure {
    invoke: Invoke,
    decoders: Option<Vec<Option<Adapter>>>,
}

impl Task for Closure {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        for (at, decoder) in self.decoders.iter().flatten().enumerate() {
            if let (Some(decode), Some(arg)) = (decoder, args.get_mut(at)) {
                *arg = (decode.0)(std::mem::take(arg))?;
            }
        }
        (self.invoke)(ctx, args)
    }
}
