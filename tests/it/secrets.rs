//! A secret input stays out of everything written or printed.

use terrace_tests::{command, ran};

use crate::support::workflow;

const TOKEN: &str = "s3cr3t-\"quoted\"-tøken";

#[test]
fn a_secret_is_masked_in_outputs_errors_logs_and_documents() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
inputs: { token: { type: str, secret: true, from: "env:TERRACE_TEST_TOKEN" } }
nodes:
  echo: { task: util/identity, with: { value: { nested: ["Bearer ${inputs.token}"] } } }
  note: { task: util/log, with: { message: "using ${inputs.token}" } }
  bad: { task: util/fail, with: { message: "refused: ${inputs.token}" } }
outputs: { echo: "${echo}" }
"#,
    );
    for json in [false, true] {
        let mut command = command();
        command.arg("run").arg(&scratch.file).env("TERRACE_TEST_TOKEN", TOKEN);
        if json {
            command.arg("--json");
        }
        let ran = ran(command.output());
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("Bearer ***") && all.contains("refused: ***"), "{all}");
        assert!(all.contains("using ***"), "{all}");
        for form in [TOKEN, "s3cr3t", "tøken"] {
            assert!(!all.contains(form), "{form} is in {all}");
        }
    }
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_showing_it() {
    let scratch = workflow(
        r#"terrace: 1
inputs: { token: { type: "list<str>", secret: true, from: "env:TERRACE_TEST_TOKEN" } }
nodes: {}
outputs: {}
"#,
    );
    let ran1 = scratch.run(&["-i", "token=12345678"]);
    assert_eq!(ran1.code, 2);
    assert!(ran1.stderr.contains("it is secret"), "{}", ran1.stderr);
    assert!(!ran1.stderr.contains("12345678"), "{}", ran1.stderr);
    // A value of the wrong type is not shown either.
    let mut command = command();
    command.arg("run").arg(&scratch.file).env("TERRACE_TEST_TOKEN", "hunter2hunter2");
    let ran2 = ran(command.output());
    assert_eq!(ran2.code, 2);
    assert!(!ran2.stderr.contains("hunter2"), "{}", ran2.stderr);
}

#[test]
fn a_secret_may_come_from_a_file() {
    let scratch = workflow(
        r#"terrace: 1
packs: { text: "^0.1", util: "^0.1" }
inputs: { token: { type: str, secret: true } }
nodes:
  same: { task: util/compare, with: { left: "${inputs.token}", op: "==", right: "abc" } }
outputs: { same: "${same}" }
"#,
    );
    let file = scratch.folder.path().join("token");
    std::fs::write(&file, "abc\n").unwrap();
    let document = scratch.json(&["-i", &format!("token=@{}", file.display())]);
    assert_eq!(document["outputs"]["same"], true);
}

#[test]
fn a_secret_that_is_no_text_and_one_written_into_the_file_are_refused_unseen() {
    let scratch = workflow(
        r#"terrace: 1
inputs:
  pin: { type: i64, secret: true }
  word: { type: str, secret: true, default: hunter2 }
nodes: {}
"#,
    );
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 2);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    insta::assert_snapshot!(scratch.plain(&ran.stderr), @r"
    error: input `pin` is secret and of type i64
     --> flow.yaml:3:3
      |
    3 |   pin: { type: i64, secret: true }
      |   ^^^
      |
      = help: a secret is text, which can be recognised and masked: `str`, `str?`, `list<str>` or `map<str, str>`

    error: flow.yaml:4:45: input `word` is secret and has a default
      = help: a file is no place for a secret: read it by `from: env:NAME`

    2 problems found
    ");
}

#[test]
fn keys_of_a_secret_map_are_masked_too() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
inputs: { auth: { type: "map<str, str>", secret: true } }
nodes:
  echo: { task: util/identity, with: { value: "${inputs.auth}" } }
outputs: { echo: "${echo}" }
"#,
    );
    let file = scratch.folder.path().join("auth");
    std::fs::write(&file, r#"{"secret-user": "secret-word"}"#).unwrap();
    let ran = scratch.run(&["-i", &format!("auth=@{}", file.display())]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "echo: {\"***\":\"***\"}\n");
}
