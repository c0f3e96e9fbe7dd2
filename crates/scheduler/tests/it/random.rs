//! Random workflows, and a naive evaluator of them that shares no code with the engine.

use std::collections::BTreeSet;

use terrace_core::{TaskError, Value};

use crate::graph::{Graph, task};

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Up to `most` of the nodes shortly before `at`, in a graph about so wide.
    pub(crate) fn before(&mut self, at: usize, width: usize, most: usize) -> Vec<usize> {
        let near = at.min(width * 2);
        let count = if near == 0 { 0 } else { self.below(most + 1) };
        (0..count).map(|_| at - 1 - self.below(near)).collect()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// One more than the sum of its inputs, as a number.
    Sum,
    /// The same, as a list of one number: a value with heap.
    Boxed,
    Fail,
    Panic,
}

#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) reads: Vec<usize>,
    pub(crate) after: Vec<usize>,
    pub(crate) act: Act,
    pub(crate) blocking: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    Ok(i64),
    Failed,
    Skipped,
}

/// Node `i` may refer to any node before it.
pub(crate) fn specs(random: &mut Random) -> Vec<Spec> {
    let n = 1 + random.below(40);
    let width = 1 + random.below(12);
    let fails = if random.chance(60) { 4 } else { 0 };
    let blocks = if random.chance(20) { 10 } else { 0 };
    (0..n)
        .map(|at| {
            // May name a node twice: as two arguments, or as argument and `after`.
            let (reads, after) = (random.before(at, width, 4), random.before(at, width, 1));
            let act = if random.chance(fails) {
                if random.chance(50) { Act::Fail } else { Act::Panic }
            } else if random.chance(30) {
                Act::Boxed
            } else {
                Act::Sum
            };
            Spec { reads, after, act, blocking: random.chance(blocks) }
        })
        .collect()
}

/// Every node kept, so that its value can be compared.
pub(crate) fn graph(specs: &[Spec]) -> Graph {
    let mut graph = Graph::new();
    for spec in specs {
        let act = spec.act;
        let body = task(spec.reads.len(), move |_, args| {
            let sum = 1 + args.iter().map(number).fold(0, i64::wrapping_add);
            match act {
                Act::Sum => Ok(Value::from(sum)),
                Act::Boxed => Ok(Value::list(vec![Value::from(sum)]).unwrap()),
                Act::Fail => Err(TaskError::msg("meant to fail")),
                Act::Panic => panic!("meant to panic"),
            }
        });
        let at = graph.task(&spec.reads, &body);
        spec.after.iter().for_each(|&on| graph.after(at, on));
        graph.keep(at);
        if spec.blocking {
            graph.blocking(at);
        }
    }
    graph
}

pub(crate) fn number(value: &Value) -> i64 {
    match value {
        Value::List(items) => items[0].as_i64().unwrap(),
        value => value.as_i64().unwrap(),
    }
}

/// Walks the nodes as numbered. Returns each fate and the failed nodes behind it.
pub(crate) fn evaluate(specs: &[Spec]) -> Vec<(Fate, BTreeSet<usize>)> {
    let mut all: Vec<(Fate, BTreeSet<usize>)> = Vec::new();
    for spec in specs {
        let mut causes = BTreeSet::new();
        for &on in spec.reads.iter().chain(&spec.after) {
            match &all[on].0 {
                Fate::Ok(_) => {}
                Fate::Failed => drop(causes.insert(on)),
                Fate::Skipped => causes.extend(all[on].1.iter().copied()),
            }
        }
        let fate = if !causes.is_empty() {
            Fate::Skipped
        } else if matches!(spec.act, Act::Fail | Act::Panic) {
            Fate::Failed
        } else {
            let value = |&on: &usize| match all[on].0 {
                Fate::Ok(value) => value,
                _ => unreachable!("it has no causes"),
            };
            Fate::Ok(1 + spec.reads.iter().map(value).fold(0, i64::wrapping_add))
        };
        all.push((fate, causes));
    }
    all
}
