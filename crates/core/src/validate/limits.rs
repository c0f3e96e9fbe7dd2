//! Which limits there are: in the whole run, and where a node stands.
//!
//! Names are seen lexically: a workflow written inside a node sees the limits around it, one from
//! another file or built before sees only its own. In the run all that have one name are one limit,
//! the strictest.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::draft::{Draft, RepeatDraft, TaskChoice};
use crate::policy::{Checkpoints, Limit, Policy, Rules, strictest};
use crate::workflow::Node;

/// What workflows have and take, one or all of a run. Each workflow keeps that of itself and all
/// inside it, since the same one may stand in many places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// The limits, where several have one name the strictest.
    pub(super) limits: HashMap<Arc<str>, Limit>,
    /// How much of a limit one node needs at most.
    pub(super) needs: HashMap<Arc<str>, u64>,
    /// What nodes cost.
    pub(super) costs: HashSet<Arc<str>>,
    /// Whether it would pause somewhere.
    pub(super) pauses: bool,
    /// Whether a task says how much memory it takes.
    pub(super) measures: bool,
    /// Whether a task gives a workflow, which may ask for anything.
    pub(super) expands: bool,
}

impl Survey {
    /// Looks through a draft and all inside it. What its tasks say is not known yet.
    pub(super) fn of_draft(draft: &Draft) -> Self {
        let mut survey = Self::default();
        let mut open = vec![draft];
        while let Some(draft) = open.pop() {
            survey.rules(&draft.rules);
            for node in &draft.nodes {
                survey.policy(node.policy.as_deref());
                if let Some(RepeatDraft::Map(map)) = &node.repeat {
                    survey.policy(map.each.as_deref());
                }
                match &node.task {
                    TaskChoice::Flow(flow) => open.push(&flow.draft),
                    TaskChoice::Workflow(workflow) => survey.join(workflow.survey()),
                    _ => {}
                }
            }
        }
        survey
    }

    /// What a workflow with these nodes has and takes, and all inside it.
    pub(super) fn of_nodes(rules: &Rules, nodes: &[Node]) -> Self {
        let mut survey = Self::default();
        survey.rules(rules);
        for node in nodes {
            survey.policy(node.policy());
            survey.measures |= node.task().signature.memory.is_some();
            survey.expands |= node.is_dynamic();
            let Some(flow) = node.flow() else { continue };
            survey.policy(node.map().and_then(|map| map.each.as_deref()));
            survey.join(flow.workflow().survey());
        }
        survey
    }

    /// The limit of a name as it holds in the run.
    pub(crate) fn limit_of(&self, name: &str) -> Option<&Limit> {
        self.limits.get(name)
    }

    fn join(&mut self, other: &Self) {
        other.limits.values().for_each(|limit| self.limit(limit));
        other.needs.iter().for_each(|(limit, amount)| self.need(limit, *amount));
        self.costs.extend(other.costs.iter().cloned());
        self.pauses |= other.pauses;
        self.measures |= other.measures;
        self.expands |= other.expands;
    }

    fn rules(&mut self, rules: &Rules) {
        rules.limits.iter().for_each(|limit| self.limit(limit));
        self.pauses |= rules.checkpoints != Checkpoints::None;
    }

    fn limit(&mut self, limit: &Limit) {
        let known = self.limits.entry(limit.name.clone()).or_insert_with(|| limit.clone());
        *known = strictest(known, limit);
    }

    fn policy(&mut self, policy: Option<&Policy>) {
        let Some(policy) = policy else { return };
        policy.needs.iter().for_each(|need| self.need(&need.limit, need.amount));
        self.costs.extend(policy.cost.iter().map(|cost| cost.of.clone()));
        self.pauses |= policy.checkpoint;
    }

    fn need(&mut self, limit: &Arc<str>, amount: u64) {
        let most = self.needs.entry(limit.clone()).or_default();
        *most = amount.max(*most);
    }
}

/// The limits that a node can name.
pub(super) struct Visible<'a> {
    own: HashMap<&'a str, &'a Limit>,
    outer: Option<&'a Visible<'a>>,
}

impl<'a> Visible<'a> {
    /// Those of a workflow, and those around it.
    pub(super) fn new(limits: &'a [Limit], outer: Option<&'a Visible<'a>>) -> Self {
        // Of the bodies inside each other most declare none: those are passed by.
        let outer = match outer {
            Some(visible) if visible.own.is_empty() => visible.outer,
            other => other,
        };
        Self { own: limits.iter().map(|limit| (&*limit.name, limit)).collect(), outer }
    }

    fn levels(&self) -> impl Iterator<Item = &Visible<'a>> {
        std::iter::successors(Some(self), |visible| visible.outer)
    }

    /// The limit of a name.
    pub(super) fn find(&self, name: &str) -> Option<&'a Limit> {
        self.levels().find_map(|level| level.own.get(name).copied())
    }

    /// All of them, the innermost first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Limit> {
        let mut all: Vec<&'a Limit> = Vec::new();
        for level in self.levels() {
            let start = all.len();
            all.extend(level.own.values().copied());
            all[start..].sort_by(|a, b| a.name.cmp(&b.name));
        }
        all.into_iter()
    }
}
