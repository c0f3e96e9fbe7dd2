//! How many items the maps have of which only a run knows.
//!
//! A map's items come from another node. No task is called here, so what that gives is made up, with
//! as many items as somebody said, or one.

use std::collections::HashMap;

use terrace_core::{Expr, Problem, Problems, Root};

use crate::scopes::Scopes;

/// How many items nodes give.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    /// By the path of the node that gives them: how many, and how many the lists in it have; `None`
    /// where nobody knows.
    pub(crate) of: HashMap<String, Vec<Option<usize>>>,
    /// Maps that nobody said anything of, with the node that gives the items.
    pub(crate) assumed: Vec<(String, String)>,
}

impl Items {
    /// Finds out whose output has how many items, from what is said of maps or of those nodes.
    /// `recorded` holds where nothing is said, and may name what is not there.
    pub(crate) fn find(
        scopes: &Scopes<'_>,
        said: &[(String, u64)],
        recorded: &[(String, u64)],
    ) -> Result<Self, Problems> {
        let mut items = Self::default();
        let mut open: HashMap<&str, u64> =
            said.iter().map(|(name, items)| (name.as_str(), *items)).collect();
        let mut maps = Vec::new();
        for (at, scope) in scopes.0.iter().enumerate() {
            for id in scope.workflow.node_ids() {
                let node = scope.workflow.node(id);
                if node.flow().is_none() && open.is_empty() {
                    continue;
                }
                let path = scope.path(id);
                if node.map().is_some() {
                    maps.push((at, id, path));
                } else if scope.has_own_names()
                    && let Some(count) = open.remove(path.as_str())
                {
                    items.of.insert(path, vec![Some(count as usize)]);
                }
            }
        }
        for (at, id, path) in maps {
            let Some(map) = scopes.0[at].workflow.node(id).map() else { continue };
            let said = open.remove(path.as_str());
            let before = || recorded.iter().find(|(map, _)| *map == path).map(|(_, items)| *items);
            let count = said.or_else(before);
            let mut found = false;
            for list in map.over.lists() {
                let Some((giver, depth)) = giver(scopes, at, list) else { continue };
                found = true;
                let of = items.of.entry(giver.clone()).or_default();
                if of.len() <= depth {
                    of.resize(depth + 1, None);
                }
                match count {
                    Some(count) => of[depth] = Some(count as usize),
                    None if of[depth].is_none() => items.assumed.push((path.clone(), giver)),
                    None => {}
                }
            }
            if said.is_some() && !found {
                let problem = Problem::new(format!(
                    "the items of `{path}` are known, or come from what no task gives"
                ));
                return Err(problem.with_help("leave its number out, or give inputs").into());
            }
        }
        let mut unknown: Vec<&str> = open.into_keys().collect();
        unknown.sort_unstable();
        let unknown = unknown.into_iter().map(|name| {
            Problem::new(format!(
                "a number of items is given for `{name}`, and no node is called that"
            ))
        });
        Problems::check(unknown.collect())?;
        Ok(items)
    }
}

/// The path of the task whose output a list is, or is part of, and how many lists are around it
/// there.
fn giver(scopes: &Scopes<'_>, at: usize, list: &Expr) -> Option<(String, usize)> {
    let Expr::Ref(reference) = list else { return None };
    let (mut at, mut root, mut depth) = (at, reference.root, 0);
    loop {
        let scope = &scopes.0[at];
        match root {
            Root::Node(id) => {
                // What a workflow inside gives has the items that it makes.
                let gives = scope.workflow.node(id).flow().is_none();
                return gives.then(|| (scope.path(id), depth));
            }
            Root::Input(input) => {
                let (outer, id) = scope.around?;
                let node = scopes.0[outer].workflow.node(id);
                let map = node.map();
                let item = map.and_then(|map| map.items.iter().position(|item| *item == input));
                let bound = match (item, map) {
                    // An item of the list that the map around runs over.
                    (Some(list), Some(map)) => {
                        depth += 1;
                        map.over.lists().get(list)?
                    }
                    _ => node.args().get(input.index())?,
                };
                let Expr::Ref(bound) = bound else { return None };
                (at, root) = (outer, bound.root);
            }
            _ => return None,
        }
    }
}
