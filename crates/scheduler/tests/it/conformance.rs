//! What both paths promise, in both orders, for every number of workers: random workflows against
//! the naive evaluator, with failures and panics.

use std::sync::{Arc, Mutex};

use terrace_core::{Event, EventKind, NodeId, OutcomeStatus, Plan};
use terrace_scheduler::{Order, PathChoice, RunOptions, RunReport, RunStatus, Scheduler};

use crate::graph::{id, within};
use crate::random::{Fate, Random, Spec, evaluate, graph, number, specs};

const WAYS: [(Order, PathChoice); 3] = [
    (Order::Dataflow, PathChoice::Fast),
    (Order::Dataflow, PathChoice::Dispatcher),
    (Order::Levels, PathChoice::Auto),
];

/// Everything that differs between what a report says and what should have happened.
fn differences(report: &RunReport, specs: &[Spec]) -> Vec<String> {
    let mut wrong = Vec::new();
    let plan = report.plan();
    for (at, (fate, causes)) in evaluate(specs).into_iter().enumerate() {
        let outcome = report.outcome(id(at)).expect("every node is kept");
        let found = match outcome.status {
            OutcomeStatus::Ok => Fate::Ok(number(report.value(id(at)).unwrap())),
            OutcomeStatus::Failed => Fate::Failed,
            OutcomeStatus::Skipped => Fate::Skipped,
            other => panic!("{other:?}"),
        };
        if found != fate {
            wrong.push(format!("node {at}: {found:?} instead of {fate:?}"));
        }
        let first = causes.iter().map(|&on| plan.place(id(on)).unwrap()).min();
        let cause = first.map(|first| plan.id(first)).filter(|_| fate == Fate::Skipped);
        if outcome.cause != cause {
            wrong.push(format!("node {at}: cause {:?} instead of {cause:?}", outcome.cause));
        }
        if outcome.error.is_some() != (fate == Fate::Failed) {
            wrong.push(format!("node {at}: error {:?}", outcome.error));
        }
    }
    wrong
}

/// What is wrong with the order of a run's events, for workflow `specs`.
fn disorder(events: &[Event], specs: &[Spec], plan: &Plan, order: Order) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ended = vec![false; specs.len()];
    let mut started = vec![false; specs.len()];
    let level = |node: NodeId| plan.workflow().levels().of(node);
    if !matches!(events.first().map(|e| &e.kind), Some(EventKind::RunStarted { .. })) {
        wrong.push("does not begin with the run's start".to_owned());
    }
    if !matches!(events.last().map(|e| &e.kind), Some(EventKind::RunFinished { .. })) {
        wrong.push("does not end with the run's end".to_owned());
    }
    if !events.windows(2).all(|pair| pair[0].at <= pair[1].at) {
        wrong.push("time runs backwards".to_owned());
    }
    for event in events {
        match &event.kind {
            EventKind::NodeStarted { node, .. } => {
                let at = node.index();
                if std::mem::replace(&mut started[at], true) {
                    wrong.push(format!("node {at} started twice"));
                }
                for &on in specs[at].reads.iter().chain(&specs[at].after) {
                    if !ended[on] {
                        wrong.push(format!("node {at} started before {on} had ended"));
                    }
                }
                let lower = |on: &NodeId| level(*on) < level(*node) && !ended[on.index()];
                if order == Order::Levels && plan.workflow().node_ids().any(|on| lower(&on)) {
                    wrong.push(format!("node {at} started before its level"));
                }
            }
            EventKind::NodeFinished { node, .. } => {
                let before = std::mem::replace(&mut ended[node.index()], true);
                wrong.extend(before.then(|| format!("node {} ended twice", node.index())));
            }
            _ => {}
        }
    }
    if !ended.iter().all(|&ended| ended) {
        wrong.push("a node never ended".to_owned());
    }
    wrong
}

fn run_watched(
    scheduler: &Scheduler,
    plan: &Arc<Plan>,
    (order, path): (Order, PathChoice),
) -> (RunReport, Vec<Event>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let observer = move |event: &Event| sink.lock().unwrap().push(event.clone());
    let options =
        RunOptions::default().with_order(order).with_path(path).with_observer(Arc::new(observer));
    let report = scheduler.run(plan, options);
    let events = std::mem::take(&mut *events.lock().unwrap());
    (report, events)
}

#[test]
fn ten_thousand_random_workflows_end_as_they_should() {
    within(600, || {
        let schedulers: Vec<Scheduler> =
            [1, 2, 8].map(|n| Scheduler::builder().workers(n).build().unwrap()).into();
        for seed in 0..10_000 {
            let specs = specs(&mut Random(seed));
            let plan = graph(&specs).plan();
            let failing = evaluate(&specs).iter().any(|(fate, _)| !matches!(fate, Fate::Ok(_)));
            for (workers, scheduler) in schedulers.iter().enumerate() {
                for way in WAYS {
                    let label = format!("seed {seed}, scheduler {workers}, {way:?}");
                    let options = RunOptions::default().with_order(way.0).with_path(way.1);
                    let report = scheduler.run(&plan, options);
                    assert_eq!(differences(&report, &specs), [""; 0], "{label}");
                    let status = if failing { RunStatus::Failed } else { RunStatus::Succeeded };
                    assert_eq!(report.status, status, "{label}");
                    if seed % 4 == 0 {
                        let (report, events) = run_watched(scheduler, &plan, way);
                        assert_eq!(differences(&report, &specs), [""; 0], "{label}");
                        assert_eq!(disorder(&events, &specs, &plan, way.0), [""; 0], "{label}");
                    }
                }
            }
        }
    });
}

/// The checkers above are worth something only if they notice.
#[test]
fn a_lost_edge_is_noticed() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let (mut tried, mut noticed) = (0, 0);
        for seed in 0..400 {
            let specs = specs(&mut Random(seed));
            let Some(at) = specs.iter().rposition(|spec| !spec.after.is_empty()) else { continue };
            let on = specs[at].after[0];
            if specs[at].reads.contains(&on) || specs[at].after.len() > 1 {
                continue;
            }
            let mut broken = specs.clone();
            broken[at].after.clear();
            let plan = graph(&broken).plan();
            tried += 1;
            for way in WAYS {
                let (report, events) = run_watched(&scheduler, &plan, way);
                let wrong = differences(&report, &specs).len()
                    + disorder(&events, &specs, &plan, way.0).len();
                if wrong > 0 {
                    noticed += 1;
                    break;
                }
            }
        }
        // Where the order happens to be right anyway, nothing can be seen.
        assert!(tried > 100 && noticed * 5 > tried, "noticed {noticed} of {tried}");
    });
}
