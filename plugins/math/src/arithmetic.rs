//! Arithmetic.

use terrace_plugin_api::task;

/// Adds.
#[task(pure, associative)]
pub fn add(x: i64, y: i64) -> Result<i64, String> {
    x.checked_add(y).ok_or_else(|| "overflow".to_owned())
}

/// Sums.
#[task(pure)]
pub fn sum(
    /// The "numbers".
    values: &[f64],
    #[default = 0.5] start: f64,
    _label: Option<String>,
) -> f64 {
    start + values.iter().sum::<f64>()
}
