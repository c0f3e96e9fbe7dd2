//! Small random workflows with random policies of all kinds: each ends, nothing is used beyond its
//! limit, no attempt is one too many, every value is dropped once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Backoff, Expansion, Handle, Lane, Limit, OnFailure, OutcomeStatus, Plan, Retry, RetryOn, RunIf,
    WorkflowBuilder,
};
use terrace_plugin_api::{ErrorClass, Retryable, TaskContext};
use terrace_scheduler::{Order, RunOptions, RunReport, RunStatus, Scheduler, TaskError};

use super::seen::{Census, Counted, Seen, Step, until, watch};
use crate::graph::within;
use crate::random::Random;

const RUNS: u64 = 300;

/// What is said of a node, or of the items of a map.
#[derive(Clone, Default)]
struct Said {
    attempts: u32,
    needs: Vec<(&'static str, u64)>,
    concurrency: Option<u64>,
}

/// What is said, by name; of items by the name and `[]`.
type Book = Arc<Mutex<HashMap<String, Said>>>;

struct Maker {
    random: Random,
    census: Census,
    book: Book,
    nodes: usize,
}

/// What a task does.
#[derive(Clone, Copy)]
struct Act {
    /// It fails in the attempts up to this one.
    fails: u32,
    retryable: bool,
    sleep: Duration,
    /// It goes on until it is told to stop, in the first attempt.
    hangs: bool,
}

impl Act {
    fn run(self, ctx: &TaskContext<'_>, census: &Census) -> Result<Counted, TaskError> {
        std::thread::sleep(self.sleep);
        if self.hangs && ctx.attempt() == 1 {
            until(|| ctx.cancelled());
            return Err(TaskError::new(ErrorClass::CANCELLED, "told to stop"));
        }
        if ctx.attempt() <= self.fails {
            let retryable = if self.retryable { Retryable::Yes } else { Retryable::No };
            return Err(TaskError::msg("it fails").with_retryable(retryable));
        }
        Ok(census.one())
    }
}

const LIMITS: [(&str, u64); 3] = [("places", 2), ("memory", 100), ("starts", 4)];

impl Maker {
    fn ms(&mut self, below: usize) -> Duration {
        Duration::from_micros(self.random.below(below * 1_000 + 1) as u64)
    }

    fn act(&mut self, may_hang: bool) -> Act {
        let fails = match self.random.below(10) {
            0..8 => 0,
            8 => 1 + self.random.below(3) as u32,
            _ => u32::MAX,
        };
        let sleep = if self.random.chance(30) { self.ms(4) } else { Duration::ZERO };
        let hangs = may_hang && self.random.chance(25);
        Act { fails, retryable: self.random.chance(80), sleep, hangs }
    }

    fn retry(&mut self) -> Retry {
        let longest = self.ms(4);
        Retry {
            attempts: 1 + self.random.below(4) as u32,
            backoff: if self.random.chance(50) { Backoff::Constant } else { Backoff::Exponential },
            initial: longest / 2,
            max: longest,
            jitter: 0.5,
            on: if self.random.chance(30) { RetryOn::Any } else { RetryOn::Retryable },
        }
    }

    fn need(&mut self) -> (&'static str, u64) {
        let (name, most) = LIMITS[self.random.below(LIMITS.len())];
        (name, 1 + self.random.below(most as usize) as u64)
    }

    /// A time within which most things end, or nearly nothing does.
    fn time(&mut self) -> Duration {
        let ms = if self.random.chance(70) { 40 } else { 3 };
        Duration::from_millis(1) + self.ms(ms)
    }

    /// Says something of a node. `timed`: it has a time in any case.
    fn say<T: Send + Sync + 'static>(
        &mut self,
        mut node: Handle<T>,
        name: &str,
        timed: bool,
        is_task: bool,
        instead: impl Fn() -> T,
    ) -> Handle<T> {
        let mut said = Said { attempts: 1, ..Said::default() };
        if self.random.chance(40) {
            let retry = self.retry();
            said.attempts = retry.attempts;
            node = node.retry(retry);
        }
        if timed || self.random.chance(20) {
            let time = self.time();
            node = node.timeout(time);
            if self.random.chance(30) {
                let more = self.time();
                node = node.total_timeout(time + more);
            }
        }
        // What is inside wants some too: two of those may wait for each other, and be told.
        if self.random.chance(if is_task { 35 } else { 8 }) {
            let (limit, amount) = self.need();
            said.needs.push((limit, amount));
            node = node.needs(limit, amount);
        }
        if self.random.chance(20) {
            let most = 1 + self.random.below(3) as u32;
            said.concurrency = Some(u64::from(most));
            node = node.concurrency(most);
        }
        if is_task && self.random.chance(15) {
            node = node.cpus(1 + self.random.below(4) as u32);
        }
        if self.random.chance(20) {
            node = node.priority(self.random.below(5) as i32 - 2);
        }
        if self.random.chance(20) {
            node = node.cost("money", 1 + self.random.below(3) as u32);
        }
        node = match self.random.below(6) {
            0 => node.fallback(instead()),
            _ => node,
        };
        if is_task && self.random.chance(30) {
            node = node.on_lane(Lane::Blocking);
        }
        self.book.lock().unwrap().insert(name.to_owned(), said);
        node
    }

    fn name(&mut self) -> String {
        self.nodes += 1;
        format!("n{}", self.nodes)
    }

    /// A task that reads some of those before it.
    fn task(&mut self, wf: &WorkflowBuilder, reads: &[Handle<Counted>]) -> Handle<Counted> {
        let name = self.name();
        let timed = self.random.chance(30);
        let (act, census) = (self.act(timed), self.census.clone());
        let node = match self.joined(wf, reads) {
            None => wf.try_call(move |ctx: &TaskContext<'_>| act.run(ctx, &census), ()),
            Some(given) => {
                let body = move |ctx: &TaskContext<'_>, given: Counted| {
                    let made = act.run(ctx, &census);
                    drop(given);
                    made
                };
                wf.try_call(body, (&given,))
            }
        };
        let node = node.named(&name);
        let census = self.census.clone();
        self.say(node, &name, timed, true, || census.one())
    }

    fn map(&mut self, wf: &WorkflowBuilder, depth: usize) -> Handle<Vec<Counted>> {
        let name = self.name();
        let items = self.random.below(9) as i64;
        let single = depth == 0 || self.random.chance(50);
        let mut map = wf.over(0..items);
        let mut said = Said { attempts: 1, ..Said::default() };
        let timed = self.random.chance(25);
        if timed || self.random.chance(60) {
            map = map.each(|mut item| {
                if self.random.chance(40) {
                    let retry = self.retry();
                    said.attempts = retry.attempts;
                    item = item.retry(retry);
                }
                if timed {
                    item = item.timeout(self.time());
                }
                if self.random.chance(30) {
                    let (limit, amount) = self.need();
                    // Of an item with a workflow inside there are no events.
                    if single {
                        said.needs.push((limit, amount));
                    }
                    item = item.needs(limit, amount);
                }
                if self.random.chance(30) {
                    let most = 1 + self.random.below(3) as u32;
                    said.concurrency = single.then_some(u64::from(most));
                    item = item.concurrency(most);
                }
                if self.random.chance(20) {
                    item = item.priority(self.random.below(5) as i32 - 2);
                }
                if self.random.chance(20) {
                    item = item.cost("money", 1);
                }
                item
            });
        }
        if self.random.chance(30) {
            map = map.concurrency(1 + self.random.below(4) as u32);
        }
        map = match self.random.below(4) {
            0 => map.max_failures(self.random.below(4) as u64),
            1 => map.max_failures_percent(50.0),
            _ => map,
        };
        let census = self.census.clone();
        let node = if single {
            let act = self.act(timed);
            let each_fails = self.random.chance(50);
            map.map(|body, x| {
                let body = body.try_call(
                    move |ctx: &TaskContext<'_>, x: i64| match each_fails || x % 3 == 0 {
                        true => act.run(ctx, &census),
                        false => Ok(census.one()),
                    },
                    (&x,),
                );
                if act.sleep > Duration::ZERO { body.on_lane(Lane::Blocking) } else { body }
            })
        } else {
            map.map(|body, _| self.body(body, depth - 1))
        };
        if !single {
            // A body that is one task says for itself how often.
            said.attempts = u32::MAX;
        }
        self.book.lock().unwrap().insert(format!("{name}[]"), said);
        let node = node.named(&name);
        self.say(node, &name, false, false, Vec::new)
    }

    /// A workflow's nodes, and what comes of them.
    fn body(&mut self, wf: &WorkflowBuilder, depth: usize) -> Handle<Counted> {
        let mut made: Vec<Handle<Counted>> = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let node = match self.random.below(if depth == 0 { 1 } else { 6 }) {
                0..2 => {
                    let reads: Vec<_> =
                        made.iter().filter(|_| self.random.chance(40)).cloned().collect();
                    self.task(wf, &reads)
                }
                2 => {
                    let map = self.map(wf, depth);
                    let census = self.census.clone();
                    wf.call(
                        move |all: Vec<Counted>| {
                            drop(all);
                            census.one()
                        },
                        (&map,),
                    )
                }
                3 => {
                    let name = self.name();
                    let flow = wf.flow(&name, |body| self.body(body, depth - 1));
                    let census = self.census.clone();
                    self.say(flow, &name, false, false, || census.one())
                }
                4 => {
                    let name = self.name();
                    let passes = 1 + self.random.below(3) as u64;
                    let start = self.task(wf, &[]);
                    let looped = wf
                        .loop_from(&start)
                        .times(passes, |body, state| self.task(body, std::slice::from_ref(&state)));
                    let census = self.census.clone();
                    self.say(looped.named(&name), &name, false, false, || census.one())
                }
                _ => {
                    let name = self.name();
                    let (act, census) = (self.act(false), self.census.clone());
                    let node = wf.try_expand(
                        move |ctx: &TaskContext<'_>| {
                            drop(act.run(ctx, &census)?);
                            let wf = WorkflowBuilder::new("given");
                            let census = census.clone();
                            let one = wf.call(move || census.one(), ()).retry(Retry::attempts(2));
                            Ok::<_, TaskError>(Expansion::flow(wf, &one))
                        },
                        (),
                    );
                    let census = self.census.clone();
                    let node = self.say(node.named(&name), &name, false, true, || census.one());
                    // What it takes it takes for the task that gives the workflow, and its end is
                    // told when that has ended.
                    let mut book = self.book.lock().unwrap();
                    let said = book.get_mut(&name).unwrap();
                    (said.needs, said.concurrency) = (Vec::new(), None);
                    drop(book);
                    node
                }
            };
            made.push(node);
        }
        self.joined(wf, &made).unwrap()
    }

    /// One value that depends on all of some; `None` where there are none.
    fn joined(&self, wf: &WorkflowBuilder, all: &[Handle<Counted>]) -> Option<Handle<Counted>> {
        all.iter().cloned().reduce(|a, b| {
            let census = self.census.clone();
            let join = move |a: Counted, b: Counted| {
                drop((a, b));
                census.one()
            };
            wf.call(join, (&a, &b))
        })
    }

    fn workflow(&mut self) -> Arc<Plan> {
        let wf = WorkflowBuilder::new("stress");
        wf.limit(Limit::concurrency("places", 2));
        wf.limit(Limit::memory("memory", 100));
        wf.limit(Limit::rate("starts", 4, Duration::from_millis(2)));
        if self.random.chance(30) {
            wf.budget("money", 1 + self.random.below(30) as u32);
        }
        if self.random.chance(30) {
            wf.max_concurrent(1 + self.random.below(4) as u32);
        }
        if self.random.chance(30) {
            wf.patience(self.random.below(4) as u32);
        }
        let mut ends = Vec::new();
        for _ in 0..2 + self.random.below(3) {
            ends.push(self.body(&wf, 2));
        }
        let census = self.census.clone();
        let clean = wf.call(move || drop(census.one()), ()).after(&ends[0]).run_if(RunIf::Always);
        let all = self.joined(&wf, &ends).unwrap();
        let sum = wf.call(
            |all: Counted| {
                drop(all);
                1_i64
            },
            (&all,),
        );
        wf.output("sum", &sum);
        drop(clean.keep());
        super::seen::plan(wf)
    }
}

fn options(random: &mut Random) -> RunOptions {
    let mut options = RunOptions::default().with_seed(random.next());
    if random.chance(25) {
        options = options.with_order(Order::Levels);
    }
    if random.chance(15) {
        options = options.with_deadline(Duration::from_micros(500 + random.below(30_000) as u64));
    }
    if random.chance(25) {
        options = options.with_on_failure(OnFailure::Stop);
    }
    if random.chance(15) {
        options = options.with_max_concurrent(1 + random.below(3) as u32);
    }
    options
}

/// The name of whom a path is, and whether it is an item.
fn whose(path: &str) -> (String, bool) {
    let last = path.rsplit('.').next().unwrap_or(path);
    let name = last.split('[').next().unwrap_or(last);
    (name.to_owned(), last.ends_with(']'))
}

fn check(report: &RunReport, seen: &Seen, plan: &Plan, book: &HashMap<String, Said>, seed: u64) {
    let said = |path: &str| {
        let (name, is_item) = whose(path);
        book.get(&if is_item { format!("{name}[]") } else { name })
    };
    for (limit, most) in LIMITS.into_iter().filter(|(name, _)| *name != "starts") {
        let weight = |path: &str| {
            let needs = said(path).map(|said| said.needs.as_slice()).unwrap_or_default();
            needs.iter().find(|(name, _)| *name == limit).map_or(0, |(_, amount)| *amount)
        };
        let used = seen.at_once(plan, weight);
        assert!(used <= most, "seed {seed}: {used} of {limit}");
    }
    for (name, of) in book {
        let Some(most) = of.concurrency else { continue };
        let weight = |path: &str| {
            let (whose, is_item) = whose(path);
            u64::from(*name == if is_item { format!("{whose}[]") } else { whose })
        };
        assert!(seen.at_once(plan, weight) <= most, "seed {seed}: {name} runs too often at once");
    }
    let mut open: BTreeMap<String, u32> = BTreeMap::new();
    for (path, step, _) in seen.steps(plan) {
        let allowed = said(&path).map_or(u32::MAX, |said| said.attempts);
        match step {
            Step::Started(attempt) => {
                assert!(attempt <= allowed, "seed {seed}: attempt {attempt} of {path}");
                assert!(open.insert(path.clone(), attempt).is_none(), "seed {seed}: {path} twice");
            }
            Step::Retrying(attempt) => {
                assert!(attempt < allowed, "seed {seed}: {path} again after {attempt}");
                // Of an item that is a workflow only this is told.
                let begun = open.remove(&path).or(whose(&path).1.then_some(attempt));
                assert_eq!(begun, Some(attempt), "seed {seed}: {path}");
            }
            Step::Abandoned(attempt) => {
                assert_eq!(open.get(&path), Some(&attempt), "seed {seed}: {path} abandoned");
            }
            Step::Finished(status, attempts) => {
                let last = open.remove(&path);
                if status == OutcomeStatus::Ok {
                    assert_eq!(last, Some(attempts), "seed {seed}: {path} is ok");
                }
                assert!(attempts <= allowed, "seed {seed}: {attempts} attempts of {path}");
            }
        }
    }
    assert!(open.is_empty(), "seed {seed}: {open:?} never ended");
    for spent in &report.spent {
        assert!(spent.spent <= spent.budget.millionths, "seed {seed}: {spent:?}");
    }
    let counts = report.counts;
    let ended = counts.succeeded + counts.failed + counts.tolerated + counts.skipped;
    assert_eq!(ended + counts.cancelled, plan.len(), "seed {seed}: {counts:?}");
    if report.status == RunStatus::Succeeded {
        assert_eq!((counts.failed, counts.cancelled), (0, 0), "seed {seed}");
        assert!(report.output("sum").is_some_and(Result::is_ok), "seed {seed}");
    }
    let cancelled = report.status == RunStatus::Cancelled;
    assert!(!cancelled || counts.cancelled > 0, "seed {seed}: {counts:?}");
}

fn run(schedulers: &[Scheduler], seed: u64, statuses: &mut HashMap<RunStatus, u32>) {
    let census = Census::default();
    let book = Book::default();
    let mut maker =
        Maker { random: Random(seed), census: census.clone(), book: book.clone(), nodes: 0 };
    let plan = maker.workflow();
    for scheduler in schedulers {
        let options = options(&mut maker.random);
        let cancel = options.cancel.clone();
        let cancels = maker.random.chance(15).then(|| maker.ms(15));
        let told = cancels.map(|time| {
            std::thread::spawn(move || {
                std::thread::sleep(time);
                cancel.cancel();
            })
        });
        let (report, seen) = watch(scheduler, &plan, options);
        told.into_iter().for_each(|told| told.join().unwrap());
        if std::env::var_os("TERRACE_STRESS_SHOW").is_some() {
            eprintln!("{seed}: {report:?}");
        }
        check(&report, &seen, &plan, &book.lock().unwrap(), seed);
        *statuses.entry(report.status).or_default() += 1;
    }
    drop((plan, maker, book));
    // What was given up looks whether it is to stop, and does.
    schedulers.iter().for_each(|scheduler| until(|| scheduler.leftovers().is_empty()));
    assert!(census.is_empty_soon(), "seed {seed}: {} values are left", census.live());
}

#[test]
fn whatever_is_said_every_run_ends_within_its_limits() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = number("TERRACE_STRESS_SEED").unwrap_or(0);
    let runs = number("TERRACE_STRESS_RUNS").unwrap_or(RUNS);
    within(600, move || {
        let schedulers = [1, 2, 8].map(super::seen::workers);
        let mut statuses = HashMap::new();
        for seed in from..from + runs {
            if std::env::var_os("TERRACE_STRESS_SHOW").is_some() {
                eprintln!("seed {seed}");
            }
            run(&schedulers, seed, &mut statuses);
        }
        eprintln!("{statuses:?}");
        assert!(runs < RUNS || statuses.len() == 4, "{statuses:?}");
    });
}
