//! What ran at once, and what of limits was in use, over time.
//!
//! Each bin tells the most that there was at any moment in it, so that a short peak is seen however
//! long the run.

use serde::Serialize;

use crate::record::{Around, Record};
use terrace_core::Lane;

/// How many bins a series has.
const BINS: usize = 600;

/// A count over time.
#[derive(Debug, Serialize)]
pub(super) struct Series {
    pub(super) name: String,
    /// How many there were, where that is known.
    pub(super) most: Option<u64>,
    /// Whether it counts bytes.
    pub(super) bytes: bool,
    /// The most in each bin.
    pub(super) values: Vec<u64>,
}

/// Tasks that compute, tasks that wait, and each limit.
pub(super) fn all(record: &Record, around: &Around) -> Vec<Series> {
    let mut compute = Vec::new();
    let mut blocking = Vec::new();
    let mut limits: Vec<Vec<(u64, i64)>> = vec![Vec::new(); record.header.limits.len()];
    let of_limit = |name: &str| record.header.limits.iter().position(|limit| limit.name == name);
    for attempt in &record.attempts {
        let until = around.since(record, attempt);
        if until.is_some_and(|until| until <= attempt.start) {
            continue;
        }
        let end = until.unwrap_or(attempt.end.unwrap_or(record.last)).max(attempt.start);
        let lane = if attempt.lane == Lane::Blocking { &mut blocking } else { &mut compute };
        add(lane, attempt.start, end, 1);
        let node = attempt.place.node.and_then(|node| record.nodes().get(node as usize));
        for need in node.map_or(&[][..], |node| &node.needs) {
            if let Some(limit) = of_limit(&need.0) {
                add(&mut limits[limit], attempt.start, end, need.1);
            }
        }
    }
    let end = record.duration();
    let mut all = vec![Series {
        name: "computing".to_owned(),
        most: record.header.workers.map(|workers| workers.max(1)),
        bytes: false,
        values: bins(compute, end),
    }];
    if !blocking.is_empty() {
        let (name, most) = ("waiting".to_owned(), record.header.max_blocking);
        all.push(Series { name, most, bytes: false, values: bins(blocking, end) });
    }
    for (limit, steps) in record.header.limits.iter().zip(limits) {
        let (name, most, bytes) = (limit.name.clone(), limit.most, limit.bytes);
        all.push(Series { name, most, bytes, values: bins(steps, end) });
    }
    all
}

fn add(steps: &mut Vec<(u64, i64)>, start: u64, end: u64, amount: u64) {
    let amount = i64::try_from(amount).unwrap_or(i64::MAX);
    steps.extend([(start, amount), (end, -amount)]);
}

/// The most in each of the bins of a time from 0 to `end`.
fn bins(mut steps: Vec<(u64, i64)>, end: u64) -> Vec<u64> {
    // Of one moment what ends comes first: it often makes room for what begins.
    steps.sort_unstable();
    let mut most = vec![0_u64; BINS];
    let (mut now, mut from) = (0_i64, 0_usize);
    for (at, step) in steps {
        let bin = (u128::from(at) * BINS as u128 / u128::from(end.max(1))) as usize;
        let bin = bin.min(BINS - 1);
        let level = now.max(0) as u64;
        most[from..=bin.max(from)].iter_mut().for_each(|most| *most = level.max(*most));
        from = bin.max(from);
        now = now.saturating_add(step);
        most[from] = most[from].max(now.max(0) as u64);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_tells_the_most_in_it() {
        let one = |start: u64, end: u64| [(start, 1), (end, -1)];
        let steps = [one(0, 300), one(100, 200), one(200, 201)].concat();
        let found = bins(steps, 600);
        assert_eq!((found[0], found[99], found[100], found[199]), (1, 1, 2, 2));
        assert_eq!((found[200], found[202], found[299], found[301]), (2, 1, 1, 0));
        assert_eq!(bins(Vec::new(), 0).len(), BINS);
    }

    #[test]
    fn a_short_peak_in_a_long_run_is_seen() {
        let found = bins(vec![(500_000_000, 7), (500_000_001, -7)], 1_000_000_000);
        assert_eq!(found.iter().copied().max(), Some(7));
    }
}
