//! [`Limit`]: how much of something there is for all nodes of a run together.

use std::sync::Arc;
use std::time::Duration;

/// How much of something there is for all nodes of a run together: places at a service, memory,
/// starts per minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What nodes call it.
    pub name: Arc<str>,
    /// What is counted while a node runs, and given back when it ends.
    pub kind: LimitKind,
    /// How many may be used at once, in the kind's unit.
    pub most: Option<u64>,
    /// How many may be started in a time.
    pub rate: Option<Rate>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Places.
    #[default]
    Concurrency,
    /// Bytes.
    Memory,
}

/// At most `starts` in any stretch of time as long as `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many starts, at least 1.
    pub starts: u32,
    /// In which time, more than nothing.
    pub per: Duration,
    /// How many of them may come at once, at least 1; the others follow `per / starts` apart. All
    /// of them where nothing is said.
    pub burst: Option<u32>,
}

/// What a node takes of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Of which.
    pub limit: Arc<str>,
    /// How many, in the limit's unit, at least 1. Of a rate it takes as many starts, or one where
    /// the limit counts bytes.
    pub amount: u64,
}

impl Limit {
    /// One with room for `most` at once.
    pub fn concurrency(name: impl Into<Arc<str>>, most: u64) -> Self {
        Self { name: name.into(), kind: LimitKind::Concurrency, most: Some(most), rate: None }
    }

    /// One of this many bytes.
    pub fn memory(name: impl Into<Arc<str>>, bytes: u64) -> Self {
        Self { name: name.into(), kind: LimitKind::Memory, most: Some(bytes), rate: None }
    }

    /// One of `starts` in any stretch of time as long as `per`.
    pub fn rate(name: impl Into<Arc<str>>, starts: u32, per: Duration) -> Self {
        let rate = Rate { starts, per, burst: None };
        Self { name: name.into(), kind: LimitKind::Concurrency, most: None, rate: Some(rate) }
    }

    /// Adds a rate.
    #[must_use]
    pub fn with_rate(mut self, starts: u32, per: Duration) -> Self {
        self.rate = Some(Rate { starts, per, burst: self.rate.and_then(|rate| rate.burst) });
        self
    }

    /// Says how many starts of its rate may come at once. Means nothing without a rate.
    #[must_use]
    pub fn with_burst(mut self, burst: u32) -> Self {
        if let Some(rate) = &mut self.rate {
            rate.burst = Some(burst);
        }
        self
    }

    /// How many starts a need of this amount is.
    pub fn starts(&self, amount: u64) -> u64 {
        match self.kind {
            LimitKind::Concurrency => amount,
            LimitKind::Memory => 1,
        }
    }

    /// The largest amount that can ever be had at once.
    pub fn largest(&self) -> u64 {
        let starts = match (self.kind, self.rate) {
            (LimitKind::Concurrency, Some(rate)) => {
                u64::from(rate.burst.unwrap_or(rate.starts).min(rate.starts))
            }
            _ => u64::MAX,
        };
        self.most.unwrap_or(u64::MAX).min(starts)
    }
}

impl Rate {
    /// The time between two starts that come one after the other, beyond a burst.
    pub fn interval(&self) -> Duration {
        self.per / self.starts.max(1)
    }

    /// Whether one is at least as strict as the other in everything.
    fn is_within(&self, other: &Self) -> bool {
        let burst = |rate: &Self| rate.burst.unwrap_or(rate.starts);
        self.starts <= other.starts && self.per >= other.per && burst(self) <= burst(other)
    }
}

/// What holds where two workflows of a run say something about one limit: the smaller number of
/// places, and the stricter rate. Of two rates neither of which is the stricter, that with fewer
/// starts per second.
pub fn strictest(a: &Limit, b: &Limit) -> Limit {
    let most = match (a.most, b.most) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let rate = match (a.rate, b.rate) {
        (Some(a), Some(b)) if a.is_within(&b) => Some(a),
        (Some(a), Some(b)) if b.is_within(&a) => Some(b),
        (Some(a), Some(b)) => Some(if a.interval() >= b.interval() { a } else { b }),
        (a, b) => a.or(b),
    };
    Limit { name: a.name.clone(), kind: a.kind, most, rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_strictest_of_two_is_strict_in_everything() {
        let a = Limit::concurrency("x", 5).with_rate(80, MINUTE);
        let b = Limit::concurrency("x", 9).with_rate(10, MINUTE).with_burst(2);
        let both = strictest(&a, &b);
        assert_eq!((both.most, both.rate), (Some(5), b.rate));
        assert_eq!(strictest(&b, &a), both);
    }

    #[test]
    fn no_need_can_be_larger_than_what_may_start_at_once() {
        assert_eq!(Limit::rate("x", 80, MINUTE).largest(), 80);
        assert_eq!(Limit::rate("x", 80, MINUTE).with_burst(5).largest(), 5);
        assert_eq!(Limit::memory("x", 1 << 30).with_rate(3, MINUTE).largest(), 1 << 30);
    }
}
