//! What a person sees when something is wrong, to the letter, and the exit codes.

use terrace_tests::{root, terrace};

use crate::support::{document, node, workflow};

fn check(text: &str) -> (i32, String) {
    let scratch = workflow(text);
    let ran = terrace(&["check", scratch.file.to_str().unwrap()]);
    assert_eq!(ran.stdout, "");
    (ran.code, scratch.plain(&ran.stderr))
}

#[test]
fn all_mistakes_of_a_file_are_shown_with_line_and_caret() {
    let (code, text) = check(
        r#"terrace: 1
name: wrong
packs: { math: "^0.1", util: "^0.1" }
inputs:
  x: { type: i64, default: "three" }
nodes:
  a: { task: math/ad, with: { x: 1, y: 2 } }
  b: { task: math/add, with: { x: "${c}", z: 2 } }
  d: { task: math/add, with: { x: "${a}", y: "${inputs.y}" }, after: [e] }
  e: { task: math/add, with: { x: "${d}", y: "text" }, colour: red }
outputs:
  sum: "${f.x}"
"#,
    );
    assert_eq!(code, 2);
    insta::assert_snapshot!(text, @r#"
    error: default of input `x`: expected i64, found a string
     --> flow.yaml:5:28
      |
    5 |   x: { type: i64, default: "three" }
      |                            ^^^^^^^

    error: unknown task `math/ad`
     --> flow.yaml:7:14
      |
    7 |   a: { task: math/ad, with: { x: 1, y: 2 } }
      |              ^^^^^^^
      |
      = help: did you mean `math/add`?

    error: missing input `y: number` of `math/add`
     --> flow.yaml:8:3
      |
    8 |   b: { task: math/add, with: { x: "${c}", z: 2 } }
      |   ^
      |
      = help: give a value in `with`

    error: unknown node `c`
     --> flow.yaml:8:38
      |
    8 |   b: { task: math/add, with: { x: "${c}", z: 2 } }
      |                                      ^

    error: `math/add` has no input `z`
     --> flow.yaml:8:43
      |
    8 |   b: { task: math/add, with: { x: "${c}", z: 2 } }
      |                                           ^
      |
      = help: it takes x: number, y: number

    error: nodes depend on each other: d.after ← e, e.x ← d
     --> flow.yaml:9:3
      |
    9 |   d: { task: math/add, with: { x: "${a}", y: "${inputs.y}" }, after: [e] }
      |   ^
      |
      = help: remove one of these edges

    error: unknown input `y`
     --> flow.yaml:9:56
      |
    9 |   d: { task: math/add, with: { x: "${a}", y: "${inputs.y}" }, after: [e] }
      |                                                        ^
      |
      = help: declare it under `inputs`

    error: input `y` of `math/add`: expected number, found a string
      --> flow.yaml:10:46
       |
    10 |   e: { task: math/add, with: { x: "${d}", y: "text" }, colour: red }
       |                                              ^^^^^^

    error: unknown key `colour` in node `e`
      --> flow.yaml:10:56
       |
    10 |   e: { task: math/add, with: { x: "${d}", y: "text" }, colour: red }
       |                                                        ^^^^^^
       |
       = help: known keys: task, with, after, lane, label, keep

    error: unknown node `f`
      --> flow.yaml:12:11
       |
    12 |   sum: "${f.x}"
       |           ^

    10 problems found
    "#);
}

#[test]
fn a_missing_pack_is_code_3_and_says_where_it_was_looked_for() {
    let scratch = workflow(
        "terrace: 1\npacks: { maths: \"^0.1\" }\nnodes:\n  a: { task: maths/add, with: { x: 1, y: 2 } }\n",
    );
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("pack `maths`: not found"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `math`"), "{}", ran.stderr);
    let refused = scratch.json(&[]);
    assert_eq!(refused["status"], "refused");
    assert_eq!(refused["errors"][0]["line"], 2);
}

#[test]
fn a_version_that_is_not_there_is_code_3() {
    let scratch = workflow(
        "terrace: 1\npacks: { math: \"^7\" }\nnodes:\n  a: { task: math/add, with: { x: 1, y: 2 } }\n",
    );
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("no version matches `^7`, there is 0.1.0"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_no_pack_is_refused_by_name() {
    let readme = root().join("README.md");
    let ran = terrace(&["packs", "inspect", readme.to_str().unwrap()]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("is not a shared library but text"), "{}", ran.stderr);
}

#[test]
fn wrong_inputs_are_all_reported() {
    let scratch = workflow(
        r#"terrace: 1
inputs: { n: i64, text: str, list: "list<f64>" }
nodes: {}
outputs: { n: "${inputs.n}" }
"#,
    );
    let ran = scratch.run(&["-i", "n=abc", "-i", "nn=1", "-i", "list=[1, \"x\"]"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: input `n`: expected i64, found `abc`
    error: input `list`: at [1]: expected f64, found a string
    ");
    let invalid = scratch.json(&["-i", "n=abc"]);
    assert_eq!(invalid["status"], "invalid");
}

#[test]
fn references_inside_a_script_are_refused() {
    let (code, text) = check(
        r#"terrace: 1
packs: { shell: "^0.1" }
inputs: { name: str }
nodes:
  bad: { task: shell/script, with: { script: "echo ${inputs.name}" } }
"#,
    );
    assert_eq!(code, 2);
    insta::assert_snapshot!(text, @r#"
    error: input `script` of `shell/script` must be written out, without references: something else runs it, and a value could change what it does
     --> flow.yaml:5:46
      |
    5 |   bad: { task: shell/script, with: { script: "echo ${inputs.name}" } }
      |                                              ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: pass the value through another input; `$${` writes a literal `${`

    1 problem found
    "#);
    let scratch = workflow(
        r#"terrace: 1
packs: { shell: "^0.1" }
inputs: { name: { type: str, default: "$(touch /tmp/never)" } }
nodes:
  good: { task: shell/script, with: { script: "printf '%s' \"$1\"", args: ["${inputs.name}"] } }
outputs: { said: "${good.stdout}" }
"#,
    );
    assert_eq!(scratch.json(&[])["outputs"]["said"], "$(touch /tmp/never)");
}

#[test]
fn bad_usage_is_code_2() {
    assert_eq!(terrace(&["run"]).code, 2);
    assert_eq!(terrace(&["run", "no-such.yaml"]).code, 2);
    assert_eq!(terrace(&["run", "README.md"]).code, 2);
    assert_eq!(terrace(&["run", "examples/vqe-h2.yaml", "--order", "sideways"]).code, 2);
    assert_eq!(terrace(&["run", "examples/vqe-h2.yaml", "--target", "nobody"]).code, 2);
}

#[test]
fn a_failed_node_skips_what_depends_on_it_and_nothing_else() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1", math: "^0.1" }
nodes:
  bad: { task: util/fail, with: { message: "no luck" } }
  after_bad: { task: util/identity, with: { value: "${bad}" } }
  later: { task: util/identity, with: { value: "${after_bad}" } }
  good: { task: math/add, with: { x: 1, y: 2 } }
outputs: { good: "${good}", later: "${later}" }
"#,
    );
    let ran = scratch.run(&["--json"]);
    assert_eq!(ran.code, 1);
    let document = document(&ran);
    assert_eq!(document["status"], "failed");
    assert_eq!(document["outputs"]["good"], 3);
    assert_eq!(node(&document, "bad")["status"], "failed");
    assert_eq!(node(&document, "bad")["error"]["message"], "no luck");
    assert_eq!(node(&document, "later")["status"], "skipped");
    assert_eq!(node(&document, "later")["cause"], "bad");
    assert_eq!(node(&document, "good")["status"], "ok");
    assert!(ran.stderr.contains("error: node `bad` (util/fail): no luck"), "{}", ran.stderr);
    assert!(ran.stderr.contains("skipped because of it: after_bad, later"), "{}", ran.stderr);
}

#[test]
fn a_panic_in_a_pack_is_a_failed_node_with_its_place() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
nodes:
  bad: { task: util/panic, with: { message: "ouch" } }
"#,
    );
    let document = scratch.json(&[]);
    let error = &node(&document, "bad")["error"];
    assert_eq!(error["class"], "panic");
    assert_eq!(error["message"], "ouch");
    assert!(error["location"].as_str().unwrap().contains("plugins/util/src/"), "{error}");
}
