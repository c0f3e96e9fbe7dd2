//! [`Map`]: values by name, in order, no key twice, the depth of the deepest kept beside them.
//!
//! Look-up scans up to [`SCAN`] entries and from there on uses positions sorted by key,
//! made when the map is built: no hasher crosses the boundary.

use abi_stable::{
    std_types::{RArc, RString, RVec},
    StableAbi,
};

use super::{Value, ValueError, MAX_DEPTH};

/// Maps up to this size are searched from the front.
const SCAN: usize = 12;

#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi, Clone)]
pub struct Entry {
    key: RString,
    value: Value,
}

// Public only because the derive puts it into a public bound; the module is private.
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi)]
pub struct MapBody {
    entries: RVec<Entry>,
    /// Positions in `entries` ordered by key; empty up to `SCAN` entries.
    sorted: RVec<u32>,
    depth: u16,
}

/// A counted, immutable map from text to values.
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct Map(RArc<MapBody>);

impl Map {
    /// Builds a map in the order given, in O(n log n).
    ///
    /// # Errors
    /// [`ValueError::DuplicateKey`]; [`ValueError::TooDeep`] beyond [`MAX_DEPTH`].
    pub fn new<K: Into<String>>(
        entries: impl IntoIterator<Item = (K, Value)>,
    ) -> Result<Self, ValueError> {
        let mut body = RVec::new();
        let mut depth = 0;
        for (key, value) in entries {
            depth = depth.max(value.depth());
            body.push(Entry { key: RString::from(key.into()), value });
        }
        if depth + 1 > MAX_DEPTH {
            return Err(ValueError::TooDeep);
        }
        let mut sorted: Vec<u32> = (0..body.len() as u32).collect();
        sorted.sort_by(|&a, &b| body[a as usize].key.as_str().cmp(body[b as usize].key.as_str()));
        for pair in sorted.windows(2) {
            let key = &body[pair[1] as usize].key;
            if body[pair[0] as usize].key == *key {
                return Err(ValueError::DuplicateKey(key.to_string()));
            }
        }
        if body.len() <= SCAN {
            sorted = Vec::new();
        }
        Ok(Self(RArc::new(MapBody { entries: body, sorted: RVec::from(sorted), depth: depth + 1 })))
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let entries = self.0.entries.as_slice();
        if entries.len() <= SCAN {
            return entries
                .iter()
                .find(|entry| entry.key.as_str() == key)
                .map(|entry| &entry.value);
        }
        let sorted = self.0.sorted.as_slice();
        let at =
            sorted.binary_search_by(|&index| entries[index as usize].key.as_str().cmp(key)).ok()?;
        Some(&entries[sorted[at] as usize].value)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.entries.iter().map(|entry| (entry.key.as_str(), &entry.value))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn depth(&self) -> u16 {
        self.0.depth
    }
}
