//! The dispatcher on a virtual clock: no threads, every decision looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus, PlanIndex, Value};
use terrace_scheduler::Order;
use terrace_scheduler::dispatch::{Capacities, Command, Dispatcher, Input};

use crate::graph::Graph;
use crate::random::{Random, graph, specs};

/// Nodes that run, by the moment they end.
#[derive(Default)]
struct Simulation {
    running: BTreeMap<(Duration, u32), PlanIndex>,
    started: Vec<PlanIndex>,
    skipped: Vec<(PlanIndex, PlanIndex)>,
    cancelled: usize,
    ended: usize,
    finished: bool,
}

impl Simulation {
    fn carry_out(
        &mut self,
        now: Duration,
        commands: &mut Vec<Command>,
        time: impl Fn(PlanIndex) -> u64,
    ) {
        for command in commands.drain(..) {
            assert!(!self.finished, "nothing follows the end");
            match command {
                Command::Start { at, .. } => {
                    self.started.push(at);
                    let end = now + Duration::from_millis(time(at));
                    self.running.insert((end, at.get()), at);
                }
                Command::Skip { at, cause } => {
                    self.skipped.push((at, cause));
                    self.ended += 1;
                }
                Command::Cancel { .. } => {
                    self.cancelled += 1;
                    self.ended += 1;
                }
                Command::Finish => self.finished = true,
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn it_never_exceeds_its_lanes_and_never_idles_while_work_fits() {
    for seed in 0..3_000 {
        let random = &mut Random(seed);
        let specs = specs(random);
        let plan = graph(&specs).plan();
        let capacities = Capacities { compute: 1 + random.below(4), blocking: 1 + random.below(3) };
        let order = if random.chance(50) { Order::Dataflow } else { Order::Levels };
        let cancel_at = random.chance(20).then(|| random.below(plan.len()));
        let times: Vec<u64> = plan.indices().map(|_| random.next() % 50).collect();
        let fails: Vec<bool> = plan.indices().map(|_| random.chance(5)).collect();
        let mut dispatcher = Dispatcher::new(plan.clone(), order, capacities);
        let mut commands = Vec::new();
        let mut now = Duration::ZERO;
        let mut simulation = Simulation::default();
        let mut cancelled = false;
        dispatcher.handle(Input::Start, now, &mut commands);
        loop {
            let before = simulation.started.len();
            simulation.carry_out(now, &mut commands, |at| times[at.index()]);
            assert!(!cancelled || simulation.started.len() == before, "seed {seed}: started late");
            let on =
                |lane| simulation.running.values().filter(|&&at| plan.lane(at) == lane).count();
            let (compute, blocking) = (on(Lane::Compute), on(Lane::Blocking));
            assert_eq!(dispatcher.running(), Capacities { compute, blocking }, "seed {seed}");
            assert!(compute <= capacities.compute && blocking <= capacities.blocking);
            let ready = dispatcher.ready();
            assert!(ready.compute == 0 || compute == capacities.compute, "seed {seed}: idle");
            assert!(ready.blocking == 0 || blocking == capacities.blocking, "seed {seed}: idle");
            if !cancelled && cancel_at.is_some_and(|n| simulation.ended >= n) {
                cancelled = true;
                dispatcher.handle(Input::Cancelled, now, &mut commands);
                continue;
            }
            let Some(((end, _), at)) = simulation.running.pop_first() else { break };
            now = end;
            simulation.ended += 1;
            let status = if fails[at.index()] { OutcomeStatus::Failed } else { OutcomeStatus::Ok };
            dispatcher.handle(Input::NodeFinished { at, status }, now, &mut commands);
        }
        assert!(simulation.finished, "seed {seed}: no end");
        assert_eq!(simulation.ended, plan.len(), "seed {seed}");
        assert!(simulation.skipped.iter().all(|(_, cause)| fails[cause.index()]), "seed {seed}");
        assert!(cancel_at.is_some() || simulation.cancelled == 0);
    }
}

#[test]
fn the_longest_way_goes_first() {
    let mut graph = Graph::new();
    let body = |_: &terrace_scheduler::TaskContext<'_>, _: &mut [Value]| Ok(Value::Null);
    let short = graph.node(&[], body);
    let long = graph.node(&[], body);
    let middle = graph.node(&[long], body);
    graph.node(&[middle], body);
    let plan = graph.plan();
    let capacities = Capacities { compute: 1, blocking: 1 };
    let mut dispatcher = Dispatcher::new(plan.clone(), Order::Dataflow, capacities);
    let mut commands = Vec::new();
    let mut order = Vec::new();
    dispatcher.handle(Input::Start, Duration::ZERO, &mut commands);
    while let Some(Command::Start { at, .. }) = commands.pop() {
        commands.clear();
        order.push(plan.id(at).index());
        let input = Input::NodeFinished { at, status: OutcomeStatus::Ok };
        dispatcher.handle(input, Duration::ZERO, &mut commands);
    }
    assert_eq!(order, [long, middle, short, 3]);
}
