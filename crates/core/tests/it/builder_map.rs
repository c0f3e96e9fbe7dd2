//! Maps built in Rust: what they give, what their bodies see, what is reported.

use std::collections::BTreeMap;

use terrace_core::{
    Chunk, FlowStyle, Handle, NoTasks, Outcome, OutcomeExt as _, Repeat, Value, Workflow,
    WorkflowBuilder, associative,
};

use crate::naive;
use crate::tasks::Tasks;

/// No port type: only closures know it.
#[derive(Clone, Debug, PartialEq)]
struct Private(i64);

/// The type of a node's output.
fn output(wf: &Workflow, name: &str) -> String {
    wf.node(wf.find(name).unwrap()).task().signature.output.to_string()
}

#[test]
fn a_map_over_a_list_gives_a_list_in_order() {
    let wf = WorkflowBuilder::new("squares");
    let list = wf.call(|| vec![3_i64, 1, 2], ());
    let squares: Handle<Vec<i64>> =
        wf.map(&list, |body, x| body.call(|x: i64| x * x, (&x,)).named("square"));
    let sum = wf.call(|xs: Vec<i64>| xs.iter().sum::<i64>(), (&squares,));
    let first = wf.call(|x: i64| x, (squares.item::<i64>(0),));
    wf.output("squares", &squares);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &squares), [9, 1, 4]);
    assert_eq!(naive::value(&wf, &sum), 14);
    assert_eq!(naive::value(&wf, &first), 9);
    assert_eq!(naive::outputs(&wf)["squares"], "[9, 1, 4]");
    assert_eq!(wf.levels().len(), 3);
    let flow = wf.node(squares.node().unwrap()).flow().unwrap();
    assert_eq!(flow.style(), &FlowStyle::Single);
    assert_eq!(wf.node(squares.node().unwrap()).name(), "square");
}

#[test]
fn a_map_over_a_keyed_map_keeps_the_keys() {
    let wf = WorkflowBuilder::new("keyed");
    let ages = BTreeMap::from([("ada".to_owned(), 36_i64), ("bob".to_owned(), 41)]);
    let given = wf.call(move || ages.clone(), ());
    let next: Handle<BTreeMap<String, i64>> =
        wf.map(&given, |body, age| body.call(|age: i64| age + 1, (age,)));
    let told = wf.over(&given).with_key().map(|body, (name, age)| {
        body.call(|name: String, age: i64| format!("{name}: {age}"), (name, age))
    });
    let wf = wf.build(&NoTasks).unwrap();
    let next = naive::value(&wf, &next);
    assert_eq!(next, BTreeMap::from([("ada".to_owned(), 37), ("bob".to_owned(), 42)]));
    assert_eq!(naive::value(&wf, &told)["bob"], "bob: 41");
}

#[test]
fn items_and_results_of_closures_may_be_of_any_type() {
    let wf = WorkflowBuilder::new("private");
    let list = wf.call(|| vec![Private(1), Private(2)], ());
    let doubled = wf.map(&list, |body, x| body.call(|x: Private| Private(2 * x.0), (x,)));
    let again = wf.map(&doubled, |body, x| body.call_ref(|x: &Private| Private(x.0 + 1), (x,)));
    let sum = wf.call_ref(|xs: &Vec<Private>| xs.iter().map(|x| x.0).sum::<i64>(), (&again,));
    let one = wf.over(&list).reduce(|a: Private, b: Private| Private(a.0 + b.0)).map(|_, x| x);
    let one = wf.call(|x: Private| x.0, (one,));
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &sum), 8);
    assert_eq!(naive::value(&wf, &one), 3);
}

#[test]
fn maps_nest_and_their_results_do() {
    let wf = WorkflowBuilder::new("nested");
    let rows = wf.call(|| vec![vec![1_i64, 2], vec![3]], ());
    let offset = wf.call(|| Private(10), ());
    let moved: Handle<Vec<Vec<i64>>> = wf.map(&rows, |body, row| {
        body.map(&row, |body, x| body.call(|x: i64, by: Private| x + by.0, (&x, &offset)))
    });
    let private: Handle<Vec<Vec<Private>>> = wf.map(&rows, |body, row| {
        body.map(&row, |body, x| body.call(|x: i64, by: Private| Private(x + by.0), (&x, &offset)))
    });
    let count =
        wf.call(|a: Vec<Vec<i64>>, b: Vec<Vec<Private>>| a[1][0] + b[0][1].0, (&moved, &private));
    wf.output("moved", &moved);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &moved), [vec![11, 12], vec![13]]);
    assert_eq!(naive::value(&wf, &count), 13 + 12);
    assert_eq!(naive::outputs(&wf)["moved"], "[[11, 12], [13]]");
}

#[test]
fn packs_and_closures_hand_items_to_each_other() {
    type Point = BTreeMap<String, f64>;
    let wf = WorkflowBuilder::new("mixed");
    let points = wf.import::<(), Vec<Point>>("text/points");
    let x = wf.import::<(Point,), f64>("text/x");
    let sum = wf.import::<(Vec<f64>,), f64>("math/sum");
    let points = points.call(());
    // Data of a pack to closures and back to a pack.
    let moved = wf.map(&points, |body, point| {
        let moved = body.call(
            |mut point: Point| {
                point.entry("x".to_owned()).and_modify(|x| *x += 1.0);
                point
            },
            (&point,),
        );
        x.within(body).call((&moved,))
    });
    // Rust values of closures to a pack, one by one and all together.
    let made = wf.call(|| vec![Point::from([("x".into(), 5.0), ("y".into(), 0.0)])], ());
    let xs = wf.map(&made, |body, point| x.within(body).call((point,)));
    // A Rust value seen from outside, two bodies deep.
    let one = wf.call(|| Point::from([("x".into(), 7.0), ("y".into(), 0.0)]), ());
    let seen =
        wf.map([1_i64], |body, _| body.map([1_i64, 2], |body, _| x.within(body).call((&one,))));
    wf.output("seen", &seen);
    let total = sum.call((&moved,)).keep();
    let all = wf.map(&points, |body, point| body.call(|point: Point| point, (point,)));
    wf.output("all", &all);
    wf.output("xs", &xs);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(naive::value(&wf, &total), 5.0);
    assert_eq!(naive::value(&wf, &xs), [5.0]);
    assert_eq!(naive::value(&wf, &all)[0]["y"], -1.0);
    assert_eq!(naive::outputs(&wf)["all"], r#"[{"x": 1.0, "y": -1.0}, {"x": 2.0, "y": -2.0}]"#);
    assert_eq!(naive::outputs(&wf)["seen"], "[[7.0, 7.0]]");
}

#[test]
fn types_of_results_follow_from_the_body() {
    let wf = WorkflowBuilder::new("types");
    let add = wf.import::<(i64, i64), i64>("math/add");
    let listed = wf.map([1_i64, 2], |body, x| add.within(body).call((x, 1))).named("listed");
    let by_name = BTreeMap::from([("a".to_owned(), 1_i64)]);
    let keyed = wf.map(by_name, |body, x| add.within(body).call((x, 1))).named("keyed");
    let _outcomes =
        wf.over(&listed).outcomes().map(|body, x| add.within(body).call((x, 1))).named("outcomes");
    let _sum = wf.over(&keyed).reduce(&add).map(|_, x| x).named("sum");
    let _named = wf
        .over(["a", "b"])
        .keyed_by(|name| name.clone())
        .map(|body, name| body.call(|name: String| name.len(), (name,)))
        .named("named");
    let wf = wf.build(&Tasks).unwrap();
    let types = ["listed", "keyed", "outcomes", "sum", "named"].map(|name| output(&wf, name));
    assert_eq!(types, ["list<i64>", "map<str, i64>", "list<outcome>", "i64", "map<str, u64>"]);
}

#[test]
fn the_types_of_items_are_checked_in_the_body() {
    let wf = WorkflowBuilder::new("types");
    let sum = wf.import::<(Vec<f64>,), f64>("math/sum");
    let words = wf.task("text/count").arg("text", "a").add_as::<BTreeMap<String, i64>>();
    let sums = wf.map(&words, |body, word| sum.within(body).call((word.cast::<Vec<f64>>(),)));
    wf.output("sums", &sums);
    let problems = wf.build(&Tasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"node `sum`: input `values` of `math/sum`: expected list<f64>, but `${item}` gives i64");
}

#[test]
fn indices_zips_crosses_and_keys_reach_the_body() {
    let wf = WorkflowBuilder::new("items");
    let a = wf.call(|| vec![1_i64, 2], ());
    let pairs = wf.over(&a).zip(["x", "y"]).enumerate().map(|body, (at, (number, letter))| {
        body.call(
            |at: i64, number: i64, letter: String| format!("{at}{number}{letter}"),
            (at, number, letter),
        )
    });
    let crossed = wf
        .over(&a)
        .cross(&a)
        .cross([100_i64])
        .map(|body, ((a, b), c)| body.call(|a: i64, b: i64, c: i64| 10 * a + b + c, (a, b, c)));
    let keyed = wf.over(&a).zip(["x", "y"]).keyed_by(|(_, letter)| letter.clone()).with_key().map(
        |body, (key, (number, _))| {
            body.call(|key: String, number: i64| format!("{key}={number}"), (key, number))
        },
    );
    let handles = wf.map([&pairs.item::<String>(0), &wf.run_id()], |_, text| text);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &pairs), ["01x", "12y"]);
    assert_eq!(naive::value(&wf, &crossed), [111, 112, 121, 122]);
    assert_eq!(naive::value(&wf, &keyed)["y"], "y=2");
    assert_eq!(naive::value(&wf, &handles), ["01x", "run"]);
}

#[test]
fn outcomes_carry_each_items_value_or_error() {
    let wf = WorkflowBuilder::new("outcomes");
    let ends = wf
        .over(["1", "x", "3"])
        .outcomes()
        .map(|body, text| body.try_call(|text: String| text.parse::<i64>().map(Private), (text,)));
    let sum = wf.call(
        |ends: Vec<Outcome>| {
            ends.iter().filter_map(|end| end.get::<Private>()).map(|p| p.0).sum::<i64>()
        },
        (&ends,),
    );
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(naive::value(&wf, &sum), 4);
    let ends = naive::value(&wf, &ends);
    assert_eq!(ends[1].error.as_ref().unwrap().message(), "invalid digit found in string");
}

#[test]
fn results_are_joined_with_or_without_a_start() {
    let wf = WorkflowBuilder::new("joined");
    let twice = |body: &WorkflowBuilder, x: Handle<i64>| body.call(|x: i64| 2 * x, (x,));
    let sum = wf.over(1..4).reduce(associative(|a: i64, b: i64| a + b)).map(twice);
    let text = wf.over(1..4).fold("", |text: String, x: i64| text + &x.to_string()).map(twice);
    let start = wf.call(|| 100_i64, ());
    let tried = wf
        .over(1..4)
        .fold(&start, |a: i64, b: i64| a.checked_sub(b).ok_or(std::fmt::Error))
        .map(twice);
    let add = wf.import::<(i64, i64), i64>("math/add");
    let packed = wf.over(1..4).fold(&start, &add).map(twice);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(naive::value(&wf, &sum), 12);
    assert_eq!(naive::value(&wf, &text), "246");
    assert_eq!(naive::value(&wf, &tried), 88);
    assert_eq!(naive::value(&wf, &packed), 112);
    let grouping =
        |handle: &Handle<i64>| match wf.node(handle.node().unwrap()).flow().unwrap().repeat() {
            Repeat::Map(map) => map.reduce.as_ref().unwrap().task.signature.associative,
            _ => false,
        };
    assert!(grouping(&sum) && !grouping(&tried));
}

#[test]
fn what_is_captured_comes_once_through_every_level() {
    let wf = WorkflowBuilder::new("captures");
    let base = wf.call(|| 10_i64, ()).named("base");
    let input = wf.input::<i64>("theta").with_default(3);
    let out = wf.map([1_i64, 2], |body, x| {
        body.map([5_i64], |body, y| {
            body.call(
                |x: i64, y: i64, a: i64, b: i64, theta: i64| x + y + a + b + theta,
                (&x, &y, &base, &base, &input),
            )
        })
    });
    let wf = wf.build(&NoTasks).unwrap();
    let outer = wf.node(out.node().unwrap()).flow().unwrap().workflow();
    let inner = outer.nodes()[0].flow().unwrap().workflow();
    let names = |wf: &Workflow| -> Vec<String> {
        wf.inputs()
            .iter()
            .map(|input| format!("{} {:?} {}", input.name, input.role, input.ty))
            .collect()
    };
    insta::assert_snapshot!(format!("{:#?}\n{:#?}", names(outer), names(inner)), @r#"
    [
        "item Local number",
        "base Captured i64",
        "inputs.theta Captured i64",
    ]
    [
        "item_2 Local number",
        "item Captured number",
        "base Captured i64",
        "inputs.theta Captured i64",
    ]
    "#);
    assert_eq!(wf.dependencies(out.node().unwrap()), [base.node().unwrap()]);
}

#[test]
fn misuse_of_maps_is_reported() {
    let wf = WorkflowBuilder::new("misuse");
    let list = wf.call(|| vec![1_i64], ());
    let mut leaked = None;
    let first = wf.map(&list, |body, x| {
        let inner = body.call(|x: i64| x, (&x,));
        leaked = Some(inner.clone());
        inner
    });
    let leaked = leaked.unwrap();
    let _ = wf.call(|x: i64| x, (&leaked,));
    let _ = wf.map(&first, |body, x| body.call(|x: i64, y: i64| x + y, (&x, &leaked)));
    let _ = wf.over(&list).zip(&list).cross(&list).chunk(0).map(|_, ((x, _), _)| x);
    let _ = wf.map(&list, |body, _| body.input::<i64>("extra"));
    let foreign = WorkflowBuilder::new("other").call(|| 1_i64, ());
    let _ = wf.map(&list, |body, _| body.call(|x: i64| x, (&foreign,)));
    let add = wf.import::<(i64, i64), i64>("math/add");
    let _ = wf.map(&list, |_, x| add.call((x, 1)));
    let problems = wf.build(&Tasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"
    a handle made inside a body was used outside of it (let the body return it: the handle of the map, flow or branch then gives its value; what is called in the body is called on its builder, or brought there by `within`)
    `cross`: lists go side by side or are crossed, not both (put a map inside the map)
    `chunk`: a map takes at least one item at a time
    a handle made inside a body was used outside of it (let the body return it: the handle of the map, flow or branch then gives its value; what is called in the body is called on its builder, or brought there by `within`)
    node `map_2`: an input was declared inside a body (a body sees what is around it: use those handles in it)
    node `closure_5`: a handle of another builder was used here (pass values between workflows as inputs and outputs)
    node `closure_4`: a handle made inside one body was used in another (let the first body return it, and use the handle that gives outside)
    ");
}

#[test]
fn a_cycle_through_a_body_is_named() {
    let wf = WorkflowBuilder::new("cycle");
    let a = wf.call(|| 1_i64, ()).named("a");
    let b = wf.map([1_i64], |body, x| body.call(|x: i64, a: i64| x + a, (&x, &a))).named("b");
    let _a = a.after(&b);
    let problems = wf.build(&NoTasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"node `a`: nodes depend on each other: a.after ← b, b.with ← a (remove one of these edges)");
}

#[test]
fn a_constant_list_of_a_million_items_is_one_value() {
    let wf = WorkflowBuilder::new("large");
    let list: Vec<i64> = (0..1_000_000).collect();
    let sum = wf
        .over(list)
        .chunk(1_000)
        .reduce(associative(|a: i64, b: i64| a + b))
        .map(|body, x| body.call(|x: i64| x, (x,)));
    wf.output("sum", &sum);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(wf.nodes().len(), 1);
    let flow = wf.nodes()[0].flow().unwrap();
    let Repeat::Map(map) = flow.repeat() else { panic!("a map") };
    assert_eq!((map.over.len(), map.chunk), (Some(1_000_000), Chunk::Of(1_000)));
    assert_eq!(naive::value(&wf, &sum), 499_999_500_000);
}

#[test]
fn items_only_the_run_knows_stay_values() {
    let wf = WorkflowBuilder::new("untyped");
    let list = wf.task("util/any").arg("value", vec![1_i64, 2]).add();
    let out: Handle<Value> = wf.map(&list, |body, x| body.task("util/any").arg("value", x).add());
    wf.output("out", &out);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(naive::outputs(&wf)["out"], "[1, 2]");
}
