//! Checkpoints on the command line: who decides, and what comes of it.

use serde_json::{Value, json};

use crate::support::{Scratch, document, node, workflow};

fn levels() -> Scratch {
    workflow(
        r#"terrace: 1
name: looks
packs: { math: "^0.1" }
checkpoints: levels
nodes:
  doubled:
    map: { over: [1, 2, 3, 4] }
    task: math/mul
    with: { x: "${item}", y: 2 }
  sum: { task: math/sum, with: { values: "${doubled}" } }
outputs: { sum: "${sum}" }
"#,
    )
}

fn with(command: &str) -> (i32, Value, String) {
    let ran = levels().run(&["--json", "--approve-timeout", "1s", "--approve-with", command]);
    let json = document(&ran);
    (ran.code, json, ran.stderr)
}

#[test]
fn nobody_to_ask_stops_the_run_and_says_how_to_approve() {
    let scratch = levels();
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("looks was stopped at a checkpoint"), "{}", ran.stderr);
    let how = "stopped after level 0: nobody was there to approve; run it in a terminal to be asked, \
               with `--approve-with 'CMD'` to let a program decide, or with `--approve always`";
    assert!(ran.stderr.contains(how), "{}", ran.stderr);
    assert!(ran.stderr.contains("no output `sum`"), "{}", ran.stderr);
    let json = scratch.json(&[]);
    assert_eq!(json["status"], "stopped_at_checkpoint");
    let checkpoint =
        json!({ "level": 0, "nodes": ["doubled"], "reason": "nobody was there to approve" });
    assert_eq!(json["checkpoint"], checkpoint);
}

#[test]
fn what_was_said_beforehand_asks_nobody() {
    let json = levels().json(&["--approve", "always"]);
    assert_eq!((&json["status"], &json["outputs"]["sum"]), (&json!("succeeded"), &json!(20)));
}

#[test]
fn a_program_decides_and_sees_what_was_produced() {
    let seen = levels();
    let file = seen.folder.path().join("seen.json");
    let command = format!("cat > {}", file.display());
    let json = seen.json(&["--approve-with", &command]);
    assert_eq!((&json["status"], &json["outputs"]["sum"]), (&json!("succeeded"), &json!(20)));
    let seen: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(
        seen["produced"],
        json!([{ "name": "doubled", "status": "ok", "value": [2, 4, 6, 8] }])
    );
    assert_eq!((&seen["level"], &seen["next"]), (&json!(0), &json!(["sum"])));
}

#[test]
fn a_program_drops_items() {
    let (code, json, _) = with(r#"echo '{"drop": {"doubled": [0, 3]}}'"#);
    assert_eq!((code, &json["outputs"]["sum"]), (0, &json!(10)));
}

#[test]
fn a_program_that_says_no_is_killed_hangs_or_prints_garbage_stops_the_run() {
    for (command, reason) in [
        ("exit 3", "`exit 3` said no, with exit code 3"),
        ("kill -9 $$", "`kill -9 $$` was killed by signal 9"),
        ("sleep 60 & wait", "`sleep 60 & wait` did not decide within 1s"),
        ("sleep 60 &", "what `sleep 60 &` printed does not end"),
        ("echo yes", "`echo yes` approved, and printed no JSON"),
        ("echo '{\"drop\": {\"doubled\": [9]}}'", "what node `doubled` gave has no item 9"),
        ("echo '{\"drop\": {\"other\": [0]}}'", "node `other` has given nothing here"),
        ("yes", "`yes` printed more than 1048576 bytes"),
        ("/no/such/program", "`/no/such/program` said no, with exit code 127"),
    ] {
        let (code, json, stderr) = with(command);
        assert_eq!(code, 4, "{command}: {stderr}");
        let told = json["checkpoint"]["reason"].as_str().unwrap();
        assert!(told.starts_with(reason), "{command}: {told}");
        assert_eq!(json["outputs"]["sum"], Value::Null, "{command}");
    }
}

#[test]
fn a_node_is_a_checkpoint_by_itself() {
    let scratch = workflow(
        r#"terrace: 1
packs: { math: "^0.1" }
nodes:
  first: { task: math/add, with: { x: 1, y: 2 }, checkpoint: true }
  second: { task: math/mul, with: { x: "${first}", y: 10 } }
outputs: { second: "${second}" }
"#,
    );
    let json = scratch.json(&["--approve-with", "exit 1"]);
    assert_eq!(json["checkpoint"]["nodes"], json!(["first"]));
    let json = scratch.json(&["--approve-with", "true"]);
    assert_eq!(json["outputs"]["second"], json!(30));
}

#[test]
fn who_was_asked_and_said_no_is_not_told_how_to_ask() {
    let ran = levels().run(&["--approve-with", "exit 3"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let reason = "stopped after level 0: `exit 3` said no, with exit code 3\n";
    assert!(ran.stderr.ends_with(reason), "{}", ran.stderr);
}

/// As `--approve-with "$APPROVER"` is where nobody set it.
#[test]
fn an_empty_program_approves_nothing() {
    for command in ["", " \t"] {
        let ran = levels().run(&["--approve-with", command]);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("would approve everything"), "{}", ran.stderr);
    }
}

#[test]
fn what_cleans_up_runs_after_a_stop_and_an_alarm_after_a_failure_only() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
checkpoints: [plan]
nodes:
  plan: { task: util/identity, with: { value: 1 } }
  work: { task: util/identity, with: { value: "${plan}" } }
  alarm: { task: util/stub, after: [work], run_if: failure }
  clean_up: { task: util/stub, after: [work], run_if: always }
outputs: { work: "${work}" }
"#,
    );
    let json = scratch.json(&[]);
    let status = |name| node(&json, name)["status"].as_str().unwrap();
    assert_eq!(["work", "alarm", "clean_up"].map(status), ["cancelled", "skipped", "ok"]);
}
