//! The metrics of a run: how long things took, how many there were, and how many at once.

use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::{KeyValue, StringValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use terrace_core::{Lane, OutcomeStatus};
use terrace_report::Record;

use crate::spans::{Trace, end, end_of, lane, name, scope, task};

/// Borders of durations, in seconds: from a small task to a long run.
const SECONDS: [f64; 15] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0];

/// Measures a run that is over.
pub(crate) fn measure(record: &Record, trace: &Trace, provider: &SdkMeterProvider) {
    let meter = provider.meter_with_scope(scope());
    let workflow: StringValue = record.header.workflow.clone().into();
    let of = |more: Vec<KeyValue>| {
        let mut all = vec![KeyValue::new("terrace.workflow", workflow.clone())];
        all.extend(more);
        all
    };
    let status = record.status.as_ref().map_or("open", |(status, _)| status).to_owned();
    let runs = seconds(&meter, "terrace.run.duration", "How long runs took.");
    runs.record(end(record) as f64 / 1e9, &of(vec![KeyValue::new("terrace.status", status)]));

    let nodes = seconds(&meter, "terrace.node.duration", "How long nodes and items took.");
    let ends =
        meter.u64_counter("terrace.nodes").with_description("Nodes and items that ended.").build();
    for ran in &trace.ran {
        let attempts = ran.attempts.iter().map(|&at| &record.attempts[at]);
        let (start, end) = attempts.fold((u64::MAX, 0), |(start, end), attempt| {
            (start.min(attempt.start), end.max(end_of(record, attempt)))
        });
        let first = task(record, &record.attempts[ran.attempts[0]]).to_owned();
        let known = of(vec![
            KeyValue::new("terrace.task", first),
            KeyValue::new("terrace.status", name(ran.status)),
        ]);
        nodes.record(end.saturating_sub(start) as f64 / 1e9, &known);
        ends.add(1, &known);
    }
    let not_run = record.ends.iter().filter(|end| end.attempts == 0);
    for end in not_run {
        ends.add(1, &of(vec![KeyValue::new("terrace.status", end.status.name())]));
    }

    let tries = seconds(&meter, "terrace.attempt.duration", "How long attempts took.");
    let retries = meter
        .u64_counter("terrace.retries")
        .with_description("Attempts that were followed by another.")
        .build();
    for attempt in &record.attempts {
        let took = end_of(record, attempt) - attempt.start;
        let what = KeyValue::new("terrace.task", task(record, attempt).to_owned());
        let status = attempt.status.or(attempt.pause.map(|_| OutcomeStatus::Failed));
        let known = of(vec![
            what.clone(),
            KeyValue::new("terrace.lane", lane(attempt.lane)),
            KeyValue::new("terrace.status", name(status)),
        ]);
        tries.record(took as f64 / 1e9, &known);
        if attempt.pause.is_some() {
            retries.add(1, &of(vec![what]));
        }
    }

    let running = meter
        .u64_gauge("terrace.running.max")
        .with_description("How many attempts ran at once, at most.")
        .build();
    for which in [Lane::Compute, Lane::Blocking] {
        running
            .record(at_once(record, which), &of(vec![KeyValue::new("terrace.lane", lane(which))]));
    }
    let used = meter
        .u64_gauge("terrace.limit.used.max")
        .with_description("What was used of a limit at once, at most.")
        .build();
    for limit in &record.limits {
        used.record(limit.used, &of(vec![KeyValue::new("terrace.limit", limit.name.clone())]));
    }
}

fn seconds(
    meter: &Meter,
    name: &'static str,
    what: &'static str,
) -> opentelemetry::metrics::Histogram<f64> {
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
