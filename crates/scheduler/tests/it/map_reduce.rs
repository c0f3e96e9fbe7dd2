//! Reducing: the same bits whoever computes, and memory that follows what is on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use terrace_core::{Chunk, Draft, Expr, ReduceDraft, RepeatDraft, TaskChoice, TaskRef, Value};
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler};

use crate::fan::{flow, inline, input, local, map, numbers, value};
use crate::graph::{Graph, output, task, within};
use crate::values::Counted;

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

fn associative(mut task: TaskRef) -> TaskRef {
    let mut signature = (*task.signature).clone();
    signature.associative = true;
    task.signature = Arc::new(signature);
    task
}

fn reduce(task: TaskRef, start: Option<Expr>) -> Option<ReduceDraft> {
    Some(ReduceDraft { task: TaskChoice::Inline(task), start, span: None })
}

/// Numbers of very different sizes: every order of adding them gives other bits.
fn term(n: i64) -> f64 {
    let sign = if n % 3 == 0 { -1.0 } else { 1.0 };
    sign * (1.0 + n as f64).sqrt() * 10_f64.powi((n * 7 % 31) as i32 - 15)
}

/// Pairs from the left, an odd one going up by itself.
fn tree(mut row: Vec<f64>) -> f64 {
    while row.len() > 1 {
        row =
            row.chunks(2).map(|pair| pair.iter().copied().reduce(|a, b| a + b).unwrap()).collect();
    }
    row[0]
}

#[test]
fn sums_of_floats_have_the_same_bits_whoever_adds() {
    within(60, || {
        let schedulers =
            [1, 2, 8].map(|workers| Scheduler::builder().workers(workers).build().unwrap());
        let float = |value: &Value| value.as_f64().unwrap();
        let adds =
            associative(task(2, move |_, args| Ok(Value::from(float(&args[0]) + float(&args[1])))));
        let terms = task(1, |_, args| Ok(Value::from(term(args[0].as_i64().unwrap()))));
        let copy = task(1, |_, args| Ok(args[0].clone()));
        for n in [1, 2, 3, 1_000, 4_097] {
            let expected = tree((0..n).map(term).collect());
            if n == 4_097 {
                let folded = (0..n).map(term).reduce(|a, b| a + b).unwrap();
                assert_ne!(folded.to_bits(), expected.to_bits(), "the order is to matter");
            }
            for (nodes, start) in [(1, None), (1, Some(0.1)), (2, None)] {
                for chunk in [Chunk::Auto, Chunk::Of(1), Chunk::Of(7), Chunk::Of(1_000)] {
                    let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
                    draft.nodes.push(inline(&terms, vec![input(0)]));
                    if nodes == 2 {
                        draft.nodes.push(inline(&copy, vec![output(0)]));
                    }
                    draft.result = Some(output(nodes - 1));
                    let mut spec = map(numbers(n), 0);
                    spec.chunk = chunk;
                    spec.reduce = reduce(adds.clone(), start.map(|s| Expr::Const(Value::from(s))));
                    let repeat = Some(RepeatDraft::Map(Box::new(spec)));
                    let mut graph = Graph::new();
                    graph.draft.nodes.push(flow(draft, Vec::new(), repeat));
                    graph.output("sum", 0);
                    let plan = graph.plan();
                    let expected = start.map_or(expected, |start: f64| start + expected);
                    for (scheduler, path) in
                        schedulers.iter().flat_map(|one| PATHS.map(|path| (one, path)))
                    {
                        let report = scheduler.run(&plan, RunOptions::default().with_path(path));
                        let sum = float(&value(&report, "sum"));
                        assert_eq!(sum.to_bits(), expected.to_bits(), "{n} {chunk:?} {path:?}");
                    }
                }
            }
        }
    });
}

/// The first item ends last. A fold can join nothing until then, so the others must not pile up.
#[test]
fn a_fold_that_is_held_up_holds_the_map_up() {
    const ITEMS: usize = 100_000;
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let alive = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let far = Arc::new(AtomicBool::new(false));
            let (own, high, others) = (Arc::clone(&alive), Arc::clone(&most), Arc::clone(&far));
            let makes = task(1, move |_, args| {
                if args[0].as_i64() == Some(0) {
                    while !others.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    // Enough for another to make all the rest, were it let.
                    for _ in 0..20_000 {
                        std::thread::yield_now();
                    }
                }
                let value = Counted::value(&own);
                let now = own.load(Ordering::SeqCst);
                high.fetch_max(now, Ordering::SeqCst);
                others.fetch_or(now > 10_000, Ordering::SeqCst);
                Ok(value)
            });
            let last = task(2, |_, args| Ok(std::mem::take(&mut args[1])));
            let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
            draft.nodes.push(inline(&makes, vec![input(0)]));
            draft.result = Some(output(0));
            let mut spec = map(numbers(ITEMS as i64), 0);
            spec.reduce = reduce(last, None);
            let repeat = Some(RepeatDraft::Map(Box::new(spec)));
            let mut graph = Graph::new();
            graph.draft.nodes.push(flow(draft, Vec::new(), repeat));
            graph.node(&[0], |_, _| Ok(Value::Null));
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(alive.load(Ordering::SeqCst), 0);
            let most = most.load(Ordering::SeqCst);
            assert!(most < 30_000, "{most} of {ITEMS} results at once");
        }
    });
}
