//! [`Forecast`]: one simulated run for each number of workers, and what comes of each.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Amount, Draft, OutcomeStatus, Plan, Problem, Problems, TaskRef, Value, Workflow,
};
use terrace_report::bare_path;
use terrace_scheduler::simulate::made;
use terrace_scheduler::{
    Checkpoint, Decision, Environment, Expand, MAX_BLOCKING, Order, RunOptions, RunReport,
    RunStatus, Simulation, TaskError,
};

use crate::bound::{HeldBy, Tally, is_few, may_end_early};
use crate::cut::Cut;
use crate::error::ForecastError;
use crate::items::Items;
use crate::scopes::Scopes;
use crate::script::Actor;
use crate::shown::count;
use crate::times::Times;
use crate::wants::Wants;

/// Which of the nodes that are ready goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// That with the longest way to an end, as in a real run.
    #[default]
    CriticalPath,
    /// The first of the file, to compare with.
    File,
    /// Each of the others is tried, and the run taken that takes least: of equal ones that of a real run.
    /// Says what the order of urgency costs; a run does not know it beforehand.
    Best,
}

impl Priority {
    /// What it is called, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::CriticalPath => "critical-path",
            Self::File => "file",
            Self::Best => "best",
        }
    }
}

/// Under which conditions runs are simulated.
#[derive(Clone, Debug, Default)]
pub struct Assumptions {
    /// How long tasks take.
    pub times: Times,
    /// How many items maps have, by the path of the map or of the node that gives them, where only a
    /// run knows.
    pub items: Vec<(String, u64)>,
    /// The same as a run had it, where nothing is said.
    pub recorded_items: Vec<(String, u64)>,
    /// What the workflow's inputs are, in its order. `None`: the default, or what is made up.
    pub inputs: Vec<Option<Value>>,
    /// What of the limits holds instead: places or bytes, by name.
    pub limits: Vec<(String, u64)>,
    /// How many blocking tasks wait at once; 512 where not given.
    pub max_blocking: Option<usize>,
    /// Which of the ready nodes goes first.
    pub priority: Priority,
}

/// What runs of a workflow would take.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The workflow's name.
    pub workflow: String,
    /// How many attempts there are.
    pub tasks: u64,
    /// All of them one after the other.
    pub work: Duration,
    /// The longest way through the graph: no run is faster, whatever the workers. Where workflows are
    /// inside nodes, with the limits that hold there.
    pub critical_path: Duration,
    /// The runs, in the order asked for.
    pub rows: Vec<Row>,
    /// What is assumed of what only a run knows, in words.
    pub assumed: Vec<String>,
}

/// One simulated run.
#[derive(Clone, Debug)]
pub struct Row {
    /// When nodes start.
    pub order: Order,
    /// Which of the ready nodes went first.
    pub priority: Priority,
    /// How many attempts compute at once.
    pub workers: u32,
    /// How long it takes.
    pub makespan: Duration,
    /// What no order of starting takes less than; `None` where nothing is known of that. A run may have
    /// to take longer.
    pub at_least: Option<Duration>,
    /// What that is for.
    pub held_by: Option<HeldBy>,
    /// How much of the workers' time is used; `None` where none computes.
    pub utilisation: Option<f64>,
    /// How many times faster than one task after the other.
    pub speed_up: f64,
    /// What is paid for workers: so many for so long.
    pub worker_time: Duration,
    /// What the attempts cost, by name.
    pub cost: Vec<Amount>,
    /// Whether a deadline or budget ends it early.
    pub limit_reached: bool,
}

impl Row {
    /// By what part of the best possible time it takes longer than that, at most: 0.02 for 2 percent.
    pub fn above(&self) -> Option<f64> {
        let at_least = self.at_least?;
        let above = self.makespan.saturating_sub(at_least);
        match at_least.is_zero() {
            true => above.is_zero().then_some(0.0),
            false => Some(above.as_secs_f64() / at_least.as_secs_f64()),
        }
    }
}

impl Assumptions {
    /// Takes over what a run of the workflow was recorded to take: times, and how many items maps
    /// had; of a map that ran several times the most.
    pub fn record(&mut self, record: &terrace_report::Record) {
        self.times.record_all(record);
        for map in &record.maps {
            let path = bare_path(map.place.name(&record.header));
            match self.recorded_items.iter_mut().find(|(known, _)| *known == path) {
                Some((_, items)) => *items = map.items.max(*items),
                None => self.recorded_items.push((path.into_owned(), map.items)),
            }
        }
    }

    /// Puts times and limits into a draft, as if it had declared them. Gives the tasks of which no
    /// time is known.
    ///
    /// # Errors
    /// Names that the draft does not have.
    pub fn tell(&self, draft: &mut Draft) -> Result<crate::MissingTimes, Problems> {
        let missing = self.times.tell(draft)?;
        let mut found = Vec::new();
        for (name, most) in &self.limits {
            match draft.rules.limits.iter_mut().find(|limit| *limit.name == **name) {
                Some(limit) => limit.most = Some((*most).max(1)),
                None => {
                    let known: Vec<String> = draft
                        .rules
                        .limits
                        .iter()
                        .map(|limit| format!("`{}`", limit.name))
                        .collect();
                    let help = match known.is_empty() {
                        true => "the workflow has no limits".to_owned(),
                        false => format!("it has {}", known.join(", ")),
                    };
                    let message = format!("the workflow has no limit `{name}`");
                    found.push(Problem::new(message).with_help(help));
                }
            }
        }
        Problems::check(found)?;
        Ok(missing)
    }
}

impl Forecast {
    /// Simulates a run for each order and number of workers, or two with [`Priority::Best`]. Costs some
    /// microseconds for each attempt of each.
    ///
    /// The workflow has been told the times ([`Assumptions::tell`]). Every attempt succeeds; what it
    /// gives is made up, so conditions hold and loops end after their first pass.
    ///
    /// # Errors
    /// When a run waits for ever or fails, or something is named that is not there.
    pub fn of(
        workflow: &Workflow,
        assumptions: &Assumptions,
        orders: &[Order],
        workers: &[u32],
    ) -> Result<Self, ForecastError> {
        let stage = Stage::new(workflow, assumptions)?;
        let by_file = Assumptions { priority: Priority::File, ..assumptions.clone() };
        let other = match assumptions.priority {
            Priority::Best => Some(Stage::new(workflow, &by_file)?),
            Priority::CriticalPath | Priority::File => None,
        };
        let mut rows = Vec::with_capacity(orders.len() * workers.len());
        let mut first = None;
        for &order in orders {
            for &workers in workers {
                let played = stage.play(order, workers, None)?;
                first.get_or_insert((played.tasks, played.work));
                let other = other.as_ref().map(|other| other.play(order, workers, None));
                let other = other.transpose()?.map(|other| other.row);
                let better = other.filter(|other| other.makespan < played.row.makespan);
                rows.push(better.unwrap_or(played.row));
            }
        }
        let (tasks, work) = first.unwrap_or_default();
        Ok(Self {
            workflow: workflow.name().to_owned(),
            tasks,
            work,
            critical_path: stage.critical_path()?,
            rows,
            assumed: stage.assumed(),
        })
    }
}

/// A workflow ready to be simulated any number of times.
pub(crate) struct Stage<'a> {
    assumptions: &'a Assumptions,
    items: Items,
    wants: Wants,
    pub(crate) plan: Arc<Plan>,
    inputs: Vec<Value>,
    /// Found when first asked for.
    alone: OnceCell<Alone>,
}

/// How long nodes take at least, each by itself.
enum Alone {
    /// So long, by position.
    Times(Vec<Duration>),
    /// As long as the longest attempt of each.
    Attempts,
    /// Nothing is known: the run may end before they do.
    Unknown,
}

/// What a simulated run came to.
pub(crate) struct Played {
    pub(crate) row: Row,
    pub(crate) tasks: u64,
    pub(crate) work: Duration,
    pub(crate) report: RunReport,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(
        workflow: &Workflow,
        assumptions: &'a Assumptions,
    ) -> Result<Self, ForecastError> {
        let plan = workflow.plan();
        let scopes = Scopes::of(workflow);
        let items = Items::find(&scopes, &assumptions.items, &assumptions.recorded_items)?;
        let wants = Wants::of(&scopes);
        let plan = match assumptions.priority {
            Priority::CriticalPath | Priority::Best => plan,
            Priority::File => plan.in_written_order(),
        };
        let given = |at: usize| assumptions.inputs.get(at).cloned().flatten();
        let inputs = workflow.inputs().iter().enumerate().map(|(at, input)| {
            let made = || match wants.inputs.get(&at) {
                Some(shape) => shape.made(&input.ty, &[]),
                None => made(&input.ty, &[]),
            };
            given(at).or_else(|| input.default.clone()).unwrap_or_else(made)
        });
        let inputs = inputs.collect();
        let (plan, alone) = (Arc::new(plan), OnceCell::new());
        Ok(Self { assumptions, items, wants, plan, inputs, alone })
    }

    /// What is assumed, in words.
    pub(crate) fn assumed(&self) -> Vec<String> {
        let places = |giver: &str| self.wants.of.get(giver).map_or(1, |shape| shape.places.max(1));
        let items = self.items.assumed.iter().map(|(map, giver)| {
            let items = count(places(giver) as u64, "item");
            format!(
                "`{map}` has {items}: only a run knows how many `{giver}` gives; `--items` says \
                 otherwise"
            )
        });
        let mut assumed: Vec<String> = items.collect();
        let open: Vec<&str> = self.wants.open.iter().map(String::as_str).collect();
        if let Some((first, rest)) = open.split_first() {
            let givers = match rest {
                [] => format!("`{first}` gives a value of type `any`: it is"),
                [second] => format!("`{first}` and `{second}` give values of type `any`: each is"),
                more => format!(
                    "`{first}` and {} others give values of type `any`: each is",
                    more.len()
                ),
            };
            assumed.push(format!("{givers} taken to have what others use of it"));
        }
        assumed
    }

    /// Simulates a run; `changed` makes a node with all inside faster or slower.
    pub(crate) fn play(
        &self,
        order: Order,
        workers: u32,
        changed: Option<(&str, f64)>,
    ) -> Result<Played, ForecastError> {
        let tally = Some(Tally::new(self.plan.workflow()));
        let (mut played, tally) = self.act(order, workers, changed, tally)?;
        // Nothing is known of a workflow whose nodes take other times, and of a run that broke off.
        if let Some(tally) = tally.filter(|_| changed.is_none() && !played.row.limit_reached) {
            let known = self.at_least(&tally, workers, &played)?;
            (played.row.at_least, played.row.held_by) = known.unzip();
        }
        Ok(played)
    }

    fn at_least(
        &self,
        tally: &Tally<'_>,
        workers: u32,
        played: &Played,
    ) -> Result<Option<(Duration, HeldBy)>, ForecastError> {
        if self.alone.get().is_none() {
            let workflow = self.plan.workflow();
            let alone = match may_end_early(workflow) {
                true => Alone::Unknown,
                false if self.plan.is_plain() || !is_few(played.tasks) => Alone::Attempts,
                // What limits make nodes wait for, another order may make them wait less for.
                false if workflow.is_limited() => {
                    Alone::Times(self.durations_of(&Arc::new(workflow.without_limits().plan()))?)
                }
                false => Alone::Times(self.durations()?),
            };
            // Nobody was quicker: it is not shared between threads.
            let _ = self.alone.set(alone);
        }
        let alone = match self.alone.get() {
            Some(Alone::Times(times)) => Some(&times[..]),
            Some(Alone::Attempts) => None,
            Some(Alone::Unknown) | None => return Ok(None),
        };
        let blocking = self.assumptions.max_blocking.unwrap_or(MAX_BLOCKING);
        let ran = |id| played.report.status_of(id) == Some(OutcomeStatus::Ok);
        Ok(Some(tally.at_least(workers, blocking, alone, ran)))
    }

    /// Simulates a run, and tallies what it asks for where that is wanted.
    fn act<'s>(
        &'s self,
        order: Order,
        workers: u32,
        changed: Option<(&'s str, f64)>,
        tally: Option<Tally<'s>>,
    ) -> Result<(Played, Option<Tally<'s>>), ForecastError> {
        let mut actor = Actor::new(&self.assumptions.times, &self.items.of, &self.wants.of);
        actor.changed = changed;
        actor.tally = tally;
        actor.cut = Cut::of(self.plan.workflow());
        let mut options = RunOptions::default().with_order(order).with_inputs(self.inputs.clone());
        options.environment = Some(Arc::new(MadeUp));
        options.expander = Some(Arc::new(MadeUp));
        options.approver = Some(Arc::new(|_: &Checkpoint| Decision::GoOn));
        if let Some(cut) = &actor.cut {
            options = options.with_observer(cut.ends.clone());
        }
        let mut simulation = Simulation::new(workers);
        if let Some(blocking) = self.assumptions.max_blocking {
            simulation = simulation.max_blocking(blocking);
        }
        let report = simulation.run(&self.plan, options, &mut actor)?;
        if let Some(path) = actor.untimed {
            let message = format!("nothing says how long `{path}` takes");
            return Err(Problems::from(Problem::new(message)).into());
        }
        let limit_reached = report.status == RunStatus::LimitReached;
        if report.status != RunStatus::Succeeded
            && !limit_reached
            && let Some(error) = failed(&report)
        {
            return Err(error);
        }
        let makespan = report.duration;
        if let Some(cut) = &actor.cut {
            let (work, busy) = cut.left(makespan);
            actor.work = actor.work.saturating_sub(work);
            actor.busy = actor.busy.saturating_sub(busy);
        }
        let worker_time = makespan.saturating_mul(workers);
        let share = |part: Duration, whole: Duration| match whole.is_zero() {
            true => 1.0,
            false => part.as_secs_f64() / whole.as_secs_f64(),
        };
        let priority = match self.assumptions.priority {
            Priority::Best => Priority::CriticalPath,
            priority => priority,
        };
        let row = Row {
            order,
            priority,
            workers,
            makespan,
            at_least: None,
            held_by: None,
            utilisation: (!actor.busy.is_zero()).then(|| share(actor.busy, worker_time)),
            speed_up: share(actor.work, makespan),
            worker_time,
            cost: actor
                .cost
                .into_iter()
                .map(|(of, millionths)| Amount { of, millionths })
                .collect(),
            limit_reached,
        };
        Ok((Played { row, tasks: actor.attempts, work: actor.work, report }, actor.tally))
    }

    /// How long each node of the outermost workflow takes when nothing waits for workers, by
    /// position; zero for one that does not run.
    pub(crate) fn durations(&self) -> Result<Vec<Duration>, ForecastError> {
        let workflow = self.plan.workflow();
        if self.plan.is_plain() {
            let mut durations = vec![Duration::ZERO; workflow.nodes().len()];
            for at in self.plan.indices() {
                let id = self.plan.id(at);
                let told = self.plan.node(at).policy().and_then(|policy| policy.expected);
                durations[id.index()] =
                    told.or(self.assumptions.times.fallback()).unwrap_or_default();
            }
            return Ok(durations);
        }
        self.durations_of(&self.plan)
    }

    /// The same of another plan of the same nodes.
    fn durations_of(&self, plan: &Arc<Plan>) -> Result<Vec<Duration>, ForecastError> {
        let mut durations = vec![Duration::ZERO; plan.workflow().nodes().len()];
        let unbounded = Assumptions { max_blocking: Some(usize::MAX), ..self.assumptions.clone() };
        let stage = Stage {
            assumptions: &unbounded,
            items: self.items.clone(),
            wants: self.wants.clone(),
            plan: plan.clone(),
            inputs: self.inputs.clone(),
            alone: OnceCell::new(),
        };
        let report = stage.act(Order::Dataflow, u32::MAX, None, None)?.0.report;
        for (id, outcome) in report.outcomes() {
            durations[id.index()] = outcome.map(|outcome| outcome.duration).unwrap_or_default();
        }
        Ok(durations)
    }

    pub(crate) fn critical_path(&self) -> Result<Duration, ForecastError> {
        let durations = self.durations()?;
        Ok(longest(self.plan.workflow(), &durations))
    }
}

/// The longest way through a workflow whose nodes take so long.
pub(crate) fn longest(workflow: &Workflow, durations: &[Duration]) -> Duration {
    let mut ends = vec![Duration::ZERO; durations.len()];
    let mut longest = Duration::ZERO;
    for &id in workflow.levels().order() {
        let before = workflow.dependencies(id).iter().map(|on| ends[on.index()]).max();
        let end = before.unwrap_or_default().saturating_add(durations[id.index()]);
        ends[id.index()] = end;
        longest = longest.max(end);
    }
    longest
}

/// Where and why a simulated run failed; `None` where all nodes did what they should. Declared outputs
/// are made of what is made up, and nobody looks at them.
fn failed(report: &RunReport) -> Option<ForecastError> {
    if let Some(failure) = report.failures.first() {
        let at = format!("`{}`", failure.path);
        return Some(ForecastError::Failed { at, why: failure.error.to_string() });
    }
    let workflow = report.plan().workflow();
    for (id, outcome) in report.outcomes() {
        if let Some(error) = outcome.and_then(|outcome| outcome.error) {
            let at = format!("`{}`", workflow.node(id).name());
            return Some(ForecastError::Failed { at, why: error.to_string() });
        }
    }
    let why = match (&report.error, report.status) {
        (Some(error), _) => error.to_string(),
        (None, RunStatus::Succeeded | RunStatus::Failed | RunStatus::LimitReached) => return None,
        (None, _) => "it was stopped".to_owned(),
    };
    Some(ForecastError::Failed { at: "its end".to_owned(), why })
}

/// What comes from outside or from tasks, made up.
struct MadeUp;

impl Environment for MadeUp {
    fn value(&self, input: &terrace_core::Input) -> Result<Option<Value>, TaskError> {
        Ok(Some(input.default.clone().unwrap_or_else(|| made(&input.ty, &[]))))
    }
}

impl Expand for MadeUp {
    /// A workflow without nodes: what a task would give is not known.
    fn expand(
        &self,
        _description: Value,
        _around: &Workflow,
        by: &TaskRef,
    ) -> Result<Workflow, TaskError> {
        let given = Draft { name: Some(by.name.to_string()), ..Draft::default() };
        given
            .validate(&terrace_core::NoTasks)
            .map_err(|problems| TaskError::msg(problems.to_string()))
    }
}
