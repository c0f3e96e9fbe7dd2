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

// The derive puts both into public bounds, so they must be `pub`; the module is private.
#[allow(unreachable_pub)]
#[doc(hidden)]
#[repr(C)]
#[derive(StableAbi, Clone)]
pub struct Entry {
    key: RString,
    value: Value,
}

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
    /// [`ValueError::DuplicateKey`]; [`ValueError::TooDeep`] beyond [`MAX_DEPTH`];
    /// [`ValueError::TooManyEntries`].
    pub fn new<K: Into<String>>(
        entries: impl IntoIterator<Item = (K, Value)>,
    ) -> Result<Self, ValueError> {
        let entries = entries.into_iter();
        let mut builder = MapBuilder::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            builder.push(key.into(), value);
        }
        builder.finish()
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

    /// Keys and values in order, moved out where nobody else holds the map, else cloned.
    pub fn into_entries(self) -> Vec<(String, Value)> {
        let entries = match RArc::try_unwrap(self.0) {
            Ok(body) => body.entries,
            Err(shared) => shared.entries.clone(),
        };
        entries.into_iter().map(|entry| (entry.key.into_string(), entry.value)).collect()
    }

    pub(crate) fn depth(&self) -> u16 {
        self.0.depth
    }

    /// Keys and values ordered by the bytes of the keys: the same for all equal maps.
    pub(super) fn sorted(&self) -> impl Iterator<Item = (&str, &Value)> {
        let entries = self.0.entries.as_slice();
        let mut few = [0u32; SCAN];
        let positions = if entries.len() <= SCAN {
            for (index, position) in few.iter_mut().enumerate() {
                *position = index as u32;
            }
            few[..entries.len()]
                .sort_unstable_by(|&a, &b| key_at(entries, a).cmp(key_at(entries, b)));
            &[]
        } else {
            self.0.sorted.as_slice()
        };
        (0..entries.len()).map(move |at| {
            let position = positions.get(at).copied().unwrap_or_else(|| few[at]);
            let entry = &entries[position as usize];
            (entry.key.as_str(), &entry.value)
        })
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(&*self.0, &*other.0)
    }
}

fn key_at(entries: &[Entry], position: u32) -> &str {
    entries[position as usize].key.as_str()
}

/// Collects entries and checks them once, at the end.
pub(super) struct MapBuilder {
    entries: Vec<Entry>,
    depth: u16,
}

impl MapBuilder {
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), depth: 0 }
    }

    pub(super) fn push(&mut self, key: String, value: Value) {
        self.depth = self.depth.max(value.depth());
        self.entries.push(Entry { key: RString::from(key), value });
    }

    /// The entry, if there is exactly one.
    pub(super) fn only(&self) -> Option<(&str, &Value)> {
        match self.entries.as_slice() {
            [entry] => Some((entry.key.as_str(), &entry.value)),
            _ => None,
        }
    }

    pub(super) fn finish(self) -> Result<Map, ValueError> {
        let Self { entries, depth } = self;
        if depth >= MAX_DEPTH {
            return Err(ValueError::TooDeep);
        }
        let sorted = positions(&entries)?;
        Ok(Map(RArc::new(MapBody {
            entries: RVec::from(entries),
            sorted: RVec::from(sorted),
            depth: depth + 1,
        })))
    }
}

/// The positions ordered by key, none for a small map, after a check that no key comes twice.
fn positions(entries: &[Entry]) -> Result<Vec<u32>, ValueError> {
    let duplicate = |key: &str| Err(ValueError::DuplicateKey(key.to_owned()));
    if entries.len() <= SCAN {
        for (index, entry) in entries.iter().enumerate() {
            let key = entry.key.as_str();
            if entries[..index].iter().any(|earlier| earlier.key.as_str() == key) {
                return duplicate(key);
            }
        }
        return Ok(Vec::new());
    }
    let len = u32::try_from(entries.len()).map_err(|_| ValueError::TooManyEntries)?;
    let mut sorted: Vec<u32> = (0..len).collect();
    sorted.sort_unstable_by(|&a, &b| key_at(entries, a).cmp(key_at(entries, b)));
    match sorted.windows(2).find(|pair| key_at(entries, pair[0]) == key_at(entries, pair[1])) {
        Some(pair) => duplicate(key_at(entries, pair[0])),
        None => Ok(sorted),
    }
}
