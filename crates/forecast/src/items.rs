//! How many items the maps have of which only a run knows.
//!
//! A map's items come from another node. No task is called here, so what that gives is made up, with
//! as many items as somebody said, or one.

use std::collections::HashMap;

use terrace_core::{Expr, NodeId, Problem, Problems, Root, Workflow};

/// How many items nodes give.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    /// By the path of the node that gives them: how many, and how many the lists in it have.
    pub(crate) of: HashMap<String, Vec<usize>>,
    /// Maps that nobody said anything of, with the node that gives the items.
    pub(crate) assumed: Vec<(String, String)>,
}

/// A workflow on the way, and how its inputs are bound outside.
struct Place<'w> {
    prefix: String,
    workflow: &'w Workflow,
    /// The node that it is inside, by the place it stands at.
    around: Option<(usize, NodeId)>,
}

/// So many workflows inside nodes are looked at.
const MOST: usize = 100_000;

impl Items {
    /// Finds out whose output has how many items, from what is said of maps or of those nodes.
    /// `recorded` holds where nothing is said, and may name what is not there.
    pub(crate) fn find(
        workflow: &Workflow,
        said: &[(String, u64)],
        recorded: &[(String, u64)],
    ) -> Result<Self, Problems> {
        let mut items = Self::default();
        let mut open: HashMap<&str, u64> =
            said.iter().map(|(name, items)| (name.as_str(), *items)).collect();
        let mut places = vec![Place { prefix: String::new(), workflow, around: None }];
        let mut maps = Vec::new();
        let mut at = 0;
        while at < places.len() && at < MOST {
            let (prefix, workflow) = (places[at].prefix.clone(), places[at].workflow);
            for id in workflow.node_ids() {
                let node = workflow.node(id);
                if node.flow().is_none() && open.is_empty() {
                    continue;
                }
                let path = format!("{prefix}{}", node.name());
                if let Some(count) = open.get(path.as_str()).filter(|_| node.map().is_none()) {
                    items.of.insert(path.clone(), vec![*count as usize]);
                    open.remove(path.as_str());
                }
                let Some(flow) = node.flow() else { continue };
                if node.map().is_some() {
                    maps.push((at, id, path.clone()));
                }
                let inner = flow.workflow();
                places.push(Place {
                    prefix: format!("{path}."),
                    workflow: inner,
                    around: Some((at, id)),
                });
            }
            at += 1;
        }
        for (at, id, path) in maps {
            let Some(map) = places[at].workflow.node(id).map() else { continue };
            let said = open.remove(path.as_str());
            let before = || recorded.iter().find(|(map, _)| *map == path).map(|(_, items)| *items);
            let count = said.or_else(before);
            let mut found = false;
            for list in map.over.lists() {
                let Some((giver, depth)) = giver(&places, at, list) else { continue };
                found = true;
                let of = items.of.entry(giver.clone()).or_default();
                let known = of.len() > depth;
                if of.len() <= depth {
                    of.resize(depth + 1, 1);
                }
                match count {
                    Some(count) => of[depth] = count as usize,
                    None if !known => items.assumed.push((path.clone(), giver)),
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
fn giver(places: &[Place<'_>], at: usize, list: &Expr) -> Option<(String, usize)> {
    let Expr::Ref(reference) = list else { return None };
    let (mut at, mut root, mut depth) = (at, reference.root, 0);
    loop {
        let place = &places[at];
        match root {
            Root::Node(id) => {
                let node = place.workflow.node(id);
                // What a workflow inside gives has the items that it makes.
                let path = || format!("{}{}", place.prefix, node.name());
                return node.flow().is_none().then(|| (path(), depth));
            }
            Root::Input(input) => {
                let (outer, id) = place.around?;
                let node = places[outer].workflow.node(id);
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
