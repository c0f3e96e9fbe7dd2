//! [`Data`]: what the page is given, as JSON: an object of columns, and [`Said`] beside it.
//!
//! Columns and not objects: a hundred thousand nodes then take a few bytes each and are read in a
//! tenth of a second. Everything that grows with the run has a bound; what is left out is counted.

use serde::Serialize;

use crate::record::{Around, Record};

use super::critical;
use super::graph::{Edges, Nodes};
use super::rows::Rows;
use super::series::{self, Series};
use super::shown::{Before, Shown, pick, rows_of};
use super::texts::{Table, Texts};
use super::values::Values;

/// Bytes of values, of errors and of log lines that are shown, of each.
pub(super) const MOST_TEXT: usize = 4 << 20;

/// All that the page shows.
#[derive(Debug, Serialize)]
pub(super) struct Data {
    run: About,
    /// Names that other columns have by number.
    tasks: Vec<String>,
    ports: Vec<String>,
    nodes: Nodes,
    edges: Edges,
    rows: Shown,
    /// Attempts before the last.
    before: Vec<Before>,
    errors: Vec<String>,
    /// Beside it in the page.
    #[serde(skip)]
    said: Said,
    logs_left_out: u64,
    values_cut: bool,
    /// Rows, what is inside one after it.
    critical: Vec<u32>,
    series: Vec<Series>,
    /// When, until when, what was said.
    pauses: Vec<(u64, Option<u64>, Option<String>)>,
    limits: Vec<(String, Option<u64>, u64, u64)>,
    budgets: Vec<(String, u64, u64)>,
    outputs: Vec<(String, Option<String>, Option<String>)>,
    leftovers: Vec<(String, u32)>,
}

/// Values and log lines: much of the data, and of interest once somebody looks at a node. So they are
/// an object of their own, which the page reads then.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    /// Row, when, level, line.
    logs: Vec<(u32, u64, String, String)>,
    /// Row, ports and values.
    given: Vec<(u32, Vec<(String, String)>)>,
    /// Row and value.
    gave: Vec<(u32, String)>,
}

/// The run as a whole.
#[derive(Debug, Serialize)]
struct About {
    workflow: String,
    run: String,
    file: Option<String>,
    started: String,
    order: String,
    workers: Option<u64>,
    terrace: String,
    status: Option<String>,
    duration: u64,
    error: Option<String>,
    cut: Option<String>,
    levels: u64,
    own: u64,
    not_listed: u64,
    without_items: bool,
}

impl Data {
    pub(super) fn of(record: &Record) -> Self {
        let rows = Rows::of(record);
        let around = Around::of(record);
        let mut tasks = Table::default();
        let mut ports = Table::default();
        let edges = Edges::of(&record.header, &mut ports);
        let nodes = Nodes::of(record, &edges, &mut tasks);
        let mut texts = Texts::default();
        let picked = pick(&rows);
        // What a row is called in the page, by what it is called here.
        let mut number = vec![u32::MAX; rows.rows.len()];
        for (shown, &row) in (0_u32..).zip(&picked) {
            number[row as usize] = shown;
        }
        let shown_as = |row: Option<u32>| {
            row.map(|row| number[row as usize]).filter(|&number| number != u32::MAX)
        };
        let (shown, before) =
            rows_of(record, &rows, &around, &picked, &shown_as, &mut texts, &mut tasks);
        let values = Values::of(record, &rows, &shown_as);
        let critical = critical::path(record, &rows);
        let critical = critical.into_iter().filter_map(|row| shown_as(Some(row))).collect();
        let mut logs = Vec::new();
        let mut bytes = 0;
        let mut logs_left_out = 0;
        for log in &record.logs {
            match shown_as(rows.number(&log.place)).filter(|_| bytes < MOST_TEXT) {
                Some(row) => {
                    bytes += log.message.len() + 32;
                    logs.push((row, log.at, log.level.clone(), log.message.clone()));
                }
                None => logs_left_out += 1,
            }
        }
        Self {
            run: about(record),
            critical,
            series: series::all(record, &around),
            tasks: tasks.all,
            ports: ports.all,
            nodes,
            edges,
            rows: shown,
            before,
            errors: texts.all,
            said: Said { logs, given: values.given, gave: values.gave },
            logs_left_out,
            values_cut: values.cut || record.values_cut,
            pauses: record
                .checkpoints
                .iter()
                .map(|pause| (pause.at, pause.passed, pause.refused.clone()))
                .collect(),
            limits: record
                .limits
                .iter()
                .map(|limit| (limit.name.clone(), limit.most, limit.used, limit.starts))
                .collect(),
            budgets: record
                .budgets
                .iter()
                .map(|budget| (budget.of.clone(), budget.most, budget.spent))
                .collect(),
            outputs: record
                .outputs
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().ok(), value.clone().err()))
                .collect(),
            leftovers: record.leftovers.clone(),
        }
    }

    pub(super) fn said(&self) -> &Said {
        &self.said
    }

    pub(super) fn title(&self) -> &str {
        &self.run.workflow
    }
}

fn about(record: &Record) -> About {
    let header = &record.header;
    About {
        workflow: header.workflow.clone(),
        run: header.run.clone(),
        file: header.file.clone(),
        started: header.started.clone(),
        order: header.order.clone(),
        workers: header.workers,
        terrace: header.terrace.clone(),
        status: record.status.as_ref().map(|(status, _)| status.clone()),
        duration: record.duration(),
        error: record.error.clone(),
        cut: record.cut.as_ref().map(ToString::to_string),
        levels: header.levels,
        own: header.own.min(header.nodes.len() as u64),
        not_listed: header.not_listed,
        without_items: header.without_items,
    }
}
