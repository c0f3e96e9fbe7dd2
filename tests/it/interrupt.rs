//! Ctrl-C: once, running tasks are told and the summary still comes; twice, out.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use terrace_tests::command;

use crate::support::{Scratch, workflow};

/// Starts a run for its JSON document, and gives what it says meanwhile.
fn start(scratch: &Scratch) -> (Child, BufReader<ChildStderr>) {
    let mut child = command()
        .arg("run")
        .arg(&scratch.file)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

fn signal(child: &Child) {
    let status =
        Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(status.success());
}

#[test]
fn one_interrupt_cancels_and_prints_the_document() {
    // The log line says that the run is under way; `stubborn` notices nothing, `sleeper` does.
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
nodes:
  hello: { task: util/log, with: { message: "under way" } }
  sleeper: { task: util/sleep, with: { seconds: 600 }, after: [hello] }
  never: { task: util/stub, after: [sleeper] }
"#,
    );
    let (mut child, mut stderr) = start(&scratch);
    let mut line = String::new();
    while !line.contains("under way") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "the run ended before it began");
    }
    signal(&child);
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["status"], "cancelled");
    let status = |name: &str| crate::support::node(&document, name)["status"].clone();
    assert_eq!(status("hello"), "ok");
    assert_eq!(status("sleeper"), "cancelled");
    assert_eq!(status("never"), "cancelled");
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    // The script ignores the polite signal, so the run is still waiting for it when the second
    // interrupt comes.
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1", shell: "^0.1" }
nodes:
  hello: { task: util/log, with: { message: "under way" } }
  stubborn: { task: shell/script, with: { script: "trap '' TERM; for i in 1 2 3 4 5 6 7 8; do sleep 0.5; done" } }
"#,
    );
    let (mut child, mut stderr) = start(&scratch);
    let mut line = String::new();
    for wanted in ["under way", "once more to leave at once"] {
        while !line.contains(wanted) {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before {wanted:?}");
        }
        signal(&child);
    }
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(stdout, "");
}
