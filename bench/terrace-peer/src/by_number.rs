//! A graph as a plan of closures and edges by number.
//!
//! With the bodies `value` and `string` the values go along the edges, as a list of any length. With all other
//! bodies nodes share one function and differ in the number that it gets.

use std::sync::Arc;

use terrace_bench_protocol::work::sum;
use terrace_bench_protocol::{Body, Work, text};
use terrace_core::{NodeId, Plan, PlanBuilder, SharedTask, Value};

/// Builds the plan of a graph.
///
/// # Errors
/// When there are too many nodes.
pub(crate) fn of(work: &Arc<Work>) -> Result<Plan, String> {
    let nodes = work.graph.len();
    let edges = work.graph.edges();
    let mut plan = PlanBuilder::with_capacity(nodes, edges);
    match work.body {
        Body::Value => with_values(&mut plan, work),
        Body::Text => with_texts(&mut plan, work),
        _ if work.is_tallied() => {
            let work_of = Arc::clone(work);
            shared(&mut plan, work, SharedTask::new(move |node| work_of.count_for_thread(node)));
        }
        Body::Empty => {
            let work_of = Arc::clone(work);
            shared(&mut plan, work, SharedTask::new(move |node| work_of.count(node)));
        }
        Body::Spin(_) | Body::Uneven(_) => {
            let work_of = Arc::clone(work);
            shared(&mut plan, work, SharedTask::new(move |node| work_of.spin(node)));
        }
    }
    plan.build().map_err(|mistake| mistake.to_string())
}

fn shared<F>(plan: &mut PlanBuilder, work: &Work, task: SharedTask<F>)
where
    F: Fn(u32) + Send + Sync + 'static,
{
    for node in 0..work.graph.len() {
        plan.add_shared(&task, node as u32, dependencies(work, node));
    }
}

fn with_values(plan: &mut PlanBuilder, work: &Arc<Work>) {
    for node in 0..work.graph.len() {
        let on = dependencies(work, node);
        let work = Arc::clone(work);
        let add_up = move |args: &mut [Value]| {
            let value = sum(args.iter().filter_map(Value::as_i64));
            // The cell is what the check looks at.
            work.put(node as u32, value);
            Ok(value)
        };
        plan.call_list(add_up, on);
    }
}

fn with_texts(plan: &mut PlanBuilder, work: &Arc<Work>) {
    for node in 0..work.graph.len() {
        let on = dependencies(work, node);
        let work = Arc::clone(work);
        let add_up = move |args: &mut [Value]| {
            let value = sum(args.iter().filter_map(Value::as_str).map(text::number));
            work.put(node as u32, value);
            Ok(text::of(value))
        };
        plan.call_list(add_up, on);
    }
}

fn dependencies(work: &Work, node: usize) -> impl Iterator<Item = NodeId> {
    let on = work.graph.dependencies(node).iter();
    on.filter_map(|&on| NodeId::at(on as usize))
}
