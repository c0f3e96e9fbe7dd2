//! A run is written down while it goes on, and shown from that.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use terrace::core::OutcomeStatus;
use terrace::report::{Cut, Record};
use terrace_tests::{command, ran, root, terrace};

use crate::support::workflow;

/// Longer than any of this takes on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(120);

#[track_caller]
fn read(file: &Path) -> Record {
    Record::read(Cursor::new(fs::read(file).unwrap())).unwrap()
}

#[test]
fn a_run_is_read_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("run.jsonl"), folder.path().join("run.html"));
    let example = root().join("examples/map-reduce.yaml");
    let args = ["run", example.to_str().unwrap(), "--record", file.to_str().unwrap(), "--report"];
    let done = terrace(&[&args[..], &[page.to_str().unwrap()]].concat());
    assert_eq!(done.code, 0, "{}", done.stderr);
    let record = read(&file);
    assert!(record.is_complete(), "{:?}", record.cut);
    assert_eq!(record.status.as_ref().map(|(status, _)| status.as_str()), Some("succeeded"));
    let header = &record.header;
    let names: Vec<&str> = header.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["data", "numbers", "process", "aggregate"]);
    assert_eq!(header.nodes[2].dependencies(), [0, 1]);
    assert_eq!((header.nodes[2].kind(), header.nodes[3].inputs[0].0.as_str()), ("map", "values"));
    // Every node and item began once, ended well, and in order.
    assert_eq!((record.attempts.len(), record.ends.len()), (14, 14));
    for attempt in &record.attempts {
        assert_eq!(attempt.status, Some(OutcomeStatus::Ok));
        assert!(attempt.start <= attempt.end.unwrap() && attempt.end.unwrap() <= record.duration());
    }
    let last = record.attempts.iter().find(|attempt| attempt.place.name(header) == "process[9]");
    assert_eq!(last.unwrap().place.node, Some(2));
    assert_eq!((record.maps[0].items, record.maps[0].failed), (10, 0));
    let given = record.given.iter().find(|given| given.place.name(header) == "process[9]").unwrap();
    assert_eq!(
        given.inputs.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
        ["3", "9"]
    );
    assert_eq!(record.outputs[1], ("total".to_owned(), Ok("135".to_owned())));

    // The page of the run is that of its record.
    let again = terrace(&["report", file.to_str().unwrap()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(again.stdout, fs::read_to_string(page).unwrap());
}

#[test]
fn secrets_are_in_no_record_and_no_page() {
    const TOKEN: &str = "s3cr3t-\"quoted\"-tøken";
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
inputs: { token: { type: str, secret: true, from: "env:TERRACE_TEST_TOKEN" } }
nodes:
  echo: { task: util/identity, with: { value: { nested: ["Bearer ${inputs.token}"] } } }
  note: { task: util/log, with: { message: "using ${inputs.token}" } }
  bad: { task: util/fail, with: { message: "refused: ${inputs.token}" } }
  keyed:
    map: { over: { "a": "${inputs.token}" }, as: one }
    task: util/identity
    with: { value: "${one}" }
outputs: { echo: "${echo}", keyed: "${keyed}" }
"#,
    );
    let (file, page) = (scratch.folder.path().join("r"), scratch.folder.path().join("p"));
    let mut command = command();
    command.arg("run").arg(&scratch.file).env("TERRACE_TEST_TOKEN", TOKEN);
    command.arg("--record").arg(&file).arg("--report").arg(&page);
    let done = ran(command.output());
    assert_eq!(done.code, 1, "{}", done.stderr);
    let (record, page) = (fs::read_to_string(&file).unwrap(), fs::read_to_string(&page).unwrap());
    for part in ["Bearer ***", "refused: ***", "using ***"] {
        assert!(record.contains(part) && page.contains(part), "{part} in {record}");
    }
    for form in [TOKEN, "s3cr3t", "tøken"] {
        assert!(!record.contains(form) && !page.contains(form), "{form} in {record}");
    }
}

#[test]
fn a_run_that_is_killed_leaves_what_happened_until_then() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
nodes:
  first: { task: util/identity, with: { value: 1 } }
  hangs: { task: util/sleep, with: { seconds: 600.0, value: "${first}" } }
  never: { task: util/identity, with: { value: "${hangs}" } }
outputs: { out: "${never}" }
"#,
    );
    let file = scratch.folder.path().join("run.jsonl");
    let mut run = command();
    run.arg("run").arg(&scratch.file).arg("--record").arg(&file);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    // It reaches the file although nothing happens any more.
    while !fs::read_to_string(&file)
        .is_ok_and(|text| text.contains(r#""start""#) && text.contains(r#""node":1,"#))
    {
        assert!(begun.elapsed() < WATCHDOG, "{:?}", fs::read_to_string(&file));
        assert!(child.try_wait().unwrap().is_none(), "{:?}", fs::read_to_string(&file));
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let record = read(&file);
    assert!(matches!(record.cut, Some(Cut::NoEnd { .. })), "{:?}", record.cut);
    let hangs = record.attempts.iter().find(|attempt| attempt.place.node == Some(1)).unwrap();
    assert_eq!((hangs.end, hangs.status), (None, None));

    let shown = terrace(&["report", file.to_str().unwrap()]);
    assert_eq!(shown.code, 0);
    assert!(shown.stdout.contains("the record stops after line"), "{}", shown.stderr);
    assert!(shown.stderr.contains("warning: the record stops after line"), "{}", shown.stderr);
}

#[test]
fn what_cannot_be_written_or_read_is_said_at_once() {
    let scratch = workflow("terrace: 1\nnodes: {}\noutputs: {}\n");
    for option in ["--record", "--report"] {
        let done = scratch.run(&[option, "/nowhere/run"]);
        assert_eq!(done.code, 2);
        assert!(done.stderr.contains("`/nowhere/run`"), "{}", done.stderr);
    }
    let flow = scratch.file.to_str().unwrap();
    let done = terrace(&["report", flow]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(scratch.plain(&done.stderr), @r#"error: flow.yaml: not the record of a run: its first line is not {"terrace_record": 1, …}: expected ident at column 2"#);
    let missing = terrace(&["report", "/nowhere/run.jsonl"]);
    assert_eq!(missing.code, 2);
    insta::assert_snapshot!(missing.stderr, @"error: cannot read /nowhere/run.jsonl: No such file or directory (os error 2)");
}

#[test]
fn nothing_is_written_over_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (flow, record) = (at("flow.yaml"), at("run.jsonl"));
    fs::copy(root().join("examples/retry.yaml"), &flow).unwrap();
    let text = fs::read_to_string(&flow).unwrap();
    for (args, told) in [
        (vec!["--record", &*flow], "cannot be both workflow and record"),
        (vec!["--record", &*record, "--report", &*record], "cannot be both record and report"),
        (vec!["--trace", &*record, "--report", &*record], "cannot be both report and trace"),
    ] {
        let done = terrace(&[&["run", &flow][..], &args].concat());
        assert_eq!(done.code, 2, "{args:?}");
        assert!(done.stderr.contains(told), "{args:?}: {}", done.stderr);
    }
    assert_eq!(fs::read_to_string(&flow).unwrap(), text);
    for again in [&flow, &format!("{}/./flow.yaml", folder.path().display())] {
        let done = terrace(&["simulate", &flow, "--default-duration", "1s", "--plot", again]);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains("would be written over what is read"), "{}", done.stderr);
    }
    assert_eq!(fs::read_to_string(&flow).unwrap(), text);
    let done = terrace(&["run", &flow, "--record", &record]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let lines = fs::read_to_string(&record).unwrap();
    for command in ["report", "trace"] {
        let done = terrace(&[command, &record, "-o", &record]);
        assert_eq!(done.code, 2, "{command}");
        assert!(done.stderr.contains("would be written over what is read"), "{}", done.stderr);
    }
    for args in [vec![&*record], vec![&*flow, "--durations", &*record]] {
        let done = terrace(&[&["simulate"], &args[..], &["--plot", &record]].concat());
        assert_eq!(done.code, 2, "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains("would be written over what is read"), "{}", done.stderr);
    }
    assert_eq!(fs::read_to_string(&record).unwrap(), lines);
    // As many blocking tasks at once as there may be are on record.
    assert_eq!(read(Path::new(&record)).header.max_blocking, Some(512));
    let done = terrace(&["graph", &record]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("is the record of a run and no workflow"), "{}", done.stderr);
}

#[test]
fn nothing_is_written_over_what_is_used_or_given() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let used = |file: &str| {
        format!("terrace: 1\nnodes: {{ a: {{ use: {file}, with: {{ x: '${{inputs.x}}' }} }} }}\n")
    };
    let inputs = "inputs: { x: { type: str, default: a }, y: { type: str, default: b } }\n";
    fs::create_dir(at("u")).unwrap();
    let files = [
        ("out.yaml", used("u/mid.yaml") + inputs),
        ("u/mid.yaml", used("in.yaml") + "inputs: { x: str }\n"),
        ("u/in.yaml", "terrace: 1\ninputs: { x: str }\noutput: '${inputs.x}'\n".to_owned()),
        ("in.json", r#"{"x": "c"}"#.to_owned()),
        ("y", "d".to_owned()),
    ];
    for (name, text) in &files {
        fs::write(at(name), text).unwrap();
    }
    let given = format!("y=@{}", at("y"));
    let all = [at("out.yaml"), "--inputs".into(), at("in.json"), "--input".into(), given];
    let with = |command: &str, option: &str, file: &str| {
        let mut args = vec![command];
        args.extend(all.iter().map(String::as_str));
        args.extend([option, file]);
        terrace(&args)
    };
    for (name, _) in &files {
        for option in ["--record", "--report", "--trace"] {
            let done = with("run", option, &at(name));
            assert_eq!(done.code, 2, "{option} {name}: {}", done.stderr);
            assert!(done.stderr.contains("cannot be both"), "{option} {name}: {}", done.stderr);
        }
        let done = with("simulate", "--plot", &at(name));
        assert_eq!(done.code, 2, "{name}: {}", done.stderr);
        assert!(done.stderr.contains("written over"), "{name}: {}", done.stderr);
    }
    for (name, text) in &files {
        assert_eq!(&fs::read_to_string(at(name)).unwrap(), text, "{name}");
    }
    let done = with("run", "--record", &at("r"));
    assert_eq!(done.code, 0, "{}", done.stderr);
}
