//! Plans that one thread begins alone: whoever takes over, whenever, and whatever goes wrong, every
//! node ends as it should, once, and nothing is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use terrace_core::{Args, EventKind, EventKinds, Expr, OutcomeStatus, TaskError, Value};
use terrace_plugin_api::Ext;
use terrace_scheduler::{
    CancelToken, Event, Observer, PathChoice, RunOptions, RunStatus, Scheduler, Timing,
};

use crate::graph::{Graph, id, output, within};
use crate::random::Random;
use crate::told_nodes::Log;
use crate::values::Counted;

/// How many random plans, each run a few times; `TERRACE_SEQUENCES` sets another number.
const PLANS: u64 = 300;

fn fast() -> RunOptions {
    RunOptions::default().with_path(PathChoice::Fast)
}

fn spin(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// What a node is to do in this run: changed between runs of one plan.
#[derive(Default)]
struct Orders {
    /// Microseconds.
    takes: AtomicU32,
    /// 0 gives, 1 fails, 2 panics, 3 cancels its run.
    does: AtomicU32,
    ran: AtomicU32,
}

struct Node {
    reads: Vec<usize>,
    /// Whether what it reads comes as one list, which an expression makes.
    as_list: bool,
    after: Vec<usize>,
    keep: bool,
    orders: Arc<Orders>,
}

/// What cancels the run at hand.
type Token = Arc<std::sync::Mutex<CancelToken>>;

/// Values have a number and, of every second node, something that is counted.
fn value(number: i64, alive: &Arc<AtomicUsize>) -> Value {
    if number % 2 == 0 {
        return Value::from(number);
    }
    Value::list(vec![Value::from(number), Counted::value(alive)]).unwrap()
}

fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_list()?[0].as_i64()).unwrap()
}

fn draw(random: &mut Random) -> Vec<Node> {
    // Wide ones are cut into blocks of several nodes where they are shared.
    let wide = random.chance(30);
    let n = 1 + random.below(if wide { 400 } else { 120 });
    let width = 1 + random.below(if wide { 80 } else { 20 });
    (0..n)
        .map(|at| {
            let near = at.min(width * 2);
            let mut pick = |most: usize| -> Vec<usize> {
                let count = if near == 0 { 0 } else { random.below(most + 1) };
                (0..count).map(|_| at - 1 - random.below(near)).collect()
            };
            let (reads, after) = (pick(3), pick(1));
            let (as_list, keep) = (random.chance(25), random.chance(10));
            Node { reads, as_list, after, keep, orders: Arc::default() }
        })
        .collect()
}

fn graph(nodes: &[Node], alive: &Arc<AtomicUsize>, token: &Token) -> Graph {
    let mut graph = Graph::new();
    for node in nodes {
        let (orders, alive) = (Arc::clone(&node.orders), Arc::clone(alive));
        let (as_list, token) = (node.as_list, Arc::clone(token));
        let ports = if as_list { &[0][..] } else { &node.reads };
        let at = graph.node(ports, move |_, args| {
            let args: &[Value] = if as_list { args[0].as_list().unwrap() } else { args };
            orders.ran.fetch_add(1, Ordering::Relaxed);
            spin(Duration::from_micros(orders.takes.load(Ordering::Relaxed).into()));
            match orders.does.load(Ordering::Relaxed) {
                1 => Err(TaskError::msg("meant to fail")),
                2 => panic!("meant to panic"),
                does => {
                    if does == 3 {
                        token.lock().unwrap().cancel();
                    }
                    Ok(value(1 + args.iter().map(number).fold(0, i64::wrapping_add), &alive))
                }
            }
        });
        if as_list {
            let reads = node.reads.iter().map(|&on| output(on)).collect();
            graph.draft.nodes[at].args = Args::Positional(vec![Expr::List(reads)]);
        }
        node.after.iter().for_each(|&on| graph.after(at, on));
        if node.keep {
            graph.keep(at);
        }
        // So that the plan runs it.
        graph.output(&format!("o{at}"), at);
    }
    graph
}

/// What each node gives; `None` where it or something behind it fails.
fn expected(nodes: &[Node]) -> Vec<Option<i64>> {
    let mut all: Vec<Option<i64>> = Vec::new();
    for node in nodes {
        let gives = || {
            node.after.iter().try_for_each(|&on| all[on].map(drop))?;
            let mut sum = 1_i64;
            for &on in &node.reads {
                sum = sum.wrapping_add(all[on]?);
            }
            matches!(node.orders.does.load(Ordering::Relaxed), 0 | 3).then_some(sum)
        };
        let gives = gives();
        all.push(gives);
    }
    all
}

/// Waits until a thread that had a last look at the run has let go of it.
fn gone(alive: &AtomicUsize, place: &str) {
    let began = Instant::now();
    while alive.load(Ordering::SeqCst) > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "{place}: values were kept");
        std::thread::yield_now();
    }
}

#[test]
fn whoever_takes_over_every_node_ends_as_it_should() {
    let plans = std::env::var("TERRACE_SEQUENCES").map_or(PLANS, |n| n.parse().unwrap());
    within(600, move || {
        let schedulers: Vec<Scheduler> =
            (1..=4).map(|n| Scheduler::builder().workers(n).build().unwrap()).collect();
        for seed in 0..plans {
            let mut random = Random(seed);
            let nodes = draw(&mut random);
            let waits: Vec<Vec<usize>> =
                nodes.iter().map(|node| [&node.reads[..], &node.after].concat()).collect();
            let alive = Arc::new(AtomicUsize::new(0));
            let token = Token::default();
            let plan = graph(&nodes, &alive, &token).plan();
            for lap in 0..6 {
                // Quick nodes, some long ones among them, or long ones all over.
                let long = [0, 3, 60][random.below(3)];
                let fails = if random.chance(40) { 2 } else { 0 };
                for Node { orders, .. } in &nodes {
                    let takes = if random.chance(long) { random.below(60) } else { 0 };
                    orders.takes.store(takes as u32, Ordering::Relaxed);
                    let does = if random.chance(fails) { 1 + random.below(2) } else { 0 };
                    orders.does.store(does as u32, Ordering::Relaxed);
                    orders.ran.store(0, Ordering::Relaxed);
                }
                if random.chance(20) {
                    // So long that others come for what is behind it.
                    let at = random.below(nodes.len());
                    nodes[at].orders.takes.store(3_000, Ordering::Relaxed);
                }
                let cancels = random.chance(20);
                if cancels {
                    let at = random.below(nodes.len());
                    nodes[at].orders.does.store(3, Ordering::Relaxed);
                }
                let cancel = CancelToken::new();
                *token.lock().unwrap() = cancel.clone();
                let scheduler = &schedulers[random.below(4)];
                let timing = [Timing::On, Timing::Off, Timing::Exact][random.below(3)];
                let options = fast().with_timing(timing).with_cancel(cancel.clone());
                let log = random.chance(30).then(|| Arc::new(Log::new(random.chance(50))));
                let options = match &log {
                    Some(log) => options.with_observer(Arc::clone(log) as _),
                    None => options,
                };
                let report = match random.chance(50) {
                    true => scheduler.run(&plan, options),
                    false => scheduler.start(&plan, options).wait(),
                };
                let place = format!("seed {seed}, lap {lap}");
                for (at, gives) in expected(&nodes).into_iter().enumerate() {
                    let outcome = report.outcome(id(at)).unwrap();
                    let ran = nodes[at].orders.ran.load(Ordering::Relaxed);
                    let stopped = outcome.status == OutcomeStatus::Cancelled;
                    match gives {
                        _ if stopped && cancel.is_cancelled() => {
                            assert_eq!((ran, outcome.attempts), (0, 0), "{place}, node {at}");
                        }
                        Some(gives) => {
                            assert_eq!(outcome.status, OutcomeStatus::Ok, "{place}, node {at}");
                            assert_eq!(number(report.value(id(at)).unwrap()), gives, "{place}");
                            assert_eq!((ran, outcome.attempts), (1, 1), "{place}, node {at}");
                        }
                        None => {
                            let failed = ran == 1 && outcome.status == OutcomeStatus::Failed;
                            let skipped = ran == 0 && outcome.status == OutcomeStatus::Skipped;
                            assert!(failed || skipped, "{place}, node {at}: {outcome:?}");
                        }
                    }
                }
                let fails = |n: &Node| matches!(n.orders.does.load(Ordering::Relaxed), 1 | 2);
                let failed = nodes.iter().any(fails);
                if cancel.is_cancelled() {
                    let cut = report.counts.cancelled > 0;
                    assert_eq!(report.status == RunStatus::Cancelled, cut, "{place}");
                } else {
                    assert_eq!(report.status == RunStatus::Failed, failed, "{place}");
                }
                if let Some(log) = log {
                    assert_eq!(report.observer_failed, None, "{place}");
                    log.check(&waits, &report, &place);
                }
                drop(report);
                gone(&alive, &place);
            }
        }
    });
}

#[test]
fn values_that_nobody_reads_afterwards_are_gone_when_the_run_is_over() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let alive = Arc::new(AtomicUsize::new(0));
            let mut graph = Graph::new();
            let most = Arc::new(AtomicUsize::new(0));
            let mut before = None;
            for _ in 0..200 {
                let (alive, most) = (Arc::clone(&alive), Arc::clone(&most));
                let on: Vec<usize> = before.into_iter().collect();
                before = Some(graph.node(&on, move |_, args| {
                    args.fill_with(|| Value::Null);
                    let value = Counted::value(&alive);
                    most.fetch_max(alive.load(Ordering::SeqCst), Ordering::SeqCst);
                    Ok(value)
                }));
            }
            graph.output("last", before.unwrap());
            let plan = graph.plan();
            for _ in 0..3 {
                let report = scheduler.run(&plan, fast());
                // The one that is read afterwards; and one at a time while it ran.
                assert_eq!(alive.load(Ordering::SeqCst), 1);
                assert_eq!(most.load(Ordering::SeqCst), 1);
                let kept = report.clone();
                drop(report);
                assert!(matches!(kept.output("last"), Some(Ok(Value::Ext(_)))));
                drop(kept);
                gone(&alive, "a chain");
            }
        }
    });
}

#[test]
fn nodes_that_wait_for_each_other_meet_though_all_runs_before_were_quick() {
    within(120, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for before in [0, 3, 400] {
            let mut graph = Graph::new();
            let slow = Arc::new(AtomicBool::new(false));
            let here = Arc::new(AtomicUsize::new(0));
            let mut last = Vec::new();
            for _ in 0..before {
                last = vec![graph.node(&last, |_, _| Ok(Value::Null))];
            }
            for _ in 0..2 {
                let (slow, here) = (Arc::clone(&slow), Arc::clone(&here));
                graph.node(&last, move |_, _| {
                    here.fetch_add(1, Ordering::SeqCst);
                    while slow.load(Ordering::SeqCst) && here.load(Ordering::SeqCst) < 2 {
                        std::thread::yield_now();
                    }
                    Ok(Value::Null)
                });
            }
            let plan = graph.plan();
            for lap in 0..40 {
                slow.store(lap % 10 == 9, Ordering::SeqCst);
                here.store(0, Ordering::SeqCst);
                assert_eq!(scheduler.run(&plan, fast()).status, RunStatus::Succeeded);
            }
        }
    });
}

#[test]
fn a_run_is_cancelled_between_two_nodes() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let mut graph = Graph::new();
            let token: Arc<std::sync::Mutex<CancelToken>> = Arc::default();
            let mut on = Vec::new();
            for at in 0..100 {
                let token = Arc::clone(&token);
                on = vec![graph.node(&on, move |_, _| {
                    if at == 40 {
                        token.lock().unwrap().cancel();
                    }
                    Ok(Value::Null)
                })];
            }
            let plan = graph.plan();
            for _ in 0..3 {
                let cancel = CancelToken::new();
                *token.lock().unwrap() = cancel.clone();
                let report = scheduler.run(&plan, fast().with_cancel(cancel));
                assert_eq!(report.status, RunStatus::Cancelled);
                assert_eq!((report.counts.succeeded, report.counts.cancelled), (41, 59));
            }
        }
    });
}

#[test]
fn a_run_inside_a_node_stops_with_the_run_around_it() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut inner = Graph::new();
        let mut on = Vec::new();
        for _ in 0..1_000 {
            on = vec![inner.node(&on, |_, _| {
                std::thread::sleep(Duration::from_millis(1));
                Ok(Value::Null)
            })];
        }
        let inner = inner.plan();
        let mut graph = Graph::new();
        let cancelled = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let (scheduler, inner, cancelled) =
                (scheduler.clone(), Arc::clone(&inner), Arc::clone(&cancelled));
            graph.node(&[], move |_, _| {
                // Long enough that the nodes are shared.
                spin(Duration::from_millis(5));
                let report = scheduler.run(&inner, fast());
                cancelled.fetch_add(report.counts.cancelled, Ordering::SeqCst);
                Ok(Value::Null)
            });
        }
        let plan = graph.plan();
        for lap in 0..3 {
            cancelled.store(0, Ordering::SeqCst);
            let cancel = CancelToken::new();
            let handle = scheduler.start(&plan, fast().with_cancel(cancel.clone()));
            std::thread::sleep(Duration::from_millis(60));
            cancel.cancel();
            handle.wait();
            let cancelled = cancelled.load(Ordering::SeqCst);
            assert!(cancelled > 1_000, "lap {lap}: {cancelled} nodes of two runs of 1,000");
        }
    });
}

#[test]
fn a_task_knows_who_it_is_and_has_a_folder_of_its_own() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let mut graph = Graph::new();
        let seen: Arc<std::sync::Mutex<Vec<(String, u64, std::path::PathBuf)>>> = Arc::default();
        for at in 0..20_usize {
            let seen = Arc::clone(&seen);
            let on: Vec<usize> = at.checked_sub(1).into_iter().collect();
            graph.node(&on, move |ctx, _| {
                if at % 3 == 0 {
                    let folder = ctx.temp_dir()?;
                    assert!(folder.is_dir() && folder == ctx.temp_dir()?);
                    let mut seen = seen.lock().unwrap();
                    // That of the one before is gone.
                    assert!(seen.iter().all(|(_, _, folder)| !folder.exists()));
                    seen.push((ctx.node(), ctx.seed(), folder));
                }
                Ok(Value::Null)
            });
        }
        let plan = graph.plan();
        let names = |options: RunOptions| {
            scheduler.run(&plan, options);
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            seen.into_iter().map(|(name, seed, _)| (name, seed)).collect::<Vec<_>>()
        };
        let alone = names(fast());
        assert_eq!(
            alone.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
            ["n0", "n3", "n6", "n9", "n12", "n15", "n18"]
        );
        // The same by the other path.
        assert_eq!(alone, names(RunOptions::default().with_path(PathChoice::Dispatcher)));
    });
}

#[test]
fn times_are_in_order_and_within_the_run() {
    let scheduler = Scheduler::builder().workers(1).build().unwrap();
    let mut graph = Graph::new();
    for at in 0..300_usize {
        let on: Vec<usize> = at.checked_sub(1).into_iter().collect();
        graph.node(&on, move |_, _| {
            spin(Duration::from_micros(if at == 150 { 500 } else { 0 }));
            Ok(Value::Null)
        });
    }
    let plan = graph.plan();
    for timing in [Timing::On, Timing::Exact] {
        let report = scheduler.run(&plan, fast().with_timing(timing));
        let mut last = Duration::ZERO;
        for at in 0..300 {
            let outcome = report.outcome(id(at)).unwrap();
            assert!(outcome.started >= last, "{at}: {outcome:?} after {last:?}");
            last = outcome.started + outcome.duration;
        }
        assert!(last <= report.duration);
        let long = report.outcome(id(150)).unwrap().duration;
        if timing == Timing::Exact {
            assert!(long >= Duration::from_micros(500), "{long:?}");
        }
    }
    let report = scheduler.run(&plan, fast().with_timing(Timing::Off));
    assert_eq!(report.outcome(id(150)).unwrap().duration, Duration::ZERO);
}

/// Counts what it is told of nodes.
struct Told(Arc<AtomicUsize>);

impl Observer for Told {
    fn event(&self, event: &Event) {
        if matches!(event.kind, EventKind::NodeFinished { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wants(&self) -> EventKinds {
        EventKinds::NODES
    }
}

#[test]
fn an_observer_is_told_of_every_node() {
    let scheduler = Scheduler::builder().workers(2).build().unwrap();
    let mut graph = Graph::new();
    for _ in 0..500 {
        graph.node(&[], |_, _| Ok(Value::Null));
    }
    let plan = graph.plan();
    for _ in 0..3 {
        // Once without, so that the plan is known to be small.
        scheduler.run(&plan, fast());
        let told = Arc::new(AtomicUsize::new(0));
        scheduler.run(&plan, fast().with_observer(Arc::new(Told(Arc::clone(&told)))));
        assert_eq!(told.load(Ordering::Relaxed), 500);
    }
}

#[test]
fn one_built_plan_runs_many_times_at_once() {
    within(120, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        let mut row = Vec::new();
        for at in 0..64 {
            row.push(graph.node(&[], move |_, _| Ok(Value::Ext(Ext::new(at as u64)))));
        }
        while row.len() > 1 {
            row = row
                .chunks(2)
                .map(|pair| {
                    graph.node(pair, |_, args| {
                        let sum = args.iter().map(|arg| match arg {
                            Value::Ext(ext) => *ext.downcast_ref::<u64>().unwrap(),
                            other => panic!("{}", other.kind()),
                        });
                        Ok(Value::Ext(Ext::new(sum.sum::<u64>())))
                    })
                })
                .collect();
        }
        graph.output("sum", row[0]);
        let plan = graph.plan();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let report = scheduler.run(&plan, fast());
                        let Some(Ok(Value::Ext(sum))) = report.output("sum") else { panic!() };
                        assert_eq!(sum.downcast_ref::<u64>(), Some(&(63 * 64 / 2)));
                    }
                });
            }
        });
    });
}

/// A plan of nodes that take long enough to be shared from the start, once that is known.
fn wide(nodes: usize, mut body: impl FnMut(usize) -> Box<dyn Fn() + Send + Sync>) -> Graph {
    let mut graph = Graph::new();
    for at in 0..nodes {
        let body = body(at);
        graph.node(&[], move |_, _| {
            spin(Duration::from_micros(40));
            body();
            Ok(Value::Null)
        });
    }
    graph
}

#[test]
fn a_run_that_a_shared_node_starts_stops_with_its_own() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let token = Token::default();
        let mut inner = Graph::new();
        let own = Arc::clone(&token);
        let first = inner.node(&[], move |_, _| {
            own.lock().unwrap().cancel();
            Ok(Value::Null)
        });
        inner.node(&[first], |_, _| Ok(Value::Null));
        let inner = inner.plan();
        let cancelled = Arc::new(AtomicUsize::new(0));
        let graph = wide(64, |at| {
            let (scheduler, inner) = (scheduler.clone(), Arc::clone(&inner));
            let cancelled = Arc::clone(&cancelled);
            Box::new(move || {
                if at == 40 {
                    let report = scheduler.run(&inner, fast());
                    cancelled.fetch_add(report.counts.cancelled, Ordering::Relaxed);
                }
            })
        });
        let plan = graph.plan();
        // The first ones begin alone, those after them do not.
        for lap in 1..=12 {
            let cancel = CancelToken::new();
            *token.lock().unwrap() = cancel.clone();
            scheduler.run(&plan, fast().with_cancel(cancel));
            assert_eq!(cancelled.load(Ordering::Relaxed), lap);
        }
    });
}

#[test]
fn nodes_that_threads_share_have_times_of_their_own_too() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let plan = wide(64, |_| Box::new(|| {})).plan();
        for _ in 0..12 {
            let report = scheduler.run(&plan, fast().with_timing(Timing::Exact));
            for at in 0..64 {
                let outcome = report.outcome(id(at)).unwrap();
                assert!(outcome.duration >= Duration::from_micros(40), "{at}: {outcome:?}");
            }
        }
    });
}
