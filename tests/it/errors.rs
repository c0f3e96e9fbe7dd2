//! What a person sees when something is wrong, to the letter, and the exit codes.

use terrace_tests::{built, root, terrace};

use crate::support::{document, node, still_times, workflow};

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
       = help: known keys: task, nodes, steps, branches, use, succeed, with, after, when, run_if, map, loop, lane, label, keep, output, outputs, retry, timeout, needs, concurrency, cpus, priority, optional, fallback, cost, expected, checkpoint

    error: unknown node `f`
      --> flow.yaml:12:11
       |
    12 |   sum: "${f.x}"
       |           ^

    10 problems found
    "#);
}

/// Folders that differ from machine to machine, taken out.
fn still(text: &str) -> String {
    let built = built();
    let program = built.command.parent().unwrap().display().to_string();
    let above = built.command.parent().unwrap().parent().unwrap().display().to_string();
    text.replace(&program, "[program]").replace(&above, "[above]")
}

#[test]
fn a_missing_pack_is_code_3_and_says_where_it_was_looked_for() {
    let scratch = workflow(
        "terrace: 1\npacks: { maths: \"^0.1\" }\nnodes:\n  a: { task: maths/add, with: { x: 1, y: 2 } }\n",
    );
    let ran = scratch.run(&[]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(still(&scratch.plain(&ran.stderr)), @r#"
    error: pack `maths`: not found (did you mean `math`?); searched [program]/packs (does not exist), [program], [above]/lib/terrace/packs (does not exist)
     --> flow.yaml:2:10
      |
    2 | packs: { maths: "^0.1" }
      |          ^^^^^
    "#);
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
    insta::assert_snapshot!(still(&scratch.plain(&ran.stderr)), @r#"
    error: pack `math`: no version matches `^7`, there is 0.1.0 ([program]/libterrace_pack_math.so)
     --> flow.yaml:2:10
      |
    2 | packs: { math: "^7" }
      |          ^^^^
    "#);
}

#[test]
fn a_file_that_is_no_pack_is_refused_by_name() {
    let ran = terrace(&["packs", "inspect", "./README.md"]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(ran.stderr, @r"error: pack `./README.md`: cannot be loaded: ./README.md: is not a shared library but text; a pack is a file built with crate-type cdylib");
}

#[test]
fn a_pack_that_is_cut_short_is_refused_and_the_process_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(built().packs.join("libterrace_pack_util.so")).unwrap();
    std::fs::write(folder.path().join("libcut.so"), &whole[..whole.len() / 2]).unwrap();
    let ran = terrace(&["packs", "list", "--packs", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("libcut.so: is cut short"), "{}", ran.stderr);
    assert!(ran.stdout.contains("util 0.1.0"), "{}", ran.stdout);
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
    error: input `nn`: there is no such input; the workflow has n, text, list
    error: input `text`: a value of type str is needed and there is no default
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
    let folder = tempfile::tempdir().unwrap();
    let folder_name = format!("{}/flow.yaml", folder.path().display());
    std::fs::create_dir(&folder_name).unwrap();
    let mut all = String::new();
    for args in [
        &["run", "no-such.yaml"] as &[&str],
        &["run", "README.md"],
        &["run", folder_name.as_str()],
        &["run", "examples/vqe-h2.yaml", "--order", "sideways"],
        &["run", "examples/vqe-h2.yaml", "--target", "anzatz"],
        &["run", "examples/vqe-h2.yaml", "--input", "theta"],
        &["run", "examples/vqe-h2.yaml", "--inputs", "no-such.json"],
        &["run", "examples/vqe-h2.yaml", "--input", "theta=@no-such"],
        &["run", "examples/vqe-h2.yaml", "-i", "theta=1", "-i", "theta=2"],
    ] {
        let ran = terrace(args);
        assert_eq!(ran.code, 2, "{args:?}");
        assert_eq!(ran.stdout, "");
        all.push_str(&ran.stderr.replace(&format!("{}/", folder.path().display()), ""));
    }
    insta::assert_snapshot!(all, @r"
    error: cannot read no-such.yaml: No such file or directory (os error 2)
    error: README.md: the name must end in .yaml, .yml, .toml or .json
    error: cannot read flow.yaml: Is a directory (os error 21)
    error: invalid value 'sideways' for '--order <ORDER>'
      [possible values: dataflow, levels]

    For more information, try '--help'.
    error: no node is called `anzatz`; did you mean `ansatz`?
    error: invalid value 'theta' for '--input <NAME=VALUE>': expected NAME=VALUE

    For more information, try '--help'.
    error: cannot read no-such.json: No such file or directory (os error 2)
    error: input `theta`: cannot read no-such: No such file or directory (os error 2)
    error: input `theta`: `--input` gives it twice
    ");
}

#[test]
fn a_wrong_command_line_prints_the_document_too_where_it_is_asked_for() {
    let mut all = String::new();
    for args in [
        &["run", "--json"] as &[&str],
        &["run", "flow.yaml", "--json", "--ordre", "levels"],
        &["run", "flow.yaml", "--json", "--order", "sideways"],
        &["run", "flow.yaml", "--json=everything"],
        &["check", "--json", "flow.yaml", "more.yaml"],
        &["packs", "lst", "--json"],
        &["--json"],
    ] {
        let ran = terrace(args);
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        let document = document(&ran);
        assert_eq!((&document["format"], &document["status"]), (&1.into(), &"invalid".into()));
        all.push_str(&format!("{} -> {}\n", args.join(" "), document["errors"]));
    }
    insta::assert_snapshot!(all, @r#"
    run --json -> [{"message":"the following required arguments were not provided: <FILE>"}]
    run flow.yaml --json --ordre levels -> [{"message":"unexpected argument '--ordre' found","help":"a similar argument exists: '--order'"}]
    run flow.yaml --json --order sideways -> [{"message":"invalid value 'sideways' for '--order <ORDER>' [possible values: dataflow, levels]"}]
    run flow.yaml --json=everything -> [{"message":"invalid value 'everything' for '--json[=<HOW>]' [possible values: brief, full]"}]
    check --json flow.yaml more.yaml -> [{"message":"unexpected argument 'more.yaml' found"}]
    packs lst --json -> [{"message":"unrecognized subcommand 'lst'","help":"a similar subcommand exists: 'list'"}]
    --json -> [{"message":"unexpected argument '--json' found"}]
    "#);
    insta::assert_snapshot!(terrace(&["run", "--json"]).stdout, @r#"
    {
      "format": 1,
      "status": "invalid",
      "outputs": {},
      "nodes": [],
      "errors": [
        {
          "message": "the following required arguments were not provided: <FILE>"
        }
      ]
    }
    "#);
    let without = terrace(&["run", "flow.yaml", "--", "--json"]);
    assert_eq!((without.code, &*without.stdout), (2, ""));
    let help = terrace(&["run", "--json", "--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Usage: terrace run"), "{}", help.stdout);
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
    let ran = scratch.run(&["--workers", "1"]);
    assert_eq!(ran.stdout, "good: 3\n");
    insta::assert_snapshot!(still_times(&ran.stderr), @r"
    no output `later`: `later` was skipped because of `bad`
    workflow failed in [time]: 2 nodes ran (dataflow order, 1 compute worker)
      Level 0: fail, add (2 parallel) [time] of work
    1 succeeded, 1 failed, 2 skipped, 0 cancelled
    error: node `bad` (util/fail): no luck
      skipped because of it: after_bad, later
    ");
}

#[test]
fn a_run_that_succeeds_says_what_ran_and_how_long_it_took() {
    let ran = terrace(&["run", "examples/vqe-h2.yaml", "--workers", "2", "--order", "levels"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(still_times(&ran.stderr), @r"
    vqe-h2 succeeded in [time]: 7 nodes ran (levels order, 2 compute workers)
      Level 0: build_ansatz (1 parallel) [time] of work
      Level 1: measure_pauli ×5 (5 parallel) [time] of work
      Level 2: compute_energy (1 parallel) [time] of work
    ");
    let ran = terrace(&["run", "examples/vqe-h2.yaml", "--workers", "0", "--target", "xx"]);
    insta::assert_snapshot!(still_times(&ran.stderr), @r"
    vqe-h2 succeeded in [time]: 2 nodes ran (dataflow order, in sequence on one thread)
      Level 0: build_ansatz (1 parallel) [time] of work
      Level 1: measure_pauli (1 parallel) [time] of work
    ");
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

#[test]
fn a_closed_standard_error_changes_no_exit_code() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = terrace_tests::command();
    command.args(["check", "no-such.yaml"]).stderr(full);
    assert_eq!(terrace_tests::ran(command.output()).code, 2);
}

#[test]
fn a_file_without_an_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zero.yaml");
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    let ran = terrace(&["check", file.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("more than the 16777216 bytes allowed"), "{}", ran.stderr);
}

#[test]
fn what_tasks_say_cannot_drive_the_terminal() {
    let scratch = workflow(
        "terrace: 1\npacks: { util: \"^0.1\" }\nnodes:\n  bad: { task: util/fail, with: { message: \"a\\e]0;b\" } }\n",
    );
    let ran = scratch.run(&[]);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    assert!(ran.stderr.contains(r"a\u{1b}]0;b"), "{}", ran.stderr);
}

/// Scripts depend on them: each that the command names is in both lists.
#[test]
fn every_exit_code_is_in_the_readme_and_on_the_page_of_the_format() {
    let help = terrace(&["run", "--help"]).stdout;
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let codes: Vec<&str> =
        codes.split([' ', '\n']).filter(|word| word.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "130"]);
    let text = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (readme, page) = (text("README.md"), text("docs/FILE-FORMAT.md"));
    let (_, readme) = readme.split_once("Exit codes: ").unwrap();
    let (readme, _) = readme.split_once("\n\n").unwrap();
    let (_, page) = page.split_once("\n## Exit codes\n").unwrap();
    let (page, _) = page.split_once("\n## ").unwrap();
    for code in codes {
        assert!(readme.split([' ', '\n']).any(|word| word == code), "{code} in {readme}");
        assert!(page.contains(&format!("\n| {code} | ")), "{code} in {page}");
    }
}

#[test]
fn one_start_is_no_plural() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
limits: { one: { concurrency: 1 } }
nodes: { a: { task: util/stub, needs: one } }
"#,
    );
    let ran = scratch.run(&[]);
    assert!(
        ran.stderr.contains("  limit one: at most 1 of 1 at once, 1 start\n"),
        "{}",
        ran.stderr
    );
}

/// As in a file.
#[test]
fn no_time_at_all_is_refused_on_the_command_line_too() {
    let scratch = workflow("terrace: 1\nnodes: { a: { task: util/stub } }\n");
    for option in ["--deadline", "--approve-timeout"] {
        let ran = scratch.run(&[option, "0s"]);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("it must be more than 0"), "{}", ran.stderr);
    }
}

#[test]
fn after_the_deadline_of_the_run_nothing_starts_and_nothing_cleans_up() {
    let scratch = workflow(
        r#"terrace: 1
packs: { util: "^0.1" }
deadline: 100ms
nodes:
  long: { task: util/sleep, with: { seconds: 60 } }
  clean_up: { task: util/stub, after: [long], run_if: always }
  alarm: { task: util/stub, after: [long], run_if: failure }
"#,
    );
    let json = scratch.json(&[]);
    assert_eq!(json["status"], "limit_reached");
    let status = |name| node(&json, name)["status"].as_str().unwrap();
    assert_eq!(["long", "clean_up", "alarm"].map(status), ["timed_out", "cancelled", "cancelled"]);
}
