//! [`Sample`]: how much ran at once, seen by looking now and then.
//!
//! What maps and workflows inside nodes do side by side is known from their items alone, of which there may
//! be a million. A look costs nothing, and ten a second of a run that somebody waits for say it well enough.

use std::time::Duration;

use terrace::scheduler::Look;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// When somebody looked last.
    at: Duration,
    /// Attempts that ran, times seconds.
    work: f64,
    /// How much of the run was seen.
    seen: Duration,
}

/// Fewer looks tell nothing.
const LEAST: Duration = Duration::from_millis(500);

impl Sample {
    /// Takes note of how the run stands.
    pub(super) fn take(&mut self, look: &Look) {
        let since = look.at.saturating_sub(self.at);
        self.at = look.at;
        let (running, waiting) = match (&look.standing, look.computing) {
            (Some(standing), _) => {
                (standing.running.compute + standing.running.blocking, standing.waiting)
            }
            // A thread that computes nothing for longer than a look takes gives up its place.
            (None, Some(threads)) => (threads, 0),
            (None, None) => return,
        };
        // Nothing ran and nothing waits: it has not begun, or has ended.
        if running + waiting == 0 {
            return;
        }
        self.work += running as f64 * since.as_secs_f64();
        self.seen += since;
    }

    /// How many attempts ran at once on average.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.seen >= LEAST).then(|| self.work / self.seen.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use terrace::scheduler::dispatch::{Capacities, Standing};

    use super::*;

    #[test]
    fn what_ran_longer_counts_more() {
        let mut sample = Sample::default();
        let mut look = |ms, compute, blocking| {
            let running = Capacities { compute, blocking };
            let standing = Some(Standing { running, ..Standing::default() });
            sample.take(&Look { at: Duration::from_millis(ms), standing, ..Look::default() });
            sample.mean()
        };
        assert_eq!(look(100, 2, 0), None, "too early to say");
        assert_eq!(look(500, 1, 1), Some(2.0));
        assert_eq!(look(1_000, 0, 8), Some(5.0));
        assert_eq!(look(3_000, 0, 0), Some(5.0), "nothing was to be done");
    }

    #[test]
    fn without_the_dispatcher_threads_tell() {
        let mut sample = Sample::default();
        for (ms, computing) in [(500, Some(2)), (1_000, Some(1)), (1_500, None), (2_000, Some(0))] {
            sample.take(&Look { at: Duration::from_millis(ms), computing, ..Look::default() });
        }
        assert_eq!(sample.mean(), Some(1.5));
    }
}
