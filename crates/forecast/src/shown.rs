//! Numbers as people read them, and columns under each other.

use std::time::Duration;

use terrace_core::show_duration;

/// A time with four digits, as in `36.09 s`; of minutes whole seconds, as in `3m 42s`.
pub(crate) fn time(time: Duration) -> String {
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

/// A part of a whole, as in `73.5 %`.
pub(crate) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent >= 99.95 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// How many times as fast.
pub(crate) fn times(factor: f64) -> String {
    format!("{factor:.2}×")
}

/// A count with what is counted: `1 task`, `2 tasks`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Rows of cells under each other, all but the last `left` to the right.
pub(crate) fn columns(rows: &[Vec<String>], left: &[usize]) -> String {
    let wide = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..wide).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
            let between = if at > 0 { "  " } else { "" };
            match left.contains(&at) {
                true => line.push_str(&format!("{between}{cell}{pad}")),
                false => line.push_str(&format!("{between}{pad}{cell}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
