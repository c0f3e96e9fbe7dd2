//! When a sequence is to be shared: what nodes cost, measured over stretches of them.

use std::time::{Duration, Instant};

use crate::frame::Stretches;
use crate::options::Timing;
use crate::run::Run;

/// From this on nodes are worth sharing, in nanoseconds each: handing one to another thread and
/// getting back what it gave costs about 200.
pub(super) const WORTH: u64 = 300;

/// What is left has to take this long, in nanoseconds: waking a thread takes 20 to 30 µs.
const REST: u64 = 40_000;

/// Nodes between two readings of the clock, at most.
const NODES: u32 = 64;

/// A stretch shorter than this is made longer, in nanoseconds: a reading costs 20.
const SHORT: u64 = 400;
/// One longer than this is made shorter.
const LONG: u64 = 4_000;

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
    began: Instant,
    /// When the run's own time was zero, before that.
    offset: Duration,
    timing: Timing,
    /// How many nodes the next stretch has.
    nodes: u32,
    /// How many had ended at the last reading, and when that was.
    last: (u32, u64),
    /// The longest stretch: how many nodes, and how long.
    longest: (u64, u64),
    /// Whether the last stretch was one worth sharing.
    slow: bool,
    marks: Vec<(u32, u64)>,
    /// Whether somebody may be called.
    may_share: bool,
    all: u32,
}

impl Pace {
    pub(super) fn new(run: &Run, timing: Timing, all: u32, may_share: bool) -> Self {
        let offset = run.now();
        let marks = match timing {
            Timing::Off => Vec::new(),
            _ => vec![(0, offset.as_nanos() as u64)],
        };
        Self {
            began: Instant::now(),
            offset,
            timing,
            nodes: 1,
            last: (0, 0),
            longest: (0, 0),
            slow: false,
            marks,
            may_share,
            all,
        }
    }

    /// How many nodes the next stretch has.
    pub(super) fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Reads the clock after a stretch.
    pub(super) fn mark(&mut self, at: u32) -> Share {
        let now = self.began.elapsed().as_nanos() as u64;
        let (before, then) = std::mem::replace(&mut self.last, (at, now));
        let (count, took) = (u64::from(at - before), now - then);
        if self.timing != Timing::Off {
            self.marks.push((at, self.offset.as_nanos() as u64 + now));
        }
        if self.timing != Timing::Exact {
            if took < SHORT {
                self.nodes = (self.nodes * 2).min(NODES);
            } else if took > LONG {
                self.nodes = (self.nodes / 4).max(1);
            }
        }
        if took > self.longest.1 {
            self.longest = (count, took);
        }
        let each = took / count.max(1);
        // Of one slow stretch alone the cause may be that this thread was not on a core.
        let slow = each >= WORTH;
        let lasts = std::mem::replace(&mut self.slow, slow) && slow;
        if self.may_share && lasts && u64::from(self.all - at) * each > REST {
            // Once: whoever comes is there in a moment.
            self.may_share = false;
            return Share::Wanted;
        }
        Share::Alone
    }

    /// What was measured: nanoseconds per node, the longest stretch left out where there are
    /// others, and when the nodes ran.
    pub(super) fn end(mut self, at: u32, worker: u16) -> (u64, Stretches) {
        let now = self.began.elapsed().as_nanos() as u64;
        if self.timing != Timing::Off && at > self.last.0 {
            self.marks.push((at, self.offset.as_nanos() as u64 + now));
        }
        let (mut nodes, mut took) = (u64::from(at), now);
        if self.longest.0 > 0 && self.longest.0 < nodes {
            nodes -= self.longest.0;
            took -= self.longest.1;
        }
        (took / nodes.max(1), Stretches { worker, marks: self.marks })
    }
}
