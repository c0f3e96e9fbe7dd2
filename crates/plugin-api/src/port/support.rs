//! What the code of `#[task]` and the derives calls, so that they generate little of their own.

use std::error::Error;
use std::fmt::Display;
use std::marker::PhantomData;

use super::collection::hold_optional;
use super::{PortError, PortRef, PortType};
use crate::error::TaskError;
use crate::value::Value;

/// Takes an argument.
///
/// # Errors
/// When it is not of the port's type.
#[inline]
pub fn take<T: PortType>(slot: &mut Value, port: &str) -> Result<T, TaskError> {
    T::take_out(slot).map_err(|error| error.in_port(port))
}

/// Borrows an argument.
///
/// # Errors
/// When it is not of the port's type.
pub fn borrow<'a, T: PortRef<'a> + ?Sized>(
    slot: &'a mut Value,
    port: &str,
) -> Result<T::Held, TaskError> {
    T::hold(slot).map_err(|error| error.in_port(port))
}

/// Borrows an argument that may be null.
///
/// # Errors
/// When it is not of the port's type.
pub fn borrow_optional<'a, T: PortRef<'a> + ?Sized>(
    slot: &'a mut Value,
    port: &str,
) -> Result<Option<T::Held>, TaskError> {
    hold_optional::<T>(slot).map_err(|error| error.in_port(port))
}

/// Turns what a task returned into a value.
///
/// # Errors
/// When it cannot be one.
#[inline]
pub fn output<T: PortType>(output: T) -> Result<Value, TaskError> {
    output.into_value().map_err(PortError::in_output)
}

/// Stands for the type of a task's error, to find out how it becomes a [`TaskError`]. Generated
/// code asks `(&&&&tag(&error)).terrace_kind()`: the compiler takes the first of the traits below,
/// in their order, whose bound the type meets, because each later one needs one `&` less.
#[derive(Debug)]
pub struct Tag<E>(PhantomData<E>);

/// The tag of an error.
pub fn tag<E>(_error: &E) -> Tag<E> {
    Tag(PhantomData)
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $of:ident: ($($refs:tt)*) $($bound:tt)::+ $(<$arg:ty>)?, $how:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $kind;

        #[doc(hidden)]
        pub trait $of {
            fn terrace_kind(&self) -> $kind {
                $kind
            }
        }
        impl<E: $($bound)::+ $(<$arg>)?> $of for $($refs)* Tag<E> {}

        impl $kind {
            /// Converts the error.
            pub fn raise<E: $($bound)::+ $(<$arg>)?>(self, error: E) -> TaskError {
                let how: fn(E) -> TaskError = $how;
                how(error)
            }
        }
    )*};
}
kinds! {
    /// Says itself how it becomes a [`TaskError`]: any error, and `TaskError`.
    Converted, ConvertedKind: (&&&) Into<TaskError>, Into::into;
    /// A boxed error, `anyhow::Error` and their like.
    Boxed, BoxedKind: (&&) AsRef<dyn Error + Send + Sync>, |error| chain(error.as_ref());
    /// As [`Boxed`], of one thread.
    BoxedLocal, BoxedLocalKind: (&) AsRef<dyn Error>, |error| chain(error.as_ref());
}

/// Text, or nothing that a task could fail with: the last kind, whatever the type.
#[derive(Debug)]
pub struct Said;

#[doc(hidden)]
pub trait SaidKind {
    fn terrace_kind(&self) -> Said {
        Said
    }
}
impl<E> SaidKind for Tag<E> {}

/// What a task may fail with where it is not an error: text.
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "a task cannot fail with `{Self}`",
        label = "neither an error nor text",
        note = "return `Result<_, TaskError>` and use `?`, or implement `std::error::Error` for `{Self}`"
    )
)]
pub trait Text: Display {}
impl<E: Display> Text for E {}

impl Said {
    /// Converts the error.
    pub fn raise<E: Text>(self, error: E) -> TaskError {
        TaskError::msg(error)
    }
}

/// A boxed error with its causes.
fn chain(error: &dyn Error) -> TaskError {
    let mut result = TaskError::msg(error);
    let mut source = error.source();
    while let Some(cause) = source {
        result = result.with_cause(cause);
        source = cause.source();
    }
    result
}
