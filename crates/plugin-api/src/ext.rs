//! [`Ext`]: a value that only its own library understands, passed on by everyone else.
//!
//! A private type carries as tag the address of a static of the library that made it, and a
//! number for the type, so two versions of one pack loaded side by side never mix theirs.
//! A type shared between libraries (an Arrow array, say) carries a published id instead.

use std::any::{type_name, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::AtomicU8;
use std::sync::Arc;

use abi_stable::{
    std_types::{RStr, RString},
    StableAbi,
};
use serde::Serialize;

use crate::value::Value;

/// Its address tells the libraries apart; an atomic, so that no linker merges it with another.
static LIBRARY: AtomicU8 = AtomicU8::new(0);

/// Says which type an [`Ext`] holds.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtTag {
    /// Address of a static of the library that owns a private type; 0 for a shared one.
    pub library: usize,
    /// The type within the library, or the published id of a shared type.
    pub id: u64,
}

/// How to handle an [`Ext`] without knowing its type. Every function may be called on any thread.
#[repr(C)]
#[derive(StableAbi)]
pub struct ExtVTable {
    /// Bytes of this struct, so that a later one can be told apart.
    pub size: usize,
    /// The name people see.
    pub type_name: extern "C" fn() -> RStr<'static>,
    /// The tag of the type.
    pub tag: extern "C" fn() -> ExtTag,
    /// Gives back one count. Called once for every clone and for the original.
    pub drop: extern "C" fn(*const ()),
    /// Takes one more count.
    pub clone: extern "C" fn(*const ()),
    /// Turns it into plain data, written to the second argument; false where that failed.
    pub to_value: Option<extern "C" fn(*const (), &mut Value) -> bool>,
    /// Text for logs.
    pub debug: extern "C" fn(*const ()) -> RString,
}

/// A counted pointer to something private, with the functions that handle it.
#[repr(C)]
#[derive(StableAbi)]
pub struct Ext {
    data: *const (),
    vtable: &'static ExtVTable,
}

// SAFETY: the constructors take only `Send + Sync` types, and the pointer is an `Arc`'s.
unsafe impl Send for Ext {}
// SAFETY: as above.
unsafe impl Sync for Ext {}

struct VTableOf<T>(T);

impl<T: Send + Sync + 'static> VTableOf<T> {
    const PLAIN: ExtVTable = ExtVTable {
        size: std::mem::size_of::<ExtVTable>(),
        type_name: name_of::<T>,
        tag: tag_of::<T>,
        drop: drop_of::<T>,
        clone: clone_of::<T>,
        to_value: None,
        debug: debug_of::<T>,
    };
}

impl<T: Serialize + Send + Sync + 'static> VTableOf<T> {
    const DATA: ExtVTable = ExtVTable { to_value: Some(to_value_of::<T>), ..Self::PLAIN };
}

extern "C" fn name_of<T>() -> RStr<'static> {
    RStr::from(type_name::<T>())
}

extern "C" fn tag_of<T: 'static>() -> ExtTag {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for &byte in bytes {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    TypeId::of::<T>().hash(&mut hasher);
    ExtTag { library: &LIBRARY as *const AtomicU8 as usize, id: hasher.finish() }
}

extern "C" fn drop_of<T>(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw` of an `Arc<T>`, and this gives back one count.
    let counted = unsafe { Arc::from_raw(data.cast::<T>()) };
    // A panicking destructor must not reach the `extern "C"` frame: that would abort.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(counted))) {
        crate::shield::text_of(payload);
    }
}

extern "C" fn clone_of<T>(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw` of an `Arc<T>` that the caller keeps alive.
    unsafe { Arc::increment_strong_count(data.cast::<T>()) };
}

extern "C" fn to_value_of<T: Serialize>(data: *const (), out: &mut Value) -> bool {
    // SAFETY: `data` came from `Arc::into_raw` of an `Arc<T>` that the caller keeps alive.
    let value = unsafe { &*data.cast::<T>() };
    // A panic in the user's code must not reach the `extern "C"` frame: that would abort.
    match catch_unwind(AssertUnwindSafe(|| crate::value::to_value(value))) {
        Ok(Ok(plain)) => {
            *out = plain;
            true
        }
        Ok(Err(_)) => false,
        Err(payload) => {
            crate::shield::text_of(payload);
            false
        }
    }
}

extern "C" fn debug_of<T>(_data: *const ()) -> RString {
    RString::from(type_name::<T>())
}

impl Ext {
    /// Wraps any value. It can be passed on and read back in this library, and is refused, by
    /// name, where it would have to become data.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self::from_arc(Arc::new(value))
    }

    /// Wraps a value that is counted already.
    pub fn from_arc<T: Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self { data: Arc::into_raw(value).cast::<()>(), vtable: &VTableOf::<T>::PLAIN }
    }

    /// Wraps a value that can also become data, the way serde writes it: in JSON, in the canonical
    /// encoding, on its way to another process. It comes back from there as data.
    pub fn serializable<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        Self { data: Arc::into_raw(Arc::new(value)).cast::<()>(), vtable: &VTableOf::<T>::DATA }
    }

    /// The name of the type inside.
    pub fn type_name(&self) -> &str {
        (self.vtable.type_name)().as_str()
    }

    /// The tag of the type inside.
    pub fn tag(&self) -> ExtTag {
        (self.vtable.tag)()
    }

    /// Whether a `T` of this library is inside.
    pub fn is<T: Send + Sync + 'static>(&self) -> bool {
        self.tag() == tag_of::<T>()
    }

    /// Borrows the value when it is a `T` of this library.
    pub fn downcast_ref<T: Send + Sync + 'static>(&self) -> Option<&T> {
        if !self.is::<T>() {
            return None;
        }
        // SAFETY: the tag says that this library made it from an `Arc<T>`, alive with `self`.
        Some(unsafe { &*self.data.cast::<T>() })
    }

    /// Takes the value out as it was put in, when it is a `T` of this library.
    ///
    /// # Errors
    /// Gives `self` back for any other type.
    pub fn downcast<T: Send + Sync + 'static>(self) -> Result<Arc<T>, Self> {
        if !self.is::<T>() {
            return Err(self);
        }
        let data = std::mem::ManuallyDrop::new(self).data;
        // SAFETY: the tag says that this library made it from an `Arc<T>`; `self` is not dropped,
        // so its count moves to the result.
        Ok(unsafe { Arc::from_raw(data.cast::<T>()) })
    }

    /// Turns it into plain data; `None` where its type does not say how, or fails to.
    pub fn to_value(&self) -> Option<Value> {
        let convert = self.vtable.to_value?;
        let mut value = Value::Null;
        convert(self.data, &mut value).then_some(value)
    }

    /// Whether two point at the very same thing.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.data, other.data) && self.tag() == other.tag()
    }

    pub(crate) fn address(&self) -> usize {
        self.data as usize
    }
}

impl Clone for Ext {
    fn clone(&self) -> Self {
        (self.vtable.clone)(self.data);
        Self { data: self.data, vtable: self.vtable }
    }
}

impl Drop for Ext {
    fn drop(&mut self) {
        (self.vtable.drop)(self.data);
    }
}

impl fmt::Debug for Ext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.vtable.debug)(self.data).as_str())
    }
}
