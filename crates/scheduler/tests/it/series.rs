//! Nodes in a row whose closures are of one type are run by one call: whatever goes wrong inside it, and
//! whoever takes over, every node ends as it should, once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use terrace_core::{NodeId, OutcomeStatus, Plan, PlanBuilder, TaskError};
use terrace_scheduler::{CancelToken, RunOptions, RunStatus, Scheduler, Timing};

use crate::graph::within;
use crate::random::Random;

/// How many random plans, each run some times; `TERRACE_SEQUENCES` sets another number.
const PLANS: u64 = 150;

/// What a node is to do in this run.
#[derive(Default)]
struct Orders {
    /// Microseconds.
    takes: AtomicU32,
    /// 0 gives, 1 fails, 2 panics, 3 cancels its run.
    does: AtomicU32,
    ran: AtomicU32,
    token: Mutex<CancelToken>,
}

impl Orders {
    fn follow(&self) -> Result<(), TaskError> {
        self.ran.fetch_add(1, Ordering::Relaxed);
        let (began, takes) = (Instant::now(), self.takes.load(Ordering::Relaxed));
        while takes > 0 && began.elapsed() < Duration::from_micros(takes.into()) {
            std::hint::spin_loop();
        }
        match self.does.load(Ordering::Relaxed) {
            1 => Err(TaskError::msg("meant to fail")),
            2 => panic!("meant to panic"),
            does => {
                if does == 3 {
                    self.token.lock().unwrap().cancel();
                }
                Ok(())
            }
        }
    }
}

struct Node {
    /// Those that it takes values of, or comes after where it takes none.
    on: Vec<usize>,
    gives: bool,
    orders: Arc<Orders>,
}

fn at(index: usize) -> NodeId {
    NodeId::at(index).unwrap()
}

// One function for each kind of node, so that all closures of a kind are of one type.

fn bare(graph: &mut PlanBuilder, orders: Arc<Orders>) -> NodeId {
    graph.try_add(move || orders.follow())
}

fn one(graph: &mut PlanBuilder, orders: Arc<Orders>, on: NodeId) -> NodeId {
    graph.try_call(move |a: i64| orders.follow().map(|()| a.wrapping_mul(3) + 1), [on])
}

fn two(graph: &mut PlanBuilder, orders: Arc<Orders>, a: NodeId, b: NodeId) -> NodeId {
    let add = move |a: i64, b: i64| orders.follow().map(|()| a.wrapping_mul(3) ^ b);
    graph.try_call(add, [a, b])
}

fn first(graph: &mut PlanBuilder, orders: Arc<Orders>, number: i64) -> NodeId {
    graph.try_add(move || orders.follow().map(|()| number))
}

/// Stretches of nodes of one kind, some with values and some without.
fn draw(random: &mut Random) -> (Vec<Node>, Arc<Plan>) {
    let mut graph = PlanBuilder::new();
    let mut nodes: Vec<Node> = Vec::new();
    let n = 1 + random.below(300);
    while nodes.len() < n {
        let kind = random.below(4);
        for _ in 0..=random.below(60) {
            let number = nodes.len();
            let orders = Arc::<Orders>::default();
            let giving: Vec<usize> =
                (number.saturating_sub(90)..number).filter(|&node| nodes[node].gives).collect();
            let mut pick = || giving[random.below(giving.len())];
            let own = Arc::clone(&orders);
            let (on, id) = match kind {
                1 if !giving.is_empty() => {
                    let on = pick();
                    (vec![on], one(&mut graph, own, at(on)))
                }
                2 if !giving.is_empty() => {
                    let (a, b) = (pick(), pick());
                    (vec![a, b], two(&mut graph, own, at(a), at(b)))
                }
                3 => (Vec::new(), first(&mut graph, own, number as i64)),
                _ => {
                    let on: Vec<usize> = match number {
                        0 => Vec::new(),
                        _ => (0..random.below(3)).map(|_| random.below(number)).collect(),
                    };
                    let id = bare(&mut graph, own);
                    on.iter().for_each(|&before| graph.edge(at(before), id));
                    (on, id)
                }
            };
            let gives = kind == 3 || (kind != 0 && !giving.is_empty());
            // What others read is dropped after that, or stays.
            if random.chance(50) {
                graph.keep(id);
            }
            nodes.push(Node { on, gives, orders });
        }
    }
    (nodes, Arc::new(graph.build().unwrap()))
}

/// What each node gives, 0 for those without a value; `None` where it or something behind it fails.
fn expected(nodes: &[Node]) -> Vec<Option<i64>> {
    let mut all: Vec<Option<i64>> = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let on: Option<Vec<i64>> = node.on.iter().map(|&on| all[on]).collect();
        let value = on.filter(|_| matches!(node.orders.does.load(Ordering::Relaxed), 0 | 3)).map(
            |on| match (node.gives, &on[..]) {
                (true, []) => number as i64,
                (true, &[a]) => a.wrapping_mul(3) + 1,
                (true, &[a, b]) => a.wrapping_mul(3) ^ b,
                _ => 0,
            },
        );
        all.push(value);
    }
    all
}

#[test]
fn nodes_of_one_type_in_a_row_end_as_they_should() {
    let plans = std::env::var("TERRACE_SEQUENCES").map_or(PLANS, |n| n.parse().unwrap());
    within(600, move || {
        let schedulers: Vec<Scheduler> =
            (1..=3).map(|n| Scheduler::builder().workers(n).build().unwrap()).collect();
        for seed in 0..plans {
            let mut random = Random(seed);
            let (nodes, plan) = draw(&mut random);
            for lap in 0..6 {
                let long = [0, 3, 60][random.below(3)];
                let fails = if random.chance(40) { 2 } else { 0 };
                let cancel = CancelToken::new();
                for Node { orders, .. } in &nodes {
                    let takes = if random.chance(long) { random.below(60) } else { 0 };
                    orders.takes.store(takes as u32, Ordering::Relaxed);
                    let does = if random.chance(fails) { 1 + random.below(2) } else { 0 };
                    orders.does.store(does as u32, Ordering::Relaxed);
                    orders.ran.store(0, Ordering::Relaxed);
                    *orders.token.lock().unwrap() = cancel.clone();
                }
                let some = &nodes[random.below(nodes.len())].orders;
                match random.below(5) {
                    // So long that others come for what is behind it.
                    0 => some.takes.store(3_000, Ordering::Relaxed),
                    1 => some.does.store(3, Ordering::Relaxed),
                    _ => {}
                }
                let timing = [Timing::On, Timing::Off, Timing::Exact][random.below(3)];
                let options = RunOptions::default().with_timing(timing).with_cancel(cancel.clone());
                let report = schedulers[random.below(3)].run(&plan, options);
                let place = format!("seed {seed}, lap {lap}");
                for (number, gives) in expected(&nodes).into_iter().enumerate() {
                    let node = &nodes[number];
                    let outcome = report.outcome(at(number)).unwrap();
                    let ran = node.orders.ran.load(Ordering::Relaxed);
                    match gives {
                        _ if outcome.status == OutcomeStatus::Cancelled => {
                            assert!(cancel.is_cancelled() && ran == 0, "{place}, node {number}");
                        }
                        Some(gives) => {
                            assert_eq!(outcome.status, OutcomeStatus::Ok, "{place}, node {number}");
                            assert_eq!(ran, 1, "{place}, node {number}");
                            // Of some it stays.
                            let kept = report.value(at(number));
                            let found = kept.map_or(gives, |kept| kept.as_i64().unwrap_or(0));
                            assert_eq!(found, gives, "{place}, node {number}");
                        }
                        None => {
                            let failed = ran == 1 && outcome.status == OutcomeStatus::Failed;
                            let skipped = ran == 0 && outcome.status == OutcomeStatus::Skipped;
                            assert!(failed || skipped, "{place}, node {number}: {outcome:?}");
                        }
                    }
                }
                let went_wrong = nodes
                    .iter()
                    .any(|node| matches!(node.orders.does.load(Ordering::Relaxed), 1 | 2));
                if !cancel.is_cancelled() {
                    assert_eq!(report.status == RunStatus::Failed, went_wrong, "{place}");
                }
            }
        }
    });
}

#[test]
fn a_plan_that_is_one_row_of_one_type_tells_of_its_nodes() {
    within(60, || {
        let mut graph = PlanBuilder::new();
        let orders = Arc::<Orders>::default();
        for node in 0..500 {
            let id = bare(&mut graph, Arc::clone(&orders));
            if node > 20 {
                graph.edge(at(node - 20), id);
            }
        }
        let plan = Arc::new(graph.build().unwrap());
        let waits: Vec<Vec<usize>> = (0..500_usize)
            .map(|node| if node > 20 { vec![node - 20] } else { Vec::new() })
            .collect();
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for lap in 0..4 {
                let log = Arc::new(crate::told_nodes::Log::new(lap % 2 == 0));
                let observer = Arc::clone(&log) as _;
                let report = scheduler.run(&plan, RunOptions::default().with_observer(observer));
                log.check(&waits, &report, &format!("{workers} workers, lap {lap}"));
                assert_eq!(report.status, RunStatus::Succeeded);
            }
        }
    });
}
