//! `map:`: what a body runs over, the names it gets, and what becomes of its results.

use std::sync::Arc;

use super::keys::{Keys, opening};
use super::scope::{Level, Local, LocalKind};
use super::{Reader, Texts, hole};
use crate::draft::{NodeSpans, ReduceDraft, TaskChoice};
use crate::expr::{Expr, Ref};
use crate::file::{Key, Kind, Tree};
use crate::policy::PolicyRef;
use crate::repeat::{Chunk, Collect, FailedItems, Map, Over};

const BESIDE: &str = "on the node, beside `map`";
const LOOP: &str = "in a `loop`";

const MAP: Keys = Keys {
    known: &[
        "over",
        "as",
        "zip",
        "cross",
        "key",
        "chunk",
        "window",
        "collect",
        "reduce",
        "concurrency",
        "at_least",
        "max_failures",
        "retry",
        "timeout",
        "needs",
        "priority",
    ],
    planned: &[],
    elsewhere: &[
        ("task", BESIDE),
        ("with", BESIDE),
        ("nodes", BESIDE),
        ("steps", BESIDE),
        ("when", BESIDE),
        ("lane", BESIDE),
        ("cpus", BESIDE),
        ("optional", BESIDE),
        ("fallback", BESIDE),
        ("cost", BESIDE),
        ("expected", BESIDE),
        ("checkpoint", BESIDE),
        ("limits", "at the top of a file; `concurrency` is how many items may run at once"),
        ("carry", LOOP),
        ("until", LOOP),
        ("max", LOOP),
    ],
    example: "as in `map: { over: \"${list}\", as: x }`",
};

const REDUCE: Keys = Keys {
    known: &["task", "start"],
    planned: &[],
    elsewhere: &[],
    example: "as in `reduce: pack/add` or `reduce: { task: pack/add, start: 0 }`",
};

/// A map whose body has not been read.
pub(super) struct MapHead<'t> {
    map: Map<ReduceDraft>,
    key: Option<&'t Tree>,
}

impl<'t> Reader<'t> {
    /// Reads what of a map is of the workflow around it, and the names it gives to its body; no map
    /// after a problem that leaves nothing of it.
    pub(super) fn map_head(
        &mut self,
        (at, tree): (&'t Key, &'t Tree),
        subject: &str,
        spans: &mut NodeSpans,
    ) -> (Option<MapHead<'t>>, Vec<Local>) {
        let subject = format!("`map` of {subject}");
        spans.repeat = at.span;
        let local = |name: &str, kind| Local::new(Arc::from(name), at.span, kind);
        // Of a list that is only referred to nobody knows yet whether it has keys.
        let key = match tree.get("key") {
            Some(_) => LocalKind::Key,
            None => LocalKind::PerhapsKey,
        };
        let mut locals = vec![local("index", LocalKind::Index), local("key", key)];
        if !self.fields(tree, &subject, &MAP) {
            locals.push(Local::unread(at.span));
            return (None, locals);
        }
        let over = self.over(at, tree, &subject, spans, &mut locals);
        let mut map = Map {
            over,
            items: Vec::new(),
            index: None,
            key: None,
            lent_key: None,
            outer_key: None,
            key_by: None,
            chunk: Chunk::Auto,
            window: None,
            collect: Collect::Values,
            reduce: None,
            each: None,
            concurrency: None,
            tolerance: FailedItems::None,
        };
        if let Some(chunk) = tree.get("chunk") {
            map.chunk = self.chunk(chunk, &format!("`chunk` of {subject}"));
        }
        if let Some(window) = tree.get("window") {
            map.window = self.small_count(window, &format!("`window` of {subject}"));
        }
        if let Some(collect) = tree.get("collect") {
            let words = [("values", Collect::Values), ("outcomes", Collect::Outcomes)];
            let collect = self.word(collect, &format!("`collect` of {subject}"), &words);
            map.collect = collect.unwrap_or_default();
        }
        if let Some(reduce) = tree.get("reduce") {
            map.reduce = self.reduce(reduce, &subject, spans);
        }
        if let Some(most) = tree.get("concurrency") {
            map.concurrency = self.small_count(most, &format!("`concurrency` of {subject}"));
        }
        map.tolerance = self.tolerance(tree, &subject);
        for part in ["chunk", "at_least", "max_failures"] {
            if let Some(tree) = tree.get(part) {
                spans.policy.push((format!("map.{part}").into(), tree.span));
            }
        }
        (Some(MapHead { map, key: tree.get("key") }), locals)
    }

    /// `over`, `zip` or `cross`, and the names of the items.
    fn over(
        &mut self,
        at: &'t Key,
        tree: &'t Tree,
        subject: &str,
        spans: &mut NodeSpans,
        locals: &mut Vec<Local>,
    ) -> Over {
        let Kind::Map(fields) = &tree.kind else { return Over::Each(hole()) };
        let mut given =
            fields.iter().filter(|(key, _)| matches!(&*key.name, "over" | "zip" | "cross"));
        let first = given.next();
        if let (Some((first, _)), Some((second, _))) = (first, given.next()) {
            let message = format!("{subject} has both `{}` and `{}`", first.name, second.name);
            let help = "it runs over one list, over several side by side (`zip`) or over all their \
                        combinations (`cross`)";
            self.report(second.span, message, Some(help.to_owned()));
        }
        let name = tree.entry("as");
        match first {
            Some((key, lists)) if key.name != "over" => {
                if let Some((name, _)) = name {
                    let message = format!("{subject} has both `{}` and `as`", key.name);
                    let help = format!("the names under `{}` are those of the items", key.name);
                    self.report(name.span, message, Some(help));
                }
                let entries = match &lists.kind {
                    Kind::Map(entries) => &entries[..],
                    _ => {
                        let help =
                            "as in `zip: { x: \"${xs}\", y: \"${ys}\" }`".replace("zip", &key.name);
                        let place = format!("`{}` of {subject}", key.name);
                        self.expected(lists, &place, "a map of lists by name", &help);
                        locals.push(Local::unread(at.span));
                        return Over::Each(hole());
                    }
                };
                if entries.is_empty() {
                    let help = match &*key.name {
                        "zip" => "name the lists, as in `zip: { x: \"${xs}\", y: \"${ys}\" }`",
                        _ => "name the lists, as in `cross: { x: \"${xs}\", y: \"${ys}\" }`",
                    };
                    let message = format!("`{}` of {subject} is empty", key.name);
                    self.report(lists.span, message, Some(help.to_owned()));
                    locals.push(Local::unread(at.span));
                }
                self.local_names(entries, "an item");
                let mut all = Vec::with_capacity(entries.len());
                for (key, list) in entries {
                    all.push(self.expr(list, Texts::Linked));
                    spans.lists.push(list.span);
                    let name = Arc::from(key.name.as_str());
                    locals.push(Local::new(name, key.span, LocalKind::Item));
                }
                if key.name == "zip" { Over::Zip(all) } else { Over::Cross(all) }
            }
            other => {
                let list = match other {
                    Some((_, list)) => {
                        spans.lists.push(list.span);
                        self.expr(list, Texts::Linked)
                    }
                    None => {
                        let message = format!("{subject} has nothing to run over");
                        let help = "say so, as in `over: \"${list}\"`".to_owned();
                        self.report(at.span, message, Some(help));
                        hole()
                    }
                };
                locals.push(self.item(at, name.map(|(_, tree)| tree), subject));
                Over::Each(list)
            }
        }
    }

    /// The item by the name that `as` gives.
    fn item(&mut self, at: &'t Key, name: Option<&'t Tree>, subject: &str) -> Local {
        let item = |kind| Local::new("item".into(), at.span, kind);
        let Some(given) = name else { return item(LocalKind::Item) };
        match self.text(given, &format!("`as` of {subject}")) {
            Some(name) => {
                self.local_name(name, given.span, "an item");
                Local::new(name.into(), given.span, LocalKind::Item)
            }
            None => item(LocalKind::Refused),
        }
    }

    /// `auto` or a number.
    fn chunk(&mut self, tree: &'t Tree, subject: &str) -> Chunk {
        match &tree.kind {
            Kind::I64(_) | Kind::U64(_) => {
                let count = self.count(tree, subject, u32::MAX.into());
                count.and_then(|count| u32::try_from(count).ok()).map_or(Chunk::Auto, Chunk::Of)
            }
            Kind::Str(text) if text == "auto" => Chunk::Auto,
            _ => {
                let help =
                    "`chunk: 16` takes 16 items at a time; `auto` finds out how many to take";
                self.expected(tree, subject, "an integer from 1, or `auto`", help);
                Chunk::Auto
            }
        }
    }

    /// `reduce: pack/add` or `reduce: { task: pack/add, start: 0 }`.
    fn reduce(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        spans: &mut NodeSpans,
    ) -> Option<ReduceDraft> {
        let subject = format!("`reduce` of {subject}");
        let (task, start) = match &tree.kind {
            Kind::Str(_) => (tree, None),
            // A map is one way to say it, and not the only one.
            kind if !matches!(kind, Kind::Map(_)) => {
                self.expected(tree, &subject, "a task", REDUCE.example);
                return None;
            }
            _ if !self.fields(tree, &subject, &REDUCE) => return None,
            _ => match tree.get("task") {
                Some(task) => (task, tree.get("start")),
                None => {
                    let help = REDUCE.example.to_owned();
                    self.report(opening(tree), format!("{subject} has no `task`"), Some(help));
                    return None;
                }
            },
        };
        spans.lists.extend(start.map(|start| start.span));
        let name = self.text(task, &format!("`task` of {subject}"))?;
        Some(ReduceDraft {
            task: TaskChoice::Named { name: Arc::from(name), expect: None },
            start: start.map(|start| self.expr(start, Texts::Linked)),
            span: self.placed(task.span),
        })
    }

    /// Reads what of a map is of its body, which has been read and not been left.
    pub(super) fn map_inside(&mut self, head: &mut MapHead<'t>, spans: &mut NodeSpans) {
        if let Some(key) = head.key {
            head.map.key_by = Some(self.expr(key, Texts::Item));
            spans.inner.push(key.span);
        }
    }
}

impl MapHead<'_> {
    /// Sets what holds for each item.
    pub(super) fn set_each(&mut self, each: PolicyRef) {
        self.map.each = each;
    }

    /// The map, when its body has been left.
    pub(super) fn finish(self, level: &Level) -> Map<ReduceDraft> {
        Map {
            items: level.locals(LocalKind::Item).collect(),
            index: level.locals(LocalKind::Index).next(),
            key: level.keys().next(),
            lent_key: level.lent_key,
            outer_key: level.outer_key.map(|root| Expr::Ref(Ref::new(root))),
            ..self.map
        }
    }
}
