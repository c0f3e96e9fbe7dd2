//! Nodes: what one runs, with what, when and how often.

use std::sync::Arc;

use terrace_plugin_api::Lane;

use super::keys::Keys;
use super::loops::LoopHead;
use super::map::MapHead;
use super::scope::{Local, LocalKind, Named};
use super::{Reader, Texts};
use crate::draft::{
    ArgSpans, Args, Draft, FlowStyle, NodeDraft, NodeSpans, RepeatDraft, TaskChoice,
};
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};

const IN_MAP: &str = "inside `map`";
const IN_LOOP: &str = "inside `loop`";
const AT_THE_TOP: &str = "at the top of a file";

const ELSEWHERE: &[(&str, &str)] = &[
    ("over", IN_MAP),
    ("zip", IN_MAP),
    ("cross", IN_MAP),
    ("as", IN_MAP),
    ("key", IN_MAP),
    ("chunk", IN_MAP),
    ("window", IN_MAP),
    ("collect", IN_MAP),
    ("reduce", IN_MAP),
    ("carry", IN_LOOP),
    ("until", IN_LOOP),
    ("max", IN_LOOP),
    ("name", "on a step; elsewhere the key is the name, and free text goes to `label`"),
    ("inputs", "at the top of a file; a body inside a node sees the names around it"),
    ("packs", AT_THE_TOP),
    ("limits", "at the top of a file; on a node, `needs` names what it takes of them"),
    ("max_concurrent", "at the top of a file; on a node it is `concurrency`"),
    ("deadline", "at the top of a file; on a node it is `timeout`"),
    ("budget", "at the top of a file; on a node, `cost` says what an attempt costs"),
    ("checkpoints", "at the top of a file; on a node it is `checkpoint: true`"),
    ("on_failure", "at the top of a file; on a node there are `optional` and `fallback`"),
    ("patience", AT_THE_TOP),
    ("at_least", IN_MAP),
    ("max_failures", IN_MAP),
    ("attempts", "inside `retry`"),
    ("backoff", "inside `retry`"),
    ("jitter", "inside `retry`"),
];

const STEP: Keys = Keys {
    known: &[
        "name",
        "task",
        "nodes",
        "steps",
        "branches",
        "use",
        "succeed",
        "with",
        "after",
        "when",
        "run_if",
        "map",
        "loop",
        "lane",
        "label",
        "keep",
        "output",
        "outputs",
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
    ],
    planned: &[],
    elsewhere: ELSEWHERE,
    example: "as in `- { task: pack/task }`",
};

/// All that a step may have but the name, which a node has from its key.
const NODE: Keys =
    Keys { known: STEP.known.split_at(1).1, example: "as in `{ task: pack/task }`", ..STEP };

/// What a node can run, of which it names one.
const BODIES: [&str; 6] = ["task", "nodes", "steps", "branches", "use", "succeed"];

/// A map or loop whose body has not been read.
enum Head<'t> {
    Map(Box<MapHead<'t>>),
    Loop(LoopHead<'t>),
}

impl<'t> Reader<'t> {
    pub(super) fn node(&mut self, named: &Named, tree: &'t Tree, step: bool) -> NodeDraft {
        let subject = format!("node {}", quoted(&named.name));
        let mut node = NodeDraft {
            name: Some(named.name.clone()),
            ..NodeDraft::new(unread(), Args::Named(Vec::new()))
        };
        let mut spans =
            Box::new(NodeSpans { name: named.span, task: named.span, ..NodeSpans::default() });
        if self.fields(tree, &subject, if step { &STEP } else { &NODE }) {
            self.about(tree, &subject, &mut node, &mut spans);
            let each = self.policy(tree, &subject, &mut node, &mut spans);
            let (mut head, locals) = self.head(tree, &subject, &mut spans);
            if let Some(Head::Map(map)) = &mut head {
                map.set_each(each);
            }
            if let Some(body) = self.chosen(tree, &subject, named) {
                self.check_body_keys(tree, &subject, &body.0.name);
                let read = (head, locals);
                match body.0.name.as_str() {
                    "task" | "use" => {
                        self.leaf(body, tree, &subject, named, read, &mut node, &mut spans);
                    }
                    "succeed" => self.succeed(body, &subject, read, &mut node, &mut spans),
                    _ => self.inner(body, tree, &subject, read, &mut node, &mut spans),
                }
            }
        }
        node.spans = self.source().map(|_| spans);
        node
    }

    /// The one body of a node; `None` after a problem that leaves none.
    fn chosen(&mut self, tree: &'t Tree, subject: &str, named: &Named) -> Option<&'t (Key, Tree)> {
        let mut bodies = BODIES.iter().filter_map(|key| tree.entry(key));
        let Some(first) = bodies.next() else {
            let message = format!("{subject} has no `task`");
            let help = "name one, as in `task: pack/task`, or give it `nodes`, `steps`, \
                        `branches`, `use` or `succeed`";
            self.report(named.span, message, Some(help.to_owned()));
            return None;
        };
        for other in bodies {
            let message = format!("{subject} has both `{}` and `{}`", first.0.name, other.0.name);
            let help = "a node runs one thing: put one of them into a node of its own".to_owned();
            let later = if other.0.span.start > first.0.span.start { other } else { first };
            self.report(later.0.span, message, Some(help));
        }
        Some(first)
    }

    /// Reports keys that mean nothing for the body that a node has.
    fn check_body_keys(&mut self, tree: &'t Tree, subject: &str, body: &str) {
        let inline = matches!(body, "nodes" | "steps" | "branches");
        let takes_args = matches!(body, "task" | "use");
        if let Some((key, _)) = tree.entry("with").filter(|_| !takes_args) {
            let help = if inline {
                "its nodes see the names around it: write them as references inside"
            } else {
                "remove it"
            };
            let message = format!("{subject} takes no `with`: it has `{body}`");
            self.report(key.span, message, Some(help.to_owned()));
        }
        if let Some((key, _)) = tree.entry("lane").filter(|_| body != "task") {
            let message = format!("{subject} takes no `lane`: it has `{body}`");
            let help = if body == "succeed" { "remove it" } else { "give it to the tasks inside" };
            self.report(key.span, message, Some(help.to_owned()));
        }
        for name in ["output", "outputs"] {
            let Some((key, _)) = tree.entry(name) else { continue };
            let help = match body {
                "nodes" | "steps" => continue,
                "branches" => "it gives a map of what each branch gives",
                "use" => "what it gives is said in that file",
                _ => "remove it",
            };
            let message = format!("{subject} takes no `{name}`: it has `{body}`");
            self.report(key.span, message, Some(help.to_owned()));
        }
    }

    /// The map or loop of a node without what is of its body, and the names it gives to that.
    fn head(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        spans: &mut NodeSpans,
    ) -> (Option<Head<'t>>, Vec<Local>) {
        match (tree.entry("map"), tree.entry("loop")) {
            (Some((at, tree)), other) => {
                let (head, mut locals) = self.map_head((at, tree), subject, spans);
                if let Some((other, tree)) = other {
                    let message = format!("{subject} has both `map` and `loop`");
                    let help = "put one of them around a node inside, under `nodes`".to_owned();
                    let later = if other.span.start > at.span.start { other } else { at };
                    self.report(later.span, message, Some(help));
                    if let Some(Tree { kind: Kind::Map(entries), .. }) = tree.get("carry") {
                        let names = entries.iter().map(|(key, _)| Arc::from(key.name.as_str()));
                        locals.extend(
                            names.map(|name| Local::new(name, other.span, LocalKind::Refused)),
                        );
                    }
                }
                (head.map(Box::new).map(Head::Map), locals)
            }
            (None, Some((at, tree))) => {
                let (head, locals) = self.loop_head((at, tree), subject, spans);
                (head.map(Head::Loop), locals)
            }
            (None, None) => (None, Vec::new()),
        }
    }

    /// `task` or `use`; inside a map or loop, the one node of its body.
    #[expect(clippy::too_many_arguments, reason = "one node's parts")]
    fn leaf(
        &mut self,
        (key, body): &'t (Key, Tree),
        tree: &'t Tree,
        subject: &str,
        named: &Named,
        (head, locals): (Option<Head<'t>>, Vec<Local>),
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        spans.task = body.span;
        let repeated = tree.get("map").is_some() || tree.get("loop").is_some();
        if !repeated {
            return self.call(key, body, tree, subject, node, spans);
        }
        self.enter(std::slice::from_ref(named), locals, Some(&named.name));
        let mut inside = NodeDraft {
            name: Some(named.name.clone()),
            ..NodeDraft::new(unread(), Args::Named(Vec::new()))
        };
        let mut inside_spans =
            Box::new(NodeSpans { name: spans.name, task: spans.task, ..NodeSpans::default() });
        self.call(key, body, tree, subject, &mut inside, &mut inside_spans);
        inside.spans = self.source().map(|_| inside_spans);
        let draft = Draft {
            nodes: vec![inside],
            result: Some(Expr::Ref(Ref::new(Root::Node(NodeId(0))))),
            result_span: self.placed(spans.name),
            ..Draft::default()
        };
        self.close(draft, FlowStyle::Single, head, subject, node, spans);
    }

    /// A task or a file, with its arguments.
    fn call(
        &mut self,
        key: &'t Key,
        body: &'t Tree,
        tree: &'t Tree,
        subject: &str,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        let name = match &body.kind {
            Kind::Str(text) if !text.is_empty() => Some(text.as_str()),
            _ => self.text(body, &format!("`{}` of {subject}", key.name)),
        };
        if let Some(name) = name {
            node.task = match key.name.as_str() {
                "use" => TaskChoice::File(name.to_owned()),
                _ => TaskChoice::Named { name: Arc::from(name), expect: None },
            };
        }
        if let Some(with) = tree.get("with") {
            match &with.kind {
                Kind::Map(_) => node.args = self.args(with, subject, spans),
                _ => {
                    let help = "as in `with: { x: 1 }`";
                    self.expected(with, &format!("`with` of {subject}"), "a map", help);
                    // Without its arguments nothing useful can be said about the task's ports.
                    node.task = unread();
                }
            }
        }
        if let Some(lane) = tree.get("lane").filter(|_| key.name == "task") {
            let words = [("compute", Lane::Compute), ("blocking", Lane::Blocking)];
            node.lane = self.word(lane, &format!("`lane` of {subject}"), &words);
        }
    }

    fn succeed(
        &mut self,
        (_, body): &'t (Key, Tree),
        subject: &str,
        (head, _): (Option<Head<'t>>, Vec<Local>),
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        spans.task = body.span;
        match body.kind {
            Kind::Bool(true) => node.task = TaskChoice::Succeed,
            _ => {
                let help = "a node that ends the run with success says `succeed: true`; `when` \
                            says under which condition";
                self.expected(body, &format!("`succeed` of {subject}"), "`true`", help);
            }
        }
        if head.is_some() {
            let message = "a run ends once: `succeed` stands in no `map` or `loop`";
            let help = "put it behind a node with the map or loop, with `after` and `when`";
            self.report(spans.repeat, message, Some(help.to_owned()));
        }
    }

    /// `nodes`, `steps` or `branches`.
    fn inner(
        &mut self,
        (key, body): &'t (Key, Tree),
        tree: &'t Tree,
        subject: &str,
        (head, locals): (Option<Head<'t>>, Vec<Local>),
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        spans.task = key.span;
        let parts = self.parts(&key.name, body, subject);
        self.enter(&parts.names, locals, None);
        let (draft, style) = self.body((&key.name, body), tree, subject, &parts);
        self.close(draft, style, head, subject, node, spans);
    }

    /// Ends a body: what of its map or loop is of it, then what it needs from outside.
    fn close(
        &mut self,
        draft: Draft,
        style: FlowStyle,
        mut head: Option<Head<'t>>,
        subject: &str,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        match &mut head {
            Some(Head::Map(map)) => self.map_inside(map, spans),
            Some(Head::Loop(repeat)) => {
                self.loop_inside(repeat, &format!("`loop` of {subject}"), spans);
            }
            None => {}
        }
        let level = self.leave();
        node.repeat = head.map(|head| match head {
            Head::Map(map) => RepeatDraft::Map(Box::new(map.finish(&level))),
            Head::Loop(repeat) => RepeatDraft::Loop(Box::new(repeat.finish(&level))),
        });
        node.task = TaskChoice::Flow(self.flow(draft, style, level));
    }

    fn args(&mut self, with: &'t Tree, subject: &str, spans: &mut NodeSpans) -> Args {
        let entries = self.entries(with, subject);
        let mut args: Vec<(String, Expr)> = Vec::with_capacity(entries.len());
        for (port, value) in entries {
            args.push((port.name.clone(), self.expr(value, Texts::Linked)));
            spans.args.push(ArgSpans { port: port.span, value: value.span });
        }
        Args::Named(args)
    }
}

/// What stands for a task that could not be read: validation knows that it was reported.
fn unread() -> TaskChoice {
    TaskChoice::Named { name: Arc::from(""), expect: None }
}
