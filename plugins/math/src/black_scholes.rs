//! The price of a European option in closed form.

use terrace_plugin_api::{Record, TaskError, task};

use crate::normal::cumulative;
use crate::option::Terms;

/// The prices of the option to buy and of the one to sell.
#[derive(Clone, Copy, Debug, Record)]
pub(crate) struct Prices {
    call: f64,
    put: f64,
}

/// Prices a European call and put without dividends, by the formula of Black and Scholes (The
/// Pricing of Options and Corporate Liabilities, J. Political Economy 81, 1973):
///
/// C = S Φ(d₁) − K e^(−rT) Φ(d₂), P = K e^(−rT) Φ(−d₂) − S Φ(−d₁),
/// d₁ = (ln(S/K) + (r + σ²/2) T) / (σ √T), d₂ = d₁ − σ √T.
///
/// Without time or volatility it is what the option yields for certain.
#[task(pure)]
pub(crate) fn black_scholes(
    /// Price of the underlying today, S.
    spot: f64,
    /// Price at which it may be bought or sold, K.
    strike: f64,
    /// Years to expiry, T.
    years: f64,
    /// Interest per year, continuously compounded, r: 0.05 for 5 %.
    rate: f64,
    /// Volatility per year, σ: 0.2 for 20 %.
    volatility: f64,
) -> Result<Prices, TaskError> {
    let terms = Terms { spot, strike, years, rate, volatility }.check()?;
    let owed = strike * terms.discount();
    let spread = volatility * years.sqrt();
    if spread == 0.0 {
        return Ok(Prices { call: (spot - owed).max(0.0), put: (owed - spot).max(0.0) });
    }
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility / 2.0) * years) / spread;
    let d2 = d1 - spread;
    Ok(Prices {
        call: spot * cumulative(d1) - owed * cumulative(d2),
        put: owed * cumulative(-d2) - spot * cumulative(-d1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-10
    }

    #[test]
    fn the_textbook_option_has_its_price() {
        let prices = black_scholes(100.0, 100.0, 1.0, 0.05, 0.2).unwrap();
        assert!(close(prices.call, 10.450_583_572_185_565), "{prices:?}");
        assert!(close(prices.put, 5.573_526_022_256_971), "{prices:?}");
    }

    /// C − P = S − K e^(−rT).
    #[test]
    fn call_and_put_keep_their_parity() {
        for (spot, strike, years, rate, volatility) in [
            (100.0, 120.0, 0.5, 0.01, 0.4),
            (3.0, 1.0, 10.0, -0.02, 0.05),
            (1.0, 5.0, 0.1, 0.0, 1.5),
        ] {
            let prices = black_scholes(spot, strike, years, rate, volatility).unwrap();
            let parity = spot - strike * f64::exp(-rate * years);
            assert!(close(prices.call - prices.put, parity), "{prices:?}");
            assert!(prices.call >= 0.0 && prices.put >= 0.0, "{prices:?}");
        }
    }

    #[test]
    fn without_time_or_volatility_nothing_is_uncertain() {
        let now = black_scholes(110.0, 100.0, 0.0, 0.05, 0.2).unwrap();
        assert_eq!((now.call, now.put), (10.0, 0.0));
        let sure = black_scholes(100.0, 100.0, 1.0, 0.0, 0.0).unwrap();
        assert_eq!((sure.call, sure.put), (0.0, 0.0));
    }
}
