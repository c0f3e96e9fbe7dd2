//! What holds for a whole workflow: `limits`, `max_concurrent`, `on_failure`, `deadline`, `budget`,
//! `checkpoints`, `patience`.

use std::sync::Arc;

use super::Reader;
use super::keys::{Keys, opening};
use crate::draft::{Draft, RuleSpans};
use crate::expr::NodeId;
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::policy::units;
use crate::policy::{Checkpoints, Limit, LimitKind, OnFailure, Policy, Rate, Rules};
use crate::validate::suggest;

const LIMIT: Keys = Keys {
    known: &["concurrency", "memory", "rate", "burst"],
    planned: &[],
    elsewhere: &[
        ("needs", "on a node, under `nodes`"),
        ("cpus", "on a node, under `nodes`"),
        ("max", "nowhere: how many at once is `concurrency`"),
    ],
    example: "as in `{ concurrency: 10 }`, `{ rate: 80/min }` or `{ memory: 8GB }`",
};

const BUDGET: &str = "as in `budget: { money: 5.00, calls: 1000 }`";

impl<'t> Reader<'t> {
    /// Reads what holds for the whole workflow, `checkpoints` apart.
    pub(super) fn rules(&mut self, tree: &'t Tree, draft: &mut Draft) {
        let mut rules = Rules::default();
        let mut spans = RuleSpans::default();
        if let Some(limits) = tree.get("limits") {
            let entries = match &limits.kind {
                Kind::Map(entries) => &entries[..],
                _ => {
                    let help = "as in `limits: { github: { concurrency: 10 } }`";
                    self.expected(limits, "`limits`", "a map of limits by name", help);
                    &[]
                }
            };
            for (key, tree) in entries {
                let limit = self.limit(key, tree);
                self.limits.insert(&key.name, limit.kind);
                rules.limits.push(limit);
                spans.limits.push(key.span);
            }
        }
        if let Some(most) = tree.get("max_concurrent") {
            rules.max_concurrent = self.small_count(most, "`max_concurrent`");
        }
        if let Some(on_failure) = tree.get("on_failure") {
            let words = [("continue", OnFailure::Continue), ("stop", OnFailure::Stop)];
            rules.on_failure = self.word(on_failure, "`on_failure`", &words);
        }
        if let Some(deadline) = tree.get("deadline") {
            rules.deadline = self.some_time(deadline, "`deadline`");
        }
        if let Some(budget) = tree.get("budget") {
            (rules.budget, spans.budget) =
                self.amounts(budget, "`budget`", BUDGET).into_iter().unzip();
        }
        if let Some(patience) = tree.get("patience") {
            rules.patience = match patience.kind {
                Kind::I64(0) => Some(0),
                Kind::I64(1..) | Kind::U64(_) => self.small_count(patience, "`patience`"),
                Kind::I64(_) => {
                    let message = "`patience` must be at least 0".to_owned();
                    self.report(patience.span, message, None);
                    None
                }
                _ => {
                    self.expected(patience, "`patience`", "an integer from 0", "");
                    None
                }
            };
        }
        draft.rules = rules;
        draft.rule_spans = self.source().map(|_| Box::new(spans));
    }

    /// One limit. After a problem one that lets everything pass, so that nodes can need it.
    fn limit(&mut self, key: &'t Key, tree: &'t Tree) -> Limit {
        let name: Arc<str> = key.name.as_str().into();
        let subject = format!("limit {}", quoted(&key.name));
        self.local_name(&key.name, key.span, "a limit");
        let mut limit = Limit::concurrency(name, u64::MAX);
        if !self.fields(tree, &subject, &LIMIT) {
            return limit;
        }
        let part = |name: &str| format!("`{name}` of {subject}");
        let concurrency = tree.get("concurrency");
        let memory = tree.entry("memory");
        if let Some(rate) = tree.get("rate") {
            // Of a limit with a rate alone, any number may be at work at once.
            limit.most = None;
            limit.rate = self.rate(rate, &part("rate"));
            if limit.rate.is_none() {
                limit.most = Some(u64::MAX);
            }
        }
        if let Some(tree) = concurrency {
            limit.most = self.count(tree, &part("concurrency"), u64::MAX).or(Some(u64::MAX));
        }
        if let Some((at, tree)) = memory {
            if concurrency.is_some() {
                let message = format!("{subject} has both `concurrency` and `memory`");
                let help = "a limit counts one thing: make two limits, and let nodes need both";
                self.report(at.span, message, Some(help.to_owned()));
            } else {
                limit.kind = LimitKind::Memory;
                limit.most = self.size(tree, &part("memory")).or(Some(u64::MAX));
            }
        }
        if concurrency.is_none() && memory.is_none() && tree.get("rate").is_none() {
            let message = format!("{subject} limits nothing");
            self.report(key.span, message, Some(LIMIT.example.to_owned()));
        }
        if let Some((at, tree)) = tree.entry("burst") {
            let burst = self.small_count(tree, &part("burst"));
            match &mut limit.rate {
                Some(rate) => rate.burst = burst,
                None if limit.most == Some(u64::MAX) => {}
                None => {
                    let message = format!("{subject} has `burst` without `rate`");
                    let help = "say how many may start in a time too, as in `rate: 80/min`";
                    self.report(at.span, message, Some(help.to_owned()));
                }
            }
        }
        limit
    }

    fn rate(&mut self, tree: &'t Tree, subject: &str) -> Option<Rate> {
        let found = match &tree.kind {
            Kind::Str(text) => units::rate(text),
            Kind::I64(number) => {
                let help = format!("say in which time, as in `{number}/min`");
                self.expected(tree, subject, "a rate", &help);
                return None;
            }
            _ => {
                self.expected(tree, subject, "a rate", "as in `10/s` or `80/min`");
                return None;
            }
        };
        let (starts, per) = self.read(found, tree, subject)?;
        Some(Rate { starts, per, burst: None })
    }

    /// `checkpoints: levels`, or the nodes after which the run pauses, which have been read.
    pub(super) fn checkpoints(&mut self, tree: &'t Tree, draft: &mut Draft) {
        const WHAT: &str = "`levels` or a list of nodes";
        if let Some(spans) = &mut draft.rule_spans {
            spans.checkpoints = opening(tree);
        }
        match &tree.kind {
            Kind::Str(word) if word == "levels" => draft.rules.checkpoints = Checkpoints::Levels,
            Kind::Str(word) => {
                let help = match (self.sibling(word), suggest(word, ["levels"])) {
                    (Some(_), _) => format!("write `[{word}]`"),
                    (None, Some(_)) => "did you mean `levels`?".to_owned(),
                    (None, None) => String::new(),
                };
                self.expected(tree, "`checkpoints`", WHAT, &help);
            }
            Kind::Seq(names) => {
                for tree in names {
                    self.checkpoint(tree, draft);
                }
            }
            _ => self.expected(tree, "`checkpoints`", WHAT, ""),
        }
    }

    fn checkpoint(&mut self, tree: &'t Tree, draft: &mut Draft) {
        let Some(name) = self.text(tree, "`checkpoints`") else { return };
        let node = self.sibling(name).map(NodeId::index);
        match node.and_then(|at| draft.nodes.get_mut(at)) {
            Some(node) => {
                let policy = node.policy.get_or_insert_with(Arc::<Policy>::default);
                Arc::make_mut(policy).checkpoint = true;
                if let Some(spans) = &mut node.spans {
                    spans.policy.push(("checkpoint".into(), tree.span));
                }
            }
            None if self.is_full() => {}
            None => {
                let help = self.help_for_sibling(name);
                let message = format!("`checkpoints`: unknown node {}", quoted(name));
                self.report(tree.span, message, help);
            }
        }
    }
}
