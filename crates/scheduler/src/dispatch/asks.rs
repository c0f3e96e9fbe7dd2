//! What a unit asks of the dispatcher: what it takes, how urgent it is, when its time is over. Of most
//! nodes it is the same as of others: [`Alike`] says of which.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use terrace_core::{Amount, NodeKind, Plan, PlanIndex, Policy, Rules, Signature, Workflow};

use super::{Arrival, Demand, DemandId, Dispatcher, LimitId};
use crate::fan::Fan;
use crate::fast::Program;
use crate::frame::{Frame, Unit};
use crate::run::Run;

/// The limits of one run that have no name, and what is known of its nodes.
#[derive(Default)]
pub(super) struct Unnamed {
    /// Of nodes, wherever they stand, by their plan and place in it. The plan is kept so that no
    /// other comes to lie where it lay.
    nodes: HashMap<(usize, PlanIndex, Whose), (LimitId, Arc<Plan>)>,
    /// Of workflows, by where their name lies; kept likewise.
    workflows: HashMap<usize, (LimitId, Workflow)>,
    /// What the nodes of each kind of the outermost workflow take, as far as that was asked.
    outermost: Vec<Option<DemandId>>,
}

/// What units inside a fan take, as far as that was asked: of its nodes and items it is the same each
/// time.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    nodes: OnceLock<Box<[OnceLock<DemandId>]>>,
    items: OnceLock<DemandId>,
}

impl Asked {
    fn of_node(&self, at: PlanIndex, nodes: usize, note: impl FnOnce() -> DemandId) -> DemandId {
        let all = self.nodes.get_or_init(|| (0..nodes).map(|_| OnceLock::new()).collect());
        *all[at.index()].get_or_init(note)
    }

    fn of_items(&self, note: impl FnOnce() -> DemandId) -> DemandId {
        *self.items.get_or_init(note)
    }
}

/// Whose places they are, where a map is a node as a whole and has items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    Node,
    Items,
}

/// What holds for everything inside a workflow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// What starts first.
    pub(crate) priority: i32,
    /// How many tasks may run at once: of the workflow, and of those around it.
    pub(crate) at_once: Vec<LimitId>,
}

/// Declares what a workflow, and those inside it, say of the whole run.
pub(super) fn declare_all(dispatcher: &mut Dispatcher<Unit>, workflow: &Workflow) {
    let mut open = vec![workflow];
    while let Some(workflow) = open.pop() {
        if !workflow.is_ordered() {
            continue;
        }
        let Rules { limits, budget, .. } = workflow.rules();
        for limit in limits {
            dispatcher.declare(limit);
        }
        for budget in budget {
            dispatcher.declare_budget(budget);
        }
        open.extend(workflow.nodes().iter().filter_map(|node| node.flow()).map(|f| f.workflow()));
    }
}

/// Adds to what is asked for a node what its policy says.
pub(super) fn ask(
    dispatcher: &mut Dispatcher<Unit>,
    unnamed: &mut Unnamed,
    run: &Run,
    frame: &Frame,
    at: PlanIndex,
    arrival: &mut Arrival<Unit>,
) {
    let plan = frame.plan();
    let policy = plan.policy(at);
    // Also of one without a policy: its start may have been taken back.
    let tries = frame.tries(at);
    if let Some(policy) = policy {
        let calls = || matches!(plan.kind(at), NodeKind::Task | NodeKind::Dynamic);
        arrival.timeout = policy.timeout.filter(|_| calls());
    }
    arrival.paid = tries.map_or(0, |tries| tries.attempts);
    arrival.not_before = tries.map(|tries| tries.again);
    arrival.due = run.due_of(frame, policy, tries.map(|tries| tries.first));
    if let (Some(total), None) = (policy.and_then(|policy| policy.total_timeout), tries) {
        // From the first start, which is to come.
        arrival.timeout = arrival.timeout.into_iter().chain([total]).min();
    }
    arrival.demand = match frame.parent() {
        None => {
            let kind = Program::alike(plan).and_then(|alike| alike.kind(at));
            let known = kind.and_then(|kind| unnamed.outermost.get(kind).copied().flatten());
            known.unwrap_or_else(|| {
                let demand = take_note(dispatcher, unnamed, run.around(frame).as_deref(), plan, at);
                if let Some(kind) = kind {
                    let known = unnamed.outermost.len().max(kind + 1);
                    unnamed.outermost.resize(known, None);
                    unnamed.outermost[kind] = Some(demand);
                }
                demand
            })
        }
        Some(parent) => {
            // SAFETY: the frame is open, so the token that follows it has not ended.
            let fan = unsafe { parent.fan.get() };
            let note = || take_note(dispatcher, unnamed, fan.around.as_deref(), plan, at);
            fan.asked.of_node(at, plan.len(), note)
        }
    };
}

/// What a node takes, which it does each time.
fn take_note(
    dispatcher: &mut Dispatcher<Unit>,
    unnamed: &mut Unnamed,
    around: Option<&Around>,
    plan: &Arc<Plan>,
    at: PlanIndex,
) -> DemandId {
    let calls = matches!(plan.kind(at), NodeKind::Task | NodeKind::Dynamic);
    let mut demand = within(around, calls.then(|| &**plan.signature(at)));
    if let Some(policy) = plan.policy(at) {
        say(dispatcher, policy, calls, &mut demand);
        if let Some(most) = policy.concurrency {
            let limit = unnamed.of_node(dispatcher, plan, at, Whose::Node, most);
            demand.needs.push((limit, 1));
        }
    }
    dispatcher.demand(demand)
}

/// What an item of a map takes, which each of them does.
fn take_note_of_item(
    dispatcher: &mut Dispatcher<Unit>,
    unnamed: &mut Unnamed,
    fan: &Fan,
) -> DemandId {
    let calls = fan.single.is_some();
    let task = calls.then(|| &**fan.plan.signature(PlanIndex::new(0)));
    let mut demand = within(fan.around.as_deref(), task);
    demand.needs.extend(fan.limit.map(|limit| (limit, 1)));
    if let Some(policy) = fan.policy() {
        say(dispatcher, policy, calls, &mut demand);
        if let Some(most) = policy.concurrency {
            let limit = unnamed.of_node(dispatcher, fan.home_plan(), fan.at, Whose::Items, most);
            demand.needs.push((limit, 1));
        }
    }
    dispatcher.demand(demand)
}

/// What is asked for whatever is said of it: what holds around it, and what its task takes, where it
/// is one.
fn within(around: Option<&Around>, task: Option<&Signature>) -> Demand {
    let mut demand = Demand { attempts: 1, cpus: 1, ..Demand::default() };
    demand.priority = around.map_or(0, |around| around.priority);
    if let Some(task) = task {
        demand.cpus = task.cpus;
        let at_once = around.into_iter().flat_map(|around| &around.at_once);
        demand.needs.extend(at_once.map(|&limit| (limit, 1)));
    }
    demand
}

/// Adds what a policy says to a demand.
fn say(dispatcher: &Dispatcher<Unit>, policy: &Policy, calls: bool, demand: &mut Demand) {
    for need in &policy.needs {
        // One that nobody declared was refused before the workflow began.
        demand.needs.extend(dispatcher.find_limit(&need.limit).map(|limit| (limit, need.amount)));
    }
    for Amount { of, millionths } in &policy.cost {
        demand.cost.extend(dispatcher.find_budget(of).map(|budget| (budget, *millionths)));
    }
    demand.attempts = policy.attempts();
    if let Some(priority) = policy.priority {
        demand.priority = priority;
    }
    if let Some(cpus) = policy.cpus.filter(|_| calls) {
        demand.cpus = cpus;
    }
}

/// Adds to what is asked for an item of a map what holds for it.
pub(super) fn ask_item(
    dispatcher: &mut Dispatcher<Unit>,
    unnamed: &mut Unnamed,
    fan: &Fan,
    at: u32,
    arrival: &mut Arrival<Unit>,
) {
    let policy = fan.policy();
    let calls = fan.single.is_some();
    let pending = fan.pending.get(at);
    let begun = (pending.tries.attempts > 0).then_some(pending.tries);
    arrival.due = fan.due;
    if let Some(policy) = policy {
        arrival.timeout = policy.timeout.filter(|_| calls);
        match begun {
            Some(begun) => {
                let total = policy.total_due(begun.first);
                arrival.due = arrival.due.into_iter().chain(total).min();
            }
            None if calls => {
                let total = policy.total_timeout;
                arrival.timeout = arrival.timeout.into_iter().chain(total).min();
            }
            None => {}
        }
    }
    arrival.paid = begun.map_or(0, |begun| begun.attempts);
    arrival.not_before = Some(pending.tries.again).filter(|again| !again.is_zero());
    arrival.demand = fan.asked.of_items(|| take_note_of_item(dispatcher, unnamed, fan));
}

/// Adds to what is asked for a token how much it matters, and when there is nothing left to do.
pub(super) fn ask_token(dispatcher: &mut Dispatcher<Unit>, fan: &Fan, arrival: &mut Arrival<Unit>) {
    arrival.due = fan.due;
    let priority = fan.around.as_deref().map_or(0, |around| around.priority);
    if priority != 0 {
        arrival.demand = dispatcher.demand(Demand { priority, ..Demand::default() });
    }
}

impl Unnamed {
    fn of_node(
        &mut self,
        dispatcher: &mut Dispatcher<Unit>,
        plan: &Arc<Plan>,
        at: PlanIndex,
        whose: Whose,
        most: u32,
    ) -> LimitId {
        let key = (Arc::as_ptr(plan) as usize, at, whose);
        let declare = || {
            let name = plan.name(at);
            (dispatcher.declare_unnamed(&name, u64::from(most.max(1))), Arc::clone(plan))
        };
        self.nodes.entry(key).or_insert_with(declare).0
    }

    /// What holds for everything inside a workflow, beside what holds around it.
    pub(super) fn inside(
        &mut self,
        dispatcher: &mut Dispatcher<Unit>,
        outer: Option<&Arc<Around>>,
        workflow: &Workflow,
        priority: Option<i32>,
    ) -> Option<Arc<Around>> {
        let most = workflow.rules().max_concurrent;
        if priority.is_none() && most.is_none() {
            return outer.cloned();
        }
        let mut inside = outer.map(|outer| Around::clone(outer)).unwrap_or_default();
        inside.priority = priority.unwrap_or(inside.priority);
        if let Some(most) = most {
            let declare = || {
                let most = u64::from(most.max(1));
                (dispatcher.declare_unnamed(workflow.name(), most), workflow.clone())
            };
            let key = std::ptr::from_ref(workflow.rules()) as usize;
            let limit = self.workflows.entry(key).or_insert_with(declare).0;
            // One that a task gives inside itself takes its own places once.
            if !inside.at_once.contains(&limit) {
                inside.at_once.push(limit);
            }
        }
        Some(Arc::new(inside))
    }
}
