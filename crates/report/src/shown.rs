//! Times as people read them.

use std::time::Duration;

use terrace_core::show_duration;

/// A time with four digits, as in `36.09 s`; of minutes whole seconds, as in `3m 42s`.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(terrace_report::show_time(Duration::from_micros(536_500)), "536.5 ms");
/// assert_eq!(terrace_report::show_time(Duration::from_secs(222)), "3m 42s");
/// ```
pub fn show_time(time: Duration) -> String {
    let nanos = time.as_nanos();
    if nanos >= 60_000_000_000 {
        let seconds = u64::try_from((nanos + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX);
        return show_duration(Duration::from_secs(seconds));
    }
    let (unit, name) = match nanos {
        1_000_000_000.. => (1e9, "s"),
        1_000_000.. => (1e6, "ms"),
        1_000.. => (1e3, "µs"),
        0 => return "0 s".to_owned(),
        _ => (1.0, "ns"),
    };
    let value = nanos as f64 / unit;
    let digits = if value < 10.0 {
        3
    } else if value < 100.0 {
        2
    } else {
        1
    };
    let text = format!("{value:.digits$}");
    format!("{} {name}", text.trim_end_matches('0').trim_end_matches('.'))
}
