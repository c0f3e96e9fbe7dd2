//! Runs that end early with success while something is still going on inside their nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use terrace_core::{
    Args, Carry, Chunk, Draft, Expr, Lane, Loop, NodeDraft, RepeatDraft, RunIf, TaskChoice,
    TaskRef, Value, Workflow,
};
use terrace_scheduler::{OutcomeStatus, PathChoice, RunOptions, RunStatus, Scheduler};

use crate::fan::{add, build, flow, inline, input, input_id, local, map, numbers};
use crate::graph::{Graph, id, output, task, within};

/// A task that says it is here and goes on when the run has ended.
fn waits(here: &Arc<AtomicBool>) -> TaskRef {
    let here = Arc::clone(here);
    task(1, move |ctx, args| {
        here.store(true, Ordering::SeqCst);
        while !ctx.cancelled() {
            std::thread::yield_now();
        }
        Ok(args[0].clone())
    })
}

/// `node`, which runs `waits` inside, beside a node that then ends the run, and what cleans up.
fn ends_early(node: NodeDraft, here: &Arc<AtomicBool>) -> Workflow {
    let mut graph = Graph::new();
    graph.draft.nodes.push(NodeDraft { name: Some("long".into()), ..node });
    let here = Arc::clone(here);
    let there = graph.node(&[], move |_, _| {
        while !here.swap(false, Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Ok(Value::Null)
    });
    graph.blocking(there);
    let succeed = NodeDraft::new(TaskChoice::Succeed, Args::Named(Vec::new()));
    graph.draft.nodes.push(NodeDraft { after: vec![id(there)], ..succeed });
    let cleans = graph.node(&[], |_, _| Ok(Value::from("cleaned")));
    graph.after(cleans, 0);
    graph.draft.nodes[cleans].run_if = RunIf::Always;
    let late = graph.node(&[], |_, _| panic!("it must not run"));
    graph.after(late, 0);
    build(graph.draft)
}

fn body(here: &Arc<AtomicBool>, nodes: usize) -> Draft {
    let blocking = |node: NodeDraft| NodeDraft { lane: Some(Lane::Blocking), ..node };
    let mut draft = Draft { inputs: vec![local("item")], ..Draft::default() };
    draft.nodes.push(blocking(inline(&waits(here), vec![input(0)])));
    for at in 1..nodes {
        let one = Expr::Const(Value::from(1_i64));
        draft.nodes.push(inline(&add(), vec![output(at - 1), one]));
    }
    draft.result = Some(output(nodes - 1));
    draft
}

fn check(node: NodeDraft, here: &Arc<AtomicBool>) {
    let plan = Arc::new(ends_early(node, here).plan());
    for workers in [1, 2, 8] {
        let scheduler = Scheduler::builder().workers(workers).build().unwrap();
        // Not level by level: what ends the run would wait for the node to end.
        for path in [PathChoice::Fast, PathChoice::Dispatcher] {
            let report = scheduler.run(&plan, RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.outcome(id(0)));
            assert_eq!(report.status_of(id(0)), Some(OutcomeStatus::Skipped));
            assert_eq!(report.status_of(id(3)), Some(OutcomeStatus::Ok), "it cleans up");
            assert_eq!(report.status_of(id(4)), Some(OutcomeStatus::Skipped));
        }
    }
}

#[test]
fn a_map_with_items_on_their_way_is_skipped() {
    within(60, || {
        let here = Arc::new(AtomicBool::new(false));
        for nodes in [1, 2] {
            // One claim with all items; fewer items than may be on their way; more.
            for (items, chunk) in [(5, Chunk::Of(10)), (1, Chunk::Auto), (1_000, Chunk::Auto)] {
                let mut spec = map(numbers(items), 0);
                spec.chunk = chunk;
                spec.window = Some(3);
                let repeat = RepeatDraft::Map(Box::new(spec));
                if nodes == 1 && items == 1 {
                    // Its only item succeeds: nothing of it is missing.
                    continue;
                }
                check(flow(body(&here, nodes), Vec::new(), Some(repeat)), &here);
            }
        }
    });
}

#[test]
fn a_loop_in_a_pass_is_skipped() {
    within(60, || {
        let here = Arc::new(AtomicBool::new(false));
        let truth = task(1, |_, _| Ok(Value::Bool(false)));
        let mut draft = body(&here, 2);
        draft.nodes.push(inline(&truth, vec![output(1)]));
        let start = Expr::Const(Value::from(0_i64));
        let carry = vec![Carry { input: input_id(0), start, next: output(1) }];
        let repeat = Loop { carry, until: Some(output(2)), max: 1_000, index: None };
        let repeat = RepeatDraft::Loop(Box::new(repeat));
        check(flow(draft, Vec::new(), Some(repeat)), &here);
    });
}

#[test]
fn a_workflow_inside_with_nodes_left_is_skipped() {
    within(60, || {
        let here = Arc::new(AtomicBool::new(false));
        let mut draft = body(&here, 2);
        draft.inputs.clear();
        draft.nodes[0] = inline(&waits(&here), vec![Expr::Const(Value::Null)]);
        draft.nodes[0].lane = Some(Lane::Blocking);
        // As branches are given: what is missing would be null.
        let value = draft.result.take().unwrap();
        draft.outputs.push(terrace_core::OutputDraft { name: "b".into(), value, span: None });
        check(flow(draft, Vec::new(), None), &here);
    });
}
