//! Numbers as people read them, and columns under each other.

pub(crate) use terrace_report::show_time as time;

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
