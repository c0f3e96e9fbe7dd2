//! [`IntoGiven`]: a value or a handle, where its type should follow from it.

use std::sync::Arc;

use super::arg::Arg;
use super::closure::markers;
use super::handle::Handle;
use super::native::Wire;
use super::state::Shared;

/// A value, a handle, or a collection of handles: what a loop or a reduction starts with. `M` is
/// inferred, never written.
pub trait IntoGiven<M> {
    /// Its type.
    type Value;
    #[doc(hidden)]
    fn into_given(self, shared: &Arc<Shared>) -> Arg<Self::Value>;
}

impl<T: Wire> IntoGiven<markers::Plain> for T {
    type Value = T;
    fn into_given(self, shared: &Arc<Shared>) -> Arg<T> {
        shared.learn::<T>();
        self.into()
    }
}

impl IntoGiven<markers::Text> for &str {
    type Value = String;
    fn into_given(self, _: &Arc<Shared>) -> Arg<String> {
        self.into()
    }
}

impl<T> IntoGiven<markers::Edge> for Handle<T> {
    type Value = T;
    fn into_given(self, _: &Arc<Shared>) -> Arg<T> {
        self.into()
    }
}

impl<T> IntoGiven<markers::Edge> for &Handle<T> {
    type Value = T;
    fn into_given(self, _: &Arc<Shared>) -> Arg<T> {
        self.into()
    }
}

macro_rules! tuples {
    ($($name:ident),+) => {
        impl<$($name: Wire),+> IntoGiven<markers::Edge> for ($(Handle<$name>,)+) {
            type Value = ($($name,)+);
            fn into_given(self, _: &Arc<Shared>) -> Arg<Self::Value> {
                self.into()
            }
        }
    };
}
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);
