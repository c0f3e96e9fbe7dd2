//! [`Segment`]: a run of integers, and how a limit is cut into such.

use terrace_plugin_api::{ErrorClass, Record, TaskError, task};

/// The highest limit. The sum of the primes below it, about 2.2·10¹⁸, is an i64.
pub const MAX_LIMIT: u64 = 10_000_000_000;
/// The most segments that [`segments`] makes.
const MOST: u64 = 1_000_000;

/// The integers from `from` up to, and without, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Record)]
pub struct Segment {
    /// The first.
    pub from: u64,
    /// One after the last.
    pub to: u64,
}

/// Cuts the integers from 0 to `limit`, that one included, into segments of `size`; the last may
/// be shorter.
///
/// # Errors
/// Code `limit` where the limit is above 10¹⁰, `size` where the size is 0 or so small that there
/// would be more than 1,000,000 segments.
#[task(pure)]
pub fn segments(
    /// The last integer.
    limit: u64,
    /// How many integers each has; what fits into a core's cache as bits is fastest, 500,000.
    #[default = 500_000]
    size: u64,
) -> Result<Vec<Segment>, TaskError> {
    let refused = |code: &str, message: String| {
        Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code(code))
    };
    if limit > MAX_LIMIT {
        return refused("limit", format!("input `limit`: {limit} is above {MAX_LIMIT}"));
    }
    if size == 0 || limit / size >= MOST {
        return refused(
            "size",
            format!("input `size`: segments of {size} are too small for {limit}"),
        );
    }
    let end = limit + 1;
    let starts = (0..end).step_by(usize::try_from(size).unwrap_or(usize::MAX));
    Ok(starts.map(|from| Segment { from, to: end.min(from.saturating_add(size)) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_everything_once() {
        for (limit, size) in [(0, 1), (1, 1), (9, 10), (10, 10), (99, 7), (100, u64::MAX)] {
            let parts = segments(limit, size).unwrap();
            let joined: Vec<u64> = parts.iter().flat_map(|part| part.from..part.to).collect();
            assert_eq!(joined, (0..=limit).collect::<Vec<_>>(), "{limit} {size}");
            assert!(parts.iter().all(|part| part.from < part.to && part.to - part.from <= size));
        }
        assert_eq!(segments(10_000_000, 500_000).unwrap().len(), 21);
    }

    #[test]
    fn limits_and_sizes_out_of_range_are_refused() {
        assert_eq!(segments(MAX_LIMIT + 1, 1 << 30).unwrap_err().code(), "limit");
        assert_eq!(segments(10, 0).unwrap_err().code(), "size");
        assert_eq!(segments(1_000_000, 1).unwrap_err().code(), "size");
        assert_eq!(segments(999_999, 1).unwrap().len(), 1_000_000);
    }
}
