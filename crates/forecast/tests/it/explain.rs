//! Explanations: levels, critical path, slack, what would help.

use std::time::Duration;

use terrace_core::{NoTasks, WorkflowBuilder};
use terrace_forecast::wfformat::Instance;
use terrace_forecast::{Assumptions, Explanation};

use crate::generate::{instance, workflow_of};
use crate::naive;

fn explain(instance: &Instance, workers: u32) -> Explanation {
    Explanation::of(&workflow_of(instance), &Assumptions::default(), workers, false).unwrap()
}

/// Two pipelines that wait for each other only at levels.
const PIPELINES: &str = r#"{"name": "pipelines", "workflow": {"tasks": [
  {"id": "long_1", "runtime": 10}, {"id": "short_1", "runtime": 1},
  {"id": "short_2", "runtime": 9, "parents": ["short_1"]}, {"id": "long_2", "runtime": 2, "parents": ["long_1"]}
]}}"#;

#[test]
fn an_explanation_answers_one_question_after_the_other() {
    let pipelines = Instance::read("pipelines.json", PIPELINES).unwrap();
    insta::assert_snapshot!(explain(&pipelines, 2).to_text(), @r"
    pipelines: 4 tasks in 2 levels
      one after the other  22 s
      on 2 workers         12 s (1.83× as fast, workers 91.7 % busy)
      critical path        12 s: no run is faster

    Levels
      Level 0: long, short (2 parallel)  10 s, the longest `long_1`
      Level 1: short, long (2 parallel)  9 s, the longest `short_2`

    Critical path, 12 s
      long_1  10 s  83.3 %
      long_2   2 s  16.7 %
    Next comes `short_1`: it could take 2 s longer before it delays the end

    Strict levels cost 7 s (58.3 %): 19 s on 2 workers level by level, 12 s as soon as inputs exist

    Speed up `long_1` first: twice as fast
      long_1  5 s instead of 10 s  gives 10 s  16.7 % less
      long_2  1 s instead of 2 s   gives 11 s   8.3 % less

    More workers
      2  12 s  1.83×  91.7 %
      4  12 s  1.83×  45.8 %
    ");
}

#[test]
fn slack_is_how_much_longer_a_node_can_take() {
    for seed in 0..24 {
        let instance = instance(seed);
        let path = naive::ways(&instance).into_iter().max().unwrap();
        let explained = explain(&instance, 8);
        assert_eq!(explained.path_length.as_nanos(), path, "seed {seed}");
        let along: Duration = explained.critical_path.iter().map(|node| node.time).sum();
        assert_eq!(along, explained.path_length, "seed {seed}");
        for node in explained.nodes.iter().step_by(7) {
            let at = node.node.index();
            let with = |more: Duration| {
                let mut changed = instance.clone();
                changed.tasks[at].runtime += more;
                naive::ways(&changed).into_iter().max().unwrap()
            };
            let name = &node.name;
            assert_eq!(with(node.slack), path, "seed {seed}: {name} delays the end");
            let over = Duration::from_nanos(1);
            assert_eq!(with(node.slack + over), path + 1, "seed {seed}: {name} had more slack");
        }
    }
}

#[test]
fn in_units_every_task_counts_the_same() {
    let wf = WorkflowBuilder::new("reads");
    let reads: Vec<_> = (0..3).map(|n| wf.call(move || n, ()).named(format!("read_{n}"))).collect();
    let merge = wf.call(|all: Vec<i64>| all.len() as i64, (reads,)).named("merge");
    wf.output("merge", &merge);
    let wf = wf.build(&NoTasks).unwrap();
    let mut assumptions = Assumptions::default();
    assumptions.times = assumptions.times.with_default(Some(Duration::from_secs(1)));
    let explained = Explanation::of(&wf, &assumptions, 4, true).unwrap();
    let text = explained.to_text();
    assert!(
        text.starts_with("reads: 4 tasks in 2 levels; nothing says how long they take"),
        "{text}"
    );
    assert!(text.contains("one after the other  4 units"), "{text}");
    assert!(text.contains("critical path        2 units"), "{text}");
    assert_eq!(explained.spread.most, 3);
}
