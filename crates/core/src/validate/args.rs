//! Arguments: one expression per port of the task, defaults filled in, each checked for type.

use super::{Context, names, typing};
use crate::catalog::TaskRef;
use crate::draft::{Args, FlowDraft, InputRole, NodeDraft, RepeatDraft, TaskChoice};
use crate::expr::{Expr, InputId, NodeId};
use crate::source::Span;

/// Binds the arguments of every node. Nodes whose task is unknown keep theirs as written, so that
/// cycles through them are still seen.
pub(super) fn bind(context: &mut Context<'_>) -> Vec<Vec<Expr>> {
    let draft = context.draft;
    let tasks = context.tasks.clone();
    draft
        .nodes
        .iter()
        .zip(&tasks)
        .enumerate()
        .map(|(at, (node, task))| {
            let id = NodeId(at as u32);
            match task {
                Some(task) => bind_node(context, id, node, task),
                None => as_written(&node.args),
            }
        })
        .collect()
}

fn as_written(args: &Args) -> Vec<Expr> {
    let mut all = Vec::new();
    each(args, &mut |arg| all.push(arg.clone()));
    all
}

/// Every argument as it is written.
pub(super) fn each<'a>(args: &'a Args, visit: &mut impl FnMut(&'a Expr)) {
    match args {
        Args::Positional(args) => args.iter().for_each(visit),
        Args::Named(args) => args.iter().map(|(_, value)| value).for_each(visit),
    }
}

/// What the inputs of a workflow inside a node get without being given it in `with`.
fn inherited<'d>(
    node: &'d NodeDraft,
    flow: &'d FlowDraft,
) -> impl Iterator<Item = Option<Expr>> + 'd {
    let mut captures = flow.captures.iter();
    let keys = match &node.repeat {
        Some(RepeatDraft::Map(map)) => {
            [map.key, map.lent_key].map(|key| key.zip(map.outer_key.as_ref()))
        }
        _ => [None, None],
    };
    flow.draft.inputs.iter().zip(0..).map(move |(input, at)| match input.role {
        InputRole::Captured => captures.next().cloned().map(Expr::Ref),
        // Set for every item or pass, but for the key of items that have none.
        InputRole::Local => {
            let outer = keys.iter().flatten().find(|(key, _)| *key == InputId(at));
            let nothing = || Expr::Const(terrace_plugin_api::Value::Null);
            Some(outer.map_or_else(nothing, |(_, outer)| (*outer).clone()))
        }
        InputRole::Declared => None,
    })
}

fn bind_node(context: &mut Context<'_>, id: NodeId, node: &NodeDraft, task: &TaskRef) -> Vec<Expr> {
    let ports = &task.signature.ports;
    let mut inherits: Vec<Option<Expr>> = match &node.task {
        TaskChoice::Flow(flow) => inherited(node, flow).collect(),
        _ => Vec::new(),
    };
    inherits.resize(ports.len(), None);
    let mut given: Vec<Option<(&Expr, Option<Span>)>> = vec![None; ports.len()];
    let value_span =
        |at: usize| node.spans.as_ref().and_then(|s| s.args.get(at)).map(|span| span.value);
    match &node.args {
        Args::Positional(args) => {
            if args.len() > ports.len() {
                let message = format!(
                    "{} arguments for `{}`, which takes {}",
                    args.len(),
                    task.name,
                    ports.len()
                );
                let problem = context.at_node(id, None, message).with_help(takes(task));
                context.problems.push(problem);
            }
            let open = given.iter_mut().zip(&inherits).filter(|(_, inherited)| inherited.is_none());
            for ((slot, _), arg) in open.zip(args) {
                *slot = Some((arg, None));
            }
        }
        Args::Named(args) => {
            for (at, (name, value)) in args.iter().enumerate() {
                match task.signature.port(name).filter(|&port| inherits[port].is_none()) {
                    Some(port) => given[port] = Some((value, value_span(at))),
                    None => unknown_port(context, id, node, task, at, name),
                }
            }
        }
    }
    let from_environment: Vec<usize> = match &context.flows[id.index()] {
        Some(flow) => flow.environment_inputs().iter().map(|input| input.index()).collect(),
        None => Vec::new(),
    };
    let mut missing = Vec::new();
    let bound = ports
        .iter()
        .zip(given)
        .zip(inherits)
        .enumerate()
        .map(|(at, ((port, given), inherited))| match (given, inherited) {
            (_, Some(inherited)) => inherited,
            (Some((value, span)), None) => {
                typing::check_arg(context, id, task, port, value, span);
                value.clone()
            }
            (None, None) => {
                let absent = port.when_absent();
                if absent.is_none() && !from_environment.contains(&at) {
                    missing.push(format!("`{}: {}`", port.name, port.ty));
                }
                Expr::Const(absent.unwrap_or_default())
            }
        })
        .collect();
    if !missing.is_empty() {
        let span = node.spans.as_ref().map(|spans| spans.name);
        let plural = if missing.len() == 1 { "input" } else { "inputs" };
        let message = format!("missing {plural} {} of `{}`", missing.join(", "), task.name);
        let problem = context.at_node(id, span, message).with_help("give a value in `with`");
        context.problems.push(problem);
    }
    bound
}

fn unknown_port(
    context: &mut Context<'_>,
    id: NodeId,
    node: &NodeDraft,
    task: &TaskRef,
    at: usize,
    name: &str,
) {
    let span = node.spans.as_ref().and_then(|spans| spans.args.get(at)).map(|span| span.port);
    let known = task.signature.ports.iter().map(|port| port.name.as_str());
    let help = match names::suggest(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => takes(task),
    };
    let message = format!("`{}` has no input `{name}`", task.name);
    let problem = context.at_node(id, span, message).with_help(help);
    context.problems.push(problem);
}

/// What a task takes, in words: `it takes x: i64, y?: i64`.
fn takes(task: &TaskRef) -> String {
    let ports: Vec<String> = task
        .signature
        .ports
        .iter()
        .map(|port| {
            let mark = if port.when_absent().is_some() { "?" } else { "" };
            format!("{}{mark}: {}", port.name, port.ty)
        })
        .collect();
    if ports.is_empty() {
        "it takes nothing".to_owned()
    } else {
        format!("it takes {}", ports.join(", "))
    }
}
