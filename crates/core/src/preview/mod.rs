//! [`Preview`]: what a run will ask for, before anything runs: calls, costs, memory, time.
//!
//! From what the workflow says of itself (`expected`, `cost`, `needs`, `retry`, `limits`) and what
//! tasks say of theirs (memory, cpus, lane). Nothing is measured. How loads add up is in [`load`],
//! who is counted how often in [`evaluate`], memory in [`memory`], how it is told in [`show`].
//!
//! # Invariants
//! - [`TimePreview::at_best`] is a lower bound: no schedule that keeps to the limits is faster, as
//!   long as every call takes as long as is said. What says nothing counts as no time.
//! - [`MemoryPreview::peak`] and the `most` of calls and costs are upper bounds.

mod evaluate;
mod load;
mod memory;
mod show;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use terrace_plugin_api::Value;

use crate::plan::Plan;
use crate::policy::{Amount, Limit};
use crate::workflow::Workflow;

pub(crate) use evaluate::{Counting, Evaluated, Evaluation, is_one_call};
pub(crate) use load::{Load, Nanos};
pub(crate) use show::near;

/// How many calls may wait at once where nothing is said: what a scheduler has for them.
const BLOCKING: usize = 512;

/// What a run will have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conditions {
    /// Threads that compute; 0: everything goes in sequence.
    pub workers: usize,
    /// Calls on the blocking lane at once.
    pub blocking: usize,
    /// Calls at once, of both lanes.
    pub max_concurrent: Option<u32>,
    /// The values of the workflow's inputs as far as they are known: how long a list is tells how
    /// often a map runs its body.
    pub inputs: Vec<Option<Value>>,
}

impl Conditions {
    /// So many workers, 512 calls that wait, no inputs.
    pub fn new(workers: usize) -> Self {
        let blocking = if workers == 0 { 1 } else { BLOCKING };
        Self { workers, blocking, max_concurrent: None, inputs: Vec::new() }
    }

    /// With so many calls at once, of both lanes.
    #[must_use]
    pub fn with_max_concurrent(mut self, calls: Option<u32>) -> Self {
        self.max_concurrent = calls;
        self
    }

    /// With the values of inputs.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = Option<Value>>) -> Self {
        self.inputs = inputs.into_iter().collect();
        self
    }
}

/// A number of which part may be known only to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Count {
    /// What is known.
    pub least: u64,
    /// Whether there may be more.
    pub open: bool,
}

impl Count {
    pub(crate) const ZERO: Self = Self { least: 0, open: false };

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { least: self.least.saturating_add(other.least), open: self.open || other.open }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        let open = self.open && other != Self::ZERO || other.open && self != Self::ZERO;
        Self { least: self.least.saturating_mul(other.least), open }
    }

    /// The number, where nothing is open.
    pub fn known(self) -> Option<u64> {
        (!self.open).then_some(self.least)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.open) {
            (least, false) => write!(f, "{least}"),
            (0, true) => f.write_str("?"),
            (least, true) => write!(f, "{least} + ?"),
        }
    }
}

/// What a run will ask for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// Calls of tasks, one attempt each: conditions hold, nothing fails.
    pub calls: Count,
    /// The same where every attempt but the last fails, loops go on to their end, and what cleans
    /// up after failures runs.
    pub most_calls: Count,
    /// What it costs, by name.
    pub cost: Vec<CostPreview>,
    /// What it takes of memory, first what no limit counts.
    pub memory: Vec<MemoryPreview>,
    /// How long it takes, where something says so.
    pub time: Option<TimePreview>,
}

/// What a run will use up of something.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CostPreview {
    /// Of what.
    pub of: Arc<str>,
    /// One attempt of everything, in millionths.
    pub expected: Count,
    /// All attempts, in millionths.
    pub most: Count,
    /// What there is of it, where that is said.
    pub budget: Option<Amount>,
}

/// How much memory a run will take at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemoryPreview {
    /// The limit that counts it.
    pub limit: Option<Arc<str>>,
    /// Bytes at once, at most.
    pub peak: u64,
    /// Bytes that the limit has.
    pub most: Option<u64>,
}

/// How long a run will take. What does not say how long it takes counts as no time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TimePreview {
    /// One call after the other.
    pub sequential: Duration,
    /// The critical path: with any number of workers, and no limits.
    pub path: Duration,
    /// No run is faster under the conditions given.
    pub at_best: Duration,
    /// What keeps it from being faster.
    pub bound: Bound,
    /// Workers that were counted with.
    pub workers: usize,
    /// Whether everything says how long it takes and how often it runs. If not, all numbers are
    /// the least that is possible.
    pub complete: bool,
}

/// What keeps a run from being faster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// The critical path.
    Path,
    /// How many may run at once in a map or workflow: `window`, `concurrency`, `max_concurrent`.
    AtOnce,
    /// The number of workers.
    Workers,
    /// How many calls may wait at once.
    Blocking,
    /// The places or bytes of a limit.
    Limit(Arc<str>),
    /// The rate of a limit.
    Rate(Arc<str>),
}

impl Preview {
    /// Previews the run of a plan. O(nodes + edges), each workflow inside counted once.
    pub fn of(plan: &Plan, conditions: &Conditions) -> Self {
        let evaluated = Evaluation::of(plan, conditions, Counting::Usual);
        let workflow = plan.workflow();
        Self::tell(workflow, &evaluated.whole, conditions)
    }

    fn tell(workflow: &Workflow, load: &Load, conditions: &Conditions) -> Self {
        let budget = |of: &str| workflow.rules().budget.iter().find(|amount| *amount.of == *of);
        let cost = load.cost.iter().map(|(of, cost)| CostPreview {
            of: of.clone(),
            expected: cost.expected,
            most: cost.most,
            budget: budget(of).cloned(),
        });
        let memory = load.memory.iter().map(|(limit, memory)| {
            let wide = |bytes: u64, lanes: usize| bytes.saturating_mul(lanes.max(1) as u64);
            let lanes = wide(memory.compute, conditions.workers)
                .saturating_add(wide(memory.blocking, conditions.blocking))
                .saturating_add(memory.held);
            let limit_of = limit.as_ref().and_then(|limit| workflow.survey().limit_of(limit));
            let most = limit_of.and_then(|limit| limit.most);
            let peak = memory.peak.min(lanes).min(most.unwrap_or(u64::MAX));
            MemoryPreview { limit: limit.clone(), peak, most }
        });
        let is_known = load.some_timed && (load.timed || load.path.max(load.work) > 0);
        let time = is_known.then(|| {
            let (at_best, bound) = at_best(workflow, load, conditions);
            TimePreview {
                sequential: duration(load.work.max(load.path)),
                path: duration(load.path),
                at_best: duration(at_best),
                bound,
                workers: conditions.workers,
                complete: load.timed,
            }
        });
        Self {
            calls: load.calls,
            most_calls: load.most_calls,
            cost: cost.collect(),
            memory: memory.collect(),
            time,
        }
    }

    /// Whether it tells more than how many calls there are: something says what it takes or costs,
    /// or is tried again.
    pub fn is_worth_telling(&self) -> bool {
        let retries = self.most_calls != self.calls;
        retries || !self.cost.is_empty() || !self.memory.is_empty() || self.time.is_some()
    }
}

/// The least time that a load takes, and what decides that.
pub(crate) fn at_best(workflow: &Workflow, load: &Load, conditions: &Conditions) -> (Nanos, Bound) {
    let mut best = (load.path, Bound::Path);
    let mut decide = |nanos: Nanos, bound: Bound| {
        if nanos > best.0 {
            best = (nanos, bound);
        }
    };
    decide(load.own, Bound::AtOnce);
    if let Some(calls) = conditions.max_concurrent {
        decide(load.busy / u128::from(calls.max(1)), Bound::AtOnce);
    }
    match conditions.workers {
        0 => decide(load.busy, Bound::Workers),
        workers => {
            decide(load.compute / workers as u128, Bound::Workers);
            decide(load.blocking / conditions.blocking.max(1) as u128, Bound::Blocking);
        }
    }
    let mut tightest = (0, Bound::AtOnce);
    for (name, used) in &load.uses {
        let Some(limit) = workflow.survey().limit_of(name) else { continue };
        if let Some(most) = limit.most {
            let time = used.held / u128::from(most.max(1));
            decide(time, Bound::Limit(name.clone()));
            if time > tightest.0 {
                tightest = (time, Bound::Limit(name.clone()));
            }
        }
        let starts = last_start(limit, used.starts);
        decide(starts.saturating_add(used.shortest), Bound::Rate(name.clone()));
    }
    // What limits do to maps one after the other, beyond what they do to all together.
    decide(load.bound, tightest.1);
    best
}

/// When the last of so many starts comes at the earliest, by a limit's rate: each stretch of time
/// lets only so many start, and beyond a burst they follow at intervals.
pub(crate) fn last_start(limit: &Limit, starts: u128) -> Nanos {
    let Some(rate) = limit.rate else { return 0 };
    let (most, per) = (u128::from(rate.starts.max(1)), rate.per.as_nanos());
    let by_window = (starts.div_ceil(most).max(1) - 1).saturating_mul(per);
    let burst = rate.burst.map_or(most, |burst| u128::from(burst).clamp(1, most));
    let by_burst = match burst < most {
        true => starts.saturating_sub(burst).saturating_mul(per) / most,
        false => 0,
    };
    by_window.max(by_burst)
}

/// As a duration; as long as there is where it is longer.
pub(crate) fn duration(nanos: Nanos) -> Duration {
    match u64::try_from(nanos / 1_000_000_000) {
        Ok(seconds) => Duration::new(seconds, (nanos % 1_000_000_000) as u32),
        Err(_) => Duration::MAX,
    }
}
