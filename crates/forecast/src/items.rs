//! How many items the maps have of which only a run knows.
//!
//! A map's items come from another node. No task is called here, so what that gives is made up, with
//! as many items as somebody said, or one.

use std::collections::HashMap;

use terrace_core::{Expr, NodeId, Problem, Problems, Root, Workflow};

/// How many items nodes give.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    /// By the path of the node that gives them.
    pub(crate) of: HashMap<String, usize>,
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
    pub(crate) fn find(workflow: &Workflow, said: &[(String, u64)]) -> Result<Self, Problems> {
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
                    items.of.insert(path.clone(), *count as usize);
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
            let count = open.remove(path.as_str());
            let mut found = false;
            for list in map.over.lists() {
                let Some(giver) = giver(&places, at, list) else { continue };
                found = true;
                match (count, items.of.get(&giver)) {
                    (Some(count), _) => {
                        items.of.insert(giver, count as usize);
                    }
                    (None, None) => {
                        items.assumed.push((path.clone(), giver.clone()));
                        items.of.insert(giver, 1);
                    }
                    (None, Some(_)) => {}
                }
            }
            if count.is_some() && !found {
                open.insert("", 0);
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

/// The path of the task whose output a list is, or is part of.
fn giver(places: &[Place<'_>], at: usize, list: &Expr) -> Option<String> {
    let Expr::Ref(reference) = list else { return None };
    let (mut at, mut root) = (at, reference.root);
    loop {
        let place = &places[at];
        match root {
            Root::Node(id) => {
                let node = place.workflow.node(id);
                // What a workflow inside gives has the items that it makes.
                return node.flow().is_none().then(|| format!("{}{}", place.prefix, node.name()));
            }
            Root::Input(input) => {
                let (outer, id) = place.around?;
                let node = places[outer].workflow.node(id);
                let Expr::Ref(bound) = node.args().get(input.index())? else { return None };
                (at, root) = (outer, bound.root);
            }
            _ => return None,
        }
    }
}
