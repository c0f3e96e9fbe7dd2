//! What a random workflow is, as it was drawn: the naive side knows nothing else.

use std::collections::HashMap;
use std::time::Duration;

use terrace_core::{Backoff, Lane, Limit, OnFailure, Rate, Retry, RetryOn, RunIf};

use crate::random::Random;

/// A workflow, and what holds for all of it.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) limits: Vec<Limit>,
    pub(super) budget: Option<u64>,
    pub(super) max_concurrent: Option<u32>,
    pub(super) deadline: Option<Duration>,
    pub(super) on_failure: OnFailure,
    pub(super) patience: Option<u32>,
    pub(super) looks_at_levels: bool,
    pub(super) nodes: Vec<Node>,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) what: What,
    /// The node before it whose value it takes, of those of the same workflow.
    pub(super) reads: Option<usize>,
    pub(super) after: Vec<usize>,
    pub(super) said: Said,
    pub(super) run_if: RunIf,
}

/// What a node does.
#[derive(Debug)]
pub(super) enum What {
    Task,
    /// A task that gives a workflow of one task, which is called as the node and `_given`.
    Gives,
    Flow(Vec<Node>),
    Loop(u64, Vec<Node>),
    Map(Map),
}

/// A map.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) items: u64,
    /// `None`: one task.
    pub(super) body: Option<Vec<Node>>,
    pub(super) each: Said,
    pub(super) concurrency: Option<u32>,
    pub(super) max_failures: Option<u64>,
}

/// What is said of a node, or of the items of a map.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) retry: Option<Retry>,
    pub(super) timeout: Option<Duration>,
    pub(super) total: Option<Duration>,
    /// Of limits, by their position.
    pub(super) needs: Vec<(usize, u64)>,
    pub(super) concurrency: Option<u32>,
    pub(super) cpus: Option<u32>,
    pub(super) priority: Option<i32>,
    pub(super) cost: Option<u64>,
    pub(super) if_failed: IfFailed,
    pub(super) checkpoint: bool,
    pub(super) blocking: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IfFailed {
    #[default]
    Fails,
    Absent,
    Gives,
}

impl Said {
    pub(super) fn attempts(&self) -> u32 {
        self.retry.map_or(1, |retry| retry.attempts)
    }

    pub(super) fn lane(&self) -> Lane {
        if self.blocking { Lane::Blocking } else { Lane::Compute }
    }
}

/// What is known of whom: of a node by its name, of the items of a map by that and `[]`.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) said: Said,
    /// Whether it is an attempt of a task, and not a workflow inside.
    pub(super) calls: bool,
    pub(super) run_if: RunIf,
    /// Those before it that must have ended, by name, of the same workflow.
    pub(super) after: Vec<String>,
    /// Whether it is a node of the run's own workflow, and of which level.
    pub(super) level: Option<usize>,
    /// Whether it is in a frame that opens when a place is free, which nobody tells.
    pub(super) opens_unseen: bool,
    /// How many items there are at once of the map that it is the items of.
    pub(super) at_once: Option<u32>,
}

impl Spec {
    pub(super) fn known(&self) -> HashMap<String, Known> {
        let mut known = HashMap::new();
        learn(&self.nodes, true, false, &mut known);
        known
    }

    /// How long ago a start may lie that still counts.
    pub(super) fn rate(&self, limit: usize) -> Option<Rate> {
        self.limits[limit].rate
    }
}

fn learn(nodes: &[Node], outermost: bool, unseen: bool, known: &mut HashMap<String, Known>) {
    let mut levels: Vec<usize> = Vec::new();
    for node in nodes {
        let before = || node.after.iter().chain(&node.reads).copied();
        let level = before().map(|at| levels[at] + 1).max().unwrap_or(0);
        levels.push(level);
        let own = Known {
            said: node.said.clone(),
            calls: matches!(node.what, What::Task | What::Gives),
            run_if: node.run_if,
            after: before().map(|at| nodes[at].name.clone()).collect(),
            level: outermost.then_some(level),
            opens_unseen: unseen,
            at_once: None,
        };
        let item = |said: &Said, at_once| Known {
            said: said.clone(),
            calls: true,
            run_if: RunIf::Success,
            after: Vec::new(),
            level: None,
            opens_unseen: false,
            at_once,
        };
        match &node.what {
            What::Task => {}
            What::Gives => {
                let given = Said { retry: Some(given_retry()), ..Said::default() };
                let given = Known { opens_unseen: true, ..item(&given, None) };
                known.insert(format!("{}_given", node.name), given);
            }
            What::Flow(body) => learn(body, false, unseen, known),
            What::Loop(_, body) => learn(body, false, true, known),
            What::Map(map) => match &map.body {
                Some(body) => learn(body, false, true, known),
                None => {
                    known.insert(format!("{}[]", node.name), item(&map.each, map.concurrency));
                }
            },
        }
        known.insert(node.name.clone(), own);
    }
}

/// Of the task in a workflow that a task gives.
pub(super) fn given_retry() -> Retry {
    Retry::attempts(2).constant(ms(3))
}

pub(super) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Draws workflows.
pub(super) struct Draw<'r> {
    pub(super) random: &'r mut Random,
    limits: Vec<Limit>,
    budget: bool,
    /// Of a hundred, how many things have something said of them.
    said: usize,
    named: usize,
}

impl Draw<'_> {
    pub(super) fn spec(random: &mut Random) -> Spec {
        let limit = |at: usize, random: &mut Random| {
            let name = format!("limit{at}");
            let some = |random: &mut Random, most| 1 + random.below(most) as u64;
            let per = ms(1 + random.below(40) as u64);
            let mut limit = match random.below(3) {
                0 => Limit::memory(name, some(random, 9)),
                1 => Limit::rate(name, some(random, 5) as u32, per),
                _ => Limit::concurrency(name, some(random, 4)),
            };
            if random.chance(30) {
                limit = limit.with_rate(1 + random.below(5) as u32, per);
            }
            if let Some(Rate { starts, .. }) = limit.rate.filter(|_| random.chance(30)) {
                limit = limit.with_burst(1 + random.below(starts as usize) as u32);
            }
            limit
        };
        let limits: Vec<Limit> = (0..random.below(4)).map(|at| limit(at, random)).collect();
        let budget = random.chance(30).then(|| random.below(40) as u64);
        let said = [0, 30, 60][random.below(3)];
        let max_concurrent = random.chance(15).then(|| 1 + random.below(4) as u32);
        let deadline = random.chance(15).then(|| ms(1 + random.below(200) as u64));
        let on_failure = if random.chance(30) { OnFailure::Stop } else { OnFailure::Continue };
        let patience = random.chance(30).then(|| random.below(5) as u32);
        let looks_at_levels = random.chance(5);
        let mut draw =
            Draw { random, limits: limits.clone(), budget: budget.is_some(), said, named: 0 };
        let count = 1 + draw.random.below(10);
        let nodes = draw.nodes(count, 2);
        Spec {
            limits,
            budget,
            max_concurrent,
            deadline,
            on_failure,
            // Never, where nothing is said: then nothing that fits may wait.
            patience: Some(patience.unwrap_or(u32::MAX)),
            looks_at_levels,
            nodes,
        }
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.random.chance(percent)
    }

    fn some(&mut self, most: usize) -> u64 {
        1 + self.random.below(most) as u64
    }

    fn nodes(&mut self, count: usize, depth: usize) -> Vec<Node> {
        let outermost = depth == 2;
        let mut nodes: Vec<Node> = Vec::new();
        for at in 0..count {
            self.named += 1;
            let name = format!("n{}", self.named);
            let values = |nodes: &[Node]| -> Vec<usize> {
                (0..at).filter(|&at| !matches!(nodes[at].what, What::Map(_))).collect()
            };
            let values = values(&nodes);
            let reads = (!values.is_empty() && self.chance(40))
                .then(|| values[self.random.below(values.len())]);
            let after = (0..at).filter(|&other| Some(other) != reads && self.chance(12)).collect();
            // A body's value is its last node's.
            let last = at + 1 == count && !outermost;
            let what = match self.random.below(if depth == 0 || last { 5 } else { 10 }) {
                0..5 => What::Task,
                5 => What::Gives,
                6 => {
                    let count = self.some(4) as usize;
                    What::Flow(self.nodes(count, depth - 1))
                }
                7 => {
                    // Of one task alone it would have the task's name.
                    let (passes, count) = (self.some(3), 1 + self.some(2) as usize);
                    What::Loop(passes, self.nodes(count, depth - 1))
                }
                _ => What::Map(self.map(depth)),
            };
            let calls = matches!(what, What::Task | What::Gives);
            let mut said = self.say(calls);
            if matches!(what, What::Gives) {
                // What it takes it takes for the task alone, whose end nobody tells.
                (said.needs, said.concurrency) = (Vec::new(), None);
            }
            said.checkpoint = outermost && self.chance(4);
            said.if_failed = match self.random.below(12) {
                0 => IfFailed::Absent,
                1 if !matches!(what, What::Map(_)) => IfFailed::Gives,
                _ => IfFailed::Fails,
            };
            said.blocking = calls && self.chance(30);
            let behind = reads.is_some() || !Vec::is_empty(&after);
            let run_if = match self.random.below(12) {
                0 if behind && reads.is_none() => RunIf::Always,
                1 if behind && reads.is_none() => RunIf::Failure,
                _ => RunIf::Success,
            };
            nodes.push(Node { name, what, reads, after, said, run_if });
        }
        nodes
    }

    fn map(&mut self, depth: usize) -> Map {
        let body = (depth > 0 && self.chance(40)).then(|| {
            let count = 1 + self.some(3) as usize;
            self.nodes(count, depth - 1)
        });
        let mut each = self.say(body.is_none());
        each.blocking = body.is_none() && self.chance(30);
        if body.is_some() {
            // Of an item that is a workflow nobody tells when it begins.
            (each.needs, each.concurrency, each.cost) = (Vec::new(), None, None);
        }
        Map {
            items: self.random.below(7) as u64,
            body,
            each,
            concurrency: self.chance(20).then(|| self.some(3) as u32),
            max_failures: self.chance(30).then(|| self.random.below(3) as u64),
        }
    }

    /// What is said; `calls`: of attempts of a task.
    fn say(&mut self, calls: bool) -> Said {
        let mut said = Said::default();
        let half = self.said;
        if self.chance(half) {
            let longest = ms(self.random.below(20) as u64);
            said.retry = Some(Retry {
                attempts: self.some(4) as u32,
                backoff: if self.chance(50) { Backoff::Constant } else { Backoff::Exponential },
                initial: longest / self.some(3) as u32,
                max: longest,
                jitter: if self.chance(50) { 0.5 } else { 0.0 },
                on: if self.chance(30) { RetryOn::Any } else { RetryOn::Retryable },
            });
        }
        if self.chance(half / 2) {
            let time = ms(self.some(if calls { 25 } else { 80 }));
            said.timeout = Some(time);
            if self.chance(40) {
                said.total = Some(time + ms(self.some(60)));
            }
        } else if self.chance(half / 6) {
            said.total = Some(ms(self.some(80)));
        }
        // What is inside wants some too: two of those may wait for each other, and be told.
        for limit in 0..self.limits.len() {
            if self.chance(if calls { half } else { half / 6 }) {
                let most = self.limits[limit].largest() as usize;
                said.needs.push((limit, self.some(most)));
            }
        }
        said.concurrency = self.chance(half / 4).then(|| self.some(3) as u32);
        said.cpus = (calls && self.chance(half / 3)).then(|| self.some(4) as u32);
        said.priority = self.chance(half / 2).then(|| self.random.below(3) as i32 - 1);
        said.cost = (self.budget && self.chance(half)).then(|| self.random.below(6) as u64);
        said
    }
}
