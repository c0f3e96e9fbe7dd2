//! [`Model`]: what is known of a run while it goes on, from its events and from looks at it.
//!
//! Nodes are told one by one only where that costs next to nothing ([`Follow`]); of others looks tell
//! how many have ended, and maps tell their items in portions either way.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use terrace::core::{Event, EventKind, EventKinds, NodeId, OutcomeStatus, Redactor, Workflow};
use terrace::report::Ran;
use terrace::scheduler::Look;

use super::eta::{Costs, Guess};
use super::follow::{Follow, tells_items};
use super::view::{Held, Level, Pause, Running, View};
use super::work::{Tried, Work};

/// How many pauses are kept: a look shows two.
const PAUSES: usize = 200;

/// What is known of a run.
pub(super) struct Model {
    workflow: Workflow,
    redactor: Redactor,
    by_node: bool,
    /// Whether items of maps over one task are told of too.
    by_item: bool,
    /// Whether what is left is guessed from each node: of many that costs more than it tells.
    costs_by_node: bool,
    nodes: u64,
    ended: u64,
    items: (u64, u64),
    levels: Vec<LevelState>,
    running: HashMap<Key, Begun>,
    /// Own nodes that have ended.
    over: HashSet<NodeId>,
    pauses: HashMap<Key, Paused>,
    failed: u64,
    skipped: u64,
    retried: u64,
    abandoned: u64,
    costs: Costs,
    guess: Guess,
    work: Work,
}

/// A node: of the run's own workflow, or one inside by its path.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Own(NodeId),
    Inside(Arc<str>),
}

impl Key {
    fn new(node: NodeId, path: Option<&Arc<str>>) -> Self {
        path.map_or(Self::Own(node), |path| Self::Inside(path.clone()))
    }
}

#[derive(Default)]
struct LevelState {
    total: u64,
    begun: bool,
    ended: u64,
}

struct Begun {
    at: Duration,
    says: Option<(f64, String)>,
    items: Option<(u64, u64)>,
}

struct Paused {
    attempt: u32,
    until: Duration,
    error: String,
}

impl Model {
    pub(super) fn new(workflow: &Workflow, redactor: Redactor) -> Self {
        let follow = Follow::of(workflow);
        Self {
            workflow: workflow.clone(),
            redactor,
            by_node: follow.is_some(),
            by_item: follow.is_some() && tells_items(workflow),
            costs_by_node: follow == Some(Follow::Few),
            nodes: workflow.nodes().len() as u64,
            ended: 0,
            items: (0, 0),
            levels: Vec::new(),
            running: HashMap::new(),
            over: HashSet::new(),
            pauses: HashMap::new(),
            failed: 0,
            skipped: 0,
            retried: 0,
            abandoned: 0,
            costs: Costs::default(),
            guess: Guess::default(),
            work: Work::new(follow.is_some()),
        }
    }

    /// What it needs to be told.
    pub(super) fn wants(&self) -> EventKinds {
        let rare = EventKinds::RUN | EventKinds::MAPS | EventKinds::PROGRESS | EventKinds::RETRIES;
        let nodes = EventKinds::NODES | EventKinds::INSIDE;
        match (self.by_node, self.by_item) {
            (false, _) => rare,
            (true, false) => rare | nodes,
            (true, true) => rare | nodes | EventKinds::ITEMS,
        }
    }

    /// How long all that ran took together, where it was told of as much as was inside nodes.
    pub(super) fn work(&self, inside: u64) -> Option<Duration> {
        self.work.of_all(inside)
    }

    /// When each ran, where nodes are told of one by one and there were not too many. What of maps is
    /// told in portions is not among them.
    pub(super) fn ran(&self) -> Option<&[Ran]> {
        self.work.ran()
    }

    /// The attempts of a node of the run's own workflow before its last, as far as they were told.
    pub(super) fn tried(&self, node: NodeId) -> Tried {
        self.work.tried(node)
    }

    /// How long attempts of something inside a node ran before its last.
    pub(super) fn tried_inside(&self, path: &str) -> Duration {
        self.work.tried_inside(path)
    }

    /// Takes note of an event.
    pub(super) fn take(&mut self, event: &Event) {
        self.work.take(event, &self.workflow);
        match &event.kind {
            // Items of maps are shown in numbers, whoever else wants to know of each.
            EventKind::NodeStarted { path, .. } | EventKind::NodeFinished { path, .. }
                if !self.by_node || path.as_ref().is_some_and(|path| path.ends_with(']')) => {}
            EventKind::RunStarted { nodes, .. } => self.nodes = *nodes as u64,
            EventKind::NodeStarted { node, path, .. } => {
                let key = Key::new(*node, path.as_ref());
                self.pauses.remove(&key);
                if path.is_none() {
                    self.level(*node).begun = true;
                }
                self.running.entry(key).or_insert_with(|| Begun::at(event.at));
            }
            EventKind::NodeProgress { node, path, fraction, note } => {
                // Of an item of a map neither start nor end was told: it is not shown.
                if let Some(begun) = self.running.get_mut(&Key::new(*node, path.as_ref())) {
                    begun.says = Some((fraction.clamp(0.0, 1.0), note.clone()));
                }
            }
            EventKind::MapStarted { node, path, items } => {
                self.items.1 += items;
                let key = Key::new(*node, path.as_ref());
                // Where nodes are not told of one by one, maps are.
                if self.by_node || path.is_none() {
                    let begun = self.running.entry(key).or_insert_with(|| Begun::at(event.at));
                    begun.items = Some((0, *items));
                }
            }
            EventKind::MapAdvanced { node, path, items } => {
                self.items.0 += items;
                let begun = self.running.get_mut(&Key::new(*node, path.as_ref()));
                if let Some((done, _)) = begun.and_then(|begun| begun.items.as_mut()) {
                    *done += items;
                }
            }
            EventKind::MapFinished { node, path, .. } if !self.by_node => {
                self.running.remove(&Key::new(*node, path.as_ref()));
            }
            EventKind::NodeRetrying { node, path, attempt, error, pause } => {
                self.retried += 1;
                if self.pauses.len() == PAUSES {
                    self.pauses.retain(|_, paused| paused.until > event.at);
                }
                if self.pauses.len() < PAUSES {
                    let paused = Paused {
                        attempt: attempt + 1,
                        until: event.at + *pause,
                        error: error.to_string(),
                    };
                    self.pauses.insert(Key::new(*node, path.as_ref()), paused);
                }
                self.running.remove(&Key::new(*node, path.as_ref()));
            }
            EventKind::NodeAbandoned { .. } => self.abandoned += 1,
            EventKind::NodeFinished { node, path, status, duration, attempts, .. } => {
                let key = Key::new(*node, path.as_ref());
                self.running.remove(&key);
                self.pauses.remove(&key);
                match status {
                    OutcomeStatus::Failed | OutcomeStatus::TimedOut => self.failed += 1,
                    OutcomeStatus::Skipped => self.skipped += 1,
                    _ => {}
                }
                // What runs inside a node belongs to it.
                if path.is_none() {
                    self.ended += 1;
                    self.level(*node).ended += 1;
                    if self.costs_by_node {
                        self.over.insert(*node);
                    }
                    if *attempts > 0 {
                        self.costs.learn(&self.workflow.node(*node).task().name, *duration);
                    }
                }
            }
            _ => {}
        }
    }

    /// What is to be seen at a moment, `look` telling how the run stands.
    pub(super) fn view(&mut self, look: &Look) -> View {
        let now = look.at;
        if !self.by_node {
            self.nodes = look.nodes as u64;
            self.ended = look.ended as u64;
        }
        let done = self.ended + self.items.0;
        // A map may be told of between two looks: no more has ended than there is.
        let total = (self.nodes + self.items.1).max(done);
        let left = self.left(now, done, total);
        let mut pauses: Vec<(Duration, Pause)> = self
            .pauses
            .iter()
            .filter(|(_, paused)| paused.until > now)
            .map(|(key, paused)| {
                let left = paused.until - now;
                let error = self.redactor.mask(&paused.error).into_owned();
                let (name, attempt) = (self.name(key), paused.attempt);
                (left, Pause { name, attempt, left, error })
            })
            .collect();
        pauses.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
        let held = look.standing.iter().flat_map(|standing| &standing.held);
        View {
            name: self.workflow.name().to_owned(),
            elapsed: now,
            done,
            total,
            left,
            levels: self.levels_under_way(),
            all_levels: self.workflow.levels().len(),
            running: self.running(now),
            pauses: pauses.into_iter().map(|(_, pause)| pause).collect(),
            held: held
                .map(|held| Held {
                    limit: held.limit.clone(),
                    units: held.units,
                    next: held.next.map(|next| next.saturating_sub(now)),
                })
                .collect(),
            failed: self.failed,
            skipped: self.skipped,
            retried: self.retried,
            abandoned: self.abandoned,
        }
    }

    fn left(&mut self, now: Duration, done: u64, total: u64) -> Option<Duration> {
        let (workflow, over, running) = (&self.workflow, &self.over, &self.running);
        let by_node = self.costs_by_node.then_some(|costs: &Costs| {
            costs.left(workflow, now, |id| match over.contains(&id) {
                true => super::eta::At::Over,
                false => match running.get(&Key::Own(id)) {
                    Some(begun) => super::eta::At::Running { since: begun.at, items: begun.items },
                    None => super::eta::At::Ahead,
                },
            })
        });
        self.guess.at(now, || match by_node {
            Some(left) => left(&self.costs),
            None => super::eta::by_rate(now, done, total),
        })
    }

    fn levels_under_way(&self) -> Vec<Level> {
        let levels = self.levels.iter().enumerate();
        levels
            .filter(|(_, level)| level.begun && level.ended < level.total)
            .map(|(at, level)| Level { level: at, done: level.ended, total: level.total })
            .collect()
    }

    /// What runs, longest first; of what runs inside something only the innermost, maps apart,
    /// which say how far they are.
    fn running(&self, now: Duration) -> Vec<Running> {
        let mut around: HashSet<&str> = HashSet::new();
        for key in self.running.keys() {
            if let Key::Inside(path) = key {
                let ends = path.match_indices(['.', '[']).map(|(at, _)| &path[..at]);
                around.extend(ends);
            }
        }
        let text = |key: &Key| match key {
            Key::Own(id) => self.workflow.node(*id).name().to_owned(),
            Key::Inside(path) => path.to_string(),
        };
        let mut running: Vec<(Duration, String, &Begun)> = self
            .running
            .iter()
            .map(|(key, begun)| (begun.at, text(key), begun))
            .filter(|(_, path, begun)| begun.items.is_some() || !around.contains(&**path))
            .collect();
        running.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        running
            .into_iter()
            .map(|(at, path, begun)| Running {
                // Keys of a secret map stand in the paths of its items.
                name: self.redactor.mask(&path).into_owned(),
                elapsed: now.saturating_sub(at),
                says: begun
                    .says
                    .as_ref()
                    .map(|(part, note)| (*part, self.redactor.mask(note).into_owned())),
                items: begun.items,
            })
            .collect()
    }

    fn name(&self, key: &Key) -> String {
        match key {
            Key::Own(id) => self.workflow.node(*id).name().to_owned(),
            Key::Inside(path) => self.redactor.mask(path).into_owned(),
        }
    }

    fn level(&mut self, node: NodeId) -> &mut LevelState {
        let levels = self.workflow.levels();
        if self.levels.is_empty() {
            let level = |group: &[NodeId]| LevelState {
                total: group.len() as u64,
                ..LevelState::default()
            };
            self.levels = levels.groups().map(level).collect();
        }
        &mut self.levels[levels.of(node)]
    }
}

impl Begun {
    fn at(at: Duration) -> Self {
        Self { at, says: None, items: None }
    }
}

#[cfg(test)]
mod tests;
