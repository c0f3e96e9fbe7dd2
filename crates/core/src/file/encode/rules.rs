//! What holds for a whole workflow, as it stands in a file.

use super::{Entries, Writer, node};
use crate::draft::Draft;
use crate::file::{Kind, Tree};
use crate::policy::units::{show_duration, show_rate, show_size};
use crate::policy::{Amount, Checkpoints, Limit, LimitKind, OnFailure};
use crate::problem::Problem;

/// An integer that may be above what most have in common.
pub(super) fn integer(number: u64) -> Tree {
    node(i64::try_from(number).map_or(Kind::U64(number), Kind::I64))
}

/// A number where one means exactly as much, else its text.
fn amount(amount: &Amount) -> Tree {
    let text = amount.shown();
    if let Ok(whole) = text.parse() {
        return node(Kind::I64(whole));
    }
    node(match text.parse::<f64>() {
        Ok(number) if number.to_string() == text => Kind::F64(number),
        _ => Kind::Str(text),
    })
}

fn limit(limit: &Limit) -> Tree {
    let mut entries = Entries::default();
    if let Some(most) = limit.most {
        match limit.kind {
            LimitKind::Concurrency => entries.add("concurrency", integer(most)),
            LimitKind::Memory => entries.text("memory", Some(&show_size(most))),
        }
    }
    if let Some(rate) = &limit.rate {
        entries.text("rate", Some(&show_rate(rate.starts, rate.per)));
        if let Some(burst) = rate.burst {
            entries.add("burst", node(Kind::I64(burst.into())));
        }
    }
    entries.tree()
}

impl Writer<'_> {
    /// The rules of a draft, as far as they say something.
    pub(super) fn rules(&mut self, draft: &Draft, top: &mut Entries) {
        let rules = &draft.rules;
        self.distinct("limit", rules.limits.iter().map(|limit| &*limit.name));
        let mut limits = Entries::default();
        for one in &rules.limits {
            if one.most.is_none() && (one.rate.is_none() || one.kind == LimitKind::Memory) {
                let message = format!("limit `{}` does not say how much there is", one.name);
                self.found.push(Problem::new(message));
            }
            limits.add(&*one.name, limit(one));
        }
        top.section("limits", limits);
        if let Some(most) = rules.max_concurrent {
            top.add("max_concurrent", node(Kind::I64(most.into())));
        }
        match rules.on_failure {
            None => {}
            Some(OnFailure::Continue) => top.text("on_failure", Some("continue")),
            Some(OnFailure::Stop) => top.text("on_failure", Some("stop")),
        }
        top.text("deadline", rules.deadline.map(show_duration).as_deref());
        self.amounts("budget", &rules.budget, top);
        if rules.checkpoints == Checkpoints::Levels {
            top.text("checkpoints", Some("levels"));
        }
        if let Some(patience) = rules.patience {
            top.add("patience", node(Kind::I64(patience.into())));
        }
    }

    /// Amounts by name, unless there are none.
    pub(super) fn amounts(&mut self, key: &str, amounts: &[Amount], entries: &mut Entries) {
        self.distinct("amount", amounts.iter().map(|amount| &*amount.of));
        let mut named = Entries::default();
        for one in amounts {
            named.add(&*one.of, amount(one));
        }
        entries.section(key, named);
    }
}
