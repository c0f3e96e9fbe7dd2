//! [`serve`]: a peer's `main`. Builds and first runs for half of the budget, then re-runs of the
//! last that was built for the other half. Every run is checked.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::graph::Graph;
use crate::lap::{Lap, Laps, min_and_median};
use crate::line::Line;
use crate::memory;
use crate::request::Request;
use crate::tally;
use crate::work::Work;

/// At most so many builds, and so many re-runs.
const MOST: (usize, usize) = (50, 300);

/// A graph in the form that an engine runs.
pub trait Built {
    /// Runs it once, to the end of the last task. False where it cannot be run (again).
    fn run(&mut self) -> bool;
}

/// Reads the arguments, measures, and prints what was found. `start` makes the engine, threads and
/// all; what it gives builds a graph for it, or nothing where it cannot do that graph.
pub fn serve<B, F>(start: F) -> ExitCode
where
    B: FnMut(&Arc<Work>) -> Option<Box<dyn Built>>,
    F: FnOnce(&Request) -> Result<B, String>,
{
    let measured = Request::read(std::env::args().skip(1)).and_then(|request| {
        let graph = Graph::load(&request.graph).map_err(|error| error.to_string())?;
        let mut build = start(&request)?;
        let work = Work::new(graph, request.body);
        let work = Arc::new(if request.tally { work.tallied() } else { work });
        Ok(match request.reruns {
            Some(reruns) => repeat(reruns, &work, &mut build),
            None => measure(&request, &work, &mut build),
        })
    });
    match measured {
        Ok(line) => {
            print(&line.map_or_else(|| "n/a".to_owned(), |line| line.to_string()));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the line is what a peer is run for")]
fn print(line: &str) {
    println!("{line}");
}

fn measure(
    request: &Request,
    work: &Arc<Work>,
    build: &mut impl FnMut(&Arc<Work>) -> Option<Box<dyn Built>>,
) -> Option<Line> {
    let nodes = work.graph.len();
    memory::forget_peak();
    let mut memory = [memory::resident(), 0, 0];
    let (mut builds, mut firsts, mut reruns) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_right = true;
    let (mut of_firsts, mut of_reruns) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut built = loop {
        work.clear();
        let begin = Instant::now();
        let mut built = build(work)?;
        builds.push(per_node(begin.elapsed(), nodes));
        if builds.len() == 1 {
            memory[1] = memory::resident();
        }
        let (ran, lap) = run(built.as_mut(), request.gap);
        if builds.len() == 1 {
            memory[2] = memory::peak();
        }
        of_firsts.push(work.tally());
        is_right &= ran && work.check(1);
        firsts.push(lap);
        if !is_right || start.elapsed() > request.budget / 2 || builds.len() == MOST.0 {
            break built;
        }
    };
    let start = Instant::now();
    work.clear();
    while is_right && reruns.len() < MOST.1 {
        let (ran, lap) = run(built.as_mut(), request.gap);
        if !ran {
            break;
        }
        reruns.push(lap);
        of_reruns.push(work.tally());
        is_right = work.check(reruns.len() as u32);
        if work.body.has_values() {
            // Or the values of the run before would pass for those of the next.
            work.clear();
        }
        if start.elapsed() > request.budget / 2 {
            break;
        }
    }
    let (build_min, build_median) = min_and_median(builds);
    let (first, rerun) = (Laps::of(&firsts, nodes), Laps::of(&reruns, nodes));
    Some(Line {
        build: [build_min, build_median],
        first: [first.min, first.median],
        rerun: [rerun.min, rerun.median],
        memory,
        is_right,
        cpu: [first.cpu, rerun.cpu],
        firsts: firsts.len(),
        quiet: rerun.quiet,
        mean: None,
        tally: tally::ordinary(if of_reruns.is_empty() { of_firsts } else { of_reruns }),
    })
}

/// A build, its first run and so many re-runs, with nothing else between them than a reading of the
/// clock, for who times the whole process.
fn repeat(
    reruns: u32,
    work: &Arc<Work>,
    build: &mut impl FnMut(&Arc<Work>) -> Option<Box<dyn Built>>,
) -> Option<Line> {
    let nodes = work.graph.len();
    let begin = Instant::now();
    let mut built = build(work)?;
    let build = per_node(begin.elapsed(), nodes);
    let begin = Instant::now();
    let mut is_right = built.run();
    let first = per_node(begin.elapsed(), nodes);
    is_right &= work.check(1);
    work.clear();
    let mut times = Vec::with_capacity(reruns as usize);
    for _ in 0..reruns {
        let begin = Instant::now();
        if !built.run() {
            break;
        }
        times.push(begin.elapsed());
    }
    let ran = u32::try_from(times.len()).unwrap_or(u32::MAX);
    is_right &= ran == 0 || work.check(ran);
    let mean = (ran > 0).then(|| per_node(times.iter().sum(), nodes) / f64::from(ran));
    let (min, median) =
        min_and_median(times.into_iter().map(|time| per_node(time, nodes)).collect());
    Some(Line {
        build: [build; 2],
        first: [first; 2],
        rerun: [min, median],
        memory: [0; 3],
        is_right,
        cpu: [f64::NAN; 2],
        firsts: 1,
        quiet: 0,
        mean: mean.filter(|_| ran == reruns),
        tally: Vec::new(),
    })
}

fn run(built: &mut dyn Built, gap: Duration) -> (bool, Lap) {
    if !gap.is_zero() {
        thread::sleep(gap);
    }
    Lap::of(|| built.run())
}

fn per_node(time: Duration, nodes: usize) -> f64 {
    time.as_nanos() as f64 / nodes as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Body;

    /// Runs all but the last task, every `wrong`-th time.
    struct Loop {
        work: Arc<Work>,
        runs: u32,
        wrong: u32,
    }

    impl Built for Loop {
        fn run(&mut self) -> bool {
            self.runs += 1;
            let missing = u32::from(self.runs.is_multiple_of(self.wrong));
            let task = self.work.task();
            (0..self.work.graph.len() as u32 - missing).for_each(|node| task(&self.work, node));
            true
        }
    }

    fn line(body: Body, wrong: u32) -> Line {
        let request =
            Request::read(["--graph", "-", "--budget-ms", "20"].map(str::to_owned)).unwrap();
        let work = Arc::new(Work::new(Graph::make("tree", 100).unwrap(), body));
        let mut build = |work: &Arc<Work>| -> Option<Box<dyn Built>> {
            Some(Box::new(Loop { work: Arc::clone(work), runs: 0, wrong }))
        };
        measure(&request, &work, &mut build).unwrap()
    }

    #[test]
    fn so_many_re_runs_are_so_many_and_checked_together() {
        for body in [Body::Empty, Body::Text] {
            let work = Arc::new(Work::new(Graph::make("tree", 100).unwrap(), body));
            let repeat = |reruns, wrong| {
                let mut build = |work: &Arc<Work>| -> Option<Box<dyn Built>> {
                    work.clear();
                    Some(Box::new(Loop { work: Arc::clone(work), runs: 0, wrong }))
                };
                super::repeat(reruns, &work, &mut build).unwrap()
            };
            let good = repeat(12, u32::MAX);
            assert!(good.is_right && good.mean.unwrap() >= good.rerun[0], "{good:?}");
            // Values of the last run are those of any: there only the first is seen.
            assert!(!repeat(12, if body == Body::Empty { 7 } else { 1 }).is_right, "{body}");
        }
    }

    #[test]
    fn a_re_run_that_leaves_a_task_out_is_seen_for_counts_and_for_values() {
        for body in [Body::Empty, Body::Value, Body::Text, Body::Spin(5)] {
            let good = line(body, u32::MAX);
            assert!(good.is_right && good.rerun[0] > 0.0 && good.firsts > 1, "{good:?}");
            assert!(!line(body, 7).is_right, "{body}");
        }
    }
}
