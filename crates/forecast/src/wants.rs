//! [`Wants`]: what the nodes of a workflow take of each other's values, so that values that are made up
//! have it.
//!
//! Each expression is followed back to the task or input whose value it takes a part of: out of the
//! workflow around which it stands, and into the workflow that a node runs.

use std::collections::{BTreeSet, HashMap, HashSet};

use terrace_core::{Collect, Expr, NodeId, Piece, Repeat, Root, Select, Type};

use crate::scopes::Scopes;
use crate::shape::{Shape, Step, is_open};

/// What is taken of values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wants {
    /// Of what tasks give, by path without items and passes.
    pub(crate) of: HashMap<String, Shape>,
    /// Of the inputs of the workflow itself, by position.
    pub(crate) inputs: HashMap<usize, Shape>,
    /// Those whose type says less than what is taken of them.
    pub(crate) open: BTreeSet<String>,
}

/// Something that is taken.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Want {
    scope: usize,
    root: Root,
    steps: Vec<Step>,
    /// As a value of this type.
    ty: Option<String>,
}

/// So long are ways into values that are followed; loops might make them longer for ever.
const LONGEST: usize = 32;

/// So many are followed.
const MOST: usize = 1_000_000;

impl Wants {
    pub(crate) fn of(scopes: &Scopes<'_>) -> Self {
        let mut finder = Finder { scopes, open: Vec::new(), seen: HashSet::new() };
        for (at, scope) in scopes.0.iter().enumerate() {
            for id in scope.workflow.node_ids() {
                finder.node(at, id);
            }
            let results = scope.workflow.outputs().iter().map(|output| &output.value);
            for result in results.chain(scope.workflow.result()) {
                finder.expr(at, result, Vec::new(), None);
            }
        }
        finder.follow()
    }
}

struct Finder<'s, 'w> {
    scopes: &'s Scopes<'w>,
    open: Vec<Want>,
    seen: HashSet<Want>,
}

impl Finder<'_, '_> {
    /// What a node takes.
    fn node(&mut self, at: usize, id: NodeId) {
        let node = self.scopes.0[at].workflow.node(id);
        let inside = self.scopes.0[at].inside.get(&id).copied();
        let ports = &node.task().signature.ports;
        for (arg, port) in node.args().iter().zip(ports) {
            self.expr(at, arg, Vec::new(), Some(&port.ty));
        }
        if let Some(when) = node.when() {
            self.expr(at, when, Vec::new(), Some(&Type::Bool));
        }
        let Some(flow) = node.flow() else { return };
        match flow.repeat() {
            Repeat::Map(map) => {
                for list in map.over.lists() {
                    self.expr(at, list, vec![Step::Each], None);
                }
                if let (Some(inside), Some(key)) = (inside, &map.key_by) {
                    self.expr(inside, key, Vec::new(), Some(&Type::Str));
                }
            }
            Repeat::Loop(repeat) => {
                for carry in &repeat.carry {
                    self.expr(at, &carry.start, Vec::new(), None);
                }
                if let (Some(inside), Some(until)) = (inside, &repeat.until) {
                    self.expr(inside, until, Vec::new(), Some(&Type::Bool));
                }
            }
            Repeat::Once => {}
        }
    }

    /// What an expression takes, of whose value the end of some steps is taken.
    fn expr(&mut self, scope: usize, expr: &Expr, steps: Vec<Step>, ty: Option<&Type>) {
        // Expressions nest as deep as values may, which is not deep.
        match expr {
            Expr::Const(_) => {}
            Expr::Ref(reference) => {
                let mut all: Vec<Step> = reference.path.iter().map(step).collect();
                all.extend(steps);
                self.want(scope, reference.root, all, ty);
            }
            Expr::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Ref(reference) = piece {
                        let steps = reference.path.iter().map(step).collect();
                        self.want(scope, reference.root, steps, Some(&Type::Str));
                    }
                }
            }
            Expr::List(items) => match steps.split_first() {
                Some((Step::Place(place), rest)) => {
                    if let Some(item) = items.get(*place) {
                        self.expr(scope, item, rest.to_vec(), ty);
                    }
                }
                Some((Step::Each, rest)) => {
                    items.iter().for_each(|item| self.expr(scope, item, rest.to_vec(), ty));
                }
                Some((Step::Key(_), _)) => {}
                None => {
                    for (at, item) in items.iter().enumerate() {
                        let ty = match ty {
                            Some(Type::List(item)) => Some(&**item),
                            Some(Type::Tuple(parts)) => parts.get(at),
                            _ => None,
                        };
                        self.expr(scope, item, Vec::new(), ty);
                    }
                }
            },
            Expr::Map(entries) => match steps.split_first() {
                Some((Step::Key(key), rest)) => {
                    if let Some((_, entry)) = entries.iter().find(|(name, _)| name == key) {
                        self.expr(scope, entry, rest.to_vec(), ty);
                    }
                }
                Some((Step::Each, rest)) => {
                    entries
                        .iter()
                        .for_each(|(_, entry)| self.expr(scope, entry, rest.to_vec(), ty));
                }
                Some((Step::Place(_), _)) => {}
                None => {
                    for (name, entry) in entries {
                        let ty = match ty {
                            Some(Type::Map(item)) => Some(&**item),
                            Some(Type::Record(fields)) => fields
                                .iter()
                                .find(|field| field.name == *name)
                                .map(|field| &field.ty),
                            _ => None,
                        };
                        self.expr(scope, entry, Vec::new(), ty);
                    }
                }
            },
        }
    }

    fn want(&mut self, scope: usize, root: Root, steps: Vec<Step>, ty: Option<&Type>) {
        if steps.len() > LONGEST || self.seen.len() >= MOST {
            return;
        }
        // Of a node that gives exactly what its type says nothing more needs to be known.
        if let Root::Node(id) = root
            && steps.is_empty()
            && self.scopes.0[scope].workflow.node(id).flow().is_none()
            && !is_open(&self.scopes.0[scope].workflow.node(id).task().signature.output)
        {
            return;
        }
        let ty = ty.filter(|ty| **ty != Type::Any).map(ToString::to_string);
        let want = Want { scope, root, steps, ty };
        if self.seen.insert(want.clone()) {
            self.open.push(want);
        }
    }

    /// Follows all to where the values come from.
    fn follow(mut self) -> Wants {
        let mut wants = Wants::default();
        while let Some(want) = self.open.pop() {
            let Want { scope: at, root, steps, ty } = want;
            let ty: Option<Type> = ty.and_then(|ty| ty.parse().ok());
            match root {
                Root::Node(id) => self.given(&mut wants, at, id, steps, ty.as_ref()),
                Root::Input(input) => {
                    let Some((outer, id)) = self.scopes.0[at].around else {
                        wants.inputs.entry(input.index()).or_default().ask(&steps, ty.as_ref());
                        continue;
                    };
                    self.bound(outer, id, at, input, steps, ty.as_ref());
                }
                _ => {}
            }
        }
        wants
    }

    /// What a node gives.
    fn given(
        &mut self,
        wants: &mut Wants,
        at: usize,
        id: NodeId,
        steps: Vec<Step>,
        ty: Option<&Type>,
    ) {
        let scope = &self.scopes.0[at];
        let node = scope.workflow.node(id);
        // What a task gives to run in its place is not known, and so not what that gives.
        if node.is_dynamic() {
            return;
        }
        let Some(flow) = node.flow() else {
            let path = scope.path(id);
            // How many items there are is said apart, and a type that is wanted is what it is.
            let says = steps.iter().any(|step| *step != Step::Each);
            if says && is_open(&node.task().signature.output) {
                wants.open.insert(path.clone());
            }
            wants.of.entry(path).or_default().ask(&steps, ty);
            return;
        };
        let Some(&inside) = scope.inside.get(&id) else { return };
        let (steps, ty) = match flow.repeat() {
            // The engine makes outcomes, and a combiner what is reduced.
            Repeat::Map(map) if map.collect == Collect::Outcomes || map.reduce.is_some() => return,
            Repeat::Map(_) if steps.is_empty() => match ty {
                Some(Type::List(item) | Type::Map(item)) => (steps, Some(&**item)),
                _ => (steps, None),
            },
            Repeat::Map(_) => (steps[1..].to_vec(), ty),
            _ => (steps, ty),
        };
        let body = self.scopes.0[inside].workflow;
        match (body.result(), steps.split_first()) {
            (Some(result), _) => self.expr(inside, result, steps, ty),
            (None, Some((Step::Key(key), rest))) => {
                if let Some(output) = body.outputs().iter().find(|output| output.name == *key) {
                    self.expr(inside, &output.value, rest.to_vec(), ty);
                }
            }
            _ => {}
        }
    }

    /// What the node around binds to an input of the workflow inside it.
    fn bound(
        &mut self,
        outer: usize,
        id: NodeId,
        inside: usize,
        input: terrace_core::InputId,
        mut steps: Vec<Step>,
        ty: Option<&Type>,
    ) {
        let node = self.scopes.0[outer].workflow.node(id);
        match node.flow().map(|flow| flow.repeat()) {
            Some(Repeat::Map(map)) => {
                if let Some(list) = map.items.iter().position(|item| *item == input) {
                    let Some(list) = map.over.lists().get(list) else { return };
                    steps.insert(0, Step::Each);
                    return self.expr(outer, list, steps, ty);
                }
                if [map.index, map.key, map.lent_key].contains(&Some(input)) {
                    return;
                }
            }
            Some(Repeat::Loop(repeat)) => {
                if let Some(carry) = repeat.carry.iter().find(|carry| carry.input == input) {
                    self.expr(outer, &carry.start, steps.clone(), ty);
                    return self.expr(inside, &carry.next, steps, ty);
                }
            }
            _ => {}
        }
        if let Some(arg) = node.args().get(input.index()) {
            self.expr(outer, arg, steps, ty);
        }
    }
}

fn step(select: &Select) -> Step {
    match select {
        Select::Key(key) => Step::Key(key.clone()),
        Select::Index(place) => Step::Place(usize::try_from(*place).unwrap_or(usize::MAX - 1)),
    }
}
