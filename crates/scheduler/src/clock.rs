//! [`Clock`]: where time comes from, so that a test can own it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tells the time since some fixed moment. Never runs backwards.
pub trait Clock: Send + Sync {
    /// Time since the clock's own beginning.
    fn now(&self) -> Duration;

    /// How long a thread that waits for a moment which is `left` away may sleep, in real time,
    /// before it looks at the clock again.
    fn pause(&self, left: Duration) -> Duration {
        left
    }
}

/// The machine's monotonic clock. A reading costs about 20 ns.
#[derive(Clone, Copy, Debug)]
pub struct RealClock(Instant);

impl RealClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        // Only the number itself is shared: nothing else is ordered by it.
        self.0.fetch_add(nanos(by), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Whoever moves the clock wakes nobody.
    fn pause(&self, _left: Duration) -> Duration {
        Duration::from_millis(1)
    }
}

/// A duration as whole nanoseconds: 584 years fit.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
