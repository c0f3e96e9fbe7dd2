//! Workflows inside workflows, built in Rust: flows, branches, loops, conditions, workflows used
//! again, and workflows that tasks give.

use std::collections::BTreeMap;

use terrace_core::{
    Draft, Expansion, Handle, NoTasks, Outcome, OutcomeStatus, RunIf, Tolerance, Value, Workflow,
    WorkflowBuilder,
};

use crate::naive;
use crate::tasks::Tasks;

#[derive(Clone, Debug, PartialEq)]
struct Private(i64);

#[test]
fn a_flow_gives_what_its_body_returns() {
    let wf = WorkflowBuilder::new("flow");
    let base = wf.call(|| Private(4), ());
    let out = wf.flow("grow", |body| {
        let one = body.call(|base: Private| Private(base.0 + 1), (&base,));
        body.call(|one: Private, base: Private| Private(one.0 * base.0), (&one, &base))
    });
    let quiet = wf.flow("quiet", |body| {
        let _effect = body.call(|| (), ()).after(&out);
    });
    let out = wf.call(|out: Private| out.0, (&out,));
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &out), 20);
    naive::value::<()>(&wf, &quiet);
    let [flow] = [quiet.node().unwrap()];
    assert_eq!(wf.dependencies(flow), [wf.find("grow").unwrap()]);
}

#[test]
fn branches_are_read_one_by_one_and_all_together() {
    let wf = WorkflowBuilder::new("branches");
    let base = wf.call(|| 2_i64, ());
    let both = wf.branches("both");
    let left = both.branch("left", |body| body.call(|x: i64| vec![x, x], (&base,)));
    let right = both.branch("right", |body| {
        body.map(&left_of(body, &base), |body, x| body.call(|x: i64, y: i64| x + y, (&x, &base)))
    });
    let sum = wf.call(|a: Vec<i64>, b: Vec<i64>| a[0] + b[1], (&left, &right));
    let all = both.all();
    let keys = wf.call(|all: BTreeMap<String, Value>| all.into_keys().collect::<Vec<_>>(), (&all,));
    wf.output("all", &all);
    wf.output("left", &left);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &sum), 2 + 4);
    assert_eq!(naive::value(&wf, &left), [2, 2]);
    assert_eq!(naive::value(&wf, &right), [3, 4]);
    assert_eq!(naive::value(&wf, &keys), ["left", "right"]);
    let outputs = naive::outputs(&wf);
    assert_eq!(outputs["all"], r#"{"left": [2, 2], "right": [3, 4]}"#);
    assert_eq!(outputs["left"], "[2, 2]");
}

fn left_of(body: &WorkflowBuilder, base: &Handle<i64>) -> Handle<Vec<i64>> {
    body.call(|base: i64| (1..=base).collect::<Vec<i64>>(), (base,))
}

#[test]
fn loops_carry_a_state() {
    let wf = WorkflowBuilder::new("loops");
    let start = wf.call(|| Private(1), ());
    let doubled =
        wf.loop_from(&start).times(10, |body, x| body.call(|x: Private| Private(2 * x.0), (&x,)));
    let doubled = wf.call(|x: Private| x.0, (&doubled,));
    let (limit, step) = (wf.call(|| 100_i64, ()), wf.call(|| 7_i64, ()));
    let counted = wf.loop_from(0_i64).enumerate().until(50, |body, (pass, x)| {
        let next = body.call(|x: i64, step: i64, pass: i64| x + step + pass, (&x, &step, &pass));
        let done = body.call(|x: i64, limit: i64| x >= limit, (&next, &limit));
        (next, done)
    });
    let add = wf.import::<(i64, i64), i64>("math/add");
    let packed = wf.loop_from(1_i64).times(3, |body, x| add.within(body).call((&x, &x)));
    let pair = wf
        .loop_from((0_i64, 1.5_f64))
        .times(2, |body, pair| body.call(|(n, x): (i64, f64)| (n + 1, x * 2.0), (pair,)));
    wf.output("pair", &pair);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(naive::value(&wf, &doubled), 1024);
    assert_eq!(naive::value(&wf, &counted), 115);
    assert_eq!(naive::value(&wf, &packed), 8);
    assert_eq!(naive::value(&wf, &pair), (2, 6.0));
    assert_eq!(naive::outputs(&wf)["pair"], "[2, 6.0]");
}

#[test]
fn a_skipped_node_is_none_to_who_can_live_with_it() {
    let wf = WorkflowBuilder::new("conditions");
    let (yes, no) = (wf.call(|| true, ()), wf.call(|| false, ()));
    let there = wf.call(|| Private(1), ()).when(&yes);
    let absent = wf.call(|| Private(2), ()).when(&no);
    let number = wf.call(|| 3_i64, ()).when(&no);
    let seen = wf.call(
        |a: Option<Private>, b: Option<Private>, c: Option<i64>| format!("{a:?} {b:?} {c:?}"),
        (&there, &absent, &number),
    );
    let ended =
        wf.call(|a: Outcome, b: Outcome| (a.status, b.status), (there.outcome(), absent.outcome()));
    let text = wf.call(
        |(a, b): (OutcomeStatus, OutcomeStatus)| format!("{} {}", a.name(), b.name()),
        (&ended,),
    );
    let cleaned = wf.call(|| (), ()).after(&there).run_if(RunIf::Always).named("clean");
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &seen), "Some(Private(1)) None None");
    assert_eq!(naive::value(&wf, &text), "ok skipped");
    assert_eq!(wf.node(cleaned.node().unwrap()).run_if(), RunIf::Always);
    assert!(wf.dependencies(absent.node().unwrap()).contains(&no.node().unwrap()));
}

#[test]
fn a_condition_from_outside_reaches_a_node_in_a_body() {
    let wf = WorkflowBuilder::new("conditions");
    let wanted = wf.call(|| false, ());
    let out = wf.map([1_i64, 2], |body, x| {
        let more = body.call(|x: i64| x * 10, (&x,)).when(&wanted);
        body.call(|x: i64, more: Option<i64>| more.unwrap_or(x), (&x, &more))
    });
    let done = wf.succeed().when(&wanted).after(&out);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &out), [1, 2]);
    assert!(wf.node(done.node().unwrap()).succeeds());
}

#[test]
fn what_comes_after_an_early_end_bears_that_it_was_none() {
    let wf = WorkflowBuilder::new("early");
    let wanted = wf.call(|| false, ());
    let done = wf.succeed().when(&wanted).named("done");
    let absent = wf.call(|| (), ()).when(&wanted).named("absent");
    let _ = wf.call(|| (), ()).after(&done).named("after_done");
    let _ = wf.call(|| (), ()).after(&absent).named("after_absent");
    let plan = wf.build(&NoTasks).unwrap().plan();
    let at = |name: &str| plan.indices().find(|&at| plan.node(at).name() == name).unwrap();
    assert_eq!(plan.tolerances(at("done")), [Tolerance::Absence]);
    assert_eq!(plan.tolerances(at("absent")), [Tolerance::Nothing]);
}

fn part() -> Workflow {
    let part = WorkflowBuilder::new("part");
    let x = part.input::<i64>("x");
    let y = part.input::<i64>("y").with_default(1);
    let sum = part.call(|x: i64, y: i64| x + y, (&x, &y));
    part.output("sum", &sum);
    part.output("list", &part.call(|x: i64| vec![x], (&x,)));
    part.build(&NoTasks).unwrap()
}

#[test]
fn a_workflow_is_a_node_of_another() {
    let part = part();
    let wf = WorkflowBuilder::new("whole");
    let one = wf.run(&part).arg("x", 5).add();
    let two = wf.run(&part).arg("x", one.field::<i64>("sum")).arg("y", 10).add();
    let mapped =
        wf.map([1_i64, 2], |body, x| body.run(&part).arg("x", &x).add().field::<i64>("sum"));
    let typed: Handle<BTreeMap<String, Value>> = wf.run(&part).arg("x", 1).add_as();
    let keys = wf.call(|all: BTreeMap<String, Value>| all.len(), (&typed,));
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &two.field::<i64>("sum")), 16);
    assert_eq!(naive::value(&wf, &mapped), [2, 3]);
    assert_eq!(naive::value(&wf, &keys), 2);
    let names: Vec<&str> = wf.nodes().iter().map(|node| node.name()).collect();
    assert_eq!(names, ["part", "part_2", "map", "part_3", "closure"]);
}

#[test]
fn a_result_is_what_a_node_gives() {
    let part = WorkflowBuilder::new("answer");
    let answer = part.call(|| vec![42_i64], ());
    part.result(&answer);
    let part = part.build(&NoTasks).unwrap();
    let wf = WorkflowBuilder::new("whole");
    let answer = wf.run(&part).add_as::<Vec<i64>>();
    let first = wf.call(|answer: Vec<i64>| answer[0], (&answer,));
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &first), 42);
}

fn queens(n: u32, placed: Vec<u32>) -> Expansion<u64> {
    let row = placed.len() as u32;
    if row == n {
        return Expansion::value(1);
    }
    let safe = |&column: &u32| {
        placed
            .iter()
            .zip(0..)
            .all(|(&other, at)| other != column && other.abs_diff(column) != row - at)
    };
    let wf = WorkflowBuilder::new("queens");
    let next: Vec<Handle<u64>> = (0..n)
        .filter(safe)
        .map(|column| wf.expand(queens, (n, [&placed[..], &[column]].concat())))
        .collect();
    let sum = wf.call(|counts: Vec<u64>| counts.iter().sum::<u64>(), (next,));
    Expansion::flow(wf, &sum)
}

#[test]
fn a_task_may_give_a_workflow() {
    let wf = WorkflowBuilder::new("queens");
    let solutions = wf.expand(queens, (5_u32, Vec::<u32>::new()));
    let private = wf.expand(
        |x: i64| {
            let wf = WorkflowBuilder::new("private");
            let list = wf.map([x, x + 1], |body, x| body.call(|x: i64| Private(x), (x,)));
            Expansion::flow(wf, &list)
        },
        (3_i64,),
    );
    let private = wf.call(|list: Vec<Private>| list[1].0, (&private,));
    let built = wf.expand(
        |x: i64| {
            let part = WorkflowBuilder::new("pairs");
            let pair = part.call(move || (x, x), ());
            part.result(&pair);
            part.build(&NoTasks).map(|part| Expansion::<(i64, i64)>::workflow(&part)).unwrap()
        },
        (3_i64,),
    );
    let sum = wf.call(|(a, b): (i64, i64)| a + b, (&built,));
    let failed = wf.try_expand(|| Err::<Expansion<i64>, _>(std::fmt::Error), ());
    let told = wf.call(|end: Outcome| end.status.name().to_owned(), (failed.outcome(),));
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &solutions), 10);
    assert_eq!(naive::value(&wf, &private), 4);
    assert_eq!(naive::value(&wf, &sum), 6);
    assert_eq!(naive::value(&wf, &told), "failed");
    assert!(wf.node(solutions.node().unwrap()).is_dynamic());
}

#[test]
fn an_expansion_that_names_packs_is_left_to_who_has_them() {
    let wf = WorkflowBuilder::new("packs");
    let sum = wf.expand(
        |x: i64| {
            let wf = WorkflowBuilder::new("inner");
            let sum = wf.import::<(i64, i64), i64>("math/add").call((x, 1));
            Expansion::flow(wf, &sum)
        },
        (1_i64,),
    );
    let wrong = wf.expand(
        |_: i64| {
            let wf = WorkflowBuilder::new("inner");
            let value = wf.call(|x: i64| x, (1_i64,)).named("not a name");
            Expansion::flow(wf, &value)
        },
        (1_i64,),
    );
    let wf = wf.build(&NoTasks).unwrap();
    let call = |handle: &Handle<i64>| {
        let task = wf.node(handle.node().unwrap()).task();
        task.body.call(&terrace_plugin_api::TaskContext::detached(), &mut [Value::I64(1)])
    };
    let given = call(&sum).unwrap();
    assert!(Workflow::of_value(&given).is_none());
    let draft = Draft::of_value(&given).unwrap();
    assert_eq!(draft.task_names(), ["math/add"]);
    assert_eq!(draft.validate(&Tasks).unwrap().nodes().len(), 1);
    insta::assert_snapshot!(call(&wrong).unwrap_err().message(), @r#"the workflow it gave: node `not a name`: "not a name" cannot be the name of a node (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)"#);
}

#[test]
fn misuse_of_bodies_is_reported() {
    let wf = WorkflowBuilder::new("misuse");
    let base = wf.call(|| 1_i64, ()).named("base");
    let mut leaked = None;
    let _flow = wf.flow("first", |body| {
        let inner = body.call(|x: i64| x, (&base,)).named("inner");
        leaked = Some(inner.clone());
        inner
    });
    let leaked = leaked.unwrap();
    let _second = wf.flow("second", |body| body.call(|x: i64| x, (&leaked,)));
    let _after = wf.call(|| (), ()).after(&leaked);
    let yes = wf.call(|| true, ());
    let _twice = wf.call(|| (), ()).when(&yes).when(&yes);
    let text = wf.call(|| "a".to_owned(), ());
    let _when = wf.call(|| (), ()).when(&text.cast::<bool>()).named("mistyped");
    let branches = wf.branches("both");
    let left = branches.branch("left", |body| body.call(|x: i64| x, (&base,)));
    let _left = branches.branch("left", |body| body.call(|x: i64| x, (&left,)));
    let _loop = wf.loop_from(1_i64).times(0, |_, x| x);
    let _run = wf.run(&part()).arg("z", 1).add();
    let problems = wf.build(&NoTasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"
    a handle made inside a body was used outside of it (let the body return it: the handle of the map, flow or branch then gives its value; what is called in the body is called on its builder, or brought there by `within`)
    a node has one condition (make one bool of both and give that to `when`)
    node `second`: a handle made inside one body was used in another (let the first body return it, and use the handle that gives outside)
    node `both.left`: two nodes are called `left` (give one of them another name)
    node `part`: `part` has no input `z` (it takes x: i64, y?: i64)
    node `part`: missing input `x: i64` of `part` (give a value in `with`)
    node `mistyped`: `when`: expected bool, but `${closure_4}` gives str (tasks such as `util/compare`, `and`, `or` and `not` make a bool)
    node `loop`: `max` of `loop` must be at least 1
    node `both`: nodes depend on each other: both.branches ← both (remove one of these edges)
    ");
}

#[test]
fn workflows_nest_ten_thousand_deep() {
    let deep = || {
        let mut inner = WorkflowBuilder::new("bottom");
        inner.output("value", &inner.call(|| 1_i64, ()));
        let mut workflow = inner.build(&NoTasks).unwrap();
        for _ in 0..10_000 {
            inner = WorkflowBuilder::new("level");
            let value = inner.run(&workflow).add();
            // The whole map each time: its type would be 10,000 deep too.
            inner.output("value", &value);
            workflow = inner.build(&NoTasks).unwrap();
        }
        let mut plan = std::sync::Arc::new(workflow.plan());
        let outermost = plan.clone();
        let mut depth = 0;
        while let Some(at) = plan.indices().find(|&at| plan.node(at).flow().is_some()) {
            let next = plan.inner(at).clone();
            plan = next;
            depth += 1;
        }
        assert_eq!(depth, 10_000);
        drop((workflow, plan));
        drop(outermost);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(deep).unwrap().join().unwrap();
}

#[test]
fn how_a_node_outside_ended_reaches_a_body() {
    let wf = WorkflowBuilder::new("outcomes");
    let failed = wf.try_call(|| "x".parse::<i64>(), ());
    let end = failed.outcome();
    let told = wf.flow("told", |body| {
        body.flow("deeper", |body| body.call(|end: Outcome| end.status.name().to_owned(), (&end,)))
    });
    let wf = wf.build(&NoTasks).unwrap();
    let told_wf = wf.node(told.node().unwrap()).flow().unwrap().workflow();
    assert_eq!(told_wf.inputs()[0].ty.to_string(), "outcome");
    assert_eq!(naive::value(&wf, &told), "failed");
}

#[test]
fn bodies_written_too_deep_are_refused() {
    fn nest(wf: &WorkflowBuilder, depth: usize, base: &Handle<i64>) -> Handle<i64> {
        if depth == 0 {
            return wf.call(|x: i64| x, (base,));
        }
        wf.flow("deeper", |body| nest(body, depth - 1, base))
    }
    let build = |depth| {
        let wf = WorkflowBuilder::new("deep");
        let base = wf.call(|| 7_i64, ());
        let value = nest(&wf, depth, &base);
        wf.build(&NoTasks).map(|wf| naive::value(&wf, &value))
    };
    assert_eq!(build(100).unwrap(), 7);
    let problems = build(130).unwrap_err().to_string();
    assert!(problems.ends_with(
        "workflows are nested more than 128 deep (let a task give the inner workflow at run time)"
    ));
}

#[test]
fn an_early_end_stands_in_no_map() {
    let inner = WorkflowBuilder::new("inner");
    inner.succeed();
    let inner = inner.build(&NoTasks).unwrap();
    let wf = WorkflowBuilder::new("ends");
    let _ = wf.map([1_i64], |body, x| {
        body.succeed();
        body.call(|x: i64| x, (x,))
    });
    let error = wf.build(&NoTasks).unwrap_err().to_string();
    assert!(error.contains("`succeed` stands in no `map` or `loop`"), "{error}");
    let wf = WorkflowBuilder::new("ends");
    let _ = wf.map([1_i64], |body, x| {
        body.run(&inner).add();
        body.call(|x: i64| x, (x,))
    });
    let error = wf.build(&NoTasks).unwrap_err().to_string();
    assert!(error.contains("`succeed` stands in no `map` or `loop`"), "{error}");
}
