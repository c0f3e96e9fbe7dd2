//! Findings: what is allowed, works, and is probably not what was meant.
//!
//! [`crate::validate`] says what is wrong; here is what could be better, from the graph and from
//! what it says of times, limits and costs. Few and right: what is not known for certain is not
//! said. Edges that order for nothing in [`edges`], times in [`times`], limits, deadlines and
//! budgets in [`limits`]. Each code is described in `docs/CHECKS.md`.

mod edges;
mod limits;
mod times;

use std::collections::{HashSet, VecDeque};
use std::fmt;

use crate::expr::NodeId;
use crate::problem::Problem;
use crate::source::Span;
use crate::workflow::Workflow;

use crate::preview::is_one_call;

/// As many findings as anybody reads.
const MAX: usize = 100;

/// So many workflows inside nodes are looked at.
const MAX_INSIDE: usize = 20_000;

/// Something that is probably not what was meant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing.
    pub code: LintCode,
    /// The node it is about, with the names of the nodes around it: `left.merge`.
    pub node: Option<String>,
    /// What, where, and what to do.
    pub problem: Problem,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Probably a mistake.
    Warning,
}

impl Severity {
    /// The name used in documents: `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}

/// What a [`Finding`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LintCode {
    /// The deadline is shorter than the run can be.
    DeadlineTooShort,
    /// A timeout is shorter than what is expected of one attempt.
    TimeoutTooShort,
    /// What is certain to be spent is more than the budget.
    BudgetTooSmall,
    /// Places keep starts far below the rate beside them.
    RateNeverReached,
    /// A rate keeps most of the places beside it empty.
    PlacesNeverFilled,
    /// A node waits for a value that its task never reads.
    UnreadPort,
    /// Tasks without effects wait for each other without handing anything on.
    NeedlessOrder,
    /// One node is more than half of the critical path.
    DominatingNode,
    /// Every node waits for the one before it.
    Chain,
    /// Calls are shorter than what it costs to hand them out.
    TooSmall,
}

impl LintCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::DeadlineTooShort,
        Self::TimeoutTooShort,
        Self::BudgetTooSmall,
        Self::RateNeverReached,
        Self::PlacesNeverFilled,
        Self::UnreadPort,
        Self::NeedlessOrder,
        Self::DominatingNode,
        Self::Chain,
        Self::TooSmall,
    ];

    /// The name used in documents: `unread_port`. Never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeadlineTooShort => "deadline_too_short",
            Self::TimeoutTooShort => "timeout_too_short",
            Self::BudgetTooSmall => "budget_too_small",
            Self::RateNeverReached => "rate_never_reached",
            Self::PlacesNeverFilled => "places_never_filled",
            Self::UnreadPort => "unread_port",
            Self::NeedlessOrder => "needless_order",
            Self::DominatingNode => "dominating_node",
            Self::Chain => "chain",
            Self::TooSmall => "too_small",
        }
    }

    /// How much it matters.
    pub fn severity(self) -> Severity {
        match self {
            Self::DominatingNode | Self::Chain | Self::TooSmall => Severity::Note,
            _ => Severity::Warning,
        }
    }
}

impl fmt::Display for LintCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Workflow {
    /// What is probably not what was meant, here and in the workflows inside: at most a hundred
    /// findings, those of the outermost workflow first. With a number of workers, times are counted
    /// with no more than those. Costs about as much as validating it.
    pub fn lint(&self, workers: Option<usize>) -> Vec<Finding> {
        let mut findings = Findings(Vec::new());
        let plan = self.plan();
        let outermost = Site { workflow: self, prefix: String::new(), needed: plan.needed() };
        limits::find(&plan, &outermost, workers, &mut findings);
        let mut seen = HashSet::from([self.address()]);
        let mut open = VecDeque::from([outermost]);
        let mut is_outermost = true;
        while let Some(site) = open.pop_front() {
            edges::find(&site, &mut findings);
            times::find_timeouts(&site, &mut findings);
            if std::mem::take(&mut is_outermost) {
                times::find(&plan, &site, &mut findings);
            }
            if findings.is_full() {
                break;
            }
            for id in site.nodes() {
                let Some(flow) = self::flow(&site, id) else { continue };
                if seen.len() < MAX_INSIDE && seen.insert(flow.workflow().address()) {
                    // The one node of a map or loop is called as that is.
                    let prefix = match flow.is_single() {
                        true => site.prefix.clone(),
                        false => format!("{}.", site.path(id)),
                    };
                    let needed = flow.plan().needed();
                    open.push_back(Site { workflow: flow.workflow(), prefix, needed });
                }
            }
        }
        findings.0
    }
}

/// The workflow inside a node that has nodes of its own.
fn flow<'w>(site: &Site<'w>, id: NodeId) -> Option<&'w crate::workflow::SubFlow> {
    site.workflow.node(id).flow().map(|flow| &**flow).filter(|flow| !is_one_call(flow))
}

/// A workflow that is looked at.
struct Site<'w> {
    workflow: &'w Workflow,
    /// The names of the nodes around it, each with a point.
    prefix: String,
    /// Which of its nodes run.
    needed: Vec<bool>,
}

impl Site<'_> {
    /// The nodes that run, as built.
    fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.workflow.node_ids().filter(|id| self.needed[id.index()])
    }

    fn name(&self, id: NodeId) -> &str {
        self.workflow.node(id).name()
    }

    fn path(&self, id: NodeId) -> String {
        format!("{}{}", self.prefix, self.name(id))
    }

    /// A finding about a node; `span` is where it stands, where there is a text.
    fn at(&self, code: LintCode, id: NodeId, span: Option<Span>, message: String) -> Finding {
        let problem = Problem::new(message);
        let problem = match self.workflow.origin() {
            Some(origin) => origin.point(problem, span.or_else(|| origin.name(id))),
            None => problem.with_node(self.path(id)),
        };
        Finding { code, node: Some(self.path(id)), problem }
    }

    /// A finding about the workflow as a whole.
    fn whole(&self, code: LintCode, span: Option<Span>, message: String) -> Finding {
        let problem = Problem::new(message);
        let problem = match self.workflow.origin() {
            Some(origin) => origin.point(problem, span),
            None => problem,
        };
        Finding { code, node: None, problem }
    }
}

impl Finding {
    fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn is_full(&self) -> bool {
        self.0.len() >= MAX
    }

    fn add(&mut self, finding: Finding) {
        if !self.is_full() {
            self.0.push(finding);
        }
    }
}

/// Names in a sentence: `` `a`, `b` and 3 more ``.
fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const NAMED: usize = 4;
    let count = names.len();
    let shown = if count > NAMED + 1 { NAMED } else { count };
    let mut quoted: Vec<String> = names.take(shown).map(|name| format!("`{name}`")).collect();
    let last = match count - shown {
        0 => quoted.pop().unwrap_or_default(),
        more => format!("{more} more"),
    };
    if quoted.is_empty() { last } else { format!("{} and {last}", quoted.join(", ")) }
}
