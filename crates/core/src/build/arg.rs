//! [`Arg`]: what may be passed where a task wants a `T`, and tuples of them.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use terrace_plugin_api::{PortType, Value};

use super::form;
use super::handle::Handle;
use super::native::{self, Codecs, Native, Wire};
use super::state::Shared;
use crate::expr::{Adapter, Expr};
use crate::flat;
use crate::problem::Problem;
use crate::types::Type;

/// An argument: a value, a handle, or a collection with handles inside.
#[derive(Debug)]
pub struct Arg<T>(Given<T>);

#[derive(Debug)]
enum Given<T> {
    Value(T),
    Handle(Handle<T>),
    /// A collection whose items are data already.
    Parts(Parts),
    /// A value that may be absent, for a closure and for a pack.
    Optional {
        native: Parts,
        data: Parts,
        absent: Value,
    },
}

type MakeExpr = dyn FnOnce(&Arc<Shared>) -> Expr;

/// Makes the expression of a collection once the builder is known.
struct Parts(Box<MakeExpr>);

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// An argument of a closure.
#[derive(Debug)]
#[doc(hidden)]
pub enum NativeArg {
    /// As a flat graph can have it.
    Flat(FlatGiven),
    /// Anything else, and what it is where the node it comes from was skipped.
    Other(Box<(Expr, Option<Value>)>),
}

/// What [`NativeArg::Flat`] holds.
#[derive(Debug)]
#[doc(hidden)]
pub struct FlatGiven(pub(super) flat::Given);

impl NativeArg {
    #[inline]
    fn of(given: flat::Given) -> Self {
        Self::Flat(FlatGiven(given))
    }

    /// The expression, and what stands in for it.
    pub(super) fn into_parts(self) -> (Expr, Option<Value>) {
        match self {
            Self::Flat(given) => (given.0.into_expr(), None),
            Self::Other(parts) => *parts,
        }
    }
}

impl<T: Any + Send + Sync> Arg<T> {
    #[inline]
    pub(super) fn native_arg(self, target: &Arc<Shared>) -> NativeArg {
        let parts = match self.0 {
            Given::Value(value) => return NativeArg::of(flat::Given::Const(native::keep(value))),
            Given::Handle(handle) => match handle.whole_output(target) {
                Some(id) => return NativeArg::of(flat::Given::Output(id)),
                None => (handle.native_expr(target), None),
            },
            Given::Parts(parts) => (parts.0(target), None),
            Given::Optional { native, absent, .. } => (native.0(target), Some(absent)),
        };
        NativeArg::Other(Box::new(parts))
    }

    pub(super) fn wire_expr(self, target: &Arc<Shared>) -> Expr
    where
        T: Wire,
    {
        match self.0 {
            Given::Value(value) => constant(value, target),
            Given::Handle(handle) => handle.wire_expr(target),
            Given::Parts(parts) => parts.0(target),
            Given::Optional { data, .. } => data.0(target),
        }
    }
}

pub(super) fn constant<T: PortType>(value: T, target: &Shared) -> Expr {
    match value.into_value() {
        Ok(value) => Expr::Const(value),
        Err(error) => {
            target.problem(Problem::new(format!("a constant argument: {error}")));
            Expr::Const(Value::Null)
        }
    }
}

impl<T> From<T> for Arg<T> {
    fn from(value: T) -> Self {
        Self(Given::Value(value))
    }
}
impl<T> From<Handle<T>> for Arg<T> {
    fn from(handle: Handle<T>) -> Self {
        Self(Given::Handle(handle))
    }
}
impl<T> From<&Handle<T>> for Arg<T> {
    fn from(handle: &Handle<T>) -> Self {
        Self(Given::Handle(handle.clone()))
    }
}
impl From<&str> for Arg<String> {
    fn from(text: &str) -> Self {
        Self(Given::Value(text.to_owned()))
    }
}
impl<T> From<T> for Arg<Option<T>> {
    fn from(value: T) -> Self {
        Self(Given::Value(Some(value)))
    }
}
impl<T: Native> From<Handle<T>> for Arg<Option<T>> {
    fn from(handle: Handle<T>) -> Self {
        let native = handle.clone();
        let native = move |target: &Arc<Shared>| {
            let to_rust = native.form().to_rust::<T>(&target.codecs());
            native.adapted_expr(target, form::some::<T>(to_rust))
        };
        let data = move |target: &Arc<Shared>| handle.data_expr(target);
        Self(Given::Optional {
            native: Parts(Box::new(native)),
            data: Parts(Box::new(data)),
            absent: form::absent::<T>(),
        })
    }
}
impl<T: Native> From<&Handle<T>> for Arg<Option<T>> {
    fn from(handle: &Handle<T>) -> Self {
        handle.clone().into()
    }
}

// An integer literal is an `i32` until something says otherwise; these let `(1, 2)` be arguments.
macro_rules! from_literals {
    ($($type:ty),*) => {$(
        impl From<i32> for Arg<$type> {
            fn from(value: i32) -> Self {
                Self(Given::Value(value as $type))
            }
        }
    )*};
}
from_literals!(i64, f64);

impl From<i32> for Arg<Value> {
    fn from(value: i32) -> Self {
        Self(Given::Value(Value::from(value)))
    }
}

impl<T: Wire> From<Vec<Handle<T>>> for Arg<Vec<T>> {
    fn from(handles: Vec<Handle<T>>) -> Self {
        Self(Given::Parts(Parts(Box::new(move |target| {
            target.learn::<Vec<T>>();
            Expr::List(handles.iter().map(|handle| handle.wire_expr(target)).collect())
        }))))
    }
}
impl<T: Wire, const N: usize> From<[Handle<T>; N]> for Arg<Vec<T>> {
    fn from(handles: [Handle<T>; N]) -> Self {
        Vec::from(handles).into()
    }
}
impl<T: Wire, const N: usize> From<[&Handle<T>; N]> for Arg<Vec<T>> {
    fn from(handles: [&Handle<T>; N]) -> Self {
        handles.into_iter().cloned().collect::<Vec<_>>().into()
    }
}

macro_rules! from_maps {
    ($($map:ident),*) => {$(
        impl<T: Wire> From<$map<String, Handle<T>>> for Arg<$map<String, T>> {
            fn from(handles: $map<String, Handle<T>>) -> Self {
                // In the order of the keys, so that the same program gives the same workflow.
                let handles: BTreeMap<String, Handle<T>> = handles.into_iter().collect();
                Self(Given::Parts(Parts(Box::new(move |target| {
                    target.learn::<$map<String, T>>();
                    let entry = |(key, handle): (String, Handle<T>)| (key, handle.wire_expr(target));
                    Expr::Map(handles.into_iter().map(entry).collect())
                }))))
            }
        }
    )*};
}
from_maps!(BTreeMap, HashMap);

macro_rules! from_tuples {
    ($(($($name:ident $at:tt),+);)*) => {$(
        impl<$($name: Wire),+> From<($(Handle<$name>,)+)> for Arg<($($name,)+)> {
            fn from(handles: ($(Handle<$name>,)+)) -> Self {
                Self(Given::Parts(Parts(Box::new(move |target| {
                    target.learn::<($($name,)+)>();
                    Expr::List(vec![$(handles.$at.wire_expr(target)),+])
                }))))
            }
        }
    )*};
}
from_tuples! {
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}

/// An argument of a task whose types only the run-time knows.
#[derive(Debug)]
pub struct AnyArg(Parts);

impl AnyArg {
    /// A constant of any port type; the common ones need no `of`.
    pub fn of<T: Wire>(value: T) -> Self {
        Self(Parts(Box::new(move |target| constant(value, target))))
    }

    pub(super) fn wire_expr(self, target: &Arc<Shared>) -> Expr {
        (self.0.0)(target)
    }
}

macro_rules! any_from {
    ($($type:ty),*) => {$(
        impl From<$type> for AnyArg {
            fn from(value: $type) -> Self {
                Self::of(value)
            }
        }
    )*};
}
any_from!(Value, i64, i32, u64, f64, bool, String, Vec<i64>, Vec<f64>, Vec<String>);

impl<T: Wire> From<Handle<T>> for AnyArg {
    fn from(handle: Handle<T>) -> Self {
        Self(Parts(Box::new(move |target| handle.wire_expr(target))))
    }
}
impl<T: Wire> From<&Handle<T>> for AnyArg {
    fn from(handle: &Handle<T>) -> Self {
        handle.clone().into()
    }
}
impl From<&str> for AnyArg {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
impl<T: Wire> From<Vec<Handle<T>>> for AnyArg {
    fn from(handles: Vec<Handle<T>>) -> Self {
        let arg: Arg<Vec<T>> = handles.into();
        Self(Parts(Box::new(move |target| arg.wire_expr(target))))
    }
}
impl<T: Wire> From<BTreeMap<String, Handle<T>>> for AnyArg {
    fn from(handles: BTreeMap<String, Handle<T>>) -> Self {
        let arg: Arg<BTreeMap<String, T>> = handles.into();
        Self(Parts(Box::new(move |target| arg.wire_expr(target))))
    }
}

/// A tuple of arguments for a closure whose parameters are the tuple `A`: `(1, &handle)` for
/// `(i64, f64)`.
pub trait IntoArgs<A> {
    #[doc(hidden)]
    type Native: AsRef<[NativeArg]> + IntoIterator<Item = NativeArg>;
    #[doc(hidden)]
    fn native_args(self, target: &Arc<Shared>) -> Self::Native;
}

/// A tuple of arguments for a pack's task whose ports are the tuple `A`.
pub trait IntoWireArgs<A> {
    #[doc(hidden)]
    fn wire_exprs(self, target: &Arc<Shared>) -> Vec<Expr>;
}

/// The parameters of a closure: a tuple of up to 8 types, each `Send + Sync + 'static`.
pub trait ReadArgs: Sized + 'static {
    #[doc(hidden)]
    fn types() -> Vec<Type>;
    /// Whether all are read as they are.
    #[doc(hidden)]
    fn are_plain() -> bool;
    #[doc(hidden)]
    fn decoders(codecs: &Codecs) -> Vec<Option<Adapter>>;
}

/// The ports of a pack's task: a tuple of up to 8 port types.
pub trait WireArgs: Sized + 'static {
    #[doc(hidden)]
    fn types() -> Vec<Type>;
}

macro_rules! tuples {
    ($($count:literal ($($name:ident $given:ident $at:tt),*);)*) => {$(
        impl<$($name: Any + Send + Sync, $given: Into<Arg<$name>>),*> IntoArgs<($($name,)*)>
            for ($($given,)*)
        {
            type Native = [NativeArg; $count];
            fn native_args(self, _target: &Arc<Shared>) -> Self::Native {
                [$(self.$at.into().native_arg(_target)),*]
            }
        }

        impl<$($name: Wire, $given: Into<Arg<$name>>),*> IntoWireArgs<($($name,)*)>
            for ($($given,)*)
        {
            fn wire_exprs(self, _target: &Arc<Shared>) -> Vec<Expr> {
                vec![$(self.$at.into().wire_expr(_target)),*]
            }
        }

        impl<$($name: Any + Send + Sync),*> ReadArgs for ($($name,)*) {
            fn types() -> Vec<Type> {
                vec![$(native::plain_type::<$name>()),*]
            }
            fn are_plain() -> bool {
                true $(&& native::is_plain::<$name>())*
            }
            fn decoders(_codecs: &Codecs) -> Vec<Option<Adapter>> {
                vec![$(native::decoder::<$name>(_codecs)),*]
            }
        }

        impl<$($name: Wire),*> WireArgs for ($($name,)*) {
            fn types() -> Vec<Type> {
                vec![$(native::type_of::<$name>()),*]
            }
        }
    )*};
}

tuples! {
    0 ();
    1 (A GA 0);
    2 (A GA 0, B GB 1);
    3 (A GA 0, B GB 1, C GC 2);
    4 (A GA 0, B GB 1, C GC 2, D GD 3);
    5 (A GA 0, B GB 1, C GC 2, D GD 3, E GE 4);
    6 (A GA 0, B GB 1, C GC 2, D GD 3, E GE 4, F GF 5);
    7 (A GA 0, B GB 1, C GC 2, D GD 3, E GE 4, F GF 5, G GG 6);
    8 (A GA 0, B GB 1, C GC 2, D GD 3, E GE 4, F GF 5, G GG 6, H GH 7);
}
