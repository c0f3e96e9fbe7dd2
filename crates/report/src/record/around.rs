//! [`Around`]: which attempts only wait for others that run inside them.

use std::collections::{HashMap, HashSet};

use super::model::Attempt;
use super::path::outer_path;
use super::read::Record;

/// What runs inside what.
pub(crate) struct Around {
    /// Of each node of the first line, whether others are inside.
    has_inside: Vec<bool>,
    /// When that began which no list has, by the name of what it runs in: what tasks gave.
    given: HashMap<String, Vec<u64>>,
}

impl Around {
    pub(crate) fn of(record: &Record) -> Self {
        let header = &record.header;
        let mut has_inside = vec![false; header.nodes.len()];
        for node in &header.nodes {
            if let Some(inside) = node.inside.and_then(|at| has_inside.get_mut(at as usize)) {
                *inside = true;
            }
        }
        let is_given = |attempt: &&Attempt| attempt.place.node.is_none();
        let mut given: HashMap<String, Vec<u64>> = HashMap::new();
        if record.attempts.iter().any(|attempt| is_given(&attempt)) {
            let names = record.attempts.iter().map(|attempt| attempt.place.name(header));
            let names: HashSet<&str> = names.collect();
            for attempt in record.attempts.iter().filter(is_given) {
                let mut around = outer_path(attempt.place.name(header));
                // Items with several nodes are no attempts themselves.
                while let Some(path) = around.filter(|path| !names.contains(path)) {
                    around = outer_path(path);
                }
                if let Some(around) = around {
                    given.entry(around.to_owned()).or_default().push(attempt.start);
                }
            }
            given.values_mut().for_each(|starts| starts.sort_unstable());
        }
        Self { has_inside, given }
    }

    /// Since when an attempt took no thread, because others ran inside it.
    pub(crate) fn since(&self, record: &Record, attempt: &Attempt) -> Option<u64> {
        let number = attempt.place.node.map(|node| node as usize);
        let node = number.and_then(|number| record.header.nodes.get(number));
        let is_item = attempt.place.path.as_ref().is_some_and(|path| path.ends_with(']'));
        match node.map(|node| node.kind()) {
            Some("map" | "loop" | "flow" | "branches") => {
                let around = !is_item || number.is_some_and(|number| self.has_inside[number]);
                around.then_some(attempt.start)
            }
            // Its own task runs until it has given what runs in its place.
            Some("dynamic") | None => {
                let starts = self.given.get(attempt.place.name(&record.header))?;
                let first = starts.get(starts.partition_point(|&start| start < attempt.start))?;
                (*first <= attempt.end.unwrap_or(u64::MAX)).then_some(*first)
            }
            _ => None,
        }
    }
}
