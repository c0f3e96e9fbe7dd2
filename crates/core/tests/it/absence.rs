//! What may be absent, by type: alone it stays absent, inside a collection it is null. And what else
//! the words and types of maps promise: keys, combiners, bodies that give nothing.

use std::sync::Arc;

use terrace_core::{
    Catalog, Draft, Format, Lane, Port, Signature, Source, Task, TaskError, TaskRef, Type, Value,
    Workflow, WorkflowBuilder,
};
use terrace_plugin_api::TaskContext;

struct Tasks;

struct Nothing;

impl Task for Nothing {
    fn call(&self, _: &TaskContext<'_>, _: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::Null)
    }
}

/// Name, ports, output.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// A task whose name ends with `!` has effects.
const TASKS: &[Row] = &[
    ("p/num", &[("x", "any?")], "f64"),
    ("p/yes", &[("x", "any?")], "bool"),
    ("p/need", &[("x", "f64")], "f64"),
    ("p/may", &[("x", "f64?")], "f64"),
    ("p/sum", &[("xs", "list<f64>")], "f64"),
    ("p/gaps", &[("xs", "list<f64?>")], "f64"),
    ("p/keyed", &[("xs", "map<str, f64>")], "f64"),
    ("p/array", &[("xs", "array<f64>")], "f64"),
    ("p/both", &[("xs", "{s: f64, t: f64}")], "f64"),
    ("p/list", &[], "list<f64>"),
    ("p/map", &[], "map<str, f64>"),
    ("p/any", &[("x", "any?")], "any"),
    ("p/holes", &[], "list<f64?>"),
    ("p/outcomes", &[("all", "list<outcome>")], "f64"),
    ("p/add", &[("a", "f64"), ("b", "f64")], "f64"),
    ("p/text", &[("a", "any"), ("b", "any")], "str"),
    ("p/grow", &[("a", "f64"), ("b", "f64")], "workflow"),
    ("p/wait", &[("a", "f64"), ("b", "f64")], "f64"),
    ("p/put!", &[("x", "any?")], "f64"),
];

impl Catalog for Tasks {
    fn find(&self, name: &str) -> Option<TaskRef> {
        let &(_, ports, output) = TASKS.iter().find(|(known, ..)| *known == name)?;
        let ty = |text: &str| text.parse::<Type>().unwrap();
        let signature = Signature {
            ports: ports.iter().map(|(name, port)| Port::new(*name, ty(port))).collect(),
            output: ty(output),
            pure: !name.ends_with('!'),
            lane: if name == "p/wait" { Lane::Blocking } else { Lane::Compute },
            ..Signature::default()
        };
        let (signature, body) = (Arc::new(signature), Arc::new(Nothing));
        Some(TaskRef { name: name.into(), signature, body, pack: None })
    }
    fn names(&self) -> Vec<String> {
        TASKS.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }
}

fn load(nodes: &str) -> Result<Workflow, String> {
    let text = format!("terrace: 1\ninputs: {{ go: bool, any: any }}\nnodes:\n{nodes}");
    let source = Source::new("flow", text.as_str(), Format::Yaml);
    let draft = Draft::read(&source).map_err(|problems| problems.to_string())?;
    draft.validate(&Tasks).map_err(|problems| problems.to_string())
}

/// The type of what the node `m` gives.
fn type_of(nodes: &str) -> String {
    let workflow = load(nodes).unwrap_or_else(|problems| panic!("{nodes}\n{problems}"));
    workflow.node(workflow.find("m").unwrap()).task().signature.output.to_string()
}

fn wrong(nodes: &str) -> String {
    match load(nodes) {
        Err(problems) => problems,
        Ok(_) => panic!("{nodes}\nis valid"),
    }
}

/// A body of two nodes, the second of which is skipped with the first.
const SOMETIMES: &str = "nodes: { a: { task: p/num, when: '${inputs.go}' }, \
                         b: { task: p/need, with: { x: '${a}' } }, c: { task: p/num } }";

#[test]
fn a_body_that_may_give_nothing_shows_in_the_type_of_the_collection_around() {
    for (node, expected) in [
        ("map: { over: [1, 2] }, @, output: '${b}'", "list<f64?>"),
        ("map: { over: [1, 2] }, @, output: '${c}'", "list<f64>"),
        ("map: { over: { x: 1 } }, @, output: '${b}'", "map<str, f64?>"),
        ("map: { over: [1], key: '${item}' }, @, output: '${b}'", "map<str, f64?>"),
        ("map: { over: [1], collect: outcomes }, @, output: '${b}'", "list<outcome>"),
        ("map: { over: [1], reduce: p/add }, @, output: '${b}'", "f64"),
        // Alone: the node itself is absent, like any that is skipped.
        ("@, output: '${b}'", "f64"),
        ("loop: { max: 2 }, @, output: '${b}'", "f64"),
        // A record is there in any case; its parts may be null.
        ("@, output: { s: '${b}', t: '${c}' }", "{s: f64?, t: f64}"),
        ("@, outputs: { s: '${b}', t: '${c}' }", "{s: f64?, t: f64}"),
        ("@, output: ['${b}', '${c}']", "list<f64?>"),
        ("@, output: ['${b}', '${b}']", "list<f64?>"),
        ("map: { over: [1] }, @, outputs: { s: '${a}' }", "list<{s: f64?}>"),
        ("map: { over: [1] }, @, output: '${b} of it'", "list<str?>"),
        (
            "branches: { s: { task: p/num, when: '${inputs.go}' }, t: { task: p/num } }",
            "{s: f64?, t: f64}",
        ),
    ] {
        let node = node.replace('@', SOMETIMES);
        let found = type_of(&format!("  m: {{ {node} }}"));
        assert_eq!(found, expected, "{node}");
    }
}

#[test]
fn who_may_be_absent() {
    let item = |nodes: &str, given: &str| {
        type_of(&format!(
            "  m: {{ map: {{ over: [1] }}, nodes: {{ {nodes} }}, output: '${{{given}}}' }}"
        ))
    };
    let when = "a: { task: p/num, when: '${inputs.go}' }";
    for (nodes, expected) in [
        ("x: { task: p/num }", "list<f64>"),
        ("x: { task: p/num, run_if: failure }", "list<f64?>"),
        ("x: { task: p/num, run_if: always }", "list<f64>"),
        // Through what is required, or comes after; not through what may be left out.
        ("@, x: { task: p/need, with: { x: '${a}' } }", "list<f64?>"),
        ("@, x: { task: p/may, with: { x: '${a}' } }", "list<f64>"),
        ("@, x: { task: p/sum, with: { xs: ['${a}'] } }", "list<f64?>"),
        ("@, x: { task: p/num, after: a }", "list<f64?>"),
        ("@, x: { task: p/num, after: a, run_if: always }", "list<f64>"),
        ("@, x: { task: p/need, with: { x: '${a}' }, run_if: always }", "list<f64?>"),
        (
            "@, x: { map: { over: ['${a}'], as: y }, task: p/need, with: { x: '${y}' } }",
            "list<list<f64>?>",
        ),
        (
            "@, x: { loop: { max: 1, carry: { c: { start: '${a}', next: '${c}' } } }, task: p/num }",
            "list<f64?>",
        ),
        // Through bodies, however deep.
        ("x: { nodes: { y: { nodes: { @ }, output: '${a}' } }, output: '${y}' }", "list<f64?>"),
        (
            "x: { nodes: { y: { nodes: { @ }, output: ['${a}'] } }, output: '${y}' }",
            "list<list<f64?>>",
        ),
        (
            "@, x: { nodes: { y: { task: p/need, with: { x: '${a}' } } }, output: '${y}' }",
            "list<f64?>",
        ),
    ] {
        assert_eq!(item(&nodes.replace('@', when), "x"), expected, "{nodes}");
    }
    // After an early end whose condition does not hold; it stands in no map.
    let ends =
        "nodes: { e: { succeed: true, when: '${inputs.go}' }, x: { task: p/num, after: e } }";
    assert_eq!(type_of(&format!("  m: {{ {ends}, output: {{ s: '${{x}}' }} }}")), "{s: f64}");
}

#[test]
fn a_collection_with_gaps_is_not_let_in_where_none_are_taken() {
    let m = |shape: &str, consumer: &str| {
        format!("  m: {{ {shape}, {SOMETIMES}, output: '${{b}}' }}\n  n: {consumer}")
    };
    let list = "map: { over: [1, 2] }";
    for consumer in [
        "{ task: p/gaps, with: { xs: '${m}' } }",
        "{ task: p/any, with: { x: '${m}' } }",
        "{ map: { over: '${m}' }, task: p/may, with: { x: '${item}' } }",
    ] {
        load(&m(list, consumer)).unwrap();
    }
    load(&m(
        "map: { over: [1], collect: outcomes }",
        "{ task: p/outcomes, with: { all: '${m}' } }",
    ))
    .unwrap();
    insta::assert_snapshot!(wrong(&m(list, "{ task: p/sum, with: { xs: '${m}' } }")), @"flow:5:33: input `xs` of `p/sum`: expected list<f64>, but `${m}` gives list<f64?>: it has a null where `m.a` is skipped, because of its `when`; gather with `collect: outcomes` and keep those that are ok, or give it to an input that takes nulls");
    insta::assert_snapshot!(wrong(&m(list, "{ task: p/array, with: { xs: '${m}' } }")), @"flow:5:35: input `xs` of `p/array`: expected array<f64>, but `${m}` gives list<f64?>: it has a null where `m.a` is skipped, because of its `when`; gather with `collect: outcomes` and keep those that are ok, or give it to an input that takes nulls");
    insta::assert_snapshot!(wrong(&m(list, "{ task: p/need, with: { x: '${m[0]}' } }")), @"flow:5:33: input `x` of `p/need`: expected f64, but `${m[0]}` gives f64?: it is null where `m.a` is skipped, because of its `when`; give it to an input that may be left out");
    insta::assert_snapshot!(wrong(&m("map: { over: { k: 1 } }", "{ task: p/keyed, with: { xs: '${m}' } }")), @"flow:5:35: input `xs` of `p/keyed`: expected map<str, f64>, but `${m}` gives map<str, f64?>: it has a null where `m.a` is skipped, because of its `when`; gather with `collect: outcomes` and keep those that are ok, or give it to an input that takes nulls");
    // What is around it lies outside, but the type tells.
    insta::assert_snapshot!(wrong(&m(list, "{ map: { over: [1] }, task: p/sum, with: { xs: '${m}' } }")), @"flow:5:53: input `xs` of `p/sum`: expected list<f64>, but `${m}` gives list<f64?>, which may have nulls; leave them out first, or give it to an input that takes them");
    insta::assert_snapshot!(wrong("  m: { task: p/holes }\n  n: { task: p/sum, with: { xs: '${m}' } }"), @"flow:5:33: input `xs` of `p/sum`: expected list<f64>, but `${m}` gives list<f64?>, which may have nulls; leave them out first, or give it to an input that takes them");
}

#[test]
fn a_branch_that_may_be_absent_is_given_to_what_can_do_without() {
    let m = |consumer: &str| {
        format!(
            "  m: {{ branches: {{ s: {{ task: p/num, when: '${{inputs.go}}' }}, t: {{ task: p/num }} }} }}\n  \
             n: {consumer}"
        )
    };
    load(&m("{ task: p/may, with: { x: '${m.s}' } }")).unwrap();
    load(&m("{ task: p/need, with: { x: '${m.t}' } }")).unwrap();
    insta::assert_snapshot!(wrong(&m("{ task: p/need, with: { x: '${m.s}' } }")), @"flow:5:33: input `x` of `p/need`: expected f64, but `${m.s}` gives f64?: it is null where `m.s` is skipped, because of its `when`; give it to an input that may be left out");
    insta::assert_snapshot!(wrong(&m("{ task: p/both, with: { xs: '${m}' } }")), @"flow:5:34: input `xs` of `p/both`: expected {s: f64, t: f64}, but `${m}` gives {s: f64?, t: f64}: it has a null where `m.s` is skipped, because of its `when`; give it to an input that may be left out");
}

#[test]
fn a_key_is_asked_for_only_where_there_are_keys() {
    let map = |over: &str| {
        format!("  m: {{ map: {{ {over} }}, task: p/any, with: {{ x: '${{key}}' }} }}")
    };
    for over in [
        "over: { a: 1 }",
        "over: [1], key: '${item}'",
        "over: '${inputs.any}'",
        "zip: { a: { k: 1 } }",
    ] {
        load(&map(over)).unwrap();
    }
    insta::assert_snapshot!(wrong(&map("over: [1]")), @r#"flow:4:53: `${key}` in the body of map `m`: its items have no keys, as it runs over a list (make keys with `key` in the `map`, as in `key: "${item}"`; the position of an item is `${index}`)"#);
    insta::assert_snapshot!(wrong(&map("cross: { a: { k: 1 }, b: [1] }")), @r#"flow:4:74: `${key}` in the body of map `m`: its items have no keys, as it runs over combinations (make keys with `key` in the `map`, as in `key: "${item}"`; the position of an item is `${index}`)"#);
    insta::assert_snapshot!(wrong(&format!("  l: {{ task: p/list }}\n{}", map("over: '${l}'"))), @r#"flow:5:56: `${key}` in the body of map `m`: its items have no keys, as it runs over a list (make keys with `key` in the `map`, as in `key: "${item}"`; the position of an item is `${index}`)"#);
}

#[test]
fn a_key_is_that_of_the_nearest_map_whose_items_have_keys() {
    // What the key is in the innermost of maps, outermost first.
    let key = |overs: &[&str]| {
        let mut text = "i: { task: p/any, with: { x: '${key}' } }".to_owned();
        for (at, over) in overs.iter().enumerate().rev() {
            let output =
                if at + 1 == overs.len() { "i".to_owned() } else { format!("m{}", at + 1) };
            text = format!(
                "m{at}: {{ map: {{ {over}, as: x{at} }}, nodes: {{ {text} }}, output: '${{{output}}}' }}"
            );
        }
        load(&format!("  l: {{ task: p/list }}\n  k: {{ task: p/map }}\n  {text}")).map(
            |workflow| {
                let mut body = workflow.clone();
                for at in 0..overs.len() {
                    let node = body.node(body.find(&format!("m{at}")).unwrap());
                    body = node.flow().unwrap().workflow().clone();
                }
                let input = body.inputs().iter().rev().find(|input| input.name == "key").unwrap();
                input.ty.to_string()
            },
        )
    };
    let (list, keyed, unknown) = ("over: '${l}'", "over: '${k}'", "over: '${inputs.any}'");
    for overs in [
        &[keyed][..],
        &[keyed, list],
        &[keyed, list, list],
        &[list, keyed],
        &[list, keyed, list],
        &["over: [1], key: '${index}'", list],
    ] {
        assert_eq!(key(overs).unwrap(), "str", "{overs:?}");
    }
    for overs in [&[unknown][..], &[unknown, list], &[keyed, unknown], &[list, unknown]] {
        assert_eq!(key(overs).unwrap(), "any", "{overs:?}");
    }
    insta::assert_snapshot!(key(&[list, list]).unwrap_err(), @r#"flow:6:125: `${key}` in the body of map `m1`: its items have no keys, as it runs over a list, nor have those of the maps around it (make keys with `key` in the `map`, as in `key: "${item}"`; the position of an item is `${index}`)"#);
}

#[test]
fn what_a_key_means_survives_being_written() {
    let text = "terrace: 1\ninputs: { l: list<f64> }\nnodes:\n  m:\n    map: { over: { a: 1 }, as: x }\n    \
                nodes:\n      n: { map: { over: '${inputs.l}', as: y }, task: p/any, with: { x: '${key}' } }\n    \
                output: '${n}'\n";
    let read = |text: &str| Draft::read(&Source::new("flow", text, Format::Yaml)).unwrap();
    let written = read(text).write(Format::Yaml).unwrap();
    assert_eq!(read(&written).write(Format::Yaml).unwrap(), written);
    let again = crate::file_catalog::shown(&read(&written));
    assert_eq!(again, crate::file_catalog::shown(&read(text)));
    read(&written).validate(&Tasks).unwrap();
}

#[test]
fn combiners_that_cannot_combine() {
    let reduce = |reduce: &str| {
        wrong(&format!("  m: {{ map: {{ over: [1], reduce: {reduce} }}, task: p/num }}"))
    };
    insta::assert_snapshot!(reduce("p/grow"), @"flow:4:34: `p/grow` cannot reduce: it gives a workflow, which nobody runs (leave `reduce` out, and give the gathered list to a node of its own)");
    insta::assert_snapshot!(reduce("p/wait"), @"flow:4:34: `p/wait` cannot reduce: it runs on the blocking lane, and results are joined where they are computed (leave `reduce` out, and give the gathered list to a node of its own)");
    insta::assert_snapshot!(reduce("p/text"), @"flow:4:34: `p/text` cannot reduce: it gives str, and where there is one item what the body gives stands for that, which is f64 (say what stands before the first result with `start`)");
    load("  m: { map: { over: [1], reduce: { task: p/text, start: '' } }, task: p/num }").unwrap();
}

#[test]
fn a_body_that_gives_nothing_is_warned_of() {
    let warnings = |nodes: &str| {
        let workflow = load(nodes).unwrap();
        let lines: Vec<String> = workflow.warnings().iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let body = "nodes: { a: { task: p/num }, b: { task: p/need, with: { x: '${a}' } } }";
    insta::assert_snapshot!(warnings(&format!("  m: {{ map: {{ over: [1] }}, {body} }}")), @r#"flow:4:3: the body of map `m` has no `output`: every item gives null, and `a`, `b` will not run, having no effects (say what it gives, as in `output: "${b}"`)"#);
    insta::assert_snapshot!(warnings(&format!("  m: {{ loop: {{ max: 2 }}, {body} }}")), @r#"flow:4:3: the body of loop `m` has no `output`: it gives null, and `a`, `b` will not run, having no effects (say what it gives, as in `output: "${b}"`)"#);
    insta::assert_snapshot!(
        warnings(&format!("  o: {{ nodes: {{ m: {{ map: {{ over: [1] }}, {body} }} }}, output: '${{m}}' }}")), @r#"flow:4:17: the body of map `m` has no `output`: every item gives null, and `a`, `b` will not run, having no effects (say what it gives, as in `output: "${b}"`)"#);
    // For its effects alone, or with something to give.
    for body in [
        "nodes: { a: { task: p/put! } }",
        "nodes: { a: { task: p/num } }, output: '${a}'",
        "task: p/num",
    ] {
        assert_eq!(warnings(&format!("  m: {{ map: {{ over: [1] }}, {body} }}")), "", "{body}");
    }
    // What ends a loop is needed.
    let until = "loop: { max: 2, until: '${y}' }, nodes: { y: { task: p/yes } }";
    assert_eq!(warnings(&format!("  m: {{ {until} }}")), "");
}

#[test]
fn a_range_without_end_is_a_mistake_and_no_panic() {
    let wf = WorkflowBuilder::new("ranges");
    let _ = wf.map(0..i64::MAX, |_, x| x);
    let _ = wf.map(i64::MIN..i64::MAX, |_, x| x);
    let (first, last) = (i64::MAX, i64::MIN);
    let _ = wf.map(first..last, |_, x| x);
    insta::assert_snapshot!(wf.build(&Tasks).unwrap_err().to_string(), @"
    the range 0..9223372036854775807 has 9223372036854775807 items, and a map written with a range has at most 16777216: they are kept with the workflow (map over the beginnings of blocks, and let the body go through its block; or let a node give the list)
    the range -9223372036854775808..9223372036854775807 has 18446744073709551615 items, and a map written with a range has at most 16777216: they are kept with the workflow (map over the beginnings of blocks, and let the body go through its block; or let a node give the list)
    ");
}
