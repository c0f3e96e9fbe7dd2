//! Workflows inside nodes: maps, loops, branches, conditions, workflows that tasks give.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use terrace_core::{
    Args, Carry, Chunk, Collect, Draft, Expr, FlowDraft, FlowStyle, InputDraft, InputId, InputRole,
    Loop, Map, NoTasks, NodeDraft, Over, ReduceDraft, Ref, RepeatDraft, Root, RunIf, Select,
    TaskChoice, TaskError, TaskRef, Type, Value, Workflow,
};
use terrace_scheduler::{
    Growth, Order, OutcomeStatus, PathChoice, RunOptions, RunReport, RunStatus, Scheduler,
    TaskContext,
};

use crate::graph::{Graph, id, output, task, within};

pub(crate) fn input_id(at: usize) -> InputId {
    static IDS: LazyLock<Vec<InputId>> = LazyLock::new(|| {
        // Ids are made by core alone: a draft with as many inputs has them.
        let names: Vec<String> = (0..64).map(|at| format!("i{at}")).collect();
        let inputs = names.iter().map(|name| InputDraft::new(name, Type::Any)).collect();
        let draft = Draft { inputs, ..Draft::default() };
        let workflow = draft.validate(&NoTasks).unwrap();
        names.iter().map(|name| workflow.input(name).unwrap()).collect()
    });
    IDS[at]
}

pub(crate) fn input(at: usize) -> Expr {
    Expr::Ref(Ref::new(Root::Input(input_id(at))))
}

pub(crate) fn local(name: &str) -> InputDraft {
    InputDraft { role: InputRole::Local, ..InputDraft::new(name, Type::Any) }
}

pub(crate) fn captured(name: &str) -> InputDraft {
    InputDraft { role: InputRole::Captured, ..InputDraft::new(name, Type::Any) }
}

pub(crate) fn inline(task: &TaskRef, args: Vec<Expr>) -> NodeDraft {
    NodeDraft::new(TaskChoice::Inline(task.clone()), Args::Positional(args))
}

/// A node that runs a workflow.
pub(crate) fn flow(draft: Draft, captures: Vec<Ref>, repeat: Option<RepeatDraft>) -> NodeDraft {
    let flow = FlowDraft { draft, style: FlowStyle::Nodes, captures };
    let task = TaskChoice::Flow(Box::new(flow));
    NodeDraft { repeat, ..NodeDraft::new(task, Args::Named(Vec::new())) }
}

pub(crate) fn map(over: Expr, item: usize) -> Map<ReduceDraft> {
    Map::over(over, input_id(item))
}

pub(crate) fn numbers(n: i64) -> Expr {
    Expr::Const(Value::list((0..n).map(Value::from).collect()).unwrap())
}

pub(crate) fn list(values: &[i64]) -> Value {
    Value::list(values.iter().map(|&n| Value::from(n)).collect()).unwrap()
}

pub(crate) fn int(args: &[Value], at: usize) -> Result<i64, TaskError> {
    args[at].as_i64().ok_or_else(|| TaskError::msg(format!("{:?} is no integer", args[at])))
}

pub(crate) fn square() -> TaskRef {
    task(1, |_, args| Ok(Value::from(int(args, 0)?.pow(2))))
}

pub(crate) fn add() -> TaskRef {
    task(2, |_, args| Ok(Value::from(int(args, 0)? + int(args, 1)?)))
}

/// Runs on every path and order, with 1, 2 and 8 workers, and hands every report to `check`.
pub(crate) fn everywhere(workflow: &Workflow, check: impl Fn(&RunReport)) {
    let plan = Arc::new(workflow.plan());
    for workers in [1, 2, 8] {
        let scheduler = Scheduler::builder().workers(workers).build().unwrap();
        for (path, order) in [
            (PathChoice::Fast, Order::Dataflow),
            (PathChoice::Dispatcher, Order::Dataflow),
            (PathChoice::Dispatcher, Order::Levels),
        ] {
            let options = RunOptions::default().with_path(path).with_order(order);
            check(&scheduler.run(&plan, options));
        }
    }
}

pub(crate) fn value(report: &RunReport, name: &str) -> Value {
    match report.output(name) {
        Some(Ok(value)) => value.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

pub(crate) fn build(draft: Draft) -> Workflow {
    draft.validate(&NoTasks).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A workflow of one node, whose value is the output `out`.
pub(crate) fn only(node: NodeDraft) -> Workflow {
    let mut graph = Graph::new();
    graph.draft.nodes.push(NodeDraft { name: Some("node".into()), ..node });
    graph.output("out", 0);
    build(graph.draft)
}

pub(crate) fn squares() -> Draft {
    Draft {
        inputs: vec![local("item")],
        nodes: vec![inline(&square(), vec![input(0)])],
        result: Some(output(0)),
        ..Draft::default()
    }
}

/// The squares plus one, by two nodes.
pub(crate) fn two_nodes() -> Draft {
    let mut body = squares();
    let one = Expr::Const(Value::from(1_i64));
    body.nodes.push(inline(&add(), vec![output(0), one]));
    body.result = Some(output(1));
    body
}

#[test]
fn a_map_gives_results_in_the_order_of_its_items() {
    within(60, || {
        for n in [0, 1, 2, 7, 100] {
            for (body, more) in [(squares(), 0), (two_nodes(), 1)] {
                for chunk in [Chunk::Auto, Chunk::Of(3)] {
                    let mut spec = map(numbers(n), 0);
                    spec.chunk = chunk;
                    let repeat = RepeatDraft::Map(Box::new(spec));
                    let workflow = only(flow(body.clone(), Vec::new(), Some(repeat)));
                    let expected: Vec<i64> = (0..n).map(|n| n * n + more).collect();
                    everywhere(&workflow, |report| {
                        assert_eq!(report.status, RunStatus::Succeeded);
                        assert_eq!(value(report, "out"), list(&expected));
                    });
                }
            }
        }
    });
}

#[test]
fn a_map_sees_what_is_around_it_and_keeps_keys() {
    within(60, || {
        let mut graph = Graph::new();
        let ten = graph.node(&[], |_, _| Ok(Value::from(10_i64)));
        let body = Draft {
            inputs: vec![local("item"), captured("ten"), local("key"), local("index")],
            nodes: vec![inline(
                &task(4, |ctx, args| {
                    let (item, ten) = (int(args, 0)?, int(args, 1)?);
                    let seen = ctx.item().expect("an item");
                    assert_eq!(args[2].as_str().map(str::to_owned), seen.key);
                    assert_eq!(args[3].as_u64(), Some(seen.index));
                    let key = args[2].as_str().unwrap();
                    assert_eq!(ctx.node(), format!("m{}", Select::quoted(key)));
                    Ok(Value::from(format!("{key}{}", item * ten)))
                }),
                vec![input(0), input(1), input(2), input(3)],
            )],
            result: Some(output(0)),
            ..Draft::default()
        };
        let over = [("a.b", 1_i64), ("ключ", 2), ("", 3)];
        let over = Value::map(over.map(|(key, n)| (key, Value::from(n)))).unwrap();
        let mut spec = map(Expr::Const(over), 0);
        spec.key = Some(input_id(2));
        spec.index = Some(input_id(3));
        let capture = Ref::new(Root::Node(id(ten)));
        let node = flow(body, vec![capture], Some(RepeatDraft::Map(Box::new(spec))));
        graph.draft.nodes.push(NodeDraft { name: Some("m".into()), ..node });
        graph.output("out", 1);
        let expected = [("a.b", "a.b10"), ("ключ", "ключ20"), ("", "30")];
        let expected = Value::map(expected.map(|(key, text)| (key, Value::from(text)))).unwrap();
        everywhere(&build(graph.draft), |report| assert_eq!(value(report, "out"), expected));
    });
}

#[test]
fn lists_side_by_side_and_every_combination() {
    within(60, || {
        let body = Draft {
            inputs: vec![local("a"), local("b")],
            nodes: vec![inline(
                &task(2, |_, args| Ok(Value::from(10 * int(args, 0)? + int(args, 1)?))),
                vec![input(0), input(1)],
            )],
            result: Some(output(0)),
            ..Draft::default()
        };
        let lists = || vec![numbers(3), Expr::Const(list(&[5, 6, 7]))];
        for (over, expected) in [
            (Over::Zip(lists()), vec![5, 16, 27]),
            (Over::Cross(lists()), vec![5, 6, 7, 15, 16, 17, 25, 26, 27]),
        ] {
            let mut spec = map(numbers(0), 0);
            spec.over = over;
            spec.items = vec![input_id(0), input_id(1)];
            let repeat = RepeatDraft::Map(Box::new(spec));
            let workflow = only(flow(body.clone(), Vec::new(), Some(repeat)));
            everywhere(&workflow, |report| assert_eq!(value(report, "out"), list(&expected)));
        }
    });
}

#[test]
fn failing_items_fail_the_map_or_are_gathered() {
    within(60, || {
        let odd = task(1, |_, args| match int(args, 0)? {
            n if n % 2 == 1 => Err(TaskError::msg(format!("{n} is odd"))),
            n => Ok(Value::from(n)),
        });
        let body = Draft {
            inputs: vec![local("item")],
            nodes: vec![inline(&odd, vec![input(0)])],
            result: Some(output(0)),
            ..Draft::default()
        };
        let spec = map(numbers(5), 0);
        let repeat = |spec| Some(RepeatDraft::Map(Box::new(spec)));
        let workflow = only(flow(body.clone(), Vec::new(), repeat(spec.clone())));
        everywhere(&workflow, |report| {
            assert_eq!(report.status, RunStatus::Failed);
            let error = report.outcome(id(0)).unwrap().error.unwrap();
            assert_eq!(error.message(), "2 of 5 items failed; the first, node[1]: 1 is odd");
            let mut paths: Vec<&str> = report.failures.iter().map(|f| f.path.as_str()).collect();
            paths.sort_unstable();
            assert_eq!(paths, ["node[1]", "node[3]"]);
        });
        let spec = Map { collect: Collect::Outcomes, ..spec };
        let workflow = only(flow(body, Vec::new(), repeat(spec)));
        everywhere(&workflow, |report| {
            assert_eq!(report.status, RunStatus::Succeeded);
            let outcomes = value(report, "out");
            let status = |at: usize| outcomes.index(at)?.get("status")?.as_str().map(str::to_owned);
            let all: Vec<_> = (0..5).filter_map(status).collect();
            assert_eq!(all, ["ok", "failed", "ok", "failed", "ok"]);
        });
    });
}

#[test]
fn results_are_reduced_in_an_order_of_their_own() {
    within(60, || {
        let join = |associative| {
            let mut join = task(2, |_, args| {
                Ok(Value::from(format!(
                    "({}{})",
                    args[0].as_str().unwrap(),
                    args[1].as_str().unwrap()
                )))
            });
            let mut signature = (*join.signature).clone();
            signature.associative = associative;
            join.signature = Arc::new(signature);
            join
        };
        let text = task(1, |_, args| Ok(Value::from(int(args, 0)?.to_string())));
        let body = Draft {
            inputs: vec![local("item")],
            nodes: vec![inline(&text, vec![input(0)])],
            result: Some(output(0)),
            ..Draft::default()
        };
        for (associative, expected) in [(true, "(((01)(23))4)"), (false, "((((01)2)3)4)")] {
            let mut spec = map(numbers(5), 0);
            let task = TaskChoice::Inline(join(associative));
            spec.reduce = Some(ReduceDraft { task, start: None, span: None });
            let repeat = RepeatDraft::Map(Box::new(spec));
            let workflow = only(flow(body.clone(), Vec::new(), Some(repeat)));
            everywhere(&workflow, |report| {
                assert_eq!(value(report, "out"), Value::from(expected));
            });
        }
    });
}

#[test]
fn a_loop_carries_values_until_it_holds() {
    within(60, || {
        let halve = task(1, |_, args| {
            let half = int(args, 0)? / 2;
            Value::map([("half", Value::from(half)), ("done", Value::Bool(half == 1))])
                .map_err(TaskError::msg)
        });
        let body = Draft {
            inputs: vec![local("x"), local("index")],
            nodes: vec![
                inline(&halve, vec![input(0)]),
                inline(&add(), vec![input(1), Expr::Const(Value::from(1_i64))]),
            ],
            result: Some(output(1)),
            ..Draft::default()
        };
        let part = |key: &str| {
            Expr::Ref(Ref {
                path: vec![Select::Key(key.to_owned())],
                ..Ref::new(Root::Node(id(0)))
            })
        };
        let spec = |start: i64, max| {
            let start = Expr::Const(Value::from(start));
            let carry = vec![Carry { input: input_id(0), start, next: part("half") }];
            let until = Some(part("done"));
            RepeatDraft::Loop(Box::new(Loop { carry, until, max, index: Some(input_id(1)) }))
        };
        let workflow = only(flow(body.clone(), Vec::new(), Some(spec(1024, 100))));
        everywhere(&workflow, |report| assert_eq!(value(report, "out"), Value::from(10_i64)));
        let workflow = only(flow(body, Vec::new(), Some(spec(1024, 9))));
        everywhere(&workflow, |report| {
            let error = report.outcome(id(0)).unwrap().error.unwrap();
            assert_eq!(error.class().name(), "limit");
        });
    });
}

#[test]
fn conditions_skip_and_what_accepts_absence_goes_on() {
    within(60, || {
        let mut graph = Graph::new();
        let no = graph.node(&[], |_, _| Ok(Value::Bool(false)));
        let skipped = graph.node(&[], |_, _| panic!("it must not run"));
        graph.draft.nodes[skipped].when = Some(output(no));
        let behind = graph.node(&[skipped], |_, _| panic!("it must not run"));
        let mut relaxed = task(1, |_, args| Ok(Value::Bool(matches!(args[0], Value::Null))));
        let mut signature = (*relaxed.signature).clone();
        signature.ports[0].ty = Type::Optional(Box::new(Type::Any));
        relaxed.signature = Arc::new(signature);
        let absent = graph.task(&[skipped], &relaxed);
        let also = graph.task(&[behind], &relaxed);
        let mut told = task(1, |_, args| Ok(args[0].get("status").cloned().unwrap_or_default()));
        let mut signature = (*told.signature).clone();
        signature.ports[0].ty = Type::Outcome;
        told.signature = Arc::new(signature);
        let outcome = graph.task(&[behind], &told);
        let always = graph.node(&[], |_, _| Ok(Value::from("cleaned")));
        graph.after(always, behind);
        graph.draft.nodes[always].run_if = RunIf::Always;
        let failure = graph.node(&[], |_, _| panic!("nothing failed"));
        graph.after(failure, behind);
        graph.draft.nodes[failure].run_if = RunIf::Failure;
        for (name, at) in [
            ("absent", absent),
            ("also", also),
            ("outcome", outcome),
            ("always", always),
            ("gone", behind),
        ] {
            graph.output(name, at);
        }
        everywhere(&build(graph.draft), |report| {
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(report.counts.skipped, 3);
            assert_eq!(report.outcome(id(behind)).unwrap().cause, Some(id(skipped)));
            assert_eq!(value(report, "absent"), Value::Bool(true));
            assert_eq!(value(report, "also"), Value::Bool(true));
            assert_eq!(value(report, "outcome"), Value::from("skipped"));
            assert_eq!(value(report, "always"), Value::from("cleaned"));
            assert_eq!(value(report, "gone"), Value::Null);
        });
    });
}

#[test]
fn clean_up_runs_after_a_failure_and_the_run_has_failed() {
    within(60, || {
        let mut graph = Graph::new();
        let fails = graph.node(&[], |_, _| Err(TaskError::msg("no")));
        let behind = graph.node(&[fails], |_, _| Ok(Value::Null));
        let cleans = graph.node(&[], |_, _| Ok(Value::from(1_i64)));
        graph.after(cleans, behind);
        graph.draft.nodes[cleans].run_if = RunIf::Failure;
        let next = graph.node(&[cleans], |_, args| Ok(args[0].clone()));
        graph.output("next", next);
        everywhere(&build(graph.draft), |report| {
            assert_eq!(report.status, RunStatus::Failed);
            assert_eq!(value(report, "next"), Value::from(1_i64));
            assert_eq!(report.status_of(id(behind)), Some(OutcomeStatus::Skipped));
        });
    });
}

/// The port takes any end, so that the edge alone would not tell that something failed.
#[test]
fn what_runs_after_a_failure_may_ask_how_it_failed() {
    within(60, || {
        for failing in [true, false] {
            let mut graph = Graph::new();
            let work = graph.node(&[], move |_, _| match failing {
                true => Err(TaskError::msg("no")),
                false => Ok(Value::Null),
            });
            let mut told =
                task(1, |_, args| Ok(args[0].get("status").cloned().unwrap_or_default()));
            let mut signature = (*told.signature).clone();
            signature.ports[0].ty = Type::Outcome;
            told.signature = Arc::new(signature);
            let cleans = graph.task(&[work], &told);
            graph.draft.nodes[cleans].run_if = RunIf::Failure;
            graph.output("told", cleans);
            everywhere(&build(graph.draft), |report| {
                let told = if failing { Value::from("failed") } else { Value::Null };
                assert_eq!(value(report, "told"), told);
            });
        }
    });
}

#[test]
fn a_run_may_end_early_with_success() {
    within(60, || {
        let mut graph = Graph::new();
        let yes = graph.node(&[], |_, _| Ok(Value::Bool(true)));
        let end = graph.draft.nodes.len();
        let succeed = NodeDraft::new(TaskChoice::Succeed, Args::Named(Vec::new()));
        graph.draft.nodes.push(NodeDraft { when: Some(output(yes)), ..succeed });
        let late = graph.node(&[], |_, _| panic!("it must not run"));
        graph.after(late, end);
        everywhere(&build(graph.draft), |report| {
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(report.status_of(id(late)), Some(OutcomeStatus::Skipped));
        });
    });
}

/// A task that gives a workflow which counts down by giving workflows in turn.
fn countdown(runs: Arc<AtomicUsize>) -> TaskRef {
    let again = runs.clone();
    let mut task = task(1, move |_: &TaskContext<'_>, args| {
        runs.fetch_add(1, Ordering::Relaxed);
        let n = int(args, 0)?;
        let mut draft = Draft { name: Some("down".into()), ..Draft::default() };
        if n == 0 {
            draft.result = Some(Expr::Const(Value::from(0_i64)));
        } else {
            let less = Expr::Const(Value::from(n - 1));
            draft.nodes.push(inline(&countdown(again.clone()), vec![less]));
            draft.nodes.push(inline(&add(), vec![output(0), Expr::Const(Value::from(1_i64))]));
            draft.result = Some(output(1));
        }
        Ok(build(draft).into_value())
    });
    let mut signature = (*task.signature).clone();
    signature.output = Type::Workflow;
    task.signature = Arc::new(signature);
    task
}

#[test]
fn a_task_may_give_a_workflow_that_runs_in_its_place() {
    within(100, || {
        let runs = Arc::new(AtomicUsize::new(0));
        let start =
            |n: i64| only(inline(&countdown(runs.clone()), vec![Expr::Const(Value::from(n))]));
        everywhere(&start(20), |report| assert_eq!(value(report, "out"), Value::from(20_i64)));
        assert_eq!(runs.load(Ordering::Relaxed), 9 * 21);
        // Ten thousand frames inside each other, opened and closed on a small stack.
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let deep = Arc::new(start(10_000).plan());
        for path in [PathChoice::Fast, PathChoice::Dispatcher] {
            let report = scheduler.run(&deep, RunOptions::default().with_path(path));
            assert_eq!(value(&report, "out"), Value::from(10_000_i64));
        }
        for growth in
            [Growth { depth: 10, ..Growth::default() }, Growth { nodes: 30, ..Growth::default() }]
        {
            let report = scheduler.run(&deep, RunOptions::default().with_growth(growth));
            assert_eq!(report.outcome(id(0)).unwrap().error.unwrap().class().name(), "limit");
        }
    });
}
