//! From [`Draft`] to tree and text: the way back of [`super::decode`].
//!
//! Whatever is written reads back as the same draft. What is at its default is left out, and of
//! several spellings the shortest is written: `x: f64`, `quantum: "^0.1"`. What only a program can
//! hold is refused: inline functions, arguments by position, conversions of Rust values.

use std::collections::HashSet;

use terrace_plugin_api::{Lane, Value};

use super::decode::VERSION;
use super::parse::{Limits, quoted};
use super::reference::{Follows, escape};
use super::{Key, Kind, Tree, print};
use crate::draft::{Args, Draft, InputDraft, NodeDraft, PackRequirement, TaskChoice};
use crate::expr::{Expr, Piece, Ref, Root};
use crate::problem::{Problem, Problems};
use crate::source::{Format, Span};
use crate::validate::{RESERVED, is_name};

impl Draft {
    /// Writes it as a workflow file, which [`Draft::read`] reads as the same draft. The types that
    /// a program expects of the tasks it imports are not written.
    ///
    /// # Errors
    /// [`Draft::problems`], if there are any; else everything that a file of this format cannot
    /// hold: inline functions, arguments by position, nodes without a name, and in TOML null and
    /// integers above `i64::MAX`.
    pub fn write(&self, format: Format) -> Result<String, Problems> {
        Problems::check(self.problems.clone())?;
        let mut writer = Writer { draft: self, format, found: Vec::new() };
        let tree = writer.workflow();
        Problems::check(writer.found)?;
        print(&tree, format).or_else(|found| Problems::check(found).map(|()| String::new()))
    }
}

struct Writer<'d> {
    draft: &'d Draft,
    format: Format,
    found: Vec<Problem>,
}

/// The entries of a map being made.
#[derive(Default)]
struct Entries(Vec<(Key, Tree)>);

impl Entries {
    fn add(&mut self, key: impl Into<String>, value: Tree) {
        self.0.push((Key { name: key.into(), span: Span::default() }, value));
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(key, node(Kind::Str(text.to_owned())));
        }
    }

    /// Adds a map, unless it is empty.
    fn section(&mut self, key: &str, entries: Entries) {
        if !entries.0.is_empty() {
            self.add(key, entries.tree());
        }
    }

    fn tree(self) -> Tree {
        node(Kind::Map(self.0))
    }
}

fn node(kind: Kind) -> Tree {
    Tree::new(kind, Span::default())
}

impl<'d> Writer<'d> {
    fn workflow(&mut self) -> Tree {
        let draft = self.draft;
        let mut top = Entries::default();
        top.add("terrace", node(Kind::I64(VERSION)));
        top.text("name", draft.name.as_deref());
        top.text("description", draft.description.as_deref());
        self.distinct("pack", draft.packs.iter().map(|pack| pack.alias.as_str()));
        self.distinct("input", draft.inputs.iter().map(|input| input.name.as_str()));
        self.distinct("node", draft.nodes.iter().filter_map(|node| node.name.as_deref()));
        self.distinct("output", draft.outputs.iter().map(|output| output.name.as_str()));
        let mut packs = Entries::default();
        for pack in &draft.packs {
            packs.add(&pack.alias, pack_tree(pack));
        }
        top.section("packs", packs);
        let mut inputs = Entries::default();
        for input in &draft.inputs {
            let tree = self.input(input);
            inputs.add(&input.name, tree);
        }
        top.section("inputs", inputs);
        let mut nodes = Entries::default();
        for (at, draft) in draft.nodes.iter().enumerate() {
            if let Some((name, tree)) = self.node(at, draft) {
                nodes.add(name, tree);
            }
        }
        top.section("nodes", nodes);
        let mut outputs = Entries::default();
        for output in &draft.outputs {
            let place = format!("output {}", quoted(&output.name));
            let value = self.expr(&output.value, &place, 0);
            outputs.add(&output.name, value);
        }
        top.section("outputs", outputs);
        top.tree()
    }

    /// Refuses names that would be one key.
    fn distinct<'n>(&mut self, kind: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name) {
                self.found.push(
                    Problem::new(format!("two {kind}s are called {}", quoted(name)))
                        .with_help("give one of them another name"),
                );
            }
        }
    }

    fn input(&mut self, input: &InputDraft) -> Tree {
        let mut entries = Entries::default();
        entries.text("type", Some(&input.ty.to_string()));
        if let Some(default) = &input.default {
            let place = format!("default of input {}", quoted(&input.name));
            entries.add("default", self.value(default, &place, 0));
        }
        entries.text("description", input.description.as_deref());
        if input.secret {
            entries.add("secret", node(Kind::Bool(true)));
        }
        entries.text("from", input.env.as_ref().map(|name| format!("env:{name}")).as_deref());
        match <[_; 1]>::try_from(entries.0) {
            Ok([(_, ty)]) => ty,
            Err(entries) => node(Kind::Map(entries)),
        }
    }

    fn node(&mut self, at: usize, draft: &'d NodeDraft) -> Option<(&'d str, Tree)> {
        let Some(name) = draft.name.as_deref() else {
            self.found.push(
                Problem::new(format!("node {at} has no name, which it needs in a file"))
                    .with_help("give it one"),
            );
            return None;
        };
        let mut entries = Entries::default();
        match &draft.task {
            TaskChoice::Named { name, .. } => entries.text("task", Some(name)),
            TaskChoice::Flow(_)
            | TaskChoice::Workflow(_)
            | TaskChoice::File(_)
            | TaskChoice::Succeed => {}
            TaskChoice::Inline(task) => self.refuse(
                name,
                format!("its task {} is a function of the program", quoted(&task.name)),
                "put the function into a pack",
            ),
        }
        match &draft.args {
            Args::Positional(args) if args.is_empty() => {}
            Args::Positional(_) => self.refuse(
                name,
                "its arguments are given by position, and a file names them".to_owned(),
                "name the inputs of the task",
            ),
            Args::Named(args) => {
                let place = format!("node {}", quoted(name));
                let mut with = Entries::default();
                for (port, value) in args {
                    with.add(port, self.expr(value, &place, 0));
                }
                self.distinct("argument", args.iter().map(|(port, _)| port.as_str()));
                entries.section("with", with);
            }
        }
        let mut after = Vec::new();
        for id in &draft.after {
            match self.draft.nodes.get(id.index()).and_then(|node| node.name.as_deref()) {
                Some(name) => after.push(node(Kind::Str(name.to_owned()))),
                None => self.refuse(name, "it comes after a node that is not there".into(), ""),
            }
        }
        if !after.is_empty() {
            entries.add("after", node(Kind::Seq(after)));
        }
        entries.text(
            "lane",
            draft.lane.map(|lane| match lane {
                Lane::Compute => "compute",
                Lane::Blocking => "blocking",
            }),
        );
        entries.text("label", draft.label.as_deref());
        if draft.keep {
            entries.add("keep", node(Kind::Bool(true)));
        }
        Some((name, entries.tree()))
    }

    fn refuse(&mut self, name: &str, message: String, help: &str) {
        let problem = Problem::new(message).with_node(name);
        self.found.push(if help.is_empty() { problem } else { problem.with_help(help) });
    }

    /// Writes an expression inside `depth` collections; deeper than a file can be, nothing, since
    /// [`print()`] refuses the file there.
    fn expr(&mut self, expr: &Expr, place: &str, depth: usize) -> Tree {
        if depth > Limits::MAX_DEPTH {
            return node(Kind::Null);
        }
        node(match expr {
            Expr::Const(value) => return self.value(value, place, depth),
            Expr::Ref(reference) => Kind::Str(self.reference(reference, place)),
            Expr::List(items) => {
                Kind::Seq(items.iter().map(|item| self.expr(item, place, depth + 1)).collect())
            }
            Expr::Map(entries) => {
                let mut map = Entries::default();
                for (key, item) in entries {
                    map.add(key_text(key, entries.len()), self.expr(item, place, depth + 1));
                }
                return map.tree();
            }
            Expr::Text(pieces) => {
                let mut text = String::new();
                for (at, piece) in pieces.iter().enumerate() {
                    match piece {
                        Piece::Literal(literal) => {
                            let follows = match pieces.get(at + 1) {
                                Some(Piece::Ref(_)) => Follows::Reference,
                                _ => Follows::End,
                            };
                            text.push_str(&escape(literal, follows));
                        }
                        Piece::Ref(reference) => text.push_str(&self.reference(reference, place)),
                    }
                }
                Kind::Str(text)
            }
        })
    }

    fn reference(&mut self, reference: &Ref, place: &str) -> String {
        let draft = self.draft;
        let named = match reference.root {
            Root::Node(id) | Root::Outcome(id) => draft
                .nodes
                .get(id.index())
                .and_then(|node| node.name.as_deref())
                .filter(|name| !RESERVED.contains(name)),
            Root::Input(id) => draft.inputs.get(id.index()).map(|input| input.name.as_str()),
            Root::RunId | Root::RunSeed | Root::WorkflowDir => Some("run"),
        };
        let name = named.filter(|name| is_name(name)).unwrap_or_else(|| {
            let message = format!("{place} refers to something that is not there or has no name");
            self.found.push(Problem::new(message));
            ""
        });
        if reference.adapt.is_some() {
            let message = format!("{place} converts a value of the program");
            self.found.push(Problem::new(message).with_help("a file holds plain data only"));
        }
        let shown = reference.show(&|root| match root {
            Root::Node(_) | Root::Outcome(_) => name.to_owned(),
            Root::Input(_) => format!("inputs.{name}"),
            Root::RunId => "run.id".to_owned(),
            Root::RunSeed => "run.seed".to_owned(),
            Root::WorkflowDir => "workflow.dir".to_owned(),
        });
        format!("${{{shown}}}")
    }

    /// Writes a constant inside `depth` collections.
    fn value(&mut self, value: &Value, place: &str, depth: usize) -> Tree {
        if depth > Limits::MAX_DEPTH {
            return node(Kind::Null);
        }
        node(match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::I64(value) => Kind::I64(*value),
            Value::U64(value) => Kind::U64(value.get()),
            Value::F64(value) if value.is_finite() || self.format != Format::Json => {
                Kind::F64(*value)
            }
            Value::Str(text) => Kind::Str(escape(text, Follows::End).into_owned()),
            Value::List(items) => {
                Kind::Seq(items.iter().map(|item| self.value(item, place, depth + 1)).collect())
            }
            Value::Map(map) => {
                let mut entries = Entries::default();
                for (key, item) in map.iter() {
                    entries.add(key_text(key, map.len()), self.value(item, place, depth + 1));
                }
                return entries.tree();
            }
            Value::Ext(ext) => match ext.to_value() {
                Some(value) => return self.value(&value, place, depth + 1),
                None => {
                    let message = format!(
                        "{place} holds an opaque value of type {}",
                        quoted(ext.type_name())
                    );
                    self.found
                        .push(Problem::new(message).with_help("a file holds plain data only"));
                    Kind::Null
                }
            },
            // The `$` forms, which have no text to escape.
            Value::F64(_) | Value::Bytes(_) | Value::Array(_) => {
                return form(&serde_json::to_value(value).unwrap_or_default());
            }
        })
    }
}

/// A key of a map with so many entries: the `$` of a form is doubled, that of `${` escaped.
fn key_text(key: &str, entries: usize) -> String {
    let doubled = if entries == 1 && key.starts_with('$') { "$" } else { "" };
    escape(&format!("{doubled}{key}"), Follows::End).into_owned()
}

fn pack_tree(pack: &PackRequirement) -> Tree {
    if pack.alias == pack.name {
        return node(Kind::Str(pack.version.clone()));
    }
    let mut entries = Entries::default();
    entries.text("pack", Some(&pack.name));
    entries.text("version", Some(&pack.version));
    entries.tree()
}

/// A `$` form, made of maps, lists, text and lengths.
fn form(json: &serde_json::Value) -> Tree {
    node(match json {
        serde_json::Value::Object(entries) => {
            let mut map = Entries::default();
            for (key, value) in entries {
                map.add(key, form(value));
            }
            return map.tree();
        }
        serde_json::Value::Array(items) => Kind::Seq(items.iter().map(form).collect()),
        serde_json::Value::String(text) => Kind::Str(text.clone()),
        other => other.as_i64().map_or(Kind::Null, Kind::I64),
    })
}
