//! What a run will ask for, before it runs: calls, costs, memory, and the times of whole examples.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Bound, Catalog, Conditions, Draft, Format, Lane, Port, Preview, Signature, Source, Task,
    TaskError, TaskRef, Type, Value, Workflow,
};
use terrace_plugin_api::TaskContext;

/// Tasks by what they are: `t/pure`, `t/act` (with effects), `t/wait` (on the blocking lane, without
/// effects), `t/big` (takes 1 GB), `t/wide` (4 cpus), `t/unread` (never reads `given`), `t/deaf`
/// (neither `given`, which may be left out), `t/list`, `t/yes`, `t/grow` and `t/join`.
pub(crate) struct Kinds;

struct Nothing;

impl Task for Nothing {
    fn call(&self, _: &TaskContext<'_>, _: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::Null)
    }
}

impl Catalog for Kinds {
    fn find(&self, name: &str) -> Option<TaskRef> {
        let port = |name: &str| Port::new(name, Type::Optional(Box::new(Type::Any)));
        let mut signature = Signature {
            ports: vec![port("x"), port("y"), port("z")],
            pure: true,
            ..Signature::default()
        };
        match name.strip_prefix("t/")? {
            "pure" => {}
            "act" => signature.pure = false,
            "wait" => signature.lane = Lane::Blocking,
            "big" => signature.memory = Some(1_000_000_000),
            "wide" => signature.cpus = 4,
            "unread" => {
                signature.ports =
                    vec![Port { unread: true, ..Port::new("given", Type::Any) }, port("x")];
            }
            "deaf" => signature.ports = vec![Port { unread: true, ..port("given") }, port("x")],
            "list" => signature.output = "list<any>".parse().unwrap(),
            "yes" => signature.output = Type::Bool,
            "grow" => signature.output = Type::Workflow,
            "join" => signature.ports = vec![Port::new("a", Type::Any), Port::new("b", Type::Any)],
            _ => return None,
        }
        let signature = Arc::new(signature);
        Some(TaskRef { name: name.into(), signature, body: Arc::new(Nothing), pack: None })
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A workflow of these keys behind `terrace: 1`.
pub(crate) fn flow(text: &str) -> Workflow {
    let source = Source::new("flow", format!("terrace: 1\n{text}"), Format::Yaml);
    let draft = Draft::read(&source).unwrap();
    draft.validate(&Kinds).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn preview(text: &str, workers: usize) -> Preview {
    Preview::of(&flow(text).plan(), &Conditions::new(workers))
}

fn list(items: usize) -> String {
    let items: Vec<String> = (0..items).map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

const SECOND: Duration = Duration::from_secs(1);

/// One after the other, critical path, at best: in seconds.
fn seconds(preview: &Preview) -> (f64, f64, f64) {
    let time = preview.time.as_ref().unwrap();
    assert!(time.complete);
    (time.sequential.as_secs_f64(), time.path.as_secs_f64(), time.at_best.as_secs_f64())
}

#[test]
fn a_thousand_users_in_ten_chunks_take_211_seconds() {
    let users = format!("[{}]", vec![list(100); 10].join(", "));
    let text = |process: &str| {
        format!(
            "nodes:
  fetch: {{ task: t/wait, expected: 5s }}
  split: {{ task: t/wait, with: {{ x: \"${{fetch}}\" }}, expected: 1s }}
  process:
    after: [split]
    {process}
  merge: {{ task: t/wait, with: {{ x: \"${{process}}\" }}, expected: 2s }}
  write: {{ task: t/wait, with: {{ x: \"${{merge}}\" }}, expected: 3s }}
output: \"${{write}}\"
"
        )
    };
    // A chunk as one call, and as a hundred calls one after the other.
    let chunks = format!("map: {{ over: {} }}\n    task: t/wait\n    expected: 200s", list(10));
    let one = preview(&text(&chunks), 2);
    assert_eq!(seconds(&one), (2011.0, 211.0, 211.0));
    assert_eq!(one.calls.known(), Some(14));
    assert_eq!(one.time.as_ref().unwrap().bound, Bound::Path);

    let nested = format!(
        "map: {{ over: {users}, as: chunk }}
    nodes:
      each: {{ map: {{ over: \"${{chunk}}\", as: user, window: 1 }}, task: t/wait, expected: 2s }}
    output: \"${{each}}\""
    );
    let nested = preview(&text(&nested), 2);
    // 2000 s of it the users'; by the graph alone they could all go at once.
    assert_eq!(seconds(&nested), (2011.0, 13.0, 211.0));
    assert_eq!(nested.calls.known(), Some(1004));
    assert_eq!(nested.time.unwrap().bound, Bound::AtOnce);
}

#[test]
fn five_hundred_urls_take_50_or_10_seconds() {
    let urls = |keys: &str, rest: &str, workers: usize| {
        let over = list(500);
        let text = format!(
            "{rest}\nnodes:\n  check: {{ map: {{ over: {over}, as: n{keys} }}, task: t/wait, expected: 1s{} }}\n\
             output: \"${{check}}\"\n",
            if rest.is_empty() { "" } else { ", needs: web" }
        );
        preview(&text, workers)
    };
    assert_eq!(seconds(&urls(", window: 10", "", 2)), (500.0, 1.0, 50.0));
    assert_eq!(seconds(&urls(", window: 50", "", 2)), (500.0, 1.0, 10.0));
    assert_eq!(seconds(&urls(", concurrency: 50", "", 2)), (500.0, 1.0, 10.0));
    // The same by a limit of the run.
    let limit = urls("", "limits: { web: { concurrency: 50 } }", 2);
    assert_eq!(seconds(&limit), (500.0, 1.0, 10.0));
    assert_eq!(limit.time.unwrap().bound, Bound::Limit("web".into()));
    // Without workers one after the other.
    assert_eq!(seconds(&urls(", window: 50", "", 0)), (500.0, 1.0, 500.0));
    // 80 at once, then 80 a minute: the last 20 begin after six minutes.
    let rate = urls("", "limits: { web: { rate: 80/min } }", 2);
    assert_eq!(seconds(&rate), (500.0, 1.0, 361.0));
    assert_eq!(rate.time.unwrap().bound, Bound::Rate("web".into()));
    // One at a time, each 750 ms after the one before.
    let even = urls("", "limits: { web: { rate: 80/min, burst: 1 } }", 2);
    assert_eq!(seconds(&even), (500.0, 1.0, 499.0 * 0.75 + 1.0));
}

#[test]
fn three_reads_and_a_merge_take_the_time_of_one_read() {
    let reads = "nodes:
  a: { task: t/wait, expected: 2s }
  b: { task: t/wait, expected: 2s }
  c: { task: t/wait, expected: 2s }
  merge: { task: t/pure, with: { x: [\"${a}\", \"${b}\", \"${c}\"] }, expected: 0s }
output: \"${merge}\"\n";
    assert_eq!(seconds(&preview(reads, 2)), (6.0, 2.0, 2.0));
    // Tasks that compute share what workers there are.
    let computed = preview(&reads.replace("t/wait", "t/pure"), 2);
    assert_eq!(seconds(&computed), (6.0, 2.0, 3.0));
    assert_eq!(computed.time.unwrap().bound, Bound::Workers);
    let wide = preview(&reads.replace("t/wait", "t/wide"), 4);
    assert_eq!(seconds(&wide), (6.0, 2.0, 6.0));
}

#[test]
fn what_only_the_run_knows_is_told_as_that() {
    let mut told = String::new();
    for (what, nodes) in [
        (
            "unknown length",
            "  l: { task: t/list }\n  m: { map: { over: \"${l}\" }, task: t/act, expected: 1s }",
        ),
        (
            "known through a map",
            "  l: { map: { over: [1, 2, 3] }, task: t/pure }\n  m: { map: { over: \"${l}\" }, task: t/act }",
        ),
        (
            "retries inside retries",
            "  n:\n    retry: 2\n    nodes: { a: { task: t/act, retry: 3 }, b: { task: t/act } }",
        ),
        (
            "a loop",
            "  n:\n    loop: { max: 7, carry: { x: { start: 1, next: \"${y}\" } }, until: \"${u}\" }\n    nodes: { y: { task: t/act, expected: 1s }, u: { task: t/yes, with: { x: \"${y}\" } } }\n    output: \"${y}\"",
        ),
        (
            "a graph that grows",
            "  n: { task: t/grow, expected: 1s }\n  m: { task: t/act, with: { x: \"${n}\" } }",
        ),
        (
            "after a failure",
            "  a: { task: t/act, expected: 1s }\n  b: { task: t/act, after: [a], run_if: failure, expected: 1m, cost: { calls: 1 } }",
        ),
        ("reduced", "  m: { map: { over: [1, 2, 3, 4], reduce: t/join }, task: t/act }"),
        ("not needed", "  a: { task: t/pure, expected: 9s }\n  b: { task: t/act, expected: 1s }"),
    ] {
        let preview = preview(&format!("nodes:\n{nodes}\n"), 2);
        let _ = write!(told, "{what}\n{}", preview.to_text());
    }
    insta::assert_snapshot!(told, @r#"
    unknown length
    calls: 1 + ?
    known through a map
    calls: 6
    retries inside retries
    calls: 2, at most 8
    a loop
    calls: 2 + ?, at most 14
    time: at least 1s one after the other, at least 1s on 2 workers: the critical path decides
    a graph that grows
    calls: 2 + ?
    time: at least 1s one after the other, at least 1s on 2 workers: the critical path decides
    after a failure
    calls: 1, at most 2
    cost: calls 0, at most 1
    time: 1s one after the other, 1s on 2 workers: the critical path decides
    reduced
    calls: 7
    not needed
    calls: 1
    time: 1s one after the other, 1s on 2 workers: the critical path decides
    "#);
}

#[test]
fn inputs_tell_how_long_a_map_is() {
    let workflow = flow(
        "inputs: { files: list<str>, all: any }
nodes:
  a: { map: { over: \"${inputs.files}\", as: f }, task: t/act, with: { x: \"${f}\" } }
  b: { map: { over: \"${inputs.all.parts}\" }, task: t/act }
  c:
    map: { over: [1, 2], as: i }
    nodes: { d: { map: { over: \"${inputs.files}\", as: f }, task: t/act, with: { x: \"${i}\", y: \"${f}\" } } }
",
    );
    let plan = workflow.plan();
    let open = Preview::of(&plan, &Conditions::new(2));
    assert_eq!((open.calls.to_string(), open.calls.known()), ("?".to_owned(), None));
    let texts = |n: usize| Value::list(vec![Value::from("x"); n]).unwrap();
    let all = Value::map([("parts", texts(7))]).unwrap();
    let conditions = Conditions::new(2).with_inputs([Some(texts(5)), Some(all)]);
    assert_eq!(Preview::of(&plan, &conditions).calls.known(), Some(5 + 7 + 10));
}

#[test]
fn five_calls_at_three_cents_cost_fifteen_and_more_with_retries() {
    let text = "budget: { money: 0.5 }
nodes:
  m: { map: { over: [1, 2, 3, 4, 5], window: 5 }, task: t/act, cost: { money: 0.03 }, retry: 3 }
  side: { task: t/act, cost: { calls: 1 } }\n";
    let preview = preview(text, 2);
    insta::assert_snapshot!(preview.to_text(), @r#"
    calls: 6, at most 16
    cost: calls 1
    cost: money 0.15, at most 0.45, budget 0.5
    "#);
    insta::assert_snapshot!(preview.to_json(), @r#"
    {"calls":{"expected":6,"complete":true,"most":16},"cost":[{"of":"calls","expected":"1","complete":true,"most":"1","budget":null},{"of":"money","expected":"0.15","complete":true,"most":"0.45","budget":"0.5"}],"memory":[],"time":null}
    "#);
}

#[test]
fn memory_counts_what_can_run_at_once() {
    let mut told = String::new();
    for (what, text) in [
        ("80 of 100 MB in 8 GB", format!(
            "limits: {{ ram: {{ memory: 8GB }} }}\nnodes:\n  m: {{ map: {{ over: {} }}, task: t/wait, needs: {{ ram: 100MB }} }}\noutput: \"${{m}}\"", list(500)
        )),
        ("ten at a time", format!(
            "limits: {{ ram: {{ memory: 8GB }} }}\nnodes:\n  m: {{ map: {{ over: {}, window: 10 }}, task: t/wait, needs: {{ ram: 100MB }} }}\noutput: \"${{m}}\"", list(500)
        )),
        ("a chain", "nodes:\n  a: { task: t/big }\n  b: { task: t/big, with: { x: \"${a}\" } }\n  c: { task: t/big, with: { x: \"${b}\" } }\noutput: \"${c}\"".to_owned()),
        ("five side by side on two workers", format!("nodes:\n  m: {{ map: {{ over: {} }}, task: t/big }}\noutput: \"${{m}}\"", list(5))),
        ("written out", "nodes:\n  a: { task: t/big }\n  b: { task: t/big }\n  c: { task: t/big }\noutput: [\"${a}\", \"${b}\", \"${c}\"]".to_owned()),
        ("what the manifest says counts against the limit", "limits: { ram: { memory: 4GB } }\nnodes:\n  a: { task: t/big }\n  m: { map: { over: [1, 2, 3] }, task: t/big, with: { x: \"${a}\" } }\noutput: \"${m}\"".to_owned()),
    ] {
        let preview = preview(&format!("{text}\n"), 2);
        let text = preview.to_text();
        let memory: Vec<&str> = text.lines().filter(|line| line.starts_with("memory")).collect();
        let _ = writeln!(told, "{what}\n{}", memory.join("\n"));
    }
    insta::assert_snapshot!(told, @r#"
    80 of 100 MB in 8 GB
    memory: at most 8GB of 8GB of `ram` at once
    ten at a time
    memory: at most 1GB of 8GB of `ram` at once
    a chain
    memory: at most 1GB at once
    five side by side on two workers
    memory: at most 2GB at once
    written out
    memory: at most 2GB at once
    what the manifest says counts against the limit
    memory: at most 2GB of 4GB of `ram` at once
    "#);
}

#[test]
fn workflows_in_many_places_are_counted_once() {
    // 2^40 calls.
    let mut inner = flow("nodes: { a: { task: t/act, expected: 1s } }");
    for _ in 0..40 {
        let wf = terrace_core::WorkflowBuilder::new("twice");
        wf.run(&inner).add();
        wf.run(&inner).add();
        inner = wf.build(&Kinds).unwrap();
    }
    let preview = Preview::of(&inner.plan(), &Conditions::new(2));
    assert_eq!(preview.calls.known(), Some(1 << 40));
    assert_eq!(preview.time.unwrap().path, SECOND);
    assert!(inner.lint(None).is_empty());
}
