//! Whether the nodes of a run are followed one by one: where there are few of them, or where each takes so
//! long that telling of it costs next to nothing.

use std::time::Duration;

use terrace::core::{Lane, NodeView, Repeat, Walked, Workflow};

/// Up to how many nodes, those inside others included, each is told of whatever it takes.
pub(super) const FEW: u64 = 10_000;

/// From how much on average on each is told of however many there are: more than a hundred times what that
/// costs, some 1.2 µs.
const LONG: Duration = Duration::from_micros(250);

/// What one that waits for something is taken to take, where nothing else is said.
const WAITS: Duration = Duration::from_millis(1);

/// How many items a map is taken to have of which only a run knows: what is in it is most of the run.
const UNKNOWN: u64 = 1_000;

/// Why the nodes of a workflow are followed one by one; `None`: they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// There are few.
    Few,
    /// They take long, as far as the workflow says.
    Long,
}

impl Follow {
    pub(super) fn of(workflow: &Workflow) -> Option<Self> {
        match has_few(workflow) {
            true => Some(Self::Few),
            false => take_long(workflow).then_some(Self::Long),
        }
    }
}

/// Whether no more than [`FEW`] nodes can run, each pass and item counted, as far as the workflow
/// says.
fn has_few(workflow: &Workflow) -> bool {
    let mut count: u64 = 0;
    // How often each of the workflows runs that the walk is inside.
    let mut times: Vec<u64> = vec![1];
    for walked in workflow.walk() {
        times.truncate(walked.depth + 1);
        let here = times[walked.depth];
        count = count.saturating_add(here);
        if count > FEW {
            return false;
        }
        let node = walked.node();
        let inner = match (node.view(), node.flow().map(|flow| (flow.is_single(), flow.repeat()))) {
            (NodeView::Dynamic, _) => return false,
            // Its items are told in portions.
            (NodeView::Map, Some((true, _))) => 1,
            (NodeView::Map, _) => match node.width() {
                Some(width) => width,
                None => return false,
            },
            (_, Some((_, Repeat::Loop(repeat)))) => repeat.max,
            _ => 1,
        };
        times.push(here.saturating_mul(inner));
    }
    true
}

/// Whether items of maps over one task may be told of one by one: where there are few, or each takes long.
pub(super) fn tells_items(workflow: &Workflow) -> bool {
    let (mut count, mut any): (u64, bool) = (0, false);
    let mut times: Vec<u64> = vec![1];
    for walked in workflow.walk().take(FEW as usize) {
        times.truncate(walked.depth + 1);
        let here = times[walked.depth];
        let node = walked.node();
        let single = node.flow().is_some_and(|flow| flow.is_single());
        let items = match node.view() {
            NodeView::Map => node.width(),
            _ => Some(1),
        };
        if node.view() == NodeView::Map && single {
            let item = node.flow().map(|flow| (&flow.workflow().nodes()[0], node.map()));
            let long = item.is_some_and(|(item, map)| {
                let each = map.and_then(|map| map.each.as_deref());
                let expected = each.and_then(|each| each.expected);
                let waits = item.lane() == Lane::Blocking || node.lane() == Lane::Blocking;
                waits || expected.is_some_and(|expected| expected >= LONG)
            });
            let few = items.is_some_and(|items| {
                count = count.saturating_add(here.saturating_mul(items));
                count <= FEW
            });
            if !long && !few {
                return false;
            }
            any = true;
        }
        times.push(here.saturating_mul(items.unwrap_or(1)));
    }
    any
}

/// Whether nodes take long on average, of the first [`FEW`], each counted as often as it runs.
fn take_long(workflow: &Workflow) -> bool {
    let (mut tasks, mut time) = (0_u128, 0_u128);
    let mut times: Vec<u64> = vec![1];
    for walked in workflow.walk().take(FEW as usize) {
        times.truncate(walked.depth + 1);
        let here = times[walked.depth];
        let node = walked.node();
        if node.view() == NodeView::Dynamic {
            return false;
        }
        if node.flow().is_none() {
            tasks += u128::from(here);
            time = time.saturating_add(takes(&walked).as_nanos().saturating_mul(here.into()));
        }
        let inner = match node.view() {
            NodeView::Map => node.width().unwrap_or(UNKNOWN),
            _ => 1,
        };
        times.push(here.saturating_mul(inner));
    }
    tasks > 0 && time / tasks >= LONG.as_nanos()
}

/// What the workflow says of how long a node takes.
fn takes(walked: &Walked<'_>) -> Duration {
    let node = walked.node();
    let expected = node.policy().and_then(|policy| policy.expected);
    let waits = if node.lane() == Lane::Blocking { WAITS } else { Duration::ZERO };
    expected.unwrap_or(waits)
}

#[cfg(test)]
mod tests {
    use terrace::core::{Handle, NoTasks, WorkflowBuilder};

    use super::*;

    fn of(nodes: usize, policy: impl Fn(Handle<()>) -> Handle<()>) -> Option<Follow> {
        let wf = WorkflowBuilder::new("many");
        for _ in 0..nodes {
            policy(wf.call(|| (), ()));
        }
        Follow::of(&wf.build(&NoTasks).unwrap())
    }

    #[test]
    fn many_nodes_are_followed_where_they_take_long() {
        assert_eq!(of(10_000, |node| node), Some(Follow::Few));
        assert_eq!(of(10_001, |node| node), None);
        assert_eq!(of(10_001, |node| node.on_lane(Lane::Blocking)), Some(Follow::Long));
        assert_eq!(of(10_001, |node| node.expected(LONG)), Some(Follow::Long));
        assert_eq!(of(10_001, |node| node.expected(LONG / 2)), None);
    }

    #[test]
    fn what_is_in_a_map_of_unknown_number_counts_most() {
        let map = |waits: bool| {
            let wf = WorkflowBuilder::new("unknown");
            let list = wf.call(|| vec![1_i64], ());
            let done = wf.map(&list, |body, item| {
                let fetch = body.call(|item: i64| item, (&item,));
                let fetch = if waits { fetch.on_lane(Lane::Blocking) } else { fetch };
                body.call(|item: i64| item, (&fetch,))
            });
            let mut last = wf.call(|_: Vec<i64>| 0_i64, (&done,));
            for _ in 0..9 {
                last = wf.call(|n: i64| n, (&last,)).on_lane(Lane::Compute);
            }
            Follow::of(&wf.build(&NoTasks).unwrap())
        };
        assert_eq!([map(true), map(false)], [Some(Follow::Long), None]);
    }

    #[test]
    fn items_are_told_where_they_are_few_or_long() {
        let map = |items: i64, long: bool| {
            let wf = WorkflowBuilder::new("items");
            wf.map(0..items, |body, item| {
                let item = body.call(|item: i64| item, (&item,));
                if long { item.on_lane(Lane::Blocking) } else { item }
            });
            tells_items(&wf.build(&NoTasks).unwrap())
        };
        assert_eq!(
            [map(10_000, false), map(10_001, false), map(10_001, true)],
            [true, false, true]
        );
    }
}
