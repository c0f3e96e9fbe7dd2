//! [`Claim`]: whether a peer takes what it says, by the time of its whole process.
//!
//! A process with twice as many re-runs takes longer by what these re-runs take, whatever they leave
//! for later or do beside the laps that they time. That is held against what the same two
//! processes say of these laps. Whatever else the machine does meanwhile is in both.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use terrace_bench_protocol::Line;

/// How far the two may be apart: more than reading the clock for each lap, and what starting a
/// process differs by.
const TOLERANCE: f64 = 0.15;
/// Re-runs at least and at most.
const RERUNS: (f64, f64) = (10.0, 100_000.0);

/// What a re-run takes, by two processes with K and 2K of them; nanoseconds per node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// By the time of the processes.
    pub(crate) slope: f64,
    /// By the peer's own laps.
    pub(crate) said: f64,
}

impl Claim {
    /// How many re-runs the first process has, so that they take as long as `budget`.
    pub(crate) fn reruns(median: f64, nodes: usize, budget: Duration) -> u32 {
        let reruns = budget.as_nanos() as f64 / (median * nodes as f64);
        reruns.clamp(RERUNS.0, RERUNS.1) as u32
    }

    /// From what the two processes said and took. `None` where the peer does not say, and where the one
    /// with fewer re-runs was disturbed so much that it took longer.
    pub(crate) fn of(
        nodes: usize,
        reruns: u32,
        [few, many]: [(&Line, Duration); 2],
    ) -> Option<Self> {
        let reruns = f64::from(reruns);
        let took = many.1.as_nanos() as f64 - few.1.as_nanos() as f64;
        let said = 2.0 * many.0.mean? - few.0.mean?;
        let slope = took / (reruns * nodes as f64);
        (slope > 0.0 && said > 0.0).then_some(Self { slope, said })
    }

    /// What it takes over what the peer says.
    pub(crate) fn ratio(&self) -> f64 {
        self.slope / self.said
    }

    /// Whether the two are too far apart.
    pub(crate) fn is_off(&self) -> bool {
        (self.ratio() - 1.0).abs() > TOLERANCE || self.ratio().is_nan()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mean: &str) -> Line {
        format!("1 1 1 1 1 1 0 0 0 1 nan nan 1 0 mean={mean}").parse().unwrap()
    }

    #[test]
    fn a_peer_that_leaves_work_for_later_is_found() {
        // 100 re-runs of 1,000 nodes at 5 ns take 0.5 ms; starting takes 3 ms each time.
        let (few, many) = (Duration::from_micros(3_500), Duration::from_micros(4_000));
        let claim = |said| Claim::of(1_000, 100, [(&line(said), few), (&line(said), many)]);
        let honest = claim("4.9").unwrap();
        assert_eq!(honest.slope, 5.0);
        assert!(!honest.is_off() && (honest.ratio() - 1.02).abs() < 0.01, "{honest:?}");
        assert!(claim("2.5").unwrap().is_off() && claim("9.0").unwrap().is_off());
        let silent = "1 1 1 1 1 1 0 0 0 1 nan nan 1 0".parse().unwrap();
        assert_eq!(Claim::of(1_000, 100, [(&silent, few), (&silent, many)]), None);
        let disturbed = line("60");
        assert_eq!(Claim::of(1_000, 100, [(&disturbed, many), (&line("2"), few)]), None);
    }

    #[test]
    fn a_budget_is_so_many_re_runs() {
        assert_eq!(Claim::reruns(5.0, 10_000, Duration::from_millis(150)), 3_000);
        assert_eq!(Claim::reruns(1e6, 10_000, Duration::from_millis(150)), 10);
    }
}
