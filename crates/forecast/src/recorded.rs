//! From the [`Record`] of a run to a workflow whose nodes are what ran in it, each as long as it ran.
//!
//! The graph is flat: the items of a map and what runs inside nodes are nodes beside each other, with
//! the paths of the record as labels. An item waits for what its map waited for, and what waited for
//! the map waits for all items; passes of a loop follow each other. So no more of the record is
//! needed than its first line and who ran how long.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Args, Draft, Lane, Limit, Need, NodeDraft, NodeId, OutcomeStatus, Policy, Signature, Task,
    TaskChoice, TaskRef,
};
use terrace_report::{Attempt, Record, RecordNode, bare_path, path_parts};

use crate::names::Names;
use crate::never::Never;

/// A workflow made of a record, and what had to be assumed.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The workflow: a node for each task that ran, with `expected` as long as that took.
    pub draft: Draft,
    /// How many workers the run had; `None` where it had none of its own, or the record does not
    /// say.
    pub workers: Option<u32>,
    /// How long the run took.
    pub duration: Duration,
    /// What the record does not tell, in words.
    pub assumed: Vec<String>,
}

/// So many edges are drawn from each part of one node to each part of the next; more go through a
/// node between them that takes no time.
const MOST_EDGES: usize = 1_000_000;

impl Recorded {
    /// Makes a workflow of a record. Costs O(tasks × their number of predecessors).
    pub fn of(record: &Record) -> Self {
        let tree = Tree::of(record);
        let mut flat = Flat::new(record);
        flat.tasks(&tree);
        let name = match record.header.workflow.is_empty() {
            true => record.header.run.clone(),
            false => record.header.workflow.clone(),
        };
        let mut draft = Draft { name: Some(name), nodes: flat.nodes, ..Draft::default() };
        draft.rules.limits = record.header.limits.iter().filter_map(limit).collect();
        let mut assumed = flat.assumed;
        if let Some(cut) = &record.cut {
            assumed.push(cut.to_string());
        }
        if record.header.nodes.iter().any(|node| node.inside.is_some()) {
            assumed.push(
                "what ran inside nodes stands in one graph with the rest, without `window`, \
                 `concurrency` and `max_concurrent`"
                    .to_owned(),
            );
        }
        let workers = record.header.workers.and_then(|workers| u32::try_from(workers).ok());
        Self {
            draft,
            workers: workers.filter(|&workers| workers > 0),
            duration: Duration::from_nanos(record.duration()),
            assumed,
        }
    }
}

fn limit(limit: &terrace_report::RecordLimit) -> Option<Limit> {
    let per = Duration::from_nanos(limit.per.unwrap_or(0));
    let starts =
        limit.starts.and_then(|starts| u32::try_from(starts).ok()).filter(|&starts| starts > 0);
    let rate = starts.filter(|_| !per.is_zero());
    let made = match (limit.most, limit.bytes, rate) {
        (Some(most), true, _) => Limit::memory(&*limit.name, most),
        (Some(most), false, None) => Limit::concurrency(&*limit.name, most),
        (Some(most), false, Some(starts)) => {
            Limit::concurrency(&*limit.name, most).with_rate(starts, per)
        }
        (None, _, Some(starts)) => Limit::rate(&*limit.name, starts, per),
        (None, _, None) => return None,
    };
    Some(made)
}

/// What ran, by its path: names and items alternate as they are nested.
#[derive(Default)]
struct Tree<'r> {
    places: Vec<Place<'r>>,
}

/// A node, an item or a pass that ran, or something around one.
#[derive(Default)]
struct Place<'r> {
    path: String,
    /// The node of the record's first line.
    node: Option<u32>,
    attempts: Vec<&'r Attempt>,
    status: Option<OutcomeStatus>,
    ran: u64,
    /// In the order in which they are first told of.
    children: Vec<usize>,
    /// Names in it, and items.
    by_name: BTreeMap<String, usize>,
}

impl<'r> Tree<'r> {
    fn of(record: &'r Record) -> Self {
        let mut tree = Self { places: vec![Place::default()] };
        // Those of the outermost workflow in their order, whenever they ran.
        for number in 0..record.header.own.min(record.header.nodes.len() as u64) {
            let place = tree.place(&record.header.nodes[number as usize].name);
            tree.places[place].node = Some(number as u32);
        }
        for attempt in &record.attempts {
            let place = tree.place(attempt.place.name(&record.header));
            tree.places[place].node = attempt.place.node.or(tree.places[place].node);
            tree.places[place].attempts.push(attempt);
        }
        for end in &record.ends {
            let place = tree.place(end.place.name(&record.header));
            let place = &mut tree.places[place];
            place.node = end.place.node.or(place.node);
            (place.status, place.ran) = (Some(end.status), end.ran);
        }
        tree
    }

    /// The place of a path, made where there is none.
    fn place(&mut self, path: &str) -> usize {
        let mut at = 0;
        for part in path_parts(path) {
            at = match self.places[at].by_name.get(part) {
                Some(&known) => known,
                None => {
                    let new = self.places.len();
                    let around = &self.places[at].path;
                    let dot = if part.starts_with('[') || around.is_empty() { "" } else { "." };
                    let path = format!("{around}{dot}{part}");
                    self.places.push(Place { path, ..Place::default() });
                    self.places[at].by_name.insert(part.to_owned(), new);
                    self.places[at].children.push(new);
                    new
                }
            };
        }
        at
    }
}

/// The flat graph being made.
struct Flat<'r> {
    record: &'r Record,
    /// Those of the first line by name, for what is inside.
    numbers: HashMap<&'r str, u32>,
    nodes: Vec<NodeDraft>,
    names: Names,
    tasks: HashMap<Arc<str>, TaskRef>,
    assumed: Vec<String>,
}

/// Work to do, so that nesting takes no stack.
enum Step {
    /// Flatten a place that waits for these.
    Enter(usize, Vec<u32>),
    /// Go on with the children of a place from one on; the ends of those before, by their position.
    Children { place: usize, order: Vec<usize>, next: usize, before: Vec<u32>, ends: Vec<Vec<u32>> },
}

impl<'r> Flat<'r> {
    fn new(record: &'r Record) -> Self {
        let mut numbers = HashMap::new();
        for (number, node) in record.header.nodes.iter().enumerate() {
            numbers.entry(node.name.as_str()).or_insert(number as u32);
        }
        Self {
            record,
            numbers,
            nodes: Vec::new(),
            names: Names::default(),
            tasks: HashMap::new(),
            assumed: Vec::new(),
        }
    }

    fn node(&self, place: &Place<'_>) -> Option<&'r RecordNode> {
        let bare = bare_path(&place.path);
        let number = self.numbers.get(&*bare).copied().or(place.node)?;
        self.record.header.nodes.get(number as usize)
    }

    fn tasks(&mut self, tree: &Tree<'r>) {
        let mut steps = vec![Step::Enter(0, Vec::new())];
        // What the last place that was flattened ends with.
        let mut given: Option<Vec<u32>> = None;
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(at, before) => {
                    let place = &tree.places[at];
                    let node = self.node(place);
                    let is_dynamic = node.is_some_and(|node| node.kind() == "dynamic");
                    if is_dynamic && !place.children.is_empty() {
                        self.assumed.push(format!(
                            "`{}` is one task: the record does not have the graph that it gave",
                            place.path
                        ));
                    }
                    if at != 0 && (place.children.is_empty() || is_dynamic) {
                        given = Some(self.leaves(place, node, before));
                        continue;
                    }
                    let order = self.order(tree, at);
                    steps.push(Step::Children {
                        place: at,
                        order,
                        next: 0,
                        before,
                        ends: Vec::new(),
                    });
                }
                Step::Children { place, order, next, before, mut ends } => {
                    ends.extend(given.take());
                    if next == order.len() {
                        given = Some(self.last(tree, place, &order, &ends));
                        continue;
                    }
                    let child = order[next];
                    let waits = self.waits_for(tree, place, &order, next, &before, &ends);
                    steps.push(Step::Children { place, order, next: next + 1, before, ends });
                    steps.push(Step::Enter(child, waits));
                }
            }
        }
    }

    /// The children of a place, each after those that it waits for.
    fn order(&self, tree: &Tree<'r>, at: usize) -> Vec<usize> {
        let mut children = tree.places[at].children.clone();
        let key = |&child: &usize| {
            let place = &tree.places[child];
            let level = self.node(place).map_or(0, |node| node.level);
            // Items and passes in their order, nodes by level.
            let number = place
                .path
                .rsplit_once('[')
                .and_then(|(_, item)| item.strip_suffix(']')?.parse().ok());
            match place.path.ends_with(']') {
                true => (0, number.unwrap_or(0)),
                false => (level, 0_u64),
            }
        };
        children.sort_by_key(key);
        children
    }

    /// What a child waits for.
    fn waits_for(
        &mut self,
        tree: &Tree<'r>,
        around: usize,
        order: &[usize],
        next: usize,
        before: &[u32],
        ends: &[Vec<u32>],
    ) -> Vec<u32> {
        let child = &tree.places[order[next]];
        if child.path.ends_with(']') {
            let is_loop = self.node(&tree.places[around]).is_some_and(|node| node.kind() == "loop");
            return match ends.last() {
                Some(last) if is_loop => last.clone(),
                _ => before.to_vec(),
            };
        }
        let Some(node) = self.node(child) else { return before.to_vec() };
        let mut waits = Vec::new();
        for on in node.dependencies() {
            let Some(name) = self.record.header.nodes.get(on as usize).map(|on| &on.name) else {
                continue;
            };
            let own = name.rsplit_once('.').map_or(name.as_str(), |(_, own)| own);
            let sibling = tree.places[around].by_name.get(own);
            let position =
                sibling.and_then(|at| order[..next].iter().position(|known| known == at));
            if let Some(position) = position {
                waits.push(&ends[position]);
            }
        }
        // Of a body the first wait for what is around.
        match &waits[..] {
            [] => before.to_vec(),
            [one] => one.to_vec(),
            several => {
                let mut all: Vec<u32> =
                    several.iter().flat_map(|ends| ends.iter().copied()).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    /// What a place ends with: all that nothing in it waits for.
    fn last(&mut self, tree: &Tree<'r>, at: usize, order: &[usize], ends: &[Vec<u32>]) -> Vec<u32> {
        let is_loop = self.node(&tree.places[at]).is_some_and(|node| node.kind() == "loop");
        if is_loop {
            return ends.last().cloned().unwrap_or_default();
        }
        let mut read: Vec<&str> = Vec::new();
        for &child in order {
            let place = &tree.places[child];
            if let Some(node) = self.node(place).filter(|_| !place.path.ends_with(']')) {
                for on in node.dependencies() {
                    let name = self.record.header.nodes.get(on as usize).map(|on| on.name.as_str());
                    read.extend(
                        name.map(|name| name.rsplit_once('.').map_or(name, |(_, own)| own)),
                    );
                }
            }
        }
        let is_read = |child: usize| {
            let path = &tree.places[child].path;
            !path.ends_with(']') && path_parts(path).last().is_some_and(|own| read.contains(own))
        };
        let mut all: Vec<u32> = order
            .iter()
            .zip(ends)
            .filter(|(child, _)| at != 0 && !is_read(**child))
            .flat_map(|(_, ends)| ends.iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The nodes of a place that ran a task: one, or so many as a map had items that the record tells
    /// of as a whole.
    fn leaves(
        &mut self,
        place: &Place<'_>,
        node: Option<&RecordNode>,
        before: Vec<u32>,
    ) -> Vec<u32> {
        if place.attempts.is_empty() && place.ran == 0 {
            // It never ran: what waits for it waits for what it waits for.
            return before;
        }
        let is_map = node.is_some_and(|node| node.kind() == "map") && !place.path.ends_with(']');
        let items =
            self.record.maps.iter().find(|map| map.place.name(&self.record.header) == place.path);
        if let Some(map) = items.filter(|map| is_map && map.items > 0) {
            let workers = self.record.header.workers.unwrap_or(1).max(1);
            let at_once = map.items.min(workers);
            let time = Duration::from_nanos(place.ran.saturating_mul(at_once) / map.items);
            self.assumed.push(format!(
                "the {} items of `{}` took equally long: the record tells of them as a whole",
                map.items, place.path
            ));
            let before = self.joined(before, map.items as usize);
            return (0..map.items)
                .map(|item| {
                    let path = format!("{}[{item}]", place.path);
                    self.leaf(&path, place, node, time, before.clone())
                })
                .collect();
        }
        let ended = |attempt: &&Attempt| {
            attempt.end.unwrap_or(self.record.last).saturating_sub(attempt.start)
        };
        let time = match place.attempts.is_empty() {
            true => place.ran,
            false => place.attempts.iter().map(ended).sum(),
        };
        vec![self.leaf(&place.path, place, node, Duration::from_nanos(time), before)]
    }

    /// A node between many and many others, so that not each waits for each.
    fn joined(&mut self, before: Vec<u32>, others: usize) -> Vec<u32> {
        if before.len() < 2 || before.len().saturating_mul(others) <= MOST_EDGES {
            return before;
        }
        let place = Place { path: "join".to_owned(), ..Place::default() };
        vec![self.leaf("join", &place, None, Duration::ZERO, before)]
    }

    fn leaf(
        &mut self,
        path: &str,
        place: &Place<'_>,
        node: Option<&RecordNode>,
        time: Duration,
        after: Vec<u32>,
    ) -> u32 {
        let told = place.attempts.first().and_then(|attempt| attempt.task.clone());
        let task: Arc<str> = match (told, node) {
            (Some(task), _) => task,
            (None, Some(node)) => node.task.as_str().into(),
            (None, None) => path.into(),
        };
        let made = self.tasks.entry(task).or_insert_with_key(|name| TaskRef {
            name: name.clone(),
            signature: Arc::new(Signature::default()),
            body: Arc::new(Never) as Arc<dyn Task>,
            pack: None,
        });
        let mut leaf =
            NodeDraft::new(TaskChoice::Inline(made.clone()), Args::Positional(Vec::new()));
        let name = self.names.name(path);
        leaf.label = (*name != *path).then(|| path.to_owned());
        leaf.name = Some(name);
        leaf.after = after.iter().filter_map(|&at| NodeId::at(at as usize)).collect();
        let blocks = match place.attempts.first() {
            Some(attempt) => attempt.lane == Lane::Blocking,
            None => node.is_some_and(|node| node.blocking),
        };
        leaf.lane = blocks.then_some(Lane::Blocking);
        let limits = &self.record.header.limits;
        let needs = node.map_or(&[][..], |node| &node.needs).iter();
        let needs = needs.filter(|need| limits.iter().any(|limit| limit.name == need.0));
        let needs = needs.map(|need| Need { limit: need.0.as_str().into(), amount: need.1 });
        leaf.policy = Some(Arc::new(Policy {
            expected: Some(time),
            needs: needs.collect(),
            ..Policy::default()
        }));
        self.nodes.push(leaf);
        (self.nodes.len() - 1) as u32
    }
}
