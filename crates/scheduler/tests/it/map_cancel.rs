//! Stopping a run in the middle of a large map: it ends, nothing new starts, nothing is left.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use terrace_core::{
    Collect, Draft, Event, EventKind, Lane, Map, NodeDraft, Plan, ReduceDraft, RepeatDraft, Value,
};
use terrace_scheduler::{
    CancelToken, OutcomeStatus, PathChoice, RunOptions, RunReport, RunStatus, Scheduler,
};

use crate::fan::{build, flow, inline, input, local, map, numbers};
use crate::graph::{Graph, id, output, task, within};
use crate::oracle::disorder;
use crate::values::Counted;

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

fn repeat(spec: Map<ReduceDraft>) -> Option<RepeatDraft> {
    Some(RepeatDraft::Map(Box::new(spec)))
}

/// A body of some nodes, each of which hands on a counted value.
fn body(nodes: usize, alive: &Arc<AtomicUsize>) -> Draft {
    let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
    for at in 0..nodes {
        let alive = Arc::clone(alive);
        let makes = task(1, move |_, _| Ok(Counted::value(&alive)));
        let from = if at == 0 { input(0) } else { output(at - 1) };
        draft.nodes.push(inline(&makes, vec![from]));
    }
    draft.result = Some(output(nodes - 1));
    draft
}

/// A map over `n` counted values that a node before it makes.
fn large(n: usize, body: Draft, alive: &Arc<AtomicUsize>) -> Arc<Plan> {
    let mut graph = Graph::new();
    let own = Arc::clone(alive);
    graph.node(&[], move |_, _| {
        Ok(Value::list((0..n).map(|_| Counted::value(&own)).collect()).unwrap())
    });
    let node = flow(body, Vec::new(), repeat(map(output(0), 0)));
    graph.draft.nodes.push(NodeDraft { name: Some("m".into()), ..node });
    graph.node(&[1], |_, _| panic!("it must not run"));
    graph.output("all", 1);
    Arc::new(build(graph.draft).plan())
}

/// For each item a map over as many, of two nodes each.
fn nested(n: usize, alive: &Arc<AtomicUsize>) -> Draft {
    let inner = flow(body(2, alive), Vec::new(), repeat(map(numbers(n as i64), 0)));
    let after = task(1, |_, args| Ok(std::mem::take(&mut args[0])));
    Draft {
        inputs: vec![local("item")],
        nodes: vec![inner, inline(&after, vec![output(0)])],
        result: Some(output(1)),
        ..Draft::default()
    }
}

/// Runs it and stops it from its observer, once `after` attempts have ended.
fn stopped(
    scheduler: &Scheduler,
    plan: &Arc<Plan>,
    path: PathChoice,
    after: usize,
) -> (RunReport, Vec<Event>, usize) {
    let token = CancelToken::new();
    let told = token.clone();
    let events = Arc::new(Mutex::new((Vec::new(), 0, 0)));
    let sink = Arc::clone(&events);
    let observer = move |event: &Event| {
        let mut sink = sink.lock().unwrap();
        sink.0.push(event.clone());
        if matches!(event.kind, EventKind::NodeFinished { attempts: 1, .. }) {
            sink.1 += 1;
            if sink.1 == after {
                sink.2 = sink.0.len();
                told.cancel();
            }
        }
    };
    let options =
        RunOptions::default().with_path(path).with_cancel(token).with_observer(Arc::new(observer));
    let report = scheduler.run(plan, options);
    let mut events = events.lock().unwrap();
    let (events, at) = (std::mem::take(&mut events.0), events.2);
    (report, events, at)
}

#[test]
fn a_large_map_ends_at_once_and_nothing_is_left() {
    within(100, || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let alive = Arc::new(AtomicUsize::new(0));
            let plans = [
                large(1_000_000, body(1, &alive), &alive),
                large(100_000, body(3, &alive), &alive),
                large(1_000, nested(1_000, &alive), &alive),
            ];
            for (plan, path) in plans.iter().flat_map(|plan| PATHS.map(|path| (plan, path))) {
                let (report, events, at) = stopped(&scheduler, plan, path, 5_000);
                assert_eq!(report.status, RunStatus::Cancelled);
                assert_eq!(report.status_of(id(1)), Some(OutcomeStatus::Cancelled));
                assert_eq!(report.status_of(id(2)), Some(OutcomeStatus::Cancelled));
                assert_eq!(alive.load(Ordering::SeqCst), 0, "the report holds nothing of it");
                // Each thread may have been about to start one.
                let starts = |event: &&Event| matches!(event.kind, EventKind::NodeStarted { .. });
                let late = events[at..].iter().filter(starts).count();
                assert!(late <= workers, "{late} attempts were started by {workers} workers");
                let ended = |event: &Event| {
                    matches!(event.kind, EventKind::NodeFinished { attempts: 1, .. })
                };
                let last = events.iter().rposition(ended).unwrap();
                assert_eq!(events[last..].iter().filter(starts).count(), 0);
                let names = ["n0", "m", "n2"].map(str::to_owned);
                assert_eq!(disorder(&events, &names), [""; 0]);
            }
        }
    });
}

#[test]
fn a_map_is_stopped_from_outside_too() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for blocking in [false, true] {
            for path in PATHS {
                let alive = Arc::new(AtomicUsize::new(0));
                let count = Arc::new(AtomicUsize::new(0));
                let mut draft = body(1, &alive);
                let (own, ran) = (Arc::clone(&alive), Arc::clone(&count));
                let counts = task(1, move |_, _| {
                    ran.fetch_add(1, Ordering::SeqCst);
                    Ok(Counted::value(&own))
                });
                draft.nodes[0] = inline(&counts, vec![input(0)]);
                draft.nodes[0].lane = blocking.then_some(Lane::Blocking);
                let handle = scheduler
                    .start(&large(200_000, draft, &alive), RunOptions::default().with_path(path));
                while count.load(Ordering::SeqCst) < 2_000 {
                    std::thread::yield_now();
                }
                handle.cancel();
                assert_eq!(handle.wait().status, RunStatus::Cancelled);
                assert!(count.load(Ordering::SeqCst) < 200_000);
                assert_eq!(alive.load(Ordering::SeqCst), 0);
            }
        }
    });
}

/// The last items are on their way: none is left to be taken, and some do not end by themselves.
#[test]
fn outcomes_of_which_some_are_missing_do_not_pass_for_all() {
    within(60, || {
        for (workers, nodes) in [(1, 1), (2, 1), (2, 2)] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let token = CancelToken::new();
                let own = token.clone();
                let stops = task(1, move |ctx, args| {
                    if args[0].as_i64() == Some(2) {
                        own.cancel();
                    }
                    if args[0].as_i64() >= Some(2) {
                        ctx.check_cancelled()?;
                    }
                    Ok(args[0].clone())
                });
                let mut draft = body(nodes, &Arc::default());
                draft.nodes[0] = inline(&stops, vec![input(0)]);
                let mut spec = map(numbers(3), 0);
                spec.collect = Collect::Outcomes;
                let mut graph = Graph::new();
                graph.draft.nodes.push(flow(draft, Vec::new(), repeat(spec)));
                graph.output("out", 0);
                let options = RunOptions::default().with_path(path).with_cancel(token);
                let report = scheduler.run(&graph.plan(), options);
                assert_eq!(report.status, RunStatus::Cancelled);
                assert!(report.output("out").unwrap().is_err());
            }
        }
    });
}

/// All items are claimed, most of them not begun: what has no result is not taken for null.
#[test]
fn the_rest_of_a_claim_is_cancelled_with_the_run() {
    within(60, || {
        for path in PATHS {
            let scheduler = Scheduler::builder().workers(2).build().unwrap();
            let token = CancelToken::new();
            let own = token.clone();
            let stops = task(1, move |_, args| {
                own.cancel();
                Ok(args[0].clone())
            });
            // Only the last node of the first item could be cancelled; the others never begin.
            let mut draft = body(1, &Arc::default());
            draft.nodes[0] = inline(&stops, vec![input(0)]);
            draft.nodes.push(inline(&stops, vec![input(0)]));
            let mut spec = map(numbers(8), 0);
            spec.chunk = terrace_core::Chunk::Of(8);
            let mut graph = Graph::new();
            graph.draft.nodes.push(flow(draft, Vec::new(), repeat(spec)));
            graph.output("out", 0);
            let options = RunOptions::default().with_path(path).with_cancel(token);
            let report = scheduler.run(&graph.plan(), options);
            assert_eq!(report.status, RunStatus::Cancelled);
            assert!(report.output("out").unwrap().is_err());
        }
    });
}

/// Items start runs of their own, of which each waits until it is told to stop.
#[test]
fn runs_inside_items_stop_with_the_run_around_them() {
    within(60, || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let inside = Arc::new(AtomicUsize::new(0));
                let stopped = Arc::new(AtomicUsize::new(0));
                let here = Arc::clone(&inside);
                let waits = task(1, move |ctx, _| {
                    here.fetch_add(1, Ordering::SeqCst);
                    loop {
                        ctx.check_cancelled()?;
                        std::thread::yield_now();
                    }
                });
                let mut inner = Graph::new();
                let body = Draft {
                    inputs: vec![local("item")],
                    nodes: vec![inline(&waits, vec![input(0)])],
                    result: Some(output(0)),
                    ..Draft::default()
                };
                inner.draft.nodes.push(flow(body, Vec::new(), repeat(map(numbers(100), 0))));
                let inner = inner.plan();
                let (own, ended) = (scheduler.clone(), Arc::clone(&stopped));
                let runs = task(1, move |_, _| {
                    let report = own.run(&inner, RunOptions::default().with_path(path));
                    if report.status == RunStatus::Cancelled {
                        ended.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(Value::Null)
                });
                let body = Draft {
                    inputs: vec![local("item")],
                    nodes: vec![inline(&runs, vec![input(0)])],
                    result: Some(output(0)),
                    ..Draft::default()
                };
                let mut graph = Graph::new();
                graph.draft.nodes.push(flow(body, Vec::new(), repeat(map(numbers(50), 0))));
                let handle = scheduler.start(&graph.plan(), RunOptions::default().with_path(path));
                while inside.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                }
                handle.cancel();
                assert_eq!(handle.wait().status, RunStatus::Cancelled);
                assert!(stopped.load(Ordering::SeqCst) >= 1);
            }
        }
    });
}

#[test]
fn a_map_with_nothing_left_to_do_is_not_cancelled() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let token = CancelToken::new();
            let own = token.clone();
            let last = task(1, move |_, args| {
                if args[0].as_i64() == Some(9) {
                    own.cancel();
                }
                Ok(args[0].clone())
            });
            let body = Draft {
                inputs: vec![local("item")],
                nodes: vec![inline(&last, vec![input(0)])],
                result: Some(output(0)),
                ..Draft::default()
            };
            let mut spec = map(numbers(10), 0);
            spec.window = Some(1);
            let mut graph = Graph::new();
            graph.draft.nodes.push(flow(body, Vec::new(), repeat(spec)));
            graph.output("out", 0);
            let options = RunOptions::default().with_path(path).with_cancel(token);
            let report = scheduler.run(&graph.plan(), options);
            // All of it had ended: there is nothing that the token could have stopped.
            assert_eq!(report.status, RunStatus::Succeeded);
        }
    });
}
