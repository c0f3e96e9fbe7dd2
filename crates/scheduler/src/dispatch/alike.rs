//! [`Alike`]: which nodes of a plan take the same, so that each kind is asked for once in a run.

use std::time::Duration;

use terrace_core::{NodeKind, Plan, PlanIndex};

/// So many kinds are told apart.
const KINDS: usize = 64;

/// Stands for nodes that are unlike all others, or of one kind too many.
const UNLIKE: u8 = u8::MAX;

/// The kinds of the nodes of a plan, by what they take of the dispatcher and what their attempts are.
/// Made once and kept with it: a node of a large plan lies far from the others.
#[derive(Debug)]
pub(crate) struct Alike {
    kinds: Box<[u8]>,
    said: Vec<Said>,
    /// Whether any node is a checkpoint.
    pub(crate) has_checkpoints: bool,
}

/// What is said of the attempts at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// How long one may take.
    pub(crate) timeout: Option<Duration>,
    /// How long all of them may take together.
    pub(crate) total: Option<Duration>,
    /// Whether one is more than a call. Of what only says when it starts it is none; what it costs is
    /// counted by attempts.
    pub(crate) counts_attempts: bool,
    /// Whether what it gives is a workflow.
    pub(crate) is_dynamic: bool,
}

impl Said {
    pub(crate) fn of(plan: &Plan, at: PlanIndex) -> Self {
        let is_dynamic = plan.kind(at) == NodeKind::Dynamic;
        let calls = is_dynamic || plan.kind(at) == NodeKind::Task;
        let policy = plan.policy(at);
        Self {
            timeout: policy.and_then(|policy| policy.timeout).filter(|_| calls),
            total: policy.and_then(|policy| policy.total_timeout),
            counts_attempts: policy.is_some_and(|policy| {
                policy.retry.is_some()
                    || policy.total_timeout.is_some()
                    || !policy.cost.is_empty()
                    || is_dynamic
            }),
            is_dynamic,
        }
    }

    /// Whether anything depends on when it begins.
    pub(crate) fn is_in_time(&self) -> bool {
        self.timeout.is_some() || self.total.is_some() || self.is_dynamic
    }
}

impl Alike {
    /// Costs a look at each node, and one more at each kind.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut examples: Vec<PlanIndex> = Vec::new();
        let mut has_checkpoints = false;
        let kind = |at: PlanIndex| {
            let policy = plan.policy(at);
            has_checkpoints |= policy.is_some_and(|policy| policy.checkpoint);
            if policy.is_some_and(|policy| policy.concurrency.is_some()) {
                return UNLIKE;
            }
            match examples.iter().position(|&other| are_alike(plan, at, other)) {
                Some(kind) => kind as u8,
                None if examples.len() < KINDS => {
                    examples.push(at);
                    examples.len() as u8 - 1
                }
                None => UNLIKE,
            }
        };
        let kinds = plan.indices().map(kind).collect();
        let said = examples.iter().map(|&at| Said::of(plan, at)).collect();
        Self { kinds, said, has_checkpoints }
    }

    /// The kind of a node, where it is like others, and what is said of it.
    #[inline]
    pub(crate) fn kind(&self, at: PlanIndex) -> Option<(usize, Said)> {
        let kind = usize::from(self.kinds[at.index()]);
        self.said.get(kind).map(|said| (kind, *said))
    }
}

/// Whether two nodes of a plan take the same, neither with places of its own.
fn are_alike(plan: &Plan, a: PlanIndex, b: PlanIndex) -> bool {
    if plan.kind(a) != plan.kind(b) || plan.signature(a).cpus != plan.signature(b).cpus {
        return false;
    }
    match (plan.policy(a), plan.policy(b)) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            (one.priority, one.cpus, one.attempts())
                == (other.priority, other.cpus, other.attempts())
                && one.needs == other.needs
                && one.cost == other.cost
                && Said::of(plan, a) == Said::of(plan, b)
        }
        _ => false,
    }
}
