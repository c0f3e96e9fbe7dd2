//! Edges that make nodes wait for nothing: values that nobody reads, and orders between tasks that
//! have no effects.

use super::{Finding, Findings, LintCode, Site, flow, names};
use crate::draft::RunIf;
use crate::expr::{Expr, NodeId, Root};
use crate::policy::Checkpoints;
use crate::repeat::Collect;
use crate::workflow::{Node, Repeat, Workflow};

pub(super) fn find(site: &Site<'_>, findings: &mut Findings) {
    unread(site, findings);
    needless(site, findings);
}

/// Ports that are never read and still make their node wait.
fn unread(site: &Site<'_>, findings: &mut Findings) {
    let workflow = site.workflow;
    for id in site.nodes() {
        let node = workflow.node(id);
        let ports = node.task().signature.ports.iter().zip(node.args()).enumerate();
        for (at, (port, arg)) in ports.filter(|(_, (port, _))| port.unread) {
            let mut others: Vec<NodeId> = node.after().to_vec();
            let rest = node.exprs().enumerate().filter(|(other, _)| *other != at);
            rest.for_each(|(_, expr)| expr.each_node(&mut |on| others.push(on)));
            let mut on: Vec<NodeId> = Vec::new();
            arg.each_node(&mut |id| {
                if !on.contains(&id) {
                    on.push(id);
                }
            });
            on.retain(|&on| !waits_for(workflow, &others, on));
            if on.is_empty() {
                continue;
            }
            let waited = names(on.iter().map(|&on| site.name(on)));
            let message = format!(
                "`{}` never reads its `{}`, and `{}` waits for {waited} all the same",
                node.task().name,
                port.name,
                node.name(),
            );
            let instead = match port.when_absent() {
                Some(_) => "if not, remove it",
                None => "if not, give it a constant",
            };
            let help = format!(
                "if the order is meant, say so with `after: [{}]`; {instead}, and it need not wait",
                on.iter().map(|&on| site.name(on)).collect::<Vec<_>>().join(", "),
            );
            let span = workflow.origin().and_then(|origin| origin.unread(id, at));
            findings.add(site.at(LintCode::UnreadPort, id, span, message).help(help));
        }
    }
}

/// Whether a node that depends on all of `from` comes after `on` anyway.
fn waits_for(workflow: &Workflow, from: &[NodeId], on: NodeId) -> bool {
    let level = workflow.levels().of(on);
    let mut seen = std::collections::HashSet::new();
    let mut open = from.to_vec();
    while let Some(id) = open.pop() {
        if id == on {
            return true;
        }
        if workflow.levels().of(id) > level && seen.insert(id) {
            open.extend(workflow.dependencies(id));
        }
    }
    false
}

/// An edge without a value.
struct Order {
    from: NodeId,
    to: NodeId,
    /// Among what `to` comes after.
    position: usize,
}

/// Orders between tasks without effects that hand nothing on, where without them there would be
/// fewer levels.
fn needless(site: &Site<'_>, findings: &mut Findings) {
    let workflow = site.workflow;
    if workflow.rules().checkpoints != Checkpoints::None {
        return;
    }
    let mut orders: Vec<Order> = Vec::new();
    let mut read: Option<Vec<bool>> = None;
    for id in site.nodes() {
        for (position, &on) in workflow.node(id).after().iter().enumerate() {
            if is_free(site, id) && is_free(site, on) && !refers(workflow.node(id), on) {
                // One whose value nobody takes is there to fail where something does not hold.
                let read = read.get_or_insert_with(|| values_read(site));
                if read[on.index()] {
                    orders.push(Order { from: on, to: id, position });
                }
            }
        }
    }
    if orders.is_empty() {
        return;
    }
    let without = levels_without(site, &orders);
    let deepest = |of: &dyn Fn(NodeId) -> usize| site.nodes().map(of).max().unwrap_or(0);
    let (now, then) = (deepest(&|id| workflow.levels().of(id)), deepest(&|id| without[id.index()]));
    if then >= now {
        return;
    }
    orders.retain(|order| without[order.to.index()] < workflow.levels().of(order.to));
    // One finding for what is written as one list, else one for each node that waits.
    let mut told: Vec<Vec<Order>> = Vec::new();
    for order in orders {
        match told.last_mut() {
            Some(last) if last.last().is_some_and(|last| goes_on(last, &order)) => last.push(order),
            _ => told.push(vec![order]),
        }
    }
    for group in told {
        findings.add(tell(site, &group, (now + 1, then + 1)));
    }
}

/// Whether one order follows another as those of `steps` do, or is of the same node.
fn goes_on(last: &Order, next: &Order) -> bool {
    next.from == last.to || next.to == last.to
}

fn tell(site: &Site<'_>, group: &[Order], levels: (usize, usize)) -> Finding {
    let mut waiting: Vec<NodeId> = group.iter().map(|order| order.to).collect();
    waiting.dedup();
    let mut before: Vec<NodeId> = group.iter().map(|order| order.from).collect();
    before.dedup();
    let who = |ids: &[NodeId]| names(ids.iter().map(|&id| site.name(id)));
    let waits = if waiting.len() == 1 { "waits" } else { "wait" };
    let (it, have) = match before.len() + waiting.len() {
        2 => ("it", "neither has"),
        _ => ("them", "none of them has"),
    };
    let message = format!(
        "{} {waits} for {} without taking anything from {it}, and {have} effects: {} levels instead of \
         {}",
        who(&waiting),
        who(&before),
        levels.0,
        levels.1,
    );
    let help = "if the order is not meant, remove the `after`; of steps make `nodes`, which wait for \
                what they refer to";
    let first = &group[0];
    let span = site.workflow.origin().and_then(|origin| origin.after(first.to, first.position));
    site.at(LintCode::NeedlessOrder, first.to, span, message).help(help)
}

/// The level of each node without some orders.
fn levels_without(site: &Site<'_>, orders: &[Order]) -> Vec<usize> {
    let workflow = site.workflow;
    let mut levels = vec![0; workflow.nodes().len()];
    let left_out: std::collections::HashSet<(NodeId, NodeId)> =
        orders.iter().map(|order| (order.from, order.to)).collect();
    for &id in workflow.levels().order() {
        let on = workflow.dependencies(id).iter();
        let on = on.filter(|&&on| !left_out.contains(&(on, id)));
        levels[id.index()] = on.map(|on| levels[on.index()] + 1).max().unwrap_or(0);
    }
    levels
}

/// Whether nothing depends on when a node runs: it has no effects, no condition, and shares nothing
/// that an order could spare.
fn is_free(site: &Site<'_>, id: NodeId) -> bool {
    let node = site.workflow.node(id);
    let shares = node.policy().is_some_and(|policy| {
        policy.checkpoint || !policy.needs.is_empty() || policy.concurrency.is_some()
    });
    !shares && node.when().is_none() && node.run_if() == RunIf::Success && is_pure(site, id)
}

/// Whether a node has no effects, nor anything inside it that runs.
fn is_pure(site: &Site<'_>, id: NodeId) -> bool {
    let node = site.workflow.node(id);
    if flow(site, id).is_some_and(|flow| flow.workflow().nodes().len() > 1_000) {
        return false;
    }
    let mut open = vec![(node, 0)];
    let mut looked_at = 0;
    while let Some((node, depth)) = open.pop() {
        looked_at += 1;
        if looked_at > 1_000 || depth > 16 {
            return false;
        }
        let Some(flow) = node.flow() else {
            // How a run ends is an effect; what a task gives at run time may have any.
            if node.succeeds() || node.is_dynamic() || !node.task().signature.pure {
                return false;
            }
            continue;
        };
        if let Repeat::Map(map) = flow.repeat() {
            let joins = map.reduce.as_ref().is_none_or(|reduce| reduce.task.signature.pure);
            let shares = map.each.as_ref().is_some_and(|each| !each.needs.is_empty());
            if !joins || shares || map.collect == Collect::Outcomes {
                return false;
            }
        }
        open.extend(flow.workflow().nodes().iter().map(|node| (node, depth + 1)));
    }
    true
}

fn refers(node: &Node, on: NodeId) -> bool {
    let mut found = false;
    node.exprs().for_each(|expr| expr.each_node(&mut |id| found |= id == on));
    found
}

/// Of which nodes a value is taken.
fn values_read(site: &Site<'_>) -> Vec<bool> {
    let workflow = site.workflow;
    let mut read = vec![false; workflow.nodes().len()];
    let mut take = |expr: &Expr| {
        expr.each_ref(&mut |reference| {
            if let Root::Node(id) = reference.root {
                read[id.index()] = true;
            }
        });
    };
    site.nodes().for_each(|id| workflow.node(id).exprs().for_each(&mut take));
    workflow.outputs().iter().for_each(|output| take(&output.value));
    workflow.result().into_iter().for_each(&mut take);
    for id in site.nodes().filter(|id| workflow.node(*id).kept()) {
        read[id.index()] = true;
    }
    read
}
