//! The atomics of the wake-up protocol, so that loom can stand in for them.

#[cfg(terrace_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, Ordering, fence};
#[cfg(not(terrace_loom))]
pub(crate) use std::sync::atomic::{AtomicU32, Ordering, fence};
