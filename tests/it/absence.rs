//! Alone, absence stays absence; inside a collection it is null. From files, as people write them;
//! what types say of it is held by core's tests.

use serde_json::{Value, json};

use crate::support::{node, workflow};

/// Runs nodes with a condition `go` that does not hold; `even` of an item is had by `util/compare`.
fn run(nodes: &str) -> Value {
    let text = format!(
        "terrace: 1\npacks: {{ util: \"^0.1\", math: \"^0.1\" }}\n\
         inputs: {{ go: {{ type: bool, default: false }}, any: {{ type: any, default: [1, 2] }} }}\n\
         nodes:\n{nodes}\noutputs: {{ out: \"${{out}}\" }}\n"
    );
    let scratch = workflow(&text);
    let first = scratch.json(&["--workers", "2"]);
    let levels = scratch.json(&["--workers", "1", "--order", "levels"]);
    assert_eq!(first["outputs"], levels["outputs"], "{text}");
    first
}

/// The items 1, 2 and 3, of which a body gives only those above 1.
const SOME: &str = "nodes: { big: { task: util/compare, with: { left: '${n}', op: '>', right: 1 } }, \
                    give: { task: math/add, with: { x: '${n}', y: 10 }, when: '${big}' } }, output: '${give}'";

#[test]
fn an_absent_item_is_null_in_the_list_and_skipped_as_an_outcome() {
    let map =
        |more: &str| run(&format!("  out: {{ map: {{ over: [1, 2, 3], as: n{more} }}, {SOME} }}"));
    assert_eq!(map("")["outputs"], json!({ "out": [null, 12, 13] }));
    assert_eq!(map(", chunk: 2")["outputs"], json!({ "out": [null, 12, 13] }));
    assert_eq!(
        map(", key: 'k${n}'")["outputs"],
        json!({ "out": { "k1": null, "k2": 12, "k3": 13 } })
    );
    let outcomes = map(", collect: outcomes");
    let statuses: Vec<&str> =
        (0..3).map(|at| outcomes["outputs"]["out"][at]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["skipped", "ok", "ok"]);
}

#[test]
fn a_reduction_leaves_absent_items_out() {
    let reduce = |over: &str, reduce: &str| {
        run(&format!("  out: {{ map: {{ over: {over}, as: n, reduce: {reduce} }}, {SOME} }}"))
    };
    assert_eq!(reduce("[1, 2, 3]", "math/add")["outputs"]["out"], json!(25));
    assert_eq!(reduce("[1, 2]", "math/add")["outputs"]["out"], json!(12));
    assert_eq!(reduce("[1]", "{ task: math/add, start: 5 }")["outputs"]["out"], json!(5));
    let nothing = reduce("[1]", "math/add");
    assert_eq!(nothing["status"], "failed");
    assert!(nothing.to_string().contains("there is nothing to reduce"), "{nothing}");
}

#[test]
fn a_node_whose_only_value_is_absent_is_skipped_like_any_other() {
    let inside = "{ task: util/identity, with: { value: 1 }, when: '${inputs.go}' }";
    for body in [
        format!("nodes: {{ a: {inside} }}, output: '${{a}}'"),
        format!("steps: [{inside}]"),
        format!("loop: {{ max: 3 }}, nodes: {{ a: {inside} }}, output: '${{a}}'"),
        format!(
            "loop: {{ max: 3, until: '${{b}}' }}, nodes: {{ a: {inside}, \
             b: {{ task: util/identity, with: {{ value: true }} }} }}, output: '${{a}}'"
        ),
    ] {
        let ran = run(&format!(
            "  f: {{ {body} }}\n  needs: {{ task: math/add, with: {{ x: '${{f}}', y: 1 }} }}\n  \
             out: {{ task: util/identity, with: {{ value: ran }}, after: [f, needs], run_if: always }}"
        ));
        assert_eq!(ran["status"], "succeeded", "{ran}");
        assert_eq!(node(&ran, "f")["status"], "skipped", "{body}");
        assert_eq!(node(&ran, "needs")["status"], "skipped", "{body}");
        assert_eq!(ran["outputs"], json!({ "out": "ran" }));
    }
}

#[test]
fn an_absent_part_is_null_in_the_record_around_it() {
    let parts = "s: { task: util/identity, with: { value: 1 }, when: '${inputs.go}' }, \
                 t: { task: util/identity, with: { value: 2 } }";
    for node in [
        format!("branches: {{ {parts} }}"),
        format!("nodes: {{ {parts} }}, output: {{ s: '${{s}}', t: '${{t}}' }}"),
        format!("nodes: {{ {parts} }}, outputs: {{ s: '${{s}}', t: '${{t}}' }}"),
        format!("loop: {{ max: 2 }}, nodes: {{ {parts} }}, output: {{ s: '${{s}}', t: '${{t}}' }}"),
    ] {
        let ran = run(&format!("  out: {{ {node} }}"));
        assert_eq!(ran["outputs"], json!({ "out": { "s": null, "t": 2 } }), "{node}");
        assert_eq!(node_status(&ran), "ok");
    }
    let listed = run(&format!("  out: {{ nodes: {{ {parts} }}, output: ['${{s}}', '${{t}}'] }}"));
    assert_eq!(listed["outputs"], json!({ "out": [null, 2] }));
}

fn node_status(ran: &Value) -> &str {
    node(ran, "out")["status"].as_str().unwrap()
}

#[test]
fn a_key_is_that_of_the_nearest_map_whose_items_have_keys() {
    let key = "{ task: util/identity, with: { value: '${key}' } }";
    let inner = |over: &str| {
        run(&format!(
            "  out:\n    map: {{ over: {{ a: 1, b: 2 }}, as: x }}\n    nodes:\n      \
             i: {{ map: {{ over: {over}, as: y }}, nodes: {{ k: {key} }}, output: '${{k}}' }}\n    \
             output: '${{i}}'"
        ))
    };
    assert_eq!(inner("[1, 2]")["outputs"]["out"], json!({ "a": ["a", "a"], "b": ["b", "b"] }));
    // What only the run knows: a list, and its items have the key of the map around.
    assert_eq!(
        inner("'${inputs.any}'")["outputs"]["out"],
        json!({ "a": ["a", "a"], "b": ["b", "b"] })
    );
    assert_eq!(
        inner("{ c: 1 }")["outputs"]["out"],
        json!({ "a": { "c": "c" }, "b": { "c": "c" } })
    );
    // An unknown one around asks for nothing itself where the inner one has keys.
    let ran = run(&format!(
        "  out:\n    map: {{ over: '${{inputs.any}}', as: x }}\n    nodes:\n      \
         l: {{ task: util/identity, with: {{ value: {{ c: 1 }} }} }}\n      \
         i: {{ map: {{ over: '${{l}}', as: y }}, nodes: {{ k: {key} }}, output: '${{k}}' }}\n    \
         output: '${{i}}'"
    ));
    assert_eq!(ran["outputs"]["out"], json!([{ "c": "c" }, { "c": "c" }]));
}

#[test]
fn a_key_that_turns_out_not_to_be_there_fails_the_map() {
    let ran = run(
        "  out: { map: { over: '${inputs.any}' }, task: util/identity, with: { value: '${key}' } }",
    );
    assert_eq!(ran["status"], "failed");
    let errors = ran["errors"].to_string();
    assert!(errors.contains("the body asks for `${key}`, and the items have no keys"), "{errors}");
}

#[test]
fn one_result_alone_is_checked_as_if_it_were_combined() {
    let reduce = |value: &str| {
        run(&format!(
            "  out: {{ map: {{ over: [1], reduce: math/add }}, task: util/identity, \
             with: {{ value: {value} }} }}"
        ))
    };
    assert_eq!(reduce("7")["outputs"]["out"], json!(7));
    let ran = reduce("seven");
    assert_eq!(ran["status"], "failed");
    let errors = ran["errors"].to_string();
    assert!(errors.contains("reducing with `math/add`: the only result: expected"), "{errors}");
}

#[test]
fn check_and_run_warn_of_a_body_that_gives_nothing() {
    let scratch = workflow(
        "terrace: 1\npacks: { util: \"^0.1\" }\nnodes:\n  m:\n    map: { over: [1, 2] }\n    \
         nodes: { a: { task: util/identity, with: { value: '${item}' } } }\noutputs: { m: '${m}' }\n",
    );
    let ran = scratch.run(&[]);
    assert!(ran.stderr.contains("the body of map `m` has no `output`"), "{}", ran.stderr);
    let checked = terrace_tests::terrace(&["check", scratch.file.to_str().unwrap()]);
    let said = scratch.plain(&checked.stderr);
    insta::assert_snapshot!(said.trim(), @r#"warning: flow.yaml:4:3: the body of map `m` has no `output`: every item gives null, and `a` will not run, having no effects (say what it gives, as in `output: "${a}"`)"#);
}
