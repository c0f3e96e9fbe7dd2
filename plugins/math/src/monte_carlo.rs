//! The price of a European call by simulation, in chunks that combine.

use terrace_plugin_api::{Record, TaskContext, TaskError, task};

use crate::number::domain;
use crate::option::Terms;
use crate::philox::normal_pair;

/// How many paths are simulated between two looks at whether the task should stop.
const CHECK_EVERY: u64 = 1 << 14;

/// A mean with what it takes to combine it with others.
#[derive(Clone, Copy, Debug, PartialEq, Record)]
pub(crate) struct Estimate {
    /// How many paths.
    paths: u64,
    /// The sum of the discounted payoffs.
    sum: f64,
    /// The sum of their squares.
    sum_sq: f64,
    /// The estimate.
    pub(crate) mean: f64,
    /// Its standard error.
    pub(crate) stderr: f64,
}

impl Estimate {
    pub(crate) fn new(paths: u64, sum: f64, sum_sq: f64) -> Self {
        let n = paths as f64;
        let mean = sum / n;
        // One path says nothing of the spread.
        let variance =
            if paths > 1 { (sum_sq - sum * mean).max(0.0) / (n - 1.0) } else { f64::NAN };
        Self { paths, sum, sum_sq, mean, stderr: (variance / n).sqrt() }
    }
}

/// Prices a European call by simulating the underlying at expiry (Boyle, Options: a Monte Carlo
/// approach, J. Financial Economics 4, 1977):
///
/// S_T = S exp((r − σ²/2) T + σ √T Z), with the payoff e^(−rT) max(S_T − K, 0).
///
/// Path `i` depends only on the seed and `i`, so disjoint ranges of paths, set by `first`, may be
/// simulated anywhere and joined with `math/combine_estimates`.
#[task(pure)]
#[expect(clippy::too_many_arguments, reason = "each is a port")]
pub(crate) fn monte_carlo_call(
    ctx: &TaskContext,
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
    /// How many paths to simulate, at least 1.
    paths: u64,
    /// Which random numbers; the same seed gives the same paths.
    seed: u64,
    /// The number of the first path.
    #[default = 0]
    first: u64,
) -> Result<Estimate, TaskError> {
    let terms = Terms { spot, strike, years, rate, volatility }.check()?;
    let (mut sum, mut sum_sq) = (0.0, 0.0);
    // Summed by block, so that small payoffs are not lost in a large sum.
    let (mut block, mut block_sq) = (0.0, 0.0);
    let mut in_block = 0;
    for_each_payoff(ctx, &terms, first, paths, seed, |payoff| {
        block += payoff;
        block_sq += payoff * payoff;
        in_block += 1;
        if in_block == CHECK_EVERY {
            sum += std::mem::take(&mut block);
            sum_sq += std::mem::take(&mut block_sq);
            in_block = 0;
        }
    })?;
    Ok(Estimate::new(paths, sum + block, sum_sq + block_sq))
}

/// Simulates paths and hands on the discounted payoff of each, in their order. The terms are
/// checked already.
pub(crate) fn for_each_payoff(
    ctx: &TaskContext,
    terms: &Terms,
    first: u64,
    paths: u64,
    seed: u64,
    mut payoff_of: impl FnMut(f64),
) -> Result<(), TaskError> {
    let &Terms { spot, strike, years, rate, volatility } = terms;
    let end = first.checked_add(paths).filter(|_| paths > 0);
    let end =
        end.ok_or_else(|| domain(format_args!("cannot simulate {paths} paths from {first}")))?;
    let discount = terms.discount();
    let drift = (rate - volatility * volatility / 2.0) * years;
    let spread = volatility * years.sqrt();
    let mut path = first;
    while path < end {
        ctx.check_cancelled()?;
        let stop = end.min(path.saturating_add(CHECK_EVERY));
        let mut pair = normal_pair(seed, path / 2);
        while path < stop {
            if path.is_multiple_of(2) {
                pair = normal_pair(seed, path / 2);
            }
            let normal = pair[(path % 2) as usize];
            payoff_of(discount * (spot * (drift + spread * normal).exp() - strike).max(0.0));
            path += 1;
        }
        ctx.progress((path - first) as f64 / paths as f64, "");
    }
    Ok(())
}

/// Joins estimates of disjoint paths into one. An empty list is an error with the code `domain`.
#[task(pure)]
pub(crate) fn combine_estimates(estimates: Vec<Estimate>) -> Result<Estimate, TaskError> {
    let paths = estimates.iter().try_fold(0u64, |sum, part| sum.checked_add(part.paths));
    let paths = paths.filter(|&paths| paths > 0);
    let paths = paths.ok_or_else(|| domain("no paths to combine"))?;
    let sum = estimates.iter().map(|part| part.sum).sum();
    let sum_sq = estimates.iter().map(|part| part.sum_sq).sum();
    Ok(Estimate::new(paths, sum, sum_sq))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulate(paths: u64, seed: u64, first: u64) -> Estimate {
        let ctx = TaskContext::detached();
        monte_carlo_call(&ctx, 100.0, 100.0, 1.0, 0.05, 0.2, paths, seed, first).unwrap()
    }

    /// Within four standard errors of `black_scholes`, with this seed.
    #[test]
    fn the_estimate_is_near_the_closed_form() {
        let estimate = simulate(200_000, 1, 0);
        assert!((estimate.mean - 10.450_583_572_185_565).abs() < 4.0 * estimate.stderr);
        assert!((0.03..0.04).contains(&estimate.stderr), "{estimate:?}");
    }

    #[test]
    fn chunks_combine_to_the_whole() {
        let whole = simulate(50_000, 3, 0);
        // Odd borders: the two paths of a pair may lie in different chunks.
        let parts =
            vec![simulate(16_385, 3, 0), simulate(1, 3, 16_385), simulate(33_614, 3, 16_386)];
        let joined = combine_estimates(parts).unwrap();
        assert_eq!(joined.paths, whole.paths);
        assert!((joined.mean - whole.mean).abs() < 1e-10);
        assert!((joined.stderr - whole.stderr).abs() < 1e-10);
    }

    #[test]
    fn nothing_to_simulate_is_an_error() {
        let ctx = TaskContext::detached();
        let run = |paths, first| {
            monte_carlo_call(&ctx, 100.0, 100.0, 1.0, 0.05, 0.2, paths, 1, first).map(|e| e.paths)
        };
        assert_eq!(run(0, 0).unwrap_err().code(), "domain");
        assert_eq!(run(1, u64::MAX).unwrap_err().code(), "domain");
        assert!(combine_estimates(vec![]).is_err());
    }
}
