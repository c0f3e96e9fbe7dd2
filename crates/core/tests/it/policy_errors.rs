//! What a file can have wrong about policies and limits, in the words that people read, with the
//! part of the text that is pointed at.

use terrace_core::Draft;
use terrace_core::Format::Yaml;
use terrace_core::value_from_json;

use crate::file_catalog::{TestTasks, load, problems, slice};

/// The problems of a table of YAML files, each under what is wrong about it.
fn all(rows: &[&str], file: impl Fn(&str) -> String) -> String {
    rows.iter().map(|row| format!("{row}\n{}", problems(Yaml, &file(row)))).collect()
}

const LIMITS: &str = "limits: { github: { concurrency: 10, rate: 80/min, burst: 5 }, \
                      places: { concurrency: 3 }, ram: { memory: 1GB } }";

/// A file with these keys at its top.
fn top(keys: &str) -> String {
    format!(
        "terrace: 1\n{keys}\nnodes:\n  a: {{ task: t/num, with: {{ x: 1 }}, needs: l, cost: {{ money: 1 }} }}\n"
    )
}

/// A file whose node `n` has these keys.
fn node(keys: &str) -> String {
    format!("terrace: 1\n{LIMITS}\nnodes:\n  n: {{ {keys} }}\n")
}

/// A file whose node `n` has these keys beside a task that gives a number.
fn task(keys: &str) -> String {
    node(&format!("task: t/num, with: {{ x: 1 }}, {keys}"))
}

/// A file whose node `n` is a map with these keys.
fn map(keys: &str) -> String {
    node(&format!("map: {{ over: [1, 2], as: x, {keys} }}, task: t/num, with: {{ x: \"${{x}}\" }}"))
}

#[test]
fn wrong_rules() {
    insta::assert_snapshot!(all(&[
        "limits: [github]",
        "limits: { l: 10 }",
        "limits: { l: {} }",
        "limits: { l: { concurrency: 0 } }",
        "limits: { l: { concurrency: 2, memory: 1GB } }",
        "limits: { l: { memory: 8G } }",
        "limits: { l: { memory: 1000 } }",
        "limits: { l: { concurrency: 2, burst: 3 } }",
        "limits: { l: { rate: 80/min, burst: 90 } }",
        "limits: { l: { rate: 80 } }",
        "limits: { l: { rate: 80/fortnight } }",
        "limits: { l: { concurency: 2 } }",
        "limits: { l: { concurrency: 2 }, 'a b': { concurrency: 2 } }",
        "limits: { l: { concurrency: 2 } }\nmax_concurrent: 0\npatience: -1",
        "limits: { l: { concurrency: 2 } }\npatience: much",
        "limits: { l: { concurrency: 2 } }\non_failure: halt",
        "limits: { l: { concurrency: 2 } }\ndeadline: 30\nbudget: 5",
        "limits: { l: { concurrency: 2 } }\ndeadline: 0s\nbudget: { money: -1, calls: 0.0000001 }",
        "limits: { l: { concurrency: 2 } }\ncheckpoints: level",
        "limits: { l: { concurrency: 2 } }\ncheckpoints: a",
        "limits: { l: { concurrency: 2 } }\ncheckpoints: [a, b]",
        "limits: { l: { concurrency: 2 } }\ntimeout: 5s\nretry: 3\nconcurrency: 4",
        "limit: {}\nmax_concurent: 3",
    ], top), @r"
    limits: [github]
    flow:2:9: `limits`: expected a map of limits by name, found a list (as in `limits: { github: { concurrency: 10 } }`)
        [
    flow:4:44: `needs` of node `a`: unknown limit `l` (declare it at the top of the file, as in `limits: { l: { concurrency: 10 } }`)
        l
    limits: { l: 10 }
    flow:2:14: limit `l`: expected a map, found an integer (as in `{ concurrency: 10 }`, `{ rate: 80/min }` or `{ memory: 8GB }`)
        10
    limits: { l: {} }
    flow:2:11: limit `l` limits nothing (as in `{ concurrency: 10 }`, `{ rate: 80/min }` or `{ memory: 8GB }`)
        l
    limits: { l: { concurrency: 0 } }
    flow:2:29: `concurrency` of limit `l` must be at least 1
        0
    limits: { l: { concurrency: 2, memory: 1GB } }
    flow:2:32: limit `l` has both `concurrency` and `memory` (a limit counts one thing: make two limits, and let nodes need both)
        memory
    limits: { l: { memory: 8G } }
    flow:2:24: `memory` of limit `l`: `8G` may be two sizes (write `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        8G
    flow:4:44: `needs` of node `a` does not say how much of `l` (it counts bytes, as in `needs: { l: 100MB }`)
        l
    limits: { l: { memory: 1000 } }
    flow:2:24: `memory` of limit `l`: `1000` has no unit (write `1000B` for bytes, or `kB`, `MB`, `GB`, `MiB`, `GiB`)
        1000
    flow:4:44: `needs` of node `a` does not say how much of `l` (it counts bytes, as in `needs: { l: 100MB }`)
        l
    limits: { l: { concurrency: 2, burst: 3 } }
    flow:2:32: limit `l` has `burst` without `rate` (say how many may start in a time too, as in `rate: 80/min`)
        burst
    limits: { l: { rate: 80/min, burst: 90 } }
    flow:2:11: limit `l` has a `burst` of 90, more than the 80 in 1m of its rate (no more may come at once than in that time: write less)
        l
    limits: { l: { rate: 80 } }
    flow:2:22: `rate` of limit `l`: expected a rate, found an integer (say in which time, as in `80/min`)
        80
    limits: { l: { rate: 80/fortnight } }
    flow:2:22: `rate` of limit `l`: `80/fortnight` has no unit of time (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        80/fortnight
    limits: { l: { concurency: 2 } }
    flow:2:11: limit `l` limits nothing (as in `{ concurrency: 10 }`, `{ rate: 80/min }` or `{ memory: 8GB }`)
        l
    flow:2:16: unknown key `concurency` in limit `l` (did you mean `concurrency`?)
        concurency
    limits: { l: { concurrency: 2 }, 'a b': { concurrency: 2 } }
    flow:2:34: `a b` cannot be the name of a limit (a name starts with a letter or `_` and goes on with letters, digits, `_` and `-`)
        \'a b\'
    limits: { l: { concurrency: 2 } }
    max_concurrent: 0
    patience: -1
    flow:3:17: `max_concurrent` must be at least 1
        0
    flow:4:11: `patience` must be at least 0
        -1
    limits: { l: { concurrency: 2 } }
    patience: much
    flow:3:11: `patience`: expected an integer from 0, found the string `much`
        much
    limits: { l: { concurrency: 2 } }
    on_failure: halt
    flow:3:13: `on_failure`: expected `continue` or `stop`, found the string `halt`
        halt
    limits: { l: { concurrency: 2 } }
    deadline: 30
    budget: 5
    flow:3:11: `deadline`: `30` has no unit (write `30s` for seconds)
        30
    flow:4:9: `budget`: expected a map of amounts by name, found an integer (as in `budget: { money: 5.00, calls: 1000 }`)
        5
    limits: { l: { concurrency: 2 } }
    deadline: 0s
    budget: { money: -1, calls: 0.0000001 }
    flow:3:11: `deadline` must be more than 0 (write a duration, as in `5s`, or remove it)
        0s
    flow:4:18: `money` in `budget`: `-1` is negative (a number from 0 with at most six decimals, as in `0.05`)
        -1
    flow:4:29: `calls` in `budget`: `0.0000001` has more than six decimals (a number from 0 with at most six decimals, as in `0.05`)
        0.0000001
    limits: { l: { concurrency: 2 } }
    checkpoints: level
    flow:3:14: `checkpoints`: expected `levels` or a list of nodes, found the string `level` (did you mean `levels`?)
        level
    limits: { l: { concurrency: 2 } }
    checkpoints: a
    flow:3:14: `checkpoints`: expected `levels` or a list of nodes, found the string `a` (write `[a]`)
        a
    limits: { l: { concurrency: 2 } }
    checkpoints: [a, b]
    flow:3:18: `checkpoints`: unknown node `b`
        b
    limits: { l: { concurrency: 2 } }
    timeout: 5s
    retry: 3
    concurrency: 4
    flow:3:1: unknown key `timeout` in the workflow (it belongs on a node, under `nodes`; for the whole it is `deadline`)
        timeout
    flow:4:1: unknown key `retry` in the workflow (it belongs on a node, under `nodes`)
        retry
    flow:5:1: unknown key `concurrency` in the workflow (it belongs on a node, under `nodes`; for the whole it is `max_concurrent`)
        concurrency
    limit: {}
    max_concurent: 3
    flow:2:1: unknown key `limit` in the workflow (did you mean `limits`?)
        limit
    flow:3:1: unknown key `max_concurent` in the workflow (did you mean `max_concurrent`?)
        max_concurent
    flow:5:44: `needs` of node `a`: unknown limit `l` (declare it at the top of the file, as in `limits: { l: { concurrency: 10 } }`)
        l
    ");
}

#[test]
fn wrong_policies() {
    insta::assert_snapshot!(all(&[
        "retry: 0",
        "retry: three",
        "retry: { attempts: 0, backof: constant }",
        "retry: { backoff: linear, initial: 5, max: soon }",
        "retry: { initial: 20s, max: 10s }",
        "retry: { jitter: 20, on: errors }",
        "timeout: 5",
        "timeout: 5M",
        "timeout: 0s",
        "timeout: { attempt: 30s, total: 5s }",
        "timeout: {}",
        "timeout: 11years",
        "needs: gihub",
        "needs: gpu",
        "needs: { places: 4 }",
        "needs: { github: 6 }",
        "needs: { ram: 2GB }",
        "needs: { places: 0 }",
        "needs: { github: 100MB }",
        "needs: { ram: 100 }",
        "needs: [github, ram]",
        "needs: [github, places, github]",
        "needs: 3",
        "concurrency: 0, cpus: 1.5, priority: high",
        "optional: yes",
        "optional: true, fallback: 1",
        "fallback: text",
        "fallback: '${n}'",
        "cost: { money: five }",
        "cost: 3",
        "expected: later, checkpoint: 1",
        "retries: 3, timout: 5s, need: github",
        "limits: {}, deadline: 3s, budget: {}, attempts: 3",
    ], task), @"
    retry: 0
    flow:4:44: `retry` of node `n` must be at least 1
        0
    retry: three
    flow:4:44: `retry` of node `n`: expected how many attempts, or a map, found the string `three` (as in `retry: 3` or `retry: { attempts: 3, initial: 1s, max: 10s }`)
        three
    retry: { attempts: 0, backof: constant }
    flow:4:56: `attempts` of `retry` of node `n` must be at least 1
        0
    flow:4:59: unknown key `backof` in `retry` of node `n` (did you mean `backoff`?)
        backof
    retry: { backoff: linear, initial: 5, max: soon }
    flow:4:55: `backoff` of `retry` of node `n`: expected `exponential` or `constant`, found the string `linear`
        linear
    flow:4:72: `initial` of `retry` of node `n`: `5` has no unit (write `5s` for seconds)
        5
    flow:4:80: `max` of `retry` of node `n`: `soon` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        soon
    retry: { initial: 20s, max: 10s }
    flow:4:55: the first pause of `retry` of node `n`, 20s, is longer than the longest, 10s (raise `max`, or shorten `initial`)
        20s
    retry: { jitter: 20, on: errors }
    flow:4:54: `jitter` of `retry` of node `n`: expected a number from 0 to 1, found an integer (20 % is `0.2`)
        20
    flow:4:62: `on` of `retry` of node `n`: expected `retryable` or `any`, found the string `errors`
        errors
    timeout: 5
    flow:4:46: `timeout` of node `n`: `5` has no unit (write `5s` for seconds)
        5
    timeout: 5M
    flow:4:46: `timeout` of node `n`: `M` of `5M` is no unit (minutes are `m`, months `months`)
        5M
    timeout: 0s
    flow:4:46: `timeout` of node `n` must be more than 0 (write a duration, as in `5s`, or remove it)
        0s
    timeout: { attempt: 30s, total: 5s }
    flow:4:69: `timeout` of node `n`: one attempt may take 30s, and all together 5s (`total` is for all attempts and the pauses between them: raise it)
        5s
    timeout: {}
    flow:4:46: `timeout` of node `n` is empty (as in `timeout: 5s` or `timeout: { attempt: 5s, total: 30s }`)
        {}
    timeout: 11years
    flow:4:46: `timeout` of node `n`: `11years` is too long (10 years are the most)
        11years
    needs: gihub
    flow:4:44: `needs` of node `n`: unknown limit `gihub` (did you mean `github`?)
        gihub
    needs: gpu
    flow:4:44: `needs` of node `n`: unknown limit `gpu` (declare it at the top of the file, as in `limits: { gpu: { concurrency: 10 } }`)
        gpu
    needs: { places: 4 }
    flow:4:46: `needs` of node `n` takes 4 of limit `places`, of which there are 3 (raise the limit, or take less)
        places
    needs: { github: 6 }
    flow:4:46: `needs` of node `n` takes 6 of limit `github`, of which so many may come at once: 5 (raise its `burst`, or take less)
        github
    needs: { ram: 2GB }
    flow:4:46: `needs` of node `n` takes 2GB of limit `ram`, which has 1GB (raise the limit, or take less)
        ram
    needs: { places: 0 }
    flow:4:54: `places` in `needs` of node `n` must be at least 1
        0
    needs: { github: 100MB }
    flow:4:54: `github` in `needs` of node `n`: expected how many, found the string `100MB` (this limit does not count bytes: write a number)
        100MB
    needs: { ram: 100 }
    flow:4:51: `ram` in `needs` of node `n`: expected a size, found an integer (this limit counts bytes: write `100MB`, or `100B`)
        100
    needs: [github, ram]
    flow:4:53: `needs` of node `n` does not say how much of `ram` (it counts bytes, as in `needs: { ram: 100MB }`)
        ram
    needs: [github, places, github]
    flow:4:61: `needs` of node `n` names `github` twice (once, with how many: `needs: { github: 2 }`)
        github
    needs: 3
    flow:4:44: `needs` of node `n`: expected the name of a limit, a list or a map, found an integer (as in `needs: github`, `needs: [github, gpu]` or `needs: { ram: 100MB }`)
        3
    concurrency: 0, cpus: 1.5, priority: high
    flow:4:50: `concurrency` of node `n` must be at least 1
        0
    flow:4:59: `cpus` of node `n`: expected an integer from 1, found a float
        1.5
    flow:4:74: `priority` of node `n`: expected an integer of at most nine digits, found the string `high` (what is ready and has the higher number starts first; 0 where nothing is said)
        high
    optional: yes
    flow:4:47: `optional` of node `n`: expected `true` or `false`, found the string `yes`
        yes
    optional: true, fallback: 1
    flow:4:53: node `n` has both `optional` and `fallback` (when it fails, its value is absent or the fallback: remove one of them)
        fallback
    fallback: text
    flow:4:47: `fallback` of node `n`: expected f64, found a string (it stands for what the node gives, which is f64)
        text
    fallback: '${n}'
    flow:4:48: a fallback cannot refer to anything (write `$${` where `${` is meant as text)
        ${n}
    cost: { money: five }
    flow:4:52: `money` in `cost` of node `n`: `five` is no amount (a number from 0 with at most six decimals, as in `0.05`)
        five
    cost: 3
    flow:4:43: `cost` of node `n`: expected a map of amounts by name, found an integer (as in `cost: { money: 0.01, calls: 1 }`)
        3
    expected: later, checkpoint: 1
    flow:4:47: `expected` of node `n`: `later` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        later
    flow:4:66: `checkpoint` of node `n`: expected `true` or `false`, found an integer
        1
    retries: 3, timout: 5s, need: github
    flow:4:37: unknown key `retries` in node `n` (known keys: task, nodes, steps, branches, use, succeed, with, after, when, run_if, map, loop, lane, label, keep, output, outputs, retry, timeout, needs, concurrency, cpus, priority, optional, fallback, cost, expected, checkpoint)
        retries
    flow:4:49: unknown key `timout` in node `n` (did you mean `timeout`?)
        timout
    flow:4:61: unknown key `need` in node `n` (did you mean `needs`?)
        need
    limits: {}, deadline: 3s, budget: {}, attempts: 3
    flow:4:37: unknown key `limits` in node `n` (it belongs at the top of a file; on a node, `needs` names what it takes of them)
        limits
    flow:4:49: unknown key `deadline` in node `n` (it belongs at the top of a file; on a node it is `timeout`)
        deadline
    flow:4:63: unknown key `budget` in node `n` (it belongs at the top of a file; on a node, `cost` says what an attempt costs)
        budget
    flow:4:75: unknown key `attempts` in node `n` (it belongs inside `retry`)
        attempts
    ");
}

#[test]
fn keys_that_mean_nothing_there() {
    insta::assert_snapshot!(all(&[
        "succeed: true, retry: 3, needs: github, checkpoint: true",
        "nodes: { a: { task: t/num, with: { x: 1 } } }, cpus: 2",
        "use: other.yaml, cpus: 2",
        "loop: { max: 3 }, task: t/num, with: { x: 1 }, cpus: 2",
        "loop: { max: 3, retry: 3 }, task: t/num, with: { x: 1 }",
    ], node), @"
    succeed: true, retry: 3, needs: github, checkpoint: true
    flow:4:23: node `n` takes no `retry`: it has `succeed` (remove it)
        retry
    flow:4:33: node `n` takes no `needs`: it has `succeed` (remove it)
        needs
    flow:4:48: node `n` takes no `checkpoint`: it has `succeed` (remove it)
        checkpoint
    nodes: { a: { task: t/num, with: { x: 1 } } }, cpus: 2
    flow:4:55: node `n` takes no `cpus`: it has `nodes` (give it to the tasks inside)
        cpus
    use: other.yaml, cpus: 2
    flow:4:13: the file `other.yaml` was not read (read the workflow from a file, which finds it)
        other.yaml
    flow:4:25: node `n` takes no `cpus`: it has `use` (give it to the tasks inside)
        cpus
    loop: { max: 3 }, task: t/num, with: { x: 1 }, cpus: 2
    flow:4:55: node `n` takes no `cpus`: it has `loop` (put the task under `nodes`, and give it to that)
        cpus
    loop: { max: 3, retry: 3 }, task: t/num, with: { x: 1 }
    flow:4:24: unknown key `retry` in `loop` of node `n` (it belongs on the node, beside `loop`)
        retry
    ");
}

#[test]
fn wrong_maps() {
    insta::assert_snapshot!(all(&[
        "at_least: 3",
        "at_least: 0",
        "at_least: 1, max_failures: 1",
        "max_failures: 101%",
        "max_failures: 5 percent",
        "max_failures: -1",
        "max_failures: 0.5",
        "collect: outcomes, max_failures: 5%",
        "concurrency: 0",
        "timeout: 1, needs: gpu, lane: blocking, optional: true",
        "timeout: { attempt: 3s, total: 1s }",
    ], map), @"
    at_least: 3
    flow:4:46: `at_least` of `map` of node `n` asks for 3 items, and there are 2 (so many can never succeed: write less)
        3
    at_least: 0
    flow:4:46: `at_least` of `map` of node `n` must be at least 1
        0
    at_least: 1, max_failures: 1
    flow:4:49: `map` of node `n` has both `at_least` and `max_failures` (both say how many items may fail: remove one of them)
        max_failures
    max_failures: 101%
    flow:4:50: `max_failures` of `map` of node `n`: `101%` is more than all (as in `5%` or `0.5%`, from 0 to 100 with at most four decimals)
        101%
    max_failures: 5 percent
    flow:4:50: `max_failures` of `map` of node `n`: `5 percent` is no percentage (as in `5%` or `0.5%`, from 0 to 100 with at most four decimals)
        5 percent
    max_failures: -1
    flow:4:50: `max_failures` of `map` of node `n` must be at least 1
        -1
    max_failures: 0.5
    flow:4:50: `max_failures` of `map` of node `n`: expected how many items, or which part of them, found a float (as in `max_failures: 3` or `max_failures: 5%`)
        0.5
    collect: outcomes, max_failures: 5%
    flow:4:69: `max_failures` of `map` of node `n` means nothing with `collect: outcomes` (there a failed item does not fail the map, whatever their number: remove one of them)
        5%
    concurrency: 0
    flow:4:49: `concurrency` of `map` of node `n` must be at least 1
        0
    timeout: 1, needs: gpu, lane: blocking, optional: true
    flow:4:45: `timeout` of `map` of node `n`: `1` has no unit (write `1s` for seconds)
        1
    flow:4:55: `needs` of `map` of node `n`: unknown limit `gpu` (declare it at the top of the file, as in `limits: { gpu: { concurrency: 10 } }`)
        gpu
    flow:4:60: unknown key `lane` in `map` of node `n` (it belongs on the node, beside `map`)
        lane
    flow:4:76: unknown key `optional` in `map` of node `n` (it belongs on the node, beside `map`)
        optional
    timeout: { attempt: 3s, total: 1s }
    flow:4:67: `timeout` of `map` of node `n`: one attempt may take 3s, and all together 1s (`total` is for all attempts and the pauses between them: raise it)
        1s
    ");
}

#[test]
fn what_a_task_says_of_its_memory_is_held_against_the_limit() {
    insta::assert_snapshot!(all(&[
        "task: heavy/model",
        "map: { over: [1] }, task: heavy/model",
        "nodes: { inside: { task: heavy/model } }",
    ], node), @"
    task: heavy/model
    flow:4:3: `heavy/model` says that it takes 4GB of memory, and limit `ram` has 1GB (raise the limit, or say on the node what it takes here, as in `needs: { ram: 1GB }`)
        n
    map: { over: [1] }, task: heavy/model
    flow:4:3: `heavy/model` says that it takes 4GB of memory, and limit `ram` has 1GB (raise the limit, or say on the node what it takes here, as in `needs: { ram: 1GB }`)
        n
    nodes: { inside: { task: heavy/model } }
    flow:4:17: `heavy/model` says that it takes 4GB of memory, and limit `ram` has 1GB (raise the limit, or say on the node what it takes here, as in `needs: { ram: 1GB }`)
        inside
    ");
}

#[test]
fn limits_of_a_run_are_left_to_it_where_a_task_gives_the_workflow() {
    let value = value_from_json(r#"{"nodes": {"a": {"task": "t/any", "needs": {"gpu": 3}}}}"#);
    let draft = Draft::from_value(&value.unwrap()).unwrap();
    let workflow = draft.validate(&TestTasks::new()).unwrap();
    assert_eq!(workflow.nodes()[0].policy().unwrap().need("gpu"), Some(3));
    let wrong = value_from_json(
        r#"{"limits": {"gpu": {"concurrency": 2}}, "nodes": {"a": {"task": "t/any", "needs": {"gpu": "3kB"}}}}"#,
    );
    let problems = Draft::from_value(&wrong.unwrap()).unwrap_err();
    insta::assert_snapshot!(problems, @"at `.nodes.a.needs.gpu`: `gpu` in `needs` of node `a`: expected how many, found the string `3kB` (this limit does not count bytes: write a number)");
}

/// The warnings of a file, each followed by what it points at.
fn warnings(text: &str) -> String {
    let workflow = load(Yaml, text).unwrap_or_else(|problems| panic!("{problems}"));
    let warnings = workflow.warnings().iter();
    warnings.map(|warning| format!("{warning}\n    {}\n", slice(&warning.place, text))).collect()
}

#[test]
fn what_does_nothing_is_warned_of() {
    insta::assert_snapshot!(warnings(&format!(
        "terrace: 1\n{LIMITS}\nbudget: {{ money: 1, calls: 2 }}\nnodes:\n  n:\n    map: {{ over: [1], as: x, chunk: 8 }}\n    \
         task: t/num\n    with: {{ x: \"${{x}}\" }}\n    needs: github\n    cost: {{ calls: 1 }}\n"
    )), @"
    flow:2:64: no node needs the limit `places` (a node does so by `needs: places`)
        places
    flow:2:92: no node needs the limit `ram` (as in `needs: { ram: 1GB }`)
        ram
    flow:3:11: no node costs anything of the budget's `money` (a node does so by `cost: { money: 1 }`)
        money
    flow:6:37: `chunk` of `map` of node `n` does nothing: items are attempted one by one (retries, timeouts, needs and costs are those of single items: remove it)
        8
    ");
    // The task's memory counts, and a chunk of one is what there is.
    let text = "terrace: 1\nlimits: { ram: { memory: 8GB } }\nnodes:\n  \
                n: { map: { over: [1], chunk: 1 }, task: heavy/model, retry: 3 }\n";
    assert_eq!(warnings(text), "");
}
