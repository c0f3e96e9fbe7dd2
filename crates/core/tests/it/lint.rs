//! Findings in small workflows: what is said, where, and above all what is not.

use std::fmt::Write as _;

use terrace_core::{LintCode, Place};

use crate::preview::flow;

/// The findings of each workflow, under what it is about.
fn all(rows: &[(&str, &str)]) -> String {
    let mut told = String::new();
    for (what, text) in rows {
        let _ = writeln!(told, "# {what}");
        for finding in flow(text).lint(None) {
            let _ = writeln!(told, "{} {}", finding.code, finding.problem);
            if let Place::Text { source, span } = &finding.problem.place {
                let _ = writeln!(told, "    {}", &source.text()[span.range()]);
            }
        }
    }
    told
}

#[test]
fn ports_that_nobody_reads() {
    insta::assert_snapshot!(all(&[
        ("waits for nothing", "
nodes:
  a: { task: t/wait }
  b: { task: t/unread, with: { given: \"${a}\", x: 2 } }
  c: { task: t/deaf, with: { given: [\"${a}\", \"${b}\"], x: 3 } }
output: \"${c}\""),
        ("inside a map", "
nodes:
  m:
    map: { over: [1, 2], as: i }
    nodes:
      a: { task: t/wait }
      b: { task: t/unread, with: { given: \"${a}\", x: \"${i}\" } }
    output: [\"${a}\", \"${b}\"]
output: \"${m}\""),
        ("it waits for another reason as well", "
nodes:
  a: { task: t/wait }
  n: { task: t/wait, with: { x: \"${a}\" } }
  b: { task: t/unread, with: { given: \"${a}\", x: \"${n}\" } }
output: \"${b}\""),
        ("the order is meant", "
nodes:
  a: { task: t/wait }
  b: { task: t/unread, with: { given: \"${a}\" }, after: [a] }
output: [\"${a}\", \"${b}\"]"),
        ("a constant", "nodes: { b: { task: t/unread, with: { given: 1 } } }\noutput: \"${b}\""),
    ]), @r#"
    # waits for nothing
    unread_port flow:5:39: `t/unread` never reads its `given`, and `b` waits for `a` all the same (if the order is meant, say so with `after: [a]`; if not, give it a constant, and it need not wait)
        "${a}"
    unread_port flow:6:37: `t/deaf` never reads its `given`, and `c` waits for `a` and `b` all the same (if the order is meant, say so with `after: [a, b]`; if not, remove it, and it need not wait)
        ["${a}", "${b}"]
    # inside a map
    unread_port flow:8:43: `t/unread` never reads its `given`, and `b` waits for `a` all the same (if the order is meant, say so with `after: [a]`; if not, give it a constant, and it need not wait)
        "${a}"
    # it waits for another reason as well
    chain a chain: each of the 3 nodes waits for the one before, so more workers make it no faster
    # the order is meant
    # a constant
    "#);
}

#[test]
fn orders_that_hand_nothing_on() {
    insta::assert_snapshot!(all(&[
        ("steps that could be nodes", "
steps:
  - { name: a, task: t/pure }
  - { name: b, task: t/pure }
  - { name: c, task: t/pure }
outputs: { all: [\"${a}\", \"${b}\", \"${c}\"] }"),
        ("after", "
nodes:
  a: { task: t/pure }
  b: { task: t/pure, after: [a] }
outputs: { a: \"${a}\", b: \"${b}\" }"),
        ("steps inside", "
nodes:
  n:
    steps:
      - { name: a, task: t/pure }
      - { name: b, task: t/pure, with: { x: \"${a}\" } }
      - { name: c, task: t/pure }
    output: [\"${b}\", \"${c}\"]
output: \"${n}\""),
        ("effects", "
steps:
  - { name: a, task: t/act }
  - { name: b, task: t/pure }
  - { name: c, task: t/act }
outputs: { all: [\"${a}\", \"${b}\", \"${c}\"] }"),
        ("values", "
steps:
  - { name: a, task: t/pure }
  - { name: b, task: t/pure, with: { x: \"${a}\" } }
output: \"${b}\""),
        ("a guard, whose value nobody takes", "
nodes:
  guard: { task: t/pure }
  b: { task: t/pure, after: [guard] }
output: \"${b}\""),
        ("no level less", "
nodes:
  a: { task: t/pure }
  b: { task: t/pure, after: [a] }
  c: { task: t/pure, with: { x: \"${a}\" } }
output: [\"${b}\", \"${c}\"]"),
        ("it shares a limit", "
limits: { l: { concurrency: 1 } }
nodes:
  a: { task: t/pure, needs: l }
  b: { task: t/pure, after: [a], needs: l }
output: [\"${a}\", \"${b}\"]"),
    ]), @r#"
    # steps that could be nodes
    needless_order flow:5:13: `b` and `c` wait for `a` and `b` without taking anything from them, and none of them has effects: 3 levels instead of 1 (if the order is not meant, remove the `after`; of steps make `nodes`, which wait for what they refer to)
        b
    # after
    needless_order flow:5:30: `b` waits for `a` without taking anything from it, and neither has effects: 2 levels instead of 1 (if the order is not meant, remove the `after`; of steps make `nodes`, which wait for what they refer to)
        a
    # steps inside
    needless_order flow:8:17: `c` waits for `b` without taking anything from it, and neither has effects: 3 levels instead of 2 (if the order is not meant, remove the `after`; of steps make `nodes`, which wait for what they refer to)
        c
    # effects
    chain a chain: each of the 3 nodes waits for the one before, so more workers make it no faster
    # values
    # a guard, whose value nobody takes
    # no level less
    # it shares a limit
    "#);
}

#[test]
fn limits_that_cannot_be_met() {
    insta::assert_snapshot!(all(&[
        ("path", "
deadline: 5s
nodes:
  a: { task: t/wait, expected: 3s }
  b: { task: t/wait, with: { x: \"${a}\" }, expected: 3s }
output: \"${b}\""),
        ("rate", "
deadline: 1m
limits: { l: { rate: 10/min } }
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }, task: t/wait, needs: l }
  n: { map: { over: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }, task: t/wait, needs: l, with: { x: \"${m}\" } }
output: \"${n}\""),
        ("places", "
deadline: 5s
limits: { l: { concurrency: 2 } }
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6] }, task: t/wait, needs: l, expected: 2s }
output: \"${m}\""),
        ("a window", "
deadline: 5s
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6], window: 2 }, task: t/wait, expected: 2s }
output: \"${m}\""),
        ("met", "
deadline: 6s
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6], window: 2 }, task: t/wait, expected: 2s }
output: \"${m}\""),
        ("only if a condition holds", "
deadline: 5s
budget: { money: 1 }
nodes:
  c: { task: t/yes }
  a: { task: t/act, when: \"${c}\", expected: 1h, cost: { money: 2 } }
  b: { task: t/act, with: { x: \"${a}\" }, expected: 1h }"),
        ("budget", "
budget: { money: 0.1 }
nodes:
  m: { map: { over: [1, 2, 3, 4, 5] }, task: t/act, cost: { money: 0.03 } }"),
        ("only with retries", "
budget: { money: 0.2 }
nodes:
  m: { map: { over: [1, 2, 3, 4, 5] }, task: t/act, cost: { money: 0.03 }, retry: 3 }"),
        ("timeout", "
nodes:
  a: { task: t/act, expected: 10s, timeout: 5s }
  m: { map: { over: [1] }, task: t/act, expected: 10s, timeout: { total: 8s } }
  b: { task: t/act, expected: 5s, timeout: 5s }"),
    ]), @r#"
    # path
    deadline_too_short the deadline of 5s cannot be met: the critical path takes at least 6s (raise it, or correct `expected`)
    # rate
    deadline_too_short flow:4:11: the deadline of 1m cannot be met: at the rate of `l` its 24 starts take at least 2m (raise it, or the limit)
        l
    # places
    deadline_too_short flow:4:11: the deadline of 5s cannot be met: with limit `l` it takes at least 6s (raise it, or the limit)
        l
    # a window
    deadline_too_short the deadline of 5s cannot be met: with so few at once it takes at least 6s (raise it, or the limit)
    # met
    # only if a condition holds
    chain a chain: each of the 3 nodes waits for the one before, so more workers make it no faster
    # budget
    budget_too_small flow:3:11: one attempt of everything costs 0.15 of `money`, and the budget has 0.1 (the run stops when it is used up: raise it)
        money
    # only with retries
    # timeout
    timeout_too_short flow:4:45: `a` is expected to take 10s and given 5s: every attempt times out (raise the timeout, or correct `expected`)
        5s
    timeout_too_short flow:5:65: `m` is expected to take 10s and given 8s: every attempt times out (raise the timeout, or correct `expected`)
        {
    "#);
}

#[test]
fn places_and_rates_that_do_not_fit() {
    let items = format!("[{}]", vec!["1"; 200].join(", "));
    let limit = |limit: &str, expected: &str| {
        format!(
            "limits: {{ l: {{ {limit} }} }}\nnodes:\n  m: {{ map: {{ over: {items} }}, task: t/act, needs: l{expected} }}\n"
        )
    };
    let rows = [
        // 5 places of 10 s: 30 a minute.
        ("never reached", limit("concurrency: 5, rate: 80/min", ", expected: 10s")),
        ("nearly reached", limit("concurrency: 10, rate: 80/min", ", expected: 10s")),
        ("of unknown length", limit("concurrency: 5, rate: 80/min", "")),
        ("fewer calls than the rate", limit("concurrency: 5, rate: 300/min", ", expected: 10s")),
        ("never filled", limit("concurrency: 100, rate: 10/s", ", expected: 1s")),
        ("filled at the start", limit("concurrency: 50, rate: 80/min", ", expected: 1s")),
        (
            "not with a burst of 5",
            limit("concurrency: 50, rate: 80/min, burst: 5", ", expected: 1s"),
        ),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(what, text)| (*what, &**text)).collect();
    insta::assert_snapshot!(all(&rows), @r#"
    # never reached
    rate_never_reached flow:2:11: the rate of limit `l` is never reached: 5 places for calls of 10s start at most 30 in 1m, and 80 may (14 places would use it: raise `concurrency`, or lower `rate`)
        l
    # nearly reached
    # of unknown length
    # fewer calls than the rate
    # never filled
    places_never_filled flow:2:11: of the 100 places of limit `l` at most 20 are ever taken: 10/s lets no more start while calls of 1s run (lower `concurrency`, or raise `rate`)
        l
    # filled at the start
    # not with a burst of 5
    places_never_filled flow:2:11: of the 50 places of limit `l` at most 7 are ever taken: 80/min lets no more start while calls of 1s run (lower `concurrency`, or raise `rate`)
        l
    "#);
}

#[test]
fn when_running_in_parallel_does_not_pay() {
    insta::assert_snapshot!(all(&[
        ("one node", "
nodes:
  load: { task: t/wait, expected: 1s }
  train: { task: t/act, with: { x: \"${load}\" }, expected: 1h }
  save: { task: t/act, with: { x: \"${train}\" }, expected: 1s }
  test: { task: t/act, with: { x: \"${train}\" }, expected: 1s }"),
        ("not where some say nothing", "
nodes:
  load: { task: t/wait }
  train: { task: t/act, with: { x: \"${load}\" }, expected: 1h }
  save: { task: t/act, with: { x: \"${train}\" }, expected: 1s }
  test: { task: t/act, with: { x: \"${train}\" }, expected: 1s }"),
        ("not half", "
nodes:
  a: { task: t/act, expected: 1s }
  b: { task: t/act, with: { x: \"${a}\" }, expected: 2s }
  c: { task: t/act, with: { x: \"${b}\" }, expected: 1s }
  d: { task: t/act, with: { x: \"${b}\" }, expected: 1s }"),
        ("not a map, which is split", "
nodes:
  a: { task: t/act, expected: 1s }
  m: { map: { over: [1, 2, 3] }, task: t/act, with: { x: \"${a}\" }, expected: 1h }
  c: { task: t/act, with: { x: \"${m}\" }, expected: 1s }"),
        ("a chain", "
nodes:
  a: { task: t/act }
  b: { task: t/act, with: { x: \"${a}\" } }
  c: { task: t/act, with: { x: \"${b}\" } }"),
        ("a chain of two", "
nodes:
  a: { task: t/act }
  b: { task: t/act, with: { x: \"${a}\" } }"),
        ("a chain with a map", "
nodes:
  a: { task: t/act }
  b: { map: { over: [1, 2] }, task: t/act, with: { x: \"${a}\" } }
  c: { task: t/act, with: { x: \"${b}\" } }"),
        ("tiny", "
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6, 7, 8] }, task: t/act, expected: 200ns }"),
        ("not tiny", "
nodes:
  m: { map: { over: [1, 2, 3, 4, 5, 6, 7, 8] }, task: t/act, expected: 1us }"),
    ]), @r#"
    # one node
    dominating_node flow:5:3: `train` takes 1h of the 1h 2s of the critical path (99 %), and `save` and `test` wait for it (nothing else makes the run much faster: split `train`, or `map` it over parts of its input)
        train
    # not where some say nothing
    # not half
    # not a map, which is split
    # a chain
    chain a chain: each of the 3 nodes waits for the one before, so more workers make it no faster
    # a chain of two
    # a chain with a map
    # tiny
    too_small 8 calls take 1us 600ns together: handing one out costs about 1us, more than it takes (let one task do more at a time, or run it in sequence with `--workers 0`)
    # not tiny
    "#);
}

#[test]
fn every_code_is_described() {
    let text = include_str!("../../../../docs/CHECKS.md");
    for code in LintCode::ALL {
        assert!(text.contains(&format!("### `{code}`")), "docs/CHECKS.md does not describe {code}");
    }
}
