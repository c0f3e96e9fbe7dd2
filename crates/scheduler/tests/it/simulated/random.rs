//! Random workflows with random policies, durations and faults, run on a virtual clock: what was
//! told is held against sums that are made of it alone.
//!
//! `TERRACE_SIMULATIONS=1000000` runs more of them, `TERRACE_SIMULATION=17` one workflow and shows
//! what was told.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{OnFailure, Plan, TaskError};
use terrace_plugin_api::Retryable;
use terrace_scheduler::simulate::{Attempt, Course, Simulation};
use terrace_scheduler::{Checkpoint, Decision, Order, RunOptions, RunReport, RunStatus};

use super::log::{Asked, Book, Seen};
use super::spec::{Draw, Spec, ms};
use super::{build, fits, order, rules};
use crate::graph::within;
use crate::random::Random;

/// How many runs; `TERRACE_SIMULATIONS` sets another number.
const RUNS: u64 = 100_000;
/// How often each workflow runs, each time otherwise.
const WAYS: u64 = 10;

/// With so many workflows in which something is wrong the rest is left out.
const MOST_SHOWN: usize = 10;

/// A run, and all that holds for it.
pub(super) struct Case<'c> {
    pub(super) spec: &'c Spec,
    pub(super) book: &'c Book,
    pub(super) plan: &'c Arc<Plan>,
    pub(super) workers: u32,
    pub(super) max_blocking: usize,
    pub(super) order: Order,
    pub(super) deadline: Option<Duration>,
    pub(super) max_concurrent: Option<u32>,
    pub(super) on_failure: OnFailure,
    pub(super) cancel_at: Option<Duration>,
    /// With so many leftovers of a task no more of it begin.
    pub(super) max_abandoned: Option<u32>,
    answer_after: Duration,
    stops_at_checkpoint: bool,
    /// Of a hundred attempts so many fail, and so many of those that may do not come back.
    fails: usize,
    hangs: usize,
    longest: usize,
    seed: u64,
    /// Whether nothing can stop it as a whole.
    pub(super) never_stops: bool,
}

impl<'c> Case<'c> {
    fn draw(spec: &'c Spec, book: &'c Book, plan: &'c Arc<Plan>, random: &mut Random) -> Self {
        let least = |a: Option<_>, b: Option<_>| a.into_iter().chain(b).min();
        let deadline = random.chance(10).then(|| ms(1 + random.below(150) as u64));
        let max_concurrent = random.chance(10).then(|| 1 + random.below(3) as u32);
        let on_failure = if random.chance(15) { OnFailure::Stop } else { spec.on_failure };
        let mut case = Self {
            spec,
            book,
            plan,
            workers: 1 + random.below(4) as u32,
            max_blocking: 1 + random.below(4),
            order: if random.chance(25) { Order::Levels } else { Order::Dataflow },
            deadline: least(deadline, spec.deadline),
            max_concurrent: max_concurrent.into_iter().chain(spec.max_concurrent).min(),
            on_failure,
            cancel_at: random.chance(15).then(|| ms(random.below(100) as u64)),
            max_abandoned: random.chance(10).then(|| 1 + random.below(3) as u32),
            answer_after: ms(random.below(10) as u64),
            stops_at_checkpoint: random.chance(20),
            fails: [0, 10, 40][random.below(3)],
            hangs: [0, 10, 40][random.below(3)],
            longest: [4, 30][random.below(2)],
            seed: random.next(),
            never_stops: false,
        };
        let calm = case.on_failure == OnFailure::Continue && case.cancel_at.is_none();
        case.never_stops = calm && case.deadline.is_none() && !case.stops_at_checkpoint;
        case
    }

    /// How an attempt goes: the same for the same path and number.
    fn course(&self, attempt: &Attempt<'_>) -> (Course, Asked) {
        let mixed = attempt.seed ^ u64::from(attempt.number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let random = &mut Random(mixed);
        let takes = ms(random.below(self.longest) as u64);
        let retryable = random.chance(70);
        let hangs = attempt.due.is_some() && random.chance(self.hangs);
        let mut course = if random.chance(self.fails) {
            let retryable = if retryable { Retryable::Yes } else { Retryable::No };
            Course::gives(takes, Err(TaskError::msg("it fails").with_retryable(retryable)))
        } else {
            Course::calls(takes)
        };
        let ok = matches!(course.gives, terrace_scheduler::simulate::Gives::Called);
        if hangs {
            course = Course { takes: None, ..course };
        }
        if random.chance(40) {
            course = course.stops_after(ms(random.below(4) as u64));
        }
        let (path, number, at) = (attempt.path.to_owned(), attempt.number, attempt.at);
        let asked = Asked { path, number, at, takes: course.takes, ok, retryable };
        (course, asked)
    }

    fn options(&self) -> RunOptions {
        let stops = self.stops_at_checkpoint;
        let approver = move |_: &Checkpoint| match stops {
            true => Decision::Stop { reason: "no".to_owned() },
            false => Decision::GoOn,
        };
        let mut options = RunOptions::default()
            .with_seed(self.seed)
            .with_order(self.order)
            .with_on_failure(self.on_failure)
            .with_approver(Arc::new(approver));
        if let Some(deadline) = self.deadline {
            options = options.with_deadline(deadline);
        }
        if let Some(most) = self.max_concurrent {
            options = options.with_max_concurrent(most);
        }
        options
    }

    fn run(&self) -> (Result<RunReport, String>, Arc<Seen>, Vec<Asked>) {
        let seen = Arc::new(Seen::default());
        let mut asked = Vec::new();
        let mut script = |attempt: &Attempt<'_>| {
            let (course, one) = self.course(attempt);
            asked.push(one);
            course
        };
        let mut simulation = Simulation::new(self.workers)
            .max_blocking(self.max_blocking)
            .max_abandoned(self.max_abandoned.unwrap_or(u32::MAX))
            .answer_after(self.answer_after);
        if let Some(at) = self.cancel_at {
            simulation = simulation.cancel_at(at);
        }
        let options = self.options().with_observer(seen.clone());
        let report = simulation.run(self.plan, options, &mut script);
        (report.map_err(|error| error.to_string()), seen, asked)
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, max_blocking, order, on_failure, max_concurrent, .. } = self;
        write!(
            f,
            "{order:?} on {workers}+{max_blocking}, {on_failure:?}, {max_concurrent:?} at once"
        )?;
        let Self { deadline, cancel_at, max_abandoned, .. } = self;
        write!(f, ", until {deadline:?} or {cancel_at:?}, {max_abandoned:?} leftovers")
    }
}

/// What is wrong with a run.
fn differences(
    case: &Case<'_>,
    statuses: &mut HashMap<RunStatus, u64>,
    again: bool,
) -> Vec<String> {
    let (report, seen, asked) = case.run();
    let mut wrong = Vec::new();
    match report {
        Err(error) => wrong.push(error),
        Ok(report) => {
            let told = seen.told(case.plan, case.book);
            order::check(case, &told, &asked, &mut wrong);
            rules::check(case, &told, &asked, &report, &mut wrong);
            fits::check(case, &told, &asked, &mut wrong);
            *statuses.entry(report.status).or_default() += 1;
        }
    }
    if again && case.run().1.text() != seen.text() {
        wrong.push("the same again is not the same".to_owned());
    }
    wrong
}

/// Runs a workflow in several ways. Gives what is wrong.
fn simulate(seed: u64, shows: bool, statuses: &mut HashMap<RunStatus, u64>) -> Option<String> {
    let random = &mut Random(seed);
    let spec = Draw::spec(random);
    let plan = build::plan(&spec);
    let book = Book::new(spec.known());
    for way in 0..WAYS {
        let case = Case::draw(&spec, &book, &plan, random);
        let wrong = differences(&case, statuses, (seed + way).is_multiple_of(16));
        if wrong.is_empty() {
            continue;
        }
        if shows {
            eprintln!("{spec:#?}\n{}", case.run().1.text());
        }
        let shown = wrong[..wrong.len().min(4)].join("\n  ");
        return Some(format!("TERRACE_SIMULATION={seed}, way {way}, {case}:\n  {shown}"));
    }
    None
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn whatever_is_drawn_what_is_told_holds() {
    let one = number("TERRACE_SIMULATION");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("TERRACE_SIMULATIONS").unwrap_or(RUNS).div_ceil(WAYS),
    };
    within(3_000, move || {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicU64::new(seeds.start);
        let all = Mutex::new((HashMap::new(), Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    let mut statuses = HashMap::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end || all.lock().unwrap().1.len() >= MOST_SHOWN {
                            break;
                        }
                        let wrong = simulate(seed, one.is_some(), &mut statuses);
                        all.lock().unwrap().1.extend(wrong);
                    }
                    for (status, count) in statuses {
                        *all.lock().unwrap().0.entry(status).or_insert(0) += count;
                    }
                });
            }
        });
        let (statuses, mut wrong) = all.into_inner().unwrap();
        wrong.sort();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        eprintln!("{statuses:?}");
        assert!(one.is_some() || statuses.len() == 5, "{statuses:?}");
    });
}
