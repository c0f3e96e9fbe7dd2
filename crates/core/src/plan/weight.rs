//! How long nodes take, as far as is known, so that what others wait for longest starts first.

use std::time::Duration;

use crate::workflow::Node;

/// The finest unit, a tenth of a millisecond: 119 hours of them fit.
const UNIT: Duration = Duration::from_micros(100);

/// The weights of nodes, in their order, in a unit of which the longest way `whole` has at most
/// [`u32::MAX`]. Where a time is declared for any of them ([`crate::Policy::expected`]), the others
/// count as much as those do on average; else each is 1.
pub(super) fn weights<'n>(
    nodes: impl Iterator<Item = &'n Node> + Clone,
    whole: impl FnOnce(&[u64]) -> u64,
) -> Vec<u32> {
    let declared: Vec<Duration> = nodes.clone().filter_map(expected).collect();
    let Some(count) = u32::try_from(declared.len()).ok().filter(|&count| count > 0) else {
        return nodes.map(|_| 1).collect();
    };
    let all = declared.iter().fold(Duration::ZERO, |all, one| all.saturating_add(*one));
    let average = all / count;
    let weights: Vec<u64> = nodes.map(|node| weight(expected(node).unwrap_or(average))).collect();
    // Of days the order is kept, if not each tenth of a millisecond.
    let coarser = whole(&weights).div_ceil(u64::from(u32::MAX)).max(1);
    let fits = |weight: u64| u32::try_from(weight / coarser).unwrap_or(u32::MAX).max(1);
    weights.into_iter().map(fits).collect()
}

fn weight(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / UNIT.as_nanos()).unwrap_or(u64::MAX).max(1)
}

/// How long a node takes, where that was said. A map takes at least as long as one of its items.
fn expected(node: &Node) -> Option<Duration> {
    let of_items = || node.map()?.each.as_ref()?.expected;
    node.policy().and_then(|policy| policy.expected).or_else(of_items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoTasks, WorkflowBuilder};

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
