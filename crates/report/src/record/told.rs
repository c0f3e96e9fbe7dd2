//! A record of no more than when things ran, made by who listened to a run that nobody recorded.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{NodeId, OutcomeStatus, Workflow};

use super::header::Header;
use super::lines::Lines;
use super::model::{Attempt, Place};
use super::read::Record;

/// When something ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The node, as in events.
    pub node: NodeId,
    /// Where it is, for what is not a node of the run's own workflow.
    pub path: Option<Arc<str>>,
    /// When it began, since the run's start.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

impl Record {
    /// A record of a run of which it is known when things ran, and nothing else: enough for
    /// [`Record::longest_path`].
    pub fn of_times(workflow: &Workflow, ran: impl IntoIterator<Item = Ran>) -> Self {
        let header = Header::of(workflow);
        let known = header.nodes.len();
        let mut lines = Lines::new(header);
        let mut all: Vec<Ran> = ran.into_iter().collect();
        all.sort_by_key(|ran| ran.start);
        for ran in all {
            let place = match ran.path {
                Some(path) => lines.path(&path),
                None => Place { node: Some(ran.node.index() as u32), path: None },
            };
            if place.is_own() && ran.node.index() >= known {
                continue;
            }
            let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            let record = &mut lines.record;
            record.last = record.last.max(nanos(ran.end));
            record.attempts.push(Attempt {
                start: nanos(ran.start),
                end: Some(nanos(ran.end)),
                status: Some(OutcomeStatus::Ok),
                ..Attempt::at(place)
            });
        }
        lines.record
    }
}
