//! What the keys of policies mean, in every language, and what they look like when they are written.

use std::time::Duration;

use terrace_core::Format::{Json, Toml, Yaml};
use terrace_core::{
    Amount, Backoff, Checkpoints, Draft, FailedItems, Format, IfFailed, Limit, Map, Need, Node,
    NodeDraft, OnFailure, Policy, Reduce, ReduceDraft, Repeat, RepeatDraft, Retry, RetryOn, Source,
    Value,
};

use crate::file_catalog::{TestTasks, load, shown};

const SECOND: Duration = Duration::from_secs(1);

const FILE: &str = "\
terrace: 1
limits:
  github: { concurrency: 10, rate: 80/min, burst: 5 }
  ram: { memory: 8GB }
  slow: { rate: 1/2s }
max_concurrent: 3
on_failure: stop
deadline: 1h
budget: { money: 5.5, calls: 1000 }
checkpoints: levels
patience: 0
nodes:
  a:
    task: t/num
    with: { x: 1 }
    retry: { attempts: 3, initial: 2s, max: 10s, jitter: 0.2, on: any }
    timeout: { attempt: 5s, total: 30s }
    needs: { github: 2, ram: 100MB }
    priority: -5
    concurrency: 4
    cpus: 2
    cost: { money: 0.1, calls: 1 }
    expected: 1s 500ms
    fallback: 2.5
    checkpoint: true
  b:
    map:
      over: [1, 2, 3]
      as: x
      concurrency: 10
      max_failures: 2.5%
      retry: 2
      timeout: 10m
      needs: slow
      priority: 7
    task: t/num
    with: { x: \"${x}\" }
    retry: { attempts: 5, backoff: constant, initial: 5s }
    timeout: 5s
    needs: [github, slow]
    priority: 1
    concurrency: 2
    cpus: 3
    cost: { calls: 1 }
    expected: 1m
    optional: true
    checkpoint: true
";

fn read(text: &str, format: Format) -> Draft {
    let draft = Draft::read(&Source::new("flow", text, format)).unwrap();
    assert!(draft.problems.is_empty(), "{:#?}", draft.problems);
    draft
}

fn map(node: &NodeDraft) -> &Map<ReduceDraft> {
    match &node.repeat {
        Some(RepeatDraft::Map(map)) => map,
        other => panic!("{other:?}"),
    }
}

fn items(node: &Node) -> &Map<Reduce> {
    match node.flow().unwrap().repeat() {
        Repeat::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

fn need(limit: &str, amount: u64) -> Need {
    Need { limit: limit.into(), amount }
}

fn amount(of: &str, millionths: u64) -> Amount {
    Amount { of: of.into(), millionths }
}

#[test]
fn rules_mean_what_they_say() {
    let rules = read(FILE, Yaml).rules;
    let minute = 60 * SECOND;
    assert_eq!(
        rules.limits,
        [
            Limit::concurrency("github", 10).with_rate(80, minute).with_burst(5),
            Limit::memory("ram", 8_000_000_000),
            Limit::rate("slow", 1, 2 * SECOND),
        ]
    );
    assert_eq!(rules.max_concurrent, Some(3));
    assert_eq!(rules.on_failure, Some(OnFailure::Stop));
    assert_eq!(rules.deadline, Some(60 * minute));
    assert_eq!(rules.budget, [amount("money", 5_500_000), amount("calls", 1_000_000_000)]);
    assert_eq!(rules.checkpoints, Checkpoints::Levels);
    assert_eq!(rules.patience, Some(0));
}

#[test]
fn policies_mean_what_they_say() {
    let draft = read(FILE, Yaml);
    let expected = Policy {
        retry: Some(Retry {
            attempts: 3,
            backoff: Backoff::Exponential,
            initial: 2 * SECOND,
            max: 10 * SECOND,
            jitter: 0.2,
            on: RetryOn::Any,
        }),
        timeout: Some(5 * SECOND),
        total_timeout: Some(30 * SECOND),
        needs: vec![need("github", 2), need("ram", 100_000_000)],
        concurrency: Some(4),
        cpus: Some(2),
        priority: Some(-5),
        if_failed: IfFailed::Gives(Value::from(2.5)),
        cost: vec![amount("money", 100_000), amount("calls", 1_000_000)],
        expected: Some(Duration::from_millis(1_500)),
        checkpoint: true,
    };
    assert_eq!(draft.nodes[0].policy.as_deref(), Some(&expected));
}

#[test]
fn beside_a_map_it_holds_for_each_item_and_inside_for_the_whole() {
    let draft = read(FILE, Yaml);
    let each = Policy {
        retry: Some(Retry::attempts(5).constant(5 * SECOND)),
        timeout: Some(5 * SECOND),
        needs: vec![need("github", 1), need("slow", 1)],
        concurrency: Some(2),
        cpus: Some(3),
        priority: Some(1),
        cost: vec![amount("calls", 1_000_000)],
        expected: Some(60 * SECOND),
        ..Policy::default()
    };
    let whole = Policy {
        retry: Some(Retry::attempts(2)),
        timeout: Some(600 * SECOND),
        needs: vec![need("slow", 1)],
        priority: Some(7),
        if_failed: IfFailed::Absent,
        checkpoint: true,
        ..Policy::default()
    };
    let map = map(&draft.nodes[1]);
    assert_eq!(map.each.as_deref(), Some(&each));
    assert_eq!(draft.nodes[1].policy.as_deref(), Some(&whole));
    assert_eq!((map.concurrency, map.tolerance), (Some(10), FailedItems::Share(25_000)));
    assert!(draft.nodes[1].may_fail_softly() && !draft.nodes[0].may_fail_softly());

    let workflow = draft.validate(&TestTasks::new()).unwrap();
    assert!(workflow.is_ordered());
    assert_eq!(workflow.nodes()[1].policy(), Some(&whole));
    assert_eq!(items(&workflow.nodes()[1]).each.as_deref(), Some(&each));
    assert_eq!(workflow.warnings().len(), 0, "{:?}", workflow.warnings());
}

#[test]
fn the_written_file_is_the_one_that_was_read() {
    let draft = read(FILE, Yaml);
    insta::assert_snapshot!(draft.write(Yaml).unwrap(), @r#"
    terrace: 1
    limits:
      github: { concurrency: 10, rate: "80/min", burst: 5 }
      ram: { memory: "8GB" }
      slow: { rate: "1/2s" }
    max_concurrent: 3
    on_failure: stop
    deadline: "1h"
    budget: { money: 5.5, calls: 1000 }
    checkpoints: levels
    patience: 0
    nodes:
      a:
        task: t/num
        with: { x: 1 }
        retry: { attempts: 3, initial: "2s", max: "10s", jitter: 0.2, "on": any }
        timeout: { attempt: "5s", total: "30s" }
        needs: { github: 2, ram: "100MB" }
        priority: -5
        concurrency: 4
        cpus: 2
        cost: { money: 0.1, calls: 1 }
        expected: "1s 500ms"
        fallback: 2.5
        checkpoint: true
      b:
        map:
          over: [1, 2, 3]
          as: x
          concurrency: 10
          max_failures: "2.5%"
          retry: 2
          timeout: "10m"
          needs: slow
          priority: 7
        task: t/num
        with: { x: "${x}" }
        retry: { attempts: 5, backoff: constant, initial: "5s" }
        timeout: "5s"
        needs: [github, slow]
        priority: 1
        concurrency: 2
        cpus: 3
        cost: { calls: 1 }
        expected: "1m"
        optional: true
        checkpoint: true
    "#);
    for format in [Toml, Json] {
        let again = read(&draft.write(format).unwrap(), format);
        assert_eq!(shown(&again), shown(&draft));
    }
}

#[test]
fn of_several_spellings_the_shortest_is_written() {
    let text = "terrace: 1\nlimits: { ram: { memory: 2048MiB }, l: { rate: 60 per 60s } }\n\
                checkpoints: [a]\nnodes:\n  a:\n    task: t/num\n    \
                retry: { attempts: 3, backoff: exponential, initial: 1000ms, max: 1m, jitter: false, on: retryable }\n    \
                timeout: { attempt: 90s }\n    needs: { l: 1, ram: 0.5GB }\n    optional: false\n    \
                cost: { money: \"0.50\" }\n  \
                b: { task: t/num, needs: [l], retry: { jitter: true }, fallback: null, expected: 0s }\n";
    insta::assert_snapshot!(read(text, Yaml).write(Yaml).unwrap(), @r#"
    terrace: 1
    limits:
      ram: { memory: "2GiB" }
      l: { rate: "60/min" }
    nodes:
      a:
        task: t/num
        retry: 3
        timeout: "1m 30s"
        needs: { l: 1, ram: "500MB" }
        cost: { money: 0.5 }
        checkpoint: true
      b:
        task: t/num
        retry: { attempts: 3, jitter: 0.5 }
        needs: l
        expected: "0s"
        fallback: null
    "#);
}

#[test]
fn amounts_are_exact() {
    let draft = |amount: &str| {
        read(&format!("terrace: 1\nbudget: {{ money: {amount} }}\nnodes: {{}}\n"), Yaml)
    };
    for (text, millionths) in [
        ("0.1", 100_000),
        ("0.7", 700_000),
        ("1.000001", 1_000_001),
        ("1234567.654321", 1_234_567_654_321),
        ("1e3", 1_000_000_000),
        ("\"12345678901.234567\"", 12_345_678_901_234_567),
        ("0", 0),
    ] {
        let draft = draft(text);
        assert_eq!(draft.rules.budget, [amount("money", millionths)], "{text}");
        let again = read(&draft.write(Yaml).unwrap(), Yaml);
        assert_eq!(again.rules, draft.rules, "{text}");
    }
}

#[test]
fn checkpoints_by_name_are_those_of_the_nodes() {
    let text = "terrace: 1\ncheckpoints: [b]\nnodes:\n  a: { task: t/any }\n  b: { task: t/any }\n";
    let workflow = load(Yaml, text).unwrap();
    assert!(workflow.nodes()[0].policy().is_none());
    assert!(workflow.nodes()[1].policy().unwrap().checkpoint);
}

#[test]
fn what_a_task_says_of_its_memory_is_a_need() {
    let text = "terrace: 1\nlimits: { ram: { memory: 8GB }, vram: { memory: 6GB } }\nnodes:\n  \
                one: { task: heavy/model, needs: { vram: 1GB } }\n  \
                all: { map: { over: [1] }, task: heavy/model, needs: { ram: 1GB } }\n  \
                again: { loop: { max: 2 }, task: heavy/model }\n  \
                light: { task: t/any }\n";
    let workflow = load(Yaml, text).unwrap();
    let [one, all, again, light] = workflow.nodes() else { panic!() };
    const GB: u64 = 1_000_000_000;
    assert_eq!(one.policy().unwrap().needs, [need("vram", GB), need("ram", 4 * GB)]);
    let each = items(all).each.as_ref().unwrap();
    assert_eq!(each.needs, [need("ram", GB), need("vram", 4 * GB)]);
    assert!(all.policy().is_none() && light.policy().is_none() && again.policy().is_none());
    assert!(all.flow().unwrap().workflow().nodes()[0].policy().is_none());
    let inside = &again.flow().unwrap().workflow().nodes()[0];
    assert_eq!(inside.policy().unwrap().needs, [need("ram", 4 * GB), need("vram", 4 * GB)]);
}

#[test]
fn a_file_that_is_used_sees_only_its_own_limits() {
    let main = "terrace: 1\nlimits: { github: { concurrency: 2 } }\nnodes:\n  \
                here: { nodes: { in: { task: t/any, needs: github } } }\n  there: { use: part.yaml }\n";
    let check = |part: &str| {
        let mut draft = read(main, Yaml);
        draft.link(&mut |path, _| Ok(Source::new(path, part, Yaml)));
        match draft.validate(&TestTasks::new()) {
            Ok(workflow) => {
                workflow.warnings().iter().map(|warning| format!("{warning}\n")).collect()
            }
            Err(problems) => problems.to_string(),
        }
    };
    let part = |rules: &str, need: u32| {
        format!(
            "terrace: 1\n{rules}\nnodes: {{ a: {{ task: t/any, needs: {{ github: {need} }} }} }}\n"
        )
    };
    insta::assert_snapshot!(check(&part("", 1)), @"part.yaml:3:37: `needs` of node `a`: unknown limit `github` (a file that is used sees only its own limits: declare it there too)");
    insta::assert_snapshot!(check(&part("limits: { github: { concurrency: 5 } }", 3)), @"part.yaml:3:37: `needs` of node `a` takes 3 of limit `github`, of which there are 2 (raise the limit, or take less)");
    insta::assert_snapshot!(check(&part("limits: { github: { memory: 5GB } }", 1).replace("1 }", "1GB }")), @"part.yaml:2:11: limit `github` counts bytes here, and places in another workflow of the run (in a run they are one: give one of them another name)");
    insta::assert_snapshot!(check(&part("limits: { github: { concurrency: 5 } }\ncheckpoints: [a]", 1)), @"part.yaml:3:15: no checkpoint is made here (a run pauses where its own file says so, not where one that it uses does)");
    insta::assert_snapshot!(check(&part("limits: { github: { concurrency: 5 } }\ncheckpoints: levels", 1)), @"part.yaml:3:14: these checkpoints are not made (a run pauses where its own file says so, not where one that it uses does)");
}
