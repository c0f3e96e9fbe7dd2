//! [`Alike`]: which nodes of a plan take the same, so that each kind is asked for once in a run.

use terrace_core::{NodeKind, Plan, PlanIndex};

/// More kinds than this are not told apart from nodes unlike all others.
const KINDS: u16 = 64;

/// The kinds of the nodes of a plan, by what they take of the dispatcher. Made once and kept with it.
#[derive(Debug)]
pub(crate) struct Alike {
    /// Of each node; [`KINDS`] of one that is unlike all others.
    kinds: Box<[u16]>,
    /// Whether an attempt at each is more than a call.
    careful: Box<[bool]>,
    /// Whether any node is a checkpoint.
    pub(crate) has_checkpoints: bool,
}

impl Alike {
    /// Costs a look at each node, and one more at each kind.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut examples: Vec<PlanIndex> = Vec::new();
        let kind = |at: PlanIndex| {
            if policy_is_its_own(plan, at) {
                return KINDS;
            }
            let known = examples.iter().position(|&other| take_the_same(plan, at, other));
            match known {
                Some(kind) => kind as u16,
                None if examples.len() < usize::from(KINDS) => {
                    examples.push(at);
                    examples.len() as u16 - 1
                }
                None => KINDS,
            }
        };
        let kinds = plan.indices().map(kind).collect();
        let policies = || plan.indices().filter_map(|at| plan.policy(at));
        Self {
            kinds,
            careful: plan.indices().map(|at| counts_attempts(plan, at)).collect(),
            has_checkpoints: policies().any(|policy| policy.checkpoint),
        }
    }

    /// The kind of a node, where it is like others.
    pub(crate) fn kind(&self, at: PlanIndex) -> Option<usize> {
        let kind = self.kinds[at.index()];
        (kind < KINDS).then_some(usize::from(kind))
    }

    /// As [`counts_attempts`].
    pub(crate) fn counts_attempts(&self, at: PlanIndex) -> bool {
        self.careful[at.index()]
    }
}

/// Whether something is said of a node that makes an attempt at it more than a call: of what only says
/// when it starts, one is no more. What it costs is counted by attempts.
pub(crate) fn counts_attempts(plan: &Plan, at: PlanIndex) -> bool {
    plan.policy(at).is_some_and(|policy| {
        policy.retry.is_some()
            || policy.total_timeout.is_some()
            || !policy.cost.is_empty()
            || plan.kind(at) == NodeKind::Dynamic
    })
}

/// Whether something is said of a node that holds for it alone.
fn policy_is_its_own(plan: &Plan, at: PlanIndex) -> bool {
    plan.policy(at).is_some_and(|policy| policy.concurrency.is_some())
}

/// Whether two nodes of a plan take the same.
fn take_the_same(plan: &Plan, a: PlanIndex, b: PlanIndex) -> bool {
    let cpus = |at| plan.signature(at).cpus;
    if plan.kind(a) != plan.kind(b) || cpus(a) != cpus(b) {
        return false;
    }
    match (plan.policy(a), plan.policy(b)) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            (a.priority, a.cpus, a.attempts()) == (b.priority, b.cpus, b.attempts())
                && a.needs == b.needs
                && a.cost == b.cost
        }
        _ => false,
    }
}
