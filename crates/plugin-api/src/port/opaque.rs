//! What `derive(Opaque)` calls: private types in and out of an [`Ext`].

use std::marker::PhantomData;
use std::sync::Arc;

use super::{Held, PortError};
use crate::ext::Ext;
use crate::value::Value;

/// A type with `derive(Opaque)`.
pub trait OpaqueType: Sized + Send + Sync + 'static {
    /// The name in the notation.
    const NAME: &'static str;

    /// Wraps a value.
    fn wrap(self) -> Ext {
        Ext::new(self)
    }
}

fn wrong<T: OpaqueType>(found: &Value) -> PortError {
    let found = match found {
        // The same type, of a library that is loaded beside this one.
        Value::Ext(ext) if ext.type_name() == std::any::type_name::<T>() => {
            format!("`{}` of another build of this pack", T::NAME)
        }
        Value::Ext(ext) => format!("`{}`", ext.type_name()),
        other => other.kind().to_owned(),
    };
    PortError::msg(format!("expected `{}`, found {}", T::NAME, found))
}

/// Takes what a value holds.
///
/// # Errors
/// When it holds another type.
pub fn take_opaque<T: OpaqueType>(value: Value) -> Result<Arc<T>, PortError> {
    match value {
        Value::Ext(ext) => ext.downcast().map_err(|ext| wrong::<T>(&Value::Ext(ext))),
        other => Err(wrong::<T>(&other)),
    }
}

/// Borrows what a value holds.
///
/// # Errors
/// When it holds another type.
pub fn borrow_opaque<T: OpaqueType>(value: &Value) -> Result<Held<'_, T>, PortError> {
    let held = match value {
        Value::Ext(ext) => Ext::downcast_ref(ext),
        _ => None,
    };
    held.map(Held::Borrowed).ok_or_else(|| wrong::<T>(value))
}

/// Stands for a type, to find out whether it can be copied: generated code asks
/// `(&&tag_of::<T>()).terrace_out()`, and the compiler prefers the trait that needs more `&`.
#[derive(Debug)]
pub struct TypeTag<T>(PhantomData<T>);

/// The tag of a type.
pub fn tag_of<T>() -> TypeTag<T> {
    TypeTag(PhantomData)
}

/// Moves a value out where nobody else holds it, else copies it.
#[derive(Debug)]
pub struct CopyOut;
/// Moves a value out where nobody else holds it.
#[derive(Debug)]
pub struct Sole;

#[doc(hidden)]
pub trait CopyOutKind {
    fn terrace_out(&self) -> CopyOut {
        CopyOut
    }
}
impl<T: Clone> CopyOutKind for &TypeTag<T> {}

#[doc(hidden)]
pub trait SoleKind {
    fn terrace_out(&self) -> Sole {
        Sole
    }
}
impl<T> SoleKind for TypeTag<T> {}

impl CopyOut {
    /// Takes the value out.
    ///
    /// # Errors
    /// Never.
    pub fn out<T: Clone>(self, counted: Arc<T>) -> Result<T, PortError> {
        Ok(Arc::try_unwrap(counted).unwrap_or_else(|shared| T::clone(&shared)))
    }
}

impl Sole {
    /// Takes the value out.
    ///
    /// # Errors
    /// When others hold it.
    pub fn out<T: OpaqueType>(self, counted: Arc<T>) -> Result<T, PortError> {
        Arc::try_unwrap(counted).map_err(|_| {
            PortError::msg(format!(
                "this `{}` is needed elsewhere too and cannot be copied: the task should borrow it with `&`",
                T::NAME
            ))
        })
    }
}
