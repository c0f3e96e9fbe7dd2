//! Building workflows in Rust: what makes an edge, what is reported, what levels come out.

use std::collections::BTreeMap;

use terrace_core::{Lane, NoTasks, Type, Workflow, WorkflowBuilder};

use crate::tasks::Tasks;

fn widths(wf: &Workflow) -> Vec<usize> {
    wf.levels().groups().map(<[_]>::len).collect()
}

#[test]
fn handles_make_edges_and_plain_values_do_not() {
    let wf = WorkflowBuilder::new("sums");
    let add = wf.import::<(i64, i64), i64>("math/add");
    let c = add.call((add.call((1, 2)), add.call((3, 4)))).named("c");
    wf.output("sum", &c);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(widths(&wf), [2, 1]);
    let names: Vec<&str> = wf.nodes().iter().map(|node| node.name()).collect();
    assert_eq!(names, ["add", "add_2", "c"]);
}

#[test]
fn handles_inside_lists_tuples_and_maps_make_edges() {
    let wf = WorkflowBuilder::new("collections");
    let one = wf.call(|| 1_i64, ());
    let two = wf.call(|| 2_i64, ());
    let list = wf.call(|xs: Vec<i64>| xs.len() as i64, ([&one, &two],));
    let tuple = wf.call(|xs: (i64, i64)| xs.0, ((one.clone(), two.clone()),));
    let map = BTreeMap::from([("a".to_owned(), one.clone()), ("b".to_owned(), two.clone())]);
    let map = wf.call(|xs: BTreeMap<String, i64>| xs.len() as i64, (map,));
    let wf = wf.build(&NoTasks).unwrap();
    for handle in [list, tuple, map] {
        assert_eq!(wf.dependencies(handle.node().unwrap()).len(), 2);
    }
}

#[test]
fn a_selection_adds_no_node() {
    let wf = WorkflowBuilder::new("selection");
    let counts = wf.task("text/count").arg("text", "a b").add();
    let many = counts.field::<i64>("a");
    let add = wf.import::<(i64, i64), i64>("math/add");
    let sum = add.call((&many, 1));
    wf.output("sum", &sum);
    let wf = wf.build(&Tasks).unwrap();
    assert_eq!(wf.nodes().len(), 2);
    assert_eq!(widths(&wf), [1, 1]);
}

#[test]
fn after_orders_without_a_value() {
    let wf = WorkflowBuilder::new("order");
    let first = wf.call(|| (), ());
    let second = wf.call(|| (), ()).after(&first);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(wf.dependencies(second.node().unwrap()), [first.node().unwrap()]);
}

#[test]
fn every_problem_is_reported_at_once() {
    let wf = WorkflowBuilder::new("wrong");
    let unknown = wf.task("math/ad").arg("x", 1).add();
    let text = wf.task("text/count").arg("text", 5).arg("limt", 3).add();
    let _short = wf.task("math/add").arg("x", &unknown).add();
    let _mistyped = wf.task("math/sum").arg("values", &text).add().named("not a name");
    let import = wf.import::<(String, i64), i64>("math/add");
    let _ = import.call(("a", 1));
    let problems = wf.build(&Tasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r#"
    node `not a name`: "not a name" cannot be the name of a node (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)
    node `ad`: unknown task `math/ad` (did you mean `math/add`?)
    node `add_2`: `math/add` was imported with other types: input `x` is i64, not str (change the types of `import`)
    node `count`: `text/count` has no input `limt` (did you mean `limit`?)
    node `count`: input `text` of `text/count`: expected str, found an integer
    node `add`: missing input `y: i64` of `math/add` (give a value in `with`)
    node `not a name`: input `values` of `math/sum`: expected list<f64>, but `${count}` gives map<str, i64>
    node `add_2`: input `x` of `math/add`: expected i64, found a string
    "#);
}

#[test]
fn a_cycle_names_its_edges() {
    let wf = WorkflowBuilder::new("cycle");
    let a = wf.call(|| 1_i64, ()).named("a");
    let b = wf.call(|x: i64| x, (&a,)).named("b");
    let _a = a.after(&b);
    let lonely = wf.call(|| 1_i64, ()).named("lonely");
    let _lonely = lonely.clone().after(&lonely);
    let problems = wf.build(&NoTasks).unwrap_err().to_string();
    insta::assert_snapshot!(problems, @r"
    node `a`: nodes depend on each other: a.after ← b, b.arg0 ← a (remove one of these edges)
    node `lonely`: nodes depend on each other: lonely.after ← lonely (remove one of these edges)
    ");
}

#[test]
fn a_handle_of_another_builder_is_a_problem() {
    let here = WorkflowBuilder::new("here");
    let there = WorkflowBuilder::new("there");
    let foreign = there.call(|| 1_i64, ());
    let _ = here.call(|x: i64| x, (&foreign,));
    let problems = here.build(&NoTasks).unwrap_err().to_string();
    assert!(problems.contains("a handle of another builder"), "{problems}");
}

#[test]
fn pure_nodes_that_nobody_needs_are_left_out_of_the_plan() {
    let wf = WorkflowBuilder::new("pure");
    let add = wf.import::<(i64, i64), i64>("math/add");
    let wanted = add.call((1, 2)).named("wanted");
    let _unwanted = add.call((3, 4)).named("unwanted");
    let kept = add.call((5, 6)).named("kept").keep();
    let effect = wf.call(|| (), ()).named("effect");
    wf.output("sum", &wanted);
    let wf = wf.build(&Tasks).unwrap();
    let plan = wf.plan();
    let left_out: Vec<&str> = plan.unneeded().iter().map(|&id| wf.node(id).name()).collect();
    assert_eq!(left_out, ["unwanted"]);
    assert!(plan.place(kept.node().unwrap()).is_some());
    assert!(plan.place(effect.node().unwrap()).is_some());
    let target = wf.plan_for(&["kept"]).unwrap();
    assert_eq!(target.len(), 1);
    let error = wf.plan_for(&["kep"]).unwrap_err().to_string();
    assert_eq!(error, "no node is called `kep`; did you mean `kept`?");
}

#[test]
fn a_million_nodes_in_a_chain_build_and_level() {
    let wf = WorkflowBuilder::new("chain");
    let mut last = wf.call(|| 0_i64, ());
    for _ in 1..1_000_000 {
        last = wf.call(|x: i64| x + 1, (&last,));
    }
    wf.output("end", &last);
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(wf.levels().len(), 1_000_000);
    let plan = wf.plan();
    assert_eq!(plan.levels(), 1_000_000);
    assert_eq!(wf.critical_path(|_| 1.0).length, 1_000_000.0);
    drop((plan, wf));
}

#[test]
fn levels_orders_and_the_critical_path_of_a_diamond() {
    let wf = WorkflowBuilder::new("diamond");
    let a = wf.call(|| 1_i64, ()).named("a");
    let b = wf.call(|x: i64| x, (&a,)).named("b");
    let c = wf.call(|x: i64| x, (&a,)).named("c").on_lane(Lane::Blocking);
    let d = wf.call(|x: i64, y: i64| x + y, (&b, &c)).named("d");
    let wf = wf.build(&NoTasks).unwrap();
    assert_eq!(widths(&wf), [1, 2, 1]);
    let path = wf.critical_path(|id| if wf.node(id).name() == "c" { 2.0 } else { 1.0 });
    assert_eq!(path.length, 4.0);
    let ids = [&a, &c, &d].map(|handle| handle.node().unwrap());
    assert_eq!(path.nodes, ids);
    for seed in 0..20 {
        assert!(wf.is_valid_order(&wf.shuffled_order(seed)));
    }
    let mut wrong = wf.levels().order().to_vec();
    wrong.reverse();
    assert!(!wf.is_valid_order(&wrong));
    assert_eq!(wf.node(ids[1]).lane(), Lane::Blocking);
}

#[test]
fn the_notation_of_port_types_reads_back() {
    let wf = WorkflowBuilder::new("types");
    let _ = wf.input::<Vec<Option<f64>>>("a");
    let _ = wf.input::<BTreeMap<String, (i64, bool)>>("b");
    let wf = wf.build(&NoTasks).unwrap();
    let types: Vec<&Type> = wf.inputs().iter().map(|input| &input.ty).collect();
    assert_eq!(types[0].to_string(), "list<f64?>");
    assert_eq!(types[1].to_string(), "map<str, (i64, bool)>");
}
