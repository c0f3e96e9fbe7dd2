//! The path that took longest: from the node that ended last back to a source, at each node through
//! the dependency that ended last. Of a map it goes on inside the item that ended last, of a loop
//! through its passes, of a workflow in a node as in the run's own.
//!
//! What ends it earlier ends the run earlier, as far as the graph decides and not the number of
//! workers.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::record::{Record, outer_path};

use super::rows::{Rows, state};

/// The rows on the path, in the order in which they ran, what is inside one after it.
pub(super) fn path(record: &Record, rows: &Rows) -> Vec<u32> {
    let tree = Tree::of(record, rows);
    let own: Vec<u32> = (0..rows.own as u32).collect();
    let mut path = Vec::new();
    // Not by recursion: workflows may be nested thousands deep.
    let mut open = tree.through(&own);
    open.reverse();
    while let Some(row) = open.pop() {
        path.push(row);
        let inside = tree.inside.get(&row).map_or(&[][..], Vec::as_slice);
        let steps = tree.steps(row, inside);
        open.extend(steps.into_iter().rev());
    }
    path
}

/// What is inside of what.
struct Tree<'r> {
    record: &'r Record,
    rows: &'r Rows,
    /// The rows directly inside each that has some.
    inside: HashMap<u32, Vec<u32>>,
}

impl<'r> Tree<'r> {
    fn of(record: &'r Record, rows: &'r Rows) -> Self {
        let own: HashMap<&str, u32> =
            (0..rows.own as u32).map(|row| (&*record.nodes()[row as usize].name, row)).collect();
        let mut inside: HashMap<u32, Vec<u32>> = HashMap::new();
        for (at, row) in (0_u32..).zip(&rows.rows).skip(rows.own) {
            let Some(path) = &row.path else { continue };
            // The nearest around it that is a row: `a.b[3].c` may be inside `a.b[3]`, or only in `a`.
            let row = |path: &str| own.get(path).copied().or_else(|| rows.number_of_path(path));
            let mut outer = outer_path(path);
            let mut around = outer.and_then(row);
            while let Some(path) = outer.filter(|_| around.is_none()) {
                outer = outer_path(path);
                around = outer.and_then(row);
            }
            if let Some(around) = around {
                inside.entry(around).or_default().push(at);
            }
        }
        Self { record, rows, inside }
    }

    /// When a row ended, as far as it ran.
    fn ended(&self, row: u32) -> Option<u64> {
        let row = self.rows.rows.get(row as usize)?;
        let attempt = self.record.attempts.get(row.last? as usize)?;
        (row.state != state::SKIPPED).then_some(attempt.end.unwrap_or(self.record.last))
    }

    /// The one that ended last; of several the first, so that it is always the same.
    fn last(&self, rows: impl Iterator<Item = u32>) -> Option<u32> {
        let ended = rows.filter_map(|row| Some((self.ended(row)?, Reverse(row)))).max();
        ended.map(|(_, Reverse(row))| row)
    }

    /// What the path passes inside a row.
    fn steps(&self, row: u32, inside: &[u32]) -> Vec<u32> {
        let is_item = |row: &u32| {
            let path = self.rows.rows[*row as usize].path.as_deref();
            path.is_some_and(|path| path.ends_with(']'))
        };
        if !inside.iter().all(is_item) {
            return self.through(inside);
        }
        let node = self.rows.rows[row as usize].node;
        let node = node.and_then(|node| self.record.nodes().get(node as usize));
        match node.map(crate::record::RecordNode::kind) {
            // Passes follow each other.
            Some("loop") => {
                inside.iter().copied().filter(|&row| self.ended(row).is_some()).collect()
            }
            _ => self.last(inside.iter().copied()).into_iter().collect(),
        }
    }

    /// The path through rows of one workflow.
    fn through(&self, rows: &[u32]) -> Vec<u32> {
        let by_node: HashMap<u32, u32> = rows
            .iter()
            .filter_map(|&row| Some((self.rows.rows[row as usize].node?, row)))
            .collect();
        // By their ends, for those of which no more than times is known.
        let mut by_end: Vec<(u64, Reverse<u32>)> = Vec::new();
        if by_node.len() < rows.len() {
            let ended = |&row: &u32| Some((self.ended(row)?, Reverse(row)));
            by_end = rows.iter().filter_map(ended).collect();
            by_end.sort_unstable();
        }
        let mut path = Vec::new();
        let mut passed = HashSet::new();
        let mut at = self.last(rows.iter().copied());
        while let Some(row) = at {
            // A damaged record may lead in a circle.
            if !passed.insert(row) {
                return Vec::new();
            }
            path.push(row);
            let node = self.rows.rows[row as usize].node;
            at = match node.and_then(|node| self.record.nodes().get(node as usize)) {
                Some(node) => {
                    let before = node.dependencies().into_iter();
                    self.last(before.filter_map(|before| by_node.get(&before).copied()))
                }
                // Of a workflow that a task gave, the record has no edges: what ended before it began.
                None => self.start(row).zip(self.ended(row)).and_then(|(start, end)| {
                    let own = by_end.partition_point(|other| *other < (end, Reverse(row)));
                    let before = by_end.partition_point(|(end, _)| *end <= start).min(own);
                    Some(by_end.get(before.checked_sub(1)?)?.1.0)
                }),
            };
        }
        path.reverse();
        path
    }

    fn start(&self, row: u32) -> Option<u64> {
        let attempt = self.rows.rows[row as usize].last?;
        self.record.attempts.get(attempt as usize).map(|attempt| attempt.start)
    }
}
