//! [`Interface`]: a table of functions that one side of the boundary offers to the other by name,
//! so that packs and hosts grow without a new ABI.
//!
//! What crosses is the name, and the address of an [`Offer`], which begins with the description
//! of its table. Whoever asks compares that with its own declaration before it looks at the
//! table: [`mod@layout`]. Both slots are in the ABI from its first version:
//! [`PackModule::get_interface`](crate::PackModule) and `ContextVTable::interface`.

mod layout;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

pub use layout::{Crosses, InterfaceError, InterfaceField, InterfaceLayout};

/// A table of functions and data that a pack offers its host, or a host its packs. Comes from
/// `#[derive(Interface)]`, never by hand.
///
/// Both sides declare it, in a crate that they share or each for itself: what counts is the name
/// and that the fields are the same. The name ends in a version; whoever changes a field raises
/// it, and offers the old interface beside the new one for as long as somebody may ask for it.
///
/// A pack offers one in [`export_pack!`](macro@crate::export_pack); its host asks with
/// `Pack::interface` of terrace-plugin-host. A host offers one in
/// [`Host::interface`](crate::Host::interface); a task asks with
/// [`TaskContext::interface`](crate::TaskContext::interface).
///
/// # Examples
///
/// ```
/// use terrace_plugin_api::{catch_panic, export_pack, task, Interface, Offer, Value};
///
/// #[repr(C)]
/// #[derive(Interface)]
/// #[interface(name = "circuit.gates/1")]
/// pub struct Gates {
///     /// Gates in a circuit; 0 where it is none.
///     pub count: extern "C" fn(circuit: &Value) -> u64,
///     pub most: u64,
/// }
///
/// extern "C" fn count(circuit: &Value) -> u64 {
///     // A panic that left this function would end the process.
///     catch_panic(|| Ok(circuit.as_list().map_or(0, |gates| gates.len() as u64))).unwrap_or(0)
/// }
/// static GATES: Offer<Gates> = Offer::new(Gates { count, most: 1 << 20 });
/// # #[task] fn nothing() {}
///
/// export_pack! { name: circuit, tasks: [nothing], interfaces: [GATES] }
///
/// // What the host then does, here with the pack linked in:
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gates: Option<&'static Gates> = pack().module.interface()?;
/// let gates = gates.ok_or("an older pack")?;
/// assert_eq!((gates.count)(&Value::list(vec![Value::Null])?), 1);
/// # Ok(()) }
/// ```
///
/// Fields and parameters may be numbers, bools, `()`, pointers and references, [`Value`] and its
/// payloads, [`TaskError`], [`TaskResult`], [`TaskContext`], and `&Self`, for tables with state.
/// Their types are compared to the last field before a table is handed out; lifetimes and what the
/// functions mean are not, so both sides follow one text.
///
/// # Safety
/// The type is `repr(C)` and `LAYOUT` describes it: the derive sees to both.
///
/// [`Value`]: crate::Value
/// [`TaskError`]: crate::TaskError
/// [`TaskResult`]: crate::TaskResult
/// [`TaskContext`]: crate::TaskContext
#[cfg_attr(
    terrace_on_unimplemented,
    diagnostic::on_unimplemented(
        message = "`{Self}` is not an interface",
        label = "not an interface",
        note = "put `#[repr(C)]`, `#[derive(Interface)]` and `#[interface(name = \"…/1\")]` on it"
    )
)]
pub unsafe trait Interface: Sync + Sized + 'static {
    /// Its name with its version: `circuit.gates/1`.
    const NAME: &'static str;
    /// Its fields.
    #[doc(hidden)]
    const LAYOUT: &'static InterfaceLayout;
}

/// An interface that is offered to the other side: the table, behind what it is checked by.
///
/// A pack has it in a `static`, a host where it lives as long as the runs.
// The first field is what a reader reads before it knows `T`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Offer<T> {
    layout: &'static InterfaceLayout,
    table: T,
}

impl<T: Interface> Offer<T> {
    /// Offers a table.
    pub const fn new(table: T) -> Self {
        Self { layout: T::LAYOUT, table }
    }

    /// The offer without its type, for lists of several.
    pub const fn any(&self) -> AnyOffer<'_> {
        let head = self as *const Self as *const ();
        AnyOffer { name: T::NAME, head, offer: PhantomData }
    }
}

impl<T> Deref for Offer<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.table
    }
}

impl<T: Interface> fmt::Debug for Offer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Offer").field(&T::NAME).finish()
    }
}

/// An [`Offer`] whose type is not known here. Comes from [`Offer::any`].
#[derive(Clone, Copy)]
pub struct AnyOffer<'a> {
    name: &'static str,
    /// To an `Offer` of some type.
    head: *const (),
    offer: PhantomData<&'a ()>,
}

// SAFETY: it stands for a `&Offer<T>`, and an interface is `Sync`.
unsafe impl Send for AnyOffer<'_> {}
// SAFETY: as above.
unsafe impl Sync for AnyOffer<'_> {}

impl<'a> AnyOffer<'a> {
    /// The name of its interface.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The one of this name.
    pub fn find(offers: &[Self], name: &str) -> Option<Self> {
        offers.iter().find(|offer| offer.name == name).copied()
    }

    /// What crosses.
    pub(crate) fn into_head(offer: Option<Self>) -> *const () {
        offer.map_or(std::ptr::null(), |offer| offer.head)
    }
}

impl<'a, T: Interface> From<&'a Offer<T>> for AnyOffer<'a> {
    fn from(offer: &'a Offer<T>) -> Self {
        offer.any()
    }
}

impl fmt::Debug for AnyOffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyOffer").field(&self.name).finish()
    }
}

/// Reads what crossed.
///
/// # Errors
/// When the other side declares the interface differently.
///
/// # Safety
/// `head` is null, or the address of an [`Offer`] of any type that is alive for `'a`.
pub(crate) unsafe fn read<'a, T: Interface>(
    head: *const (),
) -> Result<Option<&'a T>, InterfaceError> {
    if head.is_null() {
        return Ok(None);
    }
    // SAFETY: an `Offer` of any type starts with its layout.
    let theirs = unsafe { *head.cast::<&'static InterfaceLayout>() };
    T::LAYOUT.check(theirs)?;
    // SAFETY: the layouts agree, so it is an `Offer<T>`, alive for `'a`.
    let offer = unsafe { &*head.cast::<Offer<T>>() };
    Ok(Some(&offer.table))
}

/// An offer of a pack.
pub const fn offer<T: Interface>(offer: &'static Offer<T>) -> AnyOffer<'static> {
    offer.any()
}

/// Fails the build where two interfaces of a pack share a name.
///
/// # Panics
/// Where it is so.
pub const fn check_offers<const N: usize>(
    offers: [AnyOffer<'static>; N],
) -> [AnyOffer<'static>; N] {
    let mut at = 0;
    while at < N {
        let mut earlier = 0;
        while earlier < at {
            crate::manifest::check_interfaces(offers[earlier].name, offers[at].name);
            earlier += 1;
        }
        at += 1;
    }
    offers
}
