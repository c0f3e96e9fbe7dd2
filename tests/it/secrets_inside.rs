//! Secret inputs of workflows inside nodes: masked wherever they are, and read from the environment.

use std::sync::{Arc, Mutex};

use terrace::core::{Event, EventKind, Expansion, NoTasks, Redactor, WorkflowBuilder};
use terrace::prelude::{Engine, RunRequest, TaskContext, TaskError};
use terrace_tests::{Ran, command, ran};

use crate::support::{Scratch, document, node, workflow};

const TOKEN: &str = "s3cr3t-\"quoted\"-tøken";

/// Does with its token all that shows it.
const INNER: &str = r#"terrace: 1
packs: { util: "^0.1" }
inputs: { token: { type: str, secret: true, from: "env:TERRACE_TEST_TOKEN" } }
nodes:
  echo: { task: util/identity, with: { value: { nested: ["Bearer ${inputs.token}"] } } }
  note: { task: util/log, with: { message: "using ${inputs.token}" } }
  bad: { task: util/fail, with: { message: "refused: ${inputs.token}" }, after: [note, echo] }
output: { echo: "${echo}", bad: "${bad}" }
"#;

/// Hands what it is given to the inner one, without knowing it for a secret.
const MIDDLE: &str = r#"terrace: 1
inputs: { word: str }
nodes: { call: { use: inner.yaml, with: { token: "${inputs.word}" } } }
output: "${call}"
"#;

fn files(outer: &str) -> Scratch {
    let scratch = workflow(outer);
    std::fs::write(scratch.folder.path().join("inner.yaml"), INNER).unwrap();
    std::fs::write(scratch.folder.path().join("middle.yaml"), MIDDLE).unwrap();
    scratch
}

/// Runs it with the token in the environment and these arguments, for people and for programs.
fn both(scratch: &Scratch, args: &[&str]) -> [Ran; 2] {
    [None, Some("--json=full")].map(|json| {
        let mut command = command();
        command.arg("run").arg(&scratch.file).args(args).args(json);
        ran(command.env("TERRACE_TEST_TOKEN", TOKEN).output())
    })
}

fn assert_masked(ran: &Ran, shown: &[&str], secrets: &[&str]) {
    let all = format!("{}{}", ran.stdout, ran.stderr);
    for text in shown {
        assert!(all.contains(text), "no {text} in {all}");
    }
    for secret in secrets {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}

#[test]
fn what_a_used_file_calls_a_secret_is_masked_at_any_depth() {
    for uses in [
        "inner.yaml, with: { token: \"${inputs.t}\" }",
        "middle.yaml, with: { word: \"${inputs.t}\" }",
    ] {
        let scratch = files(&format!(
            "terrace: 1\npacks: {{ util: \"^0.1\" }}\ninputs: {{ t: str }}\nnodes:\n  \
             n: {{ use: {uses} }}\n  \
             same: {{ task: util/identity, with: {{ value: \"and ${{inputs.t}}\" }}, after: [n], run_if: always }}\n\
             outputs: {{ n: \"${{n}}\", same: \"${{same}}\" }}\n"
        ));
        for ran in both(&scratch, &["-i", "t=open-sesame"]) {
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            assert_masked(&ran, &["refused: ***", "using ***", "and ***"], &["open-sesame"]);
        }
    }
}

#[test]
fn each_of_many_tokens_is_masked() {
    let scratch = files(
        r#"terrace: 1
packs: { util: "^0.1" }
nodes:
  tokens: { task: util/identity, with: { value: [open-sesame, hocus-pocus, abracadabra] } }
  each: { use: middle.yaml, with: { word: "${item}" }, map: { over: "${tokens}", collect: outcomes } }
  strict: { use: inner.yaml, with: { token: "${word}" }, map: { over: "${tokens}", as: word } }
outputs: { each: "${each}", strict: "${strict}" }
"#,
    );
    for ran in both(&scratch, &[]) {
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let secrets = ["open-sesame", "hocus-pocus", "abracadabra"];
        assert_masked(&ran, &["refused: ***", "using ***"], &secrets);
    }
}

#[test]
fn an_input_of_a_used_file_comes_from_the_environment() {
    let outer = "terrace: 1\nnodes:\n  n: { nodes: { deep: { use: inner.yaml } } }\n  \
                 m: { use: inner.yaml, map: { over: [1, 2] } }\noutputs: { n: \"${n}\" }\n";
    let scratch = files(outer);
    for ran in both(&scratch, &[]) {
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let shown = ["n.deep.bad", "m[1].bad", "refused: ***", "using ***"];
        assert_masked(&ran, &shown[2..], &[TOKEN, "s3cr3t", "tøken"]);
        if ran.stdout.starts_with('{') {
            let document = document(&ran);
            node(&document, "n.deep.bad");
            node(&document, "m[1].bad");
        }
    }
    // It is missed before anything runs.
    let ran =
        ran(command().arg("run").arg(&scratch.file).env_remove("TERRACE_TEST_TOKEN").output());
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: input `n.deep.token`: a value of type str is needed; set the environment variable TERRACE_TEST_TOKEN, or give it in `with`
    error: input `m.token`: a value of type str is needed; set the environment variable TERRACE_TEST_TOKEN, or give it in `with`
    ");
}

#[test]
fn what_is_given_wins_over_the_environment_and_that_over_a_default() {
    let scratch = workflow(
        r#"terrace: 1
nodes:
  given: { use: part.yaml, with: { x: 1 } }
  found: { use: part.yaml }
outputs: { given: "${given}", found: "${found}" }
"#,
    );
    let part = r#"terrace: 1
inputs: { x: { type: i64, default: 2, from: "env:TERRACE_TEST_X" } }
output: "${inputs.x}"
"#;
    std::fs::write(scratch.folder.path().join("part.yaml"), part).unwrap();
    let with = |value: Option<&str>| {
        let mut command = command();
        command.arg("run").arg(&scratch.file).env_remove("TERRACE_TEST_X");
        command.envs(value.map(|value| ("TERRACE_TEST_X", value)));
        ran(command.output())
    };
    assert_eq!(with(None).stdout, "given: 1\nfound: 2\n");
    assert_eq!(with(Some("3")).stdout, "given: 1\nfound: 3\n");
    let wrong = with(Some("many"));
    assert_eq!(wrong.code, 2);
    let message = "input `found.x`: environment variable TERRACE_TEST_X: ";
    assert!(wrong.stderr.contains(message), "{}", wrong.stderr);
}

/// This one is there in every test that cargo runs.
const VARIABLE: &str = "CARGO_PKG_NAME";

#[test]
fn a_workflow_that_a_task_gives_has_secrets_too() {
    let wf = WorkflowBuilder::new("given");
    let given = wf.expand(
        || {
            let deep = WorkflowBuilder::new("deep");
            let token = deep.input::<String>("token").secret();
            deep.result(&deep.call(|token: String| token, (&token,)));
            let deep = deep.build(&NoTasks).unwrap();
            let wf = WorkflowBuilder::new("inner");
            let name = wf.input::<String>("name").secret().with_env(VARIABLE);
            let word = wf.call(|| "open-sesame".to_owned(), ());
            let word = wf.run(&deep).arg("token", &word).add_as::<String>();
            let both = wf.try_call(
                |ctx: &TaskContext<'_>, a: String, b: String| {
                    ctx.log(terrace::api::LogLevel::Info, format!("{a} and {b}"));
                    Err::<String, _>(TaskError::msg(format!("no {a} and {b}")))
                },
                (&name, &word),
            );
            Expansion::flow(wf, &both)
        },
        (),
    );
    wf.output("given", &given.named("given"));
    let engine = Engine::builder().workers(1).build().unwrap();
    let workflow = engine.build(wf).unwrap();
    let redactor = Redactor::default();
    let logged = Arc::new(Mutex::new(Vec::new()));
    let (sink, masks) = (logged.clone(), redactor.clone());
    let observer = move |event: &Event| {
        if let EventKind::NodeLog { message, .. } = &event.kind {
            // As it is logged, so before the run has ended.
            sink.lock().unwrap().push(masks.mask(message).into_owned());
        }
    };
    let request = RunRequest::new().redactor(redactor.clone()).observer(observer);
    let report = engine.run(&workflow, &request).unwrap();
    let id = workflow.find("given").unwrap();
    let error = report.outcome(id).unwrap().error.unwrap().to_string();
    assert!(error.contains("terrace-tests and open-sesame"), "{error}");
    assert!(redactor.mask(&error).ends_with("no *** and ***"), "{}", redactor.mask(&error));
    assert_eq!(*logged.lock().unwrap(), ["*** and ***"]);
    assert!(!format!("{redactor:?}").contains("sesame"));
}
