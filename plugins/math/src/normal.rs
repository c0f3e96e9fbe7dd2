//! The normal distribution: Φ by the complementary error function.
//!
//! Rational approximations of W. J. Cody, Rational Chebyshev approximations for the error
//! function, Math. Comp. 23 (1969), with the coefficients of his CALERF (Netlib, specfun/erf).

// Cody's digits, also where a double holds fewer.
#![expect(clippy::excessive_precision, reason = "coefficients as published")]

/// erf(x) = x P(x²)/Q(x²) for |x| ≤ 0.46875.
const A: [f64; 5] = [
    1.857_777_061_846_031_53e-1,
    3.161_123_743_870_565_60e0,
    1.138_641_541_510_501_56e2,
    3.774_852_376_853_020_21e2,
    3.209_377_589_138_469_47e3,
];
const B: [f64; 5] = [
    1.0,
    2.360_129_095_234_412_09e1,
    2.440_246_379_344_441_73e2,
    1.282_616_526_077_372_28e3,
    2.844_236_833_439_170_62e3,
];
/// erfc(x) = exp(−x²) P(x)/Q(x) for 0.46875 ≤ x ≤ 4.
const C: [f64; 9] = [
    2.153_115_354_744_038_46e-8,
    5.641_884_969_886_700_89e-1,
    8.883_149_794_388_375_94e0,
    6.611_919_063_714_162_95e1,
    2.986_351_381_974_001_31e2,
    8.819_522_212_417_690_90e2,
    1.712_047_612_634_070_58e3,
    2.051_078_377_826_071_47e3,
    1.230_339_354_797_997_25e3,
];
const D: [f64; 9] = [
    1.0,
    1.574_492_611_070_983_47e1,
    1.176_939_508_913_124_99e2,
    5.371_811_018_620_098_58e2,
    1.621_389_574_566_690_19e3,
    3.290_799_235_733_459_63e3,
    4.362_619_090_143_247_16e3,
    3.439_367_674_143_721_64e3,
    1.230_339_354_803_749_42e3,
];
/// erfc(x) = exp(−x²)/x (1/√π − P(1/x²)/(x² Q(1/x²))) for x ≥ 4.
const P: [f64; 6] = [
    1.631_538_713_730_209_78e-2,
    3.053_266_349_612_323_44e-1,
    3.603_448_999_498_044_39e-1,
    1.257_817_261_112_292_46e-1,
    1.608_378_514_874_227_66e-2,
    6.587_491_615_298_378_03e-4,
];
const Q: [f64; 6] = [
    1.0,
    2.568_520_192_289_822_42e0,
    1.872_952_849_923_467_25e0,
    5.279_051_029_514_284_12e-1,
    6.051_834_131_244_131_91e-2,
    2.335_204_976_268_691_85e-3,
];

/// Highest power first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

fn ratio(above: &[f64], below: &[f64], x: f64) -> f64 {
    polynomial(above, x) / polynomial(below, x)
}

/// exp(−x²), with x split so that the rounding of x² does not matter.
fn exp_minus_square(x: f64) -> f64 {
    let head = (x * 16.0).trunc() / 16.0;
    (-head * head).exp() * (-(x - head) * (x + head)).exp()
}

/// The complementary error function, 1 − erf(x), to about 1e-15 of its value.
pub(crate) fn erfc(x: f64) -> f64 {
    let size = x.abs();
    if size <= 0.468_75 {
        return 1.0 - x * ratio(&A, &B, x * x);
    }
    let tail = if size <= 4.0 {
        exp_minus_square(size) * ratio(&C, &D, size)
    } else {
        let inverse = 1.0 / (size * size);
        let root = std::f64::consts::FRAC_2_SQRT_PI / 2.0;
        exp_minus_square(size) / size * (root - inverse * ratio(&P, &Q, inverse))
    };
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// The probability that a standard normal variable is at most `x`.
pub(crate) fn cumulative(x: f64) -> f64 {
    erfc(-x * std::f64::consts::FRAC_1_SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Python's `math.erfc` (the C library's, correct to an ulp).
    #[test]
    fn erfc_is_right_on_every_branch() {
        for (x, expected) in ERFC {
            let found = erfc(x);
            let error = (found - expected).abs() / expected;
            assert!(error < 1e-15, "erfc({x}) = {found}, not {expected}: {error:e}");
        }
    }

    const ERFC: [(f64, f64); 19] = [
        (-6.0, 2.0),
        (-3.0, 1.9999779095030015),
        (-0.7, 1.6778011938374184),
        (-0.2, 1.2227025892104786),
        (0.0, 1.0),
        (0.1, 0.8875370839817152),
        (0.46875, 0.507386526782062),
        (0.5, 0.4795001221869535),
        (1.0, 0.15729920705028513),
        (1.7, 0.016209541409225436),
        (2.5, 0.0004069520174449589),
        (3.9, 3.479224859723177e-08),
        (4.0, 1.541725790028002e-08),
        (4.1, 6.700027654084918e-09),
        (5.5, 7.357847917974398e-15),
        (8.0, 1.1224297172982928e-29),
        (12.0, 1.3562611692059042e-64),
        (20.0, 5.3958656116079005e-176),
        (26.0, 5.663192408856143e-296),
    ];

    #[test]
    fn the_distribution_is_symmetric() {
        assert_eq!(cumulative(0.0), 0.5);
        for x in [0.1, 1.0, 3.0, 8.0] {
            assert!((cumulative(x) + cumulative(-x) - 1.0).abs() < 1e-15);
        }
        assert_eq!(cumulative(-40.0), 0.0);
        assert_eq!(cumulative(40.0), 1.0);
    }
}
