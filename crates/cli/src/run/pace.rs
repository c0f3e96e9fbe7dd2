//! Where the time of a run went: what held up its end, what took longest, and how much faster it
//! was than one thread.
//!
//! Said only of runs that somebody had to wait for.

use std::time::Duration;

use terrace::core::{HeldUp, Leg, NodeId, Workflow};
use terrace::scheduler::RunReport;

use super::progress::Seen;
use super::summary::time;

/// Of shorter runs nothing is said.
const LONG: Duration = Duration::from_secs(1);

/// How many nodes of a path, and how many of those that took longest, are named.
const NAMED: usize = 5;
const SLOWEST: usize = 3;

/// What is said of a run.
pub(super) fn lines(workflow: &Workflow, report: &RunReport, seen: &Seen) -> Vec<String> {
    if report.duration < LONG {
        return Vec::new();
    }
    let ran: Vec<(NodeId, Duration)> = report
        .outcomes()
        .filter_map(|(id, outcome)| outcome.map(|outcome| (id, outcome)))
        .filter(|(_, outcome)| outcome.attempts > 0)
        .map(|(id, outcome)| (id, outcome.duration))
        .collect();
    let name = |id: NodeId| workflow.node(id).name();
    let mut lines = Vec::new();
    lines.extend(path(&report.held_up(), report.duration, name));
    lines.extend(slowest(&ran, name));
    // What maps and inner workflows do side by side is not known from their nodes.
    let work = if report.inside == 0 { Some(report.work()) } else { seen.work(report.inside) };
    lines.extend(match work {
        Some(work) => faster(work, report.duration),
        None => seen.at_once().and_then(|at_once| about_faster(at_once, report.duration)),
    });
    lines
}

/// The path that held up the end: its longest nodes, and how long they waited.
fn path<'w>(
    held_up: &HeldUp,
    duration: Duration,
    name: impl Fn(NodeId) -> &'w str,
) -> Option<String> {
    if held_up.legs.len() < 2 {
        return None;
    }
    // The longest, in their order; `…` for others between them.
    let mut longest: Vec<(usize, &Leg)> = held_up.legs.iter().enumerate().collect();
    longest.sort_by_key(|(at, leg)| (std::cmp::Reverse(leg.ran()), *at));
    longest.truncate(NAMED);
    longest.sort_unstable_by_key(|(at, _)| *at);
    let mut text = String::from("critical path: ");
    let mut next = 0;
    for (at, leg) in longest {
        if next > 0 {
            text.push_str(" → ");
        }
        if at > next {
            text.push_str("… → ");
        }
        text.push_str(name(leg.node));
        // Times that do not matter make those that do hard to find.
        if leg.ran() * 20 >= duration {
            text.push_str(&format!(" {}", time(leg.ran())));
        }
        next = at + 1;
    }
    if next < held_up.legs.len() {
        text.push_str(" → …");
    }
    let waited = held_up.waited();
    if waited * 20 >= duration {
        text.push_str(&format!("; {} of it waiting to start", time(waited)));
    }
    Some(text)
}

fn slowest<'w>(ran: &[(NodeId, Duration)], name: impl Fn(NodeId) -> &'w str) -> Option<String> {
    if ran.len() <= 1 {
        return None;
    }
    let mut longest: Vec<_> = ran.to_vec();
    let by_time = |(id, took): &(NodeId, Duration)| (std::cmp::Reverse(*took), *id);
    if longest.len() > SLOWEST {
        longest.select_nth_unstable_by_key(SLOWEST - 1, by_time);
        longest.truncate(SLOWEST);
    }
    longest.sort_unstable_by_key(by_time);
    let shown: Vec<String> =
        longest.iter().map(|(id, took)| format!("{} {}", name(*id), time(*took))).collect();
    Some(format!("slowest: {}", shown.join(", ")))
}

fn faster(work: Duration, duration: Duration) -> Option<String> {
    let times = work.as_secs_f64() / duration.as_secs_f64();
    let work = time(work);
    (times >= 1.05).then(|| format!("{work} of work: {times:.1} times as fast as in sequence"))
}

/// The same as far as it was seen by looking now and then.
fn about_faster(at_once: f64, duration: Duration) -> Option<String> {
    let work = time(duration.mul_f64(at_once));
    (at_once >= 1.05)
        .then(|| format!("about {work} of work: {at_once:.1} times as fast as in sequence"))
}

#[cfg(test)]
mod tests {
    use terrace::core::{NoTasks, WorkflowBuilder};

    use super::*;

    fn chain(nodes: usize) -> Workflow {
        let wf = WorkflowBuilder::new("chain");
        let mut last = wf.call(|| 0_i64, ()).named("n0");
        for at in 1..nodes {
            last = wf.call(|n: i64| n, (&last,)).named(format!("n{at}"));
        }
        wf.build(&NoTasks).unwrap()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_path_names_its_longest_nodes() {
        let workflow = chain(9);
        let name = |id: NodeId| workflow.node(id).name();
        let times = |id: NodeId| {
            let at = id.index() as u64;
            // Two of them long, and a second lost before the last.
            let begin = at * 10 + if at > 3 { 2_000 } else { 0 } + if at > 7 { 1_000 } else { 0 };
            let took = if at == 3 { 2_010 } else { 10 };
            Some((ms(begin), ms(begin + took)))
        };
        let held_up = workflow.held_up(times);
        assert_eq!(held_up.legs.len(), 9);
        insta::assert_snapshot!(path(&held_up, ms(3_090), name).unwrap(), @"critical path: n0 → n1 → n2 → n3 2.01 s → n4 → …; 1.00 s of it waiting to start");
        let short = chain(3).held_up(|id| Some((ms(id.index() as u64), ms(id.index() as u64 + 1))));
        insta::assert_snapshot!(path(&short, ms(3), name).unwrap(), @"critical path: n0 1.0 ms → n1 1.0 ms → n2 1.0 ms");
        assert_eq!(path(&chain(1).held_up(|_| Some((ms(0), ms(9)))), ms(9), name), None);
    }

    #[test]
    fn the_slowest_come_first() {
        let workflow = chain(5);
        let name = |id: NodeId| workflow.node(id).name();
        let ran: Vec<_> = workflow.node_ids().zip([5, 2_000, 7, 2_000, 9].map(ms)).collect();
        insta::assert_snapshot!(slowest(&ran, name).unwrap(), @"slowest: n1 2.00 s, n3 2.00 s, n4 9.0 ms");
        assert_eq!(slowest(&ran[..1], name), None);
    }

    #[test]
    fn what_is_no_faster_is_not_said_to_be() {
        insta::assert_snapshot!(faster(ms(9_000), ms(3_000)).unwrap(), @"9.00 s of work: 3.0 times as fast as in sequence");
        assert_eq!(faster(ms(3_000), ms(3_000)), None);
        insta::assert_snapshot!(about_faster(4.94, ms(3_000)).unwrap(), @"about 14.82 s of work: 4.9 times as fast as in sequence");
        assert_eq!(about_faster(1.01, ms(3_000)), None);
    }
}
