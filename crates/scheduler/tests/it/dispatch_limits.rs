//! Limits, rates, budgets, retries, timeouts and patience on a virtual clock, against sums that are
//! made anew each time from a list of what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use terrace_core::{Amount, Lane, Limit, LimitKind, Rate};
use terrace_scheduler::dispatch::{
    Arrival, BudgetId, Capacities, Command, Demand, DemandId, Dispatcher, Input, LimitId, Ticket,
    Urgency,
};

use crate::random::Random;

/// How many runs are simulated; `TERRACE_SIMULATIONS` sets another number. Of whole runs there are
/// more, in `simulated`.
const RUNS: u64 = 20_000;

const CAPACITIES: Capacities = Capacities { compute: 3, blocking: 4 };

/// What a unit is, as it was drawn.
struct Unit {
    after: Vec<usize>,
    blocking: bool,
    /// Of limits, by their position.
    needs: Vec<(usize, u64)>,
    cpus: u32,
    cost: Option<u64>,
    attempts: u32,
    /// How many attempts fail.
    fails: u32,
    takes: Duration,
    timeout: Option<Duration>,
    due: Option<Duration>,
    demand: DemandId,
}

/// One start, and when it ended.
struct Attempt {
    unit: usize,
    from: Duration,
    to: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Behind,
    /// Until then it pauses.
    Ready(Duration),
    Running(Ticket),
    Ended,
}

struct Simulation {
    limits: Vec<Limit>,
    budget: Option<u64>,
    units: Vec<Unit>,
    states: Vec<State>,
    tries: Vec<u32>,
    dispatcher: Dispatcher<usize>,
    commands: Vec<Command<usize>>,
    log: Vec<Attempt>,
    ends: BTreeMap<(Duration, usize), Ticket>,
    wakes: Vec<Duration>,
    reserved: Vec<usize>,
    /// Whether what happens is written down.
    told: bool,
    text: String,
    lost_patience: bool,
    now: Duration,
}

fn ms(count: usize) -> Duration {
    Duration::from_millis(count as u64)
}

fn draw(random: &mut Random) -> Simulation {
    let mut dispatcher = Dispatcher::new(CAPACITIES, None);
    let limit = |at: usize, random: &mut Random| {
        let name = format!("limit{at}");
        let mut limit = match random.below(3) {
            0 => Limit::memory(name, 1 + random.below(9) as u64),
            1 => Limit::rate(name, 1 + random.below(5) as u32, ms(1 + random.below(40))),
            _ => Limit::concurrency(name, 1 + random.below(4) as u64),
        };
        if random.chance(30) {
            limit = limit.with_rate(1 + random.below(5) as u32, ms(1 + random.below(40)));
        }
        if let Some(Rate { starts, .. }) = limit.rate.filter(|_| random.chance(30)) {
            limit = limit.with_burst(1 + random.below(starts as usize) as u32);
        }
        limit
    };
    let count = random.below(4);
    let limits: Vec<Limit> = (0..count).map(|at| limit(at, random)).collect();
    let ids: Vec<LimitId> = limits.iter().map(|limit| dispatcher.declare(limit)).collect();
    let budget = random.chance(30).then(|| random.below(40) as u64);
    let money: Option<BudgetId> = budget
        .map(|millionths| dispatcher.declare_budget(&Amount { of: "money".into(), millionths }));
    dispatcher.set_patience(random.below(5) as u32);
    let urgent = random.chance(40);
    let mut units = Vec::new();
    for at in 0..1 + random.below(24) {
        let after = (0..at).filter(|_| random.chance(10)).collect();
        let chosen = (0..limits.len()).filter(|_| random.chance(50)).collect::<Vec<_>>();
        let needs: Vec<(usize, u64)> = chosen
            .into_iter()
            .map(|limit| (limit, 1 + random.below(limits[limit].largest() as usize) as u64))
            .collect();
        let cpus = if random.chance(20) { 1 + random.below(4) as u32 } else { 1 };
        let priority = if urgent { random.below(3) as i32 } else { 0 };
        let cost = money.filter(|_| random.chance(50)).map(|_| random.below(6) as u64);
        let attempts = 1 + random.below(3) as u32;
        let demand = dispatcher.demand(Demand {
            needs: needs.iter().map(|&(at, amount)| (ids[at], amount)).collect(),
            cpus,
            priority,
            cost: money.into_iter().zip(cost).collect(),
            attempts,
        });
        units.push(Unit {
            after,
            blocking: random.chance(30),
            needs,
            cpus: cpus.min(CAPACITIES.compute as u32),
            cost,
            attempts,
            fails: if random.chance(30) { random.below(4) as u32 } else { 0 },
            takes: ms(random.below(30)),
            timeout: random.chance(20).then(|| ms(1 + random.below(20))),
            due: random.chance(10).then(|| ms(random.below(100))),
            demand,
        });
    }
    Simulation {
        limits,
        budget,
        states: units.iter().map(|_| State::Behind).collect(),
        tries: units.iter().map(|_| 0).collect(),
        units,
        dispatcher,
        commands: Vec::new(),
        log: Vec::new(),
        ends: BTreeMap::new(),
        wakes: Vec::new(),
        reserved: Vec::new(),
        told: false,
        text: String::new(),
        lost_patience: false,
        now: Duration::ZERO,
    }
}

impl Simulation {
    fn run(&mut self, seed: u64) {
        for at in 0..self.units.len() {
            self.look(at);
        }
        loop {
            self.settle(seed);
            let next = self.ends.keys().next().map(|(at, _)| *at);
            let wake = self.wakes.iter().copied().min();
            let Some(now) = next.into_iter().chain(wake).min() else { break };
            assert!(now >= self.now, "seed {seed}");
            self.now = now;
            self.wakes.retain(|wake| *wake > now);
            while let Some((&(at, unit), &ticket)) =
                self.ends.iter().next().filter(|e| e.0.0 <= now)
            {
                self.ends.remove(&(at, unit));
                self.end_attempt(unit, ticket, false);
            }
        }
        for (at, state) in self.states.iter().enumerate() {
            assert_eq!(*state, State::Ended, "seed {seed}: unit {at} never ended");
        }
        assert_eq!(self.dispatcher.running(), Capacities { compute: 0, blocking: 0 });
        assert_eq!(self.dispatcher.waiting(), 0);
    }

    /// Decides until there is nothing to be done, then looks whether all is well.
    fn settle(&mut self, seed: u64) {
        loop {
            self.dispatcher.decide(self.now, &mut self.commands);
            if self.commands.is_empty() {
                break;
            }
            for command in std::mem::take(&mut self.commands) {
                if self.told {
                    self.text += &format!("{:?} {command:?}\n", self.now);
                }
                self.lost_patience |= matches!(command, Command::Reserved { .. });
                self.carry_out(command, seed);
            }
        }
        self.check(seed);
    }

    fn carry_out(&mut self, command: Command<usize>, seed: u64) {
        match command {
            Command::Start { unit, lane, ticket, cpus, due } => {
                let drawn = &self.units[unit];
                assert_eq!(drawn.blocking, lane == Lane::Blocking);
                assert_eq!(cpus, drawn.cpus);
                assert!(
                    matches!(self.states[unit], State::Ready(at) if at <= self.now),
                    "seed {seed}: unit {unit} starts while it is {:?}",
                    self.states[unit]
                );
                let own = drawn.timeout.map(|timeout| self.now + timeout);
                assert_eq!(due, own.into_iter().chain(drawn.due).min(), "seed {seed}");
                self.states[unit] = State::Running(ticket);
                self.tries[unit] += 1;
                assert!(self.tries[unit] <= drawn.attempts);
                self.reserved.retain(|other| *other != unit);
                self.log.push(Attempt { unit, from: self.now, to: None });
                self.ends.insert((self.now + drawn.takes, unit), ticket);
            }
            Command::Expire { ticket } => {
                let running = |state: &State| *state == State::Running(ticket);
                let unit = self.states.iter().position(running).expect("it runs");
                self.ends.retain(|(_, other), _| *other != unit);
                self.end_attempt(unit, ticket, true);
            }
            Command::TooLate { unit } => {
                assert!(self.units[unit].due.is_some_and(|due| due <= self.now), "seed {seed}");
                self.give_up(unit);
            }
            Command::Unpayable { unit, .. } => {
                assert_eq!(self.tries[unit], 0, "what was begun is paid for");
                self.give_up(unit);
            }
            Command::Reserved { unit } => self.reserved.push(unit),
            Command::Wake { at } => {
                assert!(at > self.now, "seed {seed}: it asks for the past");
                self.wakes.push(at);
            }
            other => panic!("seed {seed}: {other:?}"),
        }
    }

    fn end_attempt(&mut self, unit: usize, ticket: Ticket, expired: bool) {
        let attempt = self.log.iter_mut().rfind(|attempt| attempt.unit == unit).unwrap();
        attempt.to = Some(self.now);
        let drawn = &self.units[unit];
        let tries = self.tries[unit];
        let failed = expired || tries <= drawn.fails;
        if failed && tries < drawn.attempts {
            self.dispatcher.take(Input::Finished { ticket, attempts: None });
            self.states[unit] = State::Ready(self.now + ms(7 * tries as usize));
            self.hand_in(unit);
            return;
        }
        self.dispatcher.take(Input::Finished { ticket, attempts: Some(tries) });
        self.end(unit);
    }

    fn give_up(&mut self, unit: usize) {
        assert!(matches!(self.states[unit], State::Ready(_)));
        self.reserved.retain(|other| *other != unit);
        self.end(unit);
    }

    fn end(&mut self, unit: usize) {
        self.states[unit] = State::Ended;
        for next in 0..self.units.len() {
            if self.units[next].after.contains(&unit) {
                self.look(next);
            }
        }
    }

    fn look(&mut self, unit: usize) {
        let ended = |at: &usize| self.states[*at] == State::Ended;
        if self.states[unit] == State::Behind && self.units[unit].after.iter().all(ended) {
            self.states[unit] = State::Ready(self.now);
            self.hand_in(unit);
        }
    }

    fn hand_in(&mut self, unit: usize) {
        let drawn = &self.units[unit];
        let State::Ready(not_before) = self.states[unit] else { unreachable!() };
        let lane = if drawn.blocking { Lane::Blocking } else { Lane::Compute };
        self.dispatcher.take(Input::Ready(Arrival {
            demand: drawn.demand,
            not_before: (not_before > self.now).then_some(not_before),
            due: drawn.due,
            timeout: drawn.timeout,
            paid: self.tries[unit],
            ..Arrival::plain(unit, lane, Urgency::default(), unit as u32)
        }));
    }

    fn running(&self) -> impl Iterator<Item = &Unit> {
        self.log.iter().filter(|attempt| attempt.to.is_none()).map(|at| &self.units[at.unit])
    }

    /// What is used of a limit.
    fn used(&self, limit: usize) -> u64 {
        let needs = self.running().flat_map(|unit| &unit.needs);
        needs.filter(|(at, _)| *at == limit).map(|(_, amount)| amount).sum()
    }

    /// The starts of a limit, as many as each attempt counts for.
    fn starts(&self, limit: usize) -> Vec<Duration> {
        let mut starts = Vec::new();
        for attempt in &self.log {
            for (at, amount) in &self.units[attempt.unit].needs {
                let count = match self.limits[limit].kind {
                    LimitKind::Concurrency => *amount,
                    LimitKind::Memory => 1,
                };
                if *at == limit {
                    starts.extend((0..count).map(|_| attempt.from));
                }
            }
        }
        starts
    }

    fn cpus(&self) -> u32 {
        self.running().filter(|unit| !unit.blocking).map(|unit| unit.cpus).sum()
    }

    /// What is spent and reserved.
    fn bound(&self) -> u64 {
        let paid = self.units.iter().enumerate().filter(|(at, _)| self.tries[*at] > 0);
        paid.map(|(at, unit)| {
            let tries = match self.states[at] {
                State::Ended => self.tries[at],
                _ => unit.attempts,
            };
            u64::from(tries) * unit.cost.unwrap_or(0)
        })
        .sum()
    }

    fn check(&self, seed: u64) {
        let blocking = self.running().filter(|unit| unit.blocking).count();
        assert!(self.cpus() as usize <= CAPACITIES.compute, "seed {seed}");
        assert!(blocking <= CAPACITIES.blocking, "seed {seed}");
        assert!(self.bound() <= self.budget.unwrap_or(u64::MAX), "seed {seed}: over the budget");
        for (at, limit) in self.limits.iter().enumerate() {
            let used = self.used(at);
            assert!(used <= limit.most.unwrap_or(u64::MAX), "seed {seed}: {used} of {limit:?}");
            if let Some(rate) = limit.rate {
                self.check_rate(at, rate, seed);
            }
        }
        if self.reserved.is_empty() {
            for (at, state) in self.states.iter().enumerate() {
                if matches!(state, State::Ready(begins) if *begins <= self.now) {
                    assert!(!self.fits(at), "seed {seed}: {at} waits at {:?}, and fits", self.now);
                }
            }
        }
    }

    fn check_rate(&self, limit: usize, rate: Rate, seed: u64) {
        let starts = self.starts(limit);
        for (at, first) in starts.iter().enumerate() {
            if let Some(beyond) = starts.get(at + rate.starts as usize) {
                assert!(*beyond - *first >= rate.per, "seed {seed}: {starts:?} at {rate:?}");
            }
            let Some(burst) = rate.burst else { continue };
            for (count, later) in (1..).zip(&starts[at..]) {
                // As many as at once, and one more for every interval since.
                let since = (*later - *first).as_nanos() * u128::from(rate.starts);
                let most = u128::from(burst) + since / rate.per.as_nanos();
                assert!(count <= most, "seed {seed}: {starts:?} at {rate:?}");
            }
        }
    }

    /// Whether a unit that waits could start. Those that cost something wait for their turn.
    fn fits(&self, at: usize) -> bool {
        let unit = &self.units[at];
        if unit.cost.is_some() {
            return false;
        }
        let place = match unit.blocking {
            true => self.running().filter(|unit| unit.blocking).count() < CAPACITIES.blocking,
            false => (self.cpus() + unit.cpus) as usize <= CAPACITIES.compute,
        };
        place
            && unit.needs.iter().all(|&(at, amount)| {
                let limit = &self.limits[at];
                let room = self.used(at) + amount <= limit.most.unwrap_or(u64::MAX);
                let in_time = limit.rate.is_none_or(|rate| {
                    // Intervals are rounded up to whole nanoseconds: not looked at here.
                    let recent =
                        self.starts(at).into_iter().filter(|start| *start + rate.per > self.now);
                    let counts = match limit.kind {
                        LimitKind::Concurrency => amount,
                        LimitKind::Memory => 1,
                    };
                    rate.burst.is_none() && recent.count() as u64 + counts <= u64::from(rate.starts)
                });
                room && in_time
            })
    }
}

#[test]
fn nothing_is_ever_used_beyond_its_limit_and_nothing_that_fits_waits() {
    let runs = std::env::var("TERRACE_SIMULATIONS").ok().and_then(|text| text.parse().ok());
    let mut reserved = 0;
    for seed in 0..runs.unwrap_or(RUNS) {
        let run = |told| {
            let mut simulation = Simulation { told, ..draw(&mut Random(seed)) };
            simulation.run(seed);
            simulation
        };
        let first = run(seed % 16 == 0);
        reserved += u32::from(first.lost_patience);
        if first.told {
            assert_eq!(first.text, run(true).text, "seed {seed}: not the same again");
        }
    }
    assert!(reserved > 100, "patience was never lost: {reserved}");
}

fn dispatcher(limits: &[Limit]) -> (Dispatcher<u32>, Vec<LimitId>) {
    let mut dispatcher = Dispatcher::new(Capacities { compute: 100, blocking: 100 }, None);
    let ids = limits.iter().map(|limit| dispatcher.declare(limit)).collect();
    (dispatcher, ids)
}

fn starts(commands: &[Command<u32>]) -> Vec<(u32, Ticket)> {
    let start = |command: &Command<u32>| match command {
        Command::Start { unit, ticket, .. } => Some((*unit, *ticket)),
        _ => None,
    };
    commands.iter().filter_map(start).collect()
}

fn ready(unit: u32, demand: DemandId) -> Input<u32> {
    let plain = Arrival::plain(unit, Lane::Compute, Urgency::default(), unit);
    Input::Ready(Arrival { demand, ..plain })
}

/// 8 GB at 100 MB: 80 at a time; 8 GiB at 100 MiB: 81.
#[test]
fn so_many_run_as_memory_holds() {
    for (most, each, at_once) in [(8_000_000_000, 100_000_000, 80), (8 << 30, 100 << 20, 81)] {
        let (mut dispatcher, ids) = dispatcher(&[Limit::memory("ram", most)]);
        let needs = vec![(ids[0], each)];
        let demand = dispatcher.demand(Demand { needs, ..Demand::default() });
        for unit in 0..200 {
            dispatcher.take(ready(unit, demand));
        }
        let mut commands = Vec::new();
        dispatcher.decide(Duration::ZERO, &mut commands);
        assert_eq!(starts(&commands).len(), at_once);
        assert_eq!(dispatcher.high_water()[0].used, each * at_once as u64);
    }
}

/// One that needs all places is passed by small ones, but not for ever.
#[test]
fn one_that_was_passed_over_too_often_gets_what_it_takes() {
    let (mut dispatcher, ids) = dispatcher(&[Limit::concurrency("places", 4)]);
    let mut demand = |amount| {
        let needs = vec![(ids[0], amount)];
        dispatcher.demand(Demand { needs, ..Demand::default() })
    };
    let (small, large) = (demand(1), demand(4));
    let mut commands = Vec::new();
    dispatcher.handle(ready(10, small), Duration::ZERO, &mut commands);
    dispatcher.handle(ready(0, large), Duration::ZERO, &mut commands);
    for unit in 11..100 {
        dispatcher.take(ready(unit, small));
    }
    let mut running = Vec::new();
    let mut order = Vec::new();
    for step in 1..100 {
        dispatcher.decide(Duration::from_secs(step), &mut commands);
        running.extend(starts(&commands));
        order.append(&mut commands);
        assert!(running.len() <= 4);
        if running.is_empty() {
            break;
        }
        let (_, ticket) = running.remove(0);
        dispatcher.take(Input::Finished { ticket, attempts: None });
    }
    let reserved = order.iter().position(|c| matches!(c, Command::Reserved { unit: 0 })).unwrap();
    assert_eq!(starts(&order[..reserved]).len(), 1 + 16, "so many passed it by");
    let after: Vec<u32> = starts(&order[reserved..]).iter().map(|(unit, _)| *unit).collect();
    assert_eq!(after[0], 0, "nobody passes it any more");
}

/// Two that hold what the other wants would wait for ever.
#[test]
fn who_waits_for_ever_is_told() {
    let limits = [Limit::concurrency("a", 1), Limit::concurrency("b", 1)];
    let (mut dispatcher, ids) = dispatcher(&limits);
    let mut demand =
        |id: LimitId| dispatcher.demand(Demand { needs: vec![(id, 1)], ..Demand::default() });
    let (a, b) = (demand(ids[0]), demand(ids[1]));
    let mut commands = Vec::new();
    dispatcher.take(ready(0, a));
    dispatcher.take(ready(1, b));
    dispatcher.decide(Duration::ZERO, &mut commands);
    for (unit, ticket) in starts(&std::mem::take(&mut commands)) {
        // What they began goes on inside, and wants the other.
        dispatcher.take(Input::Left { ticket });
        dispatcher.take(ready(unit + 10, if unit == 0 { b } else { a }));
    }
    dispatcher.busy();
    dispatcher.decide(Duration::ZERO, &mut commands);
    assert_eq!(commands, [], "somebody may still hand something in");
    dispatcher.done();
    dispatcher.decide(Duration::ZERO, &mut commands);
    let stuck = |unit, limit| Command::Stuck { unit, limit: Some(limit) };
    // One of them: the other may go on, once it has ended.
    assert_eq!(commands, [stuck(10, ids[1])]);
}

/// Also in the moment in which something is kept for it: nobody asks again.
#[test]
fn who_waits_for_ever_is_told_although_something_is_kept_for_it() {
    let (mut dispatcher, ids) = dispatcher(&[Limit::concurrency("a", 1)]);
    dispatcher.set_patience(0);
    let demand = dispatcher.demand(Demand { needs: vec![(ids[0], 1)], ..Demand::default() });
    let mut commands = Vec::new();
    dispatcher.handle(ready(0, demand), Duration::ZERO, &mut commands);
    let [(0, ticket)] = starts(&std::mem::take(&mut commands))[..] else { panic!() };
    dispatcher.take(Input::Left { ticket });
    dispatcher.handle(ready(1, demand), Duration::ZERO, &mut commands);
    let stuck = Command::Stuck { unit: 1, limit: Some(ids[0]) };
    assert_eq!(commands, [Command::Reserved { unit: 1 }, stuck]);
}

/// A high priority goes first, and a low one is not forgotten.
#[test]
fn priority_goes_first_and_nobody_starves() {
    let mut dispatcher = Dispatcher::new(Capacities { compute: 1, blocking: 1 }, None);
    let high = dispatcher.demand(Demand { priority: 5, ..Demand::default() });
    let mut commands = Vec::new();
    dispatcher.take(ready(0, DemandId::PLAIN));
    let mut order = Vec::new();
    for unit in 1..40 {
        dispatcher.take(ready(unit, high));
    }
    loop {
        dispatcher.decide(Duration::ZERO, &mut commands);
        let Some(&(unit, ticket)) = starts(&std::mem::take(&mut commands)).first() else { break };
        order.push(unit);
        dispatcher.take(Input::Finished { ticket, attempts: None });
    }
    assert_eq!(order.iter().position(|unit| *unit == 0), Some(16));
    assert_eq!(order.len(), 40);
}

/// Everything that fits is bought in one order, and what cannot be paid any more is told.
#[test]
fn a_budget_is_never_exceeded() {
    let mut dispatcher = Dispatcher::new(Capacities { compute: 8, blocking: 1 }, None);
    let money = dispatcher.declare_budget(&Amount { of: "money".into(), millionths: 10 });
    let mut demand = |cost, attempts| {
        dispatcher.demand(Demand { cost: vec![(money, cost)], attempts, ..Demand::default() })
    };
    // Three attempts at 3: 9 are reserved. One at 2 waits, since perhaps not all of that is used.
    let (dear, cheap, too_dear) = (demand(3, 3), demand(2, 1), demand(11, 1));
    let mut commands = Vec::new();
    for (unit, demand) in [(0, dear), (1, cheap), (2, cheap), (3, too_dear)] {
        dispatcher.take(ready(unit, demand));
    }
    dispatcher.decide(Duration::ZERO, &mut commands);
    let [(0, ticket)] = starts(&commands)[..] else { panic!("{commands:?}") };
    commands.clear();
    dispatcher.take(Input::Finished { ticket, attempts: Some(2) });
    dispatcher.decide(Duration::ZERO, &mut commands);
    let begun: Vec<u32> = starts(&commands).iter().map(|(unit, _)| *unit).collect();
    assert_eq!(begun, [1, 2]);
    assert!(commands.contains(&Command::Unpayable { unit: 3, budget: money }));
    for (_, ticket) in starts(&std::mem::take(&mut commands)) {
        dispatcher.take(Input::Finished { ticket, attempts: Some(1) });
    }
    assert_eq!(dispatcher.spent()[0].spent, 10);
}
