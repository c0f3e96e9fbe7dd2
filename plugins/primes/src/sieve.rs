//! The sieve of Eratosthenes, a segment at a time: Bays and Hudson, The segmented sieve of
//! Eratosthenes and primes in arithmetic progressions to 10¹², BIT 17 (1977).

use terrace_plugin_api::{ErrorClass, Record, TaskContext, TaskError, task};

use crate::segment::{MAX_LIMIT, Segment};

/// Integers that are sieved between two looks at whether the task should stop: one bit for every
/// second of them is 32 KiB, what a core's nearest cache holds.
const BLOCK: u64 = 1 << 19;

/// How many primes there are, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Record)]
pub struct Found {
    /// How many.
    pub count: i64,
    /// Their sum.
    pub sum: i64,
}

/// Counts and sums the primes of a segment. Takes O(n log log n + √to) time for n integers, and
/// 32 KiB beside the primes up to √to.
///
/// # Errors
/// Code `segment` where `from` is above `to`, or `to` above 10¹⁰ + 1; cancelled.
#[task(pure)]
pub fn sieve(
    ctx: &TaskContext,
    /// The integers to look at: from `from` up to, and without, `to`.
    segment: Segment,
) -> Result<Found, TaskError> {
    let Segment { from, to } = segment;
    if from > to || to > MAX_LIMIT + 1 {
        let message = format!("input `segment`: there is no segment from {from} to {to}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("segment"));
    }
    let mut found = Found::default();
    if (from..to).contains(&2) {
        found = Found { count: 1, sum: 2 };
    }
    let divisors = odd_primes(to.isqrt());
    let mut composite = vec![0_u64; (BLOCK / 2 / 64) as usize];
    // Each bit stands for an odd integer; 1 is not looked at.
    let mut start = from.max(3) | 1;
    while start < to {
        ctx.check_cancelled()?;
        let end = to.min(start + BLOCK);
        sieve_block(start, end, &divisors, &mut composite, &mut found);
        start += BLOCK;
    }
    Ok(found)
}

/// Sieves the odd integers from `start`, which is odd, up to and without `end`.
fn sieve_block(start: u64, end: u64, divisors: &[u64], composite: &mut [u64], found: &mut Found) {
    let odds = (end - start).div_ceil(2);
    let words = odds.div_ceil(64) as usize;
    composite[..words].fill(0);
    for &prime in divisors {
        let square = prime * prime;
        if square >= end {
            break;
        }
        // The first odd multiple in the block; smaller ones than the square are done already.
        let multiple = square.max(start.div_ceil(prime) * prime);
        let multiple = if multiple.is_multiple_of(2) { multiple + prime } else { multiple };
        let mut at = (multiple - start) / 2;
        while at < odds {
            composite[(at / 64) as usize] |= 1 << (at % 64);
            at += prime;
        }
    }
    for at in (0..odds).filter(|at| composite[(at / 64) as usize] >> (at % 64) & 1 == 0) {
        found.count += 1;
        found.sum += (start + 2 * at) as i64;
    }
}

/// The odd primes up to a limit, at most 100,000.
fn odd_primes(limit: u64) -> Vec<u64> {
    let mut composite = vec![false; limit as usize + 1];
    let mut primes = Vec::new();
    for n in (3..=limit).step_by(2) {
        if !composite[n as usize] {
            primes.push(n);
            (n * n..=limit).step_by(2 * n as usize).for_each(|n| composite[n as usize] = true);
        }
    }
    primes
}

/// Adds what was found in two segments.
///
/// # Errors
/// Code `overflow` where a sum is no i64, as it can be only where segments are counted twice.
#[task(pure, associative)]
pub fn add(
    /// Found in one.
    a: Found,
    /// Found in the other.
    b: Found,
) -> Result<Found, TaskError> {
    let overflow = || TaskError::msg("a sum of primes is no i64").with_code("overflow");
    Ok(Found {
        count: a.count.checked_add(b.count).ok_or_else(overflow)?,
        sum: a.sum.checked_add(b.sum).ok_or_else(overflow)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::segments;

    fn primes(from: u64, to: u64) -> Found {
        sieve(&TaskContext::detached(), Segment { from, to }).unwrap()
    }

    fn by_segments(limit: u64, size: u64) -> Found {
        let parts = segments(limit, size).unwrap();
        let found = parts.into_iter().map(|part| primes(part.from, part.to));
        found.fold(Found::default(), |a, b| add(a, b).unwrap())
    }

    #[test]
    fn every_small_segment_agrees_with_trial_division() {
        let is_prime = |n: u64| n > 1 && (2..n).all(|d| !n.is_multiple_of(d));
        for from in 0..60 {
            for to in from..130 {
                let expected: Vec<u64> = (from..to).filter(|&n| is_prime(n)).collect();
                let found = primes(from, to);
                assert_eq!(found.count as usize, expected.len(), "{from}..{to}");
                assert_eq!(found.sum as u64, expected.iter().sum::<u64>(), "{from}..{to}");
            }
        }
    }

    /// OEIS A006880 and A046731.
    #[test]
    fn ten_million_have_the_known_primes() {
        let known = Found { count: 664_579, sum: 3_203_324_994_356 };
        assert_eq!(by_segments(10_000_000, 500_000), known);
        assert_eq!(by_segments(10_000_000, 10_000_001), known);
    }

    #[test]
    fn the_size_of_the_segments_does_not_matter() {
        let whole = by_segments(100_003, 1 << 40);
        for size in [1_000, 4_096, 33_333, 99_999] {
            assert_eq!(by_segments(100_003, size), whole, "{size}");
        }
    }

    /// Above 2^32: the 2,000 integers at the top, by trial division.
    #[test]
    fn the_highest_segment_is_right() {
        let (from, to) = (MAX_LIMIT - 1_999, MAX_LIMIT + 1);
        let divisors = odd_primes(100_000);
        let is_prime = |n: &u64| n % 2 == 1 && divisors.iter().all(|d| !n.is_multiple_of(*d));
        let expected: Vec<u64> = (from..to).filter(is_prime).collect();
        let found = primes(from, to);
        assert_eq!(found.count as usize, expected.len());
        assert_eq!(found.sum as u64, expected.iter().sum::<u64>());
    }

    #[test]
    fn what_is_no_segment_is_refused() {
        let ctx = TaskContext::detached();
        for (from, to) in [(2, 1), (0, MAX_LIMIT + 2), (u64::MAX, u64::MAX)] {
            assert_eq!(sieve(&ctx, Segment { from, to }).unwrap_err().code(), "segment");
        }
        let most = Found { count: 1, sum: i64::MAX };
        assert_eq!(add(most, most).unwrap_err().code(), "overflow");
    }
}
