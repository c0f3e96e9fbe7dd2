//! Workflows inside workflows, five deep, against a naive evaluator that shares no code with the
//! engine: on both paths, in both orders, for every number of workers.
//!
//! What a workflow is stands in [`spec`]; [`grow`] makes one of a seed, [`naive`] says what should
//! come of it, [`build`] hands it to the engine. `TERRACE_SEED=17 cargo test oracle` runs one case
//! and shows it, `TERRACE_SEED=0..100000` a great many.

mod build;
mod events;
mod grow;
mod naive;
mod spec;

use std::sync::{Arc, Mutex};

use terrace_core::{Event, OutcomeStatus, Plan};
use terrace_scheduler::{Order, PathChoice, RunOptions, RunReport, RunStatus, Scheduler};

use crate::graph::{id, within};
use crate::random::Random;
pub(crate) use build::workflow;
pub(crate) use events::disorder;
use naive::{End, Naive};
use spec::{Arg, Flow, What};

/// How many workflows, unless one is asked for.
const CASES: u64 = 1_000;
/// Calls of tasks and the like in one workflow; larger ones are left out.
const MOST: usize = 1_500;

const WAYS: [(Order, PathChoice); 3] = [
    (Order::Dataflow, PathChoice::Fast),
    (Order::Dataflow, PathChoice::Dispatcher),
    (Order::Levels, PathChoice::Dispatcher),
];

/// A workflow of moderate size and what should come of it.
pub(crate) fn case(seed: u64) -> (Flow, Vec<End>) {
    let mut random = Random(seed);
    // Left alone, most are small or fail at once.
    let least = random.below(40);
    loop {
        let flow = grow::workflow(&mut random);
        let mut naive = Naive { calls: 0, most: MOST };
        let ends = naive.nodes(&flow, &[]);
        if (least..=MOST).contains(&naive.calls) && build::is_taken(&flow) {
            return (flow, ends);
        }
    }
}

/// Everything that differs between what a report says and what should have happened.
pub(crate) fn differences(report: &RunReport, ends: &[End]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected = RunStatus::Succeeded;
    for (at, end) in ends.iter().enumerate() {
        let status = report.status_of(id(at)).expect("every node is kept");
        let blamed = || {
            let cause = report.outcome(id(at)).unwrap().cause;
            cause.is_some_and(|cause| report.status_of(cause) == Some(OutcomeStatus::Failed))
        };
        let found = match status {
            OutcomeStatus::Ok => End::Ok(build::val(report.value(id(at)).unwrap())),
            OutcomeStatus::Failed => End::Failed,
            OutcomeStatus::Skipped => End::Skipped { blamed: blamed() },
            other => panic!("{other:?}"),
        };
        if found != *end {
            wrong.push(format!("node {at}: {found:?} instead of {end:?}"));
        }
        let output = report.output(&format!("n{at}")).expect("every node is an output");
        let output = output.as_ref().ok().map(build::val);
        let declared = match end {
            End::Ok(value) => Some(value.clone()),
            End::Skipped { blamed: false } => Some(spec::Val::Null),
            _ => None,
        };
        if output != declared {
            wrong.push(format!("output {at}: {output:?} instead of {declared:?}"));
        }
        if declared.is_none() {
            expected = RunStatus::Failed;
        }
    }
    if report.status != expected {
        wrong.push(format!("the run: {:?} instead of {expected:?}", report.status));
    }
    wrong
}

/// What nodes said when they failed: the same each time, whoever came first.
fn messages(report: &RunReport) -> Vec<Option<String>> {
    let message = |(_, outcome): (_, Option<terrace_scheduler::NodeOutcome>)| {
        Some(outcome?.error?.message().to_owned())
    };
    report.outcomes().map(message).collect()
}

fn run(
    scheduler: &Scheduler,
    plan: &Arc<Plan>,
    (order, path): (Order, PathChoice),
    events: Option<&Arc<Mutex<Vec<Event>>>>,
) -> RunReport {
    let mut options = RunOptions::default().with_order(order).with_path(path);
    if let Some(events) = events {
        let sink = Arc::clone(events);
        let observer = move |event: &Event| sink.lock().unwrap().push(event.clone());
        options = options.with_observer(Arc::new(observer));
    }
    scheduler.run(plan, options)
}

fn schedulers() -> Vec<Scheduler> {
    [1, 2, 8].map(|workers| Scheduler::builder().workers(workers).build().unwrap()).into()
}

/// `TERRACE_SEED`: one seed, or a range of them such as `0..100000`; whether it is one.
fn asked_for() -> (std::ops::Range<u64>, bool) {
    let Ok(text) = std::env::var("TERRACE_SEED") else { return (0..CASES, false) };
    let number = |text: &str| text.parse().expect("TERRACE_SEED is 17 or 0..1000");
    match text.split_once("..") {
        Some((from, to)) => (number(from)..number(to), false),
        None => (number(&text)..number(&text) + 1, true),
    }
}

#[test]
fn random_workflows_inside_each_other_end_as_they_should() {
    within(600, || {
        let (seeds, one) = asked_for();
        let schedulers = schedulers();
        for seed in seeds {
            let (flow, ends) = case(seed);
            let label = |at: usize, way| format!("TERRACE_SEED={seed}, scheduler {at}, {way:?}");
            if one {
                eprintln!("{flow:#?}\n{ends:#?}");
            }
            let plan = Arc::new(build::workflow(&flow).plan());
            let names: Vec<String> = (0..flow.nodes.len()).map(|at| format!("n{at}")).collect();
            let mut said: Option<Vec<Option<String>>> = None;
            for (at, scheduler) in schedulers.iter().enumerate() {
                for way in WAYS {
                    // Watching costs more than running.
                    let watched = (seed + at as u64).is_multiple_of(4);
                    let events = Arc::new(Mutex::new(Vec::new()));
                    let report = run(scheduler, &plan, way, watched.then_some(&events));
                    assert_eq!(differences(&report, &ends), [""; 0], "{}", label(at, way));
                    let messages = messages(&report);
                    let first = said.get_or_insert_with(|| messages.clone());
                    assert_eq!(messages, *first, "{}", label(at, way));
                    if watched {
                        let events = events.lock().unwrap();
                        assert_eq!(disorder(&events, &names), [""; 0], "{}", label(at, way));
                    }
                }
            }
        }
    });
}

/// Takes away an edge or changes a constant somewhere inside. False: there is none.
fn break_one(flow: &mut Flow, random: &mut Random) -> bool {
    let mut flows = vec![flow];
    let mut tasks = Vec::new();
    while let Some(flow) = flows.pop() {
        for node in &mut flow.nodes {
            match &mut node.what {
                What::Task(task) => tasks.push(task),
                What::Once(inner, _) | What::Given(inner, _) => flows.push(inner),
                What::Map(map) => flows.push(&mut map.body),
                What::Loop(repeat) => flows.push(&mut repeat.body),
            }
        }
    }
    if tasks.is_empty() {
        return false;
    }
    let task = tasks.swap_remove(random.below(tasks.len()));
    let plain = task.ports.iter_mut().find_map(|port| match port {
        spec::Port::Plain(arg @ (Arg::Node(_) | Arg::Input(_))) => Some(arg),
        _ => None,
    });
    match plain {
        Some(arg) => *arg = Arg::Const(spec::Val::Int(-1)),
        None => task.salt ^= 1,
    }
    true
}

/// The checks above are worth something only if they notice.
#[test]
fn a_lost_edge_or_another_constant_somewhere_inside_is_noticed() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let (mut tried, mut noticed) = (0, 0);
        for seed in 0..200 {
            let (mut flow, ends) = case(seed);
            if !break_one(&mut flow, &mut Random(seed)) {
                continue;
            }
            let mut naive = Naive { calls: 0, most: MOST };
            let other = naive.nodes(&flow, &[]);
            if naive.calls > MOST {
                continue;
            }
            tried += 1;
            let plan = Arc::new(build::workflow(&flow).plan());
            let wrong = WAYS
                .iter()
                .any(|&way| !differences(&run(&scheduler, &plan, way, None), &ends).is_empty());
            noticed += usize::from(wrong);
            // What makes no difference cannot be noticed; all else is.
            assert_eq!(wrong, other != ends, "seed {seed}");
        }
        assert!(tried > 150 && noticed * 5 > tried, "noticed {noticed} of {tried}");
    });
}
