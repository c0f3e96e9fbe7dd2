//! The metrics of a run: how long things took, how many there were, and how many at once.

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider as _};
use opentelemetry::{KeyValue, StringValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use terrace_core::{Lane, OutcomeStatus};
use terrace_report::{Attempt, Record};

use crate::spans::{Trace, end, end_of, lane as lane_name, name, scope, task};

/// Borders of durations, in seconds: from a small task to a long run.
const SECONDS: [f64; 15] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0];

/// Measures a run while it goes on, or afterwards: each thing once, when it is over.
pub(crate) struct Measures {
    workflow: StringValue,
    run: Histogram<f64>,
    nodes: Histogram<f64>,
    ends: Counter<u64>,
    attempts: Histogram<f64>,
    retries: Counter<u64>,
    running: Gauge<u64>,
    most: Gauge<u64>,
    used: Gauge<u64>,
    /// How much of what is over was measured, and how many ends were looked at.
    known: (usize, usize),
    /// How many attempts were looked at, and which of them went on then.
    open: (usize, Vec<usize>),
    /// How many of them ran at once at most, whenever somebody looked.
    seen: [u64; 2],
}

const LANES: [Lane; 2] = [Lane::Compute, Lane::Blocking];

impl Measures {
    /// Of a record of which no more than the first line needs to be known.
    pub(crate) fn new(record: &Record, provider: &SdkMeterProvider) -> Self {
        let meter = provider.meter_with_scope(scope());
        let counter = |name, what| meter.u64_counter(name).with_description(what).build();
        let gauge = |name, what| meter.u64_gauge(name).with_description(what).build();
        Self {
            workflow: record.header.workflow.clone().into(),
            run: seconds(&meter, "terrace.run.duration", "How long runs took."),
            nodes: seconds(&meter, "terrace.node.duration", "How long nodes and items took."),
            ends: counter("terrace.nodes", "Nodes and items that ended."),
            attempts: seconds(&meter, "terrace.attempt.duration", "How long attempts took."),
            retries: counter("terrace.retries", "Attempts that were followed by another."),
            running: gauge("terrace.running", "How many attempts run."),
            most: gauge("terrace.running.max", "How many attempts ran at once, at most."),
            used: gauge("terrace.limit.used.max", "What was used of a limit at once, at most."),
            known: (0, 0),
            open: (0, Vec::new()),
            seen: [0; 2],
        }
    }

    /// Measures what is over by now, and looks how much runs.
    pub(crate) fn advance(&mut self, record: &Record, trace: &Trace) {
        self.measure(record, trace);
        let (looked_at, open) = &mut self.open;
        open.extend(*looked_at..record.attempts.len());
        *looked_at = record.attempts.len();
        open.retain(|&at| record.attempts[at].end.is_none());
        for (lane, seen) in LANES.into_iter().zip(&mut self.seen) {
            let of_lane = open.iter().filter(|&&at| record.attempts[at].lane == lane);
            let now = of_lane.count() as u64;
            *seen = now.max(*seen);
            let of = [workflow(&self.workflow), KeyValue::new("terrace.lane", lane_name(lane))];
            self.running.record(now, &of);
            self.most.record(*seen, &of);
        }
    }

    /// Measures what is left of a run that is over, and the run.
    pub(crate) fn finish(mut self, record: &Record, trace: &Trace) {
        self.measure(record, trace);
        let status = record.status.as_ref().map_or("open", |(status, _)| status).to_owned();
        let of = [workflow(&self.workflow), KeyValue::new("terrace.status", status)];
        self.run.record(end(record) as f64 / 1e9, &of);
        for lane in LANES {
            let of = [workflow(&self.workflow), KeyValue::new("terrace.lane", lane_name(lane))];
            self.running.record(0, &of);
            self.most.record(at_once(record, lane), &of);
        }
        for limit in &record.limits {
            let limit_name = KeyValue::new("terrace.limit", limit.name.clone());
            self.used.record(limit.used, &[workflow(&self.workflow), limit_name]);
        }
    }

    /// Measures what is over and was not measured.
    fn measure(&mut self, record: &Record, trace: &Trace) {
        for &at in &trace.over[self.known.0..] {
            let ran = &trace.ran[at];
            let attempts = ran.attempts.iter().map(|&at| &record.attempts[at]);
            let (start, end) = attempts.clone().fold((u64::MAX, 0), |(start, end), attempt| {
                (start.min(attempt.start), end.max(end_of(record, attempt)))
            });
            let first = task(record, &record.attempts[ran.attempts[0]]).to_owned();
            let known = [
                workflow(&self.workflow),
                KeyValue::new("terrace.task", first),
                KeyValue::new("terrace.status", name(ran.status)),
            ];
            self.nodes.record(end.saturating_sub(start) as f64 / 1e9, &known);
            self.ends.add(1, &known);
            for attempt in attempts {
                self.attempt(record, attempt);
            }
        }
        for end in record.ends[self.known.1..].iter().filter(|end| end.attempts == 0) {
            let status = KeyValue::new("terrace.status", end.status.name());
            self.ends.add(1, &[workflow(&self.workflow), status]);
        }
        self.known = (trace.over.len(), record.ends.len());
    }

    fn attempt(&self, record: &Record, attempt: &Attempt) {
        let took = end_of(record, attempt).saturating_sub(attempt.start);
        let what = KeyValue::new("terrace.task", task(record, attempt).to_owned());
        let status = attempt.status.or(attempt.pause.map(|_| OutcomeStatus::Failed));
        let known = [
            workflow(&self.workflow),
            what.clone(),
            KeyValue::new("terrace.lane", lane_name(attempt.lane)),
            KeyValue::new("terrace.status", name(status)),
        ];
        self.attempts.record(took as f64 / 1e9, &known);
        if attempt.pause.is_some() {
            self.retries.add(1, &[workflow(&self.workflow), what]);
        }
    }
}

fn workflow(name: &StringValue) -> KeyValue {
    KeyValue::new("terrace.workflow", name.clone())
}

fn seconds(meter: &Meter, name: &'static str, what: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(what)
        .with_boundaries(SECONDS.to_vec())
        .build()
}

/// How many attempts of a lane ran at once, at most; those that only wait for others inside too.
fn at_once(record: &Record, lane: Lane) -> u64 {
    let mut changes: Vec<(u64, bool)> = Vec::new();
    for attempt in record.attempts.iter().filter(|attempt| attempt.lane == lane) {
        changes.extend([(attempt.start, true), (end_of(record, attempt), false)]);
    }
    // Ends before starts of one moment: an attempt often begins when another ends.
    changes.sort_unstable();
    let (mut now, mut most) = (0_u64, 0);
    for (_, starts) in changes {
        now = if starts { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}
