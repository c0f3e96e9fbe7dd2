//! The path that took longest: from the node that ended last back to a source, at each node through
//! the dependency that ended last. Of a map it goes on inside the item that ended last, of a loop
//! through its passes, of a workflow in a node as in the run's own.
//!
//! What ends it earlier ends the run earlier, as far as the graph decides and not the number of
//! workers.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::record::{Attempt, Record, outer_path};

use super::rows::{Rows, state};

impl Record {
    /// The path that took longest, as the report shows it: from the node that ended last back through
    /// whichever dependency ended last; in maps through the item that ended last, in loops through the
    /// passes, and in inner and given workflows alike. In the order in which they ran, what is inside
    /// something after that; of each its last attempt. O(nodes and items).
    ///
    /// ```
    /// use terrace_report::Record;
    ///
    /// let text = r#"{"terrace_record":1,"own":2,"nodes":[{"name":"a"},{"name":"b","level":1,"after":[0]}]}
    /// {"k":"start","at":0,"node":0,"worker":0}
    /// {"k":"end","at":9,"node":0,"ran":9}
    /// {"k":"start","at":9,"node":1,"worker":0}
    /// {"k":"end","at":20,"node":1,"ran":11}
    /// "#;
    /// let record = Record::read(text.as_bytes())?;
    /// let path: Vec<&str> =
    ///     record.longest_path().iter().map(|on| on.place.name(&record.header)).collect();
    /// assert_eq!(path, ["a", "b"]);
    /// # Ok::<(), terrace_report::RecordError>(())
    /// ```
    pub fn longest_path(&self) -> Vec<&Attempt> {
        let rows = Rows::of(self);
        let attempt = |row: u32| self.attempts.get(rows.rows.get(row as usize)?.last? as usize);
        path(self, &rows).into_iter().filter_map(attempt).collect()
    }
}

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
        let are_items = inside.iter().all(is_item);
        let node = self.rows.rows[row as usize].node;
        let node = node.and_then(|node| self.record.nodes().get(node as usize));
        let is_loop = node.map(crate::record::RecordNode::kind) == Some("loop");
        match (is_loop, are_items) {
            // Passes follow each other.
            (true, true) => {
                inside.iter().copied().filter(|&row| self.ended(row).is_some()).collect()
            }
            (true, false) => self.passes(inside),
            (false, true) => self.last(inside.iter().copied()).into_iter().collect(),
            (false, false) => self.through(inside),
        }
    }

    /// The path through all passes of a loop, one after the other.
    fn passes(&self, rows: &[u32]) -> Vec<u32> {
        let mut passes: Vec<Vec<u32>> = Vec::new();
        let mut known: HashMap<Option<&str>, usize> = HashMap::new();
        for &row in rows {
            let pass = *known.entry(self.around(row)).or_insert(passes.len());
            if pass == passes.len() {
                passes.push(Vec::new());
            }
            passes[pass].push(row);
        }
        passes.iter().flat_map(|rows| self.through(rows)).collect()
    }

    /// The path of what a row is directly inside of: an item, a pass, a node.
    fn around(&self, row: u32) -> Option<&str> {
        self.rows.rows[row as usize].path.as_deref().and_then(outer_path)
    }

    /// The path through rows of one workflow; where it ran several times, as the items of a map, through
    /// those of the run that ended last.
    fn through(&self, rows: &[u32]) -> Vec<u32> {
        let last = self.last(rows.iter().copied());
        let of_last = last.and_then(|last| self.around(last));
        let of_last = |row: &u32| self.around(*row) == of_last;
        let rows: Vec<u32> = rows.iter().copied().filter(of_last).collect();
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
        let mut at = last;
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
