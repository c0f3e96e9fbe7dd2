//! What memory the process has, by the kernel's own account.

use std::fs;

/// Resident now, in KiB.
pub(crate) fn resident() -> u64 {
    status("VmRSS:")
}

/// The most that was resident since [`forget_peak`], in KiB.
pub(crate) fn peak() -> u64 {
    status("VmHWM:")
}

/// Lets the peak begin anew. Where the kernel does not let us, it includes the graph's loading.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// 0 where there is no such line, as on other systems.
fn status(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
