//! A million nodes: nothing recurses, nothing is quadratic.

use terrace_core::{TaskError, Value};
use terrace_scheduler::{Order, PathChoice, RunOptions, RunReport, Scheduler};

use crate::graph::{Graph, id, task, within};

const CHAIN: usize = 1_000_000;
const FAN: usize = 100_000;

fn both(scheduler: &Scheduler, graph: Graph, check: impl Fn(&RunReport)) {
    let plan = graph.plan();
    for path in [PathChoice::Fast, PathChoice::Dispatcher] {
        let report = scheduler.run(&plan, RunOptions::default().with_path(path));
        check(&report);
    }
}

#[test]
fn a_chain_of_a_million_runs_and_drops() {
    within(200, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let first = task(0, |_, _| Ok(Value::from(0_i64)));
        let more = task(1, |_, args| Ok(Value::from(1 + args[0].as_i64().unwrap_or(0))));
        let mut last = graph.task(&[], &first);
        while last + 1 < CHAIN {
            last = graph.task(&[last], &more);
        }
        graph.output("last", last);
        both(&scheduler, graph, |report| {
            let last = report.output("last").unwrap().as_ref().unwrap();
            assert_eq!(last.as_i64(), Some(CHAIN as i64 - 1));
        });
    });
}

#[test]
fn one_failure_skips_a_hundred_thousand() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let first = graph.node(&[], |_, _| Err(TaskError::msg("no")));
        let more = task(1, |_, _| Ok(Value::Null));
        let mut last = first;
        for _ in 0..FAN {
            last = graph.task(&[last], &more);
        }
        both(&scheduler, graph, |report| {
            assert_eq!((report.counts.failed, report.counts.skipped), (1, FAN));
            assert_eq!(report.outcome(id(FAN)).unwrap().cause, Some(id(first)));
        });
    });
}

#[test]
fn a_fan_of_a_hundred_thousand_comes_together() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let root = graph.node(&[], |_, _| Ok(Value::from(1_i64)));
        let copy = task(1, |_, args| Ok(std::mem::take(&mut args[0])));
        let wide: Vec<usize> = (0..FAN).map(|_| graph.task(&[root], &copy)).collect();
        let sum = graph.node(&wide, |_, args| {
            Ok(Value::from(args.iter().filter_map(Value::as_i64).sum::<i64>()))
        });
        graph.output("sum", sum);
        let plan = graph.plan();
        for (order, path) in [
            (Order::Dataflow, PathChoice::Fast),
            (Order::Dataflow, PathChoice::Dispatcher),
            (Order::Levels, PathChoice::Auto),
        ] {
            let options = RunOptions::default().with_order(order).with_path(path);
            let report = scheduler.run(&plan, options);
            let sum = report.output("sum").unwrap().as_ref().unwrap();
            assert_eq!(sum.as_i64(), Some(FAN as i64));
            assert_eq!(report.levels().len(), 3);
        }
    });
}
