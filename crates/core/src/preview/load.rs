//! [`Load`]: what running something once asks for, and how loads add up.
//!
//! Times are whole nanoseconds, and every sum saturates: a hostile file asks for anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Count;
use crate::policy::{LimitKind, Need, Policy};
use crate::validate::Survey;

/// Nanoseconds.
pub(crate) type Nanos = u128;

/// What running a node or a workflow once asks for.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Calls of tasks, where each attempt is the only one.
    pub(crate) calls: Count,
    /// The same where every attempt but the last fails.
    pub(crate) most_calls: Count,
    /// What it costs.
    pub(crate) cost: BTreeMap<Arc<str>, Cost>,
    /// Bytes at once, by the limit that counts them; `None`: by none.
    pub(crate) memory: BTreeMap<Option<Arc<str>>, Memory>,
    /// One after the other.
    pub(crate) work: Nanos,
    /// Time of calls, whatever they run on.
    pub(crate) busy: Nanos,
    /// Time of workers.
    pub(crate) compute: Nanos,
    /// Time on the blocking lane.
    pub(crate) blocking: Nanos,
    /// With as many workers as it likes, and no limits.
    pub(crate) path: Nanos,
    /// The same with no more at once than maps and workflows say.
    pub(crate) own: Nanos,
    /// The same with no more of a map's items at once than limits let run.
    pub(crate) bound: Nanos,
    /// The least time that nodes need of which only so many may run at once.
    pub(crate) throttle: Nanos,
    /// What it takes of limits.
    pub(crate) uses: BTreeMap<Arc<str>, Use>,
    /// Whether all of it says how long it takes.
    pub(crate) timed: bool,
    /// Whether something in it says how long it takes.
    pub(crate) some_timed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// In millionths, one attempt of everything.
    pub(crate) expected: Count,
    /// All attempts.
    pub(crate) most: Count,
}

/// Bytes at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Of all that may run at once by the graph alone.
    pub(crate) peak: u64,
    /// Of the largest call that computes.
    pub(crate) compute: u64,
    /// Of the largest call on the blocking lane.
    pub(crate) blocking: u64,
    /// What nodes hold that run workflows: as many as there are, whatever the lanes.
    pub(crate) held: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// Starts, as the limit's rate counts them.
    pub(crate) starts: u128,
    /// Amount times how long it is held.
    pub(crate) held: u128,
    /// The shortest time that something holds it.
    pub(crate) shortest: Nanos,
    /// The longest.
    pub(crate) longest: Nanos,
    /// The smallest amount that is taken at once.
    pub(crate) least: u64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            calls: Count::ZERO,
            most_calls: Count::ZERO,
            cost: BTreeMap::new(),
            memory: BTreeMap::new(),
            work: 0,
            busy: 0,
            compute: 0,
            blocking: 0,
            path: 0,
            own: 0,
            bound: 0,
            throttle: 0,
            uses: BTreeMap::new(),
            timed: true,
            some_timed: false,
        }
    }
}

/// What is known of the one task that something calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) blocks: bool,
    pub(crate) cpus: u32,
    pub(crate) memory: Option<u64>,
}

impl Load {
    /// One call of which nothing is said.
    pub(crate) fn call(call: Call, grows: bool) -> Self {
        let calls = Count { least: 1, open: grows };
        let mut memory = BTreeMap::new();
        if let Some(bytes) = call.memory.filter(|bytes| *bytes > 0) {
            memory.insert(None, call.bytes(bytes));
        }
        Self { calls, most_calls: calls, memory, timed: false, ..Self::default() }
    }

    /// Makes it that of something that usually does not run: only what it asks for at most stays.
    pub(crate) fn nothing(&mut self) {
        let mut cost = std::mem::take(&mut self.cost);
        cost.values_mut().for_each(|cost| cost.expected = Count::ZERO);
        let memory = std::mem::take(&mut self.memory);
        *self = Self { most_calls: self.most_calls, cost, memory, ..Self::default() };
    }

    /// Adds what a policy says of one attempt, and the further attempts that it allows.
    pub(crate) fn with(
        mut self,
        policy: Option<&Policy>,
        call: Option<Call>,
        all: &Survey,
    ) -> Self {
        let Some(policy) = policy else { return self };
        if let Some(expected) = policy.expected {
            let nanos = expected.as_nanos();
            self.work = self.work.max(nanos);
            (self.path, self.own, self.bound) = (nanos, nanos, nanos);
            if let Some(call) = call {
                self.work = nanos;
                self.busy = nanos;
                match call.blocks {
                    true => self.blocking = nanos,
                    false => self.compute = nanos.saturating_mul(u128::from(call.cpus.max(1))),
                }
            }
            (self.timed, self.some_timed) = (true, true);
        }
        let measured = |need: &&Need| kind(all, &need.limit) == LimitKind::Memory;
        if call.is_some() && policy.needs.iter().any(|need| measured(&need)) {
            // The limit counts what the task says it takes.
            self.memory.remove(&None);
        }
        for need in &policy.needs {
            self.need(need, call, all);
        }
        for amount in &policy.cost {
            let one = Count { least: amount.millionths, open: false };
            let cost = self.cost.entry(amount.of.clone());
            let cost = cost.or_insert(Cost { expected: Count::ZERO, most: Count::ZERO });
            cost.expected = cost.expected.plus(one);
            cost.most = cost.most.plus(one);
        }
        let attempts = Count { least: policy.attempts().into(), open: false };
        self.most_calls = self.most_calls.times(attempts);
        for cost in self.cost.values_mut() {
            cost.most = cost.most.times(attempts);
        }
        if let Some(at_once) = policy.concurrency {
            self.throttle = self.throttle.max(self.bound / u128::from(at_once.max(1)));
        }
        self
    }

    fn need(&mut self, need: &Need, call: Option<Call>, all: &Survey) {
        let starts = match kind(all, &need.limit) {
            LimitKind::Concurrency => need.amount,
            LimitKind::Memory => 1,
        };
        let held = self.bound.saturating_mul(need.amount.into());
        let one = Use {
            starts: starts.into(),
            held,
            shortest: self.bound,
            longest: self.bound,
            least: need.amount,
        };
        join_use(&mut self.uses, &need.limit, one);
        if kind(all, &need.limit) == LimitKind::Memory {
            let memory = self.memory.entry(Some(need.limit.clone())).or_default();
            match call {
                Some(call) => *memory = call.bytes(need.amount),
                None => {
                    memory.peak = memory.peak.saturating_add(need.amount);
                    memory.held = memory.held.saturating_add(need.amount);
                }
            }
        }
    }

    /// Adds what runs beside it or after it: all but the times, which depend on the order, and the
    /// memory.
    pub(crate) fn join(&mut self, other: &Self) {
        self.calls = self.calls.plus(other.calls);
        self.most_calls = self.most_calls.plus(other.most_calls);
        for (of, cost) in &other.cost {
            let known = self.cost.entry(of.clone());
            let known = known.or_insert(Cost { expected: Count::ZERO, most: Count::ZERO });
            known.expected = known.expected.plus(cost.expected);
            known.most = known.most.plus(cost.most);
        }
        self.work = self.work.saturating_add(other.work);
        self.busy = self.busy.saturating_add(other.busy);
        self.compute = self.compute.saturating_add(other.compute);
        self.blocking = self.blocking.saturating_add(other.blocking);
        self.throttle = self.throttle.max(other.throttle);
        for (limit, other) in &other.uses {
            join_use(&mut self.uses, limit, *other);
        }
        self.timed &= other.timed;
        self.some_timed |= other.some_timed;
    }

    /// The same again and again: everything that adds up, however often.
    pub(crate) fn times(&mut self, times: Count, most: Count) {
        let least = u128::from(times.least);
        self.calls = self.calls.times(times);
        self.most_calls = self.most_calls.times(most);
        for cost in self.cost.values_mut() {
            cost.expected = cost.expected.times(times);
            cost.most = cost.most.times(most);
        }
        for time in [
            &mut self.work,
            &mut self.busy,
            &mut self.compute,
            &mut self.blocking,
            &mut self.throttle,
        ] {
            *time = time.saturating_mul(least);
        }
        for used in self.uses.values_mut() {
            used.starts = used.starts.saturating_mul(least);
            used.held = used.held.saturating_mul(least);
        }
        self.uses.retain(|_, used| used.starts > 0);
        self.timed &= !times.open;
    }
}

impl Call {
    fn bytes(self, bytes: u64) -> Memory {
        let (compute, blocking) = if self.blocks { (0, bytes) } else { (bytes, 0) };
        Memory { peak: bytes, compute, blocking, held: 0 }
    }
}

fn join_use(uses: &mut BTreeMap<Arc<str>, Use>, limit: &Arc<str>, one: Use) {
    match uses.get_mut(limit) {
        Some(known) => {
            known.starts = known.starts.saturating_add(one.starts);
            known.held = known.held.saturating_add(one.held);
            known.shortest = known.shortest.min(one.shortest);
            known.longest = known.longest.max(one.longest);
            known.least = known.least.min(one.least);
        }
        None => {
            uses.insert(limit.clone(), one);
        }
    }
}

fn kind(all: &Survey, limit: &str) -> LimitKind {
    all.limit_of(limit).map(|limit| limit.kind).unwrap_or_default()
}
