//! What no order of starting beats, against all orders of small workflows.

use std::time::Duration;

use terrace_core::{Handle, Limit, NoTasks, Workflow, WorkflowBuilder};
use terrace_forecast::{Assumptions, Forecast, Priority};
use terrace_scheduler::Order;

use crate::generate::Rng;

/// A task of a flat graph: whatever is inside nodes stands in it by itself.
#[derive(Clone, Debug)]
struct Task {
    time: u64,
    /// How many workers it takes.
    cpus: u64,
    /// How many places of the limit.
    places: u64,
    parents: Vec<usize>,
}

/// How many of either there are.
#[derive(Clone, Copy, Debug)]
struct Room {
    workers: u64,
    places: u64,
}

/// The least that any order takes: each order of starting is tried, each task starting as soon as it
/// can and not before the one that starts before it.
fn optimum(tasks: &[Task], room: Room) -> u64 {
    fn go(
        tasks: &[Task],
        room: Room,
        placed: &mut Vec<Option<(u64, u64)>>,
        last: u64,
        best: &mut u64,
    ) {
        let end = placed.iter().flatten().map(|(_, end)| *end).max().unwrap_or(0);
        if end >= *best {
            return;
        }
        if placed.iter().all(Option::is_some) {
            *best = end;
            return;
        }
        for at in 0..tasks.len() {
            let task = &tasks[at];
            if placed[at].is_some() || task.parents.iter().any(|&on| placed[on].is_none()) {
                continue;
            }
            let ready = task.parents.iter().filter_map(|&on| placed[on]).map(|(_, end)| end);
            let ready = ready.max().unwrap_or(0).max(last);
            let mut moments: Vec<u64> = placed.iter().flatten().map(|(_, end)| *end).collect();
            moments.push(ready);
            moments.sort_unstable();
            let fits = |moment: &u64| {
                let (mut workers, mut places) = (task.cpus, task.places);
                for (at, span) in placed.iter().enumerate() {
                    if span.is_some_and(|(start, end)| start <= *moment && *moment < end) {
                        workers += tasks[at].cpus;
                        places += tasks[at].places;
                    }
                }
                *moment >= ready && workers <= room.workers && places <= room.places
            };
            let start = moments.iter().copied().find(fits).unwrap();
            placed[at] = Some((start, start + task.time));
            go(tasks, room, placed, start, best);
            placed[at] = None;
        }
    }
    let mut best = u64::MAX;
    go(tasks, room, &mut vec![None; tasks.len()], 0, &mut best);
    best
}

/// A workflow of a seed, and the same as a flat graph.
fn made(rng: &mut Rng, room: Room, limited: bool) -> (Workflow, Vec<Task>) {
    let wf = WorkflowBuilder::new("small");
    // Nobody may need it.
    if limited || rng.range(0, 1) == 0 {
        wf.limit(Limit::concurrency("site", room.places));
    }
    let mut tasks: Vec<Task> = Vec::new();
    // Of each node what depends on it, and the tasks that it waits for.
    let mut nodes: Vec<(Handle<i64>, Vec<usize>)> = Vec::new();
    let seconds = |time| Duration::from_secs(time);
    while tasks.len() < 6 {
        let time = rng.range(1, 9);
        let before: Vec<usize> = (0..nodes.len()).filter(|_| rng.range(0, 3) == 0).collect();
        let parents: Vec<usize> = before.iter().flat_map(|&on| nodes[on].1.clone()).collect();
        let (made, ends) = if rng.range(0, 4) == 0 {
            // A map over two items or none, of one task or of two that follow each other.
            let (then, chain) = (rng.range(1, 5), rng.range(0, 1) == 1);
            let items = if rng.range(0, 2) == 0 { 0 } else { 2 };
            let mut map = wf.over(0..items);
            // Its window and how many of it run at once are no limits of the flat graph.
            match rng.range(0, 5) {
                0 if limited => map = map.window(1),
                1 if limited => map = map.concurrency(1),
                _ => {}
            }
            let places = if limited { rng.range(0, room.places) } else { 0 };
            let map = map.map(|body, item| {
                let task = body.call(|item: i64| item, (&item,)).expected(seconds(time));
                let first = if places == 0 { task } else { task.needs("site", places) };
                if !chain {
                    return first;
                }
                body.call(|item: i64| item, (&first,)).expected(seconds(then))
            });
            // What waits for one over nothing waits for what that waits for.
            let mut ends = if items == 0 { parents.clone() } else { Vec::new() };
            for _ in 0..items {
                let cpus = 1;
                tasks.push(Task { time, cpus, places, parents: parents.clone() });
                if chain {
                    let (parents, places) = (vec![tasks.len() - 1], 0);
                    tasks.push(Task { time: then, cpus, places, parents });
                }
                ends.push(tasks.len() - 1);
            }
            let map = before.iter().fold(map, |map, &on| map.after(&nodes[on].0));
            // What only waits for it takes no time of its own.
            (map.cast::<i64>(), ends)
        } else {
            let (mut cpus, mut places) = (1, 0);
            let mut task = wf.call(|| 0_i64, ()).expected(seconds(time));
            if limited && rng.range(0, 1) == 0 {
                places = rng.range(1, room.places);
                task = task.needs("site", places);
            }
            if limited && rng.range(0, 4) == 0 {
                cpus = 2.min(room.workers);
                task = task.cpus(2);
            }
            tasks.push(Task { time, cpus, places, parents: parents.clone() });
            let task = before.iter().fold(task, |task, &on| task.after(&nodes[on].0));
            (task, vec![tasks.len() - 1])
        };
        nodes.push((made, ends));
    }
    (wf.build(&NoTasks).unwrap(), tasks)
}

#[test]
fn no_order_beats_it_and_it_is_often_reached() {
    let (mut reached, mut better, mut all) = (0, 0, 0);
    for seed in 0..300 {
        let mut rng = Rng(seed);
        let limited = seed % 3 == 0;
        let room = Room { workers: rng.range(1, 3), places: rng.range(1, 3) };
        let (workflow, tasks) = made(&mut rng, room, limited);
        let best = Duration::from_secs(optimum(&tasks, room));
        let assumptions = Assumptions { priority: Priority::CriticalPath, ..Default::default() };
        let orders = [Order::Dataflow, Order::Levels];
        let workers = [u32::try_from(room.workers).unwrap()];
        let forecast = Forecast::of(&workflow, &assumptions, &orders, &workers).unwrap();
        let least = forecast.rows[0].at_least.unwrap();
        let at = format!("seed {seed}, {room:?}: {tasks:?}");
        assert!(least <= best, "{least:?} is more than {best:?} of the best order; {at}");
        for row in &forecast.rows {
            assert_eq!(row.at_least, Some(least), "{at}");
            assert!(row.makespan >= best, "{:?} beats the best, {best:?}; {at}", row.makespan);
        }
        let work: u64 = tasks.iter().map(|task| task.time * task.cpus).sum();
        let area = Duration::from_secs(work) / workers[0];
        let simple = area.max(Duration::from_secs(longest(&tasks)));
        assert!(least >= simple, "{least:?} says less than {simple:?}; {at}");
        all += 1;
        reached += u32::from(least == best);
        better += u32::from(least > simple);
    }
    // Else it says little.
    assert!(reached * 2 > all, "reached by the best order in {reached} of {all}");
    assert!(better * 10 > all, "more than the critical path and the work in {better} of {all}");
}

/// The longest way through a flat graph.
fn longest(tasks: &[Task]) -> u64 {
    let mut ends: Vec<u64> = Vec::new();
    for task in tasks {
        let ready = task.parents.iter().map(|&on| ends[on]).max().unwrap_or(0);
        ends.push(ready + task.time);
    }
    ends.into_iter().max().unwrap_or(0)
}

#[test]
fn what_runs_over_nothing_stands_in_the_way() {
    let wf = WorkflowBuilder::new("nothing");
    let seconds = Duration::from_secs;
    let list = wf.call(Vec::<i64>::new, ()).expected(seconds(6));
    let map = wf.map(&list, |body, item| body.call(|n: i64| n, (&item,)).expected(seconds(1)));
    let _ = wf.call(|_: Vec<i64>| 0_i64, (&map,)).expected(seconds(5)).named("end");
    let workflow = wf.build(&NoTasks).unwrap();
    let name = workflow.nodes()[0].name().to_owned();
    let assumptions = Assumptions { items: vec![(name, 0)], ..Default::default() };
    let forecast = Forecast::of(&workflow, &assumptions, &[Order::Dataflow], &[1, 4]).unwrap();
    for row in &forecast.rows {
        assert_eq!((row.at_least, row.makespan), (Some(seconds(11)), seconds(11)));
    }
}

#[test]
fn a_limit_does_not_hide_what_stands_inside_of_nodes() {
    for limits in 0..4 {
        let wf = WorkflowBuilder::new("steps");
        wf.limit(Limit::concurrency("site", 1));
        let seconds = Duration::from_secs;
        let mut map = wf.over(0..2_i64);
        if limits == 2 {
            map = map.window(1);
        }
        let _ = map.map(|body, item| {
            let first = body.call(|n: i64| n, (&item,)).expected(seconds(1));
            let second = body.call(|n: i64| n, (&first,)).expected(seconds(1));
            let third = body.call(|n: i64| n, (&second,)).expected(seconds(1));
            if limits == 1 { third.needs("site", 1) } else { third }
        });
        if limits == 3 {
            let _ = wf.call(|| 0_i64, ()).expected(seconds(1)).needs("site", 1);
        }
        let workflow = wf.build(&NoTasks).unwrap();
        let forecast =
            Forecast::of(&workflow, &Assumptions::default(), &[Order::Dataflow], &[8]).unwrap();
        assert_eq!(forecast.rows[0].at_least, Some(seconds(3)), "{limits}");
        assert_eq!(forecast.rows[0].makespan, seconds([3, 4, 6, 3][limits]), "{limits}");
    }
}

#[test]
fn a_serial_start_counts() {
    // 10 s alone, then eight of 3 s on four workers, then 5 s alone: (10 + 24 + 5) / 4 says nothing.
    let wf = WorkflowBuilder::new("serial");
    let seconds = Duration::from_secs;
    let split = wf.call(|| 0_i64, ()).expected(seconds(10));
    let parts: Vec<_> =
        (0..8).map(|_| wf.call(|n: i64| n, (&split,)).expected(seconds(3))).collect();
    let _ = wf.call(|_: Vec<i64>| 0_i64, (parts,)).expected(seconds(5));
    let workflow = wf.build(&NoTasks).unwrap();
    let forecast =
        Forecast::of(&workflow, &Assumptions::default(), &[Order::Dataflow], &[4]).unwrap();
    let row = &forecast.rows[0];
    assert_eq!((row.at_least, row.makespan), (Some(seconds(21)), seconds(21)));
    assert_eq!(row.above(), Some(0.0));
    assert_eq!(forecast.critical_path, seconds(18));
}

#[test]
fn of_a_run_that_may_end_before_all_is_done_nothing_is_known() {
    let wf = WorkflowBuilder::new("early");
    let quick = wf.call(|| 0_i64, ()).expected(Duration::from_secs(1));
    let _ = wf.call(|| 0_i64, ()).expected(Duration::from_secs(60));
    let _ = wf.succeed().after(&quick);
    let workflow = wf.build(&NoTasks).unwrap();
    let forecast =
        Forecast::of(&workflow, &Assumptions::default(), &[Order::Dataflow], &[4]).unwrap();
    assert_eq!(forecast.rows[0].at_least, None);
    assert!(forecast.to_json()["rows"][0]["at_least"].is_null());
    assert!(forecast.to_text().contains("–"));
}
