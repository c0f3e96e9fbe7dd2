//! [`Lap`]: what one run took, and what many laps come to.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Lap {
    wall: Duration,
    /// Of all threads together.
    cpu: Duration,
    /// How often the kernel took a thread off its core for somebody else.
    disturbances: i64,
}

impl Lap {
    /// Takes one.
    pub fn of<T>(run: impl FnOnce() -> T) -> (T, Self) {
        let (cpu, disturbances) = usage();
        let start = Instant::now();
        let result = run();
        let wall = start.elapsed();
        let (cpu_after, disturbances_after) = usage();
        let lap = Self {
            wall,
            cpu: cpu_after.saturating_sub(cpu),
            disturbances: disturbances_after - disturbances,
        };
        (result, lap)
    }
}

fn usage() -> (Duration, i64) {
    let cpu =
        clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
    let disturbances =
        getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.involuntary_context_switches());
    (cpu, disturbances)
}

/// Many laps, per node.
#[derive(Clone, Copy, Debug)]
pub struct Laps {
    /// The least, in nanoseconds of wall time.
    pub min: f64,
    /// The median, in nanoseconds of wall time.
    pub median: f64,
    /// The least CPU time, in nanoseconds.
    pub cpu: f64,
    /// How many were undisturbed.
    pub quiet: usize,
}

impl Laps {
    /// Sums up. Disturbed laps are left out where half of all are not, and at least three: on a machine
    /// with other work they say what the other work took. A few undisturbed ones are not ordinary laps:
    /// of an engine that wakes a thread now and then they would be those in which it did not.
    pub fn of(laps: &[Lap], nodes: usize) -> Self {
        let quiet: Vec<Lap> = laps.iter().filter(|lap| lap.disturbances == 0).copied().collect();
        let per_node = |time: Duration| time.as_nanos() as f64 / nodes as f64;
        let enough = quiet.len() >= 3 && quiet.len() * 2 >= laps.len();
        let used = if enough { &quiet } else { laps };
        let (min, median) = min_and_median(used.iter().map(|lap| per_node(lap.wall)).collect());
        let (cpu, _) = min_and_median(laps.iter().map(|lap| per_node(lap.cpu)).collect());
        Self { min, median, cpu, quiet: quiet.len() }
    }
}

/// NaN for both where there is nothing.
pub fn min_and_median(mut numbers: Vec<f64>) -> (f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let at = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(numbers.len() / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(wall: u64, disturbances: i64) -> Lap {
        let wall = Duration::from_nanos(wall);
        Lap { wall, cpu: wall, disturbances }
    }

    #[test]
    fn disturbed_laps_count_only_where_too_few_others_are_left() {
        let laps = Laps::of(&[lap(90, 1), lap(40, 0), lap(20, 0), lap(30, 0)], 10);
        assert_eq!((laps.min, laps.median, laps.quiet), (2.0, 3.0, 3));
        let laps = Laps::of(&[lap(90, 1), lap(40, 0), lap(20, 0)], 10);
        assert_eq!((laps.min, laps.median, laps.quiet), (2.0, 4.0, 2));
        let few = [lap(90, 1), lap(80, 1), lap(70, 1), lap(60, 1)];
        let laps = Laps::of(&[&few[..], &[lap(10, 0); 3]].concat(), 10);
        assert_eq!((laps.min, laps.median, laps.quiet), (1.0, 6.0, 3));
        assert!(Laps::of(&[], 10).median.is_nan());
    }
}
