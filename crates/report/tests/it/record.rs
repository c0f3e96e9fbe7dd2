//! A record is read as it was written, however much of it is left.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Event, EventKind, EventKinds, Lane, NoTasks, NodeId, Observer, OutcomeStatus, Port, Redactor,
    Signature, TaskError, Type, Value, Workflow, WorkflowBuilder,
};
use terrace_report::{
    Budget, Closing, Cut, Edge, Header, LimitUse, Record, RecordError, Recorder, RecorderOptions,
};

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn workflow() -> Workflow {
    let wf = WorkflowBuilder::new("small");
    let token = wf.input::<String>("token").secret();
    let one = wf.call(|token: String| token.len() as i64, (&token,)).named("one");
    let both = wf.branches("both");
    both.branch("left", |body| body.call(|| 1_i64, ()).named("inner"));
    let two = wf.call(|x: i64| x + 1, (&one,)).named("two").labelled("adds one");
    wf.output("two", &two);
    wf.build(&NoTasks).unwrap()
}

const SECRET: &str = "s3cr3t-t0ken";

fn id(at: usize) -> NodeId {
    NodeId::at(at).unwrap()
}

/// Ports of a task, the last of them for secrets.
fn signature() -> Signature {
    let mut ports: Vec<Port> = ["a", "b", "c"].map(|name| Port::new(name, Type::Any)).into();
    ports[2].secret = true;
    Signature { ports, ..Signature::default() }
}

/// The events of a run in which everything happens that can.
fn events() -> Vec<Event> {
    let us = Duration::from_micros;
    let at = |time: u64, kind| Event { at: us(time), kind };
    let start = |node: usize, path: Option<&str>, attempt, lane, worker| EventKind::NodeStarted {
        node: id(node),
        path: path.map(Into::into),
        task: "t".into(),
        attempt,
        lane,
        worker,
    };
    let end = |node: usize, path: Option<&str>, status, error, cause| EventKind::NodeFinished {
        node: id(node),
        path: path.map(Into::into),
        task: "t".into(),
        pack: None,
        level: 0,
        status,
        attempts: if status == OutcomeStatus::Skipped { 0 } else { 2 },
        duration: us(7),
        error,
        cause,
        cause_path: None,
    };
    let broken = || TaskError::msg(format!("no \"{SECRET}\"\n")).with_code("x").with_cause("deep");
    let map = Some("both.left[\"a]\"]");
    vec![
        at(0, EventKind::RunStarted { nodes: 3, levels: 2 }),
        at(1, start(0, None, 1, Lane::Compute, 1)),
        at(
            2,
            EventKind::NodeRetrying {
                node: id(0),
                path: None,
                attempt: 1,
                error: broken(),
                pause: us(1),
            },
        ),
        at(3, start(0, None, 2, Lane::Blocking, 0)),
        at(4, EventKind::NodeAbandoned { node: id(0), path: None, attempt: 2 }),
        at(5, end(0, None, OutcomeStatus::TimedOut, Some(broken()), None)),
        at(6, EventKind::MapStarted { node: id(1), path: Some("both.left".into()), items: 2 }),
        at(7, start(1, map, 1, Lane::Compute, 0)),
        at(8, EventKind::MapAdvanced { node: id(1), path: Some("both.left".into()), items: 2 }),
        at(
            9,
            EventKind::NodeProgress {
                node: id(1),
                path: map.map(Into::into),
                fraction: 0.5,
                note: "half".to_owned(),
            },
        ),
        at(
            10,
            EventKind::NodeLog {
                node: id(1),
                path: map.map(Into::into),
                level: terrace_core::LogLevel::Warn,
                message: format!("uses {SECRET}"),
            },
        ),
        at(
            10,
            EventKind::NodeGiven {
                node: id(1),
                path: map.map(Into::into),
                signature: Arc::new(signature()),
                values: vec![Value::from(SECRET), Value::from("x".repeat(500)), Value::from(3_i64)],
            },
        ),
        at(
            11,
            EventKind::NodeGave {
                node: id(1),
                path: map.map(Into::into),
                value: Value::list(vec![Value::from(1.5), Value::from(SECRET)]).unwrap(),
            },
        ),
        at(11, end(1, map, OutcomeStatus::Ok, None, None)),
        at(
            12,
            EventKind::MapFinished {
                node: id(1),
                path: Some("both.left".into()),
                items: 2,
                failed: 1,
                cancelled: 0,
            },
        ),
        at(13, EventKind::NodeReserved { node: id(2), path: None }),
        at(14, EventKind::CheckpointReached { level: Some(0), nodes: vec![id(0), id(1)] }),
        at(15, EventKind::CheckpointPassed { refused: Some("no".to_owned()) }),
        at(16, end(2, None, OutcomeStatus::Skipped, None, Some(id(0)))),
        at(17, EventKind::RunFinished { succeeded: 1, failed: 1, skipped: 1, cancelled: 0 }),
    ]
}

fn closing() -> Closing {
    Closing {
        status: "failed".to_owned(),
        duration: Duration::from_micros(18),
        error: None,
        limits: vec![LimitUse { name: "gpu".to_owned(), most: Some(2), used: 1, starts: 3 }],
        budgets: vec![Budget { of: "usd".to_owned(), most: 2_000_000, spent: 5 }],
        outputs: vec![
            ("two".to_owned(), Err("it was skipped".to_owned())),
            ("one".to_owned(), Ok(Value::from(SECRET))),
        ],
        leftovers: vec![("t".to_owned(), 1)],
    }
}

/// The record of that run.
fn recorded(options: RecorderOptions) -> String {
    let workflow = workflow();
    let memory = Memory::default();
    let mut header = Header::of(&workflow);
    header.run = "r-1".to_owned();
    header.started = "2026-11-30T12:00:00.000000000Z".to_owned();
    header.workers = Some(2);
    let redactor = Redactor::new(&workflow, &[Value::from(SECRET)]);
    let recorder = Recorder::new(memory.clone(), &header, redactor, options).unwrap();
    for event in events() {
        recorder.event(&event);
    }
    recorder.finish(&closing()).unwrap();
    memory.text()
}

#[test]
fn every_event_is_a_line_and_no_secret_is_in_any() {
    let text = recorded(RecorderOptions::default());
    assert!(!text.contains("s3cr3t"), "{text}");
    insta::assert_snapshot!(text, @r#"
    {"terrace_record":1,"run":"r-1","workflow":"small","started":"2026-11-30T12:00:00.000000000Z","order":"dataflow","workers":2,"terrace":"0.1.0","levels":2,"nodes":[{"name":"one","task":"closure","level":0},{"name":"both","task":"branches","kind":"branches","level":0},{"name":"two","label":"adds one","task":"closure","level":1,"inputs":[["arg0",0]],"output":true},{"name":"both.left","inside":1,"task":"workflow","kind":"flow","level":0},{"name":"both.left.inner","inside":3,"task":"closure","level":0}],"own":3}
    {"k":"run","at":0,"nodes":3,"levels":2}
    {"k":"start","at":1000,"node":0,"worker":1}
    {"k":"retry","at":2000,"node":0,"pause":1000,"error":{"class":"failed","code":"x","message":"no \"***\"\n","causes":["deep"]}}
    {"k":"start","at":3000,"node":0,"try":2,"lane":"blocking","worker":0}
    {"k":"abandon","at":4000,"node":0,"try":2}
    {"k":"end","at":5000,"node":0,"status":"timed_out","tries":2,"ran":7000,"error":{"class":"failed","code":"x","message":"no \"***\"\n","causes":["deep"]}}
    {"k":"map","at":6000,"path":"both.left","items":2}
    {"k":"start","at":7000,"path":"both.left[\"a]\"]","worker":0}
    {"k":"progress","at":9000,"path":"both.left[\"a]\"]","millionths":500000,"note":"half"}
    {"k":"log","at":10000,"path":"both.left[\"a]\"]","level":"warn","message":"uses ***"}
    {"k":"given","at":10000,"path":"both.left[\"a]\"]","inputs":[["a","\"***\""],["b","\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"],["c","***"]]}
    {"k":"gave","at":11000,"path":"both.left[\"a]\"]","value":"[1.5, \"***\"]"}
    {"k":"end","at":11000,"path":"both.left[\"a]\"]","tries":2,"ran":7000}
    {"k":"mapped","at":12000,"path":"both.left","items":2,"failed":1}
    {"k":"reserve","at":13000,"node":2}
    {"k":"pause","at":14000,"level":0,"nodes":[0,1]}
    {"k":"pass","at":15000,"refused":"no"}
    {"k":"end","at":16000,"node":2,"status":"skipped","tries":0,"ran":7000,"cause":0}
    {"k":"finish","at":17000,"succeeded":1,"failed":1,"skipped":1,"cancelled":0}
    {"k":"limit","name":"gpu","most":2,"used":1,"starts":3}
    {"k":"budget","of":"usd","most":2000000,"spent":5}
    {"k":"leftover","task":"t","count":1}
    {"k":"output","name":"two","error":"it was skipped"}
    {"k":"output","name":"one","value":"\"***\""}
    {"k":"result","status":"failed","duration":18000}
    "#);
}

#[test]
fn what_was_written_is_read() {
    let record = Record::read(recorded(RecorderOptions::default()).as_bytes()).unwrap();
    assert!(record.is_complete(), "{:?}", record.cut);
    let header = &record.header;
    let names: Vec<&str> = header.nodes.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["one", "both", "two", "both.left", "both.left.inner"]);
    assert_eq!(header.nodes[2].inputs[0].1, 0);
    assert_eq!(header.nodes[2].dependencies(), [0]);
    assert_eq!(header.nodes[4].inside, Some(3));
    assert_eq!((header.own, header.levels), (3, 2));

    let attempts: Vec<_> = record
        .attempts
        .iter()
        .map(|one| (one.place.name(header), one.number, one.start, one.end, one.status))
        .collect();
    assert_eq!(
        attempts,
        [
            ("one", 1, 1_000, Some(2_000), Some(OutcomeStatus::Failed)),
            ("one", 2, 3_000, Some(5_000), Some(OutcomeStatus::TimedOut)),
            (r#"both.left["a]"]"#, 1, 7_000, Some(11_000), Some(OutcomeStatus::Ok)),
        ]
    );
    let last = &record.attempts[1];
    assert!(last.abandoned && last.lane == Lane::Blocking && last.worker == 0);
    let error = last.error.as_ref().unwrap();
    assert_eq!(error.message, "no \"***\"\n");
    assert_eq!((error.code.as_deref(), &*error.causes), (Some("x"), &["deep".to_owned()][..]));
    assert_eq!(record.attempts[2].place.node, Some(3));

    let ends: Vec<_> =
        record.ends.iter().map(|end| (end.place.name(header), end.status, end.attempts)).collect();
    assert_eq!(
        ends,
        [
            ("one", OutcomeStatus::TimedOut, 2),
            (r#"both.left["a]"]"#, OutcomeStatus::Ok, 2),
            ("two", OutcomeStatus::Skipped, 0),
        ]
    );
    assert_eq!(record.ends[2].cause.as_ref().unwrap().name(header), "one");
    let map = &record.maps[0];
    assert_eq!((map.items, map.failed, map.start, map.end), (2, 1, 6_000, Some(12_000)));
    assert_eq!(record.logs[0].message, "uses ***");
    assert_eq!((record.progress[0].millionths, &*record.progress[0].note), (500_000, "half"));
    let inputs = &record.given[0].inputs;
    assert_eq!(inputs[0], ("a".to_owned(), "\"***\"".to_owned()));
    assert_eq!(inputs[1].1.chars().count(), 401);
    assert_eq!(inputs[2], ("c".to_owned(), "***".to_owned()));
    assert_eq!(record.gave[0].value, "[1.5, \"***\"]");
    assert_eq!(record.reserved[0].place.node, Some(2));
    let checkpoint = &record.checkpoints[0];
    assert_eq!((checkpoint.level, &*checkpoint.nodes), (Some(0), &[0, 1][..]));
    assert_eq!((checkpoint.passed, checkpoint.refused.as_deref()), (Some(15_000), Some("no")));
    assert_eq!(record.limits, closing().limits);
    assert_eq!(record.budgets, closing().budgets);
    assert_eq!(record.leftovers, closing().leftovers);
    assert_eq!(record.outputs[0], ("two".to_owned(), Err("it was skipped".to_owned())));
    assert_eq!(record.outputs[1], ("one".to_owned(), Ok("\"***\"".to_owned())));
    assert_eq!(record.status, Some(("failed".to_owned(), 18_000)));
    assert_eq!((record.counts.unwrap().failed, record.duration()), (1, 18_000));
}

#[test]
fn a_record_cut_at_any_byte_is_read_as_far_as_it_goes() {
    let text = recorded(RecorderOptions::default());
    let bytes = text.as_bytes();
    let first = text.find('\n').unwrap();
    let told = |record: &Record| {
        format!("{:?}", {
            let mut all = record.clone();
            all.cut = None;
            all
        })
    };
    for at in 0..bytes.len() {
        let part = &bytes[..at];
        let record = Record::read(part);
        if at < first {
            let error = record.unwrap_err();
            let begun = at == 0 || at >= "{\"terrace_record\"".len();
            assert_eq!(matches!(error, RecordError::Empty), begun, "byte {at}: {error}");
            continue;
        }
        // The lines that are there whole; a last one may lack its end of line alone.
        let end = part.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let in_line = end < at && bytes[at] != b'\n';
        let lines = if in_line { &bytes[..end] } else { part };
        let record = record.unwrap();
        assert_eq!(told(&record), told(&Record::read(lines).unwrap()), "byte {at}");
        let count =
            lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
        let ended = lines.windows(10).any(|part| part == b"{\"k\":\"fini");
        let expected = match (in_line, ended) {
            (true, _) => Some(Cut::InLine { line: count + 1 }),
            (false, false) => Some(Cut::NoEnd { line: count }),
            (false, true) => None,
        };
        assert_eq!(record.cut, expected, "byte {at}");
    }
}

#[test]
fn without_items_a_map_is_told_in_portions() {
    let options = RecorderOptions::default().with_items(false);
    let record = Record::read(recorded(options).as_bytes()).unwrap();
    assert!(record.header.without_items);
    assert_eq!(record.maps[0].advances, [(8_000, 2)]);
}

#[test]
fn a_recorder_wants_items_only_where_it_writes_them() {
    let header = Header::of(&workflow());
    let wants = |items| {
        let options = RecorderOptions::default().with_items(items);
        let recorder = Recorder::new(io::sink(), &header, Redactor::default(), options).unwrap();
        recorder.wants().any_of(EventKinds::ITEMS)
    };
    assert!(wants(true) && !wants(false));
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn of_many_values_the_first_are_shown_and_the_end_of_them_is_told() {
    let mut options = RecorderOptions::default();
    options.all_values_bytes = 1;
    let record = Record::read(recorded(options).as_bytes()).unwrap();
    assert_eq!((record.given.len(), record.gave.len(), record.values_cut), (1, 0, true));
    let none = recorded(RecorderOptions::default().with_value_bytes(0));
    assert!(!none.contains("no_more_values") && !none.contains("given"));
}

#[test]
fn an_error_of_the_disk_is_told_at_the_end() {
    let header = Header::of(&workflow());
    let recorder =
        Recorder::new(Full(100), &header, Redactor::default(), RecorderOptions::default()).unwrap();
    for event in events() {
        recorder.event(&event);
    }
    let error = recorder.finish(&closing()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

/// Breaks when it is written to.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        panic!("broken")
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_panics_ends_the_record_and_not_the_run() {
    let header = Header::of(&workflow());
    let recorder =
        Recorder::new(Broken, &header, Redactor::default(), RecorderOptions::default()).unwrap();
    // More than may wait for the disk.
    let message = "x".repeat(8 << 10);
    let kind = EventKind::NodeLog {
        node: id(0),
        path: None,
        level: terrace_core::LogLevel::Info,
        message,
    };
    for _ in 0..4_000 {
        recorder.event(&Event { at: Duration::ZERO, kind: kind.clone() });
    }
    assert_eq!(
        recorder.finish(&closing()).unwrap_err().to_string(),
        "what the record is written to panicked"
    );
}

#[test]
fn a_line_reaches_the_file_while_the_run_goes_on() {
    let memory = Memory::default();
    let header = Header::of(&workflow());
    let recorder =
        Recorder::new(memory.clone(), &header, Redactor::default(), RecorderOptions::default())
            .unwrap();
    recorder.event(&events()[1]);
    // Nothing else happens, and nobody ends the record.
    while !memory.text().contains("\"start\"") {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(recorder);
}

#[test]
fn a_record_of_the_first_version_is_read() {
    let record = Record::read(&include_bytes!("records/version-1.jsonl")[..]).unwrap();
    assert!(record.is_complete());
    assert_eq!(record.header.run, "r-1");
    assert_eq!(record.nodes()[2].inputs, [Edge("arg0".to_owned(), 0)]);
    assert_eq!((record.attempts.len(), record.ends.len(), record.maps.len()), (3, 3, 1));
}

#[test]
fn what_a_newer_program_adds_is_passed_over() {
    let record = Record::read(&include_bytes!("records/newer-kinds.jsonl")[..]).unwrap();
    assert!(record.is_complete(), "{:?}", record.cut);
    assert_eq!(record.nodes()[0].name, "one");
    assert_eq!((record.attempts.len(), record.ends.len()), (1, 1));
}

#[test]
fn what_is_no_record_is_refused_and_says_why() {
    let refused = |text: &str| Record::read(text.as_bytes()).unwrap_err().to_string();
    insta::assert_snapshot!(refused(""), @"the record ends inside its first line: the run wrote nothing that can be shown");
    insta::assert_snapshot!(refused("{\"terrace_record\":2,\"x\":1}\n"), @"the record has version 2, and this program reads versions up to 1: a newer terrace reads it");
    insta::assert_snapshot!(refused("{\"format\":1}\n"), @r#"not the record of a run: its first line is not {"terrace_record": 1, …}: it has no `terrace_record`"#);
    insta::assert_snapshot!(refused("terrace: 1\n"), @r#"not the record of a run: its first line is not {"terrace_record": 1, …}: expected ident at column 2"#);
    insta::assert_snapshot!(refused("{\"terrace_record\":0}\n"), @r#"not the record of a run: its first line is not {"terrace_record": 1, …}: its version is 0"#);
    insta::assert_snapshot!(refused("{\"terrace_record\":1,\"nodes\":3}\n"), @r#"not the record of a run: its first line is not {"terrace_record": 1, …}: invalid type: integer `3`, expected a sequence"#);
}

#[test]
fn a_line_that_cannot_be_read_is_left_out_and_told() {
    let text = "{\"terrace_record\":1,\"nodes\":[{\"name\":\"a\"}]}\n\
        {\"k\":\"start\",\"at\":1,\"node\":7}\n\
        {\"k\":\"start\",\"at\":1,\"node\":0}\n\
        {\"k\":\"finish\",\"at\":2}\n";
    let record = Record::read(text.as_bytes()).unwrap();
    assert_eq!(record.attempts.len(), 1);
    insta::assert_snapshot!(record.cut.unwrap(), @"line 2 of the record cannot be read and is left out: there is no node 7");
}
