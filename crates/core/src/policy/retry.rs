//! [`Retry`]: whether and when a failed attempt is followed by another.

use std::time::Duration;

use terrace_plugin_api::{ErrorClass, TaskError};

/// Whether and when a failed attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// How many attempts there may be, the first included; at least 1.
    pub attempts: u32,
    /// How the pauses grow.
    pub backoff: Backoff,
    /// The pause after the first attempt.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
    /// Which part of a pause is left to chance, from 0 to 1: a pause of 10 s with 0.2 takes 8 to
    /// 10 s. So that many that failed together do not come back together.
    pub jitter: f64,
    /// After which errors.
    pub on: RetryOn,
}

/// After which errors a node is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RetryOn {
    /// Those that say that trying again may help ([`TaskError::retryable`]): a service that does
    /// not answer, an attempt that took too long.
    #[default]
    Retryable,
    /// Any but invalid inputs: for tasks that do not tell.
    Any,
}

/// How the pauses between attempts grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backoff {
    /// They do not.
    Constant,
    /// Each is twice as long as the one before.
    #[default]
    Exponential,
}

impl Default for Retry {
    /// 3 attempts; pauses from 1 s, doubling, to at most a minute; nothing left to chance.
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Backoff::Exponential,
            initial: Duration::from_secs(1),
            max: Duration::from_secs(60),
            jitter: 0.0,
            on: RetryOn::Retryable,
        }
    }
}

impl Retry {
    /// This many attempts in all, with the pauses of the default.
    pub fn attempts(attempts: u32) -> Self {
        Self { attempts, ..Self::default() }
    }

    /// Pauses that are all as long.
    #[must_use]
    pub fn constant(mut self, pause: Duration) -> Self {
        (self.backoff, self.initial, self.max) = (Backoff::Constant, pause, pause);
        self
    }

    /// Pauses that double, from the first to the longest.
    #[must_use]
    pub fn exponential(mut self, initial: Duration, max: Duration) -> Self {
        (self.backoff, self.initial, self.max) = (Backoff::Exponential, initial, max);
        self
    }

    /// Leaves a part of each pause to chance.
    #[must_use]
    pub fn with_jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// How long to wait after attempt number `attempt`, from 1, has failed with `error`; `None`:
    /// that was the last.
    ///
    /// `initial · 2^(attempt − 1)`, at most `max`, less the part that `seed` draws; or as long as
    /// the error asks for ([`TaskError::retry_after`]), where that is longer.
    pub fn pause(&self, attempt: u32, error: &TaskError, seed: u64) -> Option<Duration> {
        let may_help = match self.on {
            RetryOn::Retryable => error.retryable(),
            RetryOn::Any => error.class() != ErrorClass::INVALID_INPUT,
        };
        if attempt >= self.attempts || !may_help {
            return None;
        }
        let own = match self.backoff {
            Backoff::Constant => self.initial,
            Backoff::Exponential => {
                let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
                self.initial.saturating_mul(factor)
            }
        };
        let own = own.min(self.max);
        let jitter = if self.jitter.is_finite() { self.jitter.clamp(0.0, 1.0) } else { 0.0 };
        let own = own.mul_f64(1.0 - jitter * unit(seed, attempt));
        Some(own.max(error.retry_after().unwrap_or_default()))
    }
}

/// A number from 0 up to 1, from SplitMix64. Written down here for ever: what a seed gives must
/// not change.
fn unit(seed: u64, attempt: u32) -> f64 {
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrace_plugin_api::Retryable;

    fn retryable() -> TaskError {
        TaskError::msg("busy").with_retryable(Retryable::Yes)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = Retry::attempts(6).exponential(SECOND, 10 * SECOND);
        let pauses: Vec<_> =
            (1..=6).map(|at| retry.pause(at, &retryable(), 0).map(|p| p.as_secs())).collect();
        assert_eq!(pauses, [Some(1), Some(2), Some(4), Some(8), Some(10), None]);
        assert_eq!(Retry::attempts(u32::MAX).pause(4_000, &retryable(), 0), Some(60 * SECOND));
    }

    #[test]
    fn what_is_not_retryable_is_not_tried_again() {
        let wrong = TaskError::msg("wrong");
        assert_eq!(Retry::default().pause(1, &wrong, 0), None);
        let any = Retry { on: RetryOn::Any, ..Retry::default() };
        assert_eq!(any.pause(1, &wrong, 0), Some(SECOND));
    }

    #[test]
    fn a_server_that_says_when_to_come_back_is_believed() {
        let error = retryable().with_retry_after(90 * SECOND);
        assert_eq!(Retry::default().pause(1, &error, 0), Some(90 * SECOND));
        let error = retryable().with_retry_after(SECOND / 2);
        assert_eq!(Retry::default().pause(1, &error, 0), Some(SECOND));
    }

    #[test]
    fn chance_makes_pauses_shorter_and_is_the_same_each_time() {
        let retry = Retry::attempts(1_000).constant(SECOND).with_jitter(0.5);
        let pauses: Vec<_> = (1..1_000).filter_map(|at| retry.pause(at, &retryable(), 7)).collect();
        assert!(pauses.iter().all(|&pause| pause > SECOND / 2 && pause <= SECOND));
        let mean = pauses.iter().sum::<Duration>() / 999;
        assert!((740..760).contains(&mean.as_millis()), "{mean:?}");
        assert_eq!(retry.pause(5, &retryable(), 7), Some(pauses[4]));
        assert_ne!(retry.pause(5, &retryable(), 8), Some(pauses[4]));
    }
}
