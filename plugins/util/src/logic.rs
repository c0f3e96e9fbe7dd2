//! Conditions made of conditions.

use terrace_plugin_api::task;

/// Tells whether all of the values are true; so it is for none.
#[task(pure)]
pub fn and(
    /// The conditions.
    values: &[bool],
) -> bool {
    values.iter().all(|&value| value)
}

/// Tells whether any of the values is true; for none it is not.
#[task(pure)]
pub fn or(
    /// The conditions.
    values: &[bool],
) -> bool {
    values.contains(&true)
}

/// Turns a condition round.
#[task(pure)]
pub fn not(
    /// The condition.
    value: bool,
) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_tables() {
        for (values, all, any) in [
            (&[][..], true, false),
            (&[true], true, true),
            (&[false], false, false),
            (&[true, false], false, true),
            (&[false, false], false, false),
        ] {
            assert_eq!((and(values), or(values)), (all, any), "{values:?}");
        }
        assert!(not(false) && !not(true));
    }
}
