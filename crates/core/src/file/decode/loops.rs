//! `loop:`: the values that a body hands to its next pass, and when it ends.

use std::sync::Arc;

use super::keys::Keys;
use super::scope::{Level, Local, LocalKind};
use super::{Reader, Texts, hole};
use crate::draft::NodeSpans;
use crate::expr::{Expr, InputId};
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::repeat::{Carry, Loop};

const BESIDE: &str = "on the node, beside `loop`";
const MAP: &str = "in a `map`";

const LOOP: Keys = Keys {
    known: &["carry", "until", "max"],
    planned: &[],
    elsewhere: &[
        ("task", BESIDE),
        ("with", BESIDE),
        ("nodes", BESIDE),
        ("steps", BESIDE),
        ("when", BESIDE),
        ("lane", BESIDE),
        ("retry", BESIDE),
        ("timeout", BESIDE),
        ("needs", BESIDE),
        ("priority", BESIDE),
        ("concurrency", BESIDE),
        ("optional", BESIDE),
        ("fallback", BESIDE),
        ("over", MAP),
        ("as", MAP),
        ("collect", MAP),
        ("reduce", MAP),
    ],
    example: "as in `loop: { carry: { x: { start: 0, next: \"${step}\" } }, max: 10 }`",
};

const CARRY: Keys = Keys {
    known: &["start", "next"],
    planned: &[],
    elsewhere: &[],
    example: "as in `x: { start: 0, next: \"${step}\" }`",
};

/// A loop whose body has not been read.
pub(super) struct LoopHead<'t> {
    /// First values and what makes the next ones.
    carry: Vec<(Expr, Option<&'t Tree>)>,
    next: Vec<Expr>,
    until: Option<&'t Tree>,
    end: Option<Expr>,
    max: u64,
}

impl<'t> Reader<'t> {
    /// Reads what of a loop is of the workflow around it, and the names it gives to its body; no
    /// loop after a problem that leaves nothing of it.
    pub(super) fn loop_head(
        &mut self,
        (at, tree): (&'t Key, &'t Tree),
        subject: &str,
        spans: &mut NodeSpans,
    ) -> (Option<LoopHead<'t>>, Vec<Local>) {
        let subject = format!("`loop` of {subject}");
        spans.repeat = at.span;
        let mut locals = vec![Local::new("index".into(), at.span, LocalKind::Index)];
        if !self.fields(tree, &subject, &LOOP) {
            locals.push(Local::unread(at.span));
            return (None, locals);
        }
        let mut carried = Vec::new();
        if let Some(carry) = tree.get("carry") {
            let entries = match &carry.kind {
                Kind::Map(entries) => &entries[..],
                _ => {
                    let place = format!("`carry` of {subject}");
                    self.expected(carry, &place, "a map of carried values", CARRY.example);
                    locals.push(Local::unread(at.span));
                    &[]
                }
            };
            self.local_names(entries, "a carried value");
            for (key, tree) in entries {
                carried.push(self.carry(key, tree, &subject, spans));
                let name = Arc::from(key.name.as_str());
                locals.push(Local::new(name, key.span, LocalKind::Carry));
            }
        }
        let max = match tree.get("max") {
            Some(max) => self.count(max, &format!("`max` of {subject}"), u64::MAX).unwrap_or(1),
            None => {
                let help = "the most passes that it may take, as in `max: 100`".to_owned();
                self.report(at.span, format!("{subject} has no `max`"), Some(help));
                1
            }
        };
        let until = tree.get("until");
        let head = LoopHead { carry: carried, next: Vec::new(), until, end: None, max };
        (Some(head), locals)
    }

    fn carry(
        &mut self,
        key: &'t Key,
        tree: &'t Tree,
        subject: &str,
        spans: &mut NodeSpans,
    ) -> (Expr, Option<&'t Tree>) {
        let subject = format!("{} in `carry` of {subject}", quoted(&key.name));
        spans.lists.push(tree.get("start").map_or(key.span, |start| start.span));
        if !self.fields(tree, &subject, &CARRY) {
            return (hole(), None);
        }
        for (field, meaning) in
            [("start", "its value in the first pass"), ("next", "its value in the next pass")]
        {
            if tree.get(field).is_none() {
                let help = format!("{meaning}, {}", CARRY.example);
                self.report(key.span, format!("{subject} has no `{field}`"), Some(help));
            }
        }
        let start = tree.get("start").map_or_else(hole, |start| self.expr(start, Texts::Linked));
        (start, tree.get("next"))
    }

    /// Reads what of a loop is of its body, which has been read and not been left.
    pub(super) fn loop_inside(
        &mut self,
        head: &mut LoopHead<'t>,
        subject: &str,
        spans: &mut NodeSpans,
    ) {
        for (_, next) in &head.carry {
            spans.inner.push(next.map_or(spans.repeat, |next| next.span));
            head.next.push(next.map_or_else(hole, |next| self.expr(next, Texts::Linked)));
        }
        if let Some(until) = head.until {
            spans.inner.push(until.span);
            head.end = self.condition(until, &format!("`until` of {subject}"));
        }
    }
}

impl LoopHead<'_> {
    /// The loop, when its body has been left.
    pub(super) fn finish(self, level: &Level) -> Loop {
        let inputs: Vec<InputId> = level.locals(LocalKind::Carry).collect();
        let exprs = self.carry.into_iter().zip(self.next);
        let carry = inputs.into_iter().zip(exprs);
        Loop {
            carry: carry.map(|(input, ((start, _), next))| Carry { input, start, next }).collect(),
            until: self.end,
            max: self.max,
            index: level.locals(LocalKind::Index).next(),
        }
    }
}
