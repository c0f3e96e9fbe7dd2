//! The dispatcher on a virtual clock: no threads, every decision looked at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Lane, Plan, PlanIndex, Value};
use terrace_scheduler::dispatch::{
    Arrival, Capacities, Command, Dispatcher, Input, Ticket, Urgency,
};

use crate::graph::Graph;
use crate::random::{Random, graph, specs};

/// A plan that is run by a dispatcher, and counted through here, naively.
struct Simulation {
    plan: Arc<Plan>,
    dispatcher: Dispatcher<PlanIndex>,
    commands: Vec<Command<PlanIndex>>,
    levels: Option<Vec<u32>>,
    pending: Vec<u32>,
    /// Nodes that run, by the moment they end.
    running: BTreeMap<(Duration, u32), (PlanIndex, Ticket)>,
    started: Vec<PlanIndex>,
    returned: usize,
    ended: usize,
    /// Whether a node was started or returned, and whether it has ended.
    begun: Vec<bool>,
    done: Vec<bool>,
}

impl Simulation {
    fn new(plan: Arc<Plan>, capacities: Capacities, strict: bool) -> Self {
        let sizes = (0..plan.levels()).map(|level| plan.level(level).len() as u32).collect();
        let mut levels = vec![0; plan.len()];
        for level in 0..plan.levels() {
            plan.level(level).for_each(|at| levels[at as usize] = level as u32);
        }
        let mut simulation = Self {
            dispatcher: Dispatcher::new(capacities, strict.then_some(sizes)),
            commands: Vec::new(),
            levels: strict.then_some(levels),
            pending: plan.indices().map(|at| plan.in_degree(at)).collect(),
            running: BTreeMap::new(),
            started: Vec::new(),
            returned: 0,
            ended: 0,
            begun: vec![false; plan.len()],
            done: vec![false; plan.len()],
            plan,
        };
        for at in simulation.plan.indices() {
            simulation.ready(at);
        }
        simulation.dispatcher.decide(Duration::ZERO, &mut simulation.commands);
        simulation
    }

    fn ready(&mut self, at: PlanIndex) {
        if self.pending[at.index()] > 0 {
            return;
        }
        let lane = self.plan.lane(at);
        let urgency = Urgency { outer: self.plan.tail(at), ..Urgency::default() };
        let level = self.levels.as_ref().map(|levels| levels[at.index()]);
        let plain = Arrival::plain(at, lane, urgency, at.get());
        self.dispatcher.take(Input::Ready(Arrival { level, ..plain }));
    }

    fn carry_out(&mut self, now: Duration, time: impl Fn(PlanIndex) -> u64) {
        for command in std::mem::take(&mut self.commands) {
            match command {
                Command::Start { unit, lane, ticket, cpus, due } => {
                    assert_eq!((cpus, due), (1, None));
                    assert_eq!(self.plan.lane(unit), lane);
                    self.started.push(unit);
                    self.begun[unit.index()] = true;
                    let end = now + Duration::from_millis(time(unit));
                    self.running.insert((end, unit.get()), (unit, ticket));
                }
                Command::Return { unit, .. } => {
                    self.returned += 1;
                    self.end(unit);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn end(&mut self, at: PlanIndex) {
        self.ended += 1;
        (self.begun[at.index()], self.done[at.index()]) = (true, true);
        if let Some(levels) = &self.levels {
            self.dispatcher.take(Input::LevelEnded { level: levels[at.index()] });
        }
        for next in self.plan.successors(at).to_vec() {
            self.pending[next.index()] -= 1;
            self.ready(next);
        }
    }

    /// Whether a node could start, had its lane a place.
    fn waits_for(&self, lane: Lane) -> bool {
        let begun = |at: &PlanIndex| self.begun[at.index()];
        let level = |at: PlanIndex| self.levels.as_ref().map(|levels| levels[at.index()]);
        let open = self.plan.indices().filter(|at| !self.done[at.index()]).filter_map(level).min();
        let mut ready = self.plan.indices().filter(|at| self.pending[at.index()] == 0);
        ready.any(|at| !begun(&at) && self.plan.lane(at) == lane && level(at) == open)
    }

    fn on(&self, lane: Lane) -> usize {
        self.running.values().filter(|&&(at, _)| self.plan.lane(at) == lane).count()
    }
}

#[test]
fn it_never_exceeds_its_lanes_and_never_idles_while_work_fits() {
    for seed in 0..3_000 {
        let random = &mut Random(seed);
        let plan = graph(&specs(random)).plan();
        let capacities = Capacities { compute: 1 + random.below(4), blocking: 1 + random.below(3) };
        let strict = random.chance(50);
        let cancel_at = random.chance(20).then(|| random.below(plan.len()));
        let times: Vec<u64> = plan.indices().map(|_| random.next() % 50).collect();
        let mut simulation = Simulation::new(plan.clone(), capacities, strict);
        let mut now = Duration::ZERO;
        let mut cancelled = false;
        loop {
            let before = simulation.started.len();
            while !simulation.commands.is_empty() {
                simulation.carry_out(now, |at| times[at.index()]);
                let Simulation { dispatcher, commands, .. } = &mut simulation;
                dispatcher.decide(now, commands);
            }
            assert!(!cancelled || simulation.started.len() == before, "seed {seed}: started late");
            let (compute, blocking) = (simulation.on(Lane::Compute), simulation.on(Lane::Blocking));
            let dispatcher = &mut simulation.dispatcher;
            assert_eq!(dispatcher.running(), Capacities { compute, blocking }, "seed {seed}");
            assert!(compute <= capacities.compute && blocking <= capacities.blocking);
            for (lane, busy, most) in [
                (Lane::Compute, compute, capacities.compute),
                (Lane::Blocking, blocking, capacities.blocking),
            ] {
                assert!(busy == most || !simulation.waits_for(lane), "seed {seed}: idle");
            }
            let dispatcher = &mut simulation.dispatcher;
            if !cancelled && cancel_at.is_some_and(|n| simulation.ended >= n) {
                cancelled = true;
                dispatcher.handle(Input::Cancelled, now, &mut simulation.commands);
                continue;
            }
            let Some(((end, _), (at, ticket))) = simulation.running.pop_first() else { break };
            now = end;
            if strict {
                let level =
                    |at: PlanIndex| (0..plan.levels()).find(|&l| plan.level(l).contains(&at.get()));
                let same = simulation.running.values().all(|&(other, _)| level(other) == level(at));
                assert!(same, "seed {seed}: two levels at once");
            }
            simulation.dispatcher.take(Input::Finished { ticket, attempts: None });
            simulation.end(at);
            let Simulation { dispatcher, commands, .. } = &mut simulation;
            dispatcher.decide(now, commands);
        }
        assert_eq!(simulation.ended, plan.len(), "seed {seed}");
        assert!(cancel_at.is_some() || simulation.returned == 0);
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
    let mut simulation =
        Simulation::new(plan.clone(), Capacities { compute: 1, blocking: 1 }, false);
    loop {
        simulation.carry_out(Duration::ZERO, |_| 0);
        let Some((_, (at, ticket))) = simulation.running.pop_first() else { break };
        simulation.dispatcher.take(Input::Finished { ticket, attempts: None });
        simulation.end(at);
        let Simulation { dispatcher, commands, .. } = &mut simulation;
        dispatcher.decide(Duration::ZERO, commands);
    }
    let order: Vec<usize> = simulation.started.iter().map(|&at| plan.id(at).index()).collect();
    assert_eq!(order, [long, middle, short, 3]);
}

/// An early end: what has not started is looked at again, and what still may start does.
#[test]
fn what_was_recalled_may_be_handed_in_again() {
    for levels in [None, Some(vec![3, 1])] {
        let capacities = Capacities { compute: 1, blocking: 1 };
        let mut dispatcher = Dispatcher::new(capacities, levels.clone());
        let mut commands = Vec::new();
        let ready = |unit: u32, level| {
            let lane = if unit == 2 { Lane::Blocking } else { Lane::Compute };
            let plain = Arrival::plain(unit, lane, Urgency::default(), unit);
            Input::Ready(Arrival { level: Some(level), ..plain })
        };
        for (unit, level) in [(0, 0), (1, 0), (2, 0), (3, 1)] {
            dispatcher.handle(ready(unit, level), Duration::ZERO, &mut commands);
        }
        // One runs on each lane; the others wait for the lane or for their level.
        let [Command::Start { ticket, .. }, Command::Start { .. }] = commands[..] else {
            panic!("{commands:?}");
        };
        commands.clear();
        dispatcher.handle(Input::Recalled, Duration::ZERO, &mut commands);
        let unit = |unit| Command::Return { unit, owed: None };
        assert_eq!(commands, [unit(1), unit(3)]);
        commands.clear();
        dispatcher.handle(ready(3, 1), Duration::ZERO, &mut commands);
        assert_eq!((commands.len(), dispatcher.waiting()), (0, 1));
        for _ in 0..3 {
            dispatcher.take(Input::LevelEnded { level: 0 });
        }
        let finished = Input::Finished { ticket, attempts: None };
        dispatcher.handle(finished, Duration::ZERO, &mut commands);
        assert!(matches!(commands[..], [Command::Start { unit: 3, lane: Lane::Compute, .. }]));
        commands.clear();
        // A cancellation is for ever.
        dispatcher.handle(Input::Cancelled, Duration::ZERO, &mut commands);
        dispatcher.handle(ready(1, 0), Duration::ZERO, &mut commands);
        assert_eq!(commands, [unit(1)]);
    }
}
