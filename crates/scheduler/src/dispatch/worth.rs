//! [`Worth`]: whether one thread alone is sooner done than several that share, by what nodes took
//! either way.
//!
//! What it costs to share differs by a factor of three between processors, so it is measured and not
//! assumed. A node takes as long *among threads* as passes between two starts of any of them.

use std::time::Duration;

/// Before it was seen what nodes take among threads, one thread is enough below this.
const QUICK: Duration = Duration::from_nanos(700);

/// From this on among threads, no processor is sooner done with one: it is not tried.
const LONG: Duration = Duration::from_nanos(1_500);

/// From this on one alone is too slow, whatever it may have been kept from meanwhile.
const SURELY: Duration = Duration::from_micros(5);

/// Starts over which it is measured what nodes take among threads.
const WINDOW: u64 = 128;

/// So many starts are shared before it is tried whether one thread is enough.
const TRUST: u64 = 512;

/// Each try that soon fails makes them twice as many, so many times.
const DOUBLINGS: u32 = 5;

/// What is known. `count` is always how many have started by now.
#[derive(Debug, Default)]
pub(super) struct Worth {
    /// What a node took among threads when that was measured last.
    shared: Option<Duration>,
    /// How many had started, and when it was, where it began to be measured.
    window: Option<(u64, Duration)>,
    /// From how many starts on it may be tried whether one is enough.
    trust: u64,
    /// How often that failed soon, and from how many starts on it was tried last.
    tries: u32,
    tried: u64,
    /// Whether the last stretch of one alone was slow: a single one may be a chance.
    slow: bool,
}

impl Worth {
    /// One of several threads took so long for each of its last nodes. True: it goes on alone.
    pub(super) fn try_alone(&mut self, count: u64, now: Duration, each: Duration) -> bool {
        let (first, since) = *self.window.get_or_insert((count, now));
        if count - first >= WINDOW {
            let many = u32::try_from(count - first).unwrap_or(u32::MAX);
            self.shared = Some(now.saturating_sub(since) / many);
            self.window = Some((count, now));
        }
        let may_be = self.shared.map_or(each < QUICK, |shared| shared < LONG);
        if !may_be || count < self.trust {
            return false;
        }
        (self.tried, self.slow) = (count, false);
        true
    }

    /// The thread that goes on alone took so long for each of its last nodes. True: they are shared.
    pub(super) fn is_too_slow(&mut self, count: u64, each: Duration) -> bool {
        let most = self.shared.map_or(QUICK, |shared| shared + shared / 8);
        let was_slow = std::mem::replace(&mut self.slow, each >= most);
        if !(self.slow && was_slow || each >= SURELY) {
            return false;
        }
        let soon = count - self.tried < TRUST;
        self.tries = if soon { (self.tries + 1).min(DOUBLINGS) } else { 0 };
        self.share(count);
        true
    }

    /// They are shared from now on, for a while.
    pub(super) fn share(&mut self, count: u64) {
        self.window = None;
        self.trust = self.trust.max(count + (TRUST << self.tries));
    }

    /// They are shared for good.
    pub(super) fn give_up(&mut self) {
        self.trust = u64::MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: fn(u64) -> Duration = Duration::from_nanos;

    /// Which part of a run of so many nodes one thread has alone, where a node takes so long alone and so
    /// long among two, in thousandths.
    fn part_alone(nodes: u64, alone: Duration, shared: Duration) -> u64 {
        let (mut worth, mut is_alone) = (Worth::default(), false);
        let (mut now, mut count, mut had_alone) = (Duration::ZERO, 0, 0);
        while count < nodes {
            count += 32;
            if is_alone {
                (now, had_alone) = (now + 32 * alone, had_alone + 32);
                is_alone = !worth.is_too_slow(count, alone);
            } else {
                // Until another thread has come, the first has all.
                let first = count <= 64;
                now += 32 * if first { alone } else { shared };
                is_alone = worth.try_alone(count, now, if first { alone } else { 2 * shared });
            }
        }
        1_000 * had_alone / count
    }

    #[test]
    fn whoever_is_sooner_done_gets_the_run() {
        // Nodes of next to nothing, where sharing costs little and where it costs much.
        for shared in [400, 700, 1_000, 2_000] {
            assert!(part_alone(10_000, NS(300), NS(shared)) > 980, "{shared}");
        }
        // Nodes of 500 ns and more, where sharing costs 400 ns of each thread, or 2 µs.
        for work in [500, 700, 1_000, 2_000, 10_000] {
            let part = |cost| part_alone(10_000, NS(work + 300), NS((work + cost) / 2));
            assert!(part(400) < 40, "{work}: {}", part(400));
            let few = work + 300 < (work + 2_000) / 2;
            assert!(part(2_000) > 900 || !few, "{work}: {}", part(2_000));
        }
        assert!(part_alone(1_000_000, NS(1_300), NS(900)) < 5);
    }

    #[test]
    fn one_slow_stretch_is_a_chance_and_a_very_slow_one_is_none() {
        let mut worth = Worth::default();
        assert!(worth.try_alone(32, NS(0), NS(300)));
        for count in [64, 128, 192] {
            assert!(!worth.is_too_slow(count, NS(2_000)) && !worth.is_too_slow(count, NS(300)));
        }
        assert!(!worth.is_too_slow(256, NS(2_000)) && worth.is_too_slow(288, NS(2_000)));
        let mut worth = Worth::default();
        assert!(worth.try_alone(32, NS(0), NS(300)) && worth.is_too_slow(64, SURELY));
    }

    #[test]
    fn what_goes_well_for_a_while_is_soon_tried_again() {
        let mut worth = Worth::default();
        let mut count = 0;
        let mut tries_after = |worth: &mut Worth, stays: u64| {
            let begun = count;
            while !worth.try_alone(count, NS(0), NS(300)) {
                count += 32;
            }
            let waited = count - begun;
            count += stays;
            assert!(worth.is_too_slow(count, SURELY));
            waited
        };
        let waits = [32, 32, 32, 4 * TRUST, 32].map(|stays| tries_after(&mut worth, stays));
        assert_eq!(waits, [0, 1_024, 2_048, 4_096, 512]);
        worth.give_up();
        assert!(!worth.try_alone(u64::MAX / 2, NS(0), NS(300)));
    }
}
