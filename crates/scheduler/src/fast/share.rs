//! When a sequence is to be shared: what nodes cost, measured over stretches of them.

use std::time::Duration;

use super::costs::Costs;
use crate::clock::nanos;
use crate::frame::Stretches;
use crate::options::Timing;
use crate::run::Run;

/// From this on nodes are worth sharing one by one, in nanoseconds each: handing one to another thread
/// and getting back what it gave costs 200 to 300.
pub(super) const WORTH: u64 = 600;

/// What is left has to take this long, in nanoseconds: waking a thread takes 20 to 30 µs.
const REST: u64 = 40_000;

/// Nodes between two readings of the clock, at most.
const NODES: u32 = 2048;

/// A stretch shorter than this is made longer, in nanoseconds: a reading costs 20, on some machines
/// 100. The other is for when nobody wants to know when nodes ran.
const SHORT: [u64; 2] = [400, 2_000];
fn short(timing: Timing) -> u64 {
    SHORT[usize::from(timing == Timing::Off)]
}

/// One so many times longer is made shorter.
const LONG: u64 = 10;

/// Whether others are to help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// This thread is done sooner.
    Alone,
    /// Somebody is to be called.
    Wanted,
}

/// How long stretches are, and what was measured.
pub(super) struct Pace {
    timing: Timing,
    /// Whether anybody wants to know what nodes take, or when they ran.
    measured: bool,
    /// How many nodes the next stretch has.
    nodes: u32,
    /// When the first reading was; and of the last, how many nodes had ended by then.
    first: u64,
    last: (u32, u64),
    /// The longest stretch: how many nodes, and how long.
    longest: (u64, u64),
    /// Whether the last stretch was one worth sharing.
    slow: bool,
    marks: Vec<(u32, u64)>,
    /// Whether somebody may be called.
    may_share: bool,
    long: u64,
    all: u32,
}

impl Pace {
    /// For a run that `costs` says what its nodes took before.
    pub(super) fn new(run: &Run, all: u32, may_share: bool, costs: &Costs) -> Self {
        let timing = run.timing();
        let measured = may_share || timing != Timing::Off;
        // As many at once as before, where that is known. That they take longer than they did is seen
        // by whoever looks after a while.
        let known = match (timing, costs.alone()) {
            (Timing::Exact, _) | (_, 0) => 1,
            (_, each) => (short(timing) / each).clamp(1, NODES.into()) as u32,
        };
        let mut pace = Self {
            timing,
            measured,
            // Else only a token may stop it, which is looked at all the time.
            nodes: if measured { known } else { u32::MAX },
            first: 0,
            last: (0, 0),
            longest: (0, 0),
            slow: false,
            marks: Vec::new(),
            may_share,
            long: costs.long(),
            all,
        };
        if measured {
            pace.first = nanos(run.now());
            pace.last = (0, pace.first);
            if timing != Timing::Off {
                pace.marks.push(pace.last);
            }
        }
        pace
    }

    /// When the clock was read last.
    pub(super) fn last(&self) -> Duration {
        Duration::from_nanos(self.last.1)
    }

    /// How many nodes the next stretch has.
    pub(super) fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Reads the clock before a node that somebody is told of: what telling took is not its time.
    pub(super) fn begin(&mut self, run: &Run, at: u32) -> Duration {
        let now = nanos(run.now());
        self.last = (at, now);
        // Of two readings after as many nodes the later counts.
        self.marks.push(self.last);
        self.last()
    }

    /// Reads the clock after a stretch.
    pub(super) fn mark(&mut self, run: &Run, at: u32) -> Share {
        if !self.measured {
            return Share::Alone;
        }
        let now = nanos(run.now());
        let (before, then) = std::mem::replace(&mut self.last, (at, now));
        let (count, took) = (u64::from(at - before), now.saturating_sub(then));
        if self.timing != Timing::Off {
            self.marks.push((at, now));
        }
        if self.timing != Timing::Exact {
            let short = short(self.timing);
            if took < short {
                self.nodes = (self.nodes * 2).min(NODES);
            } else if took > short * LONG {
                self.nodes = (self.nodes / 4).max(1);
            }
        }
        if took > self.longest.1 {
            self.longest = (count, took);
        }
        let each = took / count.max(1);
        // Of one slow stretch alone the cause may be that this thread was not on a core.
        let slow = each >= self.long;
        let lasts = std::mem::replace(&mut self.slow, slow) && slow;
        if self.may_share && lasts && u64::from(self.all - at) * each > REST {
            // Once: whoever comes is there in a moment.
            self.may_share = false;
            return Share::Wanted;
        }
        Share::Alone
    }

    /// What was measured, where it was: nanoseconds per node, the longest stretch left out where
    /// there are others; and when the nodes ran.
    pub(super) fn end(mut self, run: &Run, at: u32, worker: u16) -> (Option<u64>, Stretches) {
        if !self.measured {
            return (None, Stretches { worker, marks: self.marks });
        }
        let now = nanos(run.now());
        if self.timing != Timing::Off && at > self.last.0 {
            self.marks.push((at, now));
        }
        let (mut nodes, mut took) = (u64::from(at), now.saturating_sub(self.first));
        if self.longest.0 > 0 && self.longest.0 < nodes {
            nodes -= self.longest.0;
            took = took.saturating_sub(self.longest.1);
        }
        let each = (at > 0).then(|| took / nodes.max(1));
        (each, Stretches { worker, marks: self.marks })
    }
}
