//! What holds for a node, as it stands in a file: beside `map:` that of each item, inside it that of
//! the whole.

use super::rules::integer;
use super::{Entries, Writer, node};
use crate::draft::{NodeDraft, ReduceDraft, RepeatDraft};
use crate::file::decode::longest_pause;
use crate::file::parse::quoted;
use crate::file::{Kind, Tree};
use crate::policy::units::{show_duration, show_percent, show_size};
use crate::policy::{Backoff, IfFailed, LimitKind, Policy, Retry, RetryOn};
use crate::repeat::{FailedItems, Map};

impl<'d> Writer<'d> {
    /// What stands on a node, beside its map where it has one.
    pub(super) fn beside(&mut self, name: &str, draft: &'d NodeDraft, entries: &mut Entries) {
        let whole = draft.policy.as_deref();
        let beside = match &draft.repeat {
            Some(RepeatDraft::Map(map)) => map.each.as_deref(),
            _ => whole,
        };
        if let Some(policy) = beside {
            self.common(policy, entries);
            if let Some(concurrency) = policy.concurrency {
                entries.add("concurrency", node(Kind::I64(concurrency.into())));
            }
            if let Some(cpus) = policy.cpus {
                entries.add("cpus", node(Kind::I64(cpus.into())));
            }
            self.amounts("cost", &policy.cost, entries);
            entries.text("expected", policy.expected.map(show_duration).as_deref());
        }
        if let Some(policy) = whole {
            match &policy.if_failed {
                IfFailed::Fails => {}
                IfFailed::Absent => entries.add("optional", node(Kind::Bool(true))),
                IfFailed::Gives(value) => {
                    let place = format!("`fallback` of node {}", quoted(name));
                    entries.add("fallback", self.value(value, &place, 0));
                }
            }
            if policy.checkpoint {
                entries.add("checkpoint", node(Kind::Bool(true)));
            }
        }
    }

    /// What stands inside a map.
    pub(super) fn whole(
        &mut self,
        name: &str,
        draft: &'d NodeDraft,
        map: &Map<ReduceDraft>,
        entries: &mut Entries,
    ) {
        if let Some(concurrency) = map.concurrency {
            entries.add("concurrency", node(Kind::I64(concurrency.into())));
        }
        match map.tolerance {
            FailedItems::None => {}
            FailedItems::ButFor(least) => entries.add("at_least", integer(least)),
            FailedItems::Most(most) => entries.add("max_failures", integer(most)),
            FailedItems::Share(part) => entries.text("max_failures", Some(&show_percent(part))),
        }
        if let Some(each) = &map.each
            && (each.if_failed != IfFailed::Fails || each.checkpoint)
        {
            let message = "it says of each item what a file says of a node inside".to_owned();
            let help = "write the body with `nodes`, and say it there";
            self.refuse(name, message, help);
        }
        let Some(policy) = &draft.policy else { return };
        self.common(policy, entries);
        let Policy { concurrency, cpus, cost, expected, .. } = &**policy;
        if concurrency.is_some() || cpus.is_some() || expected.is_some() || !cost.is_empty() {
            let message = "`concurrency`, `cpus`, `cost` and `expected` of a file are those of \
                           each item of a map, and here they are said of the whole";
            self.refuse(name, message.to_owned(), "say them of each item");
        }
    }

    /// The keys that stand in both places.
    fn common(&mut self, policy: &Policy, entries: &mut Entries) {
        if let Some(retry) = &policy.retry {
            entries.add("retry", retry_tree(retry));
        }
        match (policy.timeout, policy.total_timeout) {
            (attempt, None) => entries.text("timeout", attempt.map(show_duration).as_deref()),
            (attempt, total) => {
                let mut timeout = Entries::default();
                timeout.text("attempt", attempt.map(show_duration).as_deref());
                timeout.text("total", total.map(show_duration).as_deref());
                entries.add("timeout", timeout.tree());
            }
        }
        self.needs(policy, entries);
        if let Some(priority) = policy.priority {
            entries.add("priority", node(Kind::I64(priority.into())));
        }
    }

    fn needs(&mut self, policy: &Policy, entries: &mut Entries) {
        let bytes = |limit: &str| {
            let of = |scope: &super::Scope<'_>| {
                scope.draft.rules.limit(limit).map(|limit| limit.kind == LimitKind::Memory)
            };
            self.scopes.iter().rev().find_map(of).unwrap_or(false)
        };
        let name = |limit: &str| node(Kind::Str(limit.to_owned()));
        let is_one = |need: &&crate::Need| need.amount == 1 && !bytes(&need.limit);
        let tree = match &policy.needs[..] {
            [] => return,
            [one] if is_one(&one) => name(&one.limit),
            all if all.iter().all(|need| is_one(&need)) => {
                node(Kind::Seq(all.iter().map(|need| name(&need.limit)).collect()))
            }
            all => {
                let mut needs = Entries::default();
                for need in all {
                    let amount = match bytes(&need.limit) {
                        true => node(Kind::Str(show_size(need.amount))),
                        false => integer(need.amount),
                    };
                    needs.add(&*need.limit, amount);
                }
                needs.tree()
            }
        };
        self.distinct("need", policy.needs.iter().map(|need| &*need.limit));
        entries.add("needs", tree);
    }
}

fn retry_tree(retry: &Retry) -> Tree {
    if *retry == Retry::attempts(retry.attempts) {
        return node(Kind::I64(retry.attempts.into()));
    }
    let mut entries = Entries::default();
    entries.add("attempts", node(Kind::I64(retry.attempts.into())));
    if retry.backoff == Backoff::Constant {
        entries.text("backoff", Some("constant"));
    }
    if retry.initial != Retry::default().initial {
        entries.text("initial", Some(&show_duration(retry.initial)));
    }
    if retry.max != longest_pause(retry.backoff, retry.initial) {
        entries.text("max", Some(&show_duration(retry.max)));
    }
    if retry.jitter != 0.0 {
        entries.add("jitter", node(Kind::F64(retry.jitter)));
    }
    if retry.on == RetryOn::Any {
        entries.text("on", Some("any"));
    }
    entries.tree()
}
