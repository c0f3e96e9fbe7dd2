//! The payloads without structure: text, bytes and the integers that `i64` cannot hold.

use std::fmt;

use abi_stable::{
    std_types::{RArc, RString, RVec},
    StableAbi,
};

/// An integer above `i64::MAX`; smaller ones are [`super::Value::I64`].
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BigU64(u64);

impl BigU64 {
    /// Wraps an integer, or gives `None` where `i64` can hold it.
    pub fn new(value: u64) -> Option<Self> {
        (value > i64::MAX as u64).then_some(Self(value))
    }

    /// The integer.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// Counted, immutable text.
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct Str(RArc<RString>);

impl Str {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text as a `String` of this library; copies only what others still hold or made.
    pub fn into_string(self) -> String {
        match RArc::try_unwrap(self.0) {
            Ok(text) => text.into_string(),
            Err(shared) => shared.as_str().to_owned(),
        }
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(RArc::new(RString::from(text)))
    }
}
impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(RArc::new(RString::from(text)))
    }
}
impl std::ops::Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Counted, immutable bytes.
#[repr(transparent)]
#[derive(StableAbi, Clone)]
pub struct Bytes(RArc<RVec<u8>>);

impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The bytes as a `Vec` of this library; copies only what others still hold or made.
    pub fn into_vec(self) -> Vec<u8> {
        match RArc::try_unwrap(self.0) {
            Ok(bytes) => bytes.into_vec(),
            Err(shared) => shared.to_vec(),
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(RArc::new(RVec::from(bytes)))
    }
}
impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}
impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}
