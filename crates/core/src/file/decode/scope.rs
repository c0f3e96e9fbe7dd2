//! Names: what a reference can mean, from the innermost workflow outwards.
//!
//! A file is read with a stack of [`Level`]s: one for the workflow of the file, one for each body
//! that is being read inside it. A reference that means something of an outer level becomes an
//! input of every level on the way in, with the role [`InputRole::Captured`], once for each thing
//! that is meant.
//!
//! # Invariants
//! - Of the names that are visible at one place no two are the same, but for `index`, which is that
//!   of the innermost map or loop, for `key`, and for steps that nobody named.
//! - `key` is that of the innermost map whose items have keys. Whether they do is often known only
//!   with the types, or when it runs: so a map that makes no keys itself asks the one around it to
//!   lend it its own, which stands in where its items have none.
//! - The captured inputs of a level stand in the order of its captures, which is that of first use.

use std::collections::HashMap;
use std::sync::Arc;

use super::Reader;
use crate::draft::{InputDraft, InputRole};
use crate::expr::{InputId, NodeId, Ref, Root};
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::source::Span;
use crate::types::Type;
use crate::validate::{RESERVED, is_name, suggest};

/// How many inputs of bodies may stand for names outside, over the whole file: through many levels
/// a short text makes many of them.
pub(super) const MAX_CAPTURED: usize = 500_000;

/// One workflow that is being read.
#[derive(Default)]
pub(super) struct Level {
    nodes: HashMap<Arc<str>, NodeName>,
    declared: HashMap<String, InputId>,
    locals: Vec<Local>,
    by_local: HashMap<Arc<str>, usize>,
    captured: HashMap<Root, InputId>,
    /// The input for the key that maps inside may need.
    pub(super) lent_key: Option<InputId>,
    /// What the key is, in the level around, where the items of this one have none.
    pub(super) outer_key: Option<Root>,
    /// The inputs so far: declared, local and captured.
    pub(super) inputs: Vec<InputDraft>,
    /// What the captured ones stand for in the level around.
    pub(super) captures: Vec<Ref>,
}

#[derive(Clone, Copy)]
struct NodeName {
    id: NodeId,
    span: Span,
    made: bool,
}

/// A node's name, before the node is read.
#[derive(Clone)]
pub(super) struct Named {
    /// The name.
    pub(super) name: Arc<str>,
    /// Where it stands.
    pub(super) span: Span,
    /// Whether nobody wrote it.
    pub(super) made: bool,
}

impl Named {
    /// A name that stands as a key.
    pub(super) fn of(key: &Key) -> Self {
        Self { name: Arc::from(key.name.as_str()), span: key.span, made: false }
    }
}

/// A name that a map or loop gives to its body.
pub(super) struct Local {
    /// The name.
    pub(super) name: Arc<str>,
    /// Where it stands.
    pub(super) span: Span,
    /// What it means.
    pub(super) kind: LocalKind,
    input: Option<InputId>,
}

/// What a name of a map or loop means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalKind {
    /// A map's item.
    Item,
    /// A value that a loop carries.
    Carry,
    /// The position of the item or the pass.
    Index,
    /// The item's key, of a map that makes keys.
    Key,
    /// The item's key where it has one, else that of the map around.
    PerhapsKey,
    /// Something that was refused, and nothing more is said about.
    Refused,
}

/// Stands for names of a map or loop that could not be read. No name is empty.
const UNREAD: &str = "";

impl Local {
    /// Names that could not be read: nothing is said about whoever uses an unknown one.
    pub(super) fn unread(span: Span) -> Self {
        Self::new(UNREAD.into(), span, LocalKind::Refused)
    }

    /// A name of this kind.
    pub(super) fn new(name: Arc<str>, span: Span, kind: LocalKind) -> Self {
        Self { name, span, kind, input: None }
    }
}

impl Level {
    /// The names of a file: its inputs and nodes.
    pub(super) fn of_file(inputs: &[(Key, Tree)], nodes: &[Named]) -> Self {
        let mut level = Self::default();
        for (at, (key, _)) in (0..).zip(inputs) {
            level.declared.insert(key.name.clone(), InputId(at));
        }
        level.add_nodes(nodes);
        level
    }

    fn add_locals(&mut self, locals: Vec<Local>) {
        for (at, local) in locals.iter().enumerate() {
            self.by_local.entry(local.name.clone()).or_insert(at);
        }
        self.locals = locals;
    }

    fn add_nodes(&mut self, nodes: &[Named]) {
        // A tree has fewer entries than a `u32` can count.
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            let known = NodeName { id, span: node.span, made: node.made };
            self.nodes.entry(node.name.clone()).or_insert(known);
        }
    }

    fn add_input(&mut self, name: &str, role: InputRole, span: Option<Span>) -> InputId {
        let id = InputId(self.inputs.len() as u32);
        let input = InputDraft { role, span, ..InputDraft::new(name, Type::Any) };
        self.inputs.push(input);
        id
    }

    /// The input of a local, made when it is first asked for.
    fn local(&mut self, at: usize) -> InputId {
        if let Some(id) = self.locals[at].input {
            return id;
        }
        let (name, span) = (self.locals[at].name.clone(), self.locals[at].span);
        let id = self.add_input(&name, InputRole::Local, Some(span));
        self.locals[at].input = Some(id);
        id
    }

    /// The input for what a reference means outside.
    fn capture(&mut self, root: Root, written: &str) -> Root {
        let known = self.captured.get(&root).copied();
        let id = known.unwrap_or_else(|| {
            let id = self.add_input(written, InputRole::Captured, None);
            self.captures.push(Ref::new(root));
            self.captured.insert(root, id);
            id
        });
        Root::Input(id)
    }

    /// The inputs of the locals of a kind, as far as there are any.
    pub(super) fn locals(&self, kind: LocalKind) -> impl Iterator<Item = InputId> + '_ {
        self.locals.iter().filter(move |local| local.kind == kind).filter_map(|local| local.input)
    }

    /// The inputs for the key, as far as there are any.
    pub(super) fn keys(&self) -> impl Iterator<Item = InputId> + '_ {
        self.locals(LocalKind::Key).chain(self.locals(LocalKind::PerhapsKey))
    }

    /// What kind of key there is, where this is the body of a map.
    fn key_kind(&self) -> Option<LocalKind> {
        let local = &self.locals[*self.by_local.get("key")?];
        matches!(local.kind, LocalKind::Key | LocalKind::PerhapsKey).then_some(local.kind)
    }

    /// The names of the items.
    pub(super) fn item_names(&self) -> impl Iterator<Item = &str> {
        let items = self.locals.iter().filter(|local| local.kind == LocalKind::Item);
        items.map(|local| &*local.name)
    }
}

/// What a name turned out to be.
pub(super) enum Found {
    /// This, in the innermost level.
    Root(Root),
    /// Something that was refused already.
    Refused,
    /// Something, and one too many.
    TooMany,
    /// Nothing.
    Nothing,
}

impl<'t> Reader<'t> {
    /// Begins a body with these nodes and these names of a map or loop around it. `own` is the name
    /// of the node around it, which the only node inside may have too.
    pub(super) fn enter(&mut self, nodes: &[Named], locals: Vec<Local>, own: Option<&str>) {
        for node in nodes.iter().filter(|node| Some(&*node.name) != own) {
            self.check_clash(&node.name, node.span, node.made, "node");
        }
        let mut level = Level::default();
        level.add_locals(locals);
        level.add_nodes(nodes);
        for at in 0..level.locals.len() {
            let Local { name, span, kind, .. } = &level.locals[at];
            if !matches!(kind, LocalKind::Item | LocalKind::Carry) {
                continue;
            }
            let (name, span) = (name.clone(), *span);
            let what = if *kind == LocalKind::Item { "item" } else { "carried value" };
            if &*name == "item" && what == "item" {
                self.check_items(span);
            } else if RESERVED.contains(&&*name) {
                let message = format!("no {what} can be called {}", quoted(&name));
                let help = "`${…}` uses that name for something else; choose another".to_owned();
                self.report(span, message, Some(help));
            } else {
                self.check_clash(&name, span, false, what);
                let same = level.nodes.get(&name).filter(|_| own != Some(&*name));
                if let Some(node) = same {
                    self.report_clash(node.span, &name, "node", what, span);
                }
            }
            level.local(at);
        }
        self.levels.push(level);
    }

    /// Ends the body that was begun last.
    pub(super) fn leave(&mut self) -> Level {
        self.levels.pop().unwrap_or_default()
    }

    /// Reports a name that means something already where a body begins.
    fn check_clash(&mut self, name: &Arc<str>, span: Span, made: bool, what: &str) {
        if self.is_full() {
            return;
        }
        for level in self.levels.iter().rev() {
            if let Some(node) = level.nodes.get(name)
                && !(made && node.made)
            {
                let first = node.span;
                return self.report_clash(span, name, what, "node", first);
            }
            if let Some(&local) = level.by_local.get(name) {
                let first = level.locals[local].span;
                let other = match level.locals[local].kind {
                    LocalKind::Item => "item",
                    LocalKind::Carry => "carried value",
                    LocalKind::Index
                    | LocalKind::Key
                    | LocalKind::PerhapsKey
                    | LocalKind::Refused => return,
                };
                return self.report_clash(span, name, what, other, first);
            }
        }
    }

    fn report_clash(&mut self, span: Span, name: &str, what: &str, other: &str, first: Span) {
        let an = if other == "item" { "an" } else { "a" };
        let message = format!("the {what} {} has the name of {an} {other} around it", quoted(name));
        let help = "a body sees the names around it, so they must differ: choose another";
        self.report_related(span, message, help, (first, "this one"));
    }

    /// Reports an item without a name of its own inside another.
    fn check_items(&mut self, span: Span) {
        let mut levels = self.levels.iter().rev().flat_map(|level| &level.locals);
        let outer = levels.find(|local| local.kind == LocalKind::Item && &*local.name == "item");
        if let Some(outer) = outer {
            let message = "this map and one around it both call their item `item`";
            let help = "give one of them a name with `as`";
            let first = (outer.span, "the other map");
            self.report_related(span, message.to_owned(), help, first);
        }
    }

    /// Looks a name up that is written alone, here: a node, or something of a map or loop.
    pub(super) fn find(&mut self, name: &str, span: Span) -> Found {
        for at in (0..self.levels.len()).rev() {
            if name == "key" && self.levels[at].key_kind() == Some(LocalKind::PerhapsKey) {
                self.borrow_key(at);
            }
            let level = &mut self.levels[at];
            let root = if let Some(node) = level.nodes.get(name) {
                Root::Node(node.id)
            } else if let Some(&local) = level.by_local.get(name) {
                if level.locals[local].kind == LocalKind::Refused {
                    return Found::Refused;
                }
                let is_new = level.locals[local].input.is_none();
                let id = level.local(local);
                if is_new && name == "key" {
                    // Whether there are keys is known later: where they are asked for first.
                    level.inputs[id.index()].span = Some(span);
                }
                Root::Input(id)
            } else {
                continue;
            };
            return self.bring(root, at, name);
        }
        // It may be one of those that could not be read.
        if self.levels.iter().any(|level| level.by_local.contains_key(UNREAD)) {
            return Found::Refused;
        }
        Found::Nothing
    }

    /// Lets a map have the key of the one around it, in case that its items have none.
    fn borrow_key(&mut self, at: usize) {
        if self.levels[at].outer_key.is_some() {
            return;
        }
        let around = (0..at).rev().find_map(|from| Some((from, self.levels[from].key_kind()?)));
        let Some((from, kind)) = around else { return };
        if kind == LocalKind::PerhapsKey {
            self.borrow_key(from);
        }
        let level = &mut self.levels[from];
        let lent = match level.lent_key {
            Some(lent) => lent,
            None => level.add_input("key", InputRole::Local, None),
        };
        level.lent_key = Some(lent);
        let mut root = Root::Input(lent);
        for level in &mut self.levels[from + 1..at] {
            let before = level.captures.len();
            root = level.capture(root, "key");
            self.captured += level.captures.len() - before;
        }
        self.levels[at].outer_key = Some(root);
    }

    /// Looks up a declared input.
    pub(super) fn find_input(&mut self, name: &str) -> Found {
        for at in (0..self.levels.len()).rev() {
            if let Some(&id) = self.levels[at].declared.get(name) {
                return self.bring(Root::Input(id), at, &format!("inputs.{name}"));
            }
        }
        Found::Nothing
    }

    /// Makes a root of one level known in the innermost.
    fn bring(&mut self, mut root: Root, from: usize, written: &str) -> Found {
        for level in &mut self.levels[from + 1..] {
            let before = level.captures.len();
            root = level.capture(root, written);
            self.captured += level.captures.len() - before;
        }
        if self.captured <= MAX_CAPTURED {
            Found::Root(root)
        } else if self.is_captured_full {
            Found::Refused
        } else {
            self.is_captured_full = true;
            Found::TooMany
        }
    }

    /// Looks up a name that a map's `key` may use: its item or index.
    pub(super) fn find_item(&mut self, name: &str) -> Option<Root> {
        let level = self.levels.last_mut()?;
        let allowed = |local: &Local| matches!(local.kind, LocalKind::Item | LocalKind::Index);
        let at = *level.by_local.get(name)?;
        allowed(&level.locals[at]).then(|| Root::Input(level.local(at)))
    }

    /// The node of a name beside the one that is being read.
    pub(super) fn sibling(&self, name: &str) -> Option<NodeId> {
        self.levels.last()?.nodes.get(name).map(|node| node.id)
    }

    /// The names that can be written alone.
    fn visible(&self) -> impl Iterator<Item = &str> {
        self.levels.iter().rev().flat_map(|level| {
            let locals = level.locals.iter().map(|local| &*local.name);
            level.nodes.keys().map(|name| &**name).chain(locals)
        })
    }

    fn declares(&self, name: &str) -> bool {
        self.levels.iter().any(|level| level.declared.contains_key(name))
    }

    /// What is wrong with a name that means nothing, and what to do.
    pub(super) fn unknown(&self, name: &str) -> (String, Option<String>) {
        let locals = || self.levels.iter().rev().flat_map(|level| &level.locals);
        match name {
            "item" => {
                let items: Vec<String> = locals()
                    .filter(|local| local.kind == LocalKind::Item)
                    .map(|local| format!("`${{{}}}`", local.name))
                    .collect();
                if items.is_empty() {
                    ("`${item}` stands only in the body of a `map`".to_owned(), None)
                } else {
                    let message = "no item is called `item` here".to_owned();
                    (message, Some(format!("there is {}", items.join(", "))))
                }
            }
            "index" => ("`${index}` stands only in the body of a `map` or `loop`".to_owned(), None),
            "key" => ("`${key}` stands only in the body of a `map`".to_owned(), None),
            _ => (format!("unknown node {}", quoted(name)), self.help_for_node(name)),
        }
    }

    fn help_for_node(&self, name: &str) -> Option<String> {
        match suggest(name, self.visible()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if self.declares(name) => {
                Some(format!("did you mean the input, `${{inputs.{name}}}`?"))
            }
            None => self.help_for_inside(name),
        }
    }

    /// Where a node is that cannot be seen from here, since it is inside another.
    fn help_for_inside(&self, name: &str) -> Option<String> {
        let (around, body) = around(self.tree?, name)?;
        Some(match body {
            "branches" => format!("it is a branch of {}: `${{{around}.{name}}}`", quoted(around)),
            _ => format!(
                "it is inside node {}, of which others see what its `output` or `outputs` give",
                quoted(around)
            ),
        })
    }

    /// What to do about a node that is not there, where only one beside this one can stand.
    pub(super) fn help_for_sibling(&self, name: &str) -> Option<String> {
        let outer = self.levels.iter().rev().skip(1).any(|level| level.nodes.contains_key(name));
        if outer {
            let help = "it stands outside of this body, which starts after it when the node around \
                        it says so";
            return Some(help.to_owned());
        }
        let siblings = self.levels.last().into_iter().flat_map(|level| level.nodes.keys());
        match suggest(name, siblings.map(|name| &**name)) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if self.declares(name) => Some("an input is there before any node".to_owned()),
            None => {
                let (around, _) = around(self.tree?, name)?;
                Some(format!(
                    "it is inside node {}, and `after` names nodes beside this one",
                    quoted(around)
                ))
            }
        }
    }

    /// What to do about an input that is not there.
    pub(super) fn help_for_input(&self, name: &str) -> String {
        let declared = self.levels.iter().flat_map(|level| level.declared.keys());
        let node = || self.levels.iter().any(|level| level.nodes.contains_key(name));
        match suggest(name, declared.map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if node() => format!("did you mean the node, `${{{name}}}`?"),
            None if self.visible().any(|known| known == name) => {
                format!("did you mean `${{{name}}}`?")
            }
            None => "declare it under `inputs`".to_owned(),
        }
    }

    /// What a map's `key` can be made of.
    pub(super) fn help_for_key(&self) -> String {
        let items = self.levels.last().into_iter().flat_map(Level::item_names);
        let names: Vec<String> =
            items.chain(["index"]).map(|name| format!("`${{{name}}}`")).collect();
        format!("it is needed before the body runs, and may use {}", names.join(", "))
    }

    /// The names that a map of fields gives to what stands under them, those that cannot be one
    /// reported.
    pub(super) fn local_names(&mut self, entries: &'t [(Key, Tree)], what: &str) {
        for (key, _) in entries {
            self.local_name(&key.name, key.span, what);
        }
    }

    /// Reports a name that cannot be one.
    pub(super) fn local_name(&mut self, name: &str, span: Span, what: &str) {
        if !is_name(name) {
            let message = format!("{} cannot be the name of {what}", quoted(name));
            let help = "a name starts with a letter or `_` and goes on with letters, digits, `_` \
                        and `-`";
            self.report(span, message, Some(help.to_owned()));
        }
    }
}

/// The node with a body in which a node of this name stands, and the key of the body. Recurses; the
/// tree has a limit of depth.
fn around<'t>(tree: &'t Tree, name: &str) -> Option<(&'t str, &'t str)> {
    let nodes = ["nodes", "branches", "steps"].into_iter().filter_map(|key| tree.entry(key));
    nodes.flat_map(|(_, nodes)| parts(nodes)).find_map(|(around, node)| {
        let bodies = ["nodes", "branches", "steps"].into_iter().filter_map(|key| node.entry(key));
        let mut bodies = bodies.filter_map(|(key, body)| {
            let has = parts(body).any(|(inside, _)| inside == name);
            has.then_some((around, key.name.as_str()))
        });
        bodies.next().or_else(|| self::around(node, name))
    })
}

/// The nodes that have a name, in a map or in steps.
fn parts(tree: &Tree) -> impl Iterator<Item = (&str, &Tree)> {
    let (entries, steps) = match &tree.kind {
        Kind::Map(entries) => (&entries[..], &[][..]),
        Kind::Seq(steps) => (&[][..], &steps[..]),
        _ => (&[][..], &[][..]),
    };
    let named = steps.iter().filter_map(|step| match &step.get("name")?.kind {
        Kind::Str(name) => Some((name.as_str(), step)),
        _ => None,
    });
    entries.iter().map(|(key, tree)| (key.name.as_str(), tree)).chain(named)
}
