//! Fences of which one side is nearly free: [`Light`] where it runs for every node, [`heavy`] where
//! somebody wants to take over, which is rare.
//!
//! Together they order as two `fence(SeqCst)` do. On Linux the light one only keeps the compiler
//! from reordering, and the heavy one asks the kernel to run a fence on every thread of the process
//! (`membarrier`, 2 µs); elsewhere both are plain fences, 7 ns each. The process has to be
//! registered for that once, which takes some 10 ms: [`prepare`] does it where nobody waits.

#[cfg(not(terrace_loom))]
pub(crate) use kernel::prepare;
#[cfg(not(terrace_loom))]
pub(super) use kernel::{Light, heavy, is_ready};
#[cfg(terrace_loom)]
pub(crate) use plain::prepare;
#[cfg(terrace_loom)]
pub(super) use plain::{Light, heavy, is_ready};

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

    /// Whether that is done: before it nobody may rely on the two.
    pub(in crate::fast) fn is_ready() -> bool {
        ASYMMETRIC.get().is_some()
    }

    /// The light side.
    #[derive(Clone, Copy)]
    pub(in crate::fast) struct Light {
        plain: bool,
    }

    impl Light {
        pub(in crate::fast) fn new() -> Self {
            Self { plain: ASYMMETRIC.get() != Some(&true) }
        }

        #[inline]
        pub(in crate::fast) fn fence(self) {
            if self.plain {
                fence(Ordering::SeqCst);
            } else {
                compiler_fence(Ordering::SeqCst);
            }
        }
    }

    pub(in crate::fast) fn heavy() {
        fence(Ordering::SeqCst);
        if ASYMMETRIC.get() == Some(&true) {
            let done = barrier(libc_command::RUN);
            debug_assert!(done, "it is registered");
        }
        fence(Ordering::SeqCst);
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
mod plain {
    use crate::sync::{Ordering, fence};

    #[derive(Clone, Copy)]
    pub(in crate::fast) struct Light;

    impl Light {
        pub(in crate::fast) fn new() -> Self {
            Self
        }

        pub(in crate::fast) fn fence(self) {
            fence(Ordering::SeqCst);
        }
    }

    pub(in crate::fast) fn heavy() {
        fence(Ordering::SeqCst);
    }

    pub(crate) fn prepare() {}

    pub(in crate::fast) fn is_ready() -> bool {
        true
    }
}
