//! Workflows written with the builder, run: each case of fan-out once, with its answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrace_core::{
    Expansion, Handle, NoTasks, Outcome, OutcomeExt as _, RunIf, Value, Workflow, WorkflowBuilder,
    associative,
};
use terrace_scheduler::{
    Order, OutcomeStatus, PathChoice, RunOptions, RunReport, RunStatus, Scheduler, TaskError,
};

use crate::graph::within;

/// Runs in both orders, on both paths, with one worker and with two.
fn everywhere(wf: WorkflowBuilder, check: impl Fn(&RunReport) + Send + 'static) {
    let workflow: Workflow = wf.build(&NoTasks).unwrap_or_else(|problems| panic!("{problems}"));
    within(60, move || {
        let plan = Arc::new(workflow.plan());
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in [PathChoice::Fast, PathChoice::Dispatcher] {
                for order in [Order::Dataflow, Order::Levels] {
                    let options = RunOptions::default().with_path(path).with_order(order);
                    check(&scheduler.run(&plan, options));
                }
            }
        }
    });
}

fn json(report: &RunReport, name: &str) -> String {
    match report.output(name) {
        Some(Ok(value)) => terrace_core::value_to_json(value).unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}

fn error_of(report: &RunReport, name: &str) -> TaskError {
    let id = report.plan().workflow().find(name).unwrap();
    report.outcome(id).unwrap().error.unwrap()
}

#[test]
fn a_map_of_maps_with_an_empty_one_and_one_of_one_item() {
    let wf = WorkflowBuilder::new("rows");
    let rows = wf.call(|| vec![vec![1_i64, 2], vec![], vec![3]], ());
    let tens: Handle<Vec<Vec<i64>>> = wf.map(&rows, |body, row: Handle<Vec<i64>>| {
        body.map(&row, |body, x| body.call(|x: i64| x * 10, (&x,)))
    });
    wf.output("tens", &tens);
    everywhere(wf, |report| assert_eq!(json(report, "tens"), "[[10,20],[],[30]]"));
}

#[test]
fn an_item_that_is_a_map_and_keys_in_any_script() {
    let wf = WorkflowBuilder::new("people");
    let person = |age: i64| BTreeMap::from([("age".to_owned(), age)]);
    let people = BTreeMap::from([
        ("a.b".to_owned(), person(1)),
        ("ключ".to_owned(), person(2)),
        ("\"q\"[0]".to_owned(), person(3)),
    ]);
    let people = wf.call(move || people.clone(), ());
    let ages = wf.over(&people).with_key().map(|body, (key, person)| {
        body.call(
            |key: String, person: BTreeMap<String, i64>| format!("{key}={}", person["age"]),
            (key, person),
        )
    });
    wf.output("ages", &ages);
    everywhere(wf, |report| {
        let ages: BTreeMap<String, String> = match report.output("ages").unwrap().clone().unwrap() {
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| (key.to_owned(), value.as_str().unwrap().to_owned()))
                .collect(),
            other => panic!("{other:?}"),
        };
        assert_eq!(ages["a.b"], "a.b=1");
        assert_eq!(ages["ключ"], "ключ=2");
        assert_eq!(ages["\"q\"[0]"], "\"q\"[0]=3");
    });
}

#[test]
fn two_items_of_one_key_are_an_error_before_anything_runs() {
    let wf = WorkflowBuilder::new("twice");
    let words = wf.call(|| ["a", "b", "a"].map(str::to_owned).to_vec(), ());
    let lengths: Handle<BTreeMap<String, i64>> =
        wf.over(&words).keyed_by(|word| word.clone()).map(|body, word| {
            body.call(|_: String| -> i64 { panic!("it must not run") }, (&word,)).named("length")
        });
    wf.output("lengths", &lengths);
    everywhere(wf, |report| {
        assert_eq!(report.status, RunStatus::Failed);
        assert_eq!(error_of(report, "length").message(), "two items have the key \"a\"");
    });
}

#[test]
fn what_fails_in_the_middle_keeps_its_place_in_outcomes() {
    let wf = WorkflowBuilder::new("outcomes");
    let list = wf.call(|| (0..5).collect::<Vec<i64>>(), ());
    let halves = wf.over(&list).outcomes().map(|body, x| {
        body.try_call(
            |x: i64| match x % 2 {
                0 => Ok(x / 2),
                _ => Err(TaskError::msg("odd")),
            },
            (&x,),
        )
    });
    let told = wf.call(
        |outcomes: Vec<Outcome>| {
            let of = |outcome: &Outcome| outcome.get::<i64>().unwrap_or(-1);
            outcomes.iter().map(of).collect::<Vec<i64>>()
        },
        (&halves,),
    );
    wf.output("told", &told);
    everywhere(wf, |report| {
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!(json(report, "told"), "[0,-1,1,-1,2]");
    });
}

#[test]
fn branches_join_by_name_and_nest_in_maps() {
    let wf = WorkflowBuilder::new("branches");
    let list = wf.call(|| vec![1_i64, 2, 3], ());
    let sides = wf.map(&list, |body, x| {
        let sides = body.branches("sides");
        let left = sides.branch("left", |b| b.call(|x: i64| x + 1, (&x,)));
        let right = sides.branch("right", |b| b.call(|x: i64| x * x, (&x,)));
        body.call(|a: i64, b: i64| a + b, (&left, &right))
    });
    wf.output("sides", &sides);
    everywhere(wf, |report| assert_eq!(json(report, "sides"), "[3,7,13]"));
}

#[test]
fn a_loop_hands_its_state_on() {
    let wf = WorkflowBuilder::new("newton");
    let root = wf.loop_from(1.0_f64).until(50, |body, x| {
        let next = body.call(|x: f64| (x + 2.0 / x) / 2.0, (&x,));
        let done = body.call(|a: f64, b: f64| (a - b).abs() < 1e-12, (&x, &next));
        (next, done)
    });
    wf.output("root", &root);
    everywhere(wf, |report| {
        let root = report.output("root").unwrap().clone().unwrap().as_f64().unwrap();
        assert!((root - 2.0_f64.sqrt()).abs() < 1e-12, "{root}");
    });
}

/// How many ways there are to place queens in the columns that are left.
fn queens(n: usize, placed: Vec<i64>) -> Expansion<i64> {
    if placed.len() == n {
        return Expansion::value(1);
    }
    let wf = WorkflowBuilder::new("queens");
    let row = placed.len() as i64;
    let free = |column: i64| {
        placed
            .iter()
            .zip(0..)
            .all(|(&other, at)| other != column && (other - column).abs() != row - at)
    };
    let ways: Vec<Handle<i64>> = (0..n as i64)
        .filter(|&column| free(column))
        .map(|column| {
            let placed: Vec<i64> = placed.iter().copied().chain([column]).collect();
            wf.expand(move |placed: Vec<i64>| queens(n, placed), (placed,))
        })
        .collect();
    let sum = wf.call(|ways: Vec<i64>| ways.iter().sum::<i64>(), (ways,));
    Expansion::flow(wf, &sum)
}

#[test]
fn a_graph_grows_while_it_runs() {
    let wf = WorkflowBuilder::new("queens");
    let ways = wf.expand(|placed: Vec<i64>| queens(6, placed), (Vec::<i64>::new(),));
    wf.output("ways", &ways);
    everywhere(wf, |report| assert_eq!(json(report, "ways"), "4"));
}

#[test]
fn results_are_reduced_as_a_tree_and_folded_in_order() {
    let wf = WorkflowBuilder::new("reduced");
    let list = wf.call(|| (0..5).collect::<Vec<i64>>(), ());
    let pair = |a: String, b: String| format!("({a}{b})");
    let tree = wf
        .over(&list)
        .reduce(associative(pair))
        .map(|body, x| body.call(|x: i64| x.to_string(), (&x,)));
    let fold = wf
        .over(&list)
        .fold("s".to_owned(), pair)
        .map(|body, x| body.call(|x: i64| x.to_string(), (&x,)));
    wf.output("tree", &tree);
    wf.output("fold", &fold);
    everywhere(wf, |report| {
        assert_eq!(json(report, "tree"), "\"(((01)(23))4)\"");
        assert_eq!(json(report, "fold"), "\"(((((s0)1)2)3)4)\"");
    });
}

#[test]
fn a_workflow_is_a_value_that_others_run() {
    let inner = WorkflowBuilder::new("add");
    let (x, y) = (inner.input::<i64>("x"), inner.input::<i64>("y").with_default(100));
    let sum = inner.call(|x: i64, y: i64| x + y, (&x, &y));
    inner.result(&sum);
    let inner = inner.build(&NoTasks).unwrap();
    let wf = WorkflowBuilder::new("outer");
    let a = wf.run(&inner).arg("x", 1).add_as::<i64>();
    let b = wf.run(&inner).arg("x", &a).arg("y", 2).add_as::<i64>();
    wf.output("b", &b);
    everywhere(wf, |report| assert_eq!(json(report, "b"), "103"));
}

#[test]
fn conditions_clean_up_and_an_early_end() {
    let wf = WorkflowBuilder::new("early");
    let found = wf.call(|| true, ());
    let rare = wf.call(|| 1_i64, ()).when(&wf.call(|x: bool| !x, (&found,))).named("rare");
    let or = wf.call(|x: Option<i64>| x.unwrap_or(7), (&rare,));
    let end = wf.succeed().when(&found).after(&or);
    let late = wf.call(|| -> i64 { panic!("it must not run") }, ()).after(&end).named("late");
    let clean = wf.call(|| 3_i64, ()).after(&late).run_if(RunIf::Always);
    wf.output("or", &or);
    wf.output("clean", &clean);
    everywhere(wf, |report| {
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!(json(report, "or"), "7");
        assert_eq!(json(report, "clean"), "3");
        let late = report.plan().workflow().find("late").unwrap();
        assert_eq!(report.status_of(late), Some(OutcomeStatus::Skipped));
    });
}

#[test]
fn an_absent_branch_is_none_and_absent_items_are_told_of_or_left_out() {
    let wf = WorkflowBuilder::new("absent");
    let go = wf.call(|| false, ());
    let both = wf.branches("both");
    let number = both.branch("number", |body| body.call(|| 1_i64, ()).when(&go));
    let list = both.branch("list", |body| body.call(|| vec![2_i64], ()).when(&go));
    let there = both.branch("there", |body| body.call(|| vec![3_i64], ()));
    let told = wf.call(
        |number: Option<i64>, list: Option<Vec<i64>>, there: Vec<i64>| {
            format!("{number:?} {list:?} {there:?}")
        },
        (&number, &list, &there),
    );
    let odd = |body: &WorkflowBuilder, x: &Handle<i64>| {
        let odd = body.call(|x: i64| x % 2 == 1, (x,));
        body.call(|x: i64| x * x, (x,)).when(&odd)
    };
    let sum = wf.over(0..4).reduce(|a: i64, b: i64| a + b).map(|body, x| odd(body, &x));
    let ends = wf.over(0..4).outcomes().map(|body, x| odd(body, &x));
    let ends = wf.call(
        |ends: Vec<Outcome>| ends.iter().map(|end| end.get::<i64>()).collect::<Vec<_>>(),
        (&ends,),
    );
    wf.output("told", &told);
    wf.output("all", &both.all());
    wf.output("sum", &sum);
    wf.output("ends", &ends);
    everywhere(wf, |report| {
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!(json(report, "told"), "\"None None [3]\"");
        assert_eq!(json(report, "all"), r#"{"list":null,"number":null,"there":[3]}"#);
        assert_eq!(json(report, "sum"), "10");
        assert_eq!(json(report, "ends"), "[null,1,null,9]");
    });
}
