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
inputs: { token: { type: i64, secret: true, from: "env:TERRACE_TEST_TOKEN" } }
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
