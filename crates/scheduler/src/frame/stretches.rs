//! [`Stretches`]: when nodes ran that ran one after the other, on one thread.

use terrace_core::{Lane, OutcomeStatus};

use super::Record;

/// Where the clock was read. Between two readings the nodes are taken to be equally long.
#[derive(Debug)]
pub(crate) struct Stretches {
    /// On which worker.
    pub(crate) worker: u16,
    /// How many nodes had ended, and when that was in nanoseconds of the run; the first has none.
    /// Empty where nobody wants to know.
    pub(crate) marks: Vec<(u32, u64)>,
}

impl Stretches {
    /// How a node ended that was among them.
    pub(super) fn record(&self, at: u32) -> Record {
        let mut record = Record::ran(OutcomeStatus::Ok, Lane::Compute, self.worker);
        let after = self.marks.partition_point(|&(ended, _)| ended <= at);
        if let (Some(&(from, start)), Some(&(to, end))) =
            (self.marks.get(after.wrapping_sub(1)), self.marks.get(after))
        {
            let (all, nodes) = (end.saturating_sub(start), u64::from(to - from));
            let begin =
                |node: u64| start + (u128::from(all) * u128::from(node) / u128::from(nodes)) as u64;
            let node = u64::from(at - from);
            record.started = begin(node);
            record.duration = begin(node + 1) - record.started;
        }
        record
    }
}

/// When the blocks of a plan ran that several threads shared.
#[derive(Debug, Default)]
pub(crate) struct Laps(pub(crate) Vec<Lap>);

/// When some nodes that follow each other ran, one after the other on one thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lap {
    pub(crate) first: u32,
    pub(crate) end: u32,
    pub(crate) worker: u16,
    /// Nanoseconds of the run.
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

impl Laps {
    /// How a node ended that was among them; without times where nobody wants to know.
    pub(super) fn record(&self, at: u32) -> Record {
        let after = self.0.partition_point(|lap| lap.end <= at);
        match self.0.get(after).filter(|lap| lap.first <= at) {
            Some(&Lap { first, end, worker, began, ended }) => {
                Stretches { worker, marks: vec![(first, began), (end, ended)] }.record(at)
            }
            None => Record::ran(OutcomeStatus::Ok, Lane::Compute, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Stretches;

    #[test]
    fn a_stretch_is_shared_equally() {
        let stretches = Stretches { worker: 3, marks: vec![(0, 100), (1, 150), (4, 180)] };
        let times = |at| {
            let record = stretches.record(at);
            (record.started(), record.duration())
        };
        let nanos = Duration::from_nanos;
        assert_eq!(times(0), (nanos(100), nanos(50)));
        assert_eq!(times(1), (nanos(150), nanos(10)));
        assert_eq!(times(3), (nanos(170), nanos(10)));
        // Beyond the last reading nothing is known.
        assert_eq!(times(4), (nanos(0), nanos(0)));
        assert_eq!(stretches.record(0).worker, 3);
    }

    #[test]
    fn without_readings_there_are_no_times() {
        let record = Stretches { worker: 0, marks: Vec::new() }.record(7);
        assert_eq!((record.started(), record.duration()), (Duration::ZERO, Duration::ZERO));
    }
}
