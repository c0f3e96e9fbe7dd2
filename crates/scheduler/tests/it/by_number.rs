//! Plans of closures and edges by number run as any others: on every path, with every number of
//! workers, and whatever goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use terrace_core::{NodeId, OutcomeStatus, Plan, PlanBuilder, SharedTask, TaskError, Value};
use terrace_scheduler::{CancelToken, Order, PathChoice, RunOptions, RunStatus, Scheduler};

use crate::random::Random;

fn ways() -> impl Iterator<Item = (Scheduler, RunOptions)> {
    let paths = [PathChoice::Auto, PathChoice::Fast, PathChoice::Dispatcher];
    [1, 2, 4].into_iter().flat_map(move |workers| {
        let scheduler = Scheduler::builder().workers(workers).build().unwrap();
        let options = paths.map(|path| RunOptions::default().with_path(path));
        let levels = RunOptions::default().with_order(Order::Levels);
        options.into_iter().chain([levels]).map(move |options| (scheduler.clone(), options))
    })
}

fn at(index: usize) -> NodeId {
    NodeId::at(index).unwrap()
}

#[test]
fn random_graphs_give_what_a_sequential_pass_gives() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let n = 1 + random.below(200);
        let mut graph = PlanBuilder::new();
        let mut expected: Vec<i64> = Vec::new();
        for node in 0..n {
            let on = random.before(node, 8, 4);
            let number = node as i64;
            expected.push(on.iter().fold(number, |sum, &on| sum.wrapping_mul(3) ^ expected[on]));
            let add_up = move |args: &mut [Value]| {
                let mut args = args.iter().filter_map(Value::as_i64);
                let sum = args.try_fold(number, |sum, arg| Some(sum.wrapping_mul(3) ^ arg));
                sum.ok_or_else(|| TaskError::msg("an argument is no number"))
            };
            let id = graph.call_list(add_up, on.iter().map(|&on| at(on)));
            for &before in &random.before(node, 8, 2) {
                graph.edge(at(before), id);
            }
            graph.keep(id);
        }
        let plan = Arc::new(graph.build().unwrap());
        for (scheduler, options) in ways() {
            for _ in 0..2 {
                let report = scheduler.run(&plan, options.clone());
                assert_eq!(report.status, RunStatus::Succeeded, "seed {seed}");
                for (node, &value) in expected.iter().enumerate() {
                    let found = report.value(at(node)).unwrap();
                    assert_eq!(found.as_i64(), Some(value), "seed {seed}, node {node}");
                }
            }
        }
    }
}

#[test]
fn a_function_that_nodes_share_gets_the_number_of_each() {
    let sum = Arc::new(AtomicI64::new(0));
    let mut graph = PlanBuilder::with_capacity(1000, 999);
    let add = {
        let sum = Arc::clone(&sum);
        SharedTask::new(move |number| {
            sum.fetch_add(i64::from(number), Ordering::Relaxed);
        })
    };
    for node in 0..1000 {
        let before = NodeId::at(node / 2).filter(|_| node > 0);
        graph.add_shared(&add, node as u32, before);
    }
    let plan = Arc::new(graph.build().unwrap());
    for (round, (scheduler, options)) in (1..).zip(ways()) {
        assert_eq!(scheduler.run(&plan, options).status, RunStatus::Succeeded);
        assert_eq!(sum.load(Ordering::Relaxed), round * 499_500);
    }
}

/// Two nodes fail, one of them by a panic; one is behind both.
fn failing() -> Plan {
    let mut graph = PlanBuilder::new();
    let good = graph.add(|| 1_i64);
    let bad = graph.try_call(|_: i64| Err::<i64, _>(TaskError::msg("no such star")), [good]);
    let worse = graph.call(|x: i64| -> i64 { panic!("at {x}") }, [good]);
    let behind = graph.call(|x: i64, y: i64| x + y, [bad, worse]);
    graph.add_after(|| (), [behind]);
    let beside = graph.add_after(|| 5_i64, [good]);
    graph.keep(beside);
    graph.build().unwrap()
}

#[test]
fn errors_and_panics_end_their_nodes_and_those_behind_them() {
    let plan = Arc::new(failing());
    for (scheduler, options) in ways() {
        let report = scheduler.run(&plan, options);
        assert_eq!(report.status, RunStatus::Failed);
        let statuses = report.outcomes().map(|(_, outcome)| outcome.unwrap().status);
        use OutcomeStatus::{Failed, Ok, Skipped};
        assert_eq!(statuses.collect::<Vec<_>>(), [Ok, Failed, Failed, Skipped, Skipped, Ok]);
        assert_eq!(report.value(at(5)).unwrap().as_i64(), Some(5));
        let errors = [1, 2].map(|node| report.outcome(at(node)).unwrap().error.unwrap());
        assert_eq!(errors[0].message(), "no such star");
        assert!(errors[1].message().contains("at 1"), "{}", errors[1].message());
        let unread = report.value(at(1)).unwrap_err().to_string();
        assert!(unread.contains("`task_1`"), "{unread}");
    }
}

#[test]
fn a_cancelled_run_stops_between_nodes() {
    for (scheduler, options) in ways() {
        let token = CancelToken::new();
        let mut graph = PlanBuilder::new();
        let cancel = token.clone();
        let mut last = graph.add(move || cancel.cancel());
        for _ in 0..100 {
            last = graph.add_after(|| (), [last]);
        }
        let plan = Arc::new(graph.build().unwrap());
        let report = scheduler.run(&plan, options.with_cancel(token));
        assert_eq!(report.status, RunStatus::Cancelled);
        let last = report.outcome(last).unwrap().status;
        assert!(matches!(last, OutcomeStatus::Cancelled | OutcomeStatus::Skipped), "{last:?}");
    }
}

#[test]
fn an_argument_that_turns_out_to_be_of_another_type_fails_its_node() {
    let mut graph = PlanBuilder::new();
    let text = graph.add(|| Value::from("text"));
    graph.call(|number: i64| number, [text]);
    let plan = Arc::new(graph.build().unwrap());
    for (scheduler, options) in ways() {
        let report = scheduler.run(&plan, options);
        let error = report.outcome(at(1)).unwrap().error.unwrap();
        assert!(error.message().contains("expected i64"), "{}", error.message());
    }
}
