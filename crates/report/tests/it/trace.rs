//! A record as a trace: it is JSON, has each attempt once, and no two spans of a track overlap.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use terrace_report::Record;

fn trace_of(lines: &str) -> (Record, Vec<Value>) {
    let record = Record::read(lines.as_bytes()).unwrap();
    let mut trace = Vec::new();
    record.to_trace(&mut trace).unwrap();
    let trace: Value = serde_json::from_slice(&trace).unwrap();
    let events = trace["traceEvents"].as_array().unwrap().clone();
    (record, events)
}

/// Nanoseconds, of microseconds with three digits.
fn nanos(event: &Value, field: &str) -> u64 {
    (event[field].as_f64().unwrap() * 1e3).round() as u64
}

/// Spans of the run's attempts: those with a number.
fn spans(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter(|event| event["ph"] == "X" && event["args"]["attempt"].is_u64())
}

fn overlaps(events: &[Value]) -> Vec<(Value, Value)> {
    let mut tracks: BTreeMap<(u64, u64), Vec<&Value>> = BTreeMap::new();
    for span in spans(events) {
        let track = (span["pid"].as_u64().unwrap(), span["tid"].as_u64().unwrap());
        tracks.entry(track).or_default().push(span);
    }
    let mut found = Vec::new();
    for spans in tracks.values_mut() {
        spans.sort_by_key(|span| (nanos(span, "ts"), nanos(span, "dur")));
        for two in spans.windows(2) {
            if nanos(two[0], "ts") + nanos(two[0], "dur") > nanos(two[1], "ts") {
                found.push((two[0].clone(), two[1].clone()));
            }
        }
    }
    found
}

#[test]
fn everything_that_happens_is_in_it() {
    let (record, events) = trace_of(include_str!("records/version-1.jsonl"));
    assert_eq!(spans(&events).count(), record.attempts.len());
    let mut text = String::new();
    for event in &events {
        writeln!(text, "{event}").unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    {"ph":"M","pid":1,"tid":0,"name":"process_name","args":{"name":"small: threads"}}
    {"ph":"M","pid":1,"tid":0,"name":"process_sort_index","args":{"sort_index":1}}
    {"ph":"M","pid":2,"tid":0,"name":"process_name","args":{"name":"small: maps and inner workflows"}}
    {"ph":"M","pid":2,"tid":0,"name":"process_sort_index","args":{"sort_index":2}}
    {"ph":"M","pid":3,"tid":0,"name":"process_name","args":{"name":"small: run"}}
    {"ph":"M","pid":3,"tid":0,"name":"process_sort_index","args":{"sort_index":3}}
    {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"worker 1"}}
    {"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"blocking 0"}}
    {"ph":"M","pid":2,"tid":3,"name":"thread_name","args":{"name":"around 1"}}
    {"ph":"X","pid":3,"tid":1,"ts":0.0,"dur":18.0,"name":"run","cat":"run","args":{"run":"r-1","status":"failed","error":null}}
    {"ph":"X","pid":3,"tid":2,"ts":14.0,"dur":1.0,"name":"checkpoint","cat":"checkpoint","args":{"level":0,"refused":"no"}}
    {"ph":"X","pid":1,"tid":1,"ts":1.0,"dur":1.0,"name":"one","cat":"level 0","args":{"task":"closure","attempt":1,"status":"failed","error":"no \"***\"\n: deep"}}
    {"ph":"i","s":"t","pid":1,"tid":1,"ts":2.0,"cat":"retry","name":"again in 0.000 s: one"}
    {"ph":"X","pid":1,"tid":2,"ts":3.0,"dur":2.0,"name":"one","cat":"level 0","args":{"task":"closure","attempt":2,"status":"timed_out","error":"no \"***\"\n: deep","abandoned":true}}
    {"ph":"i","s":"t","pid":1,"tid":2,"ts":5.0,"cat":"abandoned","name":"given up: one"}
    {"ph":"X","pid":2,"tid":3,"ts":7.0,"dur":4.0,"name":"both.left[\"a]\"]","cat":"inside","args":{"task":"workflow","attempt":1,"status":"ok"}}
    {"ph":"i","s":"t","pid":3,"tid":1,"ts":13.0,"cat":"limit","name":"waited too long: two"}
    {"ph":"C","pid":3,"tid":0,"ts":1.0,"name":"running","args":{"compute":1,"blocking":0}}
    {"ph":"C","pid":3,"tid":0,"ts":2.0,"name":"running","args":{"compute":0,"blocking":0}}
    {"ph":"C","pid":3,"tid":0,"ts":3.0,"name":"running","args":{"compute":0,"blocking":1}}
    {"ph":"C","pid":3,"tid":0,"ts":5.0,"name":"running","args":{"compute":0,"blocking":0}}
    "#);
}

/// A run in which attempts lie around others, beside others and on one thread at once.
fn random(seed: u64) -> String {
    let mut state = seed;
    let mut next = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = String::from(
        "{\"terrace_record\":1,\"run\":\"r\",\"workflow\":\"w\",\"levels\":1,\"own\":2,\"nodes\":[\
         {\"name\":\"m\",\"task\":\"t\",\"kind\":\"map\"},{\"name\":\"x\",\"task\":\"t\",\"kind\":\"branches\"},\
         {\"name\":\"x.y\",\"task\":\"u\",\"inside\":1}]}\n",
    );
    let mut lines: Vec<(u64, String)> = Vec::new();
    let mut put = |at: u64, line: String| lines.push((at, line));
    for (node, end) in [(0, 900_000), (1, 1_000_000)] {
        put(node, format!("{{\"k\":\"start\",\"at\":{node},\"node\":{node},\"worker\":0}}"));
        put(
            end,
            format!(
                "{{\"k\":\"end\",\"at\":{end},\"node\":{node},\"tries\":1,\"ran\":{}}}",
                end - node
            ),
        );
    }
    for at in 0..200 {
        let path = if at % 3 == 0 { format!("x.y[{at}]") } else { format!("m[{at}]") };
        let (lane, worker) = (["compute", "blocking"][next(2) as usize], next(3));
        let mut begin = 2 + next(800_000);
        let tries = 1 + next(3);
        for attempt in 1..=tries {
            put(
                begin,
                format!(
                    "{{\"k\":\"start\",\"at\":{begin},\"path\":\"{path}\",\"try\":{attempt},\"lane\":\"{lane}\",\"worker\":{worker}}}"
                ),
            );
            let end = begin + next(20_000);
            if attempt < tries {
                put(
                    end,
                    format!(
                        "{{\"k\":\"retry\",\"at\":{end},\"path\":\"{path}\",\"try\":{attempt},\"pause\":500,\"error\":{{\"message\":\"e\"}}}}"
                    ),
                );
                begin = end + 500;
            } else if next(10) > 0 {
                put(
                    end,
                    format!(
                        "{{\"k\":\"end\",\"at\":{end},\"path\":\"{path}\",\"tries\":{tries},\"ran\":{}}}",
                        end - begin
                    ),
                );
            }
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    for (_, line) in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn spans_of_a_track_never_overlap_and_are_all_attempts() {
    for seed in 0..40 {
        let (record, events) = trace_of(&random(seed));
        assert!(record.attempts.len() > 200, "seed {seed}");
        assert_eq!(spans(&events).count(), record.attempts.len(), "seed {seed}");
        assert_eq!(overlaps(&events), [], "seed {seed}");
        // Nothing of an attempt's time is lost.
        let of_record = record.attempts.iter().map(|at| at.end.unwrap_or(record.last) - at.start);
        let of_trace = spans(&events).map(|span| nanos(span, "dur"));
        assert_eq!(of_trace.sum::<u64>(), of_record.sum::<u64>(), "seed {seed}");
        let retried = record.attempts.iter().filter(|attempt| attempt.pause.is_some()).count();
        let retries = events.iter().filter(|event| event["cat"] == "retry" && event["ph"] == "i");
        assert_eq!(retries.count(), retried, "seed {seed}");
    }
}

#[test]
fn what_runs_at_once_is_counted_up_and_down_again() {
    for seed in 0..10 {
        let (record, events) = trace_of(&random(seed));
        let leaves: Vec<(u64, u64)> = record
            .attempts
            .iter()
            .filter(|attempt| attempt.place.path.is_some())
            .map(|attempt| (attempt.start, attempt.end.unwrap_or(record.last)))
            .collect();
        // Looked at one by one, at every start.
        let at_once =
            |at: u64| leaves.iter().filter(|(start, end)| *start <= at && at < *end).count();
        let most = leaves.iter().map(|(start, _)| at_once(*start)).max().unwrap();
        let counts: Vec<u64> = events
            .iter()
            .filter(|event| event["ph"] == "C")
            .map(|event| {
                event["args"]["compute"].as_u64().unwrap()
                    + event["args"]["blocking"].as_u64().unwrap()
            })
            .collect();
        // Of each lane the highest in a stretch: together never less than what ran at once.
        assert!(counts.iter().max().copied() >= Some(most as u64), "seed {seed}");
        assert_eq!(counts.last(), Some(&0), "seed {seed}");
    }
}

#[test]
fn a_record_that_breaks_off_is_a_trace_too() {
    let whole = include_str!("records/version-1.jsonl");
    let first = whole.find('\n').unwrap() + 1;
    for end in first..whole.len() {
        if !whole.is_char_boundary(end) {
            continue;
        }
        let (record, events) = trace_of(&whole[..end]);
        assert_eq!(spans(&events).count(), record.attempts.len(), "{end}");
    }
}
