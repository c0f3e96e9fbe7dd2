//! Fences of which one side is nearly free: [`Light`] where it runs for every node, [`heavy`] where
//! somebody wants to take over, which is rare.
//!
//! Together they order as two `fence(SeqCst)` do. On Linux the light one only keeps the compiler
//! from reordering, and the heavy one asks the kernel to run a fence on every thread of the process
//! (`membarrier`, 2 µs); elsewhere both are plain fences, 7 ns each. The process has to be
//! registered for that once. While it has one thread, that takes a microsecond, and [`prepare_alone`]
//! does it; later it takes some 10 ms, for which the end of the process waits too, and [`prepare`]
//! does it where nobody else waits.

pub(super) use kernel::{Asymmetric, heavy, is_plain, is_ready};
pub(crate) use kernel::{prepare, prepare_alone};

use crate::sync::{Ordering, fence};

/// The side that is nearly free.
pub(super) trait Light: Copy {
    fn fence(self);

    /// Whether it is one that the processor sees.
    #[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
    fn is_real(self) -> bool;
}

/// The light side where both are plain fences.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Light for Plain {
    #[inline]
    fn fence(self) {
        fence(Ordering::SeqCst);
    }

    fn is_real(self) -> bool {
        true
    }
}

#[cfg(not(terrace_loom))]
mod kernel {
    use std::sync::OnceLock;
    use std::sync::atomic::{Ordering, compiler_fence, fence};

    /// Whether the kernel runs fences for us.
    static ASYMMETRIC: OnceLock<bool> = OnceLock::new();

    /// Makes the fences ready. Takes some milliseconds, once per process.
    pub(crate) fn prepare() {
        ASYMMETRIC.get_or_init(register);
    }

    /// As [`prepare`], where that takes no time: the kernel waits for what runs elsewhere only if
    /// there may be another thread.
    pub(crate) fn prepare_alone() {
        if !is_ready() && is_alone() {
            prepare();
        }
    }

    /// Whether the process has one thread. An entry of `/proc/self/task` is a link to it.
    #[cfg(target_os = "linux")]
    fn is_alone() -> bool {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self/task").is_ok_and(|tasks| tasks.nlink() == 3)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_alone() -> bool {
        false
    }

    /// Whether that is done: before it nobody may rely on the two.
    pub(in crate::fast) fn is_ready() -> bool {
        ASYMMETRIC.get().is_some()
    }

    /// Whether both sides are plain fences.
    pub(in crate::fast) fn is_plain() -> bool {
        ASYMMETRIC.get() != Some(&true)
    }

    /// The light side where the heavy one runs on every thread.
    #[derive(Clone, Copy)]
    pub(in crate::fast) struct Asymmetric;

    impl super::Light for Asymmetric {
        #[inline]
        fn fence(self) {
            compiler_fence(Ordering::SeqCst);
        }

        fn is_real(self) -> bool {
            false
        }
    }

    /// False: the kernel has refused since, as a filter of system calls may make it, and nothing
    /// is ordered.
    pub(in crate::fast) fn heavy() -> bool {
        fence(Ordering::SeqCst);
        let done = ASYMMETRIC.get() != Some(&true) || barrier(libc_command::RUN);
        fence(Ordering::SeqCst);
        done
    }

    #[cfg(target_os = "linux")]
    fn register() -> bool {
        barrier(libc_command::REGISTER) && barrier(libc_command::RUN)
    }

    #[cfg(not(target_os = "linux"))]
    fn register() -> bool {
        false
    }

    #[cfg(target_os = "linux")]
    mod libc_command {
        pub(super) const RUN: libc::c_int = libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED;
        pub(super) const REGISTER: libc::c_int = libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    }

    #[cfg(not(target_os = "linux"))]
    mod libc_command {
        pub(super) const RUN: i32 = 0;
    }

    #[cfg(target_os = "linux")]
    fn barrier(command: libc::c_int) -> bool {
        // SAFETY: takes two numbers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0) == 0 }
    }

    #[cfg(not(target_os = "linux"))]
    fn barrier(_command: i32) -> bool {
        false
    }
}

/// For loom, which knows no other threads' fences.
#[cfg(terrace_loom)]
mod kernel {
    pub(in crate::fast) use super::Plain as Asymmetric;
    use crate::sync::{Ordering, fence};

    pub(in crate::fast) fn heavy() -> bool {
        fence(Ordering::SeqCst);
        true
    }

    pub(crate) fn prepare() {}

    pub(crate) fn prepare_alone() {}

    pub(in crate::fast) fn is_plain() -> bool {
        true
    }

    pub(in crate::fast) fn is_ready() -> bool {
        true
    }
}
