//! The spans of a run: the run, what ran in it, and each try.
//!
//! A [`Trace`] follows a record while that grows. What has ended gives its spans, each once; what is
//! inside of something has that as its parent, whose own span follows when it has ended.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use terrace_core::{Lane, OutcomeStatus};
use terrace_report::{Attempt, Record};

use crate::ids::Ids;
use crate::moment::parse;

/// Log lines that a span has, at most.
const LINES: usize = 100;

/// What ran: a node, or an item of a map. What ran again as part of something that was tried again is
/// another.
pub(crate) struct Ran {
    name: String,
    id: SpanId,
    /// The span that it is inside of.
    around: SpanId,
    /// How often the same had run before.
    time: u32,
    /// Its attempts in the record's list.
    pub(crate) attempts: Vec<usize>,
    pub(crate) status: Option<OutcomeStatus>,
    error: Option<String>,
    logs: Vec<usize>,
    more_logs: u32,
    ended: bool,
}

/// What a record tells so far of what ran.
pub(crate) struct Trace {
    pub(crate) ran: Vec<Ran>,
    /// What of it is over, in the order in which that was told.
    pub(crate) over: Vec<usize>,
    /// What ran under each name, one after the other.
    by_name: HashMap<String, Vec<usize>>,
    ids: Ids,
    began: SystemTime,
    /// How much of the record is known: attempts, ends, log lines.
    known: (usize, usize, usize),
}

impl Trace {
    /// The trace of a record of which no more than the first line needs to be known.
    pub(crate) fn new(record: &Record) -> Self {
        Self {
            ran: Vec::new(),
            over: Vec::new(),
            by_name: HashMap::new(),
            ids: Ids::of(&record.header.run),
            began: parse(&record.header.started).unwrap_or(UNIX_EPOCH),
            known: (0, 0, 0),
        }
    }

    /// Takes note of what is new in the record, and gives the spans of all that has ended since.
    pub(crate) fn advance(&mut self, record: &Record) -> Vec<SpanData> {
        let (attempts, ends, logs) = self.known;
        for number in attempts..record.attempts.len() {
            self.begun(record, number);
        }
        let (mut spans, before) = (Vec::new(), self.over.len());
        for end in &record.ends[ends..] {
            // What ran again began after the one before had ended.
            let of_name = self.by_name.get(end.place.name(&record.header)).into_iter().flatten();
            let Some(&at) = of_name.into_iter().find(|&&at| !self.ran[at].ended) else { continue };
            let ran = &mut self.ran[at];
            ran.status = Some(end.status);
            ran.error = end.error.as_ref().map(ToString::to_string);
            ran.ended = true;
            self.over.push(at);
        }
        for (number, log) in record.logs.iter().enumerate().skip(logs) {
            let Some(at) = self.last(log.place.name(&record.header)) else { continue };
            let ran = &mut self.ran[at];
            if ran.logs.len() < LINES {
                ran.logs.push(number);
            } else {
                ran.more_logs += 1;
            }
        }
        for &at in &self.over[before..] {
            self.tell(record, at, &mut spans);
        }
        self.known = (record.attempts.len(), record.ends.len(), record.logs.len());
        spans
    }

    /// Gives what [`Trace::advance`] has not given, and the run itself.
    pub(crate) fn rest(&mut self, record: &Record) -> Vec<SpanData> {
        let mut spans = self.advance(record);
        for at in 0..self.ran.len() {
            if !std::mem::replace(&mut self.ran[at].ended, true) {
                self.over.push(at);
                self.tell(record, at, &mut spans);
            }
        }
        spans.push(self.run_span(record));
        spans
    }

    /// The last that ran under a name.
    fn last(&self, name: &str) -> Option<usize> {
        self.by_name.get(name)?.last().copied()
    }

    /// Takes note of an attempt.
    fn begun(&mut self, record: &Record, number: usize) {
        let attempt = &record.attempts[number];
        let name = attempt.place.name(&record.header);
        let known = self.last(name);
        // What is around was tried again, and this runs in it another time.
        let again = known.is_some_and(|at| {
            let earlier = self.ran[at].attempts.last();
            earlier.is_some_and(|&last| record.attempts[last].number >= attempt.number)
        });
        let at = match known.filter(|_| !again) {
            Some(at) => at,
            None => {
                // `a.b[3].c` is inside of `a.b[3]`, that of `a.b`, that of `a`: the nearest that ran.
                let mut ends = name.rmatch_indices(['.', '[']).map(|(at, _)| &name[..at]);
                let around = ends.find_map(|around| self.last(around));
                let around = around.map_or_else(|| self.ids.run(), |around| self.ran[around].id);
                let time = known.map_or(0, |at| self.ran[at].time + 1);
                self.by_name.entry(name.to_owned()).or_default().push(self.ran.len());
                self.ran.push(Ran {
                    name: name.to_owned(),
                    id: self.ids.part(name, time, None),
                    around,
                    time,
                    attempts: Vec::new(),
                    status: None,
                    error: None,
                    logs: Vec::new(),
                    more_logs: 0,
                    ended: false,
                });
                self.ran.len() - 1
            }
        };
        self.ran[at].attempts.push(number);
    }

    /// The spans of what has ended.
    fn tell(&self, record: &Record, at: usize, spans: &mut Vec<SpanData>) {
        spans.push(self.node_span(record, at));
        let attempts = self.ran[at].attempts.iter();
        spans.extend(attempts.map(|&number| self.attempt_span(record, at, number)));
    }

    fn moment(&self, at: u64) -> SystemTime {
        self.began.checked_add(Duration::from_nanos(at)).unwrap_or(self.began)
    }

    fn span(&self, id: SpanId, parent: SpanId, name: String, times: (u64, u64)) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                self.ids.trace(),
                id,
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: self.moment(times.0),
            end_time: self.moment(times.1),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: scope(),
        }
    }

    fn run_span(&self, record: &Record) -> SpanData {
        let header = &record.header;
        let name = if header.workflow.is_empty() { "workflow" } else { &header.workflow };
        let mut span =
            self.span(self.ids.run(), SpanId::INVALID, name.to_owned(), (0, end(record)));
        let attributes = &mut span.attributes;
        attributes.push(KeyValue::new("terrace.workflow", header.workflow.clone()));
        attributes.push(KeyValue::new("terrace.run.id", header.run.clone()));
        attributes.push(KeyValue::new("terrace.order", header.order.clone()));
        if let Some(workers) = header.workers {
            attributes.push(KeyValue::new("terrace.workers", number(workers)));
        }
        if let Some(file) = &header.file {
            attributes.push(KeyValue::new("terrace.file", file.clone()));
        }
        let status = record.status.as_ref().map_or("open", |(status, _)| status);
        attributes.push(KeyValue::new("terrace.status", status.to_owned()));
        if let Some(counts) = &record.counts {
            for (key, count) in [
                ("terrace.nodes.succeeded", counts.succeeded),
                ("terrace.nodes.failed", counts.failed),
                ("terrace.nodes.skipped", counts.skipped),
                ("terrace.nodes.cancelled", counts.cancelled),
            ] {
                attributes.push(KeyValue::new(key, number(count)));
            }
        }
        span.status = match (status, &record.error) {
            ("succeeded", _) => Status::Ok,
            ("open", None) => Status::Unset,
            (_, Some(error)) => Status::error(error.clone()),
            (status, None) => Status::error(status.to_owned()),
        };
        span
    }

    fn node_span(&self, record: &Record, at: usize) -> SpanData {
        let ran = &self.ran[at];
        let attempts = || ran.attempts.iter().map(|&number| &record.attempts[number]);
        let start = attempts().map(|attempt| attempt.start).min().unwrap_or_default();
        let end = attempts().map(|attempt| end_of(record, attempt)).max().unwrap_or(start);
        let mut span = self.span(ran.id, ran.around, ran.name.clone(), (start, end));
        let first = &record.attempts[ran.attempts[0]];
        span.attributes.push(KeyValue::new("terrace.node", ran.name.clone()));
        span.attributes.push(KeyValue::new("terrace.task", task(record, first).to_owned()));
        span.attributes.push(KeyValue::new("terrace.attempts", number(ran.attempts.len() as u64)));
        span.attributes.push(KeyValue::new("terrace.status", name(ran.status)));
        let node = first.place.node.and_then(|at| record.header.nodes.get(at as usize));
        if let Some(node) = node {
            span.attributes.push(KeyValue::new("terrace.level", number(node.level)));
            if let Some(pack) = &node.pack {
                span.attributes.push(KeyValue::new("terrace.pack", pack.clone()));
            }
        }
        let logs = ran.logs.iter().map(|&at| &record.logs[at]);
        span.events.events = logs
            .map(|log| {
                let level = KeyValue::new("terrace.log.level", log.level.clone());
                Event::new(log.message.clone(), self.moment(log.at), vec![level], 0)
            })
            .collect();
        span.events.dropped_count = ran.more_logs;
        span.status = ended(ran.status, ran.error.as_deref());
        span
    }

    fn attempt_span(&self, record: &Record, at: usize, number_in_record: usize) -> SpanData {
        let (ran, attempt) = (&self.ran[at], &record.attempts[number_in_record]);
        let id = self.ids.part(&ran.name, ran.time, Some(attempt.number));
        let end = end_of(record, attempt);
        let text = format!("attempt {}", attempt.number);
        let mut span = self.span(id, ran.id, text, (attempt.start, end));
        // One that is followed by another failed, whatever became of the node.
        let status = attempt.status.or(attempt.pause.map(|_| OutcomeStatus::Failed));
        let attributes = &mut span.attributes;
        attributes.push(KeyValue::new("terrace.node", ran.name.clone()));
        attributes.push(KeyValue::new("terrace.attempt", i64::from(attempt.number)));
        attributes.push(KeyValue::new("terrace.lane", lane(attempt.lane)));
        attributes.push(KeyValue::new("terrace.worker", i64::from(attempt.worker)));
        attributes.push(KeyValue::new("terrace.status", name(status)));
        if attempt.abandoned {
            attributes.push(KeyValue::new("terrace.abandoned", true));
        }
        if let Some(pause) = attempt.pause {
            let pause = KeyValue::new("terrace.pause", pause as f64 / 1e9);
            span.events.events.push(Event::new("retry", self.moment(end), vec![pause], 0));
        }
        span.status = ended(status, attempt.error.as_ref().map(ToString::to_string).as_deref());
        span
    }
}

/// When the run ended, in nanoseconds since its start.
pub(crate) fn end(record: &Record) -> u64 {
    record.status.as_ref().map_or(record.last, |(_, duration)| *duration)
}

pub(crate) fn end_of(record: &Record, attempt: &Attempt) -> u64 {
    attempt.end.unwrap_or(record.last).max(attempt.start)
}

/// What runs at a place.
pub(crate) fn task<'r>(record: &'r Record, attempt: &'r Attempt) -> &'r str {
    let node = attempt.place.node.and_then(|at| record.header.nodes.get(at as usize));
    attempt.task.as_deref().or(node.map(|node| &*node.task)).unwrap_or_default()
}

/// Who measured.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("terrace").with_version(env!("CARGO_PKG_VERSION")).build()
}

pub(crate) fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Compute => "compute",
        Lane::Blocking => "blocking",
    }
}

/// The name of a status that may not be known.
pub(crate) fn name(status: Option<OutcomeStatus>) -> &'static str {
    status.map_or("open", OutcomeStatus::name)
}

fn ended(status: Option<OutcomeStatus>, error: Option<&str>) -> Status {
    match status {
        Some(OutcomeStatus::Ok) => Status::Ok,
        Some(OutcomeStatus::Failed | OutcomeStatus::TimedOut) => {
            Status::error(error.unwrap_or_default().to_owned())
        }
        _ => Status::Unset,
    }
}

/// A count as OpenTelemetry has them.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
