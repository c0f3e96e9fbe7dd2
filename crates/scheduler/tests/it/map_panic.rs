//! Panics where one thinks of them last: in combiners, in destructors of items and of closures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use terrace_core::{Draft, Expr, ReduceDraft, RepeatDraft, TaskChoice, TaskRef, Type, Value};
use terrace_plugin_api::Ext;
use terrace_scheduler::{OutcomeStatus, RunStatus};

use crate::fan::{build, everywhere, flow, inline, input, local, map, numbers, only};
use crate::graph::{Graph, id, output, task, within};
use crate::values::Counted;

/// What its destructor does is panic, having counted.
struct Bad(Arc<AtomicUsize>);

impl Drop for Bad {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("in a destructor");
    }
}

fn body(tasks: &[TaskRef]) -> Draft {
    let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
    for (at, task) in tasks.iter().enumerate() {
        let from = if at == 0 { input(0) } else { output(at - 1) };
        draft.nodes.push(inline(task, vec![from]));
    }
    draft.result = Some(output(tasks.len() - 1));
    draft
}

#[test]
fn a_combiner_that_panics_fails_the_map_and_leaves_nothing() {
    within(60, || {
        for associative in [false, true] {
            let alive = Arc::new(AtomicUsize::new(0));
            let (items, sums) = (Arc::clone(&alive), Arc::clone(&alive));
            let calls = Arc::new(AtomicUsize::new(0));
            let makes = task(1, move |_, _| Ok(Counted::value(&items)));
            // Of a fold the fifth call; of a tree every one, since there all are made that can be.
            let mut joins = task(2, move |_, _| {
                if associative || calls.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
                    panic!("cannot join");
                }
                Ok(Counted::value(&sums))
            });
            let mut signature = (*joins.signature).clone();
            signature.associative = associative;
            joins.signature = Arc::new(signature);
            let mut spec = map(numbers(100), 0);
            let task = TaskChoice::Inline(joins);
            spec.reduce = Some(ReduceDraft { task, start: None, span: None });
            let repeat = RepeatDraft::Map(Box::new(spec));
            let workflow = only(flow(body(&[makes]), Vec::new(), Some(repeat)));
            everywhere(&workflow, |report| {
                assert_eq!(report.status, RunStatus::Failed);
                let error = report.outcome(id(0)).unwrap().error.unwrap();
                let said = match associative {
                    false => "node[5]: reducing with `closure`: cannot join",
                    true => {
                        "50 of 100 items failed; the first, node[1]: reducing with `closure`: \
                         cannot join"
                    }
                };
                assert_eq!(error.message(), said);
                assert_eq!(error.class().name(), "panic");
                assert_eq!(alive.load(Ordering::SeqCst), 0);
            });
        }
    });
}

#[test]
fn items_and_results_whose_destructors_panic_harm_nobody() {
    within(60, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let bad = || {
            let dropped = Arc::clone(&dropped);
            task(1, move |_, _| Ok(Value::Ext(Ext::new(Bad(Arc::clone(&dropped))))))
        };
        let takes = task(1, |_, args| {
            drop(std::mem::take(&mut args[0]));
            Ok(Value::Null)
        });
        let leaves = task(1, |_, _| Ok(Value::Null));
        for (tasks, each) in [
            (vec![leaves.clone()], 1),
            (vec![bad(), leaves.clone()], 2),
            (vec![bad(), takes, bad()], 3),
        ] {
            let own = Arc::clone(&dropped);
            let mut graph = Graph::new();
            graph.node(&[], move |_, _| {
                let items = (0..50).map(|_| Value::Ext(Ext::new(Bad(Arc::clone(&own)))));
                Ok(Value::list(items.collect()).unwrap())
            });
            let repeat = RepeatDraft::Map(Box::new(map(output(0), 0)));
            graph.draft.nodes.push(flow(body(&tasks), Vec::new(), Some(repeat)));
            // Somebody has it before it goes.
            graph.node(&[1], |_, _| Ok(Value::Null));
            everywhere(&build(graph.draft), |report| {
                assert_eq!(report.counts.succeeded, 3);
                assert_eq!(dropped.swap(0, Ordering::SeqCst), 50 * each);
            });
        }
    });
}

/// A workflow that a task gave has closures; the last of it goes when its node ends.
#[test]
fn closures_whose_destructors_panic_harm_nobody() {
    within(60, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&dropped);
        let mut gives = task(0, move |_, _| {
            let bad = Bad(Arc::clone(&own));
            let inner = task(0, move |_, _| Ok(Value::from(bad.0.load(Ordering::SeqCst) as i64)));
            let mut draft = Draft { nodes: vec![inline(&inner, Vec::new())], ..Draft::default() };
            draft.result = Some(output(0));
            Ok(build(draft).into_value())
        });
        let mut signature = (*gives.signature).clone();
        signature.output = Type::Workflow;
        gives.signature = Arc::new(signature);
        let mut graph = Graph::new();
        for at in 0..10 {
            graph.draft.nodes.push(inline(&gives, Vec::new()));
            graph.node(&[2 * at], |_, args| Ok(args[0].clone()));
        }
        everywhere(&build(graph.draft), |report| {
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(dropped.swap(0, Ordering::SeqCst), 10);
        });
    });
}

/// And where it may not run at all, when that is found.
#[test]
fn a_given_workflow_that_may_not_run_is_dropped_as_quietly() {
    within(60, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&dropped);
        let mut gives = task(0, move |_, _| {
            let bad = Bad(Arc::clone(&own));
            let inner = task(1, move |_, _| Ok(Value::from(bad.0.load(Ordering::SeqCst) as i64)));
            let needs = terrace_core::InputDraft::new("needs", Type::Any);
            let nodes = vec![inline(&inner, vec![Expr::Const(Value::Null)])];
            Ok(build(Draft { inputs: vec![needs], nodes, ..Draft::default() }).into_value())
        });
        let mut signature = (*gives.signature).clone();
        signature.output = Type::Workflow;
        gives.signature = Arc::new(signature);
        everywhere(&only(inline(&gives, Vec::new())), |report| {
            assert_eq!(report.status_of(id(0)), Some(OutcomeStatus::Failed));
            assert_eq!(dropped.swap(0, Ordering::SeqCst), 1);
        });
    });
}
