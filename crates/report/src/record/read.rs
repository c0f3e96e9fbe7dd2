//! [`Record`]: a record read again, as far as it goes.

use std::collections::HashMap;
use std::io::BufRead;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use terrace_core::{Lane, OutcomeStatus};

use super::error::RecordError;
use super::header::{Header, RecordNode};
use super::model::{
    Attempt, Budget, Checkpoint, Cut, End, Error, Gave, Given, LimitUse, Log, MapRun, Place,
    Progress, Reserved, RunCounts,
};

/// What happened in a run, as its record tells it. In the order of the lines, unless said otherwise.
///
/// ```
/// use terrace_report::Record;
///
/// let text = r#"{"terrace_record":1,"workflow":"sum","own":1,"nodes":[{"name":"a","task":"math/add"}]}
/// {"k":"start","at":100,"node":0,"worker":0}
/// {"k":"end","at":350,"node":0,"ran":2"#;
/// let record = Record::read(text.as_bytes())?;
/// assert_eq!(record.attempts[0].start, 100);
/// assert!(!record.is_complete());
/// assert_eq!(
///     record.cut.unwrap().to_string(),
///     "the record breaks off inside line 3: the run was interrupted while it was written"
/// );
/// # Ok::<(), terrace_report::RecordError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Record {
    /// What was known before.
    pub header: Header,
    /// Every attempt, by its start.
    pub attempts: Vec<Attempt>,
    /// The end of every node and item that ended.
    pub ends: Vec<End>,
    /// Runs of maps.
    pub maps: Vec<MapRun>,
    /// What tasks logged.
    pub logs: Vec<Log>,
    /// How far tasks said that they were.
    pub progress: Vec<Progress>,
    /// Who had waited too long.
    pub reserved: Vec<Reserved>,
    /// Pauses.
    pub checkpoints: Vec<Checkpoint>,
    /// What tasks were given.
    pub given: Vec<Given>,
    /// What nodes gave.
    pub gave: Vec<Gave>,
    /// Whether there were more values than the record has.
    pub values_cut: bool,
    /// Declared outputs: a value as text, or why there is none.
    pub outputs: Vec<(String, Result<String, String>)>,
    /// What was used of limits.
    pub limits: Vec<LimitUse>,
    /// What was spent.
    pub budgets: Vec<Budget>,
    /// Attempts that were given up and still ran at the end, by task.
    pub leftovers: Vec<(String, u32)>,
    /// How many nodes ended how.
    pub counts: Option<RunCounts>,
    /// How the run ended, with its duration in nanoseconds.
    pub status: Option<(String, u64)>,
    /// What stopped the run that is no node's error.
    pub error: Option<String>,
    /// The time of the last line that has one.
    pub last: u64,
    /// Why it does not tell everything.
    pub cut: Option<Cut>,
}

/// A line, with every field that any kind has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    k: String,
    at: Option<u64>,
    node: Option<u32>,
    path: Option<String>,
    task: Option<String>,
    r#try: Option<u32>,
    tries: Option<u32>,
    lane: Option<String>,
    worker: Option<u32>,
    ran: Option<u64>,
    pause: Option<u64>,
    cause: Option<u32>,
    cause_path: Option<String>,
    /// An object of an attempt, text of anything else.
    error: Option<Json>,
    items: Option<u64>,
    failed: Option<u64>,
    cancelled: Option<u64>,
    succeeded: Option<u64>,
    skipped: Option<u64>,
    /// A number of a level, text of a log line.
    level: Option<Json>,
    nodes: Option<Json>,
    refused: Option<String>,
    millionths: Option<u64>,
    note: Option<String>,
    message: Option<String>,
    name: Option<String>,
    of: Option<String>,
    most: Option<u64>,
    used: Option<u64>,
    starts: Option<u64>,
    spent: Option<u64>,
    count: Option<u32>,
    value: Option<String>,
    status: Option<String>,
    duration: Option<u64>,
    inputs: Vec<(String, String)>,
}

impl Record {
    /// Reads a record. One that breaks off is read as far as it goes, and [`Record::cut`] says so;
    /// kinds of lines and keys that are not known are passed over.
    ///
    /// # Errors
    /// When it is no record, has not even its first line, is of a newer version, or the system does
    /// not give it.
    pub fn read(mut input: impl BufRead) -> Result<Self, RecordError> {
        let mut bytes = Vec::new();
        input.read_until(b'\n', &mut bytes)?;
        let header = header(&bytes)?;
        let mut reader = Reader::new(header);
        let mut line = 1;
        loop {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            line += 1;
            let text = bytes.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let whole = bytes.last() == Some(&b'\n');
            let taken = serde_json::from_slice::<Raw>(text)
                .map_err(|error| error.to_string())
                .and_then(|raw| reader.take(raw));
            match taken {
                Ok(()) => {}
                Err(_) if !whole => reader.record.cut = Some(Cut::InLine { line }),
                Err(reason) => {
                    reader.record.cut.get_or_insert(Cut::BadLine { line, reason });
                }
            }
        }
        let mut record = reader.record;
        // Quick: they nearly are.
        record.attempts.sort_by_key(|attempt| attempt.start);
        if record.counts.is_none() && !matches!(record.cut, Some(Cut::InLine { .. })) {
            record.cut = Some(Cut::NoEnd { line });
        }
        Ok(record)
    }

    /// The nodes.
    pub fn nodes(&self) -> &[RecordNode] {
        &self.header.nodes
    }

    /// Whether it tells the run to its end and nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none()
    }

    /// How long the run took, or as long as the record goes, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.status.as_ref().map_or(self.last, |(_, duration)| self.last.max(*duration))
    }
}

fn header(line: &[u8]) -> Result<Header, RecordError> {
    let text = line.trim_ascii();
    if text.is_empty() {
        return Err(RecordError::Empty);
    }
    let not = |reason: String| RecordError::NotARecord { reason };
    let whole = line.last() == Some(&b'\n');
    let json: Json = match serde_json::from_slice(text) {
        Ok(json) => json,
        Err(_) if !whole && text.starts_with(b"{\"terrace_record\"") => {
            return Err(RecordError::Empty);
        }
        Err(error) => return Err(not(error.to_string())),
    };
    let Some(version) = json.get("terrace_record") else {
        return Err(not("it has no `terrace_record`".to_owned()));
    };
    match version.as_u64() {
        Some(found) if found > u64::from(super::VERSION) => {
            return Err(RecordError::Newer { found, known: super::VERSION });
        }
        Some(1..) => {}
        _ => return Err(not(format!("its version is {version}"))),
    }
    serde_json::from_value(json).map_err(|error| not(error.to_string()))
}

/// Makes a record of lines.
struct Reader {
    record: Record,
    /// The nodes of the header by name.
    names: HashMap<String, u32>,
    /// The last attempt of each own node that runs.
    own: HashMap<u32, Option<usize>>,
    /// What is known of each path.
    paths: HashMap<Arc<str>, Known>,
    /// Tasks that the header does not have.
    tasks: HashMap<String, Arc<str>>,
    /// The last run of each map.
    maps: HashMap<Place, usize>,
}

struct Known {
    node: Option<u32>,
    /// The attempt that runs.
    open: Option<usize>,
}

impl Reader {
    fn new(header: Header) -> Self {
        let numbered = header.nodes.iter().zip(0_u32..);
        let names = numbered.map(|(node, number)| (node.name.clone(), number)).collect();
        Self {
            record: Record { header, ..Record::default() },
            names,
            own: HashMap::new(),
            paths: HashMap::new(),
            tasks: HashMap::new(),
            maps: HashMap::new(),
        }
    }

    /// Takes a line; of a kind that is not known, nothing.
    fn take(&mut self, raw: Raw) -> Result<(), String> {
        if let Some(at) = raw.at {
            self.record.last = self.record.last.max(at);
        }
        match raw.k.as_str() {
            "start" => self.start(raw),
            "end" => self.end(raw),
            "retry" | "abandon" => self.between(raw),
            "reserve" => {
                let (place, at) = (self.place(&raw)?, time(&raw)?);
                self.record.reserved.push(Reserved { place, at });
                Ok(())
            }
            "map" | "advance" | "mapped" => self.map(&raw),
            "pause" | "pass" => self.checkpoint(raw),
            "progress" => {
                let (place, at) = (self.place(&raw)?, time(&raw)?);
                let millionths = raw.millionths.unwrap_or_default();
                let note = raw.note.unwrap_or_default();
                self.record.progress.push(Progress { place, at, millionths, note });
                Ok(())
            }
            "log" => {
                let (place, at) = (self.place(&raw)?, time(&raw)?);
                let level = raw.level.as_ref().and_then(Json::as_str).unwrap_or("info").to_owned();
                let message = raw.message.unwrap_or_default();
                self.record.logs.push(Log { place, at, level, message });
                Ok(())
            }
            "given" => {
                let (place, at) = (self.place(&raw)?, time(&raw)?);
                self.record.given.push(Given { place, at, inputs: raw.inputs });
                Ok(())
            }
            "gave" => {
                let (place, at) = (self.place(&raw)?, time(&raw)?);
                let value = raw.value.unwrap_or_default();
                self.record.gave.push(Gave { place, at, value });
                Ok(())
            }
            _ => self.last_lines(raw),
        }
    }

    /// Takes a line that tells how the run ended.
    fn last_lines(&mut self, raw: Raw) -> Result<(), String> {
        match raw.k.as_str() {
            "finish" => {
                self.record.counts = Some(RunCounts {
                    at: time(&raw)?,
                    succeeded: raw.succeeded.unwrap_or_default(),
                    failed: raw.failed.unwrap_or_default(),
                    skipped: raw.skipped.unwrap_or_default(),
                    cancelled: raw.cancelled.unwrap_or_default(),
                });
            }
            "no_more_values" => self.record.values_cut = true,
            "limit" => self.record.limits.push(LimitUse {
                name: raw.name.ok_or("it has no `name`")?,
                most: raw.most,
                used: raw.used.unwrap_or_default(),
                starts: raw.starts.unwrap_or_default(),
            }),
            "budget" => self.record.budgets.push(Budget {
                of: raw.of.ok_or("it has no `of`")?,
                most: raw.most.unwrap_or_default(),
                spent: raw.spent.unwrap_or_default(),
            }),
            "leftover" => {
                let task = raw.task.ok_or("it has no `task`")?;
                self.record.leftovers.push((task, raw.count.unwrap_or(1)));
            }
            "output" => {
                let name = raw.name.ok_or("it has no `name`")?;
                let error =
                    raw.error.as_ref().and_then(Json::as_str).unwrap_or_default().to_owned();
                self.record.outputs.push((name, raw.value.ok_or(error)));
            }
            "result" => {
                let status = raw.status.ok_or("it has no `status`")?;
                self.record.status = Some((status, raw.duration.unwrap_or_default()));
                self.record.error = raw.error.as_ref().and_then(Json::as_str).map(str::to_owned);
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, raw: Raw) -> Result<(), String> {
        let (place, start) = (self.place(&raw)?, time(&raw)?);
        let lane = match raw.lane.as_deref() {
            Some("blocking") => Lane::Blocking,
            _ => Lane::Compute,
        };
        let task = raw.task.map(|task| self.task(task));
        *self.open(&place) = Some(self.record.attempts.len());
        self.record.attempts.push(Attempt {
            place,
            task,
            number: raw.r#try.unwrap_or(1),
            lane,
            worker: raw.worker.unwrap_or_default(),
            start,
            end: None,
            status: None,
            error: None,
            abandoned: false,
            pause: None,
        });
        Ok(())
    }

    fn end(&mut self, raw: Raw) -> Result<(), String> {
        let (place, at) = (self.place(&raw)?, time(&raw)?);
        let status = raw.status.as_deref().unwrap_or("ok");
        let status = OutcomeStatus::of_name(status)
            .ok_or_else(|| format!("nothing ends with the status `{status}`"))?;
        let error = error(raw.error)?;
        if let Some(open) = self.open(&place).take() {
            let attempt = &mut self.record.attempts[open];
            attempt.end = Some(at);
            attempt.status = Some(status);
            attempt.error.clone_from(&error);
        }
        let cause = match (raw.cause_path, raw.cause) {
            (Some(path), _) => Some(self.path(path)),
            (None, Some(node)) => Some(Place { node: Some(node), path: None }),
            (None, None) => None,
        };
        let task = raw.task.map(|task| self.task(task));
        let (attempts, ran) = (raw.tries.unwrap_or(1), raw.ran.unwrap_or_default());
        self.record.ends.push(End { place, task, at, status, attempts, ran, error, cause });
        Ok(())
    }

    /// Takes the end of an attempt that is not the last, or that it was given up.
    fn between(&mut self, raw: Raw) -> Result<(), String> {
        let (place, at) = (self.place(&raw)?, time(&raw)?);
        let retries = raw.k == "retry";
        let error = error(raw.error)?;
        let open = self.open(&place);
        // An attempt that was given up ends where that is said, and its error follows.
        let Some(number) = (if retries { open.take() } else { *open }) else { return Ok(()) };
        let attempt = &mut self.record.attempts[number];
        attempt.end.get_or_insert(at);
        if retries {
            let late = error.as_ref().is_some_and(|error| error.class == "timed_out");
            let status = if late { OutcomeStatus::TimedOut } else { OutcomeStatus::Failed };
            attempt.status = Some(status);
            attempt.error = error;
            attempt.pause = raw.pause;
        } else {
            attempt.abandoned = true;
        }
        Ok(())
    }

    fn map(&mut self, raw: &Raw) -> Result<(), String> {
        let (place, at) = (self.place(raw)?, time(raw)?);
        let items = raw.items.unwrap_or_default();
        if raw.k == "map" {
            self.maps.insert(place.clone(), self.record.maps.len());
            let (end, advances) = (None, Vec::new());
            let map = MapRun { place, items, start: at, end, advances, failed: 0, cancelled: 0 };
            self.record.maps.push(map);
            return Ok(());
        }
        let Some(&number) = self.maps.get(&place) else { return Ok(()) };
        let map = &mut self.record.maps[number];
        if raw.k == "advance" {
            let before = map.advances.last().map_or(0, |(_, items)| *items);
            map.advances.push((at, before + items));
        } else {
            map.end = Some(at);
            map.failed = raw.failed.unwrap_or_default();
            map.cancelled = raw.cancelled.unwrap_or_default();
        }
        Ok(())
    }

    fn checkpoint(&mut self, raw: Raw) -> Result<(), String> {
        let at = time(&raw)?;
        if raw.k == "pause" {
            let nodes = raw.nodes.map(serde_json::from_value).transpose();
            let nodes = nodes.map_err(|error| error.to_string())?.unwrap_or_default();
            let level = raw.level.as_ref().and_then(Json::as_u64);
            let checkpoint = Checkpoint { at, passed: None, level, nodes, refused: None };
            self.record.checkpoints.push(checkpoint);
        } else if let Some(checkpoint) = self.record.checkpoints.last_mut() {
            checkpoint.passed = Some(at);
            checkpoint.refused = raw.refused;
        }
        Ok(())
    }

    fn place(&mut self, raw: &Raw) -> Result<Place, String> {
        match (&raw.path, raw.node) {
            (Some(path), _) => Ok(self.path(path.clone())),
            (None, Some(node)) if (node as usize) < self.record.header.nodes.len() => {
                Ok(Place { node: Some(node), path: None })
            }
            (None, Some(node)) => Err(format!("there is no node {node}")),
            (None, None) => Err("it says of no node or path".to_owned()),
        }
    }

    fn path(&mut self, path: String) -> Place {
        if let Some((path, known)) = self.paths.get_key_value(&*path) {
            return Place { node: known.node, path: Some(Arc::clone(path)) };
        }
        let node = self.names.get(&without_items(&path)).copied();
        let path: Arc<str> = path.into();
        self.paths.insert(Arc::clone(&path), Known { node, open: None });
        Place { node, path: Some(path) }
    }

    /// The attempt that runs at a place.
    fn open(&mut self, place: &Place) -> &mut Option<usize> {
        match (&place.path, place.node) {
            (Some(path), node) => {
                let known = || Known { node, open: None };
                &mut self.paths.entry(Arc::clone(path)).or_insert_with(known).open
            }
            (None, node) => self.own.entry(node.unwrap_or(u32::MAX)).or_default(),
        }
    }

    fn task(&mut self, task: String) -> Arc<str> {
        if let Some(known) = self.tasks.get(&task) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = task.as_str().into();
        self.tasks.insert(task, Arc::clone(&shared));
        shared
    }
}

fn time(raw: &Raw) -> Result<u64, String> {
    raw.at.ok_or_else(|| "it has no `at`".to_owned())
}

fn error(json: Option<Json>) -> Result<Option<Error>, String> {
    json.map(serde_json::from_value).transpose().map_err(|error| error.to_string())
}

/// A path without the items and passes in it: the name of a node in the header. `m["a].b"][3].x` is
/// `m.x`.
fn without_items(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(one) = rest.next() {
        if one != '[' {
            name.push(one);
            continue;
        }
        let (mut quoted, mut escaped) = (false, false);
        for one in rest.by_ref() {
            match one {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ']' if !quoted => break,
                _ => {}
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_passes_are_no_part_of_a_nodes_name() {
        assert_eq!(without_items("m[3]"), "m");
        assert_eq!(without_items("m[3].inner[\"a\"].x"), "m.inner.x");
        assert_eq!(without_items(r#"m["a].b\"]["][3].x"#), "m.x");
        assert_eq!(without_items("left.merge"), "left.merge");
        assert_eq!(without_items("m[\"cut"), "m");
    }
}
