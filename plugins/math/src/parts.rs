//! The price of a European call by simulation, in parts whose sums are exact, so that any way of
//! cutting and joining them gives the same bits.
//!
//! Each payoff is rounded once, to a multiple of the spot price times 2^-40, which moves the mean
//! by less than 10⁻¹² of that price; the multiples are integers, and adding integers is
//! associative where adding floats is not.

use terrace_plugin_api::{
    PortError, PortType, Record, Schema, TaskContext, TaskError, Value, task,
};

use crate::monte_carlo::{Estimate, for_each_payoff};
use crate::number::domain;
use crate::option::Terms;

/// Multiples in one spot price.
const SCALE: f64 = (1_u64 << 40) as f64;

/// An exact sum: as data the text of its decimal digits, since no number of a value is as wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wide(u128);

impl PortType for Wide {
    const SCHEMA: Schema = Schema::Str;
    fn from_value(value: Value) -> Result<Self, PortError> {
        let digits = value.as_str().and_then(|digits| digits.parse().ok());
        digits.map(Self).ok_or_else(|| PortError::expected("the digits of a whole number", &value))
    }
    fn into_value(self) -> Result<Value, PortError> {
        Ok(Value::from(self.0.to_string()))
    }
}

/// Sums over the paths of a part.
#[derive(Clone, Copy, Debug, PartialEq, Record)]
pub(crate) struct Part {
    /// How many paths.
    paths: u64,
    /// What the sums are multiples of.
    unit: f64,
    /// The sum of the discounted payoffs, in units.
    sum: Wide,
    /// The sum of their squares, in units squared.
    sum_sq: Wide,
}

/// Simulates some of the paths of a European call, as `monte_carlo_call` does, and gives exact
/// sums of what they pay. Path `i` depends on the seed and `i` alone, so parts of different paths
/// may be simulated anywhere, joined in any order with `add_parts`, and give the same bits.
///
/// # Errors
/// Code `domain` where there are no paths or the terms mean nothing, `overflow` where a payoff is
/// 2²² times the spot price or more; cancelled.
#[task(pure)]
#[expect(clippy::too_many_arguments, reason = "each is a port")]
pub(crate) fn monte_carlo_part(
    ctx: &TaskContext,
    /// The number of the first path.
    first: u64,
    /// How many paths to simulate, at least 1.
    count: u64,
    /// Price of the underlying today, S.
    spot: f64,
    /// Price at which it may be bought, K.
    strike: f64,
    /// Years to expiry, T.
    years: f64,
    /// Interest per year, continuously compounded, r: 0.05 for 5 %.
    rate: f64,
    /// Volatility per year, σ: 0.2 for 20 %.
    volatility: f64,
    /// Which random numbers; the same seed gives the same paths.
    seed: u64,
) -> Result<Part, TaskError> {
    let terms = Terms { spot, strike, years, rate, volatility }.check()?;
    let (mut sum, mut sum_sq) = (0_u128, 0_u128);
    let mut fits = true;
    for_each_payoff(ctx, &terms, first, count, seed, |payoff| {
        let multiple = (payoff / spot * SCALE).round();
        // Below it the square, and the sum of a few of them, is a u128.
        fits &= multiple < (1_u64 << 62) as f64;
        let multiple = multiple as u64 as u128;
        sum += multiple;
        match sum_sq.checked_add(multiple * multiple) {
            Some(more) => sum_sq = more,
            None => fits = false,
        }
    })?;
    if !fits {
        return Err(too_large());
    }
    Ok(Part { paths: count, unit: spot / SCALE, sum: Wide(sum), sum_sq: Wide(sum_sq) })
}

/// Joins two parts of different paths into one. Exact, so the order of many does not matter.
///
/// # Errors
/// Code `domain` where the parts are of different spot prices, `overflow` where a sum has more
/// than 128 bits.
#[task(pure, associative)]
pub(crate) fn add_parts(
    /// One part.
    a: Part,
    /// The other.
    b: Part,
) -> Result<Part, TaskError> {
    if a.unit.to_bits() != b.unit.to_bits() {
        return Err(domain(format_args!("sums of {} and of {} cannot be added", a.unit, b.unit)));
    }
    let wide = |a: Wide, b: Wide| a.0.checked_add(b.0).map(Wide).ok_or_else(too_large);
    Ok(Part {
        paths: a.paths.checked_add(b.paths).ok_or_else(too_large)?,
        unit: a.unit,
        sum: wide(a.sum, b.sum)?,
        sum_sq: wide(a.sum_sq, b.sum_sq)?,
    })
}

/// Prices the call from all the parts joined.
///
/// # Errors
/// Code `domain` where there are no paths.
#[task(pure)]
pub(crate) fn price(
    /// What `add_parts` gave, or one part.
    part: Part,
) -> Result<Estimate, TaskError> {
    if part.paths == 0 {
        return Err(domain("no paths give no price"));
    }
    let sum_sq = part.sum_sq.0 as f64 * part.unit * part.unit;
    Ok(Estimate::new(part.paths, part.sum.0 as f64 * part.unit, sum_sq))
}

fn too_large() -> TaskError {
    TaskError::msg("a sum of payoffs is too large to be exact").with_code("overflow")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(first: u64, count: u64) -> Part {
        let ctx = TaskContext::detached();
        monte_carlo_part(&ctx, first, count, 100.0, 100.0, 1.0, 0.05, 0.2, 7).unwrap()
    }

    #[test]
    fn any_cut_gives_the_same_bits() {
        let whole = part(0, 50_000);
        for size in [1_000, 1_001, 16_384, 16_385, 49_999] {
            let parts: Vec<Part> = (0..50_000)
                .step_by(size)
                .map(|first| part(first, (size as u64).min(50_000 - first)))
                .collect();
            let forward = parts.iter().copied().reduce(|a, b| add_parts(a, b).unwrap()).unwrap();
            let backward =
                parts.iter().rev().copied().reduce(|a, b| add_parts(a, b).unwrap()).unwrap();
            assert_eq!((forward, backward), (whole, whole), "{size}");
        }
    }

    #[test]
    fn the_price_is_that_of_the_estimate_with_floats() {
        let exact = price(part(0, 200_000)).unwrap();
        let ctx = TaskContext::detached();
        let floats =
            crate::monte_carlo::monte_carlo_call(&ctx, 100.0, 100.0, 1.0, 0.05, 0.2, 200_000, 7, 0)
                .unwrap();
        assert!((exact.mean - floats.mean).abs() < 1e-10, "{exact:?} {floats:?}");
        assert!((exact.stderr - floats.stderr).abs() < 1e-10);
        assert!((exact.mean - 10.450_583_572_185_565).abs() < 4.0 * exact.stderr);
    }

    #[test]
    fn a_part_crosses_without_losing_a_bit() {
        let large = Part { sum_sq: Wide(u128::MAX), ..part(0, 10) };
        let value = large.into_value().unwrap();
        assert_eq!(value.get("sum_sq").and_then(Value::as_str), Some(&*u128::MAX.to_string()));
        assert_eq!(Part::from_value(value).unwrap(), large);
        for wrong in ["", "-1", "1.5", "340282366920938463463374607431768211456"] {
            assert!(Wide::from_value(Value::from(wrong)).is_err(), "{wrong}");
        }
        assert!(Wide::from_value(Value::from(1_i64)).is_err());
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        let ctx = TaskContext::detached();
        let run = |spot, rate, count| {
            monte_carlo_part(&ctx, 0, count, spot, 1e-3, 1.0, rate, 0.2, 1).map(|part| part.paths)
        };
        assert_eq!(run(1.0, 0.0, 0).unwrap_err().code(), "domain");
        assert_eq!(run(-1.0, 0.0, 1).unwrap_err().code(), "domain");
        let other = Part { unit: 1.0, ..part(0, 10) };
        assert_eq!(add_parts(other, part(0, 10)).unwrap_err().code(), "domain");
        let full = Part { sum_sq: Wide(u128::MAX), ..part(0, 10) };
        assert_eq!(add_parts(full, part(10, 10)).unwrap_err().code(), "overflow");
        assert_eq!(price(Part { paths: 0, ..full }).unwrap_err().code(), "domain");
    }
}
