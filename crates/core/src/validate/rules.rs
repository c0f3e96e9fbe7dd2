//! What rules ask for that cannot be, and what of them does nothing.

use std::collections::HashSet;
use std::time::Duration;

use super::limits::Survey;
use super::names::is_name;
use super::{Context, policies};
use crate::catalog::TaskRef;
use crate::policy::units::{show_duration, show_size};
use crate::policy::{Checkpoints, Limit, LimitKind};
use crate::source::Span;
use crate::types::Type;

/// Checks the rules of a workflow.
pub(super) fn check(context: &mut Context<'_>) {
    let draft = context.draft;
    let rules = &draft.rules;
    if rules.is_empty() {
        return;
    }
    let spans = draft.rule_spans.as_deref();
    let mut seen = HashSet::new();
    for (at, limit) in rules.limits.iter().enumerate() {
        let span = spans.and_then(|spans| spans.limits.get(at)).copied();
        if !seen.insert(&limit.name) {
            let message = format!("two limits are called `{}`", limit.name);
            report(context, span, message, "give one of them another name");
        }
        // Of a file the reader has said so.
        if draft.source.is_none() && !is_name(&limit.name) {
            let message = format!("{:?} cannot be the name of a limit", &*limit.name);
            let help = "a name starts with a letter or `_` and goes on with letters, digits, `_` \
                        and `-`";
            report(context, span, message, help);
        }
        if let Some((message, help)) = mistake(limit) {
            report(context, span, format!("limit `{}` {message}", limit.name), help);
        }
        let same = context.site.survey.limits.get(&limit.name);
        if same.is_some_and(|other| other.kind != limit.kind) {
            let (here, there) = match limit.kind {
                LimitKind::Memory => ("bytes", "places"),
                LimitKind::Concurrency => ("places", "bytes"),
            };
            let message = format!(
                "limit `{}` counts {here} here, and {there} in another workflow of the run",
                limit.name
            );
            report(context, span, message, "in a run they are one: give one of them another name");
        }
    }
    let mut seen = HashSet::new();
    for (at, amount) in rules.budget.iter().enumerate() {
        if !seen.insert(&amount.of) {
            let span = spans.and_then(|spans| spans.budget.get(at)).copied();
            let message = format!("`budget` has `{}` twice", amount.of);
            report(context, span, message, "remove one of them");
        }
    }
    if rules.max_concurrent == Some(0) {
        report(context, None, "`max_concurrent` must be at least 1".to_owned(), "");
    }
    if rules.deadline == Some(Duration::ZERO) {
        report(context, None, "`deadline` must be more than 0".to_owned(), "");
    }
    warn(context);
}

fn report(context: &mut Context<'_>, span: Option<Span>, message: String, help: &str) {
    if policies::is_full(context) {
        return;
    }
    let mut problem = context.at_span(span, message);
    problem.help = (!help.is_empty()).then(|| help.to_owned());
    context.problems.push(problem);
}

/// What is wrong with a limit by itself.
fn mistake(limit: &Limit) -> Option<(String, &'static str)> {
    if limit.most == Some(0) {
        return Some(("lets nothing run".to_owned(), "let it be at least 1"));
    }
    match (&limit.rate, limit.most, limit.kind) {
        (_, None, LimitKind::Memory) => {
            Some(("does not say how many bytes there are".to_owned(), "as in `memory: 8GB`"))
        }
        (None, None, LimitKind::Concurrency) => {
            Some(("limits nothing".to_owned(), "say how many at once, or how many in a time"))
        }
        (Some(rate), ..) if rate.starts == 0 || rate.per.is_zero() => {
            Some(("has a rate that lets nothing start".to_owned(), "as in `rate: 80/min`"))
        }
        (Some(rate), ..) => match rate.burst? {
            0 => Some(("has a `burst` of 0".to_owned(), "it must be at least 1")),
            burst if burst > rate.starts => {
                let (starts, per) = (rate.starts, show_duration(rate.per));
                let message = format!(
                    "has a `burst` of {burst}, more than the {starts} in {per} of its rate"
                );
                Some((message, "no more may come at once than in that time: write less"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Rules that do nothing.
fn warn(context: &mut Context<'_>) {
    let (draft, site) = (context.draft, context.site);
    let rules = &draft.rules;
    let measures =
        any_task(context, |task| task.signature.memory.is_some(), |inside| inside.measures);
    let unneeded = rules.limits.iter().enumerate().filter(|(_, limit)| {
        let is_measured = limit.kind == LimitKind::Memory && measures;
        !site.survey.needs.contains_key(&limit.name) && !is_measured
    });
    let spans = draft.rule_spans.as_deref();
    let mut found = Vec::new();
    for (at, limit) in unneeded.take(policies::MAX) {
        let span = spans.and_then(|spans| spans.limits.get(at)).copied();
        let message = format!("no node needs the limit `{}`", limit.name);
        let help = match limit.most.filter(|_| limit.kind == LimitKind::Memory) {
            Some(bytes) => format!("as in `needs: {{ {}: {} }}`", limit.name, show_size(bytes)),
            None => format!("a node does so by `needs: {}`", limit.name),
        };
        found.push(context.at_span(span, message).with_help(help));
    }
    for (at, amount) in rules.budget.iter().enumerate().take(policies::MAX) {
        if !site.survey.costs.contains(&amount.of) {
            let span = spans.and_then(|spans| spans.budget.get(at)).copied();
            let message = format!("no node costs anything of the budget's `{}`", amount.of);
            let help = format!("a node does so by `cost: {{ {}: 1 }}`", amount.of);
            found.push(context.at_span(span, message).with_help(help));
        }
    }
    // What a task gives at run time may need and cost anything.
    let gives = |task: &TaskRef| task.signature.output == Type::Workflow;
    if !found.is_empty() && !any_task(context, gives, |inside| inside.expands) {
        found.into_iter().for_each(|warning| context.warn(warning));
    }
    if site.is_in_file && rules.checkpoints != Checkpoints::None {
        let span = spans.map(|spans| spans.checkpoints);
        let warning = context
            .at_span(span, "these checkpoints are not made".to_owned())
            .with_help("a run pauses where its own file says so, not where one that it uses does");
        context.warn(warning);
    }
}

/// Whether something holds for a task here, or for what is inside.
fn any_task(
    context: &Context<'_>,
    here: impl FnMut(&TaskRef) -> bool,
    inside: impl Fn(&Survey) -> bool,
) -> bool {
    let mut flows = context.flows.iter().flatten();
    context.tasks.iter().flatten().any(here) || flows.any(|flow| inside(flow.workflow().survey()))
}
