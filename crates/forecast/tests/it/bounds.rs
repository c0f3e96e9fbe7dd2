//! How good the order is in which ready nodes start, on workflows like recorded ones.

use std::time::Duration;

use terrace_forecast::wfformat::Instance;
use terrace_forecast::{Assumptions, Forecast, Priority};
use terrace_scheduler::Order;

use crate::generate::{PHASES, SHAPES, instance, workflow_of};
use crate::naive;

const WORKERS: [u32; 4] = [1, 4, 16, 64];
const SEEDS: u64 = 200;

fn forecast(instance: &Instance, priority: Priority) -> Forecast {
    let assumptions = Assumptions { priority, ..Assumptions::default() };
    let workflow = workflow_of(instance);
    Forecast::of(&workflow, &assumptions, &[Order::Dataflow], &WORKERS).unwrap()
}

#[test]
fn makespans_keep_within_what_is_known_of_list_scheduling() {
    let (mut better, mut worse, mut ratios) = (0, Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let instance = instance(seed);
        let by_path = forecast(&instance, Priority::CriticalPath);
        let by_file = forecast(&instance, Priority::File);
        let best = forecast(&instance, Priority::Best);
        let work: Duration = instance.tasks.iter().map(|task| task.runtime).sum();
        let longest = instance.tasks.iter().map(|task| task.runtime).max().unwrap();
        let path = naive::ways(&instance).into_iter().max().unwrap();
        assert_eq!(by_path.work, work, "seed {seed}");
        assert_eq!(by_path.critical_path.as_nanos(), path, "seed {seed}");
        assert_eq!(by_path.tasks, instance.tasks.len() as u64, "seed {seed}");
        for (row, file) in by_path.rows.iter().zip(&by_file.rows) {
            let best = best.rows.iter().find(|best| best.workers == row.workers).unwrap();
            assert_eq!(best.makespan, row.makespan.min(file.makespan));
            assert_eq!(best.priority == Priority::File, file.makespan < row.makespan);
            let (workers, at) =
                (u128::from(row.workers), format!("seed {seed}, {} workers", row.workers));
            let makespan = row.makespan.as_nanos();
            let at_best = path.max(work.as_nanos().div_ceil(workers));
            assert!(makespan >= at_best, "{at}");
            // Graham (1969), of any list.
            assert!(makespan * workers <= work.as_nanos() + (workers - 1) * path, "{at}");
            assert!(
                file.makespan.as_nanos() * workers <= work.as_nanos() + (workers - 1) * path,
                "{at}"
            );
            let at_least = row.at_least.unwrap().as_nanos();
            assert!(at_least >= at_best && at_least <= makespan, "{at}");
            assert!(at_least <= file.makespan.as_nanos(), "{at}");
            if seed % SHAPES != PHASES {
                assert!(makespan * 100 <= (at_best + longest.as_nanos()) * 102, "{at}");
            }
            if row.makespan <= file.makespan {
                better += 1;
            } else {
                let loss = row.makespan.as_secs_f64() / file.makespan.as_secs_f64() - 1.0;
                worse.push(format!("{at}: {:.2} %", loss * 100.0));
            }
            ratios.push(row.makespan.as_secs_f64() / file.makespan.as_secs_f64());
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    assert!(median <= 1.0, "median {median}");
    let share = f64::from(better) / ratios.len() as f64;
    // Where the order matters at all, the longest way first is a rule of thumb, and the order of the
    // file may be lucky: of these 800 runs in one of fifty.
    assert!(share >= 0.98, "{share}: slower by critical path than in file order: {worse:#?}");
}

#[test]
fn makespans_are_those_of_a_naive_list_scheduler() {
    for seed in 0..60 {
        let instance = instance(seed);
        let ways = naive::ways(&instance);
        let tasks = instance.tasks.len();
        let file: Vec<u128> = (0..tasks).map(|at| (tasks - at) as u128).collect();
        for (priority, rank) in [(Priority::CriticalPath, &ways), (Priority::File, &file)] {
            for row in forecast(&instance, priority).rows {
                let expected = naive::makespan(&instance, row.workers as usize, rank);
                let (found, workers) = (row.makespan, row.workers);
                // Urgency is known to a tenth of a millisecond, so that what nearly ties may go the
                // other way round.
                let near = match priority {
                    Priority::File => Duration::ZERO,
                    _ => expected / 50,
                };
                let apart = found.abs_diff(expected);
                assert!(
                    apart <= near,
                    "seed {seed}, {workers} workers, {priority:?}: {found:?}, naively {expected:?}"
                );
            }
        }
    }
}
