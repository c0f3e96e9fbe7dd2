//! What a workflow file can have wrong, in the words that people read, with the part of the text
//! that is pointed at.

use terrace_core::Format::{Json, Toml, Yaml};
use terrace_core::{Draft, Source};

use crate::file_catalog::{load, problems};

/// The problems of a YAML file that begins with its version.
fn yaml(text: &str) -> String {
    problems(Yaml, &format!("terrace: 1\n{text}"))
}

/// The problems of one node beside `a`, `bee` and the input `size`.
fn node(text: &str) -> String {
    yaml(&format!(
        "inputs: {{ size: f64 }}\nnodes:\n  a: {{ task: t/any }}\n  bee: {{ task: t/any }}\n  \
         n: {text}\n"
    ))
}

/// The problems of an argument.
fn arg(text: &str) -> String {
    node(&format!("{{ task: t/any, with: {{ x: {text} }} }}"))
}

#[test]
fn files_that_are_no_workflow() {
    insta::assert_snapshot!(problems(Yaml, ""), @"flow:1:1: the file is empty (a workflow begins with `terrace: 1`)");
    insta::assert_snapshot!(problems(Toml, ""), @"flow:1:1: the file does not say its version (write `terrace = 1` at its top)");
    insta::assert_snapshot!(problems(Json, "[1, 2]"), @"
    flow:1:1: the workflow: expected a map, found a list (a workflow is a map with the keys `terrace` and `nodes`)
        [
    ");
    insta::assert_snapshot!(problems(Json, "{}"), @r#"flow:1:1: the file does not say its version (write `"terrace": 1` at its top)"#);
    insta::assert_snapshot!(problems(Yaml, "hello"), @"
    flow:1:1: the workflow: expected a map, found the string `hello` (a workflow is a map with the keys `terrace` and `nodes`)
        hello
    ");
    insta::assert_snapshot!(problems(Yaml, "nodes: {}\n---\n"), @"
    flow:2:1: a second YAML document begins here (a workflow file is one document: remove the `---` or `...` before it)
        ---
    ");
    insta::assert_snapshot!(problems(Yaml, "a: [1"), @"
    flow:1:4: not valid YAML: this bracket is never closed (add the missing `]` or `}`)
        [
    ");
}

#[test]
fn versions() {
    insta::assert_snapshot!(problems(Yaml, "terrace: 2\nnovelty: 1"), @"
    flow:1:10: version 2 of the workflow format is not known here (this version of Terrace reads `terrace: 1`)
        2
    ");
    insta::assert_snapshot!(problems(Yaml, "terrace: '1'"), @r#"
    flow:1:10: `terrace`: expected the version of the format, a number, found the string `1` (write `terrace: 1`)
        \'1\'
    "#);
    insta::assert_snapshot!(problems(Toml, "terrace = 1.0"), @"
    flow:1:11: `terrace`: expected the version of the format, a number, found a float (write `terrace = 1`)
        1.0
    ");
    insta::assert_snapshot!(problems(Yaml, "name: x\nnodez: {}"), @"
    flow:1:1: the file does not say its version (write `terrace: 1` at its top)
        
    flow:2:1: unknown key `nodez` in the workflow (did you mean `nodes`?)
        nodez
    ");
}

#[test]
fn keys() {
    insta::assert_snapshot!(yaml("nodez: {}"), @"
    flow:2:1: unknown key `nodez` in the workflow (did you mean `nodes`?)
        nodez
    ");
    insta::assert_snapshot!(yaml("frobnicate: {}"), @"
    flow:2:1: unknown key `frobnicate` in the workflow (known keys: terrace, name, description, packs, inputs, nodes, steps, outputs, output, limits, max_concurrent, on_failure, deadline, budget, checkpoints, patience)
        frobnicate
    ");
    insta::assert_snapshot!(yaml("limits: { cpu: 3 }\nsteps: []"), @"
    flow:2:16: limit `cpu`: expected a map, found an integer (as in `{ concurrency: 10 }`, `{ rate: 80/min }` or `{ memory: 8GB }`)
        3
    ");
    insta::assert_snapshot!(node("{ tsak: t/any }"), @"
    flow:6:3: node `n` has no `task` (name one, as in `task: pack/task`, or give it `nodes`, `steps`, `branches`, `use` or `succeed`)
        n
    flow:6:8: unknown key `tsak` in node `n` (did you mean `task`?)
        tsak
    ");
    insta::assert_snapshot!(node("{ task: t/any, retry: none, timeout: 5, when: '${a}' }"), @"
    flow:6:28: `retry` of node `n`: expected how many attempts, or a map, found the string `none` (as in `retry: 3` or `retry: { attempts: 3, initial: 1s, max: 10s }`)
        none
    flow:6:43: `timeout` of node `n`: `5` has no unit (write `5s` for seconds)
        5
    ");
    insta::assert_snapshot!(node("{ use: other.yaml }"), @"
    flow:6:13: the file `other.yaml` was not read (read the workflow from a file, which finds it)
        other.yaml
    ");
    insta::assert_snapshot!(yaml("name: a\nname: b"), @"
    flow:3:1: duplicate key `name` (remove or rename one of the two)
        name
    ");
}

#[test]
fn a_map_hides_no_other_problem() {
    insta::assert_snapshot!(
        node(
            "{ map: { over: [1], as: it }, task: t/num, with: { x: '${it}', y: '${index}', z: '${b}' } }"
        ),
        @"
        flow:6:69: `t/num` has no input `y` (it takes x: f64)
            y
        flow:6:84: `t/num` has no input `z` (it takes x: f64)
            z
        flow:6:90: unknown node `b`
            b
        "
    );
}

#[test]
fn heads() {
    insta::assert_snapshot!(yaml("name: 5\ndescription: [a]"), @"
    flow:2:7: `name`: expected a string, found an integer (put it in quotes)
        5
    flow:3:14: `description`: expected a string, found a list
        [
    ");
    insta::assert_snapshot!(yaml("name: ''"), @r#"
    flow:2:7: `name` is empty
        \'\'
    "#);
    insta::assert_snapshot!(yaml("packs:"), @"flow:2:7: `packs`: expected a map, found null (a map without entries is written `{}`)");
    insta::assert_snapshot!(yaml("packs: { quantum: 0.1 }"), @"
    flow:2:19: version of pack `quantum`: expected a string, found a float (put it in quotes)
        0.1
    ");
    insta::assert_snapshot!(yaml("packs: { quantum: '' }"), @r#"
    flow:2:19: version of pack `quantum` is empty
        \'\'
    "#);
    insta::assert_snapshot!(yaml("packs: { quantum: [1] }"), @r#"
    flow:2:19: pack `quantum`: expected a version, found a list (write its version, as in `"^0.1"`, or `{ version: "^0.1", as: q }`)
        [
    "#);
    insta::assert_snapshot!(yaml("packs: { quantum: { as: q } }"), @r#"
    flow:2:10: pack `quantum` has no `version` (as in `version: "^0.1"`)
        quantum
    "#);
    insta::assert_snapshot!(yaml("packs: { a: { version: ^1, as: q }, q: ^1 }"), @"
    flow:2:37: two packs are called `q` (give one of them another name by `as`)
        q
    ");
    insta::assert_snapshot!(yaml("packs: { a: { version: ^1, as: q, pack: b } }"), @"
    flow:2:10: pack `a` has both `pack` and `as` (the key is the alias where `pack` names the pack)
        a
    ");
    insta::assert_snapshot!(yaml("packs: { a/b: ^1, c: { version: ^1, as: 'd e', config: {} } }"), @r#"
    flow:2:10: pack `a/b`: `a/b` cannot be the name of a pack (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
        a/b
    flow:2:41: pack `c`: `d e` cannot be the name of a pack (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
        \'d e\'
    flow:2:48: `config` is not supported by this version of Terrace
        config
    "#);
}

#[test]
fn inputs() {
    insta::assert_snapshot!(yaml("inputs: { x: 5 }"), @"
    flow:2:14: input `x`: expected a map, found an integer (write its type, as in `f64`, or `{ type: f64, default: 0.5 }`)
        5
    ");
    insta::assert_snapshot!(yaml("inputs: { x: lisst<f64> }"), @"
    flow:2:14: input `x`: expected a type, one of any, null, bool, i64, u64, f64, number, str, bytes, list<…>, map<str, …>, array<…>, (…), {…}, enum{…}, outcome, ext<…> at column 1 of type `lisst<f64>`
        lisst<f64>
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { default: 1 } }"), @"
    flow:2:11: input `x` has no `type` (as in `type: f64`; `any` takes everything)
        x
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { type: f64, default: abc } }"), @"
    flow:2:36: default of input `x`: expected f64, found a string
        abc
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { type: 'list<{v: f64}>', default: [{ v: 1 }, { v: a }] } }"), @"
    flow:2:49: default of input `x`: at [1].v: expected f64, found a string
        [{ v: 1 }, { v: a }]
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { type: str, default: '${a}' } }"), @"
    flow:2:37: a default cannot refer to anything (write `$${` where `${` is meant as text)
        ${a}
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { type: str, secret: true, default: hunter2 } }"), @"
    flow:2:50: input `x` is secret and has a default (a file is no place for a secret: read it by `from: env:NAME`)
        Workflow
    ");
    insta::assert_snapshot!(yaml("inputs: { x: { type: str, secret: 1, from: TOKEN } }"), @"
    flow:2:35: `secret` of input `x`: expected `true` or `false`, found an integer
        1
    flow:2:44: `from` of input `x`: `TOKEN` is no source of a value (an environment variable is `env:NAME`)
        TOKEN
    ");
    insta::assert_snapshot!(yaml("inputs: { x y: f64, z: { type: f64, defualt: 1 } }"), @r#"
    flow:2:11: "x y" cannot be the name of an input (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)
        x y
    flow:2:37: unknown key `defualt` in input `z` (did you mean `default`?)
        defualt
    "#);
}

#[test]
fn nodes() {
    insta::assert_snapshot!(node("t/any"), @"
    flow:6:6: node `n`: expected a map, found the string `t/any` (as in `{ task: pack/task }`)
        t/any
    ");
    insta::assert_snapshot!(node("{ with: { x: 1 } }"), @"
    flow:6:3: node `n` has no `task` (name one, as in `task: pack/task`, or give it `nodes`, `steps`, `branches`, `use` or `succeed`)
        n
    ");
    insta::assert_snapshot!(node("{ task: 5 }"), @"
    flow:6:14: `task` of node `n`: expected a string, found an integer (put it in quotes)
        5
    ");
    insta::assert_snapshot!(node("{ task: t/nmu }"), @"
    flow:6:14: unknown task `t/nmu` (did you mean `t/num`?)
        t/nmu
    ");
    insta::assert_snapshot!(node("{ task: t/num, with: [1] }"), @"
    flow:6:27: `with` of node `n`: expected a map, found a list (as in `with: { x: 1 }`)
        [
    ");
    insta::assert_snapshot!(node("{ task: t/num, with: }"), @"flow:6:26: `with` of node `n`: expected a map, found null (as in `with: { x: 1 }`)");
    insta::assert_snapshot!(node("{ task: t/num }"), @"
    flow:6:3: missing input `x: f64` of `t/num` (give a value in `with`)
        n
    ");
    insta::assert_snapshot!(node("{ task: t/num, with: { x: abc, w: 1 } }"), @"
    flow:6:32: input `x` of `t/num`: expected f64, found a string
        abc
    flow:6:37: `t/num` has no input `w` (it takes x: f64)
        w
    ");
    insta::assert_snapshot!(node("{ task: t/any, lane: fast, label: 5, keep: yes }"), @"
    flow:6:27: `lane` of node `n`: expected `compute` or `blocking`, found the string `fast`
        fast
    flow:6:40: `label` of node `n`: expected a string, found an integer (put it in quotes)
        5
    flow:6:49: `keep` of node `n`: expected `true` or `false`, found the string `yes`
        yes
    ");
    insta::assert_snapshot!(node("{ task: t/any, after: [be, '${a}', 5] }"), @"
    flow:6:29: `after` of node `n`: unknown node `be` (did you mean `bee`?)
        be
    flow:6:34: `after` of node `n`: unknown node `${a}` (write the name alone: `a`)
        ${a}
    flow:6:41: `after` of node `n`: expected a string, found an integer (put it in quotes)
        5
    ");
    insta::assert_snapshot!(node("{ task: t/any, after: { a: 1 } }"), @"
    flow:6:28: `after` of node `n`: expected the name of a node, or a list of them, found a map (as in `after: a` or `after: [a, b]`)
        {
    ");
    insta::assert_snapshot!(node("{ task: t/any, after: n, with: { x: '${n}' } }"), @"
    flow:6:3: nodes depend on each other: n.x ← n (remove one of these edges)
        n
    ");
    insta::assert_snapshot!(yaml("nodes: { inputs: { task: t/any }, 9: { task: t/any } }"), @r#"
    flow:2:10: no node can be called `inputs` (`${…}` uses that name for something else; choose another)
        inputs
    flow:2:35: "9" cannot be the name of a node (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)
        9
    "#);
}

#[test]
fn values() {
    insta::assert_snapshot!(arg("{ $f64: 1.5 }"), @r#"
    flow:6:40: `$f64` takes "NaN", "inf" or "-inf"
        1.5
    "#);
    insta::assert_snapshot!(arg("{ $bytes: '${a}' }"), @r#"
    flow:6:42: `$bytes` takes padded base64
        \'${a}\'
    "#);
    insta::assert_snapshot!(arg("{ $array: { dtype: f16, shape: [1], data: AAA= } }"), @r#"
    flow:6:42: dtype of `$array` is u8, i32, i64, f32 or f64, not "f16"
        { dtype: f16, shape: [1], data: AAA= }
    "#);
    insta::assert_snapshot!(arg("{ $foo: 1 }"), @"
    flow:6:34: `$foo` is no form of a value (a map with this one key is written `$$foo`)
        $foo
    ");
    insta::assert_snapshot!(arg("{ '$${a}': 1 }"), @r#"
    flow:6:34: `${a}` is no form of a value (a map with this one key is written `$$$${a}`)
        \'$${a}\'
    "#);
    insta::assert_snapshot!(arg("{ '${a}': 1, b: 2 }"), @r#"
    flow:6:34: a key cannot hold a reference (a key is a constant; write `$${` where `${` is meant as text)
        \'${a}\'
    "#);
}

#[test]
fn types_of_references_are_checked_with_the_rest() {
    insta::assert_snapshot!(
        node("{ task: t/str, with: { text: '${bee} ${size.x} ${a}' } }"),
        @"
    flow:6:45: unknown node `size` (did you mean the input, `${inputs.size}`?)
        size
    "
    );
    insta::assert_snapshot!(node("{ task: t/str, with: { text: '${size}' } }"), @"
    flow:6:38: unknown node `size` (did you mean the input, `${inputs.size}`?)
        size
    ");
}

#[test]
fn several_problems_come_in_the_order_of_the_file() {
    let text = r#"
terrace: 1
nmae: x
packs: { quantum: 0.1 }
inputs: { theta: { type: f64, default: x } }
outputs: { energy: "${enrgy}", again: "${energy.value}" }
nodes:
  ansatz: { task: quantum/build_ansat, with: { theta: "${inputs.thetta}" } }
  zi:
    task: quantum/measure_pauli
    with: { circuit: "${ansatz}", paulli: ZI }
  energy: { task: quantum/compute_energy, with: { terms: ["${zi}", "${zz}"] }, kep: true }
  loop: { task: t/any, with: { x: "${loop2}" } }
  loop2: { task: t/any, after: [loop] }
"#;
    insta::assert_snapshot!(problems(Yaml, text), @"
    flow:3:1: unknown key `nmae` in the workflow (did you mean `name`?)
        nmae
    flow:4:19: version of pack `quantum`: expected a string, found a float (put it in quotes)
        0.1
    flow:5:40: default of input `theta`: expected f64, found a string
        x
    flow:6:23: unknown node `enrgy` (did you mean `energy`?)
        enrgy
    flow:6:32: output `again`: `${energy.value}` selects no field `value` of f64
        again
    flow:8:19: unknown task `quantum/build_ansat` (did you mean `quantum/build_ansatz`?)
        quantum/build_ansat
    flow:8:65: unknown input `thetta` (did you mean `theta`?)
        thetta
    flow:9:3: missing input `pauli: str` of `quantum/measure_pauli` (give a value in `with`)
        zi
    flow:11:35: `quantum/measure_pauli` has no input `paulli` (did you mean `pauli`?)
        paulli
    flow:12:71: unknown node `zz` (did you mean `zi`?)
        zz
    flow:12:80: unknown key `kep` in node `energy` (did you mean `keep`?)
        kep
    flow:13:3: nodes depend on each other: loop.x ← loop2, loop2.after ← loop (remove one of these edges)
        loop
    ");
}

#[test]
fn duplicate_keys_hide_no_other_problem() {
    let text = "terrace: 1\nnodes:\n  a: { task: t/nmu, task: t/any }\n  b: { task: t/any, kep: true }\n  \
                b: { task: t/none, oops: 1 }\n  c: { task: t/num, with: { x: '${gone}', x: abc } }\n  \
                d: { task: t/num, with: { x: abc } }\n";
    insta::assert_snapshot!(problems(Yaml, text), @r"
    flow:3:14: unknown task `t/nmu` (did you mean `t/num`?)
        t/nmu
    flow:3:21: duplicate key `task` (remove or rename one of the two)
        task
    flow:4:21: unknown key `kep` in node `b` (did you mean `keep`?)
        kep
    flow:5:3: duplicate key `b` (remove or rename one of the two)
        b
    flow:6:35: unknown node `gone`
        gone
    flow:6:43: duplicate key `x` (remove or rename one of the two)
        x
    flow:7:32: input `x` of `t/num`: expected f64, found a string
        abc
    ");
    let text = r#"{ "terrace": 1, "name": 5, "name": "x", "nodes": { "a": { "task": "t/nmu" } } }"#;
    insta::assert_snapshot!(problems(Json, text), @r#"
    flow:1:25: `name`: expected a string, found an integer (put it in quotes)
        5
    flow:1:28: duplicate key `name` (remove or rename one of the two)
        \"name\"
    flow:1:67: unknown task `t/nmu` (did you mean `t/num`?)
        \"t/nmu\"
    "#);
    let text = "terrace = 1\nname = 5\nname = 'x'\n[nodes.a]\ntask = 't/nmu'\n[nodes.b]\ntask = 't/num'\nwith.x = 1\n\
                [nodes.a]\ntask = 't/none'\noops = 'é'\n[nodes.b]\nwith.y = 2\n\
                [nodes.c]\ntask = 't/num'\nwith = { x = 'abc', x = 1 }\n[[name]]\nz = 1\n";
    insta::assert_snapshot!(problems(Toml, text), @r"
    flow:2:8: `name`: expected a string, found an integer (put it in quotes)
        5
    flow:3:1: duplicate key `name` (remove or rename one of the two)
        name
    flow:5:8: unknown task `t/nmu` (did you mean `t/num`?)
        \'t/nmu\'
    flow:9:8: duplicate key `a` (remove or rename one of the two)
        a
    flow:12:8: duplicate key `b` (remove or rename one of the two)
        b
    flow:16:14: input `x` of `t/num`: expected f64, found a string
        \'abc\'
    flow:16:21: duplicate key `x` (remove or rename one of the two)
        x
    flow:17:3: duplicate key `name` (remove or rename one of the two)
        name
    ");
}

#[test]
fn of_duplicate_keys_the_first_is_read() {
    for (format, text) in [
        (Yaml, "terrace: 1\nname: a\nname: b\nnodes: { n: &n { task: t/any, task: t/no }, m: *n }"),
        (Json, r#"{"terrace": 1, "name": "a", "name": "b", "name": 3}"#),
        (Toml, "terrace = 1\nname = 'a'\nname = 'b'\n[name]\nx = 1\n"),
    ] {
        let source = Source::new("flow", text, format);
        let draft = Draft::read(&source).unwrap();
        assert_eq!(draft.name.as_deref(), Some("a"), "{format:?}");
        assert!(draft.problems.iter().all(|problem| problem.message.starts_with("duplicate key")));
        assert_eq!(draft.problems.len(), 2, "{format:?}: {:?}", draft.problems);
        assert!(draft.write(format).is_err());
        assert_eq!(load(format, text).unwrap_err().len(), 2);
    }
}

#[test]
fn problems_are_reported_alike_in_toml_and_json() {
    let toml = "terrace = 1\n[nodes.a]\ntask = \"t/any\"\nwith.x = \"${b}\"\nretries = 3\n";
    insta::assert_snapshot!(problems(Toml, toml), @"
    flow:4:13: unknown node `b`
        b
    flow:5:1: unknown key `retries` in node `a` (known keys: task, nodes, steps, branches, use, succeed, with, after, when, run_if, map, loop, lane, label, keep, output, outputs, retry, timeout, needs, concurrency, cpus, priority, optional, fallback, cost, expected, checkpoint)
        retries
    ");
    let json = r#"{ "terrace": 1, "nodes": { "a": { "task": "t/any", "with": { "x": "${b}" }, "retries": 3 } } }"#;
    insta::assert_snapshot!(problems(Json, json), @r#"
    flow:1:70: unknown node `b`
        b
    flow:1:77: unknown key `retries` in node `a` (known keys: task, nodes, steps, branches, use, succeed, with, after, when, run_if, map, loop, lane, label, keep, output, outputs, retry, timeout, needs, concurrency, cpus, priority, optional, fallback, cost, expected, checkpoint)
        \"retries\"
    "#);
}
