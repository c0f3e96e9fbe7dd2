//! What an interface is made of, as each side declares it, and where two declarations differ.
//!
//! The table itself is described field by field, the types in it by abi_stable: a table needs
//! neither a crate that both sides share nor abi_stable's derive, and every type that is named in
//! it is checked to its last field.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::std_types::{RSlice, RStr};
use abi_stable::type_layout::TypeLayout;
use abi_stable::StableAbi;

use super::Interface;

/// A type that may stand in an interface: its layout is the same for every compiler.
///
/// # Safety
/// `LAYOUT` is of this type.
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "`{Self}` cannot stand in an interface",
        label = "its layout may differ between compilers",
        note = "an interface takes numbers, bools, `()`, pointers and references, `Value` and its payloads (`Str`, `Bytes`, `List`, `Map`, `Array`), `TaskError`, `TaskResult` and `TaskContext`, and functions of them written out as `extern \"C\" fn(…) -> …`"
    )
)]
pub unsafe trait Crosses {
    /// The layout.
    const LAYOUT: &'static TypeLayout;
}

// SAFETY: abi_stable's, which it uses for the same.
unsafe impl<T: StableAbi> Crosses for T {
    const LAYOUT: &'static TypeLayout = <T as StableAbi>::LAYOUT;
}

/// An interface as one side declares it. Frozen with the ABI.
#[repr(C)]
#[derive(Debug)]
pub struct InterfaceLayout {
    name: RStr<'static>,
    size: usize,
    align: usize,
    fields: RSlice<'static, InterfaceField>,
}

/// A field of an interface. Frozen with the ABI.
#[repr(C)]
#[derive(Debug)]
pub struct InterfaceField {
    name: RStr<'static>,
    /// `data`, or how its function is declared.
    kind: RStr<'static>,
    /// Of data its type; of a function those of its parameters, then what it returns. None where
    /// it is a reference to the table itself.
    types: RSlice<'static, Option<&'static TypeLayout>>,
}

impl InterfaceField {
    /// A field, as the derive reads it.
    pub const fn of(
        name: &'static str,
        kind: &'static str,
        types: &'static [Option<&'static TypeLayout>],
    ) -> Self {
        Self {
            name: RStr::from_str(name),
            kind: RStr::from_str(kind),
            types: RSlice::from_slice(types),
        }
    }

    fn is_data(&self) -> bool {
        self.kind.as_str() == "data"
    }

    /// How `theirs`, the field at the same place, differs.
    fn difference(&'static self, theirs: &'static Self) -> Option<String> {
        let name = self.name;
        if name != theirs.name {
            return Some(format!("`{}` stands here where `{}` stands there", name, theirs.name));
        }
        if self.kind != theirs.kind {
            return Some(format!("`{}` is {} here and {} there", name, self.kind, theirs.kind));
        }
        let (ours, theirs) = (self.types.as_slice(), theirs.types.as_slice());
        if ours.len() != theirs.len() {
            let count = |types: &[_]| types.len().saturating_sub(1);
            return Some(format!(
                "`{}` has {} parameters here and {} there",
                name,
                count(ours),
                count(theirs)
            ));
        }
        ours.iter().zip(theirs).enumerate().find_map(|(at, (ours, theirs))| {
            let what = match at {
                _ if self.is_data() => format!("`{}`", name),
                at if at + 1 == self.types.len() => format!("what `{}` returns", name),
                at => format!("parameter {} of `{}`", at + 1, name),
            };
            type_difference(*ours, *theirs).map(|difference| format!("{} {}", what, difference))
        })
    }
}

fn type_difference(
    ours: Option<&'static TypeLayout>,
    theirs: Option<&'static TypeLayout>,
) -> Option<String> {
    match (ours, theirs) {
        (None, None) => return None,
        (Some(ours), Some(theirs)) if check_layout_compatibility(ours, theirs).is_ok() => {
            return None;
        }
        _ => {}
    }
    let show = |layout: Option<&'static TypeLayout>| match layout {
        Some(layout) => {
            // abi_stable puts blanks around the types in a type.
            let text = layout.full_type().to_string();
            format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        None => String::from("the interface itself"),
    };
    let (ours, theirs) = (show(ours), show(theirs));
    Some(if ours == theirs {
        format!("is {} on both sides, but laid out differently", ours)
    } else {
        format!("is {} here and {} there", ours, theirs)
    })
}

/// Pairs of declarations that were found to agree. Neither side is ever unloaded, so an address
/// stands for one declaration for ever.
static AGREED: Mutex<BTreeSet<(usize, usize)>> = Mutex::new(BTreeSet::new());

impl InterfaceLayout {
    /// The declaration of `T`, as the derive reads it.
    pub const fn of<T: Interface>(fields: &'static [InterfaceField]) -> Self {
        Self {
            name: RStr::from_str(T::NAME),
            size: std::mem::size_of::<T>(),
            align: std::mem::align_of::<T>(),
            fields: RSlice::from_slice(fields),
        }
    }

    /// Checks that the other side declares the interface as this one does. The first time it
    /// walks through every type in it, later it remembers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn check(&'static self, theirs: &'static Self) -> Result<(), InterfaceError> {
        let pair = (self as *const Self as usize, theirs as *const Self as usize);
        if pair.0 == pair.1 {
            return Ok(());
        }
        let mut agreed = AGREED.lock().unwrap_or_else(PoisonError::into_inner);
        if agreed.contains(&pair) {
            return Ok(());
        }
        if let Some(difference) = self.difference(theirs) {
            return Err(InterfaceError { name: self.name.as_str(), difference });
        }
        agreed.insert(pair);
        Ok(())
    }

    fn difference(&'static self, theirs: &'static Self) -> Option<String> {
        if self.name != theirs.name {
            return Some(format!("it is called `{}` there", theirs.name));
        }
        let (ours, others) = (self.fields.as_slice(), theirs.fields.as_slice());
        if let Some(found) =
            ours.iter().zip(others).find_map(|(ours, theirs)| ours.difference(theirs))
        {
            return Some(found);
        }
        if ours.len() != others.len() {
            return Some(format!("it has {} fields here and {} there", ours.len(), others.len()));
        }
        if (self.size, self.align) != (theirs.size, theirs.align) {
            return Some(format!("it has {} bytes here and {} there", self.size, theirs.size));
        }
        None
    }
}

/// The two sides declare an interface differently under one name. Nothing of it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceError {
    name: &'static str,
    difference: String,
}

impl InterfaceError {
    /// The name of the interface.
    pub fn interface(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for InterfaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the two sides declare the interface `{}` differently: {}; make them the same, or give the one that changed the next version in its name",
            self.name, self.difference
        )
    }
}

impl std::error::Error for InterfaceError {}
