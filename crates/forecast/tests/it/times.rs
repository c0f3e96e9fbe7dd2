//! From where times are known, and which of them counts.

use std::time::Duration;

use terrace_core::{Draft, Format, Problems, Source};
use terrace_forecast::{MissingTimes, Times};

const FILE: &str = r#"
terrace: 1
nodes:
  plain: { task: p/a }
  declared: { task: p/a, expected: 2s }
  items: { map: { over: [1, 2], as: x }, task: p/b, with: { x: "${x}" }, expected: 3s }
  each:
    map: { over: [1, 2], as: x }
    nodes:
      inner: { task: p/c, with: { x: "${x}" } }
    output: "${inner}"
  again:
    loop: { carry: { x: { start: 1, next: "${again}" } }, max: 2 }
    task: p/d
    with: { x: "${x}" }
  both:
    branches:
      left: { task: p/a }
      right: { nodes: { deep: { task: p/e } }, output: "${deep}" }
"#;

fn draft() -> Draft {
    let draft = Draft::read(&Source::new("flow.yaml", FILE, Format::Yaml)).unwrap();
    assert!(draft.problems.is_empty(), "{}", Problems::check(draft.problems.clone()).unwrap_err());
    draft
}

/// What each node takes then, in seconds, by path.
fn told(times: &Times) -> (Vec<(String, Option<u64>)>, MissingTimes) {
    let mut draft = draft();
    let missing = times.tell(&mut draft).unwrap();
    let mut found = Vec::new();
    draft.tell_times(&mut |timed| {
        found.push((timed.path.to_owned(), timed.declared.map(|time| time.as_secs())));
        None
    });
    found.sort();
    (found, missing)
}

fn seconds(all: &[(String, Option<u64>)]) -> Vec<(&str, Option<u64>)> {
    all.iter().map(|(path, time)| (path.as_str(), *time)).collect()
}

#[test]
fn what_a_file_declares_is_known_and_the_rest_is_missing() {
    let (all, missing) = told(&Times::declared());
    assert_eq!(
        seconds(&all),
        [
            ("again", None),
            ("both.left", None),
            ("both.right.deep", None),
            ("declared", Some(2)),
            ("each.inner", None),
            ("items", Some(3)),
            ("plain", None),
        ]
    );
    assert_eq!((missing.count, missing.known), (5, 2));
    assert_eq!(missing.average(), Duration::from_millis(2_500));
    assert!(missing.to_string().starts_with("`plain`"), "{missing}");
}

#[test]
fn a_node_counts_more_than_its_task_and_what_is_given_more_than_what_is_known() {
    let mut times = Times::declared().with_default(Some(Duration::from_secs(9)));
    let file = r#"{"p/a": 7, "both.left": "8s", "items": 0.5, "p/d": "1m 1s"}"#;
    times.read(&Source::new("times.json", file, Format::Json)).unwrap();
    times.record("plain", Duration::from_secs(5));
    times.record("each[0].inner", Duration::from_secs(4));
    times.record("each[1].inner", Duration::from_secs(6));
    let (all, missing) = told(&times);
    assert_eq!(
        seconds(&all),
        [
            ("again", Some(61)),
            ("both.left", Some(8)),
            ("both.right.deep", Some(9)),
            ("declared", Some(7)),
            ("each.inner", Some(6)),
            ("items", Some(0)),
            ("plain", Some(7)),
        ]
    );
    assert_eq!(missing.count, 0);
}

#[test]
fn what_is_given_for_nothing_is_told() {
    let mut times = Times::declared();
    for name in ["plane", "p/z", "items[1]", "nothing[1]", "both"] {
        times.give(name, Duration::ZERO);
    }
    let problems = times.tell(&mut draft()).unwrap_err();
    let told: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
    let named = |name: &str| told.iter().any(|message| message.contains(&format!("`{name}`")));
    assert!(named("plane") && named("p/z") && named("nothing[1]") && named("both"), "{told:?}");
    assert_eq!(told.len(), 4, "{told:?}");
    let wrong = r#"{"a": "soon", "b": -1, "c": [1], "d": 1e300}"#;
    let read = Times::declared().read(&Source::new("times.json", wrong, Format::Json));
    insta::assert_snapshot!(read.unwrap_err().to_string(), @r"
    times.json: the time of `a`: `soon` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`) (write a duration as in `1.5s`, or a number of seconds)
    times.json: the time of `b`: -1 s is not from 0 to ten years (write a duration as in `1.5s`, or a number of seconds)
    times.json: the time of `c`: a list is no duration (write a duration as in `1.5s`, or a number of seconds)
    times.json: the time of `d`: 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 s is not from 0 to ten years (write a duration as in `1.5s`, or a number of seconds)
    ");
}
