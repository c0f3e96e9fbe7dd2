//! Where the time of a run went: what held up its end, what took longest, and how much faster it
//! was than one thread.
//!
//! Said only of runs that somebody had to wait for.

use std::collections::HashMap;
use std::time::Duration;

use terrace::core::{HeldUp, NodeId, Redactor, Workflow};
use terrace::report::{Ran, Record};

use super::Told;
use super::summary::time;

/// Of shorter runs nothing is said.
const LONG: Duration = Duration::from_secs(1);

/// How many nodes of a path, and how many of those that took longest, are named.
const NAMED: usize = 5;
const SLOWEST: usize = 3;

/// What is said of a run.
pub(super) fn lines(told: &Told<'_>) -> Vec<String> {
    let Told { workflow, report, seen, redactor, .. } = told;
    if report.duration < LONG {
        return Vec::new();
    }
    let outcomes = || {
        let outcomes = report.outcomes().filter_map(|(id, outcome)| Some((id, outcome?)));
        outcomes.filter(|(_, outcome)| outcome.attempts > 0)
    };
    // Of a node the report has the last attempt alone.
    let before: HashMap<NodeId, Option<Duration>> = outcomes()
        .filter(|(_, outcome)| outcome.attempts > 1)
        .map(|(id, outcome)| (id, seen.tried(id, outcome.attempts)))
        .collect();
    let tried = |id: NodeId| before.get(&id).copied().flatten().unwrap_or_default();
    let ran: Vec<(NodeId, Duration)> =
        outcomes().map(|(id, outcome)| (id, outcome.duration + tried(id))).collect();
    let name = |id: NodeId| workflow.node(id).name();
    let held_up = report.held_up();
    let legs = match seen.ran() {
        // Only where something inside was told of it shows more than the run's own nodes do.
        Some(ran) if ran.iter().any(|ran| ran.path.is_some()) => {
            let tried = |name: &str| match workflow.find(name) {
                Some(id) => tried(id),
                None => seen.tried_inside(name),
            };
            through(workflow, ran, tried, redactor)
        }
        _ => own(&held_up, name, tried),
    };
    // What nodes with others inside took and those did not is time that these waited.
    let ran_in_all: Duration = legs.iter().map(|(_, ran)| *ran).sum();
    let waited = (held_up.waited() + held_up.ran()).saturating_sub(ran_in_all);
    let unknown = |id: NodeId| before.get(&id).is_some_and(Option::is_none);
    let waiting = match held_up.legs.iter().any(|leg| unknown(leg.node)) {
        false => "waiting to start",
        true => "waiting or trying again",
    };
    let mut lines = Vec::new();
    lines.extend(path(&legs, (waited, waiting), report.duration));
    lines.extend(slowest(&ran, name));
    // What maps and inner workflows do side by side is not known from their nodes.
    let work = match report.inside {
        _ if before.values().any(Option::is_none) => None,
        0 => Some(report.work() + before.values().flatten().sum::<Duration>()),
        inside => seen.work(inside),
    };
    lines.extend(match work {
        Some(work) => faster(work, report.duration),
        None => seen.at_once().and_then(|at_once| about_faster(at_once, report.duration)),
    });
    lines
}

/// Something on the path that held up the end, and how long it ran.
type Leg = (String, Duration);

/// The path as far as it is known from the run's own nodes.
fn own<'w>(
    held_up: &HeldUp,
    name: impl Fn(NodeId) -> &'w str,
    tried: impl Fn(NodeId) -> Duration,
) -> Vec<Leg> {
    let leg = |leg: &terrace::core::Leg| (name(leg.node).to_owned(), leg.ran() + tried(leg.node));
    held_up.legs.iter().map(leg).collect()
}

/// The path as a report shows it, which goes on inside of maps, loops, and inner and given workflows:
/// what it passes in them stands for them. `tried`: how long attempts before the last ran.
fn through(
    workflow: &Workflow,
    ran: Vec<Ran>,
    tried: impl Fn(&str) -> Duration,
    redactor: &Redactor,
) -> Vec<Leg> {
    let record = Record::of_times(workflow, ran);
    let path = record.longest_path();
    let name = |at: usize| path[at].place.name(&record.header);
    let is_around = |at: usize| {
        let next = path.get(at + 1).map(|next| next.place.name(&record.header));
        let inside = next.and_then(|next| next.strip_prefix(name(at)));
        inside.is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    (0..path.len())
        .filter(|&at| !is_around(at))
        .map(|at| {
            let ran = path[at].end.unwrap_or(path[at].start).saturating_sub(path[at].start);
            // Keys of a secret map stand in the paths of its items.
            let ran = Duration::from_nanos(ran) + tried(name(at));
            (redactor.mask(name(at)).into_owned(), ran)
        })
        .collect()
}

/// The path that held up the end: what took longest on it, and how long it waited for what.
fn path(legs: &[Leg], (waited, waiting): (Duration, &str), duration: Duration) -> Option<String> {
    if legs.len() < 2 {
        return None;
    }
    // The longest, in their order; `…` for others between them.
    let mut longest: Vec<(usize, &Leg)> = legs.iter().enumerate().collect();
    longest.sort_by_key(|(at, (_, ran))| (std::cmp::Reverse(*ran), *at));
    longest.truncate(NAMED);
    longest.sort_unstable_by_key(|(at, _)| *at);
    let mut text = String::from("critical path: ");
    let mut next = 0;
    for (at, (name, ran)) in longest {
        if next > 0 {
            text.push_str(" → ");
        }
        if at > next {
            text.push_str("… → ");
        }
        text.push_str(name);
        // Times that do not matter make those that do hard to find.
        if *ran * 20 >= duration {
            text.push_str(&format!(" {}", time(*ran)));
        }
        next = at + 1;
    }
    if next < legs.len() {
        text.push_str(" → …");
    }
    if waited * 20 >= duration {
        text.push_str(&format!("; {} of it {waiting}", time(waited)));
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

    fn start(waited: Duration) -> (Duration, &'static str) {
        (waited, "waiting to start")
    }

    #[test]
    fn a_path_names_its_longest_nodes() {
        let no = |_: NodeId| Duration::ZERO;
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
        insta::assert_snapshot!(path(&own(&held_up, name, no), start(held_up.waited()), ms(3_090)).unwrap(), @"critical path: n0 → n1 → n2 → n3 2.01 s → n4 → …; 1.00 s of it waiting to start");
        let short = chain(3).held_up(|id| Some((ms(id.index() as u64), ms(id.index() as u64 + 1))));
        insta::assert_snapshot!(path(&own(&short, name, no), start(ms(0)), ms(3)).unwrap(), @"critical path: n0 1.0 ms → n1 1.0 ms → n2 1.0 ms");
        let one = chain(1).held_up(|_| Some((ms(0), ms(9))));
        assert_eq!(path(&own(&one, name, no), start(ms(0)), ms(9)), None);
    }

    #[test]
    fn a_path_goes_on_inside_of_maps_and_given_workflows() {
        let wf = WorkflowBuilder::new("inside");
        let list = wf.call(|| vec![1_i64, 2], ()).named("list");
        let map = wf.map(&list, |body, item| {
            let fetch = body.call(|item: i64| item, (&item,)).named("fetch");
            body.call(|item: i64| item, (&fetch,)).named("parse")
        });
        let map = map.named("pages");
        let end = wf.call(|_: Vec<i64>| (), (&map,)).named("end");
        let workflow = wf.build(&NoTasks).unwrap();
        let id = |handle: Option<NodeId>| handle.unwrap();
        let (list, map, end) = (id(list.node()), id(map.node()), id(end.node()));
        let ran = |node, path: Option<&str>, start, end| {
            let (start, end) = (ms(start), ms(end));
            Ran { node, path: path.map(Into::into), start, end }
        };
        let told = vec![
            ran(list, None, 0, 10),
            ran(list, Some("pages[1].fetch"), 10, 40),
            ran(list, Some("pages[0].fetch"), 10, 30),
            ran(map, Some("pages[0].parse"), 30, 90),
            ran(map, Some("pages[1].parse"), 40, 50),
            ran(map, None, 10, 90),
            ran(end, None, 90, 100),
        ];
        let legs = through(&workflow, told, |_| ms(0), &Redactor::default());
        insta::assert_snapshot!(path(&legs, start(ms(0)), ms(100)).unwrap(), @"critical path: list 10.0 ms → pages[0].fetch 20.0 ms → pages[0].parse 60.0 ms → end 10.0 ms");
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
