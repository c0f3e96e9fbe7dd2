//! What else the machine does meanwhile.

use std::fs;

/// How many threads wanted to run, by the kernel's average of the last minute; 0 where it has none.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}
