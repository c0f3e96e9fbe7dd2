//! What a receiver gets of a run: decoded by the protocol's own definition.
#![expect(clippy::unwrap_used, reason = "clippy does not take helpers of tests for tests")]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use terrace_otel::{Follower, OtlpError, export};
use terrace_report::Record;

/// What was posted: path, content type, body.
type Posted = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// A receiver on a port of its own that answers with a status.
fn receiver(status: &'static str) -> (String, Posted) {
    receiver_of(status, status)
}

/// A receiver that answers spans and metrics each with a status.
fn receiver_of(spans: &'static str, metrics: &'static str) -> (String, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, serve(listener, spans, metrics))
}

/// Answers whoever comes.
fn serve(listener: TcpListener, spans: &'static str, metrics: &'static str) -> Posted {
    let posted = Posted::default();
    let own = Arc::clone(&posted);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, posted) = (stream.unwrap(), Arc::clone(&own));
            thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    let path = line.split(' ').nth(1).unwrap().to_owned();
                    let (mut length, mut kind) = (0, String::new());
                    loop {
                        let mut header = String::new();
                        reader.read_line(&mut header).unwrap();
                        let header = header.trim().to_ascii_lowercase();
                        match header.split_once(": ") {
                            Some(("content-length", value)) => length = value.parse().unwrap(),
                            Some(("content-type", value)) => kind = value.to_owned(),
                            Some(_) => {}
                            None => break,
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let status = if path == "/v1/metrics" { metrics } else { spans };
                    posted.lock().unwrap().push((path, kind, body));
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    reader.get_mut().write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    posted
}

/// A run with a node that is tried twice, one in a map in a branch, one that fails and one skipped.
const RUN: &str = r#"{"terrace_record":1,"run":"r-42","workflow":"nightly","started":"2026-11-30T12:00:00.500000000Z","order":"dataflow","workers":2,"levels":2,"own":3,"nodes":[{"name":"fetch","task":"http/get","pack":"http 0.1.0","blocking":true},{"name":"both","task":"branches","kind":"branches"},{"name":"sum","task":"math/add","level":1,"inputs":[["a",0]]},{"name":"both.left","inside":1,"task":"map","kind":"map"}]}
{"k":"run","at":0,"nodes":3,"levels":2}
{"k":"start","at":1000,"node":0,"lane":"blocking","worker":4}
{"k":"start","at":1500,"node":1,"worker":0}
{"k":"retry","at":2000,"node":0,"pause":500,"error":{"class":"failed","message":"503"}}
{"k":"start","at":2100,"path":"both.left","worker":0}
{"k":"map","at":2100,"path":"both.left","items":1}
{"k":"start","at":2200,"path":"both.left[0]","worker":1}
{"k":"start","at":2500,"node":0,"try":2,"lane":"blocking","worker":3}
{"k":"log","at":2600,"node":0,"level":"warn","message":"slow"}
{"k":"end","at":2900,"path":"both.left[0]","tries":1,"ran":700}
{"k":"mapped","at":2950,"path":"both.left","items":1}
{"k":"end","at":3000,"path":"both.left","tries":1,"ran":900}
{"k":"end","at":3100,"node":1,"tries":1,"ran":1600}
{"k":"end","at":9000,"node":0,"status":"failed","tries":2,"ran":6500,"error":{"class":"failed","message":"no route","causes":["dns"]}}
{"k":"end","at":9100,"node":2,"status":"skipped","tries":0,"ran":0,"cause":0}
{"k":"finish","at":9200,"succeeded":1,"failed":1,"skipped":1,"cancelled":0}
{"k":"limit","name":"site","most":10,"used":7,"starts":80}
{"k":"result","status":"failed","duration":10000}
"#;

/// 2026-11-30T12:00:00.5Z in nanoseconds.
const BEGAN: u64 = 1_796_040_000_500_000_000;

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match attribute(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key}: {other:?}"),
    }
}

fn int(attributes: &[KeyValue], key: &str) -> i64 {
    match attribute(attributes, key) {
        Some(Value::IntValue(int)) => *int,
        other => panic!("{key}: {other:?}"),
    }
}

fn spans(posted: &Posted) -> Vec<Span> {
    let posted = posted.lock().unwrap();
    let traces = posted.iter().filter(|(path, ..)| path == "/v1/traces");
    traces
        .flat_map(|(_, kind, body)| {
            assert_eq!(kind, "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(&body[..]).unwrap();
            let resource = &request.resource_spans[0];
            let attributes = &resource.resource.as_ref().unwrap().attributes;
            assert_eq!(text(attributes, "service.name"), "terrace");
            assert_eq!(resource.scope_spans[0].scope.as_ref().unwrap().name, "terrace");
            resource.scope_spans[0].spans.clone()
        })
        .collect()
}

#[test]
fn spans_have_the_records_times_parents_and_errors() {
    let (url, posted) = receiver("200 OK");
    let record = Record::read(RUN.as_bytes()).unwrap();
    let sent = export(&record, &format!("{url}/")).unwrap();
    let spans = spans(&posted);
    assert_eq!((spans.len(), sent.spans), (10, 10));
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (&*span.span_id, span)).collect();
    assert_eq!(by_id.len(), 10, "no id is there twice");
    assert!(
        spans.iter().all(|span| span.trace_id == spans[0].trace_id && span.trace_id.len() == 16)
    );

    let path = |span: &Span| {
        let mut names = vec![span.name.clone()];
        let mut at = &span.parent_span_id;
        while let Some(parent) = by_id.get(&**at) {
            names.push(parent.name.clone());
            at = &parent.parent_span_id;
        }
        assert!(at.is_empty() || at.iter().all(|&byte| byte == 0), "{names:?} hang in the air");
        names.reverse();
        names.join(" > ")
    };
    let shown: Vec<String> = spans
        .iter()
        .map(|span| {
            let (start, end) = (span.start_time_unix_nano - BEGAN, span.end_time_unix_nano - BEGAN);
            let status = span.status.clone().unwrap_or_default();
            let error = if status.message.is_empty() {
                String::new()
            } else {
                format!(" ({})", status.message)
            };
            format!(
                "{}: {start} to {end}, {}{error}",
                path(span),
                ["unset", "ok", "error"][status.code as usize]
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "nightly > both > both.left > both.left[0]: 2200 to 2900, ok",
            "nightly > both > both.left > both.left[0] > attempt 1: 2200 to 2900, ok",
            "nightly > both > both.left: 2100 to 3000, ok",
            "nightly > both > both.left > attempt 1: 2100 to 3000, ok",
            "nightly > both: 1500 to 3100, ok",
            "nightly > both > attempt 1: 1500 to 3100, ok",
            "nightly > fetch: 1000 to 9000, error (no route: dns)",
            "nightly > fetch > attempt 1: 1000 to 2000, error (503)",
            "nightly > fetch > attempt 2: 2500 to 9000, error (no route: dns)",
            "nightly: 0 to 10000, error (failed)",
        ]
    );

    let fetch = &spans[6].attributes;
    assert_eq!(text(fetch, "terrace.task"), "http/get");
    assert_eq!(text(fetch, "terrace.pack"), "http 0.1.0");
    assert_eq!(text(fetch, "terrace.status"), "failed");
    assert_eq!(int(fetch, "terrace.attempts"), 2);
    let log = &spans[6].events[0];
    assert_eq!((&*log.name, log.time_unix_nano - BEGAN), ("slow", 2600));
    let second = &spans[8].attributes;
    assert_eq!((int(second, "terrace.attempt"), int(second, "terrace.worker")), (2, 3));
    assert_eq!(text(second, "terrace.lane"), "blocking");
    assert_eq!(spans[7].events[0].name, "retry");
    assert_eq!(text(&spans[9].attributes, "terrace.run.id"), "r-42");
    assert_eq!(int(&spans[9].attributes, "terrace.nodes.skipped"), 1);
}

#[test]
fn what_is_sent_twice_is_the_same() {
    let record = Record::read(RUN.as_bytes()).unwrap();
    let (url, posted) = receiver("200 OK");
    export(&record, &url).unwrap();
    export(&record, &url).unwrap();
    let spans = spans(&posted);
    assert_eq!(spans[..10], spans[10..]);
}

/// Waits until there are so many spans, and gives their names.
fn wait_for_spans(posted: &Posted, count: usize) -> Vec<String> {
    // A minute is no measure of speed: it keeps a mistake from waiting for ever.
    for _ in 0..3_000 {
        if spans(posted).len() >= count {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    spans(posted).into_iter().map(|span| span.name).collect()
}

#[test]
fn what_has_ended_is_sent_while_the_run_goes_on() {
    let (url, posted) = receiver("200 OK");
    let (mut lines, follower) = Follower::start(&url).unwrap();
    let all: Vec<&str> = RUN.split_inclusive('\n').collect();
    lines.write_all(all[..11].concat().as_bytes()).unwrap();
    // The item of the map has ended, and the rest not: a run that is killed here has left this.
    assert_eq!(wait_for_spans(&posted, 2), ["both.left[0]", "attempt 1"]);
    // In the middle of a line.
    let (rest, middle) = (all[11..].concat(), all[11].len() / 2);
    lines.write_all(&rest.as_bytes()[..middle]).unwrap();
    lines.write_all(&rest.as_bytes()[middle..]).unwrap();
    assert_eq!(follower.finish().unwrap().spans, 10);
    let followed = spans(&posted);
    assert_eq!(followed.len(), 10);
    // The same as afterwards, ids too.
    let (url, posted) = receiver("200 OK");
    export(&Record::read(RUN.as_bytes()).unwrap(), &url).unwrap();
    assert_eq!(spans(&posted), followed);
}

#[test]
fn what_runs_again_in_something_that_is_tried_again_is_another() {
    let record = r#"{"terrace_record":1,"run":"again","own":1,"nodes":[{"name":"a","kind":"flow"},{"name":"a.b","inside":0}]}
{"k":"start","at":1,"node":0,"worker":0}
{"k":"start","at":2,"path":"a.b","worker":0}
{"k":"end","at":3,"path":"a.b","status":"failed","ran":1}
{"k":"retry","at":4,"node":0,"pause":0}
{"k":"start","at":4,"node":0,"try":2,"worker":0}
{"k":"start","at":5,"path":"a.b","worker":0}
{"k":"end","at":6,"path":"a.b","ran":1}
{"k":"end","at":7,"node":0,"tries":2,"ran":3}
"#;
    let (url, posted) = receiver("200 OK");
    export(&Record::read(record.as_bytes()).unwrap(), &url).unwrap();
    let spans = spans(&posted);
    let ids: HashSet<&[u8]> = spans.iter().map(|span| &*span.span_id).collect();
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(
        names,
        ["a.b", "attempt 1", "a.b", "attempt 1", "a", "attempt 1", "attempt 2", "workflow"]
    );
    assert_eq!(ids.len(), 8);
    assert_eq!(
        (spans[0].status.clone().unwrap().code, spans[2].status.clone().unwrap().code),
        (2, 1)
    );
}

#[test]
fn a_receiver_that_comes_later_gets_everything() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    let (mut lines, follower) = Follower::start(&format!("http://{address}")).unwrap();
    lines.write_all(RUN.as_bytes()).unwrap();
    // Nobody is there while it goes on.
    thread::sleep(Duration::from_millis(1_200));
    let posted = serve(TcpListener::bind(address).unwrap(), "200 OK", "200 OK");
    assert_eq!(follower.finish().unwrap().spans, 10);
    assert_eq!(spans(&posted).len(), 10);
    assert!(matches!(Follower::start("nowhere"), Err(OtlpError::Address { .. })));
}

#[test]
fn a_long_run_is_sent_in_batches() {
    let mut lines = RUN.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    for at in 0..1_000 {
        let (start, end) = (10 * at, 10 * at + 9);
        lines.push_str(&format!(
            "{{\"k\":\"start\",\"at\":{start},\"path\":\"both.left[{at}]\",\"worker\":0}}\n"
        ));
        lines.push_str(&format!(
            "{{\"k\":\"end\",\"at\":{end},\"path\":\"both.left[{at}]\",\"tries\":1,\"ran\":9}}\n"
        ));
    }
    let (url, posted) = receiver("200 OK");
    export(&Record::read(lines.as_bytes()).unwrap(), &url).unwrap();
    assert_eq!(spans(&posted).len(), 2_001);
    let requests = posted.lock().unwrap().iter().filter(|(path, ..)| path == "/v1/traces").count();
    assert_eq!(requests, 4);
}

#[test]
fn metrics_count_and_measure() {
    let (url, posted) = receiver("200 OK");
    export(&Record::read(RUN.as_bytes()).unwrap(), &url).unwrap();
    let posted = posted.lock().unwrap();
    let bodies: Vec<_> = posted.iter().filter(|(path, ..)| path == "/v1/metrics").collect();
    assert_eq!(bodies.len(), 1, "sent once");
    let request = ExportMetricsServiceRequest::decode(&bodies[0].2[..]).unwrap();
    let metrics: HashMap<&str, &Metric> = request.resource_metrics[0].scope_metrics[0]
        .metrics
        .iter()
        .map(|metric| (&*metric.name, metric))
        .collect();
    let histogram = |name: &str, key: &str, value: &str| {
        let Some(Data::Histogram(data)) = &metrics[name].data else { panic!("{name}") };
        let point = data.data_points.iter().find(|point| text(&point.attributes, key) == value);
        let point = point.unwrap_or_else(|| panic!("{name} {key}={value}"));
        assert_eq!(metrics[name].unit, "s");
        assert_eq!(text(&point.attributes, "terrace.workflow"), "nightly");
        (point.count, point.sum.map(|sum| (sum * 1e9).round() as u64))
    };
    assert_eq!(histogram("terrace.run.duration", "terrace.status", "failed"), (1, Some(10_000)));
    assert_eq!(histogram("terrace.node.duration", "terrace.task", "http/get"), (1, Some(8_000)));
    assert_eq!(histogram("terrace.attempt.duration", "terrace.lane", "blocking"), (2, Some(7_500)));

    let counts = |name: &str, key: &str| {
        let points = match &metrics[name].data {
            Some(Data::Sum(data)) => &data.data_points,
            Some(Data::Gauge(data)) => &data.data_points,
            other => panic!("{name}: {other:?}"),
        };
        let mut counts: Vec<(String, i64)> = points
            .iter()
            .map(|point| {
                let Some(number_data_point::Value::AsInt(value)) = point.value else {
                    panic!("{name}")
                };
                (text(&point.attributes, key), value)
            })
            .collect();
        counts.sort();
        counts
    };
    let count = |what: &str, number| (what.to_owned(), number);
    let statuses = counts("terrace.nodes", "terrace.status");
    let of = |status: &str| {
        statuses.iter().filter(|(known, _)| known == status).map(|(_, n)| n).sum::<i64>()
    };
    assert_eq!((of("ok"), of("failed"), of("skipped")), (3, 1, 1));
    assert_eq!(counts("terrace.retries", "terrace.task"), [count("http/get", 1)]);
    assert_eq!(
        counts("terrace.running.max", "terrace.lane"),
        [count("blocking", 1), count("compute", 3)]
    );
    assert_eq!(counts("terrace.limit.used.max", "terrace.limit"), [count("site", 7)]);
}

/// What was sent of metrics, one after the other: each point as name, attributes and value.
fn points(posted: &Posted) -> Vec<Vec<String>> {
    let posted = posted.lock().unwrap();
    let bodies = posted.iter().filter(|(path, ..)| path == "/v1/metrics");
    let shown = |attributes: &[KeyValue]| {
        let mut shown: Vec<String> = attributes
            .iter()
            .map(|attribute| format!("{}={}", attribute.key, text(attributes, &attribute.key)))
            .collect();
        shown.sort();
        shown.join(" ")
    };
    bodies
        .map(|(_, _, body)| {
            let request = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
            let mut points = Vec::new();
            for metric in &request.resource_metrics[0].scope_metrics[0].metrics {
                let numbers = match metric.data.as_ref().unwrap() {
                    Data::Sum(data) => &data.data_points,
                    Data::Gauge(data) => &data.data_points,
                    Data::Histogram(data) => {
                        points.extend(data.data_points.iter().map(|point| {
                            let sum = (point.sum.unwrap() * 1e9).round();
                            let of = shown(&point.attributes);
                            format!("{} {of}: {} {sum}", metric.name, point.count)
                        }));
                        continue;
                    }
                    other => panic!("{}: {other:?}", metric.name),
                };
                points.extend(numbers.iter().map(|point| {
                    let value = point.value.unwrap();
                    format!("{} {}: {value:?}", metric.name, shown(&point.attributes))
                }));
            }
            points.sort();
            points
        })
        .collect()
}

#[test]
fn metrics_are_sent_while_the_run_goes_on_and_add_up_to_those_of_its_end() {
    let (url, posted) = receiver("200 OK");
    let (mut lines, follower) = Follower::start_with(&url, Duration::from_millis(20)).unwrap();
    let all: Vec<&str> = RUN.split_inclusive('\n').collect();
    lines.write_all(all[..11].concat().as_bytes()).unwrap();
    let has = |points: &[String], what: &str| points.iter().any(|point| point.contains(what));
    // A minute is no measure of speed: it keeps a mistake from waiting for ever.
    let wait_for = |what: &str| {
        for _ in 0..3_000 {
            if points(&posted).iter().any(|points| has(points, what)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{what} was never sent, of {:#?}", points(&posted));
    };
    // The item has ended; its map, what is around that and the second attempt go on.
    wait_for("terrace.nodes terrace.status=ok terrace.task=map terrace.workflow=nightly: AsInt(1)");
    wait_for("terrace.running terrace.lane=compute terrace.workflow=nightly: AsInt(2)");
    wait_for("terrace.running terrace.lane=blocking terrace.workflow=nightly: AsInt(1)");
    assert!(!points(&posted).iter().any(|points| has(points, "terrace.run.duration")));
    lines.write_all(all[11..13].concat().as_bytes()).unwrap();
    wait_for("terrace.nodes terrace.status=ok terrace.task=map terrace.workflow=nightly: AsInt(2)");
    lines.write_all(all[13..].concat().as_bytes()).unwrap();
    follower.finish().unwrap();
    let followed = points(&posted).pop().unwrap();
    assert!(has(
        &followed,
        "terrace.running terrace.lane=compute terrace.workflow=nightly: AsInt(0)"
    ));
    // The same as afterwards.
    let (url, posted) = receiver("200 OK");
    export(&Record::read(RUN.as_bytes()).unwrap(), &url).unwrap();
    assert_eq!(points(&posted), [followed]);
}

#[test]
fn metrics_that_were_not_taken_are_there_the_next_time() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    let url = format!("http://{address}");
    let (mut lines, follower) = Follower::start_with(&url, Duration::from_millis(20)).unwrap();
    lines.write_all(RUN.as_bytes()).unwrap();
    // Nobody is there while it goes on.
    thread::sleep(Duration::from_millis(200));
    let posted = serve(TcpListener::bind(address).unwrap(), "200 OK", "200 OK");
    follower.finish().unwrap();
    let last = points(&posted).pop().unwrap();
    let retries = "terrace.retries terrace.task=http/get terrace.workflow=nightly: AsInt(1)";
    assert!(last.iter().any(|point| point == retries), "{last:#?}");
}

#[test]
fn a_receiver_that_is_not_there_or_refuses_is_an_error() {
    let record = Record::read(RUN.as_bytes()).unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = export(&record, &format!("http://{nobody}"));
    assert!(matches!(refused, Err(OtlpError::Refused { what: "spans", .. })), "{refused:?}");
    let (url, _) = receiver("500 Internal Server Error");
    assert!(matches!(export(&record, &url), Err(OtlpError::Refused { .. })));
    let (url, _) = receiver_of("200 OK", "500 Internal Server Error");
    let refused = export(&record, &url);
    assert!(matches!(refused, Err(OtlpError::Refused { what: "metrics", .. })), "{refused:?}");
    for wrong in ["", "localhost:4318", "ftp://x", "http://a b"] {
        let error = export(&record, wrong);
        assert!(matches!(error, Err(OtlpError::Address { .. })), "{wrong}: {error:?}");
    }
}
