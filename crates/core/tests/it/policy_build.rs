//! Policies and rules said in Rust: the same as those of a file, and what is wrong with them.

use std::time::Duration;

use terrace_core::{
    Checkpoints, Draft, FailedItems, Format, IfFailed, Limit, NoTasks, OnFailure, RepeatDraft,
    Retry, RetryOn, Source, Value, WorkflowBuilder,
};

use crate::file_catalog::TestTasks;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const FILE: &str = "\
terrace: 1
limits:
  github: { concurrency: 10, rate: 80/min, burst: 5 }
  ram: { memory: 8GB }
max_concurrent: 3
on_failure: stop
deadline: 1h
budget: { money: 5.00, calls: 1000 }
checkpoints: levels
patience: 4
nodes:
  a:
    task: t/num
    with: { x: 1 }
    retry: { attempts: 3, initial: 2s, max: 10s, jitter: true, on: any }
    timeout: { attempt: 5s, total: 30s }
    needs: { github: 2, ram: 100MB }
    priority: -5
    concurrency: 4
    cpus: 2
    cost: { money: 0.01, calls: 1 }
    expected: 2s
    fallback: 2.5
    checkpoint: true
  b:
    map: { over: [1, 2, 3, 4], as: x, concurrency: 10, max_failures: 2.5%, timeout: 10m, needs: github }
    task: t/num
    with: { x: \"${x}\" }
    retry: { attempts: 5, backoff: constant, initial: 5s }
    timeout: { attempt: 5s, total: 1m }
    needs: github
    priority: 1
    concurrency: 2
    cpus: 3
    cost: { calls: 1 }
    expected: 1m
    optional: true
  c:
    map: { over: [1, 2], as: y, at_least: 1 }
    task: t/num
    with: { x: \"${y}\" }
    retry: 2
";

#[test]
fn a_program_says_the_same_as_a_file() {
    let wf = WorkflowBuilder::new("same");
    wf.limit(Limit::concurrency("github", 10).with_rate(80, MINUTE).with_burst(5));
    wf.limit(Limit::memory("ram", 8_000_000_000));
    wf.max_concurrent(3);
    wf.on_failure(OnFailure::Stop);
    wf.deadline(60 * MINUTE);
    wf.budget("money", "5.00");
    wf.budget("calls", 1000);
    wf.checkpoints(Checkpoints::Levels);
    wf.patience(4);
    let num = wf.import::<(f64,), f64>("t/num");
    let retry = Retry::attempts(3).exponential(2 * SECOND, 10 * SECOND).with_jitter(0.5);
    let _a = num
        .call((1.0,))
        .retry(Retry { on: RetryOn::Any, ..retry })
        .timeout(5 * SECOND)
        .total_timeout(30 * SECOND)
        .needs("github", 2)
        .needs("ram", 100_000_000)
        .priority(-5)
        .concurrency(4)
        .cpus(2)
        .cost("money", "0.01")
        .cost("calls", 1)
        .expected(2 * SECOND)
        .fallback(2.5)
        .checkpoint();
    let _b = wf
        .over([1.0, 2.0, 3.0, 4.0])
        .concurrency(10)
        .max_failures_percent(2.5)
        .each(|item| item.retry(Retry::attempts(5).constant(5 * SECOND)).timeout(5 * SECOND))
        .each(|item| item.total_timeout(MINUTE).needs("github", 1).priority(1).concurrency(2))
        .each(|item| item.cpus(3).cost("calls", 1).expected(MINUTE))
        .map(|body, x| num.within(body).call((&x,)))
        .timeout(10 * MINUTE)
        .needs("github", 1)
        .optional();
    // What is said of the only task of the body holds for each item.
    let _c = wf
        .over([1.0, 2.0])
        .at_least(1)
        .map(|body, x| num.within(body).call((&x,)).retry(Retry::attempts(2)));
    let built = wf.into_draft();
    let read = Draft::read(&Source::new("flow", FILE, Format::Yaml)).unwrap();
    assert!(built.problems.is_empty(), "{:?}", built.problems);
    assert_eq!(built.rules, read.rules);
    assert_eq!(built.nodes.len(), read.nodes.len());
    for (built, read) in built.nodes.iter().zip(&read.nodes) {
        assert_eq!(built.policy, read.policy);
        match (&built.repeat, &read.repeat) {
            (Some(RepeatDraft::Map(built)), Some(RepeatDraft::Map(read))) => {
                assert_eq!(built.each, read.each);
                assert_eq!(built.concurrency, read.concurrency);
                assert_eq!(built.tolerance, read.tolerance);
            }
            (None, None) => {}
            other => panic!("{other:?}"),
        }
    }
    let (built, read) =
        (built.validate(&TestTasks::new()).unwrap(), read.validate(&TestTasks::new()).unwrap());
    for (built, read) in built.nodes().iter().zip(read.nodes()) {
        assert_eq!(built.policy(), read.policy());
    }
    assert!(built.is_ordered());
}

#[test]
fn what_a_body_says_of_failure_stays_in_it() {
    let wf = WorkflowBuilder::new("inside");
    let _map = wf.map([1_i64, 2], |body, x| body.call(|x: i64| x, (&x,)).optional());
    let _loop = wf.loop_from(1_i64).times(2, |body, x| body.call(|x: i64| x, (&x,)).priority(3));
    let wf = wf.build(&NoTasks).unwrap();
    for node in wf.nodes() {
        assert!(node.policy().is_none());
        assert!(node.flow().unwrap().workflow().nodes()[0].policy().is_some());
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Private(i64);

#[test]
fn a_fallback_lies_as_the_value_would() {
    let wf = WorkflowBuilder::new("fallbacks");
    let kept = wf.call(|| Private(1), ()).fallback(Private(2));
    let _plain = wf.call(|| "a".to_owned(), ()).fallback("b".to_owned());
    let pair = wf.import::<(), Vec<String>>("t/list").call(()).fallback(vec!["x".to_owned()]);
    let _read = wf.call(|_: Private, _: Vec<String>| (), (&kept, &pair));
    let draft = wf.into_draft();
    assert!(draft.problems.is_empty(), "{:?}", draft.problems);
    let value = |at: usize| match &draft.nodes[at].policy.as_ref().unwrap().if_failed {
        IfFailed::Gives(value) => value.clone(),
        other => panic!("{other:?}"),
    };
    let Value::Ext(ext) = value(0) else { panic!("{:?}", value(0)) };
    assert_eq!(ext.downcast_ref::<Private>(), Some(&Private(2)));
    assert_eq!(value(1), Value::from("b"));
    assert_eq!(value(2), Value::list(vec![Value::from("x")]).unwrap());
}

#[test]
fn problems_of_programs() {
    let wf = WorkflowBuilder::new("wrong");
    wf.limit(Limit::concurrency("github", 2));
    wf.limit(Limit::concurrency("github", 0));
    wf.limit(Limit::rate("a b", 5, MINUTE).with_burst(6));
    wf.limit(Limit::rate("never", 0, MINUTE));
    wf.limit(Limit { most: None, ..Limit::memory("ram", 1) });
    wf.limit(Limit { most: None, ..Limit::concurrency("open", 1) });
    wf.max_concurrent(0);
    wf.deadline(Duration::ZERO);
    wf.budget("money", "five");
    wf.budget("calls", -1);
    wf.budget("calls", 1);
    wf.budget("calls", 2);
    let never = Retry::attempts(0).exponential(2 * SECOND, SECOND).with_jitter(f64::NAN);
    let a = wf
        .call(|| 1_i64, ())
        .named("a")
        .retry(never)
        .timeout(2 * SECOND)
        .total_timeout(SECOND)
        .needs("gihub", 1)
        .needs("never", 1)
        .needs("never", 1)
        .concurrency(0)
        .cpus(0)
        .cost("money", "0.0000001")
        .cost("calls", 1)
        .cost("calls", 2)
        .optional()
        .fallback(3);
    let _zero = wf.call(|| (), ()).named("zero").timeout(Duration::ZERO);
    let _input = wf.input::<i64>("x").retry(never);
    let _part = wf.call(|| vec![1_i64], ()).item::<i64>(0).fallback(3);
    let _map = wf
        .over([1_i64, 2])
        .concurrency(0)
        .at_least(3)
        .max_failures_percent(101.0)
        .each(|item| item.needs("gihub", 1).cost("money", "x"))
        .map(|body, x| body.call(|x: i64, a: i64| x + a, (&x, &a)))
        .named("map")
        .cpus(2);
    let _flow = wf.flow("flow", |body| body.call(|| (), ())).cpus(2);
    let _end = wf.succeed().named("end").retry(Retry::attempts(3));
    insta::assert_snapshot!(wf.build(&NoTasks).unwrap_err(), @r#"
    `budget` of `money`: `five` is no amount (a number from 0 with at most six decimals, as in `0.05`)
    `budget` of `calls`: `-1` is negative (a number from 0 with at most six decimals, as in `0.05`)
    `cost` of `money`: `0.0000001` has more than six decimals (a number from 0 with at most six decimals, as in `0.05`)
    a node was told twice what becomes of its failure (its value is absent (`optional`) or the `fallback`: say one of them)
    `retry` needs the handle of a node
    `fallback`: it needs the handle of a whole node
    `max_failures_percent`: 101 is not from 0 to 100
    a map was told twice how many items may fail (say one of `at_least`, `max_failures` and `max_failures_percent`)
    `cost` of `money`: `x` is no amount (a number from 0 with at most six decimals, as in `0.05`)
    two limits are called `github` (give one of them another name)
    limit `github` lets nothing run (let it be at least 1)
    "a b" cannot be the name of a limit (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
    limit `a b` has a `burst` of 6, more than the 5 in 1m of its rate (no more may come at once than in that time: write less)
    limit `never` has a rate that lets nothing start (as in `rate: 80/min`)
    limit `ram` does not say how many bytes there are (as in `memory: 8GB`)
    limit `open` limits nothing (say how many at once, or how many in a time)
    `budget` has `calls` twice (remove one of them)
    `max_concurrent` must be at least 1
    `deadline` must be more than 0
    node `a`: `retry` allows no attempt (the first attempt counts: 1 is never to try again)
    node `a`: the first pause of `retry`, 2s, is longer than the longest, 1s (raise `max`, or shorten `initial`)
    node `a`: the jitter of `retry` is NaN (it is a part of each pause, from 0 to 1)
    node `a`: `timeout`: one attempt may take 2s, and all together 1s (`total` is for all attempts and the pauses between them: raise it)
    node `a`: `needs`: unknown limit `gihub` (did you mean `github`?)
    node `a`: `needs` takes 1 of limit `never`, of which so many may start at once: 0 (raise its `rate`, or take less)
    node `a`: `needs` names `never` twice (once, with how many: `needs: { never: 2 }`)
    node `a`: `concurrency` must be at least 1
    node `a`: `cpus` must be at least 1
    node `a`: `cost` has `calls` twice (remove one of them)
    node `zero`: `timeout` must be more than 0
    node `map`: `cpus`: the node runs a workflow (say it of each item)
    node `map`: `needs` of each item: unknown limit `gihub` (did you mean `github`?)
    node `map`: `concurrency` of a map must be at least 1
    node `map`: `max_failures` is more than all items
    node `flow`: `cpus`: the node runs a workflow (say it of the tasks inside)
    node `end`: a node that ends the run takes no policy (say it of another node)
    "#);
}

#[test]
fn a_workflow_that_was_built_before_brings_its_limits() {
    let part = WorkflowBuilder::new("part");
    part.limit(Limit::concurrency("github", 5));
    let _five = part.call(|| (), ()).needs("github", 5).checkpoint();
    let part = part.build(&NoTasks).unwrap();
    let whole = |most: u64| {
        let wf = WorkflowBuilder::new("whole");
        wf.limit(Limit::concurrency("github", most));
        let _part = wf.run(&part).add();
        wf.build(&NoTasks)
    };
    insta::assert_snapshot!(whole(4).unwrap_err(), @"node `part`: a node of this workflow takes 5 of limit `github`, of which the run has less (of limits with one name the strictest holds: raise it, or give it another name)");
    let warnings: Vec<String> =
        whole(5).unwrap().warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"node `part`: the checkpoints of this workflow are not made (a run pauses where its own workflow says so, not where one inside does)");
}

#[test]
fn what_a_file_cannot_hold_is_refused_when_it_is_written() {
    let wf = WorkflowBuilder::new("whole");
    let _map = wf
        .over([1.0])
        .max_failures(1)
        .map(|body, x| body.task("t/num").arg("x", &x).add())
        .named("map")
        .expected(SECOND);
    let _flow = wf.flow("flow", |body| {
        body.max_concurrent(3);
    });
    let draft = wf.into_draft();
    let RepeatDraft::Map(map) = draft.nodes[0].repeat.as_ref().unwrap() else { panic!() };
    assert_eq!(map.tolerance, FailedItems::Most(1));
    insta::assert_snapshot!(draft.write(Format::Yaml).unwrap_err(), @"
    node `map`: `concurrency`, `cpus`, `cost` and `expected` of a file are those of each item of a map, and here they are said of the whole (say them of each item)
    node `flow`: the workflow inside has rules of its own (write that workflow into a file, and `use` it)
    ");
}
