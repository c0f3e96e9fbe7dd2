//! [`PortType`]: the types that can be ports, and how they become values and back.
//!
//! | Rust | notation |
//! |---|---|
//! | `bool`, `String`, `char` | `bool`, `str`, `str` |
//! | `i8` … `i64`, `isize`, `u8` … `u32` | `i64`, range checked when it is read |
//! | `u64`, `usize` | `u64` |
//! | `f64`, `f32` | `f64`; integers are read too |
//! | `()` | `null` |
//! | [`Value`] | `any` |
//! | `Option<T>` | `T?` |
//! | `Vec<T>`, `[T; N]` | `list<T>`; arrays of numbers are read too, and bytes by `Vec<u8>` |
//! | `(T, U)`, up to 8 | `(T, U)` |
//! | `BTreeMap<String, T>`, `HashMap<String, T>` | `map<str, T>` |
//! | `Box<T>` | as `T` |
//! | [`Bytes`](crate::Bytes), [`Str`](crate::Str) | `bytes`, `str` |
//! | [`List`](crate::List), [`Map`](crate::Map), [`Array`](crate::Array) | `list<any>`, `map<str, any>`, `list<number>` |
//! | [`Outcome`](crate::Outcome) | `outcome` |
//! | behind `&`: `str`, `[u8]`, `[T]` | `str`, `bytes`, `list<T>` |
//! | by `derive(Record)` | `{x: f64, y?: str}`, `enum{…}` |
//! | by `derive(Opaque)` | `ext<pack::Type>` |
//!
//! A map gives its entries in its own order, a `HashMap` in that of the keys.

mod collection;
mod error;
pub(crate) mod opaque;
mod payload;
pub(crate) mod record;
mod scalar;
mod slice;
pub(crate) mod support;

use std::ops::Deref;

use crate::schema::Schema;
use crate::value::Value;

pub use error::PortError;
pub use slice::HeldSlice;

/// A type that can be a port or an output. Derive it with [`macro@crate::Record`] for data, with
/// [`macro@crate::Opaque`] for a private type that only this pack understands.
///
/// # Examples
/// By hand, where neither fits:
/// ```
/// use terrace_plugin_api::{PortError, PortType, Schema, Value};
///
/// /// A percentage, 0 to 100.
/// struct Percent(f64);
///
/// impl PortType for Percent {
///     const SCHEMA: Schema = Schema::F64;
///     fn from_value(value: Value) -> Result<Self, PortError> {
///         let number = f64::from_value(value)?;
///         if !(0.0..=100.0).contains(&number) {
///             return Err(PortError::msg(format!("{number} is not from 0 to 100")));
///         }
///         Ok(Self(number))
///     }
///     fn into_value(self) -> Result<Value, PortError> {
///         self.0.into_value()
///     }
/// }
/// assert!(Percent::from_value(Value::I64(7)).is_ok());
/// ```
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a port or an output of a task",
        label = "not a port type",
        note = "data: `#[derive(Record)]` on its type; something only this pack understands: `#[derive(Opaque)]`; a type of another crate: a struct of your own around it"
    )
)]
pub trait PortType: Sized {
    /// The type as data.
    const SCHEMA: Schema;

    /// The type of `&[Self]`.
    #[doc(hidden)]
    const SLICE: Schema = Schema::List(&Self::SCHEMA);

    /// Reads a value, taking what it holds.
    ///
    /// # Errors
    /// When it is not of this type.
    fn from_value(value: Value) -> Result<Self, PortError>;

    /// As [`Self::from_value`], of one that lies in an argument; what has no heap may stay there.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    #[inline]
    fn take_out(slot: &mut Value) -> Result<Self, PortError> {
        Self::from_value(std::mem::take(slot))
    }

    /// Turns it into a value.
    ///
    /// # Errors
    /// When it nests too deep or a map has a key twice.
    fn into_value(self) -> Result<Value, PortError>;

    /// Reads a value that someone else keeps. Types that lie in a [`Value`] as they are borrow it.
    ///
    /// # Errors
    /// When it is not of this type.
    fn from_ref(value: &Value) -> Result<Held<'_, Self>, PortError> {
        Self::from_value(value.clone()).map(Held::Owned)
    }

    /// Items that lie in the value as they are.
    #[doc(hidden)]
    fn slice_of(_value: &Value) -> Option<&[Self]> {
        None
    }

    /// A copy of items that lie in the value as they are.
    #[doc(hidden)]
    fn copy_of(_value: &Value) -> Option<Vec<Self>> {
        None
    }
}

/// A borrowed parameter: lies in the value itself, or was made from it for the call.
#[derive(Debug)]
pub enum Held<'a, T> {
    /// Lies in the value.
    Borrowed(&'a T),
    /// Was made from it.
    Owned(T),
}

impl<T> Deref for Held<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Held::Borrowed(value) => value,
            Held::Owned(value) => value,
        }
    }
}

/// What may stand behind `&` in a task's parameter: any [`PortType`], and `str`, `[u8]` and slices
/// of a [`PortType`].
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "`&{Self}` cannot be a port of a task",
        label = "not a port type",
        note = "data: `#[derive(Record)]` on its type; something only this pack understands: `#[derive(Opaque)]`; a type of another crate: a struct of your own around it"
    )
)]
pub trait PortRef<'a> {
    /// The type as data.
    const SCHEMA: Schema;
    /// Keeps the borrow, or what was made for the call.
    type Held: Deref<Target = Self> + 'a;

    /// Reads a value that someone else keeps.
    ///
    /// # Errors
    /// When it is not of this type.
    fn hold(value: &'a Value) -> Result<Self::Held, PortError>;
}

impl<'a, T: PortType + 'a> PortRef<'a> for T {
    const SCHEMA: Schema = T::SCHEMA;
    type Held = Held<'a, T>;
    fn hold(value: &'a Value) -> Result<Held<'a, T>, PortError> {
        T::from_ref(value)
    }
}

/// What a task may return: a [`PortType`], or a `Result` of one. Its error may be anything that
/// becomes a [`TaskError`](crate::TaskError), a boxed error, or text.
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "a task cannot return `{Self}`",
        label = "neither a port type nor a `Result` of one",
        note = "data: `#[derive(Record)]` on its type; something only this pack understands: `#[derive(Opaque)]`; a type of another crate: a struct of your own around it"
    )
)]
pub trait TaskReturn {
    /// The type of the output.
    const SCHEMA: Schema;
    /// What it returns when it succeeds.
    type Output: PortType;
    /// What it returns when it fails.
    type Error;

    /// The answer as a `Result`.
    ///
    /// # Errors
    /// The task's own.
    fn split(self) -> Result<Self::Output, Self::Error>;
}

impl<T: PortType> TaskReturn for T {
    const SCHEMA: Schema = T::SCHEMA;
    type Output = T;
    type Error = crate::TaskError;
    fn split(self) -> Result<T, crate::TaskError> {
        Ok(self)
    }
}

impl<T: PortType, E> TaskReturn for Result<T, E> {
    const SCHEMA: Schema = T::SCHEMA;
    type Output = T;
    type Error = E;
    fn split(self) -> Self {
        self
    }
}
