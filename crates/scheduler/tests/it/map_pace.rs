//! How many items of a map are on their way, and in which order they begin.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Chunk, Collect, Draft, Event, EventKind, Lane, NodeDraft, RepeatDraft, TaskError, TaskRef,
    Value,
};
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler};

use crate::fan::{add, flow, inline, input, int, list, local, map, numbers, value};
use crate::graph::{Graph, id, output, task, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

/// A body that begins with a task, and adds ones to what that gives.
fn body(first: &TaskRef, lane: Option<Lane>, nodes: usize) -> Draft {
    let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
    draft.nodes.push(NodeDraft { lane, ..inline(first, vec![input(0)]) });
    for at in 1..nodes {
        let one = terrace_core::Expr::Const(Value::from(1_i64));
        draft.nodes.push(inline(&add(), vec![output(at - 1), one]));
    }
    draft.result = Some(output(nodes - 1));
    draft
}

#[test]
fn ten_thousand_waiting_items_on_sixteen_threads() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).max_blocking(16).build().unwrap();
            for (path, nodes) in PATHS.into_iter().flat_map(|path| [(path, 1), (path, 2)]) {
                let running = Arc::new(AtomicUsize::new(0));
                let most = Arc::new(AtomicUsize::new(0));
                let (own, high) = (Arc::clone(&running), Arc::clone(&most));
                let waits = task(1, move |_, args| {
                    high.fetch_max(1 + own.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                    std::thread::yield_now();
                    own.fetch_sub(1, Ordering::SeqCst);
                    Ok(args[0].clone())
                });
                let spec = map(numbers(10_000), 0);
                let repeat = Some(RepeatDraft::Map(Box::new(spec)));
                let mut graph = Graph::new();
                let body = body(&waits, Some(Lane::Blocking), nodes);
                graph.draft.nodes.push(flow(body, Vec::new(), repeat));
                graph.output("all", 0);
                let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
                let more = nodes as i64 - 1;
                let expected: Vec<i64> = (0..10_000).map(|n| n + more).collect();
                assert_eq!(value(&report, "all"), list(&expected));
                // Whoever waits for the run may stand in for a thread that the lane has not.
                let most = most.load(Ordering::SeqCst);
                assert!(most <= 16 + usize::from(nodes > 1), "{most} at once");
            }
        }
    });
}

/// The only worker is not to wait with an item while there is something to compute.
#[test]
fn waiting_items_leave_the_workers_alone() {
    within(60, || {
        for path in PATHS {
            let scheduler = Scheduler::builder().workers(1).build().unwrap();
            let done = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&done);
            let waits = task(1, move |_, _| {
                while !seen.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                Ok(Value::Null)
            });
            let mut graph = Graph::new();
            let repeat = Some(RepeatDraft::Map(Box::new(map(numbers(3), 0))));
            let body = body(&waits, Some(Lane::Blocking), 1);
            graph.draft.nodes.push(flow(body, Vec::new(), repeat));
            let quick = graph.node(&[], |_, _| Ok(Value::Null));
            graph.node(&[quick], move |_, _| {
                done.store(true, Ordering::SeqCst);
                Ok(Value::Null)
            });
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded);
        }
    });
}

/// The index in `m[17]` and `m[17].n0`.
fn item_of(path: &str) -> Option<usize> {
    let rest = path.strip_prefix("m[")?;
    rest[..rest.find(']')?].parse().ok()
}

/// From the events of a map called `m`: how many items were on their way at most, and of how many
/// before one that began the end had not come.
fn pace(events: &[Event], nodes: usize) -> (usize, usize) {
    let (mut open, mut begun) = (BTreeSet::new(), BTreeSet::new());
    let mut ended: Vec<usize> = vec![0; 10_000];
    let mut unfinished: BTreeSet<usize> = (0..10_000).collect();
    let (mut most, mut ahead) = (0, 0);
    for event in events {
        match &event.kind {
            EventKind::NodeStarted { path: Some(path), .. } => {
                let Some(item) = item_of(path) else { continue };
                if begun.insert(item) {
                    open.insert(item);
                    most = most.max(open.len());
                    ahead = ahead.max(unfinished.range(..item).count());
                }
            }
            EventKind::NodeFinished { path: Some(path), .. } => {
                let Some(item) = item_of(path) else { continue };
                ended[item] += 1;
                if ended[item] == nodes {
                    open.remove(&item);
                    unfinished.remove(&item);
                }
            }
            _ => {}
        }
    }
    (most, ahead)
}

#[test]
fn a_window_holds_and_items_begin_in_order_within_it() {
    within(60, || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for (window, chunk) in [
                (1, Chunk::Auto),
                (3, Chunk::Auto),
                (40, Chunk::Auto),
                (8, Chunk::Of(4)),
                (3, Chunk::Of(10)),
            ] {
                for (nodes, lane) in
                    [(1, None), (1, Some(Lane::Blocking)), (2, None), (2, Some(Lane::Blocking))]
                {
                    for path in PATHS {
                        let copy = task(1, |_, args| Ok(args[0].clone()));
                        let mut spec = map(numbers(300), 0);
                        spec.window = Some(window);
                        spec.chunk = chunk;
                        let repeat = Some(RepeatDraft::Map(Box::new(spec)));
                        let mut graph = Graph::new();
                        let node = flow(body(&copy, lane, nodes), Vec::new(), repeat);
                        graph.draft.nodes.push(NodeDraft { name: Some("m".into()), ..node });
                        let events = Arc::new(Mutex::new(Vec::new()));
                        let sink = Arc::clone(&events);
                        let observer =
                            move |event: &Event| sink.lock().unwrap().push(event.clone());
                        let options =
                            RunOptions::default().with_path(path).with_observer(Arc::new(observer));
                        let report = scheduler.run(&graph.plan(), options);
                        assert_eq!(report.status, RunStatus::Succeeded);
                        let window = window as usize;
                        let (most, ahead) = pace(&events.lock().unwrap(), nodes);
                        let what = format!("{window} {chunk:?}, {nodes} nodes, {lane:?}, {path:?}");
                        assert!(most <= window, "{most} items on their way: {what}");
                        assert!(ahead < window, "one began {ahead} early: {what}");
                    }
                }
            }
        }
    });
}

#[test]
fn measured_claims_lose_nothing_where_costs_differ_a_thousandfold() {
    const ITEMS: i64 = 20_000;
    let slow = |n: i64| n % 1_000 == 7;
    let fails = |n: i64| n % 97 == 0;
    within(60, move || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let calls = Arc::new(AtomicUsize::new(0));
                let count = Arc::clone(&calls);
                let costs = task(1, move |_, args| {
                    count.fetch_add(1, Ordering::SeqCst);
                    let n = int(args, 0)?;
                    if slow(n) {
                        std::thread::sleep(Duration::from_millis(3));
                    }
                    if fails(n) { Err(TaskError::msg(n.to_string())) } else { Ok(Value::from(-n)) }
                });
                let mut graph = Graph::new();
                for collect in [Collect::Values, Collect::Outcomes] {
                    let mut spec = map(numbers(ITEMS), 0);
                    spec.collect = collect;
                    let repeat = Some(RepeatDraft::Map(Box::new(spec)));
                    let node = flow(body(&costs, None, 1), Vec::new(), repeat);
                    let name = if collect == Collect::Values { "values" } else { "outcomes" };
                    graph.draft.nodes.push(NodeDraft { name: Some(name.into()), ..node });
                }
                graph.output("all", 1);
                let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
                assert_eq!(calls.load(Ordering::SeqCst), 2 * ITEMS as usize);
                let failing = (0..ITEMS).filter(|&n| fails(n)).count();
                assert_eq!(report.failures_inside, 2 * failing as u64);
                let error = report.outcome(id(0)).unwrap().error.unwrap();
                let said = format!("{failing} of {ITEMS} items failed; the first, values[0]: 0");
                assert_eq!(error.message(), said);
                let all = value(&report, "all");
                for (n, outcome) in (0..ITEMS).zip(all.as_list().unwrap()) {
                    let status = outcome.get("status").and_then(Value::as_str);
                    assert_eq!(status, Some(if fails(n) { "failed" } else { "ok" }));
                    let given = outcome.get("value").and_then(Value::as_i64);
                    assert_eq!(given, (!fails(n)).then_some(-n));
                    let said =
                        outcome.get("error").and_then(|error| error.get("message")?.as_str());
                    assert_eq!(said.map(str::to_owned), fails(n).then(|| n.to_string()));
                }
            }
        }
    });
}

/// A map of two items of which one starts the same again, `depth` times.
fn deep(scheduler: &Scheduler, path: PathChoice, depth: i64) -> i64 {
    let own = scheduler.clone();
    let goes_on = task(1, move |_, args| match int(args, 0)? {
        1 if depth > 0 => Ok(Value::from(deep(&own, path, depth - 1))),
        _ => Ok(Value::from(depth)),
    });
    let repeat = Some(RepeatDraft::Map(Box::new(map(numbers(2), 0))));
    let mut graph = Graph::new();
    graph.draft.nodes.push(flow(body(&goes_on, None, 1), Vec::new(), repeat));
    graph.output("all", 0);
    let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
    value(&report, "all").index(1).and_then(Value::as_i64).unwrap()
}

#[test]
fn maps_lie_in_items_of_maps_hundreds_deep() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                assert_eq!(deep(&scheduler, path, 300), 0);
            }
        }
    });
}

#[test]
fn items_may_start_maps_of_their_own() {
    within(60, || {
        for workers in [1, 2, 8] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for (path, lane) in
                PATHS.into_iter().flat_map(|path| [(path, None), (path, Some(Lane::Blocking))])
            {
                let own = scheduler.clone();
                let runs = task(1, move |_, args| {
                    let n = int(args, 0)?;
                    let adds = task(1, move |_, args| Ok(Value::from(n + int(args, 0)?)));
                    let repeat = Some(RepeatDraft::Map(Box::new(map(numbers(20), 0))));
                    let mut inner = Graph::new();
                    inner.draft.nodes.push(flow(body(&adds, lane, 2), Vec::new(), repeat));
                    inner.output("all", 0);
                    let report = own.run(&inner.plan(), RunOptions::default().with_path(path));
                    Ok(value(&report, "all"))
                });
                let repeat = Some(RepeatDraft::Map(Box::new(map(numbers(50), 0))));
                let mut graph = Graph::new();
                graph.draft.nodes.push(flow(body(&runs, lane, 1), Vec::new(), repeat));
                graph.output("all", 0);
                let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
                let row = |n: i64| list(&(0..20).map(|at| n + at + 1).collect::<Vec<i64>>());
                let expected = Value::list((0..50).map(row).collect()).unwrap();
                assert_eq!(value(&report, "all"), expected);
            }
        }
    });
}

/// Claims of four, of a body with two nodes: within a claim one item after the other, and the claims
/// side by side.
#[test]
fn the_items_of_a_claim_go_through_a_workflow_one_after_the_other() {
    const CHUNK: usize = 4;
    within(60, || {
        for (path, window) in PATHS.into_iter().flat_map(|path| [(path, None), (path, Some(16))]) {
            let scheduler = Scheduler::builder().workers(2).max_blocking(16).build().unwrap();
            // How many of a claim have ended, by claim.
            let ended: Arc<[AtomicUsize; 4]> = Arc::default();
            let begun = Arc::new(AtomicUsize::new(0));
            let (seen, done) = (Arc::clone(&ended), Arc::clone(&ended));
            let first = task(1, move |_, args| {
                let item = int(args, 0)? as usize;
                if item.is_multiple_of(CHUNK) {
                    begun.fetch_add(1, Ordering::SeqCst);
                    while begun.load(Ordering::SeqCst) < 4 {
                        std::thread::yield_now();
                    }
                }
                let before = seen[item / CHUNK].load(Ordering::SeqCst);
                match before == item % CHUNK {
                    true => Ok(args[0].clone()),
                    false => Err(TaskError::msg(format!("{item} begins after {before}"))),
                }
            });
            let last = task(1, move |_, args| {
                done[int(args, 0)? as usize / CHUNK].fetch_add(1, Ordering::SeqCst);
                Ok(args[0].clone())
            });
            let mut body = body(&first, Some(Lane::Blocking), 1);
            body.nodes.push(inline(&last, vec![output(0)]));
            body.result = Some(output(1));
            let mut spec = map(numbers(14), 0);
            spec.chunk = Chunk::Of(CHUNK as u32);
            spec.window = window;
            let repeat = Some(RepeatDraft::Map(Box::new(spec)));
            let mut graph = Graph::new();
            graph.draft.nodes.push(flow(body, Vec::new(), repeat));
            graph.output("all", 0);
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(value(&report, "all"), list(&(0..14).collect::<Vec<i64>>()));
        }
    });
}
