//! Integers to sort: random, and the same on every machine.

use terrace_plugin_api::{ErrorClass, TaskError, task};

/// The longest list that [`random()`] makes.
const LONGEST: u64 = 10_000_000;

/// Gives `n` random integers, the same for the same seed, from 0 up to, and without, 2^32: the sum
/// of the longest list is an i64.
///
/// By SplitMix64: Steele, Lea, Flood, Fast splittable pseudorandom number generators (OOPSLA
/// 2014). Number `i` depends on the seed and `i` alone.
///
/// # Errors
/// Code `too_long` for more than 10,000,000.
#[task(pure)]
pub fn random(
    /// How many.
    n: u64,
    /// Which.
    seed: u64,
) -> Result<Vec<i64>, TaskError> {
    if n > LONGEST {
        let message = format!("input `n`: {n} integers are more than {LONGEST}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("too_long"));
    }
    Ok((1..=n).map(|at| (mix(seed, at) >> 32) as i64).collect())
}

/// Number `at` of SplitMix64, from 1.
fn mix(seed: u64, at: u64) -> u64 {
    let mut z = seed.wrapping_add(at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Vigna's splitmix64.c, as Rosetta Code lists them for the seed 1234567.
    #[test]
    fn known_answers() {
        let found: Vec<u64> = (1..=5).map(|at| mix(1_234_567, at)).collect();
        assert_eq!(
            found,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn lists_of_one_seed_begin_alike() {
        let (short, long) = (random(3, 5).unwrap(), random(100, 5).unwrap());
        assert_eq!(short, long[..3]);
        assert_ne!(long, random(100, 6).unwrap());
        assert!(long.iter().all(|number| (0..1 << 32).contains(number)));
        assert!(random(0, 0).unwrap().is_empty());
        assert_eq!(random(10_000_001, 0).unwrap_err().code(), "too_long");
    }
}
