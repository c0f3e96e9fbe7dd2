//! [`prefetch`]: what a loop over things that lie all over memory tells the processor.

/// As [`prefetch`], of the thing at a place among others, of which nobody has to know whether it is there.
#[doc(hidden)]
#[inline(always)]
pub fn prefetch_at<T>(all: &[T], place: usize) {
    fetch(all.as_ptr().wrapping_add(place).cast());
}

/// Asks the processor to fetch where a thing begins: worth it some steps before it is read, in a loop
/// whose steps are over sooner than memory answers. Reads nothing, and does nothing where there is no
/// such instruction. For hosts.
#[doc(hidden)]
#[inline(always)]
pub fn prefetch<T: ?Sized>(thing: &T) {
    fetch((thing as *const T).cast());
}

#[inline(always)]
fn fetch(place: *const i8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        // SAFETY: a hint: whatever lies there, if anything, is not read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
