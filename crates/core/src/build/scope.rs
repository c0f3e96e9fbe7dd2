//! What a builder may see: its own handles, and those of the builders around it.
//!
//! A handle from outside becomes an input of the body with the role
//! [`InputRole::Captured`]: one for each thing outside, at every level between. What it stands for
//! goes over the border as it is; selections and conversions stay with the reference inside.

use std::sync::Arc;

use super::state::{Shared, State};
use crate::draft::{Draft, InputDraft, InputRole, TaskChoice};
use crate::expr::{InputId, Ref, Root};
use crate::problem::Problem;
use crate::types::Type;
use crate::validate::invent_names;

/// How one builder stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Same,
    Around,
    Inside,
    Beside,
    Foreign,
}

/// How the builder `home` stands to `target`.
fn relation(home: &Arc<Shared>, target: &Arc<Shared>) -> Relation {
    let around = |outer: &Arc<Shared>, inner: &Arc<Shared>| {
        let mut at = inner.parent.as_ref();
        while let Some(builder) = at {
            if Arc::ptr_eq(builder, outer) {
                return true;
            }
            at = builder.parent.as_ref();
        }
        false
    };
    if Arc::ptr_eq(home, target) {
        Relation::Same
    } else if around(home, target) {
        Relation::Around
    } else if around(target, home) {
        Relation::Inside
    } else if Arc::ptr_eq(home.root(), target.root()) {
        Relation::Beside
    } else {
        Relation::Foreign
    }
}

/// Whether what `home` has may be used in `target`; a problem where not.
pub(super) fn check(home: &Arc<Shared>, target: &Arc<Shared>) -> bool {
    let (message, help) = match relation(home, target) {
        Relation::Same | Relation::Around => return true,
        Relation::Inside => (
            "a handle made inside a body was used outside of it",
            "let the body return it: the handle of the map, flow or branch then gives its value; \
             what is called in the body is called on its builder, or brought there by `within`",
        ),
        Relation::Beside => (
            "a handle made inside one body was used in another",
            "let the first body return it, and use the handle that gives outside",
        ),
        Relation::Foreign => (
            "a handle of another builder was used here",
            "pass values between workflows as inputs and outputs",
        ),
    };
    let problem = Problem::new(message).with_help(help);
    if !Arc::ptr_eq(home.root(), target.root()) {
        home.problem(problem.clone());
    }
    target.problem(problem);
    false
}

/// What `root`, of the builder `home`, is in `target`; `None` where that cannot see it.
pub(super) fn resolve(home: &Arc<Shared>, root: Root, target: &Arc<Shared>) -> Option<Root> {
    if Arc::ptr_eq(home, target) {
        return Some(root);
    }
    if !check(home, target) {
        return None;
    }
    Some(match root {
        Root::Node(_) | Root::Outcome(_) | Root::Input(_) => capture(home, root, target),
        // The same in every workflow of a run.
        known => known,
    })
}

/// Carries `root` through every border between `home` and `target`.
fn capture(home: &Arc<Shared>, root: Root, target: &Arc<Shared>) -> Root {
    let Some(parent) = &target.parent else { return root };
    let outside = match Arc::ptr_eq(parent, home) {
        true => root,
        // As deep as bodies are written inside each other.
        false => capture(home, root, parent),
    };
    Root::Input(target.state().capture(outside))
}

impl State {
    fn capture(&mut self, outside: Root) -> InputId {
        if let Some(&known) = self.captured.get(&outside) {
            return known;
        }
        let id = self.add_input(String::new(), Type::Any, InputRole::Captured);
        self.captured.insert(outside, id);
        self.captures.push(Ref::new(outside));
        id
    }

    pub(super) fn add_input(
        &mut self,
        name: impl Into<String>,
        ty: Type,
        role: InputRole,
    ) -> InputId {
        let id = InputId(u32::try_from(self.draft.inputs.len()).unwrap_or(u32::MAX));
        self.draft.inputs.push(InputDraft { role, ..InputDraft::new(name, ty) });
        id
    }
}

impl Shared {
    /// Declares what a map or loop gives its body, by a name that nothing around has.
    pub(super) fn add_local(self: &Arc<Self>, name: &str, ty: Type) -> InputId {
        let taken = |name: &str| {
            let mut at = Some(self);
            while let Some(builder) = at {
                if builder.state().draft.inputs.iter().any(|input| input.name == name) {
                    return true;
                }
                at = builder.parent.as_ref();
            }
            false
        };
        let mut free = name.to_owned();
        let mut number = 1;
        while taken(&free) {
            number += 1;
            free = format!("{name}_{number}");
        }
        self.state().add_input(free, ty, InputRole::Local)
    }
}

/// Names the captured inputs of all bodies as what they stand for is called outside: known only
/// when every node has its name.
pub(super) fn name_captures(draft: &mut Draft) {
    let mut open = vec![draft];
    while let Some(draft) = open.pop() {
        let captures = draft.nodes.iter().any(|node| match &node.task {
            TaskChoice::Flow(flow) => !flow.captures.is_empty(),
            _ => false,
        });
        let names = if captures { invent_names(draft) } else { Vec::new() };
        let inputs: Vec<String> = draft.inputs.iter().map(outside_name).collect();
        for node in &mut draft.nodes {
            let TaskChoice::Flow(flow) = &mut node.task else { continue };
            let captured = flow.draft.inputs.iter_mut();
            let captured = captured.filter(|input| input.role == InputRole::Captured);
            for (input, capture) in captured.zip(&flow.captures) {
                let name = match capture.root {
                    Root::Node(id) | Root::Outcome(id) => {
                        names.get(id.index()).map(ToString::to_string)
                    }
                    Root::Input(id) => inputs.get(id.index()).cloned(),
                    _ => None,
                };
                input.name = name.unwrap_or_default();
            }
            open.push(&mut flow.draft);
        }
    }
}

fn outside_name(input: &InputDraft) -> String {
    match input.role {
        InputRole::Declared => format!("inputs.{}", input.name),
        _ => input.name.clone(),
    }
}
