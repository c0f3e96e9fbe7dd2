//! [`Window`]: at most so many starts in any stretch of time.

use std::collections::VecDeque;
use std::time::Duration;

use terrace_core::Rate;

use crate::clock::nanos;

/// The starts of one rate, exactly: the n-th start before any other lies a whole `per` before it.
/// Where bursts are smaller than that, starts beyond one follow each other at the rate's interval
/// (the generic cell rate algorithm of ITU-T I.371, in whole nanoseconds, rounded to the slow
/// side).
#[derive(Debug)]
pub(super) struct Window {
    per: u64,
    starts: u64,
    burst: u64,
    interval: u64,
    /// When the last ones were, the oldest first; as many as count.
    recent: VecDeque<u64>,
    /// When the next start would come if all came at the rate's interval.
    expected: u64,
}

impl Window {
    pub(super) fn new(rate: Rate) -> Self {
        let starts = u64::from(rate.starts.max(1));
        let per = nanos(rate.per).max(1);
        Self {
            per,
            starts,
            burst: rate.burst.map_or(starts, |burst| u64::from(burst).clamp(1, starts)),
            interval: per.div_ceil(starts),
            recent: VecDeque::new(),
            expected: 0,
        }
    }

    /// As one that was there when others started: `starts` of them in all, as far as another window
    /// remembers. Those that it does not are taken to have been no earlier than it remembers any.
    pub(super) fn after(mut self, before: &Self, starts: u64) -> Self {
        let count = starts.min(self.starts);
        let unseen = count.saturating_sub(before.recent.len() as u64);
        let first = before.recent.front().copied();
        self.recent.extend(first.into_iter().flat_map(|at| (0..unseen).map(move |_| at)));
        let seen = before.recent.len().min((count - unseen) as usize);
        self.recent.extend(before.recent.range(before.recent.len() - seen..));
        self.use_burst();
        self
    }

    /// As [`Self::after`], where nobody remembers more than when the last one was.
    pub(super) fn after_unseen(mut self, starts: u64, last: Duration) -> Self {
        let count = starts.min(self.starts) as usize;
        self.recent.extend(std::iter::repeat_n(nanos(last), count));
        self.use_burst();
        self
    }

    /// What started before may have been the whole burst.
    fn use_burst(&mut self) {
        let count = (self.recent.len() as u64).min(self.burst);
        let last = self.recent.back().copied().unwrap_or_default();
        self.expected = last.saturating_add(count * self.interval);
    }

    /// When this many may start, not before now. More than may ever start at once may when as many
    /// as may do.
    pub(super) fn when(&self, now: Duration, count: u64) -> Duration {
        let now = nanos(now);
        let count = count.clamp(1, self.burst);
        // With these, the window holds `starts`: the one that falls out must lie `per` back.
        let over = (self.recent.len() as u64 + count).checked_sub(self.starts + 1);
        let by_window = over
            .and_then(|at| self.recent.get(at as usize))
            .map_or(0, |start| start.saturating_add(self.per));
        let by_burst = match self.burst < self.starts {
            true => self.expected.saturating_sub((self.burst - count) * self.interval),
            false => 0,
        };
        Duration::from_nanos(now.max(by_window).max(by_burst))
    }

    /// Takes note of starts that may be.
    pub(super) fn start(&mut self, now: Duration, count: u64) {
        let now = nanos(now);
        let count = count.clamp(1, self.burst);
        self.expected = self.expected.max(now).saturating_add(count * self.interval);
        for _ in 0..count {
            if self.recent.len() as u64 == self.starts {
                self.recent.pop_front();
            }
            self.recent.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(starts: u32, per: Duration, burst: Option<u32>) -> Window {
        Window::new(Rate { starts, per, burst })
    }

    /// Starts as soon as may be, as often as asked.
    fn times(window: &mut Window, count: usize) -> Vec<Duration> {
        let mut now = Duration::ZERO;
        let start = |_| {
            now = window.when(now, 1);
            window.start(now, 1);
            now
        };
        (0..count).map(start).collect()
    }

    #[test]
    fn without_a_burst_all_may_come_at_once_and_then_wait() {
        let at: Vec<u64> =
            times(&mut rate(3, 60 * SECOND, None), 8).iter().map(Duration::as_secs).collect();
        assert_eq!(at, [0, 0, 0, 60, 60, 60, 120, 120]);
    }

    #[test]
    fn beyond_a_burst_they_come_at_intervals() {
        let at: Vec<u64> =
            times(&mut rate(6, 60 * SECOND, Some(2)), 9).iter().map(Duration::as_secs).collect();
        // Two at once, then every ten seconds; the window would let a seventh come only at 60.
        assert_eq!(at, [0, 0, 10, 20, 30, 40, 60, 60, 70]);
    }

    #[test]
    fn what_started_before_a_window_was_there_counts() {
        let minute = 60 * SECOND;
        let mut loose = rate(10, minute, None);
        for at in 0..8 {
            loose.start(at * SECOND, 1);
        }
        let now = 8 * SECOND;
        // Five of the last eight lie in the window; the first of those was at 3.
        let strict = rate(5, minute, None).after(&loose, 8);
        assert_eq!(strict.when(now, 1), 63 * SECOND);
        // One that remembers more than there was.
        let long = rate(9, 10 * minute, None).after(&loose, 8);
        assert_eq!((long.when(now, 1), long.when(now, 2)), (now, 10 * minute));
        // Of twenty starts only ten are remembered: the others were no earlier than those.
        let unknown = rate(15, 10 * minute, None).after(&loose, 20);
        assert_eq!(unknown.when(now, 1), 10 * minute);
        let unseen = rate(3, minute, Some(2)).after_unseen(2, 5 * SECOND);
        assert_eq!(unseen.when(now, 1), 25 * SECOND);
    }

    #[test]
    fn no_stretch_of_time_has_more_and_no_start_waits_longer_than_it_must() {
        let mut seed = 12_345_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..500 {
            let starts = 1 + random(7);
            let per = 1 + random(1_000);
            let mut window = rate(starts as u32, Duration::from_nanos(per), None);
            let (mut now, mut all) = (0, Vec::new());
            for _ in 0..60 {
                now += random(1 + per / starts);
                let count = 1 + random(starts);
                let at = nanos(window.when(Duration::from_nanos(now), count));
                assert!(at >= now);
                let in_window = |end: u64, more: u64| {
                    let open = |start: &&u64| **start + per > end;
                    all.iter().filter(open).count() as u64 + more
                };
                assert!(in_window(at, count) <= starts, "{starts} per {per}");
                assert!(at == now || in_window(at - 1, count) > starts, "it could start before");
                now = at;
                window.start(Duration::from_nanos(at), count);
                all.extend(std::iter::repeat_n(at, count as usize));
            }
        }
    }
}
