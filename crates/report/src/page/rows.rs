//! [`Rows`]: everything that ran, was to run, or did not, one row each.
//!
//! The nodes of the run's own workflow come first, by their numbers; then items and nodes of
//! workflows inside, in the order in which the record tells of them.

use std::collections::HashMap;
use std::sync::Arc;

use terrace_core::OutcomeStatus;

use crate::record::{Place, Record};

/// How a row ended, as a number that the page knows.
pub(super) mod state {
    /// Nothing is known of it.
    pub(crate) const NOT_RUN: u8 = 0;
    pub(crate) const OK: u8 = 1;
    pub(crate) const FAILED: u8 = 2;
    pub(crate) const TIMED_OUT: u8 = 3;
    pub(crate) const SKIPPED: u8 = 4;
    pub(crate) const CANCELLED: u8 = 5;
    /// It began, and the record has no end of it.
    pub(crate) const OPEN: u8 = 6;
}

/// One row.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// The node of the header.
    pub(super) node: Option<u32>,
    /// Its path, where it is no node of the run's own workflow.
    pub(super) path: Option<Arc<str>>,
    pub(super) state: u8,
    /// How many attempts there were.
    pub(super) tries: u32,
    /// The last attempt.
    pub(super) last: Option<u32>,
    /// The attempts before, where there were.
    pub(super) before: Vec<u32>,
    /// Its end in the record's list.
    pub(super) end: Option<u32>,
}

/// All rows.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// How many are nodes of the run's own workflow.
    pub(super) own: usize,
    paths: HashMap<Arc<str>, u32>,
}

impl Rows {
    pub(super) fn of(record: &Record) -> Self {
        let own = (record.header.own as usize).min(record.nodes().len());
        let node = |node| Row { node: Some(node), ..Row::default() };
        let rows = (0..own as u32).map(node).collect();
        let mut all = Self { rows, own, paths: HashMap::new() };
        for (attempt, number) in record.attempts.iter().zip(0_u32..) {
            let Some(row) = all.row(&attempt.place) else { continue };
            row.tries = row.tries.max(attempt.number);
            row.state = attempt.status.map_or(state::OPEN, of_status);
            row.before.extend(row.last.replace(number));
        }
        for (end, number) in record.ends.iter().zip(0_u32..) {
            let Some(row) = all.row(&end.place) else { continue };
            row.tries = end.attempts;
            row.state = of_status(end.status);
            row.end = Some(number);
        }
        all
    }

    /// The row of a place, made where there is none.
    fn row(&mut self, place: &Place) -> Option<&mut Row> {
        let number = match (&place.path, place.node) {
            (None, Some(node)) => node,
            (None, None) => return None,
            (Some(path), node) => {
                let next = self.rows.len() as u32;
                let number = *self.paths.entry(Arc::clone(path)).or_insert(next);
                if number == next {
                    self.rows.push(Row { node, path: Some(Arc::clone(path)), ..Row::default() });
                }
                number
            }
        };
        self.rows.get_mut(number as usize)
    }

    /// The number of the row of a place.
    pub(super) fn number(&self, place: &Place) -> Option<u32> {
        match (&place.path, place.node) {
            (Some(path), _) => self.paths.get(path).copied(),
            (None, Some(node)) => Some(node).filter(|&node| (node as usize) < self.own),
            (None, None) => None,
        }
    }

    /// The number of the row with a path, of what is no node of the run's own workflow.
    pub(super) fn number_of_path(&self, path: &str) -> Option<u32> {
        self.paths.get(path).copied()
    }
}

pub(super) fn of_status(status: OutcomeStatus) -> u8 {
    match status {
        OutcomeStatus::Ok => state::OK,
        OutcomeStatus::Failed => state::FAILED,
        OutcomeStatus::TimedOut => state::TIMED_OUT,
        OutcomeStatus::Skipped => state::SKIPPED,
        OutcomeStatus::Cancelled => state::CANCELLED,
        _ => state::NOT_RUN,
    }
}
