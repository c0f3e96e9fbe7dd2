//! Hands a workflow that was drawn to the engine, through the public builder.

use std::sync::Arc;

use terrace_core::{
    Checkpoints, Expansion, Handle, Lane, NoTasks, OnFailure, Plan, RunIf, WorkflowBuilder,
};
use terrace_scheduler::TaskError;

use super::spec::{IfFailed, Map, Node, Said, Spec, What, given_retry};

/// A node's value: a number, or those of a map.
enum Made {
    One(Handle<i64>),
    Many(Handle<Vec<i64>>),
}

pub(super) fn plan(spec: &Spec) -> Arc<Plan> {
    let wf = WorkflowBuilder::new("random");
    for limit in &spec.limits {
        wf.limit(limit.clone());
    }
    if let Some(budget) = spec.budget {
        wf.budget("money", budget);
    }
    if let Some(most) = spec.max_concurrent {
        wf.max_concurrent(most);
    }
    if let Some(deadline) = spec.deadline {
        wf.deadline(deadline);
    }
    if spec.on_failure == OnFailure::Stop {
        wf.on_failure(OnFailure::Stop);
    }
    if let Some(patience) = spec.patience {
        wf.patience(patience);
    }
    if spec.looks_at_levels {
        wf.checkpoints(Checkpoints::Levels);
    }
    add(&wf, &spec.nodes);
    wf.keep_all();
    Arc::new(wf.build(&NoTasks).unwrap_or_else(|problems| panic!("{problems}")).plan())
}

fn add(wf: &WorkflowBuilder, nodes: &[Node]) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    for node in nodes {
        let one = node.reads.map(|at| match &made[at] {
            Made::One(one) => one.clone(),
            Made::Many(_) => panic!("only numbers are read"),
        });
        let new = match &node.what {
            What::Task => Made::One(task(wf, one.as_ref())),
            What::Gives => {
                let name = format!("{}_given", node.name);
                let give = move || {
                    let wf = WorkflowBuilder::new("given");
                    let one = wf.call(|| 1_i64, ()).named(&name).retry(given_retry());
                    Ok::<_, TaskError>(Expansion::flow(wf, &one))
                };
                Made::One(match one {
                    Some(one) => wf.try_expand(move |_: Option<i64>| give(), (&one,)),
                    None => wf.try_expand(give, ()),
                })
            }
            What::Flow(body) => {
                Made::One(behind(wf.flow(&node.name, |inner| last(add(inner, body))), &one))
            }
            What::Loop(passes, body) => {
                let looped = wf.loop_from(0_i64).times(*passes, |inner, _| last(add(inner, body)));
                Made::One(behind(looped, &one))
            }
            What::Map(map) => Made::Many(behind(many(wf, map), &one)),
        };
        let new = match new {
            Made::One(one) => {
                let mut one = say(one.named(&node.name), &node.said);
                if node.said.if_failed == IfFailed::Gives {
                    one = one.fallback(7);
                }
                Made::One(ordered(one, node, &made))
            }
            Made::Many(many) => {
                Made::Many(ordered(say(many.named(&node.name), &node.said), node, &made))
            }
        };
        made.push(new);
    }
    made
}

fn last(made: Vec<Made>) -> Handle<i64> {
    match made.into_iter().next_back() {
        Some(Made::One(one)) => one,
        _ => panic!("the last of a body is a task"),
    }
}

fn task(wf: &WorkflowBuilder, reads: Option<&Handle<i64>>) -> Handle<i64> {
    match reads {
        Some(one) => wf.call(|x: Option<i64>| x.unwrap_or(0) + 1, (one,)),
        None => wf.call(|| 1_i64, ()),
    }
}

fn behind<T>(node: Handle<T>, one: &Option<Handle<i64>>) -> Handle<T> {
    match one {
        Some(one) => node.after(one),
        None => node,
    }
}

fn many(wf: &WorkflowBuilder, map: &Map) -> Handle<Vec<i64>> {
    let mut over = wf.over(0..map.items as i64);
    let each = &map.each;
    over = over.each(|mut item| {
        if let Some(retry) = each.retry {
            item = item.retry(retry);
        }
        if let Some(timeout) = each.timeout {
            item = item.timeout(timeout);
        }
        if let Some(total) = each.total {
            item = item.total_timeout(total);
        }
        for &(limit, amount) in &each.needs {
            item = item.needs(format!("limit{limit}"), amount);
        }
        if let Some(most) = each.concurrency {
            item = item.concurrency(most);
        }
        if let Some(cpus) = each.cpus {
            item = item.cpus(cpus);
        }
        if let Some(priority) = each.priority {
            item = item.priority(priority);
        }
        if let Some(cost) = each.cost {
            item = item.cost("money", cost);
        }
        item
    });
    if let Some(most) = map.concurrency {
        over = over.concurrency(most);
    }
    if let Some(most) = map.max_failures {
        over = over.max_failures(most);
    }
    match &map.body {
        None => over.map(|body, x| {
            let node = body.call(|x: i64| x, (&x,));
            if each.blocking { node.on_lane(Lane::Blocking) } else { node }
        }),
        Some(inner) => over.map(|body, _| last(add(body, inner))),
    }
}

fn say<T: Send + Sync + 'static>(mut node: Handle<T>, said: &Said) -> Handle<T> {
    if let Some(retry) = said.retry {
        node = node.retry(retry);
    }
    if let Some(timeout) = said.timeout {
        node = node.timeout(timeout);
    }
    if let Some(total) = said.total {
        node = node.total_timeout(total);
    }
    for &(limit, amount) in &said.needs {
        node = node.needs(format!("limit{limit}"), amount);
    }
    if let Some(most) = said.concurrency {
        node = node.concurrency(most);
    }
    if let Some(cpus) = said.cpus {
        node = node.cpus(cpus);
    }
    if let Some(priority) = said.priority {
        node = node.priority(priority);
    }
    if let Some(cost) = said.cost {
        node = node.cost("money", cost);
    }
    if said.if_failed == IfFailed::Absent {
        node = node.optional();
    }
    if said.checkpoint {
        node = node.checkpoint();
    }
    if said.blocking {
        node = node.on_lane(Lane::Blocking);
    }
    node
}

fn ordered<T>(mut node: Handle<T>, spec: &Node, made: &[Made]) -> Handle<T> {
    for &at in &spec.after {
        node = match &made[at] {
            Made::One(one) => node.after(one),
            Made::Many(many) => node.after(many),
        };
    }
    match spec.run_if {
        RunIf::Success => node,
        other => node.run_if(other),
    }
}
