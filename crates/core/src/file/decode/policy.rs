//! What holds for a node: when to try again, how long to wait, what it takes, what matters first.
//!
//! Beside `map:` most of it holds for each item, and `map:` has keys of its own for the whole. What
//! a key means for which body is decided here; what makes no sense together, such as a need that
//! no limit can meet, is for `crate::validate`, which sees what programs say too.

use std::sync::Arc;
use std::time::Duration;

use super::keys::{Keys, opening};
use super::{Reader, Texts};
use crate::draft::{NodeDraft, NodeSpans};
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::policy::units;
use crate::policy::{Backoff, IfFailed, LimitKind, Need, Policy, PolicyRef, Retry, RetryOn};
use crate::repeat::FailedItems;
use crate::source::Span;

/// The keys of a policy, in the order in which they are written.
pub(super) const KEYS: [&str; 11] = [
    "retry",
    "timeout",
    "needs",
    "concurrency",
    "cpus",
    "priority",
    "optional",
    "fallback",
    "cost",
    "expected",
    "checkpoint",
];

/// Those that a map has for the whole.
const OF_WHOLE: [&str; 4] = ["retry", "timeout", "needs", "priority"];

const RETRY: Keys = Keys {
    known: &["attempts", "backoff", "initial", "max", "jitter", "on"],
    planned: &[],
    elsewhere: &[("timeout", "on the node, beside `retry`")],
    example: "as in `retry: 3` or `retry: { attempts: 3, initial: 1s, max: 10s }`",
};

const TIMEOUT: Keys = Keys {
    known: &["attempt", "total"],
    planned: &[],
    elsewhere: &[],
    example: "as in `timeout: 5s` or `timeout: { attempt: 5s, total: 30s }`",
};

const COST: &str = "as in `cost: { money: 0.01, calls: 1 }`";

/// The longest pause where nothing is said of it.
pub(in crate::file) fn longest_pause(backoff: Backoff, initial: Duration) -> Duration {
    match backoff {
        Backoff::Constant => initial,
        Backoff::Exponential => Retry::default().max.max(initial),
    }
}

impl<'t> Reader<'t> {
    /// Reads the policy of a node, and gives what of it holds for each item of its map.
    pub(super) fn policy(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) -> PolicyRef {
        let Kind::Map(fields) = &tree.kind else { return None };
        let mut beside = Policy::default();
        for (key, value) in fields {
            if KEYS.contains(&key.name.as_str()) && self.means_something(key, tree, subject) {
                let place = format!("`{}` of {subject}", key.name);
                self.policy_key(key, value, &place, &mut beside, spans);
            }
        }
        self.one_end(tree, subject, &beside);
        let mut whole = Policy::default();
        let mut each = None;
        if let Some(map) = tree.get("map") {
            whole.if_failed = std::mem::take(&mut beside.if_failed);
            whole.checkpoint = std::mem::take(&mut beside.checkpoint);
            each = said(beside);
            if let Kind::Map(fields) = &map.kind {
                for (key, value) in fields {
                    if OF_WHOLE.contains(&key.name.as_str()) {
                        let place = format!("`{}` of `map` of {subject}", key.name);
                        self.policy_key(key, value, &place, &mut whole, spans);
                    }
                }
            }
        } else {
            whole = beside;
        }
        node.policy = said(whole);
        each
    }

    /// Whether a key means something for what the node has; a problem where not.
    fn means_something(&mut self, key: &Key, tree: &Tree, subject: &str) -> bool {
        let has = |name: &str| tree.get(name).is_some();
        let inside = ["nodes", "steps", "branches", "use"].into_iter().find(|name| has(name));
        let (what, help) = if has("succeed") {
            ("succeed", "remove it")
        } else if key.name != "cpus" || has("task") && !has("loop") {
            return true;
        } else if let Some(inside) = inside {
            (inside, "give it to the tasks inside")
        } else if has("loop") {
            ("loop", "put the task under `nodes`, and give it to that")
        } else {
            return true;
        };
        let message = format!("{subject} takes no `{}`: it has `{what}`", key.name);
        self.report(key.span, message, Some(help.to_owned()));
        false
    }

    /// Reports a node that says two things of what becomes of its failure.
    fn one_end(&mut self, tree: &'t Tree, subject: &str, policy: &Policy) {
        if policy.if_failed != IfFailed::Fails
            && let (Some((optional, on)), Some((fallback, _))) =
                (tree.entry("optional"), tree.entry("fallback"))
            && matches!(on.kind, Kind::Bool(true))
        {
            let message = format!("{subject} has both `optional` and `fallback`");
            let help = "when it fails, its value is absent or the fallback: remove one of them";
            let later = if fallback.span.start > optional.span.start { fallback } else { optional };
            self.report(later.span, message, Some(help.to_owned()));
        }
    }

    fn policy_key(
        &mut self,
        key: &'t Key,
        tree: &'t Tree,
        subject: &str,
        policy: &mut Policy,
        spans: &mut NodeSpans,
    ) {
        let mut at = |part: &str, span: Span| spans.policy.push((part.into(), span));
        at(&key.name, opening(tree));
        match key.name.as_str() {
            "retry" => {
                policy.retry = self.retry(tree, subject);
                for part in ["initial", "max"] {
                    if let Some(tree) = tree.get(part) {
                        at(&format!("retry.{part}"), tree.span);
                    }
                }
            }
            "timeout" => {
                (policy.timeout, policy.total_timeout) = self.timeout(tree, subject);
                if let Some(tree) = tree.get("total") {
                    at("timeout.total", tree.span);
                }
            }
            "needs" => {
                for (need, span) in self.needs(tree, subject) {
                    at(&format!("needs.{}", need.limit), span);
                    policy.needs.push(need);
                }
            }
            "concurrency" => policy.concurrency = self.small_count(tree, subject),
            "cpus" => policy.cpus = self.small_count(tree, subject),
            "priority" => policy.priority = self.priority(tree, subject),
            "optional" => {
                let absent = self.truth(tree, subject);
                if absent && policy.if_failed == IfFailed::Fails {
                    policy.if_failed = IfFailed::Absent;
                }
            }
            "fallback" => {
                if let Some(value) = self.value(tree, Texts::Fallback) {
                    policy.if_failed = IfFailed::Gives(value);
                }
            }
            "cost" => {
                for (amount, span) in self.amounts(tree, subject, COST) {
                    at(&format!("cost.{}", amount.of), span);
                    policy.cost.push(amount);
                }
            }
            "expected" => policy.expected = self.duration(tree, subject),
            "checkpoint" => policy.checkpoint = self.truth(tree, subject),
            _ => {}
        }
    }

    /// `retry: 3` or `retry: { attempts: 3, … }`.
    fn retry(&mut self, tree: &'t Tree, subject: &str) -> Option<Retry> {
        if let Kind::I64(_) | Kind::U64(_) = tree.kind {
            return self.small_count(tree, subject).map(Retry::attempts);
        }
        if let Kind::Map(_) = tree.kind {
            self.fields(tree, subject, &RETRY);
        } else {
            self.expected(tree, subject, "how many attempts, or a map", RETRY.example);
            return None;
        }
        let mut retry = Retry::default();
        let part = |name: &str| format!("`{name}` of {subject}");
        if let Some(tree) = tree.get("attempts") {
            let attempts = self.small_count(tree, &part("attempts"));
            retry.attempts = attempts.unwrap_or(retry.attempts);
        }
        if let Some(tree) = tree.get("backoff") {
            let words = [("exponential", Backoff::Exponential), ("constant", Backoff::Constant)];
            retry.backoff = self.word(tree, &part("backoff"), &words).unwrap_or_default();
        }
        if let Some(tree) = tree.get("initial") {
            let initial = self.duration(tree, &part("initial"));
            retry.initial = initial.unwrap_or(retry.initial);
        }
        let max = tree.get("max").and_then(|tree| self.duration(tree, &part("max")));
        retry.max = max.unwrap_or_else(|| longest_pause(retry.backoff, retry.initial));
        if let Some(tree) = tree.get("jitter") {
            retry.jitter = self.jitter(tree, &part("jitter"));
        }
        if let Some(tree) = tree.get("on") {
            let words = [("retryable", RetryOn::Retryable), ("any", RetryOn::Any)];
            retry.on = self.word(tree, &part("on"), &words).unwrap_or_default();
        }
        Some(retry)
    }

    /// A part from 0 to 1, or whether half is left to chance.
    fn jitter(&mut self, tree: &'t Tree, subject: &str) -> f64 {
        let part = match tree.kind {
            Kind::Bool(half) => return if half { 0.5 } else { 0.0 },
            Kind::F64(part) => part,
            Kind::I64(part) => part as f64,
            _ => f64::NAN,
        };
        if !(0.0..=1.0).contains(&part) {
            let help = match part {
                1.0..=100.0 => format!("{part} % is `{}`", part / 100.0),
                _ => "0.2 leaves a fifth of each pause to chance".to_owned(),
            };
            self.expected(tree, subject, "a number from 0 to 1", &help);
            return 0.0;
        }
        // One zero.
        part + 0.0
    }

    /// `timeout: 5s` or `timeout: { attempt: 5s, total: 30s }`.
    fn timeout(&mut self, tree: &'t Tree, subject: &str) -> (Option<Duration>, Option<Duration>) {
        let Kind::Map(entries) = &tree.kind else {
            return (self.some_time(tree, subject), None);
        };
        self.fields(tree, subject, &TIMEOUT);
        if entries.is_empty() {
            self.report(tree.span, format!("{subject} is empty"), Some(TIMEOUT.example.into()));
        }
        let mut part =
            |name: &str| self.some_time(tree.get(name)?, &format!("`{name}` of {subject}"));
        (part("attempt"), part("total"))
    }

    /// `needs: a`, `needs: [a, b]` or `needs: { a: 2, ram: 100MB }`.
    fn needs(&mut self, tree: &'t Tree, subject: &str) -> Vec<(Need, Span)> {
        let names = match &tree.kind {
            Kind::Map(entries) => {
                let mut needs = Vec::with_capacity(entries.len());
                for (key, tree) in entries {
                    let subject = format!("{} in {subject}", quoted(&key.name));
                    if let Some(amount) = self.need(&key.name, tree, &subject) {
                        needs.push((Need { limit: key.name.as_str().into(), amount }, key.span));
                    }
                }
                return needs;
            }
            Kind::Seq(names) => names,
            Kind::Str(_) => std::slice::from_ref(tree),
            _ => {
                let help =
                    "as in `needs: github`, `needs: [github, gpu]` or `needs: { ram: 100MB }`";
                self.expected(tree, subject, "the name of a limit, a list or a map", help);
                return Vec::new();
            }
        };
        let mut needs = Vec::with_capacity(names.len());
        for tree in names {
            let Some(name) = self.text(tree, subject) else { continue };
            if self.limits.get(name) == Some(&LimitKind::Memory) {
                let message = format!("{subject} does not say how much of {}", quoted(name));
                let help = format!("it counts bytes, as in `needs: {{ {name}: 100MB }}`");
                self.report(tree.span, message, Some(help));
                continue;
            }
            needs.push((Need { limit: name.into(), amount: 1 }, tree.span));
        }
        needs
    }

    /// How much of a limit, in what that counts; of one that is not of this file, either.
    fn need(&mut self, limit: &str, tree: &'t Tree, subject: &str) -> Option<u64> {
        let kind = self.limits.get(limit).copied();
        match (&tree.kind, kind) {
            (Kind::Str(_), Some(LimitKind::Concurrency)) => {
                let help = "this limit does not count bytes: write a number";
                self.expected(tree, subject, "how many", help);
                None
            }
            (Kind::I64(number), Some(LimitKind::Memory)) => {
                let help = format!("this limit counts bytes: write `{number}MB`, or `{number}B`");
                self.expected(tree, subject, "a size", &help);
                None
            }
            (_, Some(LimitKind::Memory)) | (Kind::Str(_), None) => self.size(tree, subject),
            _ => self.count(tree, subject, u64::MAX),
        }
    }

    fn priority(&mut self, tree: &'t Tree, subject: &str) -> Option<i32> {
        if let Kind::I64(priority) = tree.kind
            && let Ok(priority) = i32::try_from(priority)
        {
            return Some(priority);
        }
        let help = "what is ready and has the higher number starts first; 0 where nothing is said";
        self.expected(tree, subject, "an integer of at most nine digits", help);
        None
    }

    /// `at_least` or `max_failures` of a map.
    pub(super) fn tolerance(&mut self, tree: &'t Tree, subject: &str) -> FailedItems {
        let least = tree.entry("at_least");
        let most = tree.entry("max_failures");
        if let (Some((a, _)), Some((b, _))) = (least, most) {
            let message = format!("{subject} has both `at_least` and `max_failures`");
            let help = "both say how many items may fail: remove one of them".to_owned();
            let later = if a.span.start > b.span.start { a } else { b };
            self.report(later.span, message, Some(help));
        }
        if let Some((_, tree)) = least {
            let count = self.count(tree, &format!("`at_least` of {subject}"), u64::MAX);
            return count.map_or(FailedItems::None, FailedItems::ButFor);
        }
        let Some((_, tree)) = most else { return FailedItems::None };
        let subject = format!("`max_failures` of {subject}");
        match &tree.kind {
            Kind::I64(0) => FailedItems::Most(0),
            Kind::I64(_) | Kind::U64(_) => {
                let count = self.count(tree, &subject, u64::MAX);
                count.map_or(FailedItems::None, FailedItems::Most)
            }
            Kind::Str(text) => {
                let share = self.read(units::percent(text), tree, &subject);
                share.map_or(FailedItems::None, FailedItems::Share)
            }
            _ => {
                let help = "as in `max_failures: 3` or `max_failures: 5%`";
                self.expected(tree, &subject, "how many items, or which part of them", help);
                FailedItems::None
            }
        }
    }
}

/// A policy, where it says something.
fn said(policy: Policy) -> PolicyRef {
    (!policy.is_empty()).then(|| Arc::new(policy))
}
