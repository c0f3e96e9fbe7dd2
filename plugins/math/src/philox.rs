//! Philox 4x32-10: random numbers by counting, so that any of them can be had without those
//! before. Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011).

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// The block of 128 random bits at a counter, under a key.
pub(crate) fn block(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut a, mut b, mut c, mut d], [mut k0, mut k1]) = (counter, key);
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(a);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(c);
        [a, b, c, d] = [
            (second >> 32) as u32 ^ b ^ k0,
            second as u32,
            (first >> 32) as u32 ^ d ^ k1,
            first as u32,
        ];
        k0 = k0.wrapping_add(KEY_STEPS[0]);
        k1 = k1.wrapping_add(KEY_STEPS[1]);
    }
    [a, b, c, d]
}

/// Two random numbers in (0, 1), each with 53 bits, at a position under a seed.
pub(crate) fn uniform_pair(seed: u64, at: u64) -> [f64; 2] {
    let [a, b, c, d] =
        block([at as u32, (at >> 32) as u32, 0, 0], [seed as u32, (seed >> 32) as u32]);
    let unit = |low: u32, high: u32| {
        let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
        // In the middle of its 2^-53: neither 0, whose logarithm is infinite, nor 1.
        (bits as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    };
    [unit(a, b), unit(c, d)]
}

/// Two independent standard normal numbers at a position under a seed: Box and Muller, A note on
/// the generation of random normal deviates (1958).
pub(crate) fn normal_pair(seed: u64, at: u64) -> [f64; 2] {
    let [u, v] = uniform_pair(seed, at);
    let radius = (-2.0 * u.ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
    [radius * cos, radius * sin]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `kat_vectors` of the authors' Random123.
    #[test]
    fn known_answers() {
        assert_eq!(block([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            block([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            block([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// The first four moments of 200,000 numbers, within six of their standard errors.
    #[test]
    fn normal_numbers_are_normal() {
        let n = 100_000u64;
        let numbers: Vec<f64> = (0..n).flat_map(|at| normal_pair(7, at)).collect();
        let moment = |k: i32| numbers.iter().map(|x| x.powi(k)).sum::<f64>() / (2 * n) as f64;
        let within = |found: f64, expected: f64, variance: f64| {
            (found - expected).abs() < 6.0 * (variance / (2 * n) as f64).sqrt()
        };
        assert!(within(moment(1), 0.0, 1.0), "{}", moment(1));
        assert!(within(moment(2), 1.0, 2.0), "{}", moment(2));
        assert!(within(moment(3), 0.0, 15.0), "{}", moment(3));
        assert!(within(moment(4), 3.0, 96.0), "{}", moment(4));
    }
}
