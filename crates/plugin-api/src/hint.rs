//! [`prefetch`]: what a loop over things that lie all over memory tells the processor.

/// Asks the processor to fetch where a thing begins: worth it some steps before it is read, in a loop
/// whose steps are over sooner than memory answers. Reads nothing, and does nothing where there is no
/// such instruction. For hosts.
#[doc(hidden)]
#[inline(always)]
pub fn prefetch<T: ?Sized>(thing: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        let place: *const T = thing;
        // SAFETY: a hint: whatever lies there is not read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = thing;
}
