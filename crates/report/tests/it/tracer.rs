//! What whoever collects spans and events is told of a run.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Event, EventKind, EventKinds, Lane, LogLevel, NoTasks, NodeId, Observer as _, OutcomeStatus,
    Redactor, TaskError, Workflow, WorkflowBuilder,
};
use terrace_report::Tracer;
use tracing::level_filters::LevelFilter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn workflow() -> (Workflow, NodeId) {
    let wf = WorkflowBuilder::new("nightly");
    let node = wf.call(|| (), ()).named("fetch").node().unwrap();
    (wf.build(&NoTasks).unwrap(), node)
}

/// A node that is tried twice and logs, with one inside it.
fn events(node: NodeId) -> Vec<Event> {
    let start = |path: Option<&str>, attempt| EventKind::NodeStarted {
        node,
        path: path.map(Into::into),
        task: "http/get".into(),
        attempt,
        lane: Lane::Blocking,
        worker: 3,
    };
    let end = |path: Option<&str>, status, error| EventKind::NodeFinished {
        node,
        path: path.map(Into::into),
        task: "http/get".into(),
        pack: None,
        level: 0,
        status,
        attempts: 2,
        duration: Duration::from_millis(1_500),
        error,
        cause: None,
        cause_path: None,
    };
    let kinds = vec![
        EventKind::RunStarted { nodes: 1, levels: 1 },
        start(None, 1),
        EventKind::NodeRetrying {
            node,
            path: None,
            attempt: 1,
            error: TaskError::msg("503"),
            pause: Duration::from_millis(20),
        },
        start(None, 2),
        EventKind::NodeLog {
            node,
            path: None,
            level: LogLevel::Info,
            message: "half\nway \u{1b}[31m".to_owned(),
        },
        start(Some("fetch.inner"), 1),
        start(Some("fetch.inner[0]"), 1),
        end(Some("fetch.inner[0]"), OutcomeStatus::Ok, None),
        end(Some("fetch.inner"), OutcomeStatus::Failed, Some(TaskError::msg("no route"))),
        end(None, OutcomeStatus::Failed, Some(TaskError::msg("no route"))),
        EventKind::RunFinished { succeeded: 0, failed: 1, skipped: 0, cancelled: 0 },
    ];
    kinds.into_iter().map(|kind| Event { at: Duration::from_secs(2), kind }).collect()
}

/// What is printed at a level, and what was wanted for it.
fn told(level: LevelFilter) -> (String, EventKinds) {
    let lines = Lines::default();
    let own = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(move || own.clone())
        .finish();
    let wants = tracing::subscriber::with_default(subscriber, || {
        let (workflow, node) = workflow();
        let tracer = Tracer::new(&workflow, Redactor::default());
        events(node).iter().for_each(|event| tracer.event(event));
        tracer.wants()
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (text, wants)
}

#[test]
fn nodes_and_attempts_are_spans_of_the_run() {
    let (text, wants) = told(LevelFilter::TRACE);
    insta::assert_snapshot!(text, @r#"
     INFO run{workflow="nightly"}: run started nodes=1 levels=1
    DEBUG run{workflow="nightly"}:node{node="fetch" task="http/get"}:attempt{attempt=1 lane="blocking" worker=3}: started
     WARN run{workflow="nightly"}:node{node="fetch" task="http/get"}:attempt{attempt=1 lane="blocking" worker=3}: tried again node="fetch" attempt=1 error="503" pause=20ms
    DEBUG run{workflow="nightly"}:node{node="fetch" task="http/get"}:attempt{attempt=2 lane="blocking" worker=3}: started
     INFO run{workflow="nightly"}:node{node="fetch" task="http/get"}:attempt{attempt=2 lane="blocking" worker=3}: half
    way \x1b[31m node="fetch"
    DEBUG run{workflow="nightly"}:node{node="fetch" task="http/get"}:node{node="fetch.inner" task="http/get"}:attempt{attempt=1 lane="blocking" worker=3}: started
    TRACE run{workflow="nightly"}:node{node="fetch" task="http/get"}:node{node="fetch.inner" task="http/get"}:node{node="fetch.inner[0]" task="http/get"}:attempt{attempt=1 lane="blocking" worker=3}: started
    TRACE run{workflow="nightly"}:node{node="fetch" task="http/get"}:node{node="fetch.inner" task="http/get"}:node{node="fetch.inner[0]" task="http/get" status="ok" attempts=2}: ended status="ok" seconds=1.5
     WARN run{workflow="nightly"}:node{node="fetch" task="http/get"}:node{node="fetch.inner" task="http/get" status="failed" attempts=2}: ended node="fetch.inner" status="failed" seconds=1.5 error="no route"
     WARN run{workflow="nightly"}:node{node="fetch" task="http/get" status="failed" attempts=2}: ended node="fetch" status="failed" seconds=1.5 error="no route"
     INFO run{workflow="nightly"}: run ended succeeded=0 failed=1 skipped=0 cancelled=0 seconds=2.0
    "#);
    assert!(wants.any_of(EventKinds::ITEMS) && !wants.any_of(EventKinds::VALUES));
}

#[test]
fn at_info_the_run_and_what_goes_wrong_are_told() {
    let (text, wants) = told(LevelFilter::INFO);
    insta::assert_snapshot!(text, @r#"
     INFO run{workflow="nightly"}: run started nodes=1 levels=1
     WARN run{workflow="nightly"}: tried again node="fetch" attempt=1 error="503" pause=20ms
     INFO run{workflow="nightly"}: half
    way \x1b[31m node="fetch"
     WARN run{workflow="nightly"}: ended node="fetch.inner" status="failed" seconds=1.5 error="no route"
     WARN run{workflow="nightly"}: ended node="fetch" status="failed" seconds=1.5 error="no route"
     INFO run{workflow="nightly"}: run ended succeeded=0 failed=1 skipped=0 cancelled=0 seconds=2.0
    "#);
    assert!(!wants.any_of(EventKinds::NODES | EventKinds::INSIDE | EventKinds::ITEMS));
}

#[test]
fn where_nobody_collects_nothing_is_wanted() {
    assert_eq!(told(LevelFilter::OFF), (String::new(), EventKinds::NONE));
}
