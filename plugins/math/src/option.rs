//! A European option and its market: what both ways of pricing it need.

use terrace_plugin_api::TaskError;

use crate::number::domain;

/// The inputs of both models, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Price of the underlying today.
    pub(crate) spot: f64,
    /// Price at which it may be bought or sold at the end.
    pub(crate) strike: f64,
    /// Time to that end.
    pub(crate) years: f64,
    /// Interest without risk per year, continuously compounded: 0.05 for 5 %.
    pub(crate) rate: f64,
    /// Standard deviation of the logarithmic return per year: 0.2 for 20 %.
    pub(crate) volatility: f64,
}

impl Terms {
    /// Checks what the formulas take for granted.
    pub(crate) fn check(self) -> Result<Self, TaskError> {
        let Self { spot, strike, years, rate, volatility } = self;
        for (name, value, least) in [
            ("spot", spot, "above 0"),
            ("strike", strike, "above 0"),
            ("years", years, "0 or above"),
            ("volatility", volatility, "0 or above"),
            ("rate", rate, "finite"),
        ] {
            let fits = match least {
                "above 0" => value > 0.0,
                "0 or above" => value >= 0.0,
                _ => true,
            };
            if !fits || !value.is_finite() {
                return Err(domain(format_args!("`{name}` is {value}, it must be {least}")));
            }
        }
        Ok(self)
    }

    /// What one unit at the end is worth today: e^(−rT).
    pub(crate) fn discount(&self) -> f64 {
        (-self.rate * self.years).exp()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One year, 5 %, 20 %, at the money.
    pub(crate) const AT_THE_MONEY: Terms =
        Terms { spot: 100.0, strike: 100.0, years: 1.0, rate: 0.05, volatility: 0.2 };

    #[test]
    fn terms_without_meaning_are_refused_by_name() {
        let error = Terms { spot: 0.0, ..AT_THE_MONEY }.check().unwrap_err();
        assert_eq!(error.message(), "`spot` is 0, it must be above 0");
        assert!(Terms { years: -1.0, ..AT_THE_MONEY }.check().is_err());
        assert!(Terms { rate: f64::NAN, ..AT_THE_MONEY }.check().is_err());
        assert!(Terms { volatility: f64::INFINITY, ..AT_THE_MONEY }.check().is_err());
    }
}
