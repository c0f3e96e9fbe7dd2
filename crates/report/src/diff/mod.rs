//! [`Diff`]: what changed from one run to another, by their records.
//!
//! Nodes are matched by their names, those inside others by their paths without items. Three things
//! are compared: the graph, how everything ended, and how long it ran. Text and JSON in [`show`].

mod show;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use terrace_core::OutcomeStatus;

use crate::by_path::by_path;
use crate::record::{Header, Record};

/// What of a difference in time is noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Less than this, in nanoseconds, is.
    pub least: u64,
    /// So much of the longer time is.
    pub part: f64,
}

impl Default for Noise {
    /// Less than a millisecond, or than 5 %.
    fn default() -> Self {
        Self { least: 1_000_000, part: 0.05 }
    }
}

impl Noise {
    fn hides(self, a: u64, b: u64) -> bool {
        let apart = a.abs_diff(b);
        apart < self.least || (apart as f64) < a.max(b) as f64 * self.part
    }
}

/// What changed from one run to another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diff {
    /// The runs as a whole.
    pub runs: [RunSide; 2],
    /// Nodes that only the second has.
    pub added: Vec<String>,
    /// Nodes that only the first has.
    pub removed: Vec<String>,
    /// Nodes that run something else.
    pub retasked: Vec<Changed<String>>,
    /// Edges that only the second has.
    pub edges_added: Vec<EdgeName>,
    /// Edges that only the first has.
    pub edges_removed: Vec<EdgeName>,
    /// Nodes and items that ended otherwise; `None` where one of the runs did not come to them.
    pub outcomes: Vec<Changed<Option<OutcomeStatus>>>,
    /// Nodes whose times differ by more than the noise, the largest difference first.
    pub times: Vec<TimeChange>,
    /// How many nodes ran in both and took about as long.
    pub alike: usize,
    /// What counted as noise.
    pub noise: Noise,
}

/// A run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSide {
    /// Its id.
    pub run: String,
    /// The workflow's name.
    pub workflow: String,
    /// How it ended; `None` where the record does not tell.
    pub status: Option<String>,
    /// How long it took, in nanoseconds.
    pub duration: u64,
    /// Workers.
    pub workers: Option<u64>,
    /// `dataflow` or `levels`.
    pub order: String,
    /// Why the record does not tell everything.
    pub cut: Option<String>,
}

/// Something that is otherwise in the second run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<T> {
    /// The node or item.
    pub name: String,
    /// In the first run and in the second.
    pub sides: [T; 2],
}

/// An edge, by names: the second node waits for the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeName {
    /// Who is waited for.
    pub from: String,
    /// Who waits.
    pub to: String,
    /// The port that takes the value; `after`, `when` or `over` where it is no value of a port.
    pub port: String,
}

/// A node whose time changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeChange {
    /// Its name; of what is inside others the path without items.
    pub name: String,
    /// How long all that it did ran together, in nanoseconds, in the first run and in the second.
    pub ran: [u64; 2],
    /// How many times it ran.
    pub times: [u64; 2],
}

impl Diff {
    /// Compares two records. O(nodes + edges + lines).
    pub fn of(a: &Record, b: &Record, noise: Noise) -> Self {
        let sides = [a, b];
        let runs = sides.map(|record| RunSide {
            run: record.header.run.clone(),
            workflow: record.header.workflow.clone(),
            status: record.status.as_ref().map(|(status, _)| status.clone()),
            duration: record.duration(),
            workers: record.header.workers,
            order: record.header.order.clone(),
            cut: record.cut.as_ref().map(ToString::to_string),
        });
        let [nodes_a, nodes_b] = sides.map(|record| nodes(&record.header));
        let only = |these: &BTreeMap<&str, &str>, others: &BTreeMap<&str, &str>| -> Vec<String> {
            these
                .keys()
                .filter(|name| !others.contains_key(*name))
                .map(|&name| name.to_owned())
                .collect()
        };
        let retasked = nodes_a.iter().filter_map(|(name, task)| {
            let other = nodes_b.get(name).filter(|other| *other != task)?;
            Some(Changed {
                name: (*name).to_owned(),
                sides: [(*task).to_owned(), (*other).to_owned()],
            })
        });
        let [edges_a, edges_b] = sides.map(|record| edges(&record.header));
        let (times, alike) = times(sides, noise);
        Self {
            runs,
            added: only(&nodes_b, &nodes_a),
            removed: only(&nodes_a, &nodes_b),
            retasked: retasked.collect(),
            edges_added: edges_b.difference(&edges_a).cloned().collect(),
            edges_removed: edges_a.difference(&edges_b).cloned().collect(),
            outcomes: outcomes(sides),
            times,
            alike,
            noise,
        }
    }

    /// Whether graph and outcomes are the same and no time differs by more than the noise.
    pub fn is_empty(&self) -> bool {
        let graph = [&self.added, &self.removed].iter().all(|names| names.is_empty())
            && self.retasked.is_empty()
            && self.edges_added.is_empty()
            && self.edges_removed.is_empty();
        graph
            && self.outcomes.is_empty()
            && self.times.is_empty()
            && self.runs[0].status == self.runs[1].status
    }
}

/// The nodes with what they run.
fn nodes(header: &Header) -> BTreeMap<&str, &str> {
    header.nodes.iter().map(|node| (node.name.as_str(), node.task.as_str())).collect()
}

fn edges(header: &Header) -> BTreeSet<EdgeName> {
    let mut edges = BTreeSet::new();
    for node in &header.nodes {
        let mut add = |port: &str, on: u32| {
            if let Some(on) = header.nodes.get(on as usize) {
                edges.insert(EdgeName {
                    from: on.name.clone(),
                    to: node.name.clone(),
                    port: port.to_owned(),
                });
            }
        };
        node.inputs.iter().for_each(|edge| add(&edge.0, edge.1));
        node.over.iter().for_each(|&on| add("over", on));
        node.when.iter().for_each(|&on| add("when", on));
        node.after.iter().for_each(|&on| add("after", on));
    }
    edges
}

/// What ended otherwise, in the order of paths.
fn outcomes(sides: [&Record; 2]) -> Vec<Changed<Option<OutcomeStatus>>> {
    let ends = sides.map(|record| {
        let ends = record.ends.iter().map(|end| (end.place.name(&record.header), end.status));
        ends.collect::<HashMap<&str, OutcomeStatus>>()
    });
    let mut seen = BTreeSet::new();
    let mut changed = Vec::new();
    for record in sides {
        for end in &record.ends {
            let name = end.place.name(&record.header);
            let statuses = [ends[0].get(name).copied(), ends[1].get(name).copied()];
            if statuses[0] != statuses[1] && seen.insert(name) {
                changed.push(Changed { name: name.to_owned(), sides: statuses });
            }
        }
    }
    changed.sort_by(|a, b| by_path(&a.name, &b.name));
    changed
}

/// The times that changed, the largest difference first, and how many did not.
fn times(sides: [&Record; 2], noise: Noise) -> (Vec<TimeChange>, usize) {
    let mut all: BTreeMap<String, TimeChange> = BTreeMap::new();
    for (side, record) in sides.iter().enumerate() {
        for end in record.ends.iter().filter(|end| end.attempts > 0 || end.ran > 0) {
            let path = end.place.name(&record.header);
            // Of a map the items are told, not the whole again.
            if is_told_by_items(record, path) {
                continue;
            }
            let name = without_items(path);
            let entry = all.entry(name.clone()).or_insert_with(|| TimeChange {
                name,
                ran: [0; 2],
                times: [0; 2],
            });
            entry.ran[side] = entry.ran[side].saturating_add(end.ran);
            entry.times[side] += 1;
        }
    }
    let both = all.into_values().filter(|change| change.times.iter().all(|&times| times > 0));
    let (alike, mut changed): (Vec<TimeChange>, Vec<TimeChange>) =
        both.partition(|change| noise.hides(change.ran[0], change.ran[1]));
    changed.sort_by(|a, b| {
        let effect = |change: &TimeChange| change.ran[0].abs_diff(change.ran[1]);
        effect(b).cmp(&effect(a)).then_with(|| a.name.cmp(&b.name))
    });
    (changed, alike.len())
}

/// Whether a path is that of a map whose items have lines of their own.
fn is_told_by_items(record: &Record, path: &str) -> bool {
    !record.header.without_items
        && !path.ends_with(']')
        && record.maps.iter().any(|map| map.items > 0 && map.place.name(&record.header) == path)
}

/// A path without the items in it: `pages[3].fetch` is `pages.fetch`.
fn without_items(path: &str) -> String {
    let mut bare = String::with_capacity(path.len());
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for c in path.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            '[' if !inside => inside = true,
            ']' if inside && !quoted => inside = false,
            _ if inside => {}
            c => bare.push(c),
        }
    }
    bare
}
