//! `simulate`, `explain`, `import` and `diff` through the command. The numbers that the documents
//! promise are rows of [`crate::examples`].

use serde_json::Value;
use terrace_tests::terrace;

use crate::support::{document, workflow};

pub(crate) fn simulate(file: &str, args: &[&str]) -> Value {
    let mut all = vec!["simulate", file, "--json"];
    all.extend_from_slice(args);
    let ran = terrace(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)
}

pub(crate) fn explain(file: &str, args: &[&str]) -> Value {
    let mut all = vec!["explain", file, "--json"];
    all.extend_from_slice(args);
    let ran = terrace(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)
}

pub(crate) fn makespans(document: &Value) -> Vec<f64> {
    let rows = document["rows"].as_array().unwrap();
    rows.iter().map(|row| row["makespan"].as_f64().unwrap()).collect()
}

#[test]
fn without_a_word_of_times_every_task_is_a_unit() {
    let explained = explain("examples/diamond.yaml", &["--workers", "2"]);
    assert_eq!(explained["in_units"], true);
    assert_eq!(
        (&explained["sequential"], &explained["dataflow"]["makespan"]),
        (&4.0.into(), &3.0.into())
    );
}

#[test]
fn explanations_are_text_for_people() {
    let ran = terrace(&["explain", "examples/forecast/diamond.yaml", "--workers", "2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout, @r"
    diamond: 4 tasks in 3 levels
      one after the other  4 s
      on 2 workers         3 s (1.33× as fast, workers 66.7 % busy)
      critical path        3 s: no run is faster

    Levels
      Level 0: identity ×2 (2 parallel)  1 s, the longest `prep_a`
      Level 1: add (1 parallel)          1 s
      Level 2: mul (1 parallel)          1 s

    Critical path, 3 s
      prep_a    1 s  33.3 %
      merge     1 s  33.3 %
      finalize  1 s  33.3 %

    Strict levels cost nothing: 3 s on 2 workers level by level, 3 s as soon as inputs exist

    Speed up `merge` first: twice as fast
      merge     500 ms instead of 1 s  gives 2.5 s  16.7 % less
      finalize  500 ms instead of 1 s  gives 2.5 s  16.7 % less
      prep_a    500 ms instead of 1 s  gives 3 s     0.0 % less

    More workers
      2  3 s  1.33×  66.7 %
      4  3 s  1.33×  33.3 %
    ");
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
    insta::assert_snapshot!(ran.stdout, @r"
    urls: 2 tasks, 1 s one after the other, critical path 1 s

    dataflow order
    workers  makespan  at least  within  utilisation  speed-up  worker time  money
          1       1 s       1 s     0 %            –     1.00×          1 s  0.001
          2       1 s       1 s     0 %            –     1.00×          2 s  0.001
          3       1 s       1 s     0 %            –     1.00×          3 s  0.001

    levels order
    workers  makespan  at least  within  utilisation  speed-up  worker time  money
          1       1 s       1 s     0 %            –     1.00×          1 s  0.001
          2       1 s       1 s     0 %            –     1.00×          2 s  0.001
          3       1 s       1 s     0 %            –     1.00×          3 s  0.001
    ");
    insta::assert_snapshot!(ran.stderr, @"assumed: `ask` has 1 item: only a run knows how many `numbers` gives; `--items` says otherwise");
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
        (["--items", "a=x"], "`x` is no number"),
        (["--limits", "site=0"], "nothing could run with 0"),
        (["--input", "nobody=3"], "there is no such input"),
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

    let wrong = INSTANCE.replace("{\"id\": \"join\", \"name\"", "{\"id\": \"get 1\", \"name\"");
    std::fs::write(&instance, wrong.replace("[\"join\"]", "[\"nobody\"]")).unwrap();
    let ran = terrace(&["import", "wfformat", &instance, "-o", &imported]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("two.json: workflow.specification.tasks[2].id"), "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no task `nobody`"), "{}", ran.stderr);
}

/// A record of a run of a file.
fn record(file: &str, args: &[&str], name: &str, folder: &std::path::Path) -> String {
    let path = folder.join(name).to_str().unwrap().to_owned();
    let ran = terrace(&[&["run", file, "--record", &path][..], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    path
}

/// How long a run took by its record.
fn recorded(path: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["duration"].as_f64().unwrap() / 1e9
}

#[test]
fn a_record_is_simulated_by_itself_and_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = "examples/users.yaml";
    let path = record(file, &["--input", "unit=0.001"], "users.jsonl", folder.path());
    let with_file = simulate(file, &["--durations", &path, "--workers", "2"]);
    // All that was recorded of them ran, in the same order: each user after the one before.
    assert_eq!(with_file["tasks"], 1012);
    assert_eq!(with_file["assumed"], serde_json::json!([]));
    let simulated = makespans(&with_file)[0];
    assert!(simulated <= recorded(&path) && simulated >= 0.2, "{simulated} {}", recorded(&path));
    let other = terrace(&["explain", "examples/vqe-h2.yaml", "--durations", &path]);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("it is of another workflow"), "{}", other.stderr);
    let alone = simulate(&path, &["--workers", "2"]);
    assert_eq!(alone["tasks"], 1012);
    assert_eq!(alone["work"], with_file["work"]);
    let ran = terrace(&["simulate", &path, "--workers", "2"]);
    assert!(ran.stderr.contains("without `window`, `concurrency`"), "{}", ran.stderr);
    // The number of workers that it had is the default.
    let explained = explain(&path, &[]);
    assert_eq!(explained["levels"].as_array().unwrap().len(), 10);
    assert_eq!(explained["critical_path"]["nodes"][1], "fetch");
}

#[test]
fn a_record_keeps_graph_lanes_and_limits() {
    let scratch = workflow(
        "terrace: 1\nname: kept\npacks: { util: \"^0.1\" }\nlimits: { site: { concurrency: 1 } }\nnodes:\n  \
         first: { task: util/sleep, with: { seconds: 0.01 } }\n  \
         each: { map: { over: [1, 2, 3], as: x }, task: util/sleep, with: { seconds: 0.02 }, needs: site, after: [first] }\n  \
         branch:\n    branches:\n      left: { task: util/stub }\n      right: { task: util/sleep, with: { seconds: 0.03 } }\n    after: [each]\n  \
         again:\n    loop: { carry: { n: { start: 0, next: \"${again}\" } }, max: 2 }\n    task: util/sleep\n    with: { seconds: 0.01, value: \"${n}\" }\n    after: [first]\n",
    );
    let file = scratch.file.to_str().unwrap();
    let path = record(file, &[], "kept.jsonl", scratch.folder.path());
    let document = simulate(&path, &["--workers", "1"]);
    assert_eq!(document["tasks"], 1 + 3 + 2 + 2);
    let makespan = makespans(&document)[0];
    // One item after the other, then the branches.
    assert!((0.1..0.3).contains(&makespan) && makespan <= recorded(&path), "{makespan}");
    assert!(document["rows"][0]["utilisation"].as_f64().unwrap() < 0.1);
    let without = simulate(&path, &["--workers", "1", "--limits", "site=3"]);
    assert!(makespans(&without)[0] < makespan - 0.03);
    // Passes follow each other: they are in the levels after `first`.
    let explained = explain(&path, &["--workers", "4"]);
    let level = |name: &str| {
        let nodes = explained["nodes"].as_array().unwrap();
        let named = |node: &&Value| node["label"] == name || node["name"] == name;
        nodes.iter().find(named).unwrap_or_else(|| panic!("no {name}"))["level"].as_u64().unwrap()
    };
    let levels = [
        "first",
        "each[0]",
        "each[2]",
        "branch.left",
        "branch.right",
        "again[0].again",
        "again[1].again",
    ]
    .map(level);
    assert_eq!(levels, [0, 1, 1, 2, 2, 1, 2]);
}

#[test]
fn a_diff_tells_graph_outcomes_and_times() {
    let scratch = workflow(
        "terrace: 1\nname: before\npacks: { util: \"^0.1\" }\nnodes:\n  \
         a: { task: util/sleep, with: { seconds: 0.01 } }\n  \
         b: { task: util/sleep, with: { seconds: 0.01, value: \"${a}\" } }\n  \
         old: { task: util/stub }\n  \
         c: { task: util/stub, after: [b] }\noutputs: { b: \"${b}\" }\n",
    );
    let folder = scratch.folder.path();
    let file = scratch.file.to_str().unwrap();
    let first = record(file, &[], "first.jsonl", folder);
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.replace("seconds: 0.01, value", "seconds: 0.2, value").replace("old:", "new:");
    std::fs::write(file, text.replace("util/stub, after: [b]", "util/fail, after: [a]")).unwrap();
    let second = folder.join("second.jsonl").to_str().unwrap().to_owned();
    assert_eq!(terrace(&["run", file, "--record", &second]).code, 1);

    let ran = terrace(&["diff", &first, &second, "--json", "--noise-time", "100ms"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let diff = document(&ran);
    assert_eq!((&diff["format"], &diff["status"]), (&1.into(), &"different".into()));
    assert_eq!(
        (&diff["nodes_added"], &diff["nodes_removed"]),
        (&serde_json::json!(["new"]), &serde_json::json!(["old"]))
    );
    assert_eq!(diff["tasks_changed"][0]["name"], "c");
    assert_eq!(
        diff["edges_added"],
        serde_json::json!([{ "from": "a", "to": "c", "port": "after" }])
    );
    assert_eq!(
        diff["edges_removed"],
        serde_json::json!([{ "from": "b", "to": "c", "port": "after" }])
    );
    let outcome = |name: &str| {
        let outcomes = diff["outcomes"].as_array().unwrap();
        let found = outcomes.iter().find(|outcome| outcome["name"] == name).unwrap();
        (found["first"].clone(), found["second"].clone())
    };
    assert_eq!(outcome("c"), ("ok".into(), "failed".into()));
    assert_eq!(outcome("new"), (Value::Null, "ok".into()));
    let times = diff["times"].as_array().unwrap();
    assert_eq!((times.len(), &times[0]["name"]), (1, &"b".into()));
    assert!(times[0]["difference"].as_f64().unwrap() > 0.15);
    let outcomes = diff["outcomes"].as_array().unwrap();
    let names: Vec<&str> = outcomes.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["c", "new", "old"], "by path, not in the order of ending");

    let same = terrace(&["diff", &first, &first]);
    assert!(same.stdout.contains("nothing else changed"), "{}", same.stdout);
    let wrong = terrace(&["diff", &first, file, "--json"]);
    assert_eq!((wrong.code, &document(&wrong)["status"]), (2, &"invalid".into()));
    assert!(wrong.stderr.contains("not the record of a run"), "{}", wrong.stderr);
}

#[test]
fn all_examples_can_be_explained_without_a_word_of_times() {
    for entry in std::fs::read_dir(terrace_tests::root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let ran = terrace(&["explain", path.to_str().unwrap(), "--workers", "4"]);
        assert_eq!(ran.code, 0, "{}: {}", path.display(), ran.stderr);
    }
}

#[test]
fn what_is_used_of_values_of_any_type_is_assumed_and_said() {
    let file = "examples/deep-dive.yaml";
    let explained = explain(file, &["--items", "analyse=7", "--workers", "7"]);
    assert_eq!(
        (&explained["tasks"], &explained["critical_path"]["time"]),
        (&10.into(), &3.0.into())
    );
    assert_eq!(
        explained["assumed"],
        serde_json::json!([
            "`search.bing` and `search.google` give values of type `any`: each is taken to have what others use of it"
        ])
    );
    // Four places of a list are read; whatever it gives, it has four.
    let explained = explain("examples/word-count.yaml", &["--workers", "4"]);
    assert_eq!(explained["critical_path"]["time"], 6.0);
    // Keys are made of items: each has one of its own.
    let explained = explain("examples/research.yaml", &["--items", "search=5"]);
    assert_eq!(explained["tasks"], 12);
}

#[test]
fn what_holds_a_run_back_is_told_whatever_the_order() {
    let scratch = workflow(
        r#"terrace: 1
name: held
packs: { util: "^0.1" }
limits: { site: { concurrency: 2 } }
nodes:
  list: { task: util/range, with: { stop: 6 }, expected: 1s }
  pages:
    map: { over: "${list}", as: page }
    task: util/sleep
    with: { seconds: 1, value: "${page}" }
    needs: { site: 1 }
    expected: 10s
"#,
    );
    let file = scratch.file.to_str().unwrap();
    let document = simulate(file, &["--workers", "4", "--items", "pages=6"]);
    let row = &document["rows"][0];
    // Six of 10 s, two at once, after the one of 1 s.
    assert_eq!((&row["makespan"], &row["at_least"]), (&31.0.into(), &31.0.into()));
    assert_eq!((&row["within"], &row["held_by"]), (&0.0.into(), &"limits.site".into()));
    let ran = terrace(&["explain", file, "--items", "pages=6", "--workers", "4"]);
    let told = "at least             31 s: no order is faster on 4 workers, for limit `site`";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    let told =
        "\nLimit `site` decides how long it takes: `--limits site=N` tells what more of it gives\n";
    let first = ran.stdout.find(told).unwrap_or_else(|| panic!("{}", ran.stdout));
    assert!(ran.stdout.find("Speed up").is_none_or(|then| first < then), "{}", ran.stdout);
}

#[test]
fn what_helps_nobody_is_not_recommended() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
limits: { site: { concurrency: 1 } }
nodes:
  a: { task: util/stub, needs: { site: 1 }, expected: 10s }
  b: { task: util/stub, needs: { site: 1 }, expected: 10s }
  c: { task: util/stub, expected: 11s }
"#,
    );
    let ran = terrace(&["explain", scratch.file.to_str().unwrap(), "--workers", "4"]);
    assert!(ran.stdout.contains("Limit `site` decides how long it takes"), "{}", ran.stdout);
    assert!(ran.stdout.contains("No single node of the critical path makes it"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("Speed up"), "{}", ran.stdout);
}

#[test]
fn a_record_that_is_none_or_not_there_is_said_to_be_that() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.jsonl");
    let ran = terrace(&["explain", missing.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot read") && ran.stderr.contains("missing.jsonl"));
    let other = folder.path().join("other.jsonl");
    std::fs::write(&other, "something else\n").unwrap();
    let other = other.to_str().unwrap();
    for args in [
        ["simulate", other, "--workers", "1"],
        ["simulate", "examples/forecast/diamond.yaml", "--durations", other],
    ] {
        let ran = terrace(&args);
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(ran.stderr.contains("not the record of a run"), "{}", ran.stderr);
    }
}
