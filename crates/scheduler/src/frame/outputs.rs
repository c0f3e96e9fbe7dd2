//! [`Outputs`]: where the outputs of a frame lie, for a loop over its nodes.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use terrace_core::Value;
use terrace_plugin_api::Slots;

use super::Store;

/// Where the outputs of a frame lie. Who may look at which one is what [`super`] says.
#[derive(Clone, Copy)]
pub(crate) struct Outputs<'a>(&'a [UnsafeCell<Value>]);

impl<'a> Outputs<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        Self(&store.outputs)
    }

    /// Where the holder of a node leaves its output.
    ///
    /// # Safety
    /// The caller holds `at`, and nobody else looks there while the reference lives.
    #[inline(always)]
    pub(crate) unsafe fn own(self, at: u32) -> &'a mut Value {
        // SAFETY: passed on.
        unsafe { &mut *self.0[at as usize].get() }
    }

    /// Outputs that lie side by side, whose last reader the caller is.
    ///
    /// # Safety
    /// As for [`super::Frame::take`] of each, and nobody else looks there while the reference lives.
    #[inline(always)]
    pub(crate) unsafe fn lend(self, first: u32, count: usize) -> &'a mut [Value] {
        let slots = &self.0[first as usize..][..count];
        let first = UnsafeCell::raw_get(slots.as_ptr());
        // SAFETY: a cell lies as what is in it, and so do `count` of them; for the rest, passed on.
        unsafe { std::slice::from_raw_parts_mut(first, count) }
    }

    /// Outputs for nodes from `first` on that each read `each` of them: those at `reads`, in order.
    ///
    /// # Safety
    /// The caller holds these nodes; what they read is published to it, or theirs.
    #[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
    pub(crate) unsafe fn slots(self, first: u32, reads: &'a [u32], each: usize) -> Slots<'a> {
        let all = UnsafeCell::raw_get(self.0.as_ptr());
        // SAFETY: a cell lies as what is in it; for the rest, passed on.
        unsafe { Slots::new(all, first, reads, each) }
    }

    /// Copies an output without heap over a value without heap. False: it has some, and nothing was
    /// done.
    ///
    /// # Safety
    /// The output is published to the caller, who has not counted itself off.
    #[inline(always)]
    pub(crate) unsafe fn copy(self, at: u32, to: &mut Value) -> bool {
        // SAFETY: passed on.
        let output = unsafe { &*self.0[at as usize].get() };
        // SAFETY: a value is there before and, as nothing else is written, after.
        let to = unsafe { &mut *std::ptr::from_mut(to).cast::<MaybeUninit<Value>>() };
        output.copy_plain(to)
    }
}
