//! From [`Draft`] to tree and text: the way back of [`super::decode`].
//!
//! Whatever is written reads back as the same draft. What is at its default is left out, and of
//! several spellings the shortest is written: `x: f64`, `quantum: "^0.1"`. What only a program can
//! hold is refused: inline functions, arguments by position, conversions of Rust values.
//!
//! Nodes in [`nodes`], what they have inside in [`flows`], what holds for them in [`policy`] and for
//! all in [`rules`], expressions and constants in [`value`].

mod flows;
mod nodes;
mod policy;
mod rules;
mod value;

use std::collections::HashSet;

use super::decode::VERSION;
use super::parse::quoted;
use super::{Key, Kind, Tree, print};
use crate::draft::{Draft, InputDraft, InputRole, PackRequirement};
use crate::problem::{Problem, Problems};
use crate::source::{Format, Span};
use crate::validate::is_name;

impl Draft {
    /// Writes it as a workflow file, which [`Draft::read`] reads as the same draft. The types that
    /// a program expects of the tasks it imports are not written, and of files that were read by
    /// [`Draft::link`] only that they are used.
    ///
    /// # Errors
    /// [`Draft::problems`], if there are any; else everything that a file of this format cannot
    /// hold: inline functions, workflows of the program, arguments by position, nodes without a
    /// name, and in TOML null and integers above `i64::MAX`.
    pub fn write(&self, format: Format) -> Result<String, Problems> {
        Problems::check(self.problems.clone())?;
        let mut writer = Writer { format, found: Vec::new(), scopes: Vec::new() };
        let tree = writer.workflow(self);
        Problems::check(writer.found)?;
        print(&tree, format).or_else(|found| Problems::check(found).map(|()| String::new()))
    }
}

struct Writer<'d> {
    format: Format,
    found: Vec<Problem>,
    /// The workflow being written and those around it, the innermost last.
    scopes: Vec<Scope<'d>>,
}

/// What is known of a workflow while it is written.
struct Scope<'d> {
    draft: &'d Draft,
    /// How references to its inputs are written.
    inputs: Vec<Option<String>>,
    /// The name under which its only node is known, where that stands for the node around it.
    only: Option<&'d str>,
    /// Names of the nodes around it, each with a point.
    prefix: String,
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
    fn workflow(&mut self, draft: &'d Draft) -> Tree {
        let written = |input: &InputDraft| {
            (input.role == InputRole::Declared && is_name(&input.name))
                .then(|| format!("inputs.{}", input.name))
        };
        self.scopes.push(Scope {
            draft,
            inputs: draft.inputs.iter().map(written).collect(),
            only: None,
            prefix: String::new(),
        });
        let mut top = Entries::default();
        top.add("terrace", node(Kind::I64(VERSION)));
        top.text("name", draft.name.as_deref());
        top.text("description", draft.description.as_deref());
        self.distinct("pack", draft.packs.iter().map(|pack| pack.alias.as_str()));
        self.distinct("input", draft.inputs.iter().map(|input| input.name.as_str()));
        let mut packs = Entries::default();
        // The others are of files that this one uses.
        for pack in draft.packs.iter().filter(|pack| !pack.alias.contains('~')) {
            packs.add(&pack.alias, pack_tree(pack));
        }
        top.section("packs", packs);
        let mut inputs = Entries::default();
        for input in &draft.inputs {
            let tree = self.input(input);
            inputs.add(&input.name, tree);
        }
        top.section("inputs", inputs);
        self.rules(draft, &mut top);
        let first_step = nodes::first_step(&draft.nodes);
        let nodes = self.nodes(draft, &draft.nodes[..first_step]);
        top.section("nodes", nodes);
        if first_step < draft.nodes.len() {
            let steps = self.steps(&draft.nodes[first_step..]);
            top.add("steps", steps);
        }
        match (&draft.result, &draft.outputs[..]) {
            (None, _) => self.outputs(draft, &mut top),
            (Some(result), [output]) if output.name == "output" && output.value == *result => {
                let value = self.expr(result, "`output`", 0);
                top.add("output", value);
            }
            (Some(_), _) => self.found.push(
                Problem::new("the workflow gives something else than its outputs")
                    .with_help("name it as its only output, `output`"),
            ),
        }
        self.scopes.pop();
        top.tree()
    }

    /// `outputs`, unless there are none.
    fn outputs(&mut self, draft: &'d Draft, entries: &mut Entries) {
        self.distinct("output", draft.outputs.iter().map(|output| output.name.as_str()));
        let mut outputs = Entries::default();
        for output in &draft.outputs {
            let place = format!("output {}", quoted(&output.name));
            let value = self.expr(&output.value, &place, 0);
            outputs.add(&output.name, value);
        }
        entries.section("outputs", outputs);
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

    /// Refuses something about a node of the innermost workflow.
    fn refuse(&mut self, name: &str, message: String, help: &str) {
        let prefix = self.scopes.last().map_or("", |scope| &scope.prefix);
        let problem = Problem::new(message).with_node(format!("{prefix}{name}"));
        self.found.push(if help.is_empty() { problem } else { problem.with_help(help) });
    }
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
