//! What reduces the results of a map: a task of two values that computes, and whose types close the
//! circle. What it gives is what it takes as joined already, and so is one result alone.

use super::{Context, typing};
use crate::draft::{ReduceDraft, TaskChoice};
use crate::expr::NodeId;
use crate::file::written_task;
use crate::repeat::{Collect, Map, Reduce};
use crate::signature::{Lane, Signature};
use crate::types::{Fit, Type};

/// What to do where a map cannot be reduced as it is written.
const INSTEAD: &str = "leave `reduce` out, and give the gathered list to a node of its own";

/// Finds what reduces a map whose body gives values of this type.
pub(super) fn find(
    context: &mut Context<'_>,
    id: NodeId,
    map: &Map<ReduceDraft>,
    reduce: &ReduceDraft,
    result: &Type,
) -> Option<Reduce> {
    let task = match &reduce.task {
        TaskChoice::Inline(task) => Some(task.clone()),
        TaskChoice::Named { name, .. } => {
            let found = context.site.find(name);
            if found.is_none() && !name.is_empty() {
                let names = context.site.catalog.names();
                let help = super::names::missing_task_help(name, &names, context.site.packs);
                let shown = written_task(name);
                let shown = shown.as_deref().unwrap_or(name);
                let message = format!("unknown task `{shown}` to reduce with");
                context.report(id, reduce.span, message, &help.unwrap_or_default());
            }
            found
        }
        _ => {
            let message = "what reduces is a task, and not a workflow".to_owned();
            context.report(id, reduce.span, message, INSTEAD);
            None
        }
    }?;
    let unfit = match &*task.signature {
        Signature { output: Type::Workflow, .. } => Some("it gives a workflow, which nobody runs"),
        Signature { lane: Lane::Blocking, .. } => {
            Some("it runs on the blocking lane, and results are joined where they are computed")
        }
        _ => None,
    };
    if let Some(why) = unfit {
        let message = format!("`{}` cannot reduce: {why}", task.name);
        context.report(id, reduce.span, message, INSTEAD);
        return None;
    }
    let ports = &task.signature.ports;
    let spare = ports.iter().skip(2).filter(|port| port.when_absent().is_none());
    if ports.len() < 2 || spare.count() > 0 {
        let message = format!(
            "`{}` cannot reduce: it must take two values, what is joined already and the next \
             result, and no other that is required",
            task.name
        );
        context.report(id, reduce.span, message, "");
        return None;
    }
    if ports[0].ty.accepts(&task.signature.output) == Fit::Never {
        let message = format!(
            "`{}` cannot reduce: it gives {}, which its own input `{}: {}` does not take",
            task.name, task.signature.output, ports[0].name, ports[0].ty
        );
        context.report(id, reduce.span, message, "");
        return None;
    }
    let given = if map.collect == Collect::Outcomes { &Type::Outcome } else { result };
    // Without a start, the first result is what is joined already.
    let first = if reduce.start.is_none() { 0 } else { 1 };
    if let Some(port) = ports[first..2].iter().find(|port| port.ty.accepts(given) == Fit::Never) {
        let message = format!(
            "`{}` cannot reduce: its input `{}: {}` does not take {given}, which the body gives",
            task.name, port.name, port.ty
        );
        context.report(id, reduce.span, message, "");
        return None;
    }
    // One result alone is what they are all joined to.
    if reduce.start.is_none() && task.signature.output.accepts(given) == Fit::Never {
        let message = format!(
            "`{}` cannot reduce: it gives {}, and where there is one item what the body gives \
             stands for that, which is {given}",
            task.name, task.signature.output
        );
        let help = "say what stands before the first result with `start`";
        context.report(id, reduce.span, message, help);
        return None;
    }
    if let Some(start) = &reduce.start
        && let Err(message) = typing::mismatch(context, &ports[0].ty, start)
    {
        let spans = context.node(id).spans.as_ref();
        let span = spans.and_then(|spans| spans.lists.get(map.over.lists().len()).copied());
        let message = format!("`start` of the reduction: {message}");
        context.report(id, span.or(reduce.span), message, "");
    }
    Some(Reduce { task, start: reduce.start.clone() })
}
