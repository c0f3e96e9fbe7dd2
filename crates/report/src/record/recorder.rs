//! [`Recorder`]: writes down what happens in a run.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use terrace_core::{
    Event, EventKind, EventKinds, Lane, NodeId, Observer, OutcomeStatus, Redactor, Signature,
    TaskError, Value,
};

use super::header::Header;
use super::line::{Line, cut, number, text};
use super::model::{Budget, LimitUse};
use super::preview::write;
use super::sink::Sink;

/// The longest error message, log line or reason that is written, in bytes.
const LONG: usize = 8 << 10;

/// What a recorder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderOptions {
    /// Every item of a map over a single task, and not only how many have ended. Costs two lines an
    /// item, and such maps run item by item.
    pub items: bool,
    /// How many bytes of a value are shown; 0: none are.
    pub value_bytes: usize,
    /// How many bytes of values are written of a whole run: what is given and given back later is
    /// not shown.
    pub all_values_bytes: u64,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self { items: true, value_bytes: 400, all_values_bytes: 32 << 20 }
    }
}

impl RecorderOptions {
    /// Sets whether every item of a map over a single task is written.
    #[must_use]
    pub fn with_items(mut self, items: bool) -> Self {
        self.items = items;
        self
    }

    /// Sets how many bytes of a value are shown; with 0 no values are written.
    #[must_use]
    pub fn with_value_bytes(mut self, bytes: usize) -> Self {
        self.value_bytes = bytes;
        self
    }
}

/// Writes down what happens in a run, for an [`Observer`]'s place. Cloning shares it.
///
/// A line is in the file within a second, that of a failure at once; see `docs/RECORD.md`. An error
/// of the disk ends the record and not the run: [`Recorder::finish`] tells it.
///
/// ```
/// use std::io::Cursor;
/// use std::time::Duration;
/// use terrace_core::{Event, EventKind, NoTasks, Observer, Redactor, WorkflowBuilder};
/// use terrace_report::{Closing, Header, Record, Recorder, RecorderOptions};
///
/// let workflow = WorkflowBuilder::new("empty").build(&NoTasks)?;
/// let file = std::env::temp_dir().join(format!("terrace-doc-{}.jsonl", std::process::id()));
/// let recorder = Recorder::new(
///     std::fs::File::create(&file)?,
///     &Header::of(&workflow),
///     Redactor::default(),
///     RecorderOptions::default(),
/// )?;
/// // A run does this, to whom it is given as its observer.
/// let kind = EventKind::RunFinished { succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
/// recorder.event(&Event { at: Duration::ZERO, kind });
/// recorder.finish(&Closing { status: "succeeded".to_owned(), ..Closing::default() })?;
///
/// let record = Record::read(Cursor::new(std::fs::read(&file)?))?;
/// assert!(record.is_complete());
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    sink: Sink,
    redactor: Redactor,
    options: RecorderOptions,
    /// Whether there may be nodes that the header does not have.
    grows: bool,
    /// How many bytes of values were written.
    shown: AtomicU64,
    /// Whether it says that there are more.
    said_so: AtomicBool,
}

/// What is known when a run is over, beside its events.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// How it ended: `succeeded`, `failed`, `cancelled`, `limit_reached`, `stopped_at_checkpoint`.
    pub status: String,
    /// How long it took.
    pub duration: Duration,
    /// What stopped it that is no node's error.
    pub error: Option<String>,
    /// What was used of limits.
    pub limits: Vec<LimitUse>,
    /// What was spent.
    pub budgets: Vec<Budget>,
    /// Declared outputs, or why there is none.
    pub outputs: Vec<(String, Result<Value, String>)>,
    /// Attempts that were given up and still ran, by task.
    pub leftovers: Vec<(String, u32)>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins a record with its first line. `redactor`: the run's own, which learns secrets while it
    /// runs.
    ///
    /// # Errors
    /// When the system gives no thread that writes, or `header` cannot be written as JSON.
    pub fn new(
        output: impl Write + Send + 'static,
        header: &Header,
        redactor: Redactor,
        options: RecorderOptions,
    ) -> io::Result<Self> {
        let mut changed = None;
        let header = match header.without_items != options.items {
            true => header,
            false => changed.insert(Header { without_items: !options.items, ..header.clone() }),
        };
        let mut first = serde_json::to_vec(header)?;
        first.push(b'\n');
        let grows = header.grows || header.not_listed > 0;
        let sink = Sink::new(output, first)?;
        let (shown, said_so) = (AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self(Arc::new(Inner { sink, redactor, options, grows, shown, said_so })))
    }

    /// Writes how the run ended and closes the record. What comes later is not written.
    ///
    /// # Errors
    /// The first error that the output gave: the record ends there.
    pub fn finish(&self, closing: &Closing) -> io::Result<()> {
        let inner = &*self.0;
        // After all that has a time.
        inner.sink.append(u64::MAX, true, |buffer| inner.close(closing, buffer));
        inner.sink.close()
    }
}

impl Observer for Recorder {
    fn event(&self, event: &Event) {
        let inner = &*self.0;
        let urgent = match &event.kind {
            EventKind::NodeFinished { status, .. } => {
                matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut)
            }
            EventKind::NodeAbandoned { .. }
            | EventKind::CheckpointReached { .. }
            | EventKind::RunFinished { .. } => true,
            _ => false,
        };
        let at = nanos(event.at);
        inner.sink.append(at, urgent, |buffer| inner.write(at, event, buffer));
    }

    fn is_concurrent(&self) -> bool {
        true
    }

    fn wants(&self) -> EventKinds {
        let kinds = EventKinds::RUN
            | EventKinds::NODES
            | EventKinds::INSIDE
            | EventKinds::MAPS
            | EventKinds::PROGRESS
            | EventKinds::LOGS;
        let options = self.0.options;
        let kinds = if options.items { kinds | EventKinds::ITEMS } else { kinds };
        if options.value_bytes > 0 { kinds | EventKinds::VALUES } else { kinds }
    }
}

impl Inner {
    fn write(&self, at: u64, event: &Event, buffer: &mut Vec<u8>) {
        let line = |buffer, kind| Line::new(buffer, kind).number("at", at);
        match &event.kind {
            EventKind::RunStarted { nodes, levels } => line(buffer, "run")
                .number("nodes", *nodes as u64)
                .number("levels", *levels as u64)
                .end(),
            EventKind::NodeStarted { node, path, task, attempt, lane, worker } => {
                let line = self.place(line(buffer, "start"), *node, path.as_deref());
                let line = self.task(line, path.is_some(), task);
                let line = line.unusual("try", u64::from(*attempt), 1);
                let line =
                    if *lane == Lane::Blocking { line.text("lane", "blocking") } else { line };
                line.number("worker", u64::from(*worker)).end();
            }
            EventKind::NodeFinished {
                node,
                path,
                task,
                status,
                attempts,
                duration,
                error,
                cause,
                cause_path,
                ..
            } => {
                let mut line = self.place(line(buffer, "end"), *node, path.as_deref());
                if *status != OutcomeStatus::Ok {
                    line = line.text("status", status.name());
                    line = self.task(line, path.is_some(), task);
                }
                line = line.unusual("tries", u64::from(*attempts), 1);
                line = line.number("ran", nanos(*duration));
                line = match (cause_path, cause) {
                    (Some(path), _) => line.text("cause_path", &self.redactor.mask(path)),
                    (None, Some(cause)) => line.number("cause", cause.index() as u64),
                    (None, None) => line,
                };
                self.error(line, error.as_ref()).end();
            }
            EventKind::NodeRetrying { node, path, attempt, error, pause } => {
                let line = self.place(line(buffer, "retry"), *node, path.as_deref());
                let line =
                    line.unusual("try", u64::from(*attempt), 1).number("pause", nanos(*pause));
                self.error(line, Some(error)).end();
            }
            EventKind::NodeAbandoned { node, path, attempt } => {
                let line = self.place(line(buffer, "abandon"), *node, path.as_deref());
                line.unusual("try", u64::from(*attempt), 1).end();
            }
            EventKind::NodeReserved { node, path } => {
                self.place(line(buffer, "reserve"), *node, path.as_deref()).end();
            }
            EventKind::MapStarted { node, path, items } => {
                let line = self.place(line(buffer, "map"), *node, path.as_deref());
                line.number("items", *items).end();
            }
            // Where each item has a line, this says nothing new.
            EventKind::MapAdvanced { node, path, items } if !self.options.items => {
                let line = self.place(line(buffer, "advance"), *node, path.as_deref());
                line.number("items", *items).end();
            }
            EventKind::MapFinished { node, path, items, failed, cancelled } => {
                let line = self.place(line(buffer, "mapped"), *node, path.as_deref());
                let line = line.number("items", *items).unusual("failed", *failed, 0);
                line.unusual("cancelled", *cancelled, 0).end();
            }
            EventKind::CheckpointReached { level, nodes } => {
                let line = line(buffer, "pause");
                let line = match level {
                    Some(level) => line.number("level", *level as u64),
                    None => line,
                };
                line.json("nodes", |buffer| {
                    buffer.push(b'[');
                    for (at, node) in nodes.iter().enumerate() {
                        if at > 0 {
                            buffer.push(b',');
                        }
                        number(buffer, node.index() as u64);
                    }
                    buffer.push(b']');
                })
                .end();
            }
            EventKind::CheckpointPassed { refused } => {
                let line = line(buffer, "pass");
                match refused {
                    Some(why) => line.text("refused", &self.shown(why, LONG)).end(),
                    None => line.end(),
                }
            }
            EventKind::NodeProgress { node, path, fraction, note } => {
                let line = self.place(line(buffer, "progress"), *node, path.as_deref());
                let line = line.number("millionths", millionths(*fraction));
                let line =
                    if note.is_empty() { line } else { line.text("note", &self.shown(note, LONG)) };
                line.end();
            }
            EventKind::NodeLog { node, path, level, message } => {
                let line = self.place(line(buffer, "log"), *node, path.as_deref());
                let level = format!("{level:?}").to_lowercase();
                line.text("level", &level).text("message", &self.shown(message, LONG)).end();
            }
            EventKind::NodeGiven { node, path, signature, values } => {
                if self.has_no_room(buffer) {
                    return;
                }
                let before = buffer.len();
                let line = self.place(line(buffer, "given"), *node, path.as_deref());
                line.json("inputs", |buffer| self.inputs(signature, values, buffer)).end();
                self.shown.fetch_add((buffer.len() - before) as u64, Ordering::Relaxed);
            }
            EventKind::NodeGave { node, path, value } => {
                if self.has_no_room(buffer) {
                    return;
                }
                let before = buffer.len();
                let line = self.place(line(buffer, "gave"), *node, path.as_deref());
                line.json("value", |buffer| self.value(buffer, value)).end();
                self.shown.fetch_add((buffer.len() - before) as u64, Ordering::Relaxed);
            }
            EventKind::RunFinished { succeeded, failed, skipped, cancelled } => {
                line(buffer, "finish")
                    .number("succeeded", *succeeded as u64)
                    .number("failed", *failed as u64)
                    .number("skipped", *skipped as u64)
                    .number("cancelled", *cancelled as u64)
                    .end();
            }
            _ => {}
        }
    }

    fn close(&self, closing: &Closing, buffer: &mut Vec<u8>) {
        for limit in &closing.limits {
            let line = Line::new(buffer, "limit").text("name", &limit.name);
            let line = match limit.most {
                Some(most) => line.number("most", most),
                None => line,
            };
            line.number("used", limit.used).number("starts", limit.starts).end();
        }
        for budget in &closing.budgets {
            Line::new(buffer, "budget")
                .text("of", &budget.of)
                .number("most", budget.most)
                .number("spent", budget.spent)
                .end();
        }
        for (task, count) in &closing.leftovers {
            Line::new(buffer, "leftover")
                .text("task", task)
                .number("count", u64::from(*count))
                .end();
        }
        for (name, value) in &closing.outputs {
            let line = Line::new(buffer, "output").text("name", name);
            match value {
                Ok(value) => line.json("value", |buffer| self.value(buffer, value)).end(),
                Err(why) => line.text("error", &self.shown(why, LONG)).end(),
            }
        }
        let line = Line::new(buffer, "result").text("status", &closing.status);
        let line = line.number("duration", nanos(closing.duration));
        match &closing.error {
            Some(error) => line.text("error", &self.shown(error, LONG)).end(),
            None => line.end(),
        }
    }

    /// Adds which node it is: the number of one of the run's own workflow, the path of another.
    fn place<'a>(&self, line: Line<'a>, node: NodeId, path: Option<&str>) -> Line<'a> {
        match path {
            None => line.number("node", node.index() as u64),
            Some(path) => line.text("path", &self.redactor.mask(path)),
        }
    }

    /// Adds what runs, where the header may not say so.
    fn task<'a>(&self, line: Line<'a>, inside: bool, task: &str) -> Line<'a> {
        if inside && self.grows { line.text("task", task) } else { line }
    }

    fn error<'a>(&self, line: Line<'a>, error: Option<&TaskError>) -> Line<'a> {
        let Some(error) = error else { return line };
        line.json("error", |buffer| {
            buffer.extend_from_slice(b"{\"class\":");
            text(buffer, error.class().name());
            if !error.code().is_empty() {
                buffer.extend_from_slice(b",\"code\":");
                text(buffer, error.code());
            }
            buffer.extend_from_slice(b",\"message\":");
            text(buffer, &self.shown(error.message(), LONG));
            for (at, cause) in error.causes().take(8).enumerate() {
                buffer.extend_from_slice(if at == 0 { b",\"causes\":[" } else { b"," });
                text(buffer, &self.shown(cause, LONG));
            }
            if error.causes().next().is_some() {
                buffer.push(b']');
            }
            if let Some(location) = error.location() {
                buffer.extend_from_slice(b",\"location\":");
                text(buffer, &self.shown(location, LONG));
            }
            buffer.push(b'}');
        })
    }

    /// Adds what a task is given: names of ports and values.
    fn inputs(&self, signature: &Signature, values: &[Value], buffer: &mut Vec<u8>) {
        buffer.push(b'[');
        for (at, value) in values.iter().enumerate() {
            buffer.extend_from_slice(if at == 0 { b"[" } else { b",[" });
            let port = signature.ports.get(at);
            text(buffer, port.map_or("", |port| port.name.as_str()));
            buffer.push(b',');
            match port {
                Some(port) if port.secret => text(buffer, "***"),
                _ => self.value(buffer, value),
            }
            buffer.push(b']');
        }
        buffer.push(b']');
    }

    /// Whether so many values were written that no more are. Says so the first time.
    fn has_no_room(&self, buffer: &mut Vec<u8>) -> bool {
        if self.options.value_bytes == 0 {
            return true;
        }
        let has_none = self.shown.load(Ordering::Relaxed) >= self.options.all_values_bytes;
        if has_none && !self.said_so.swap(true, Ordering::Relaxed) {
            Line::new(buffer, "no_more_values").end();
        }
        has_none
    }

    /// Text that a task wrote: masked, then cut.
    fn shown(&self, text: &str, most: usize) -> String {
        let masked = self.redactor.mask(text);
        let part = cut(&masked, most);
        if part.len() < masked.len() { format!("{part}…") } else { part.to_owned() }
    }

    fn value(&self, buffer: &mut Vec<u8>, value: &Value) {
        write(buffer, value, &self.redactor, self.options.value_bytes);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn millionths(fraction: f64) -> u64 {
    // What is no number counts as nothing.
    (fraction.clamp(0.0, 1.0) * 1e6) as u64
}
