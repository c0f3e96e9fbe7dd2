//! Ctrl-C: once, running tasks are told and the summary still comes; twice, out. Either way, and
//! when the command is killed, no program that a task started is left.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use terrace_tests::{Ran, command};

use crate::support::{Scratch, document, node, still_times, workflow};

/// Longer than any of this takes on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(120);

/// A run on one worker, and what it says.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    fn start(scratch: &Scratch, args: &[&str]) -> Self {
        let mut child = command()
            .arg("run")
            .arg(&scratch.file)
            .args(["--workers", "1"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Reads on until it has said something.
    fn wait_for(&mut self, wanted: &str) {
        while !self.said.contains(wanted) {
            let read = self.stderr.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended before {wanted:?}: {}", self.said);
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Reads to the end.
    fn finish(mut self) -> Ran {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let mut ran = terrace_tests::ran(self.child.wait_with_output());
        ran.stderr = self.said;
        ran
    }
}

/// What has a variable that marks a task's program and all that it starts.
struct Marked(String);

impl Marked {
    fn new(name: &str) -> Self {
        Self(format!("TERRACE_INTERRUPT_TEST={name}-{}", std::process::id()))
    }

    /// The value of the variable.
    fn value(&self) -> &str {
        self.0.split_once('=').unwrap().1
    }

    /// The command lines of those that live. A process that was killed has no variables any more.
    fn living(&self) -> Vec<String> {
        let mut living = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let path = entry.unwrap().path();
            let environ = std::fs::read(path.join("environ")).unwrap_or_default();
            if environ.split(|&byte| byte == 0).any(|entry| entry == self.0.as_bytes()) {
                living.push(std::fs::read_to_string(path.join("cmdline")).unwrap_or_default());
            }
        }
        living
    }

    /// Waits until that many live. One between two programs looks like none, so they are counted
    /// again a little later.
    #[track_caller]
    fn wait_for(&self, count: usize) {
        let start = Instant::now();
        let mut seen = 0;
        while seen < 3 {
            let living = self.living();
            seen = if living.len() == count { seen + 1 } else { 0 };
            assert!(start.elapsed() < WATCHDOG, "{living:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A node whose program hears no polite signal, nor do its children and its grandchild: four
/// processes. Beside it one that waits for ever and looks at nothing, so that the run does not end
/// by itself.
fn stubborn(mark: &Marked) -> Scratch {
    let scratch = workflow(&format!(
        r#"terrace: 1
name: stubborn
packs: {{ shell: "^0.1", text: "^0.1" }}
nodes:
  deaf: {{ task: text/read_file, with: {{ path: "${{workflow.dir}}/pipe" }} }}
  stubborn:
    task: shell/run
    with:
      argv: [sh, -c, "trap '' TERM INT HUP; (sleep 1000; true) & sleep 1000; true"]
      env: {{ TERRACE_INTERRUPT_TEST: "{}" }}
"#,
        mark.value()
    ));
    assert!(
        Command::new("mkfifo").arg(scratch.folder.path().join("pipe")).status().unwrap().success()
    );
    scratch
}

/// Three nodes in a row, of which the second runs a program that ends when told to.
fn polite(mark: &Marked) -> Scratch {
    workflow(&format!(
        r#"terrace: 1
name: polite
packs: {{ util: "^0.1", shell: "^0.1" }}
nodes:
  hello: {{ task: util/log, with: {{ message: "under way" }} }}
  sleeper:
    task: shell/run
    with: {{ argv: [sleep, "1000"], env: {{ TERRACE_INTERRUPT_TEST: "{}" }} }}
    after: [hello]
  never: {{ task: util/stub, after: [sleeper] }}
outputs: {{ never: "${{never}}" }}
"#,
        mark.value()
    ))
}

#[test]
fn one_interrupt_cancels_and_prints_the_document() {
    let mark = Marked::new("document");
    let scratch = polite(&mark);
    let run = Running::start(&scratch, &["--json"]);
    mark.wait_for(1);
    run.signal("INT");
    let ran = run.finish();
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    let document = document(&ran);
    assert_eq!(document["status"], "cancelled");
    let status = |name: &str| node(&document, name)["status"].clone();
    assert_eq!(status("hello"), "ok");
    assert_eq!(status("sleeper"), "cancelled");
    assert_eq!(status("never"), "cancelled");
}

#[test]
fn one_interrupt_says_what_it_does_and_what_was_done() {
    let mark = Marked::new("text");
    let scratch = polite(&mark);
    let run = Running::start(&scratch, &[]);
    mark.wait_for(1);
    run.signal("INT");
    let ran = run.finish();
    assert_eq!(ran.code, 130);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(still_times(&ran.stderr), @r"
    [hello] info: under way
    interrupted: waiting for running tasks; once more to leave at once
    no output `never`: `never` was cancelled
    polite was cancelled in [time]: 2 nodes ran (dataflow order, 1 compute worker)
      Level 0: log (1 parallel) [time] of work
      Level 1: run (1 parallel) [time] of work
    1 succeeded, 0 failed, 0 skipped, 2 cancelled
    ");
}

#[test]
fn a_second_interrupt_leaves_at_once_and_takes_all_programs_along() {
    let mark = Marked::new("twice");
    let scratch = stubborn(&mark);
    let mut run = Running::start(&scratch, &[]);
    mark.wait_for(4);
    run.signal("INT");
    run.wait_for("once more to leave at once");
    run.signal("INT");
    let ran = run.finish();
    assert_eq!(ran.code, 130);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(still_times(&ran.stderr), @"interrupted: waiting for running tasks; once more to leave at once");
    mark.wait_for(0);
}

#[test]
fn one_interrupt_takes_all_programs_along() {
    let mark = Marked::new("once");
    let scratch = stubborn(&mark);
    let run = Running::start(&scratch, &["--target", "stubborn"]);
    mark.wait_for(4);
    run.signal("INT");
    assert_eq!(run.finish().code, 130);
    mark.wait_for(0);
}

#[test]
fn a_killed_command_takes_all_programs_along() {
    let mark = Marked::new("killed");
    let scratch = stubborn(&mark);
    let run = Running::start(&scratch, &[]);
    mark.wait_for(4);
    run.signal("KILL");
    assert_eq!(run.finish().code, 128 + 9);
    mark.wait_for(0);
}
