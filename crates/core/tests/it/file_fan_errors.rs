//! What a file can have wrong about workflows inside nodes, maps, loops and conditions, in the
//! words that people read, with the part of the text that is pointed at.

use terrace_core::Format::{Json, Toml, Yaml};

use crate::file_catalog::problems;

/// The problems of a YAML file that begins with its version.
fn yaml(text: &str) -> String {
    problems(Yaml, &format!("terrace: 1\n{text}"))
}

/// The problems of one node beside `a`, `list` and the inputs `size` and `go`.
fn node(text: &str) -> String {
    yaml(&format!(
        "inputs: {{ size: f64, go: bool }}\nnodes:\n  a: {{ task: t/num, with: {{ x: 1 }} }}\n  \
         list: {{ task: t/any }}\n  n: {text}\n"
    ))
}

/// The problems of a map around a task that takes anything.
fn map(map: &str, x: &str) -> String {
    node(&format!("{{ map: {map}, task: t/any, with: {{ x: \"{x}\" }} }}"))
}

/// The problems of a loop around a node called `step` that takes anything.
fn repeat(repeat: &str) -> String {
    node(&format!(
        "{{ loop: {repeat}, nodes: {{ step: {{ task: t/any }}, num: {{ task: t/num, with: {{ x: 1 }} }} }} }}"
    ))
}

#[test]
fn a_node_has_one_body() {
    insta::assert_snapshot!(node("{ with: { x: 1 }, map: { over: [1] } }"), @"
    flow:6:3: node `n` has no `task` (name one, as in `task: pack/task`, or give it `nodes`, `steps`, `branches`, `use` or `succeed`)
        n
    ");
    insta::assert_snapshot!(node("{ nodes: { x: { task: t/any } }, task: t/any, succeed: true }"), @"
    flow:6:39: node `n` has both `task` and `nodes` (a node runs one thing: put one of them into a node of its own)
        task
    flow:6:52: node `n` has both `task` and `succeed` (a node runs one thing: put one of them into a node of its own)
        succeed
    ");
    insta::assert_snapshot!(node("{ tsak: t/any, brances: {}, ouput: 1, runif: always, whem: x }"), @"
    flow:6:3: node `n` has no `task` (name one, as in `task: pack/task`, or give it `nodes`, `steps`, `branches`, `use` or `succeed`)
        n
    flow:6:8: unknown key `tsak` in node `n` (did you mean `task`?)
        tsak
    flow:6:21: unknown key `brances` in node `n` (did you mean `branches`?)
        brances
    flow:6:34: unknown key `ouput` in node `n` (did you mean `output`?)
        ouput
    flow:6:44: unknown key `runif` in node `n` (did you mean `run_if`?)
        runif
    flow:6:59: unknown key `whem` in node `n` (did you mean `when`?)
        whem
    ");
}

#[test]
fn keys_that_mean_nothing_for_a_body() {
    insta::assert_snapshot!(
        node("{ nodes: { x: { task: t/any } }, with: { y: 1 }, lane: blocking }"), @"
        flow:6:39: node `n` takes no `with`: it has `nodes` (its nodes see the names around it: write them as references inside)
            with
        flow:6:55: node `n` takes no `lane`: it has `nodes` (give it to the tasks inside)
            lane
        ");
    insta::assert_snapshot!(
        node("{ branches: { x: { task: t/any } }, with: {}, lane: blocking, outputs: { x: 1 } }"), @"
        flow:6:42: node `n` takes no `with`: it has `branches` (its nodes see the names around it: write them as references inside)
            with
        flow:6:52: node `n` takes no `lane`: it has `branches` (give it to the tasks inside)
            lane
        flow:6:68: node `n` takes no `outputs`: it has `branches` (it gives a map of what each branch gives)
            outputs
        ");
    insta::assert_snapshot!(node("{ task: t/any, output: 1, outputs: {} }"), @"
    flow:6:21: node `n` takes no `output`: it has `task` (remove it)
        output
    flow:6:32: node `n` takes no `outputs`: it has `task` (remove it)
        outputs
    ");
    insta::assert_snapshot!(node("{ succeed: true, with: {}, lane: compute, output: 1 }"), @"
    flow:6:23: node `n` takes no `with`: it has `succeed` (remove it)
        with
    flow:6:33: node `n` takes no `lane`: it has `succeed` (remove it)
        lane
    flow:6:48: node `n` takes no `output`: it has `succeed` (remove it)
        output
    ");
    insta::assert_snapshot!(node("{ succeed: false }"), @"
    flow:6:17: `succeed` of node `n`: expected `true`, found `false` (a node that ends the run with success says `succeed: true`; `when` says under which condition)
        false
    ");
    insta::assert_snapshot!(node("{ succeed: true, map: { over: [1] } }"), @"
    flow:6:23: a run ends once: `succeed` stands in no `map` or `loop` (put it behind a node with the map or loop, with `after` and `when`)
        map
    ");
    insta::assert_snapshot!(node("{ steps: [{ task: t/any }], output: 1, outputs: {} }"), @"
    flow:6:34: node `n` has both `output` and `outputs` (`output` is one value, `outputs` a map of named ones: remove one of them)
        output
    ");
    insta::assert_snapshot!(node("{ task: t/any, over: [1], until: x, name: y, inputs: {}, key: z }"), @"
    flow:6:21: unknown key `over` in node `n` (it belongs inside `map`)
        over
    flow:6:32: unknown key `until` in node `n` (it belongs inside `loop`)
        until
    flow:6:42: unknown key `name` in node `n` (it belongs on a step; elsewhere the key is the name, and free text goes to `label`)
        name
    flow:6:51: unknown key `inputs` in node `n` (it belongs at the top of a file; a body inside a node sees the names around it)
        inputs
    flow:6:63: unknown key `key` in node `n` (it belongs inside `map`)
        key
    ");
}

#[test]
fn bodies_of_the_wrong_kind() {
    insta::assert_snapshot!(node("{ nodes: [] }"), @"
    flow:6:15: `nodes` of node `n`: expected a map of nodes by name, found a list (as in `{ first: { task: pack/first }, second: { task: pack/second } }`)
        [
    ");
    insta::assert_snapshot!(node("{ nodes: {} }"), @"
    flow:6:15: `nodes` of node `n` is empty (name what it runs, as in `nodes: { first: { task: pack/task } }`)
        {}
    ");
    insta::assert_snapshot!(node("{ steps: { x: 1 } }"), @"
    flow:6:15: `steps` of node `n`: expected a list of nodes, found a map (as in `steps: [{ task: pack/first }, { task: pack/second }]`)
        {
    ");
    insta::assert_snapshot!(node("{ steps: [] }"), @"
    flow:6:15: `steps` of node `n` is empty (name what it runs, as in `steps: [{ task: pack/task }]`)
        []
    ");
    insta::assert_snapshot!(node("{ steps: [5, { task: t/any, name: 7 }, { name: '9', task: t/any }] }"), @r#"
    flow:6:16: node `step_1`: expected a map, found an integer (as in `- { task: pack/task }`)
        5
    flow:6:40: `name` of a step: expected a string, found an integer (put it in quotes)
        7
    flow:6:53: "9" cannot be the name of a node (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)
        \'9\'
    "#);
    insta::assert_snapshot!(node("{ branches: x }"), @"
    flow:6:18: `branches` of node `n`: expected a map of nodes by name, found the string `x` (as in `{ first: { task: pack/first }, second: { task: pack/second } }`)
        x
    ");
    insta::assert_snapshot!(node("{ use: 5 }"), @"
    flow:6:13: `use` of node `n`: expected a string, found an integer (put it in quotes)
        5
    ");
}

#[test]
fn conditions_are_references() {
    insta::assert_snapshot!(node("{ task: t/any, when: '${a} > 1' }"), @r"
    flow:6:27: `when` of node `n`: expected one reference to a bool, found the string `${a} > 1` (there are no expressions: tasks such as `util/compare`, `and`, `or` and `not` make a bool)
        \'${a} > 1\'
    ");
    insta::assert_snapshot!(node("{ task: t/any, when: a }"), @"
    flow:6:27: `when` of node `n`: expected one reference to a bool, found the string `a` (write `${a}`)
        a
    ");
    insta::assert_snapshot!(node("{ task: t/any, when: true }"), @r#"
    flow:6:27: `when` of node `n`: expected one reference to a bool, found `true` (as in `"${check}"`)
        true
    "#);
    insta::assert_snapshot!(node("{ task: t/any, when: '${a}' }"), @r"
    flow:6:27: `when`: expected bool, but `${a}` gives f64 (tasks such as `util/compare`, `and`, `or` and `not` make a bool)
        \'${a}\'
    ");
    insta::assert_snapshot!(node("{ task: t/any, when: '${gone}', run_if: failed }"), @"
    flow:6:30: unknown node `gone`
        gone
    flow:6:46: `run_if` of node `n`: expected `success`, `failure` or `always`, found the string `failed` (it says after which ends of what it depends on the node runs: `always` is however that ended; under which condition is said by `when`)
        failed
    ");
    insta::assert_snapshot!(node("{ task: t/any, when: '${n.go}', run_if: [] }"), @"
    flow:6:3: nodes depend on each other: n.when ← n (remove one of these edges)
        n
    flow:6:46: `run_if` of node `n`: expected `success`, `failure` or `always`, found a list (it says after which ends of what it depends on the node runs: `always` is however that ended; under which condition is said by `when`)
        [
    ");
}

#[test]
fn maps() {
    insta::assert_snapshot!(map("'${list}'", "${item}"), @r#"
    flow:6:13: `map` of node `n`: expected a map, found the string `${list}` (as in `map: { over: "${list}", as: x }`)
        \'${list}\'
    "#);
    insta::assert_snapshot!(map("{ as: x }", "${x}"), @r#"
    flow:6:8: `map` of node `n` has nothing to run over (say so, as in `over: "${list}"`)
        map
    "#);
    insta::assert_snapshot!(map("{ over: [1], zip: { x: [1] } }", "${item}"), @"
    flow:6:26: `map` of node `n` has both `over` and `zip` (it runs over one list, over several side by side (`zip`) or over all their combinations (`cross`))
        zip
    ");
    insta::assert_snapshot!(map("{ zip: { x: [1] }, as: y }", "${x}"), @"
    flow:6:32: `map` of node `n` has both `zip` and `as` (the names under `zip` are those of the items)
        as
    ");
    insta::assert_snapshot!(map("{ zip: [1] }", "${item}"), @r#"
    flow:6:20: `zip` of `map` of node `n`: expected a map of lists by name, found a list (as in `zip: { x: "${xs}", y: "${ys}" }`)
        [
    "#);
    insta::assert_snapshot!(map("{ cross: {} }", "1"), @r#"
    flow:6:22: `cross` of `map` of node `n` is empty (name the lists, as in `cross: { x: "${xs}", y: "${ys}" }`)
        {}
    "#);
    insta::assert_snapshot!(map("{ over: [1], as: 'a b' }", "1"), @r"
    flow:6:30: `a b` cannot be the name of an item (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
        \'a b\'
    ");
    insta::assert_snapshot!(map("{ over: [1], as: 5 }", "${item}"), @"
    flow:6:30: `as` of `map` of node `n`: expected a string, found an integer (put it in quotes)
        5
    ");
    insta::assert_snapshot!(map("{ ovr: [1], sa: x, window: 3 }", "${x}"), @r#"
    flow:6:8: `map` of node `n` has nothing to run over (say so, as in `over: "${list}"`)
        map
    flow:6:15: unknown key `ovr` in `map` of node `n` (did you mean `over`?)
        ovr
    flow:6:25: unknown key `sa` in `map` of node `n` (did you mean `as`?)
        sa
    flow:6:72: unknown node `x`
        x
    "#);
    insta::assert_snapshot!(map("{ over: [1], chunk: 0, window: -1, collect: outcome }", "1"), @"
    flow:6:33: `chunk` of `map` of node `n` must be at least 1 (a number of items is meant, as in `chunk: 10`)
        0
    flow:6:44: `window` of `map` of node `n` must be at least 1 (a number of items is meant, as in `window: 10`)
        -1
    flow:6:57: `collect` of `map` of node `n`: expected `values` or `outcomes`, found the string `outcome` (did you mean `outcomes`?)
        outcome
    ");
    insta::assert_snapshot!(map("{ over: [1], chunk: many, window: auto, collect: x }", "1"), @"
    flow:6:33: `chunk` of `map` of node `n`: expected an integer from 1, or `auto`, found the string `many` (`chunk: 16` takes 16 items at a time; `auto` finds out how many to take)
        many
    flow:6:47: `window` of `map` of node `n`: expected an integer from 1, found the string `auto` (a number of items is meant, as in `window: 10`)
        auto
    flow:6:62: `collect` of `map` of node `n`: expected `values` or `outcomes`, found the string `x`
        x
    ");
    insta::assert_snapshot!(map("{ over: [1], window: 99999999999 }", "1"), @"
    flow:6:34: `window` of `map` of node `n` is too large (4294967295 is the most)
        99999999999
    ");
    insta::assert_snapshot!(map("{ over: [1], retry: 3, task: t/any, max: 3 }", "1"), @"
    flow:6:36: unknown key `task` in `map` of node `n` (it belongs on the node, beside `map`)
        task
    flow:6:49: unknown key `max` in `map` of node `n` (it belongs in a `loop`)
        max
    ");
    insta::assert_snapshot!(node("{ map: { over: [1] }, loop: { carry: { y: { start: 1, next: 2 } }, max: 1 }, task: t/any, with: { x: '${y}' } }"), @"
    flow:6:28: node `n` has both `map` and `loop` (put one of them around a node inside, under `nodes`)
        loop
    ");
}

#[test]
fn names_of_items() {
    insta::assert_snapshot!(map("{ over: [1], as: pauli }", "${item}"), @"
    flow:6:66: no item is called `item` here (there is `${pauli}`)
        item
    ");
    insta::assert_snapshot!(map("{ over: [1], as: pauli }", "${paulli}"), @"
    flow:6:66: unknown node `paulli` (did you mean `pauli`?)
        paulli
    ");
    insta::assert_snapshot!(map("{ over: [1], as: pauli }", "${inputs.pauli}"), @"
    flow:6:73: unknown input `pauli` (did you mean `${pauli}`?)
        pauli
    ");
    insta::assert_snapshot!(map("{ over: '${item}' }", "${item}"), @"
    flow:6:24: `${item}` stands only in the body of a `map`
        item
    ");
    insta::assert_snapshot!(map("{ over: [1], as: index }", "1"), @"
    flow:6:30: no item can be called `index` (`${…}` uses that name for something else; choose another)
        index
    ");
    insta::assert_snapshot!(map("{ over: [1], as: list }", "${list}"), @"
    flow:6:30: the item `list` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        list
    ");
    insta::assert_snapshot!(map("{ zip: { a: [1], item: [2], n: [3] } }", "1"), @"
    flow:6:22: the item `a` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        a
    flow:6:41: the item `n` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        n
    ");
    insta::assert_snapshot!(node("{ map: { over: [1] }, nodes: { n: { task: t/any }, m: { map: { over: [1], as: m }, task: t/any } } }"), @"
    flow:6:37: the node `n` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        n
    flow:6:84: the item `m` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        m
    ");
    insta::assert_snapshot!(node("{ map: { over: [1], as: x }, nodes: { x: { task: t/any }, y: { map: { over: [1], as: x }, task: t/any } } }"), @"
    flow:6:44: the node `x` has the name of an item around it (a body sees the names around it, so they must differ: choose another)
        x
    flow:6:91: the item `x` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        x
    ");
    insta::assert_snapshot!(
        node("{ map: { over: [1] }, nodes: { y: { map: { over: '${item}' }, task: t/any, with: { x: '${item}' } } } }"), @r"
        flow:6:42: this map and one around it both call their item `item` (give one of them a name with `as`)
            map
        flow:6:55: `map`: expected a list or a map to run over, found number
            \'${item}\'
        ");
    insta::assert_snapshot!(node("{ task: t/any, with: { x: '${item} ${index} ${key}' } }"), @"
    flow:6:35: `${item}` stands only in the body of a `map`
        item
    flow:6:43: `${index}` stands only in the body of a `map` or `loop`
        index
    flow:6:52: `${key}` stands only in the body of a `map`
        key
    ");
    insta::assert_snapshot!(repeat("{ max: 2, carry: { x: { start: '${key}', next: '${index}' } } }"), @"
    flow:6:48: `${key}` stands only in the body of a `map`
        key
    ");
    insta::assert_snapshot!(node("{ nodes: { x: { task: t/any, after: a }, y: { task: t/any, after: xx } }, after: x }"), @"
    flow:6:42: `after` of node `x`: unknown node `a` (it stands outside of this body, which starts after it when the node around it says so)
        a
    flow:6:72: `after` of node `y`: unknown node `xx`
        xx
    flow:6:87: `after` of node `n`: unknown node `x` (it is inside node `n`, and `after` names nodes beside this one)
        x
    ");
    insta::assert_snapshot!(node("{ task: t/any, with: { x: '${inside}' } }\n  o: { nodes: { inside: { task: t/any } } }"), @"
    flow:6:35: unknown node `inside` (it is inside node `o`, of which others see what its `output` or `outputs` give)
        inside
    ");
}

#[test]
fn keys_of_items_are_made_of_the_item() {
    insta::assert_snapshot!(map("{ over: [1], key: '${a}' }", "1"), @"
    flow:6:32: `key` is made of the item alone (it is needed before the body runs, and may use `${item}`, `${index}`)
        ${a}
    ");
    insta::assert_snapshot!(map("{ over: [1], as: p, key: '${key}-${n}-${inputs.size}-${run.id}' }", "1"), @"
    flow:6:39: `key` is made of the item alone (it is needed before the body runs, and may use `${p}`, `${index}`)
        ${key}
    flow:6:46: `key` is made of the item alone (it is needed before the body runs, and may use `${p}`, `${index}`)
        ${n}
    flow:6:51: `key` is made of the item alone (it is needed before the body runs, and may use `${p}`, `${index}`)
        ${inputs.size}
    flow:6:66: `key` is made of the item alone (it is needed before the body runs, and may use `${p}`, `${index}`)
        ${run.id}
    ");
    insta::assert_snapshot!(map("{ zip: { x: [[1]], y: [[2]] }, key: '${z}' }", "1"), @"
    flow:6:50: `key` is made of the item alone (it is needed before the body runs, and may use `${x}`, `${y}`, `${index}`)
        ${z}
    ");
    insta::assert_snapshot!(map("{ over: [[1]], key: '${item}' }", "1"), @r"
    flow:6:33: `key` of `map`: a key is a string, a number or a bool, not list<number>
        \'${item}\'
    ");
    insta::assert_snapshot!(map("{ over: [1], key: '${item.x}' }", "1"), @r"
    flow:6:31: `key` of `map`: `${item.x}` selects no field `x` of number
        \'${item.x}\'
    ");
}

#[test]
fn lists_are_checked() {
    insta::assert_snapshot!(map("{ over: '${a}' }", "1"), @r"
    flow:6:21: `map`: expected a list or a map to run over, found f64
        \'${a}\'
    ");
    insta::assert_snapshot!(map("{ over: 5 }", "1"), @"
    flow:6:21: `map`: expected a list or a map to run over, found an integer (`util/range` makes a list of numbers; `loop` with `max` runs its body so many times)
        5
    ");
    insta::assert_snapshot!(map("{ over: '${list.x[0]}', as: p }", "${a.x}"), @r#"
    flow:6:70: input `x` of `t/any`: `${a.x}` selects no field `x` of f64
        \"${a.x}\"
    "#);
    insta::assert_snapshot!(map("{ over: '${a.x}' }", "1"), @r"
    flow:6:21: `map`: `${a.x}` selects no field `x` of f64
        \'${a.x}\'
    ");
    insta::assert_snapshot!(map("{ zip: { x: [1, 2], y: '${list}', z: [1] } }", "1"), @"
    flow:6:50: `map`: lists side by side must be equally long, not 2 and 1 (`cross` runs over all their combinations)
        [1]
    ");
    insta::assert_snapshot!(map("{ cross: { x: '${a}', y: abc } }", "1"), @r"
    flow:6:27: `map`: expected a list or a map to run over, found f64
        \'${a}\'
    flow:6:38: `map`: expected a list or a map to run over, found a string (a reference is written `${name}`; a list of one is `[…]`)
        abc
    ");
    insta::assert_snapshot!(
        node("{ map: { over: '${o}' }, task: t/any }\n  o: { nodes: { x: { task: t/any } } }\n  p: { task: t/any, with: { x: '${o.x}' } }"), @r"
        flow:6:21: `map`: expected a list or a map to run over, found null (a workflow inside a node gives what its `output` or `outputs` say)
            \'${o}\'
        flow:8:32: input `x` of `t/any`: `${o.x}` selects no field `x` of null; what a workflow inside a node gives is said by `output` or `outputs`
            \'${o.x}\'
        ");
}

#[test]
fn reductions() {
    insta::assert_snapshot!(map("{ over: [1], reduce: 5 }", "1"), @"
    flow:6:34: `reduce` of `map` of node `n`: expected a task, found an integer (as in `reduce: pack/add` or `reduce: { task: pack/add, start: 0 }`)
        5
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: { start: 0 } }", "1"), @"
    flow:6:34: `reduce` of `map` of node `n` has no `task` (as in `reduce: pack/add` or `reduce: { task: pack/add, start: 0 }`)
        {
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: { task: t/add, begin: 0 } }", "1"), @"
    flow:6:49: unknown key `begin` in `reduce` of `map` of node `n` (known keys: task, start)
        begin
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: t/ad }", "1"), @"
    flow:6:34: unknown task `t/ad` to reduce with (did you mean `t/add`?)
        t/ad
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: t/num }", "1"), @"
    flow:6:34: `t/num` cannot reduce: it must take two values, what is joined already and the next result, and no other that is required
        t/num
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: { task: t/add, start: abc } }", "1"), @"
    flow:6:56: `start` of the reduction: expected f64, found a string
        abc
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: { task: t/add, start: '${item}' } }", "1"), @"
    flow:6:59: `${item}` stands only in the body of a `map`
        item
    ");
    insta::assert_snapshot!(map("{ over: [1], reduce: t/join }", "1"), @"
    flow:6:34: `t/join` cannot reduce: it gives list<str>, which its own input `a: str` does not take
        t/join
    ");
    insta::assert_snapshot!(node("{ map: { over: [1], reduce: t/add }, task: t/str, with: { text: x } }"), @"
    flow:6:34: `t/add` cannot reduce: its input `a: f64` does not take str, which the body gives
        t/add
    ");
}

#[test]
fn loops() {
    insta::assert_snapshot!(repeat("5"), @r#"
    flow:6:14: `loop` of node `n`: expected a map, found an integer (as in `loop: { carry: { x: { start: 0, next: "${step}" } }, max: 10 }`)
        5
    "#);
    insta::assert_snapshot!(repeat("{ carry: { x: { start: 0, next: '${step}' } } }"), @"
    flow:6:8: `loop` of node `n` has no `max` (the most passes that it may take, as in `max: 100`)
        loop
    ");
    insta::assert_snapshot!(repeat("{ carry: { x: '0 → ${step}' }, max: 3 }"), @r#"
    flow:6:28: `x` in `carry` of `loop` of node `n`: expected a map, found the string `0 → ${step}` (as in `x: { start: 0, next: "${step}" }`)
        \'0 → ${step}\'
    "#);
    insta::assert_snapshot!(repeat("{ carry: [x], max: 3 }"), @r#"
    flow:6:23: `carry` of `loop` of node `n`: expected a map of carried values, found a list (as in `x: { start: 0, next: "${step}" }`)
        [
    "#);
    insta::assert_snapshot!(repeat("{ carry: { x: { start: 0 }, y: { next: 1 }, z: { start: 0, then: 1 } }, max: 3 }"), @r#"
    flow:6:25: `x` in `carry` of `loop` of node `n` has no `next` (its value in the next pass, as in `x: { start: 0, next: "${step}" }`)
        x
    flow:6:42: `y` in `carry` of `loop` of node `n` has no `start` (its value in the first pass, as in `x: { start: 0, next: "${step}" }`)
        y
    flow:6:58: `z` in `carry` of `loop` of node `n` has no `next` (its value in the next pass, as in `x: { start: 0, next: "${step}" }`)
        z
    flow:6:73: unknown key `then` in `z` in `carry` of `loop` of node `n` (known keys: start, next)
        then
    "#);
    insta::assert_snapshot!(repeat("{ carry: { x: { start: '${step}', next: '${num}' } }, max: 3 }"), @"
    flow:6:40: unknown node `step` (it is inside node `n`, of which others see what its `output` or `outputs` give)
        step
    ");
    insta::assert_snapshot!(repeat("{ carry: { x: { start: abc, next: '${num}' } }, until: '${num}', max: 3 }"), @r"
    flow:6:48: `next` of `x`, which starts as str: expected str, but `${num}` gives f64
        \'${num}\'
    flow:6:69: `until` of `loop`: expected bool, but `${num}` gives f64
        \'${num}\'
    ");
    insta::assert_snapshot!(repeat("{ carry: { x: { start: 0, next: '${num.y}' } }, until: '${x} > 3', max: 3 }"), @r"
    flow:6:46: `next` of `x`, which starts as number: `${num.y}` selects no field `y` of f64
        \'${num.y}\'
    flow:6:69: `until` of `loop` of node `n`: expected one reference to a bool, found the string `${x} > 3` (there are no expressions: tasks such as `util/compare`, `and`, `or` and `not` make a bool)
        \'${x} > 3\'
    ");
    insta::assert_snapshot!(repeat("{ max: 0 }"), @"
    flow:6:21: `max` of `loop` of node `n` must be at least 1
        0
    ");
    insta::assert_snapshot!(repeat("{ max: 2.5, over: [1], timeout: 3s, unitl: '${step}' }"), @"
    flow:6:21: `max` of `loop` of node `n`: expected an integer from 1, found a float
        2.5
    flow:6:26: unknown key `over` in `loop` of node `n` (it belongs in a `map`)
        over
    flow:6:37: unknown key `timeout` in `loop` of node `n` (it belongs on the node, beside `loop`)
        timeout
    flow:6:50: unknown key `unitl` in `loop` of node `n` (did you mean `until`?)
        unitl
    ");
    insta::assert_snapshot!(repeat("{ carry: { a: { start: 0, next: 1 }, key: { start: 0, next: 1 }, 'b c': { start: 0, next: 1 }, step: { start: 0, next: 1 } }, max: 1 }"), @r"
    flow:6:25: the carried value `a` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        a
    flow:6:51: no carried value can be called `key` (`${…}` uses that name for something else; choose another)
        key
    flow:6:79: `b c` cannot be the name of a carried value (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
        \'b c\'
    flow:6:159: the node `step` has the name of a carried value around it (a body sees the names around it, so they must differ: choose another)
        step
    ");
    insta::assert_snapshot!(repeat("{ max: 1, carry: { x: { start: '${a.b}', next: 1 } } }"), @r"
    flow:6:45: `start` of `loop`: `${a.b}` selects no field `b` of f64
        \'${a.b}\'
    ");
}

#[test]
fn cycles_go_through_bodies() {
    insta::assert_snapshot!(node("{ nodes: { x: { task: t/any, with: { x: '${n}' } } } }"), @"
    flow:6:3: nodes depend on each other: n.nodes ← n (remove one of these edges)
        n
    ");
    insta::assert_snapshot!(map("{ over: '${n}' }", "1"), @"
    flow:6:3: nodes depend on each other: n.map ← n (remove one of these edges)
        n
    ");
    insta::assert_snapshot!(map("{ over: [1] }", "${n}"), @"
    flow:6:3: nodes depend on each other: n.x ← n (remove one of these edges)
        n
    ");
    insta::assert_snapshot!(node("{ task: t/any, when: '${m.x}' }\n  m: { loop: { carry: { c: { start: '${n}', next: 1 } }, max: 2 }, task: t/any }"), @"
    flow:6:3: nodes depend on each other: n.when ← m, m.loop ← n (remove one of these edges)
        n
    ");
    insta::assert_snapshot!(node("{ steps: [{ task: t/any, with: { x: '${step_2}' } }, { task: t/any }] }"), @"
    flow:6:16: nodes depend on each other: step_1.x ← step_2, step_2.after ← step_1 (remove one of these edges)
        {
    ");
}

#[test]
fn the_top_of_a_file() {
    insta::assert_snapshot!(yaml("output: '${a}'\noutputs: { a: 1 }\nnodes: { a: { task: t/any } }"), @"
    flow:2:1: the workflow has both `output` and `outputs` (`output` is one value, `outputs` a map of named ones: remove one of them)
        output
    ");
    insta::assert_snapshot!(yaml("output: '${a.x}'\nnodes: { a: { task: t/num, with: { x: 1 } } }"), @r"
    flow:2:9: `output`: `${a.x}` selects no field `x` of f64
        \'${a.x}\'
    ");
    insta::assert_snapshot!(yaml("map: { over: [1] }\ntask: t/any\nbranches: {}\nuse: x.yaml\nwhen: x"), @"
    flow:2:1: unknown key `map` in the workflow (it belongs on a node, under `nodes`)
        map
    flow:3:1: unknown key `task` in the workflow (it belongs on a node, under `nodes`)
        task
    flow:4:1: unknown key `branches` in the workflow (it belongs on a node, under `nodes`)
        branches
    flow:5:1: unknown key `use` in the workflow (it belongs on a node, under `nodes`)
        use
    flow:6:1: unknown key `when` in the workflow (it belongs on a node, under `nodes`)
        when
    ");
    insta::assert_snapshot!(yaml("nodes: { step_1: { task: t/any } }\nsteps: [{ task: t/any }, { name: step_1, task: t/any }]"), @"
    flow:3:9: two nodes are called `step_1` (give one of them another name)
        {
    flow:3:34: two nodes are called `step_1` (give one of them another name)
        step_1
    ");
    insta::assert_snapshot!(yaml("steps: x"), @"
    flow:2:8: `steps`: expected a list of nodes, found the string `x` (as in `steps: [{ task: pack/first }, { task: pack/second }]`)
        x
    ");
    insta::assert_snapshot!(yaml("nodes: { a: { steps: [{ nodes: { step_2: { task: t/any } } }, { task: t/any }] } }"), @"
    flow:2:34: the node `step_2` has the name of a node around it (a body sees the names around it, so they must differ: choose another)
        step_2
    ");
}

#[test]
fn several_problems_come_in_the_order_of_the_file_in_each_language() {
    let text = r#"
terrace: 1
nodes:
  rows:
    map: { over: "${gone}", as: row, chnk: 3 }
    nodes:
      cell: { map: { over: "${row}" }, task: t/nmu, with: { x: "${itm}" } }
      sum: { task: t/num, with: { x: "${cell}" }, run_if: allways }
    outputs: { sum: "${summ}" }
  search:
    loop: { carry: { x: { start: "${rows[0]}", next: "${step.y}" } }, until: "${stop}" }
    task: t/num
    with: { x: "${x}", y: 1 }
output: "${search.z}"
"#;
    insta::assert_snapshot!(problems(Yaml, text), @r#"
    flow:5:21: unknown node `gone`
        gone
    flow:5:38: unknown key `chnk` in `map` of node `rows` (did you mean `chunk`?)
        chnk
    flow:7:46: unknown task `t/nmu` (did you mean `t/num`?)
        t/nmu
    flow:7:67: unknown node `itm` (did you mean `item`?)
        itm
    flow:8:59: `run_if` of node `sum`: expected `success`, `failure` or `always`, found the string `allways` (did you mean `always`?)
        allways
    flow:9:24: unknown node `summ` (did you mean `sum`?)
        summ
    flow:11:5: `loop` of node `search` has no `max` (the most passes that it may take, as in `max: 100`)
        loop
    flow:11:57: unknown node `step`
        step
    flow:11:81: unknown node `stop`
        stop
    flow:13:24: `t/num` has no input `y` (it takes x: f64)
        y
    flow:14:9: `output`: `${search.z}` selects no field `z` of f64
        \"${search.z}\"
    "#);
    let toml = "terrace = 1\n[nodes.a]\nmap = { over = '${x}', cunk = 1 }\nsteps = [{ task = 't/any', wen = '' }]\n\
                [nodes.b.loop]\nmax = 0\n[nodes.b.branches.left]\ntask = 't/any'\nwith.x = '${item}'\n";
    insta::assert_snapshot!(problems(Toml, toml), @"
    flow:3:19: unknown node `x`
        x
    flow:3:24: unknown key `cunk` in `map` of node `a` (did you mean `chunk`?)
        cunk
    flow:4:28: unknown key `wen` in node `step_1` (did you mean `when`?)
        wen
    flow:6:7: `max` of `loop` of node `b` must be at least 1
        0
    flow:9:13: `${item}` stands only in the body of a `map`
        item
    ");
    let json = r#"{ "terrace": 1, "nodes": { "a": { "map": { "over": "${x}", "cunk": 1 }, "steps": [{ "task": "t/any",
        "wen": "" }] }, "b": { "loop": { "max": 0 }, "branches": { "left": { "task": "t/any", "with": { "x": "${item}" } } } } } }"#;
    insta::assert_snapshot!(problems(Json, json), @r#"
    flow:1:55: unknown node `x`
        x
    flow:1:60: unknown key `cunk` in `map` of node `a` (did you mean `chunk`?)
        \"cunk\"
    flow:2:9: unknown key `wen` in node `step_1` (did you mean `when`?)
        \"wen\"
    flow:2:49: `max` of `loop` of node `b` must be at least 1
        0
    flow:2:113: `${item}` stands only in the body of a `map`
        item
    "#);
}

#[test]
fn a_clash_points_at_both_places() {
    let text = "terrace: 1\nnodes:\n  x: { task: t/any }\n  y: { nodes: { x: { task: t/any } } }\n";
    let source = terrace_core::Source::new("flow", text, Yaml);
    let problems = terrace_core::Draft::read(&source).unwrap().problems;
    let (span, label) = &problems[0].related[0];
    assert_eq!((source.line_column(span.start), label.as_str()), ((3, 3), "this one"));
}

#[test]
fn what_is_nothing_is_no_list() {
    insta::assert_snapshot!(map("{ over: null }", "${item}"), @r#"
    flow:6:21: `map`: expected a list or a map to run over, found null (say what it runs over, as in `over: "${list}"`; `[]` is a list without items)
        null
    "#);
    insta::assert_snapshot!(map("{ over: a }", "${item}"), @"
    flow:6:21: `map`: expected a list or a map to run over, found a string (a reference is written `${name}`; a list of one is `[…]`)
        a
    ");
    insta::assert_snapshot!(map("{ over: true }", "${item}"), @r#"
    flow:6:21: `map`: expected a list or a map to run over, found a bool (say what it runs over, as in `over: "${list}"` or `over: [1, 2]`)
        true
    "#);
    insta::assert_snapshot!(map("{ zip: { x: [1, 2], y: null } }", "${x}"), @r#"
    flow:6:36: `map`: expected a list or a map to run over, found null (say what it runs over, as in `over: "${list}"`; `[]` is a list without items)
        null
    "#);
    insta::assert_snapshot!(node("{ map: null, task: t/any, with: { x: \"${item}\" } }"), @r#"
    flow:6:13: `map` of node `n`: expected a map, found null (as in `map: { over: "${list}", as: x }`)
        null
    "#);
    // A body without outputs is what the reference leads to.
    insta::assert_snapshot!(yaml(
        "nodes:\n  b: { nodes: { x: { task: t/any } }, outputs: {} }\n  \
         n: { map: { over: \"${b}\" }, task: t/any, with: { x: \"${item}\" } }\n"
    ), @r#"
    flow:4:21: `map`: expected a list or a map to run over, found null (a workflow inside a node gives what its `output` or `outputs` say)
        \"${b}\"
    "#);
}

/// Whoever uses a name that stood in what could not be read is told of that alone.
#[test]
fn names_that_could_not_be_read_are_not_unknown() {
    insta::assert_snapshot!(map("{ zip: null }", "${x}"), @r#"
    flow:6:20: `zip` of `map` of node `n`: expected a map of lists by name, found null (as in `zip: { x: "${xs}", y: "${ys}" }`)
        null
    "#);
    insta::assert_snapshot!(map("{ cross: {} }", "${x}"), @r#"
    flow:6:22: `cross` of `map` of node `n` is empty (name the lists, as in `cross: { x: "${xs}", y: "${ys}" }`)
        {}
    "#);
    insta::assert_snapshot!(repeat("{ carry: null, max: 3, until: \"${done}\" }"), @r#"
    flow:6:23: `carry` of `loop` of node `n`: expected a map of carried values, found null (as in `x: { start: 0, next: "${step}" }`)
        null
    "#);
    insta::assert_snapshot!(map("[1, 2]", "${x}"), @r#"
    flow:6:13: `map` of node `n`: expected a map, found a list (as in `map: { over: "${list}", as: x }`)
        [
    "#);
}

#[test]
fn numbers_of_maps_and_loops() {
    for (wrong, text) in [("0", "0"), ("-1", "-1"), ("null", "null"), ("1.5", "1.5")] {
        let told = [
            map(&format!("{{ over: [1], chunk: {wrong} }}"), "${item}"),
            map(&format!("{{ over: [1], window: {wrong} }}"), "${item}"),
            repeat(&format!("{{ max: {wrong} }}")),
        ];
        for told in told {
            assert_eq!(told.lines().filter(|line| line.starts_with("flow:")).count(), 1, "{told}");
            assert!(told.ends_with(&format!("{text}\n")) || told.ends_with(text), "{told}");
        }
    }
    insta::assert_snapshot!(repeat("{ max: \"${a}\" }"), @r#"
    flow:6:21: `max` of `loop` of node `n`: expected an integer from 1, found the string `${a}` (it is written down as a number: no reference can stand here)
        \"${a}\"
    "#);
    insta::assert_snapshot!(map("{ over: [1], reduce: null }", "${item}"), @"
    flow:6:34: `reduce` of `map` of node `n`: expected a task, found null (as in `reduce: pack/add` or `reduce: { task: pack/add, start: 0 }`)
        null
    ");
}

#[test]
fn an_early_end_stands_at_no_depth_of_a_map_or_loop() {
    let place = "is in map `n` (";
    for body in [
        "{ map: { over: [1] }, nodes: { q: { succeed: true } } }",
        "{ map: { over: [1] }, nodes: { p: { steps: [{ task: t/any }, { succeed: true }] } } }",
        "{ map: { over: [1] }, branches: { q: { nodes: { p: { succeed: true } } } } }",
    ] {
        let said = node(body);
        assert!(said.contains("`succeed` stands in no `map` or `loop`"), "{said}");
        assert!(said.contains(place), "{said}");
    }
    let said = node("{ nodes: { p: { loop: { max: 2 }, nodes: { q: { succeed: true } } } } }");
    assert!(said.contains("is in loop `n.p` ("), "{said}");
    // In a workflow inside that runs once it may.
    crate::file_catalog::load(
        Yaml,
        "terrace: 1\nnodes:\n  n: { nodes: { q: { succeed: true } } }\n",
    )
    .unwrap();
}

#[test]
fn constants_that_no_map_can_run_over() {
    let said = map(r#"{ over: [1, 2, 1], as: v, key: "k${v}" }"#, "${v}");
    assert!(said.contains(r#"items 0 and 2 have the same key, "k1""#), "{said}");
    assert!(said.ends_with("\n    \\\"k${v}\\\"\n"), "{said}");
    let said = map(r#"{ over: [{ a: x }, { a: x }], as: v, key: "${v.a}" }"#, "${v}");
    assert!(said.contains(r#"items 0 and 1 have the same key, "x""#), "{said}");
    let said = map(r#"{ cross: { v: [1, 2], w: [3, 4] }, key: "${w}" }"#, "${v}");
    assert!(said.contains(r#"items 0 and 2 have the same key, "3""#), "{said}");
    let said = map("{ zip: { v: { a: 1, b: 2 }, w: { b: 1, a: 2 } } }", "${v}");
    assert!(said.contains(r#"and "a" stands beside "b" (write both in the same order)"#), "{said}");
    let said = map("{ zip: { v: { a: 1 }, w: { b: 1 } } }", "${v}");
    assert!(said.contains("(give them the same keys)"), "{said}");
    let said = map("{ zip: { v: { a: 1 }, w: [1, 2] } }", "${v}");
    assert!(said.contains("here is one beside the other"), "{said}");
    let array = "{ $array: { dtype: u8, shape: [2, 2], data: AQIDBA== } }";
    let said = map(&format!("{{ over: {array}, as: v }}"), "${v}");
    assert!(said.contains("and this array has 2"), "{said}");
    let said = node("{ map: { over: [], reduce: t/add }, task: t/num, with: { x: 1 } }");
    assert!(said.contains("nothing to reduce: the map has no items (say what"), "{said}");
    for fine in [
        r#"{ over: [1, 2, 1], as: v, key: "${v}-${index}" }"#,
        r#"{ cross: { v: [1, 2], w: [3, 4] }, key: "${v}-${w}" }"#,
        "{ zip: { v: { a: 1, b: 2 }, w: { a: 1, b: 2 } } }",
    ] {
        let text = format!(
            "terrace: 1\nnodes:\n  n: {{ map: {fine}, task: t/any, with: {{ x: \"${{v}}\" }} }}\n"
        );
        crate::file_catalog::load(Yaml, &text).unwrap();
    }
}

#[test]
fn what_is_of_outside_ends_no_loop() {
    let text = "terrace: 1\nnodes:\n  yes: { task: t/yes }\n  n: { loop: { until: \"${yes}\", max: 3 }, nodes: { b: { task: t/any } } }\n";
    let said = problems(Yaml, text);
    assert!(
        said.contains("`${yes}` is of outside the loop, and never changes (refer to"),
        "{said}"
    );
    assert!(said.ends_with("\n    \\\"${yes}\\\"\n"), "{said}");
}

#[test]
fn a_node_inside_another_is_told_to_be_there() {
    let text = |of: &str| {
        format!(
            "terrace: 1\nnodes:\n  m: {{ {of}: {{ solve: {{ task: t/any }} }} }}\n  \
             n: {{ task: t/any, with: {{ x: \"${{solve}}\" }} }}\n"
        )
    };
    let said = problems(Yaml, &text("nodes"));
    assert!(said.contains("(it is inside node `m`, of which others see"), "{said}");
    let said = problems(Yaml, &text("branches"));
    assert!(said.contains("(it is a branch of `m`: `${m.solve}`)"), "{said}");
}
