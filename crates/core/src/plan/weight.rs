//! How long nodes take, as far as is known, so that what others wait for longest starts first.

use std::time::Duration;

use crate::workflow::{Node, Repeat, Workflow};

/// The finest unit, a tenth of a millisecond: 119 hours of them fit.
const UNIT: Duration = Duration::from_micros(100);

/// The weights of nodes, in their order, in a unit of which the longest way `whole` has at most
/// [`u32::MAX`]. Where a time is declared for any of them ([`crate::Policy::expected`]), the others
/// count as much as those do on average; else each is 1.
pub(super) fn weights<'n>(
    nodes: impl Iterator<Item = &'n Node> + Clone,
    whole: impl FnOnce(&[u64]) -> u64,
) -> Vec<u32> {
    nodes.clone().for_each(find_ways);
    let Some(average) = average(nodes.clone().filter_map(expected)) else {
        return nodes.map(|_| 1).collect();
    };
    let weights: Vec<u64> = nodes.map(|node| weight(expected(node).unwrap_or(average))).collect();
    // Of days the order is kept, if not each tenth of a millisecond.
    let coarser = whole(&weights).div_ceil(u64::from(u32::MAX)).max(1);
    let fits = |weight: u64| u32::try_from(weight / coarser).unwrap_or(u32::MAX).max(1);
    weights.into_iter().map(fits).collect()
}

fn weight(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / UNIT.as_nanos()).unwrap_or(u64::MAX).max(1)
}

fn average(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let (mut all, mut count) = (Duration::ZERO, 0_u32);
    for time in times {
        (all, count) = (all.saturating_add(time), count.saturating_add(1));
    }
    all.checked_div(count)
}

/// How long a node takes, where that was said of it or of something inside. A map takes at least as
/// long as one of its items, a loop all passes that it is sure to make. Of workflows inside the ways
/// have been found.
fn expected(node: &Node) -> Option<Duration> {
    let of_items = || node.map()?.each.as_ref()?.expected;
    let said = node.policy().and_then(|policy| policy.expected).or_else(of_items);
    said.or_else(|| {
        let flow = node.flow()?;
        let way = flow.workflow().0.way.get().copied().flatten()?;
        match flow.repeat() {
            Repeat::Loop(repeat) if repeat.until.is_none() => {
                Some(way.saturating_mul(u32::try_from(repeat.max).unwrap_or(u32::MAX)))
            }
            Repeat::Loop(_) | Repeat::Map(_) | Repeat::Once => Some(way),
        }
    })
}

/// Finds the longest way of the workflow inside a node, those inside it first: they may be nested
/// thousands deep.
fn find_ways(node: &Node) {
    let inside = |node: &Node| node.flow().map(|flow| flow.workflow().clone());
    let mut open: Vec<Workflow> = inside(node).into_iter().collect();
    while let Some(workflow) = open.last().cloned() {
        let before = open.len();
        if workflow.0.way.get().is_none() && workflow.flat().is_none() {
            let inside = workflow.nodes().iter().filter_map(inside);
            open.extend(inside.filter(|inside| inside.0.way.get().is_none()));
        }
        if open.len() == before {
            workflow.0.way.get_or_init(|| longest(&workflow));
            open.pop();
        }
    }
}

/// The longest way through a workflow; what nothing is known of counts as much as the others do on
/// average.
fn longest(workflow: &Workflow) -> Option<Duration> {
    if workflow.flat().is_some() {
        return None;
    }
    let times: Vec<Option<Duration>> = workflow.nodes().iter().map(expected).collect();
    let average = average(times.iter().flatten().copied())?;
    let mut ends = vec![Duration::ZERO; times.len()];
    for &id in workflow.levels().order() {
        let before = workflow.dependencies(id).iter().map(|on| ends[on.index()]).max();
        let time = times[id.index()].unwrap_or(average);
        ends[id.index()] = before.unwrap_or_default().saturating_add(time);
    }
    ends.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoTasks, Plan, WorkflowBuilder};

    fn tails(said: [Option<u64>; 3]) -> Vec<u32> {
        let wf = WorkflowBuilder::new("chain");
        let [a, b, c] = said.map(|millis| {
            move |handle: crate::Handle<i64>| match millis {
                Some(millis) => handle.expected(Duration::from_millis(millis)),
                None => handle,
            }
        });
        let first = a(wf.call(|| 1_i64, ()));
        let second = b(wf.call(|x: i64| x, (&first,)));
        let third = c(wf.call(|x: i64| x, (&second,)));
        wf.output("third", &third);
        let plan = wf.build(&NoTasks).unwrap().plan();
        plan.indices().map(|at| plan.tail(at)).collect()
    }

    fn tail_of(plan: &Plan, name: &str) -> u32 {
        plan.indices().find(|&at| plan.name(at) == name).map(|at| plan.tail(at)).unwrap()
    }

    #[test]
    fn what_runs_inside_weighs_as_much_as_its_longest_way() {
        let ms = Duration::from_millis;
        let wf = WorkflowBuilder::new("inside");
        let short = wf.call(|| 1_i64, ()).expected(ms(100)).named("short");
        // Two that follow each other and one beside them, in an item of an item.
        let nested = wf.map(0..2_i64, |body, _| {
            let inner = body.map(0..3_i64, |body, item| {
                let first = body.call(|x: i64| x, (&item,)).expected(ms(200));
                let _ = body.call(|x: i64| x, (&item,)).expected(ms(250));
                body.call(|x: i64| x, (&first,)).expected(ms(100))
            });
            body.call(|x: Vec<i64>| x, (&inner,)).expected(ms(50))
        });
        let nested = nested.named("nested");
        // Its body says nothing: as long as the others on average.
        let unknown = wf.map(0..2_i64, |body, item| {
            let first = body.call(|x: i64| x, (&item,));
            body.call(|x: i64| x, (&first,))
        });
        let unknown = unknown.named("unknown");
        for end in [short.node(), nested.node(), unknown.node()] {
            assert!(end.is_some());
        }
        let workflow = wf.build(&NoTasks).unwrap();
        let plan = workflow.plan();
        let tail = |name: &str| tail_of(&plan, name);
        assert_eq!((tail("short"), tail("nested"), tail("unknown")), (1_000, 3_500, 2_250));
    }

    #[test]
    fn loops_weigh_as_much_as_the_passes_that_are_sure() {
        let ms = Duration::from_millis;
        let wf = WorkflowBuilder::new("loops");
        let _ = wf.call(|| 1_i64, ()).expected(ms(5)).named("task");
        let until = wf.loop_from(1.0).until(3, |body, x| {
            let next = body.call(|x: f64| x, (&x,)).expected(ms(20));
            (next.clone(), body.call(|x: f64| x > 0.0, (&next,)).expected(ms(10)))
        });
        let _ = until.named("until");
        let times =
            wf.loop_from(1.0).times(3, |body, x| body.call(|x: f64| x, (&x,)).expected(ms(30)));
        let _ = times.named("times");
        let workflow = wf.build(&NoTasks).unwrap();
        let plan = workflow.plan();
        let tail = |name: &str| tail_of(&plan, name);
        assert_eq!((tail("task"), tail("until"), tail("times")), (50, 300, 900));
    }

    #[test]
    fn ways_are_counted_in_nodes_or_in_time() {
        assert_eq!(tails([None, None, None]), [3, 2, 1]);
        assert_eq!(tails([Some(1), Some(2), Some(3)]), [60, 50, 30]);
        // What nothing is known of takes as long as the others on average.
        assert_eq!(tails([Some(1), None, Some(3)]), [60, 50, 30]);
        // Of centuries too: the unit is as fine as the longest way lets it be.
        let ages = tails([Some(u64::MAX / 1_000_000), None, Some(3)]);
        assert!(ages[0] > u32::MAX - 100_000 && ages[0] > ages[1] && ages[1] > ages[2], "{ages:?}");
        // Of weeks too what is longer counts more.
        let week = 7 * 24 * 60 * 60 * 1_000;
        let [all, two, one] = tails([Some(week), Some(2 * week), Some(week)])[..] else { panic!() };
        assert!(all > two && two > one, "{all} {two} {one}");
    }
}
