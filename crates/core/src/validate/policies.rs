//! What policies ask for that cannot be: needs that no limit can meet, times that contradict each
//! other, fallbacks of another type; and what of them does nothing.
//!
//! What a task's manifest says of its memory becomes a need of every limit of memory around it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use terrace_plugin_api::Value;

use super::Context;
use super::names::suggest;
use crate::catalog::TaskRef;
use crate::draft::{FlowStyle, NodeDraft, ReduceDraft, RepeatDraft, TaskChoice};
use crate::expr::NodeId;
use crate::policy::units::{show_duration, show_size};
use crate::policy::{IfFailed, Limit, LimitKind, Need, Policy, PolicyRef, Retry};
use crate::repeat::{Chunk, Collect, FailedItems, Map};
use crate::source::Span;
use crate::workflow::Workflow;

/// As many problems and warnings as anybody reads. A hostile file asks for millions.
pub(super) const MAX: usize = 100;

/// Whether nobody would read one more.
pub(super) fn is_full(context: &Context<'_>) -> bool {
    context.problems.len() >= MAX
}

/// Checks the policies of all nodes, and adds what their tasks declare.
pub(super) fn check(context: &mut Context<'_>) {
    let draft = context.draft;
    context.policies = Vec::with_capacity(draft.nodes.len());
    for (at, node) in draft.nodes.iter().enumerate() {
        let id = NodeId(at as u32);
        if let Some(policy) = &node.policy {
            let whole = matches!(node.repeat, Some(RepeatDraft::Map(_)));
            Subject { id, node, policy, whole, each: false }.check(context);
        }
        if let Some(RepeatDraft::Map(map)) = &node.repeat {
            if let Some(policy) = &map.each {
                Subject { id, node, policy, whole: false, each: true }.check(context);
            }
            check_map(context, id, node, map);
        }
        if let TaskChoice::Workflow(workflow) = &node.task {
            check_built(context, id, workflow);
        }
        let task = context.tasks[at].clone();
        let policy = match task {
            Some(task) if !context.site.is_item => {
                with_memory(context, id, node.policy.as_ref(), &task)
            }
            _ => node.policy.clone(),
        };
        context.policies.push(policy);
    }
    let paused = |node: &&NodeDraft| node.policy.as_ref().is_some_and(|policy| policy.checkpoint);
    if context.site.is_in_file
        && let Some((at, node)) = draft.nodes.iter().enumerate().find(|(_, node)| paused(node))
    {
        let span = spans_of(node, "checkpoint").last().copied();
        let warning = context
            .at_node(NodeId(at as u32), span, "no checkpoint is made here".to_owned())
            .with_help("a run pauses where its own file says so, not where one that it uses does");
        context.warn(warning);
    }
}

/// What holds for each item of a map whose body is found, what its one task declares included.
pub(super) fn of_items(
    context: &mut Context<'_>,
    id: NodeId,
    each: Option<&Arc<Policy>>,
    body: &Workflow,
    style: &FlowStyle,
) -> PolicyRef {
    match body.nodes() {
        [node] if *style == FlowStyle::Single => with_memory(context, id, each, node.task()),
        _ => each.cloned(),
    }
}

/// A policy with a need for the memory that a task declares, of each limit of memory that it does
/// not name itself.
fn with_memory(
    context: &mut Context<'_>,
    id: NodeId,
    policy: Option<&Arc<Policy>>,
    task: &TaskRef,
) -> PolicyRef {
    let Some(bytes) = task.signature.memory.filter(|bytes| *bytes > 0) else {
        return policy.cloned();
    };
    let limits = context.limits;
    let mut policy = policy.cloned();
    for limit in limits.all().filter(|limit| limit.kind == LimitKind::Memory) {
        if policy.as_ref().is_some_and(|policy| policy.need(&limit.name).is_some()) {
            continue;
        }
        let largest = strictest(context, limit).largest();
        if bytes > largest && !is_full(context) {
            let name = &limit.name;
            let message = format!(
                "`{}` says that it takes {} of memory, and limit `{name}` has {}",
                task.name,
                show_size(bytes),
                show_size(largest)
            );
            let help = format!(
                "raise the limit, or say on the node what it takes here, as in `needs: {{ {name}: \
                 {} }}`",
                show_size(largest)
            );
            let span = context.name_span(id);
            context.report(id, span, message, &help);
        }
        let need = Need { limit: limit.name.clone(), amount: bytes };
        Arc::make_mut(policy.get_or_insert_default()).needs.push(need);
    }
    policy
}

/// The limit as it holds in the run.
fn strictest<'c>(context: &'c Context<'_>, limit: &'c Limit) -> &'c Limit {
    let of_run = context.site.survey.limits.get(&limit.name);
    of_run.filter(|of_run| of_run.kind == limit.kind).unwrap_or(limit)
}

/// A policy, and whose it is.
struct Subject<'d> {
    id: NodeId,
    node: &'d NodeDraft,
    policy: &'d Policy,
    /// Of a map as a whole.
    whole: bool,
    /// Of the items of a map.
    each: bool,
}

impl Subject<'_> {
    fn check(&self, context: &mut Context<'_>) {
        let policy = self.policy;
        if let TaskChoice::Succeed = self.node.task {
            if !policy.is_empty() {
                let message = "a node that ends the run takes no policy";
                let span = context.name_span(self.id);
                context.report(self.id, span, message.to_owned(), "say it of another node");
            }
            return;
        }
        if let Some(retry) = &policy.retry {
            self.retry(context, retry);
        }
        self.times(context);
        self.needs(context);
        for (key, count) in [("concurrency", policy.concurrency), ("cpus", policy.cpus)] {
            if count == Some(0) {
                self.report(context, key, |it| format!("{it} must be at least 1"), "");
            }
        }
        self.cpus(context);
        let mut seen = HashSet::new();
        if let Some(cost) = policy.cost.iter().find(|cost| !seen.insert(&cost.of)) {
            let what = |it: &str| format!("{it} has `{}` twice", cost.of);
            self.report(context, "cost", what, "remove one of them");
        }
        if let IfFailed::Gives(value) = &policy.if_failed {
            self.fallback(context, value);
        }
    }

    fn retry(&self, context: &mut Context<'_>, retry: &Retry) {
        if retry.attempts == 0 {
            let help = "the first attempt counts: 1 is never to try again";
            self.report(context, "retry", |it| format!("{it} allows no attempt"), help);
        }
        if retry.initial > retry.max {
            let what = |it: &str| {
                let (initial, max) = (show_duration(retry.initial), show_duration(retry.max));
                format!("the first pause of {it}, {initial}, is longer than the longest, {max}")
            };
            let help = "raise `max`, or shorten `initial`";
            self.report(context, "retry.initial", what, help);
        }
        if !(0.0..=1.0).contains(&retry.jitter) {
            let what = |it: &str| format!("the jitter of {it} is {}", retry.jitter);
            self.report(context, "retry", what, "it is a part of each pause, from 0 to 1");
        }
    }

    fn times(&self, context: &mut Context<'_>) {
        let Policy { timeout, total_timeout, .. } = self.policy;
        if *timeout == Some(Duration::ZERO) || *total_timeout == Some(Duration::ZERO) {
            self.report(context, "timeout", |it| format!("{it} must be more than 0"), "");
        }
        if let (Some(attempt), Some(total)) = (timeout, total_timeout)
            && attempt > total
        {
            let what = |it: &str| {
                let (attempt, total) = (show_duration(*attempt), show_duration(*total));
                format!("{it}: one attempt may take {attempt}, and all together {total}")
            };
            let help = "`total` is for all attempts and the pauses between them: raise it";
            self.report(context, "timeout.total", what, help);
        }
    }

    fn needs(&self, context: &mut Context<'_>) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for need in &self.policy.needs {
            if is_full(context) {
                return;
            }
            let name = &need.limit;
            let count = seen.entry(name).or_default();
            *count += 1;
            let nth = *count - 1;
            if nth > 0 {
                if nth == 1 {
                    let what = |it: &str| format!("{it} names `{name}` twice");
                    let help = format!("once, with how many: `needs: {{ {name}: 2 }}`");
                    self.report_need(context, name, nth, what, &help);
                }
                continue;
            }
            let Some(limit) = context.limits.find(name) else {
                if !context.site.is_given {
                    let help = self.unknown(context, name);
                    let what = |it: &str| format!("{it}: unknown limit `{name}`");
                    self.report_need(context, name, nth, what, &help);
                }
                continue;
            };
            let limit = strictest(context, limit);
            let (largest, shown) = (limit.largest(), |amount: u64| match limit.kind {
                LimitKind::Concurrency => amount.to_string(),
                LimitKind::Memory => show_size(amount),
            });
            if need.amount == 0 {
                let what = |it: &str| format!("{it} takes nothing of `{name}`");
                self.report_need(context, name, nth, what, "take at least 1, or leave it out");
            } else if need.amount > largest {
                let most = limit.most.filter(|most| *most == largest);
                let (has, help) = match (most, limit.rate.and_then(|rate| rate.burst)) {
                    (Some(_), _) => ("of which there are", "raise the limit, or take less"),
                    (None, Some(_)) => {
                        ("of which so many may come at once:", "raise its `burst`, or take less")
                    }
                    (None, None) => {
                        ("of which so many may start at once:", "raise its `rate`, or take less")
                    }
                };
                let (amount, largest) = (shown(need.amount), shown(largest));
                let has = match limit.kind {
                    LimitKind::Memory => "which has",
                    LimitKind::Concurrency => has,
                };
                let what =
                    |it: &str| format!("{it} takes {amount} of limit `{name}`, {has} {largest}");
                self.report_need(context, name, nth, what, help);
            }
        }
    }

    /// What to do about a limit that is not there.
    fn unknown(&self, context: &Context<'_>, name: &str) -> String {
        if let Some(meant) = suggest(name, context.limits.all().map(|limit| &*limit.name)) {
            return format!("did you mean `{meant}`?");
        }
        if context.site.is_in_file && context.site.survey.limits.contains_key(name) {
            return "a file that is used sees only its own limits: declare it there too".to_owned();
        }
        match self.node.spans {
            Some(_) => format!(
                "declare it at the top of the file, as in `limits: {{ {name}: {{ concurrency: 10 }} }}`"
            ),
            None => format!("declare it, as in `limit(Limit::concurrency(\"{name}\", 10))`"),
        }
    }

    fn cpus(&self, context: &mut Context<'_>) {
        let TaskChoice::Flow(flow) = &self.node.task else {
            if self.policy.cpus.is_some() && context.is_flow(self.id) {
                let what = |it: &str| format!("{it}: the node runs a workflow");
                self.report(context, "cpus", what, "say it of the tasks inside");
            }
            return;
        };
        let single = flow.style == FlowStyle::Single && self.each;
        if self.policy.cpus.is_some() && !single {
            let help = match flow.style {
                FlowStyle::Single if self.whole => "say it of each item",
                _ => "say it of the tasks inside",
            };
            self.report(context, "cpus", |it| format!("{it}: the node runs a workflow"), help);
        }
    }

    fn fallback(&self, context: &mut Context<'_>, value: &Value) {
        // What a program gives as it is has been checked by the compiler.
        if let Value::Ext(_) = value {
            return;
        }
        let ty = context.types[self.id.index()].clone();
        if let Err(mismatch) = ty.check(value) {
            let help = format!("it stands for what the node gives, which is {ty}");
            self.report(context, "fallback", |it| format!("{it}: {mismatch}"), &help);
        }
    }

    /// Reports something about a part of the policy. `what` gets how the key is called.
    fn report(
        &self,
        context: &mut Context<'_>,
        part: &str,
        what: impl FnOnce(&str) -> String,
        help: &str,
    ) {
        let spans = spans_of(self.node, part);
        let span = if self.each { spans.first() } else { spans.last() };
        let span = span.copied().or_else(|| {
            let (key, _) = part.split_once('.')?;
            let spans = spans_of(self.node, key);
            if self.each { spans.first().copied() } else { spans.last().copied() }
        });
        self.say(context, part, span, what, help);
    }

    fn report_need(
        &self,
        context: &mut Context<'_>,
        limit: &str,
        nth: usize,
        what: impl FnOnce(&str) -> String,
        help: &str,
    ) {
        let spans = spans_of(self.node, &format!("needs.{limit}"));
        // Those of the items stand before those of the whole.
        let own = self.policy.needs.iter().filter(|need| *need.limit == *limit).count();
        let first = if self.each { 0 } else { spans.len().saturating_sub(own) };
        self.say(context, "needs", spans.get(first + nth).copied(), what, help);
    }

    fn say(
        &self,
        context: &mut Context<'_>,
        part: &str,
        span: Option<Span>,
        what: impl FnOnce(&str) -> String,
        help: &str,
    ) {
        if is_full(context) {
            return;
        }
        let key = part.split('.').next().unwrap_or(part);
        let name = &context.names[self.id.index()];
        let it = match (span, self.whole, self.each) {
            (Some(_), true, _) if !OF_NODE.contains(&key) => {
                format!("`{key}` of `map` of node `{name}`")
            }
            (Some(_), ..) => format!("`{key}` of node `{name}`"),
            (None, _, true) => format!("`{key}` of each item"),
            (None, ..) => format!("`{key}`"),
        };
        context.report(self.id, span, what(&it), help);
    }
}

/// What stands beside a map and holds for the whole.
const OF_NODE: [&str; 3] = ["optional", "fallback", "checkpoint"];

/// Where the parts of a node's policy stand that have this key or path.
fn spans_of(node: &NodeDraft, part: &str) -> Vec<Span> {
    let spans = node.spans.as_ref().map_or(&[][..], |spans| &spans.policy[..]);
    spans.iter().filter(|(key, _)| **key == *part).map(|(_, span)| *span).collect()
}

fn check_map(context: &mut Context<'_>, id: NodeId, node: &NodeDraft, map: &Map<ReduceDraft>) {
    let name = context.names[id.index()].clone();
    let (key, least) = match map.tolerance {
        FailedItems::ButFor(least) => ("at_least", Some(least)),
        _ => ("max_failures", None),
    };
    let of = |key: &str| match spans_of(node, &format!("map.{key}")).first() {
        Some(_) => format!("`{key}` of `map` of node `{name}`"),
        None => format!("`{key}`"),
    };
    let span = |key: &str| spans_of(node, &format!("map.{key}")).first().copied();
    if let (Some(least), Some(items)) = (least, map.over.len())
        && least > items
    {
        let message = format!("{} asks for {least} items, and there are {items}", of(key));
        context.report(id, span(key), message, "so many can never succeed: write less");
    }
    if map.concurrency == Some(0) {
        let message = "`concurrency` of a map must be at least 1".to_owned();
        context.report(id, None, message, "");
    }
    if let FailedItems::Share(part) = map.tolerance
        && part > 1_000_000
    {
        context.report(id, None, format!("{} is more than all items", of(key)), "");
    }
    if map.tolerance != FailedItems::None && map.collect == Collect::Outcomes {
        let message = format!("{} means nothing with `collect: outcomes`", of(key));
        let help = "there a failed item does not fail the map, whatever their number: remove one \
                    of them";
        context.report(id, span(key), message, help);
    }
    let alone = map.each.as_ref().is_some_and(|each| each.is_of_attempts());
    if let Chunk::Of(2..) = map.chunk
        && alone
    {
        let message = format!("{} does nothing: items are attempted one by one", of("chunk"));
        let warning = context
            .at_node(id, span("chunk"), message)
            .with_help("retries, timeouts, needs and costs are those of single items: remove it");
        context.warn(warning);
    }
}

/// Checks a workflow that was built before against the run that it becomes part of.
fn check_built(context: &mut Context<'_>, id: NodeId, workflow: &Workflow) {
    let limits = &context.site.survey.limits;
    let asks = workflow.survey();
    let mut wrong: Vec<(&Arc<str>, u64)> = Vec::new();
    for (name, &amount) in &asks.needs {
        if limits.get(name).is_some_and(|limit| amount > limit.largest()) {
            wrong.push((name, amount));
        }
    }
    wrong.sort_unstable();
    for (name, amount) in wrong {
        let message = format!(
            "a node of this workflow takes {amount} of limit `{name}`, of which the run has less"
        );
        let help = "of limits with one name the strictest holds: raise it, or give it another name";
        context.report(id, None, message, help);
    }
    if asks.pauses {
        let warning = context
            .at_node(id, None, "the checkpoints of this workflow are not made".to_owned())
            .with_help("a run pauses where its own workflow says so, not where one inside does");
        context.warn(warning);
    }
}
