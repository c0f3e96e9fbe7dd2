//! The spans of a run: the run, what ran in it, and each try.

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

/// What ran: a node, or an item of a map.
pub(crate) struct Ran<'r> {
    pub(crate) name: &'r str,
    /// Its attempts in the record's list.
    pub(crate) attempts: Vec<usize>,
    /// What it is inside of, by number.
    around: Option<usize>,
    pub(crate) status: Option<OutcomeStatus>,
    error: Option<String>,
    logs: Vec<usize>,
    more_logs: u32,
}

/// A run, with what ran in it.
pub(crate) struct Run<'r> {
    pub(crate) record: &'r Record,
    pub(crate) ran: Vec<Ran<'r>>,
    ids: Ids,
    began: SystemTime,
}

impl<'r> Run<'r> {
    pub(crate) fn new(record: &'r Record) -> Self {
        let mut ran: Vec<Ran<'r>> = Vec::new();
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (number, attempt) in record.attempts.iter().enumerate() {
            let name = attempt.place.name(&record.header);
            let at = *by_name.entry(name).or_insert_with(|| {
                ran.push(Ran {
                    name,
                    attempts: Vec::new(),
                    around: None,
                    status: None,
                    error: None,
                    logs: Vec::new(),
                    more_logs: 0,
                });
                ran.len() - 1
            });
            ran[at].attempts.push(number);
            ran[at].status = attempt.status;
            ran[at].error = attempt.error.as_ref().map(ToString::to_string);
        }
        for end in &record.ends {
            if let Some(&at) = by_name.get(end.place.name(&record.header)) {
                ran[at].status = Some(end.status);
                ran[at].error = end.error.as_ref().map(ToString::to_string);
            }
        }
        for (number, log) in record.logs.iter().enumerate() {
            let Some(&at) = by_name.get(log.place.name(&record.header)) else { continue };
            if ran[at].logs.len() < LINES {
                ran[at].logs.push(number);
            } else {
                ran[at].more_logs += 1;
            }
        }
        for one in &mut ran {
            // `a.b[3].c` is inside of `a.b[3]`, that of `a.b`, that of `a`: the nearest that ran.
            let ends = one.name.rmatch_indices(['.', '[']).map(|(at, _)| &one.name[..at]);
            one.around = ends.into_iter().find_map(|around| by_name.get(around).copied());
        }
        let began = parse(&record.header.started).unwrap_or(UNIX_EPOCH);
        Self { record, ran, ids: Ids::of(&record.header.run), began }
    }

    /// When the run ended, in nanoseconds since its start.
    pub(crate) fn end(&self) -> u64 {
        self.record.status.as_ref().map_or(self.record.last, |(_, duration)| *duration)
    }

    pub(crate) fn end_of(&self, attempt: &Attempt) -> u64 {
        attempt.end.unwrap_or(self.record.last).max(attempt.start)
    }

    pub(crate) fn moment(&self, at: u64) -> SystemTime {
        self.began.checked_add(Duration::from_nanos(at)).unwrap_or(self.began)
    }

    /// What runs at a place.
    pub(crate) fn task(&self, attempt: &'r Attempt) -> &'r str {
        let node = attempt.place.node.and_then(|at| self.record.header.nodes.get(at as usize));
        attempt.task.as_deref().or(node.map(|node| &*node.task)).unwrap_or_default()
    }

    /// How many spans there are.
    pub(crate) fn len(&self) -> usize {
        1 + self.ran.len() + self.record.attempts.len()
    }

    /// Every span, the run first.
    pub(crate) fn spans(&self) -> impl Iterator<Item = SpanData> + '_ {
        let nodes = (0..self.ran.len()).map(|at| self.node_span(at));
        let attempts = self.ran.iter().enumerate().flat_map(move |(at, ran)| {
            ran.attempts.iter().map(move |&number| self.attempt_span(at, number))
        });
        std::iter::once(self.run_span()).chain(nodes).chain(attempts)
    }

    fn node_id(&self, at: usize) -> SpanId {
        self.ids.span(1 + at as u64)
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

    fn run_span(&self) -> SpanData {
        let header = &self.record.header;
        let name = if header.workflow.is_empty() { "workflow" } else { &header.workflow };
        let mut span =
            self.span(self.ids.span(0), SpanId::INVALID, name.to_owned(), (0, self.end()));
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
        let status = self.record.status.as_ref().map_or("open", |(status, _)| status);
        attributes.push(KeyValue::new("terrace.status", status.to_owned()));
        if let Some(counts) = &self.record.counts {
            for (key, count) in [
                ("terrace.nodes.succeeded", counts.succeeded),
                ("terrace.nodes.failed", counts.failed),
                ("terrace.nodes.skipped", counts.skipped),
                ("terrace.nodes.cancelled", counts.cancelled),
            ] {
                attributes.push(KeyValue::new(key, number(count)));
            }
        }
        span.status = match (status, &self.record.error) {
            ("succeeded", _) => Status::Ok,
            ("open", None) => Status::Unset,
            (_, Some(error)) => Status::error(error.clone()),
            (status, None) => Status::error(status.to_owned()),
        };
        span
    }

    fn node_span(&self, at: usize) -> SpanData {
        let ran = &self.ran[at];
        let attempts = || ran.attempts.iter().map(|&number| &self.record.attempts[number]);
        let start = attempts().map(|attempt| attempt.start).min().unwrap_or_default();
        let end = attempts().map(|attempt| self.end_of(attempt)).max().unwrap_or(start);
        let parent = ran.around.map_or_else(|| self.ids.span(0), |around| self.node_id(around));
        let mut span = self.span(self.node_id(at), parent, ran.name.to_owned(), (start, end));
        let first = &self.record.attempts[ran.attempts[0]];
        span.attributes.push(KeyValue::new("terrace.node", ran.name.to_owned()));
        span.attributes.push(KeyValue::new("terrace.task", self.task(first).to_owned()));
        span.attributes.push(KeyValue::new("terrace.attempts", number(ran.attempts.len() as u64)));
        span.attributes.push(KeyValue::new("terrace.status", name(ran.status)));
        let node = first.place.node.and_then(|at| self.record.header.nodes.get(at as usize));
        if let Some(node) = node {
            span.attributes.push(KeyValue::new("terrace.level", number(node.level)));
            if let Some(pack) = &node.pack {
                span.attributes.push(KeyValue::new("terrace.pack", pack.clone()));
            }
        }
        let logs = ran.logs.iter().map(|&at| &self.record.logs[at]);
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

    fn attempt_span(&self, at: usize, number_in_record: usize) -> SpanData {
        let attempt = &self.record.attempts[number_in_record];
        let id = self.ids.span(1 + self.ran.len() as u64 + number_in_record as u64);
        let end = self.end_of(attempt);
        let text = format!("attempt {}", attempt.number);
        let mut span = self.span(id, self.node_id(at), text, (attempt.start, end));
        // One that is followed by another failed, whatever became of the node.
        let status = attempt.status.or(attempt.pause.map(|_| OutcomeStatus::Failed));
        let attributes = &mut span.attributes;
        attributes.push(KeyValue::new("terrace.node", self.ran[at].name.to_owned()));
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
