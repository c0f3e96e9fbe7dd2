//! The atomics and locks of the protocols between threads, so that loom can stand in for them.

#[cfg(terrace_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering, fence},
};
#[cfg(not(terrace_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering, fence},
};
