//! The programs of `examples/shapes` print what they are to show; those that do the same as a
//! workflow file give its answer.

use std::collections::BTreeSet;

use serde_json::Value;
use terrace_tests::{built, command, ran, shapes, terrace};

use crate::support::document;

/// What a program printed.
fn output(program: &str, args: &[&str]) -> String {
    // The environment of the command, for another program.
    let still = command();
    let mut program = std::process::Command::new(&shapes()[program]);
    for (name, value) in still.get_envs() {
        match value {
            Some(value) => program.env(name, value),
            None => program.env_remove(name),
        };
    }
    let ran = ran(program.args(args).output());
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}", ran.stdout);
    ran.stdout
}

/// The outputs of a workflow file.
fn outputs(file: &str, args: &[&str]) -> Value {
    let ran = terrace(&[&["run", file, "--json"], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    document(&ran)["outputs"].take()
}

#[test]
fn every_program_is_tested_here() {
    let programs: BTreeSet<&str> = shapes().keys().map(String::as_str).collect();
    let tested = ["branches", "early", "map", "merge_sort", "queens", "vqe"];
    assert_eq!(programs, tested.into());
}

#[test]
fn maps_gather_in_order_and_reduce() {
    insta::assert_snapshot!(output("map", &[]), @r"
    moved: up cf ps opu up cf
    letters: 13
    halves: t b o - t b
    0 to up
    1 be cf
    2 or ps
    3 not opu
    4 to up
    5 be cf
    ");
}

#[test]
fn branches_stand_in_branches_and_in_maps() {
    insta::assert_snapshot!(output("branches", &[]), @r"
    mean 2.8, range 4
    around [1, -1, 1, -1, 1]
    Level 0: statistics (1 parallel)
      statistics:
        Level 0: mean, range (2 parallel)
          mean:
            Level 0: parts (1 parallel)
              parts:
                Level 0: sum, count (2 parallel)
                  sum:
                    Level 0: closure (1 parallel)
                  count:
                    Level 0: closure (1 parallel)
            Level 1: closure (1 parallel)
          range:
            Level 0: spread (1 parallel)
              spread:
                Level 0: closure ×2 (2 parallel)
                Level 1: closure (1 parallel)
    Level 1: map ×? (? parallel)
      map ×?:
        Level 0: sides (1 parallel)
          sides:
            Level 0: below, above (2 parallel)
              below:
                Level 0: closure (1 parallel)
              above:
                Level 0: closure (1 parallel)
        Level 1: closure (1 parallel)
    by itself Some(5.5)
    ");
}

#[test]
fn the_loop_comes_to_the_minimum_that_the_workflow_file_finds() {
    let printed = output("vqe", &[built().packs.to_str().unwrap()]);
    let file = outputs("examples/vqe-minimum.yaml", &[]);
    let mut names = Vec::new();
    for line in printed.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        let value: Value = serde_json::from_str(value).unwrap();
        // To the last bit: the same tasks, in the same order.
        assert_eq!(value, file[if name == "best" { "theta" } else { name }], "{name}");
        names.push(name);
    }
    assert_eq!(names, ["energy", "best", "passes"]);
    assert!((file["energy"].as_f64().unwrap() + 1.1373060358).abs() < 1e-9, "{file}");
}

#[test]
fn queens_are_as_many_as_the_workflow_file_counts() {
    for (n, solutions) in [("1", 1), ("3", 0), ("8", 92), ("10", 724)] {
        assert_eq!(output("queens", &[n]), format!("{n} queens: {solutions}\n"));
        let file = outputs("examples/queens.yaml", &["--input", &format!("n={n}")]);
        assert_eq!(file["solutions"], solutions);
    }
}

#[test]
fn a_node_that_gives_two_of_itself_sorts() {
    assert_eq!(output("merge_sort", &[]), "100000 numbers, sorted: true\n");
}

#[test]
fn a_run_ends_early_goes_on_or_fails_and_cleans_up_each_time() {
    insta::assert_snapshot!(output("early", &[]), @r"
    7 7
      cleaned up
      Succeeded: nothing
    5 7
      cleaned up
      Succeeded: fetched 2
    9 7
      cleaned up
      Succeeded: ahead of the others
    5 1000
      rolled back
      cleaned up
      Failed: nothing
    ");
}
