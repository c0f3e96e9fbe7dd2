//! [`Data`]: what the page is given, as one JSON object of columns.
//!
//! Columns and not objects: a hundred thousand nodes then take a few bytes each and are read in a
//! tenth of a second. Everything that grows with the run has a bound; what is left out is counted.

use std::collections::HashMap;

use serde::Serialize;
use terrace_core::{Lane, place};

use crate::record::{Attempt, Header, Record, RecordNode};

use super::critical;
use super::rows::{Row, Rows, state};
use super::series::{self, Series};

/// Rows that are shown.
const MOST_ROWS: usize = 200_000;
/// Bytes of values, of errors and of log lines that are shown, of each.
const MOST_TEXT: usize = 4 << 20;
/// Nodes of a workflow from which on their places are the page's business, which shows them in bins.
const PLACED: usize = 1_500;

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
    /// Row, when, level, line.
    logs: Vec<(u32, u64, String, String)>,
    logs_left_out: u64,
    /// Row, ports and values.
    given: Vec<(u32, Vec<(String, String)>)>,
    /// Row and value.
    gave: Vec<(u32, String)>,
    values_cut: bool,
    critical: Vec<u32>,
    series: Vec<Series>,
    /// When, until when, what was said.
    pauses: Vec<(u64, Option<u64>, Option<String>)>,
    limits: Vec<(String, Option<u64>, u64, u64)>,
    budgets: Vec<(String, u64, u64)>,
    outputs: Vec<(String, Option<String>, Option<String>)>,
    leftovers: Vec<(String, u32)>,
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

/// The nodes of the header, by number.
#[derive(Debug, Default, Serialize)]
struct Nodes {
    name: Vec<String>,
    label: Vec<(u32, String)>,
    task: Vec<u32>,
    kind: Vec<u8>,
    level: Vec<u64>,
    inside: Vec<i64>,
    order: Vec<u32>,
    /// Empty where there are too many.
    x: Vec<f32>,
    /// How many items a map had in all its runs, and how many of them failed.
    items: Vec<(u32, u64, u64)>,
    output: Vec<u32>,
}

/// Edges between nodes: from, to, port, or -1 for an edge without a value, -2 for a condition, -3 for
/// what a map runs over.
#[derive(Debug, Default, Serialize)]
struct Edges {
    from: Vec<u32>,
    to: Vec<u32>,
    port: Vec<i32>,
}

/// Rows: those of the run's own nodes, then others.
#[derive(Debug, Default, Serialize)]
struct Shown {
    left_out: u64,
    /// Of those after the own.
    path: Vec<String>,
    /// Of those after the own; -1 where there is none.
    node: Vec<i64>,
    state: Vec<u8>,
    tries: Vec<u32>,
    /// -1 where it never started.
    start: Vec<i64>,
    length: Vec<u64>,
    worker: Vec<u32>,
    blocking: Vec<u8>,
    /// Whether others ran inside it.
    around: Vec<u8>,
    /// -1: none.
    error: Vec<i32>,
    /// The row behind it where it was skipped; -1: none.
    cause: Vec<i64>,
    /// Rows whose last attempt was given up.
    abandoned: Vec<u32>,
    /// Tasks of rows of which the nodes do not tell.
    task: Vec<(u32, u32)>,
}

impl Data {
    pub(super) fn of(record: &Record) -> Self {
        let rows = Rows::of(record);
        let mut tasks = Table::default();
        let mut ports = Table::default();
        let edges = edges(&record.header, &mut ports);
        let nodes = nodes(record, &edges, &mut tasks);
        let mut texts = Texts { numbers: HashMap::new(), all: Vec::new(), bytes: 0 };
        let picked = pick(&rows);
        // What a row is called in the page, by what it is called here.
        let mut number = vec![u32::MAX; rows.rows.len()];
        for (shown, &row) in (0_u32..).zip(&picked) {
            number[row as usize] = shown;
        }
        let shown_as = |row: Option<u32>| {
            row.map(|row| number[row as usize]).filter(|&number| number != u32::MAX)
        };
        let (shown, before) = rows_of(record, &rows, &picked, &shown_as, &mut texts, &mut tasks);
        let values = Values::of(record, &rows, &shown_as);
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
            critical: critical::path(record, &rows),
            series: series::all(record, &rows),
            tasks: tasks.all,
            ports: ports.all,
            nodes,
            edges,
            rows: shown,
            before,
            errors: texts.all,
            logs,
            logs_left_out,
            given: values.given,
            gave: values.gave,
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

/// Which rows are shown: those of the run's own nodes, then those that failed, then the first.
fn pick(rows: &Rows) -> Vec<u32> {
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
type Before = (u32, u64, u64, u32, u8, u8, i32, u8);

fn rows_of(
    record: &Record,
    rows: &Rows,
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
        shown.around.push(last.map_or(0, |last| u8::from(rows.is_around(record, last))));
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
            let status = attempt.status.map_or(state::OPEN, super::rows::of_status);
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

/// Values, those of failures first and then in order, as many as there is room for.
struct Values {
    given: Vec<(u32, Vec<(String, String)>)>,
    gave: Vec<(u32, String)>,
    cut: bool,
}

impl Values {
    fn of(record: &Record, rows: &Rows, shown_as: &dyn Fn(Option<u32>) -> Option<u32>) -> Self {
        // Of several attempts the last is shown.
        let mut given: HashMap<u32, usize> = HashMap::new();
        for (at, one) in record.given.iter().enumerate() {
            if let Some(row) = rows.number(&one.place) {
                given.insert(row, at);
            }
        }
        let mut gave: HashMap<u32, usize> = HashMap::new();
        for (at, one) in record.gave.iter().enumerate() {
            if let Some(row) = rows.number(&one.place) {
                gave.insert(row, at);
            }
        }
        let mut all = Self { given: Vec::new(), gave: Vec::new(), cut: false };
        let mut bytes = 0;
        let failed =
            |row: &u32| matches!(rows.rows[*row as usize].state, state::FAILED | state::TIMED_OUT);
        let order = 0..rows.rows.len() as u32;
        for row in order.clone().filter(failed).chain(order.filter(|row| !failed(row))) {
            let (given, gave) = (given.get(&row), gave.get(&row));
            let Some(shown) = shown_as(Some(row)) else { continue };
            if given.is_none() && gave.is_none() {
                continue;
            }
            if bytes >= MOST_TEXT {
                all.cut = true;
                break;
            }
            if let Some(&at) = given.filter(|&&at| !record.given[at].inputs.is_empty()) {
                let inputs = &record.given[at].inputs;
                bytes +=
                    inputs.iter().map(|(port, value)| port.len() + value.len() + 12).sum::<usize>();
                all.given.push((shown, inputs.clone()));
            }
            if let Some(&at) = gave {
                let value = &record.gave[at].value;
                bytes += value.len() + 12;
                all.gave.push((shown, value.clone()));
            }
        }
        all
    }
}

fn nodes(record: &Record, edges: &Edges, tasks: &mut Table) -> Nodes {
    let all = record.nodes();
    let mut nodes = Nodes::default();
    for (number, node) in (0_u32..).zip(all) {
        nodes.name.push(node.name.clone());
        if let Some(label) = &node.label {
            nodes.label.push((number, label.clone()));
        }
        nodes.task.push(tasks.number(&node.task));
        nodes.kind.push(kind(node));
        nodes.level.push(node.level);
        nodes.inside.push(node.inside.map_or(-1, i64::from));
        if node.output {
            nodes.output.push(number);
        }
    }
    let mut items: HashMap<u32, (u64, u64)> = HashMap::new();
    for map in &record.maps {
        if let Some(node) = map.place.node {
            let of = items.entry(node).or_default();
            *of = (of.0 + map.items, of.1 + map.failed);
        }
    }
    nodes.items = items.into_iter().map(|(node, (items, failed))| (node, items, failed)).collect();
    nodes.items.sort_unstable();
    (nodes.order, nodes.x) = places(all, edges);
    nodes
}

/// Places every workflow by itself: the run's own, and each that is inside a node.
fn places(all: &[RecordNode], edges: &Edges) -> (Vec<u32>, Vec<f32>) {
    let mut order = vec![0; all.len()];
    let mut x = vec![0.0; all.len()];
    let mut scopes: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
    for (number, node) in (0_u32..).zip(all) {
        scopes.entry(node.inside).or_default().push(number);
    }
    // The number of each node in its own workflow.
    let mut local = vec![0_u32; all.len()];
    for nodes in scopes.values() {
        for (at, &node) in (0_u32..).zip(nodes) {
            local[node as usize] = at;
        }
    }
    let mut joined: HashMap<Option<u32>, Vec<(u32, u32)>> = HashMap::new();
    for (&from, &to) in edges.from.iter().zip(&edges.to) {
        let (a, b) = (&all[from as usize], &all[to as usize]);
        // What is wrong in a damaged record has no place.
        if a.inside == b.inside && a.level < b.level {
            let edge = (local[from as usize], local[to as usize]);
            joined.entry(a.inside).or_default().push(edge);
        }
    }
    for (scope, nodes) in &scopes {
        // Levels without nodes are left out, however high a damaged record counts.
        let mut used: Vec<u64> = nodes.iter().map(|&node| all[node as usize].level).collect();
        used.sort_unstable();
        used.dedup();
        let level =
            |node: &u32| used.partition_point(|&used| used < all[*node as usize].level) as u32;
        let levels: Vec<u32> = nodes.iter().map(level).collect();
        let joined = joined.get(scope).map_or(&[][..], Vec::as_slice);
        // All are equally wide.
        let placed = place(&levels, &vec![1.0; levels.len()], joined);
        for (at, &node) in nodes.iter().enumerate() {
            order[node as usize] = placed.order[at];
            x[node as usize] = (placed.x[at] - 0.5) as f32;
        }
    }
    if all.len() > PLACED * 8 {
        x.clear();
    }
    (order, x)
}

fn edges(header: &Header, ports: &mut Table) -> Edges {
    let mut edges = Edges::default();
    let known = header.nodes.len() as u32;
    for (number, node) in (0_u32..).zip(&header.nodes) {
        let inputs = node.inputs.iter().map(|edge| (edge.1, ports.number(&edge.0) as i32));
        let inputs: Vec<(u32, i32)> = inputs.collect();
        let others = [(&node.after, -1), (&node.when, -2), (&node.over, -3)];
        let others =
            others.iter().flat_map(|(all, kind)| all.iter().map(move |&from| (from, *kind)));
        for (from, port) in inputs.iter().copied().chain(others).filter(|edge| edge.0 < known) {
            edges.from.push(from);
            edges.to.push(number);
            edges.port.push(port);
        }
    }
    edges
}

/// Kinds as numbers that the page knows.
fn kind(node: &RecordNode) -> u8 {
    let kinds = ["task", "dynamic", "map", "loop", "flow", "branches", "succeed"];
    kinds.iter().position(|kind| *kind == node.kind()).unwrap_or(0) as u8
}

/// Texts by number, each once.
#[derive(Default)]
struct Table {
    numbers: HashMap<String, u32>,
    all: Vec<String>,
}

impl Table {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.all.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.all.push(text.to_owned());
        number
    }
}

/// Errors by number, each once, as many as there is room for.
struct Texts {
    numbers: HashMap<String, i32>,
    all: Vec<String>,
    bytes: usize,
}

impl Texts {
    fn number(&mut self, error: &crate::record::Error) -> i32 {
        let mut text = match &error.code {
            Some(code) => format!("{} ({code}): {error}", error.class),
            None => format!("{}: {error}", error.class),
        };
        if let Some(location) = &error.location {
            text.push_str("\nat ");
            text.push_str(location);
        }
        if self.bytes >= MOST_TEXT {
            text = "(errors before it took all the room there is; the record has it)".to_owned();
        }
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        let number = self.all.len() as i32;
        self.bytes += text.len();
        self.numbers.insert(text.clone(), number);
        self.all.push(text);
        number
    }
}
