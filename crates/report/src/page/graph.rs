//! The nodes of a record's first line and what leads from one to another, with their places.

use std::collections::HashMap;

use serde::Serialize;
use terrace_core::{Routed, place, place_with_gaps};

use crate::record::{Header, Record, RecordNode};

use super::texts::Table;

/// Nodes and edges of a workflow from which on the page shows those of one task in a stretch of levels as
/// one, and gaps for edges say nothing. The page has the same number.
const SINGLE: usize = 1_200;
/// Nodes from which on places are left out.
const PLACED: usize = 12_000;
/// What an edge takes sideways where it passes a level, as a part of what a node takes.
const GAP: f64 = 0.1;

/// The nodes of the header, by number.
#[derive(Debug, Default, Serialize)]
pub(super) struct Nodes {
    pub(super) name: Vec<String>,
    pub(super) label: Vec<(u32, String)>,
    pub(super) task: Vec<u32>,
    pub(super) kind: Vec<u8>,
    pub(super) level: Vec<u64>,
    pub(super) inside: Vec<i64>,
    pub(super) order: Vec<u32>,
    /// Empty where there are too many.
    pub(super) x: Vec<f32>,
    /// Node, and where its edges pass the levels below it.
    pub(super) gaps: Vec<(u32, Vec<f32>)>,
    /// How many items a map had in all its runs, and how many of them failed.
    pub(super) items: Vec<(u32, u64, u64)>,
    pub(super) output: Vec<u32>,
}

/// Edges between nodes: from, to, port, or -1 for an edge without a value, -2 for a condition, -3 for
/// what a map runs over.
#[derive(Debug, Default, Serialize)]
pub(super) struct Edges {
    pub(super) from: Vec<u32>,
    pub(super) to: Vec<u32>,
    pub(super) port: Vec<i32>,
}

impl Nodes {
    pub(super) fn of(record: &Record, edges: &Edges, tasks: &mut Table) -> Self {
        let all = record.nodes();
        let mut nodes = Self::default();
        for (number, node) in (0_u32..).zip(all) {
            nodes.name.push(node.name.clone());
            if let Some(label) = &node.label {
                nodes.label.push((number, label.clone()));
            }
            nodes.task.push(tasks.number(&node.task));
            nodes.kind.push(kind(node));
            nodes.level.push(node.level);
            nodes.inside.push(node.inside.map_or(-1, i64::from));
            if node.output {
                nodes.output.push(number);
            }
        }
        let mut items: HashMap<u32, (u64, u64)> = HashMap::new();
        for map in &record.maps {
            if let Some(node) = map.place.node {
                let of = items.entry(node).or_default();
                *of = (of.0 + map.items, of.1 + map.failed);
            }
        }
        nodes.items =
            items.into_iter().map(|(node, (items, failed))| (node, items, failed)).collect();
        nodes.items.sort_unstable();
        nodes.place(all, edges);
        nodes
    }

    /// Places every workflow by itself: the run's own, and each that is inside a node.
    fn place(&mut self, all: &[RecordNode], edges: &Edges) {
        self.order = vec![0; all.len()];
        self.x = vec![0.0; all.len()];
        let mut scopes: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
        for (number, node) in (0_u32..).zip(all) {
            scopes.entry(node.inside).or_default().push(number);
        }
        // The number of each node in its own workflow.
        let mut local = vec![0_u32; all.len()];
        for nodes in scopes.values() {
            for (at, &node) in (0_u32..).zip(nodes) {
                local[node as usize] = at;
            }
        }
        let mut joined: HashMap<Option<u32>, Vec<(u32, u32)>> = HashMap::new();
        for (&from, &to) in edges.from.iter().zip(&edges.to) {
            let (a, b) = (&all[from as usize], &all[to as usize]);
            // What is wrong in a damaged record has no place.
            if a.inside == b.inside && a.level < b.level {
                let edge = (local[from as usize], local[to as usize]);
                joined.entry(a.inside).or_default().push(edge);
            }
        }
        for (scope, nodes) in &scopes {
            // Levels without nodes are left out, however high a damaged record counts.
            let mut used: Vec<u64> = nodes.iter().map(|&node| all[node as usize].level).collect();
            used.sort_unstable();
            used.dedup();
            let level =
                |node: &u32| used.partition_point(|&used| used < all[*node as usize].level) as u32;
            let levels: Vec<u32> = nodes.iter().map(level).collect();
            let joined = joined.get(scope).map_or(&[][..], Vec::as_slice);
            // All are equally wide.
            let widths = vec![1.0; levels.len()];
            let routed = if levels.len() + joined.len() <= SINGLE {
                place_with_gaps(&levels, &widths, joined, GAP)
            } else {
                let placed = place(&levels, &widths, joined);
                Routed { order: placed.order, x: placed.x, gaps: Vec::new() }
            };
            for (at, &node) in nodes.iter().enumerate() {
                self.order[node as usize] = routed.order[at];
                self.x[node as usize] = routed.x[at] as f32;
            }
            let gaps = nodes.iter().zip(routed.gaps).filter(|(_, gaps)| !gaps.is_empty());
            let short = |gaps: Vec<f64>| gaps.into_iter().map(|x| x as f32).collect();
            self.gaps.extend(gaps.map(|(&node, gaps)| (node, short(gaps))));
        }
        self.gaps.sort_unstable_by_key(|(node, _)| *node);
        if all.len() > PLACED {
            self.x.clear();
        }
    }
}

impl Edges {
    pub(super) fn of(header: &Header, ports: &mut Table) -> Self {
        let mut edges = Self::default();
        let known = header.nodes.len() as u32;
        for (number, node) in (0_u32..).zip(&header.nodes) {
            let inputs = node.inputs.iter().map(|edge| (edge.1, ports.number(&edge.0) as i32));
            let inputs: Vec<(u32, i32)> = inputs.collect();
            let others = [(&node.after, -1), (&node.when, -2), (&node.over, -3)];
            let others =
                others.iter().flat_map(|(all, kind)| all.iter().map(move |&from| (from, *kind)));
            for (from, port) in inputs.iter().copied().chain(others).filter(|edge| edge.0 < known) {
                edges.from.push(from);
                edges.to.push(number);
                edges.port.push(port);
            }
        }
        edges
    }
}

/// Kinds as numbers that the page knows.
fn kind(node: &RecordNode) -> u8 {
    let kinds = ["task", "dynamic", "map", "loop", "flow", "branches", "succeed"];
    kinds.iter().position(|kind| *kind == node.kind()).unwrap_or(0) as u8
}
