//! Absence: which nodes may give nothing, and where their absence shows as null.
//!
//! Alone, absence stays absence; inside a collection absence is null, and the type says so with
//! `?`. A node may be absent where it has a condition (`when`, `run_if: failure`) or is `optional`, where the
//! workflow it runs may give nothing, or where it needs a node that may be absent. What a task gives
//! at run time to run in its place is taken to give something. Who may be absent in a body is found
//! when that body has been checked; what comes of it is the type of the node around it
//! ([`super::flows`]), and a list with gaps is not let into a port that takes none.

use super::Context;
use crate::draft::RunIf;
use crate::expr::{Expr, NodeId, Ref, Root, Select};
use crate::policy::{IfFailed, Policy};
use crate::types::Type;
use crate::workflow::{Node, Repeat, Workflow};

/// Which nodes of a workflow may be absent.
pub(super) struct Absences<'w> {
    workflow: &'w Workflow,
    /// For each node the one with which its absence begins; empty where there is none.
    causes: Vec<Option<NodeId>>,
}

impl<'w> Absences<'w> {
    /// Looks for them. Costs O(nodes + edges), and next to nothing where there is no condition.
    pub(super) fn of(workflow: &'w Workflow) -> Self {
        let mut absences = Self { workflow, causes: Vec::new() };
        let nodes = workflow.nodes();
        let order = workflow.levels().order();
        // What is wrong has no order, or nodes without a task; nothing more is said about it.
        if order.len() == nodes.len() && nodes.iter().any(begins) {
            absences.causes = vec![None; nodes.len()];
            for &id in order {
                absences.causes[id.index()] = absences.cause(id);
            }
        }
        absences
    }

    fn cause(&self, id: NodeId) -> Option<NodeId> {
        let node = self.workflow.node(id);
        if begins(node) {
            return Some(id);
        }
        let args = node.task().signature.ports.iter().zip(node.args());
        let needed = args.filter(|(port, _)| port.when_absent().is_none()).map(|(_, arg)| arg);
        // Beside the arguments everything is needed.
        let needed = needed.chain(node.exprs().skip(node.args().len()));
        let after = match node.run_if() {
            RunIf::Success => node.after(),
            RunIf::Failure | RunIf::Always => &[],
        };
        // What comes after the end of a run is there for when it does not end.
        let succeeds =
            |on: &NodeId| self.workflow.nodes().get(on.index()).is_some_and(Node::succeeds);
        let mut after = after.iter().filter(|on| !succeeds(on));
        let through = |on: &NodeId| self.causes.get(on.index()).copied().flatten();
        needed.into_iter().find_map(|expr| self.in_expr(expr)).or_else(|| after.find_map(through))
    }

    /// The node with which the absence of what an expression refers to begins.
    fn in_expr(&self, expr: &Expr) -> Option<NodeId> {
        let mut found = None;
        expr.each_ref(&mut |reference| {
            if let Root::Node(id) = reference.root {
                found = found.or_else(|| self.causes.get(id.index()).copied().flatten());
            }
        });
        found
    }

    /// The same, of a value that a workflow gives: a collection is never absent.
    pub(super) fn alone(&self, given: &Expr) -> Option<NodeId> {
        match given {
            Expr::List(_) | Expr::Map(_) | Expr::Const(_) => None,
            Expr::Ref(_) | Expr::Text(_) => self.in_expr(given),
        }
    }

    /// The same, of what running the workflow gives.
    pub(super) fn result(&self) -> Option<NodeId> {
        self.workflow.result().and_then(|result| self.alone(result))
    }

    /// Who may be absent of the part that a selection takes of what the workflow gives.
    fn part(&self, select: Option<&Select>) -> Option<NodeId> {
        let named = |name: &str| {
            self.workflow.outputs().iter().find(|output| output.name == name).map(|out| &out.value)
        };
        let part = match (self.workflow.result(), select) {
            (Some(Expr::Map(entries)), Some(Select::Key(key))) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, part)| part)
            }
            (Some(Expr::List(items)), Some(Select::Index(at))) => {
                usize::try_from(*at).ok().and_then(|at| items.get(at))
            }
            (Some(_), Some(_)) => None,
            (None, Some(Select::Key(key))) => named(key),
            (None, Some(Select::Index(_))) => None,
            (Some(result), None) => return self.in_expr(result),
            (None, None) => {
                let mut outputs = self.workflow.outputs().iter();
                return outputs.find_map(|output| self.in_expr(&output.value));
            }
        };
        part.and_then(|part| self.in_expr(part))
    }
}

/// Whether absence may begin with a node, whatever is before it.
fn begins(node: &Node) -> bool {
    let inside = |node: &Node| {
        node.flow().is_some_and(|flow| match flow.repeat() {
            Repeat::Map(_) => false,
            Repeat::Once | Repeat::Loop(_) => flow.may_be_absent,
        })
    };
    node.when().is_some()
        || node.run_if() == RunIf::Failure
        || node.policy().is_some_and(is_optional)
        || inside(node)
}

/// Whether a node is absent where it fails.
fn is_optional(policy: &Policy) -> bool {
    policy.if_failed == IfFailed::Absent
}

/// The type of what may be absent, inside a collection.
pub(super) fn optional(ty: Type) -> Type {
    match ty {
        ty @ (Type::Any | Type::Null | Type::Optional(_)) => ty,
        ty => Type::Optional(Box::new(ty)),
    }
}

/// Why a port cannot take what a reference gives, though the types fit but for nulls: it takes
/// none, and something inside may be absent.
pub(super) fn refused(
    context: &Context<'_>,
    port: &Type,
    reference: &Ref,
    from: &Type,
) -> Option<String> {
    let part = !reference.path.is_empty() && null_into(port, from);
    let many = matches!(from.inner(), Type::List(_) | Type::Map(_));
    let gaps = has_gaps(port, from);
    if !part && !gaps {
        return None;
    }
    let shown = super::typing::show(context, reference);
    match culprit(context, reference) {
        Some((who, why)) => Some(format!(
            "expected {port}, but {shown} gives {from}: it {} null where `{who}` is skipped, \
             because of {why}; {}",
            if gaps { "has a" } else { "is" },
            match (gaps, many) {
                (true, true) =>
                    "gather with `collect: outcomes` and keep those that are ok, or give it to an \
                     input that takes nulls",
                _ => "give it to an input that may be left out",
            },
        )),
        // A part of what a task says that it gives is that task's business.
        None if gaps && many => Some(format!(
            "expected {port}, but {shown} gives {from}, which may have nulls; leave them out \
             first, or give it to an input that takes them"
        )),
        None => None,
    }
}

fn null_into(port: &Type, from: &Type) -> bool {
    let takes = matches!(port, Type::Any | Type::Null | Type::Optional(_) | Type::Outcome);
    matches!(from, Type::Optional(_)) && !takes
}

/// Whether a collection may have a null where the port's collection takes none.
fn has_gaps(port: &Type, from: &Type) -> bool {
    let both = |port: &Type, from: &Type| null_into(port, from) || has_gaps(port, from);
    match (port.inner(), from.inner()) {
        (Type::List(port), Type::List(item)) | (Type::Map(port), Type::Map(item)) => {
            both(port, item)
        }
        (Type::Array(_), Type::List(item)) => matches!(**item, Type::Optional(_)),
        (Type::Tuple(ports), Type::List(item)) => ports.iter().any(|port| both(port, item)),
        (Type::Record(ports), Type::Map(item)) => {
            ports.iter().any(|port| !port.optional && both(&port.ty, item))
        }
        (Type::Map(port), Type::Record(fields)) => fields.iter().any(|field| both(port, &field.ty)),
        (Type::Record(ports), Type::Record(fields)) => ports.iter().any(|port| {
            let found = fields.iter().find(|field| field.name == port.name);
            !port.optional && found.is_some_and(|field| both(&port.ty, &field.ty))
        }),
        _ => false,
    }
}

/// The node inside the one that a reference names which may be absent, with its path, and the words
/// for why.
fn culprit(context: &Context<'_>, reference: &Ref) -> Option<(String, &'static str)> {
    let Root::Node(id) = reference.root else { return None };
    let flow = context.flows.get(id.index())?.as_ref()?;
    let absences = Absences::of(flow.workflow());
    let found = match flow.repeat() {
        Repeat::Map(_) => absences.result(),
        Repeat::Once | Repeat::Loop(_) => absences.part(reference.path.first()),
    }?;
    let node = flow.workflow().node(found);
    let why = match (node.when(), node.run_if()) {
        (Some(_), _) => "its `when`",
        (None, RunIf::Failure) => "its `run_if`",
        _ if node.policy().is_some_and(is_optional) => "its `optional`",
        _ => "what is inside it",
    };
    Some((format!("{}.{}", context.names[id.index()], node.name()), why))
}
