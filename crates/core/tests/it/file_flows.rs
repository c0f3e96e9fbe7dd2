//! Workflows inside nodes, in files that are right: what is read of them.

use terrace_core::{Draft, Format, Source, Value};

use crate::file_catalog::{load, shown};

fn read(text: &str) -> Draft {
    let text = format!("terrace: 1\n{text}");
    let draft = Draft::read(&Source::new("flow", text.as_str(), Format::Yaml)).unwrap();
    assert!(draft.problems.is_empty(), "{text}\n{:#?}", draft.problems);
    if let Err(problems) = load(Format::Yaml, &text) {
        panic!("{text}\n{problems}");
    }
    draft
}

#[test]
fn a_map_around_a_task_has_one_node_inside_that_is_called_as_it() {
    let draft = read(
        "inputs: { theta: { type: f64, default: -0.22368 } }
nodes:
  ansatz:  { task: quantum/build_ansatz, with: { theta: '${inputs.theta}' } }
  measure:
    map: { over: [ZI, IZ, ZZ, XX, YY], as: pauli }
    task: quantum/measure_pauli
    with: { circuit: '${ansatz}', pauli: '${pauli}' }
    lane: blocking
    label: one term
    after: [ansatz]
    keep: true
  energy:  { task: quantum/compute_energy, with: { terms: '${measure}' } }
  first: { task: t/any, with: { x: '${measure[0].value}' } }
output: '${energy}'",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    input "theta": f64 = Some(-0.22368) None false None
    node Some("ansatz") "quantum/build_ansatz" [("theta", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
    node Some("measure") Single of [Node(NodeId(0))] [] [NodeId(0)] None Some("one term") true
      map Each(Const(["ZI", "IZ", "ZZ", "XX", "YY"])) items [InputId(0)] None None by None Auto None Values
      input "pauli": any = None None false None Local
      input "ansatz": any = None None false None Captured
      node Some("measure") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })), ("pauli", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] Some(Blocking) None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("energy") "quantum/compute_energy" [("terms", Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }))] [] None None false
    node Some("first") "t/any" [("x", Ref(Ref { root: Node(NodeId(1)), path: [Index(0), Key("value")], adapt: None }))] [] None None false
    output "output" Ref(Ref { root: Node(NodeId(2)), path: [], adapt: None })
    result Ref(Ref { root: Node(NodeId(2)), path: [], adapt: None })
    "#);
}

#[test]
fn a_map_has_all_its_parts() {
    let draft = read(
        "inputs: { xs: 'list<f64>', ys: 'map<str, f64>', go: bool, zero: f64 }
nodes:
  all:
    map:
      over: '${inputs.xs}'
      key: 'k${item}-${index}'
      chunk: 10
      window: 4
      collect: outcomes
    task: t/any
    with: { x: '${item}', y: '${index}', z: '${key}' }
    when: '${inputs.go}'
    run_if: always
  sum:
    map: { over: '${inputs.ys}', chunk: auto, collect: values, reduce: { task: t/add, start: '${inputs.zero}' } }
    task: t/num
    with: { x: '${item}' }
  short:
    map: { zip: { x: '${inputs.xs}', y: [1, 2] }, reduce: t/add }
    task: t/add
    with: { a: '${x}', b: '${y}' }
  table:
    map: { cross: { x: [1, 2], y: [3, 4] } }
    task: t/add
    with: { a: '${x}', b: '${y}' }",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    input "xs": list<f64> = None None false None
    input "ys": map<str, f64> = None None false None
    input "go": bool = None None false None
    input "zero": f64 = None None false None
    node Some("all") Single of [] [] [] None None false when Ref(Ref { root: Input(InputId(2)), path: [], adapt: None }) run_if Always
      map Each(Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })) items [InputId(0)] Some(InputId(1)) Some(InputId(2)) by Some(Text([Literal("k"), Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }), Literal("-"), Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })])) Of(10) Some(4) Outcomes
      input "item": any = None None false None Local
      input "index": any = None None false None Local
      input "key": any = None None false None Local
      node Some("all") "t/any" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("y", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })), ("z", Ref(Ref { root: Input(InputId(2)), path: [], adapt: None }))] [] None None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("sum") Single of [] [] [] None None false
      map Each(Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })) items [InputId(0)] None None by None Auto None Values reduce "t/add" Some(Ref(Ref { root: Input(InputId(3)), path: [], adapt: None }))
      input "item": any = None None false None Local
      node Some("sum") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("short") Single of [] [] [] None None false
      map Zip([Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }), Const([1, 2])]) items [InputId(0), InputId(1)] None None by None Auto None Values reduce "t/add" None
      input "x": any = None None false None Local
      input "y": any = None None false None Local
      node Some("short") "t/add" [("a", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("b", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None }))] [] None None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("table") Single of [] [] [] None None false
      map Cross([Const([1, 2]), Const([3, 4])]) items [InputId(0), InputId(1)] None None by None Auto None Values
      input "x": any = None None false None Local
      input "y": any = None None false None Local
      node Some("table") "t/add" [("a", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("b", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None }))] [] None None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    "#);
}

#[test]
fn a_body_sees_the_names_around_it_through_as_many_levels_as_there_are() {
    let draft = read(
        "inputs: { n: f64, list: 'list<list<f64>>' }
nodes:
  base: { task: t/num, with: { x: '${inputs.n}' } }
  rows:
    map: { over: '${inputs.list}', as: row }
    nodes:
      first: { task: t/num, with: { x: '${row[0]}' } }
      cells:
        map: { over: '${row}', as: cell, key: '${cell}' }
        nodes:
          both: { task: t/any, with: { x: '${cell}', y: '${row}', z: ['${base}', '${inputs.n}'] } }
          place: { task: t/any, with: { x: '${index}', y: '${key}', z: '${first}' }, after: both }
        outputs: { both: '${both}', place: '${place}' }
    output: '${cells}'
  end: { task: t/any, with: { x: '${rows[0]}' } }",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    input "n": f64 = None None false None
    input "list": list<list<f64>> = None None false None
    node Some("base") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
    node Some("rows") Nodes of [Node(NodeId(0)), Input(InputId(0))] [] [] None None false
      map Each(Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })) items [InputId(0)] None None by None Auto None Values
      input "row": any = None None false None Local
      input "base": any = None None false None Captured
      input "inputs.n": any = None None false None Captured
      node Some("first") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [Index(0)], adapt: None }))] [] None None false
      node Some("cells") Nodes of [Input(InputId(0)), Input(InputId(1)), Input(InputId(2)), Node(NodeId(0))] [] [] None None false
        map Each(Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })) items [InputId(0)] Some(InputId(4)) Some(InputId(5)) by Some(Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })) Auto None Values
        input "cell": any = None None false None Local
        input "row": any = None None false None Captured
        input "base": any = None None false None Captured
        input "inputs.n": any = None None false None Captured
        input "index": any = None None false None Local
        input "key": any = None None false None Local
        input "first": any = None None false None Captured
        node Some("both") "t/any" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("y", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })), ("z", List([Ref(Ref { root: Input(InputId(2)), path: [], adapt: None }), Ref(Ref { root: Input(InputId(3)), path: [], adapt: None })]))] [] None None false
        node Some("place") "t/any" [("x", Ref(Ref { root: Input(InputId(4)), path: [], adapt: None })), ("y", Ref(Ref { root: Input(InputId(5)), path: [], adapt: None })), ("z", Ref(Ref { root: Input(InputId(6)), path: [], adapt: None }))] [NodeId(0)] None None false
        output "both" Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
        output "place" Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })
      result Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })
    node Some("end") "t/any" [("x", Ref(Ref { root: Node(NodeId(1)), path: [Index(0)], adapt: None }))] [] None None false
    "#);
}

#[test]
fn branches_hold_any_nodes_and_give_a_map() {
    let draft = read(
        "nodes:
  a: { task: t/any }
  both:
    branches:
      left: { task: t/any, with: { x: '${a}' } }
      right:
        steps:
          - { task: t/any }
          - { name: half, task: t/num, with: { x: 1 } }
          - branches:
              up: { nodes: { deep: { task: t/any, with: { x: '${half}' } } }, output: '${deep}' }
              down: { map: { over: [1, 2] }, task: t/num, with: { x: '${item}' } }
  join: { task: t/any, with: { x: '${both.left}', y: '${both.right.up}' } }",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    node Some("a") "t/any" [] [] None None false
    node Some("both") Branches of [Node(NodeId(0))] [] [] None None false
      input "a": any = None None false None Captured
      node Some("left") "t/any" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
      node Some("right") Steps of [] [] [] None None false
        node Some("step_1") "t/any" [] [] None None false
        node Some("half") "t/num" [("x", Const(1))] [NodeId(0)] None None false
        node Some("step_3") Branches of [Node(NodeId(1))] [] [NodeId(1)] None None false
          input "half": any = None None false None Captured
          node Some("up") Nodes of [Input(InputId(0))] [] [] None None false
            input "half": any = None None false None Captured
            node Some("deep") "t/any" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
            result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
          node Some("down") Single of [] [] [] None None false
            map Each(Const([1, 2])) items [InputId(0)] None None by None Auto None Values
            input "item": any = None None false None Local
            node Some("down") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
            result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
          result Map([("up", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("down", Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }))])
        result Ref(Ref { root: Node(NodeId(2)), path: [], adapt: None })
      result Map([("left", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("right", Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }))])
    node Some("join") "t/any" [("x", Ref(Ref { root: Node(NodeId(1)), path: [Key("left")], adapt: None })), ("y", Ref(Ref { root: Node(NodeId(1)), path: [Key("right"), Key("up")], adapt: None }))] [] None None false
    "#);
}

#[test]
fn a_loop_hands_values_on() {
    let draft = read(
        "inputs: { start: f64 }
nodes:
  around: { task: t/num, with: { x: 1 } }
  search:
    loop:
      carry:
        theta: { start: '${inputs.start}', next: '${step}' }
        best: { start: null, next: '${theta}' }
      until: '${done}'
      max: 100
    nodes:
      step: { task: t/add, with: { a: '${theta}', b: '${around}' } }
      done: { task: t/yes, with: { x: '${best}', y: '${index}' } }
    outputs: { theta: '${step}' }
  count:
    loop: { carry: { n: { start: 0, next: '${count}' } }, max: 3 }
    task: t/add
    with: { a: '${n}', b: 1 }
outputs: { theta: '${search.theta}', count: '${count}' }",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    input "start": f64 = None None false None
    node Some("around") "t/num" [("x", Const(1))] [] None None false
    node Some("search") Nodes of [Node(NodeId(0))] [] [] None None false
      loop [Carry { input: InputId(0), start: Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }), next: Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }) }, Carry { input: InputId(1), start: Const(null), next: Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }) }] until Some(Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })) max 100 Some(InputId(3))
      input "theta": any = None None false None Local
      input "best": any = None None false None Local
      input "around": any = None None false None Captured
      input "index": any = None None false None Local
      node Some("step") "t/add" [("a", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("b", Ref(Ref { root: Input(InputId(2)), path: [], adapt: None }))] [] None None false
      node Some("done") "t/yes" [("x", Ref(Ref { root: Input(InputId(1)), path: [], adapt: None })), ("y", Ref(Ref { root: Input(InputId(3)), path: [], adapt: None }))] [] None None false
      output "theta" Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("count") Single of [] [] [] None None false
      loop [Carry { input: InputId(0), start: Const(0), next: Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }) }] until None max 3 None
      input "n": any = None None false None Local
      node Some("count") "t/add" [("a", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })), ("b", Const(1))] [] None None false
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    output "theta" Ref(Ref { root: Node(NodeId(1)), path: [Key("theta")], adapt: None })
    output "count" Ref(Ref { root: Node(NodeId(2)), path: [], adapt: None })
    "#);
}

#[test]
fn steps_stand_alone_or_after_nodes() {
    let draft = read(
        "nodes:
  a: { task: t/any }
steps:
  - { task: t/any }
  - { name: mid, task: t/any, after: a, with: { x: '${step_1}' } }
  - { succeed: true, when: '${mid.stop}' }
  - { task: t/any, run_if: failure }",
    );
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    node Some("a") "t/any" [] [] None None false
    node Some("step_1") "t/any" [] [] None None false
    node Some("mid") "t/any" [("x", Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }))] [NodeId(1), NodeId(0)] None None false
    node Some("step_3") succeed [] [NodeId(2)] None None false when Ref(Ref { root: Node(NodeId(2)), path: [Key("stop")], adapt: None })
    node Some("step_4") "t/any" [] [NodeId(3)] None None false run_if Failure
    "#);
}

#[test]
fn toml_and_json_say_the_same() {
    let yaml = "terrace: 1
nodes:
  m:
    map: { over: [1, 2], as: x, reduce: { task: t/add, start: 0 } }
    nodes:
      a: { task: t/num, with: { x: '${x}' } }
      l: { loop: { carry: { c: { start: 1, next: '${l}' } }, max: 2 }, task: t/add, with: { a: '${c}', b: '${a}' } }
    output: '${l}'
  s: { steps: [{ task: t/any }, { task: t/any, with: { x: '${m}' } }] }
";
    let toml = r#"terrace = 1
[nodes.m]
map = { over = [1, 2], as = "x", reduce = { task = "t/add", start = 0 } }
output = "${l}"
[nodes.m.nodes.a]
task = "t/num"
with.x = "${x}"
[nodes.m.nodes.l]
task = "t/add"
loop.max = 2
loop.carry.c = { start = 1, next = "${l}" }
with = { a = "${c}", b = "${a}" }
[[nodes.s.steps]]
task = "t/any"
[[nodes.s.steps]]
task = "t/any"
with.x = "${m}"
"#;
    let json = r#"{"terrace": 1, "nodes": {
      "m": {"map": {"over": [1, 2], "as": "x", "reduce": {"task": "t/add", "start": 0}}, "nodes": {
        "a": {"task": "t/num", "with": {"x": "${x}"}},
        "l": {"loop": {"carry": {"c": {"start": 1, "next": "${l}"}}, "max": 2}, "task": "t/add",
              "with": {"a": "${c}", "b": "${a}"}}}, "output": "${l}"},
      "s": {"steps": [{"task": "t/any"}, {"task": "t/any", "with": {"x": "${m}"}}]}}}"#;
    let read =
        |format, text: &str| shown(&Draft::read(&Source::new("flow", text, format)).unwrap());
    let expected = read(Format::Yaml, yaml);
    assert_eq!(read(Format::Toml, toml), expected);
    assert_eq!(read(Format::Json, json), expected);
    for (format, text) in [(Format::Yaml, yaml), (Format::Toml, toml), (Format::Json, json)] {
        load(format, text).unwrap_or_else(|problems| panic!("{format:?}: {problems}"));
    }
}

/// The value that a JSON text stands for.
fn value(json: &str) -> Value {
    terrace_core::value_from_json(json).unwrap()
}

#[test]
fn a_value_is_read_as_a_file_is() {
    let json = r#"{"nodes": {
      "m": {"map": {"over": [1, 2], "as": "x"}, "nodes": {
        "a": {"task": "t/num", "with": {"x": "${x}"}}}, "output": "${a}"},
      "n": {"task": "t/any", "with": {"x": "${m}", "y": {"$bytes": "aGk="}}}},
      "output": "${n}"}"#;
    let draft = Draft::from_value(&value(json)).unwrap();
    let file = json.replacen('{', "{\"terrace\": 1, ", 1);
    let read = Draft::read(&Source::new("flow", file.as_str(), Format::Json)).unwrap();
    assert_eq!(shown(&draft), shown(&read));
    assert!(draft.source.is_none() && draft.nodes[0].spans.is_none());
    draft.validate(&crate::file_catalog::TestTasks::new()).unwrap();
}

#[test]
fn problems_of_a_value_name_the_path() {
    let said = |json: &str| Draft::from_value(&value(json)).unwrap_err().to_string();
    insta::assert_snapshot!(said("5"), @r"the workflow: expected a map, found an integer (a workflow is a map with the keys `terrace` and `nodes`)");
    insta::assert_snapshot!(said("{\"terrace\": 2}"), @r"at `.terrace`: version 2 of the workflow format is not known here (this version of Terrace reads `terrace: 1`)");
    insta::assert_snapshot!(said(
        r#"{"nodes": {"solve": {"task": "t/num", "with": [1], "kep": true}, "a b": {"tsak": 1},
        "m": {"map": {"over": "${xs}", "as": "i"}, "steps": [{"task": "t/any", "with": {"x": ["${j}"]}}]}},
        "inputs": {"s": {"type": "str", "secret": true, "default": "hunter2"}}}"#
    ), @r#"
    at `.nodes.solve.with`: `with` of node `solve`: expected a map, found a list (as in `with: { x: 1 }`)
    at `.nodes.solve.kep`: unknown key `kep` in node `solve` (did you mean `keep`?)
    at `.nodes["a b"]`: node `a b` has no `task` (name one, as in `task: pack/task`, or give it `nodes`, `steps`, `branches`, `use` or `succeed`)
    at `.nodes["a b"].tsak`: unknown key `tsak` in node `a b` (did you mean `task`?)
    at `.nodes.m.map.over`: unknown node `xs`
    at `.nodes.m.steps[0].with.x[0]`: unknown node `j`
    at `.inputs.s.default`: input `s` is secret and has a default (a file is no place for a secret: read it by `from: env:NAME`)
    "#);
}

#[test]
fn what_no_text_holds_survives_in_a_value() {
    let array = Value::from(terrace_plugin_api::Array::from_slice(&[1.5_f64, 2.5]));
    let map = |entries: Vec<(&str, Value)>| Value::map(entries).unwrap();
    let numbers = Value::list(vec![Value::from(1), Value::from(2.5)]).unwrap();
    let with = map(vec![
        ("x", map(vec![("deep", Value::list(vec![array.clone(), Value::from("${m}")]).unwrap())])),
        ("y", array.clone()),
        ("z", Value::from(&b"raw"[..])),
    ]);
    let nodes = map(vec![
        (
            "m",
            map(vec![
                ("map", map(vec![("over", numbers.clone())])),
                ("task", Value::from("t/num")),
                ("with", map(vec![("x", Value::from("${item}"))])),
            ]),
        ),
        ("n", map(vec![("task", Value::from("t/any")), ("with", with)])),
    ]);
    let draft = Draft::from_value(&map(vec![("nodes", nodes)])).unwrap();
    let terrace_core::Args::Named(args) = &draft.nodes[1].args else { panic!() };
    let terrace_core::Expr::Map(deep) = &args[0].1 else { panic!("{:?}", args[0]) };
    let terrace_core::Expr::List(items) = &deep[0].1 else { panic!("{deep:?}") };
    assert_eq!(items[0], terrace_core::Expr::Const(array.clone()));
    assert_eq!(args[1].1, terrace_core::Expr::Const(array));
    assert_eq!(args[2].1, terrace_core::Expr::Const(Value::from(&b"raw"[..])));
    let Some(terrace_core::RepeatDraft::Map(map)) = &draft.nodes[0].repeat else { panic!() };
    assert_eq!(map.over.lists(), [terrace_core::Expr::Const(numbers)]);
    draft.validate(&crate::file_catalog::TestTasks::new()).unwrap();
}

#[test]
fn data_in_the_place_of_something_else_is_named() {
    let array = Value::from(terrace_plugin_api::Array::from_slice(&[1_u8]));
    let map = |entries: Vec<(&str, Value)>| Value::map(entries).unwrap();
    let numbers = Value::list(vec![Value::from(1)]).unwrap();
    let node = map(vec![
        ("task", array.clone()),
        ("after", numbers),
        ("with", Value::from(&b"raw"[..])),
        ("when", array.clone()),
        ("map", array),
    ]);
    let value = map(vec![("nodes", map(vec![("a", node)]))]);
    insta::assert_snapshot!(Draft::from_value(&value).unwrap_err(), @r#"
    at `.nodes.a.task`: `task` of node `a`: expected a string, found an array
    at `.nodes.a.after`: `after` of node `a`: expected the name of a node, or a list of them, found a list (as in `after: a` or `after: [a, b]`)
    at `.nodes.a.with`: `with` of node `a`: expected a map, found bytes (as in `with: { x: 1 }`)
    at `.nodes.a.when`: `when` of node `a`: expected one reference to a bool, found an array (as in `"${check}"`)
    at `.nodes.a.map`: `map` of node `a`: expected a map, found an array (as in `map: { over: "${list}", as: x }`)
    "#);
}
