//! Which rows the page has, and their columns.

use serde::Serialize;
use terrace_core::Lane;

use crate::record::{Around, Attempt, Record};

use super::rows::{Row, Rows, of_status, state};
use super::texts::{Table, Texts};

/// Rows that are shown.
const MOST_ROWS: usize = 200_000;

/// Rows: those of the run's own nodes, then others.
#[derive(Debug, Default, Serialize)]
pub(super) struct Shown {
    pub(super) left_out: u64,
    /// Of those after the own.
    pub(super) path: Vec<String>,
    /// Of those after the own; -1 where there is none.
    pub(super) node: Vec<i64>,
    pub(super) state: Vec<u8>,
    pub(super) tries: Vec<u32>,
    /// -1 where it never started.
    pub(super) start: Vec<i64>,
    pub(super) length: Vec<u64>,
    pub(super) worker: Vec<u32>,
    pub(super) blocking: Vec<u8>,
    /// 0 where no others ran inside it; else one more than how long it ran itself before they did.
    pub(super) around: Vec<u64>,
    /// -1: none.
    pub(super) error: Vec<i32>,
    /// The row behind it where it was skipped; -1: none.
    pub(super) cause: Vec<i64>,
    /// Rows whose last attempt was given up.
    pub(super) abandoned: Vec<u32>,
    /// Tasks of rows of which the nodes do not tell.
    pub(super) task: Vec<(u32, u32)>,
}

/// Which rows are shown: those of the run's own nodes, then those that failed, then the first.
pub(super) fn pick(rows: &Rows) -> Vec<u32> {
    let all = 0..rows.rows.len() as u32;
    if rows.rows.len() <= MOST_ROWS {
        return all.collect();
    }
    let own = rows.own as u32;
    let failed =
        |row: &u32| matches!(rows.rows[*row as usize].state, state::FAILED | state::TIMED_OUT);
    let room = MOST_ROWS.saturating_sub(rows.own);
    let failures: Vec<u32> = (own..all.end).filter(failed).take(room).collect();
    let others = (own..all.end).filter(|row| !failed(row)).take(room - failures.len());
    let mut inside: Vec<u32> = failures.iter().copied().chain(others).collect();
    inside.sort_unstable();
    (0..own).chain(inside).collect()
}

/// Row, start, length, worker, blocking, state, error, abandoned.
pub(super) type Before = (u32, u64, u64, u32, u8, u8, i32, u8);

pub(super) fn rows_of(
    record: &Record,
    rows: &Rows,
    around: &Around,
    picked: &[u32],
    shown_as: &dyn Fn(Option<u32>) -> Option<u32>,
    texts: &mut Texts,
    tasks: &mut Table,
) -> (Shown, Vec<Before>) {
    let mut shown = Shown { left_out: (rows.rows.len() - picked.len()) as u64, ..Shown::default() };
    let mut before = Vec::new();
    for (number, &at) in (0_u32..).zip(picked) {
        let row: &Row = &rows.rows[at as usize];
        if number as usize >= rows.own {
            shown.path.push(row.path.as_deref().unwrap_or_default().to_owned());
            shown.node.push(row.node.map_or(-1, i64::from));
        }
        let end = row.end.map(|end| &record.ends[end as usize]);
        let last = row.last.map(|last| &record.attempts[last as usize]);
        let length =
            |attempt: &Attempt| attempt.end.unwrap_or(record.last).saturating_sub(attempt.start);
        shown.state.push(row.state);
        shown.tries.push(row.tries);
        let start = last.map_or(-1, |last| i64::try_from(last.start).unwrap_or(i64::MAX));
        shown.start.push(start);
        shown.length.push(last.map_or(0, length));
        shown.worker.push(last.map_or(0, |last| last.worker));
        shown.blocking.push(last.map_or(0, |last| u8::from(last.lane == Lane::Blocking)));
        let since = last.and_then(|last| Some((around.since(record, last)?, last.start)));
        shown.around.push(since.map_or(0, |(since, start)| 1 + since.saturating_sub(start)));
        let error = end.and_then(|end| end.error.as_ref());
        let error = error.or_else(|| last.and_then(|last| last.error.as_ref()));
        shown.error.push(error.map_or(-1, |error| texts.number(error)));
        let cause = end.and_then(|end| end.cause.as_ref()).and_then(|cause| rows.number(cause));
        shown.cause.push(shown_as(cause).map_or(-1, i64::from));
        if last.is_some_and(|last| last.abandoned) {
            shown.abandoned.push(number);
        }
        let task = end.and_then(|end| end.task.as_ref());
        if let Some(task) = task.or_else(|| last.and_then(|last| last.task.as_ref())) {
            shown.task.push((number, tasks.number(task)));
        }
        for &attempt in &row.before {
            let attempt = &record.attempts[attempt as usize];
            let status = attempt.status.map_or(state::OPEN, of_status);
            before.push((
                number,
                attempt.start,
                length(attempt),
                attempt.worker,
                u8::from(attempt.lane == Lane::Blocking),
                status,
                attempt.error.as_ref().map_or(-1, |error| texts.number(error)),
                u8::from(attempt.abandoned),
            ));
        }
    }
    (shown, before)
}
