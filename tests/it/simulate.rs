//! `simulate`, `explain` and `import` through the command; the numbers that the documents promise.

use serde_json::Value;
use terrace_tests::terrace;

use crate::support::{document, workflow};

fn simulate(file: &str, args: &[&str]) -> Value {
    let mut all = vec!["simulate", file, "--json"];
    all.extend_from_slice(args);
    let ran = terrace(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)
}

fn explain(file: &str, args: &[&str]) -> Value {
    let mut all = vec!["explain", file, "--json"];
    all.extend_from_slice(args);
    let ran = terrace(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)
}

fn makespans(document: &Value) -> Vec<f64> {
    let rows = document["rows"].as_array().unwrap();
    rows.iter().map(|row| row["makespan"].as_f64().unwrap()).collect()
}

#[test]
fn a_diamond_is_three_units_instead_of_four() {
    let document = simulate("examples/forecast/diamond.yaml", &["--workers", "1,2"]);
    assert_eq!(makespans(&document), [4.0, 3.0]);
    assert_eq!((&document["work"], &document["critical_path"]), (&4.0.into(), &3.0.into()));
    // The same without a word of how long anything takes.
    let explained = explain("examples/diamond.yaml", &["--workers", "2"]);
    assert_eq!(explained["in_units"], true);
    assert_eq!(explained["sequential"], 4.0);
    assert_eq!(explained["dataflow"]["makespan"], 3.0);
}

#[test]
fn three_reads_and_a_merge_are_two_units_instead_of_four() {
    let explained = explain("examples/forecast/reads.yaml", &["--workers", "3"]);
    assert_eq!(
        (&explained["sequential"], &explained["critical_path"]["time"]),
        (&4.0.into(), &2.0.into())
    );
    assert_eq!(explained["dataflow"]["makespan"], 2.0);
}

#[test]
fn a_thousand_users_take_211_seconds_where_they_alone_take_2000() {
    let items = ["--items", "split=10", "--items", "process.users=100"];
    let file = "examples/forecast/users.yaml";
    let document = simulate(file, &[&items[..], &["--workers", "1,4"]].concat());
    assert_eq!(makespans(&document), [211.0, 211.0]);
    // What is around them takes 11 s.
    assert_eq!(document["work"].as_f64().unwrap() - 11.0, 2000.0);
    assert_eq!(document["critical_path"], 211.0);
    assert_eq!(document["tasks"], 4 + 10 * 2 + 1000);
}

#[test]
fn five_measurements_of_two_seconds_take_two_instead_of_ten() {
    let explained = explain("examples/forecast/vqe.yaml", &["--workers", "5"]);
    let level = &explained["levels"][1];
    assert_eq!((&level["longest"], &level["time"]), (&"measure".into(), &2.0.into()));
    assert_eq!(
        (&explained["sequential"], &explained["dataflow"]["makespan"]),
        (&10.0.into(), &2.0.into())
    );
}

#[test]
fn five_hundred_urls_take_50_seconds_ten_at_a_time_and_10_fifty_at_a_time() {
    let file = "examples/forecast/urls.yaml";
    let items = ["--items", "numbers=500", "--workers", "1,8"];
    let ten = simulate(file, &items);
    assert_eq!((makespans(&ten), &ten["work"]), (vec![50.0, 50.0], &500.0.into()));
    assert_eq!(ten["rows"][0]["cost"]["money"], "0.5");
    assert_eq!(ten["rows"][0]["utilisation"], Value::Null);
    let fifty = simulate(file, &[&items[..], &["--limits", "site=50"]].concat());
    assert_eq!(makespans(&fifty), [10.0, 10.0]);
    let one = simulate(file, &[&items[..], &["--limits", "site=1"]].concat());
    assert_eq!(makespans(&one), [500.0, 500.0]);
}

#[test]
fn explanations_are_text_for_people() {
    let ran = terrace(&["explain", "examples/forecast/diamond.yaml", "--workers", "2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"");
    let ran = terrace(&["explain", "examples/accidental.yaml", "--workers", "2"]);
    assert!(ran.stdout.contains("[unread_port]"), "{}", ran.stdout);
}

#[test]
fn forecasts_are_tables_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("users.svg");
    let ran = terrace(&[
        "simulate",
        "examples/forecast/urls.yaml",
        "--workers",
        "1..3",
        "--order",
        "both",
        "--plot",
        plot.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @"");
    insta::assert_snapshot!(ran.stderr, @"");
    assert!(std::fs::read_to_string(plot).unwrap().starts_with("<svg"));
}

const UNTIMED: &str = r#"terrace: 1
name: untimed
packs: { util: "^0.1" }
limits: { site: { concurrency: 2 } }
nodes:
  a: { task: util/stub }
  b: { task: util/stub, expected: 1s, after: [a] }
  c: { task: util/sleep, with: { seconds: 1 }, after: [a] }
"#;

#[test]
fn what_takes_how_long_is_asked_for_all_at_once() {
    let scratch = workflow(UNTIMED);
    let file = scratch.file.to_str().unwrap();
    let ran = terrace(&["simulate", file]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nothing says how long these take: `a`, `c`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--default-duration"), "{}", ran.stderr);
    let times = scratch.folder.path().join("times.yaml");
    std::fs::write(&times, "a: 2s\nutil/sleep: 500ms\n").unwrap();
    let times = times.to_str().unwrap();
    let document = simulate(file, &["--workers", "2", "--durations", times]);
    assert_eq!(makespans(&document), [3.0]);
    let document = simulate(file, &["--workers", "2", "--default-duration", "0s"]);
    assert_eq!(makespans(&document), [1.0]);
    // Explaining goes on with what there is.
    let ran = terrace(&["explain", file]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("as long as the others on average take `a`, `c`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_given_and_not_there_is_told() {
    let scratch = workflow(UNTIMED);
    let file = scratch.file.to_str().unwrap();
    for (args, told) in [
        (["--limits", "sight=3"], "it has `site`"),
        (["--items", "nodes=3"], "`nodes`"),
        (["--workers", "0"], "from 1 to 65535"),
        (["--workers", "4..2"], "smaller number first"),
    ] {
        let all = [&["simulate", file, "--default-duration", "1s"][..], &args].concat();
        let ran = terrace(&all);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
    let lost = workflow(
        "terrace: 1\npacks: { nowhere: \"^0.1\" }\nnodes: { a: { task: nowhere/x, expected: 1s } }\n",
    );
    let ran = terrace(&["simulate", lost.file.to_str().unwrap(), "--json"]);
    assert_eq!((ran.code, &document(&ran)["status"]), (3, &"refused".into()));
}

const INSTANCE: &str = r#"{"name": "two", "schemaVersion": "1.5", "workflow": {
  "specification": {"tasks": [
    {"id": "get 1", "name": "get", "children": ["join"]}, {"id": "get 2", "name": "get", "children": ["join"]},
    {"id": "join", "name": "join"}]},
  "execution": {"tasks": [
    {"id": "get 1", "runtimeInSeconds": 0.25}, {"id": "get 2", "runtimeInSeconds": 0.5}, {"id": "join", "runtimeInSeconds": 0.25}]}
}}"#;

#[test]
fn an_instance_is_simulated_as_it_is_and_runs_when_it_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (instance, imported) = (path("two.json"), path("two.yaml"));
    std::fs::write(&instance, INSTANCE).unwrap();
    let direct = simulate(&instance, &["--workers", "1,2"]);
    assert_eq!(makespans(&direct), [1.0, 0.75]);
    let ran = terrace(&["import", "wfformat", &instance, "-o", &imported, "--scale", "0.01"]);
    assert_eq!((ran.code, &ran.stderr[..]), (0, ""));
    assert_eq!(makespans(&simulate(&imported, &["--workers", "1,2"])), [0.01, 0.0075]);
    let ran = terrace(&["run", &imported, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(document(&ran)["nodes"][0]["name"], "get_1");

    std::fs::write(
        &instance,
        INSTANCE.replace("\"id\": \"join\", \"name\"", "\"id\": \"get 1\", \"name\""),
    )
    .unwrap();
    let ran = terrace(&["import", "wfformat", &instance, "-o", &imported]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("two.json: workflow.specification.tasks[2].id"), "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no task `join`"), "{}", ran.stderr);
}
