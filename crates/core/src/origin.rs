//! [`Origin`]: where a workflow that was read from a text stands in it.
//!
//! A draft knows the place of each of its parts; a [`crate::Workflow`] keeps only those that
//! something said later points at: nodes, limits, edges without a value, ports that nobody reads.

use crate::draft::{Args, Draft, NodeDraft};
use crate::expr::NodeId;
use crate::problem::Problem;
use crate::signature::Port;
use crate::source::{Source, Span};
use crate::workflow::Node;

/// Where a workflow stands in its text.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    source: Source,
    nodes: Vec<NodeOrigin>,
    /// The names of its limits, one for one.
    limits: Vec<Span>,
    /// The names in its budget, one for one.
    budget: Vec<Span>,
}

/// Where a node stands in the text.
#[derive(Clone, Debug, Default)]
struct NodeOrigin {
    name: Span,
    /// The entries of `after`, one for one.
    after: Box<[Span]>,
    /// The arguments of ports that are never read, by the port's position.
    unread: Box<[(usize, Span)]>,
    timeout: Option<Span>,
}

impl Origin {
    /// That of a draft whose nodes have been found; `None` where it was read from no text.
    pub(crate) fn of(draft: &Draft, nodes: &[Node]) -> Option<Box<Self>> {
        let source = draft.source.clone()?;
        let places = draft.nodes.iter().zip(nodes);
        let places = places.map(|(draft, node)| NodeOrigin::of(draft, &node.task.signature.ports));
        let rules = draft.rule_spans.as_deref();
        Some(Box::new(Self {
            source,
            nodes: places.collect(),
            limits: rules.map(|rules| rules.limits.clone()).unwrap_or_default(),
            budget: rules.map(|rules| rules.budget.clone()).unwrap_or_default(),
        }))
    }

    fn node(&self, id: NodeId) -> Option<&NodeOrigin> {
        self.nodes.get(id.index())
    }

    /// Where a node's name stands.
    pub(crate) fn name(&self, id: NodeId) -> Option<Span> {
        self.node(id).map(|node| node.name)
    }

    /// Where an entry of a node's `after` stands.
    pub(crate) fn after(&self, id: NodeId, position: usize) -> Option<Span> {
        self.node(id)?.after.get(position).copied().or_else(|| self.name(id))
    }

    /// Where the argument of a port stands that is never read.
    pub(crate) fn unread(&self, id: NodeId, port: usize) -> Option<Span> {
        let found = self.node(id)?.unread.iter().find(|(known, _)| *known == port);
        found.map(|(_, span)| *span).or_else(|| self.name(id))
    }

    /// Where a node's timeout stands.
    pub(crate) fn timeout(&self, id: NodeId) -> Option<Span> {
        self.node(id)?.timeout.or_else(|| self.name(id))
    }

    /// Where the name of a limit stands.
    pub(crate) fn limit(&self, position: usize) -> Option<Span> {
        self.limits.get(position).copied()
    }

    /// Where a name of the budget stands.
    pub(crate) fn budget(&self, position: usize) -> Option<Span> {
        self.budget.get(position).copied()
    }

    /// A problem at a place of the text.
    pub(crate) fn point(&self, problem: Problem, span: Option<Span>) -> Problem {
        match span {
            Some(span) => problem.with_span(&self.source, span),
            None => problem,
        }
    }
}

impl NodeOrigin {
    fn of(draft: &NodeDraft, ports: &[Port]) -> Self {
        let Some(spans) = draft.spans.as_deref() else { return Self::default() };
        let value = |port: usize| {
            let at = match &draft.args {
                Args::Positional(_) => port,
                Args::Named(args) => args.iter().position(|(name, _)| *name == ports[port].name)?,
            };
            spans.args.get(at).map(|span| (port, span.value))
        };
        let unread = (0..ports.len()).filter(|&port| ports[port].unread).filter_map(value);
        let timeout = spans.policy.iter().find(|(key, _)| **key == *"timeout");
        Self {
            name: spans.name,
            after: spans.after.clone().into(),
            unread: unread.collect(),
            timeout: timeout.map(|(_, span)| *span),
        }
    }
}
