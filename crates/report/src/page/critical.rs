//! The path that took longest: from the node that ended last back to a source, at each node through
//! the dependency that ended last.
//!
//! What ends it earlier ends the run earlier, as far as the graph decides and not the number of
//! workers.

use crate::record::Record;

use super::rows::{Rows, state};

/// The nodes of the run's own workflow on the path, in the order in which they ran.
pub(super) fn path(record: &Record, rows: &Rows) -> Vec<u32> {
    let ended = |node: u32| {
        let row = rows.rows.get(node as usize)?;
        let attempt = record.attempts.get(row.last? as usize)?;
        (row.state != state::SKIPPED).then_some(attempt.end.unwrap_or(record.last))
    };
    let latest = |nodes: &mut dyn Iterator<Item = u32>| {
        // Of several the first, so that it is always the same.
        nodes.filter_map(|node| Some((ended(node)?, std::cmp::Reverse(node)))).max()
    };
    let mut path = Vec::new();
    let mut at = latest(&mut (0..rows.own as u32));
    while let Some((_, std::cmp::Reverse(node))) = at {
        path.push(node);
        // A damaged record may lead in a circle.
        if path.len() > rows.own {
            return Vec::new();
        }
        let before = record.nodes()[node as usize].dependencies();
        at = latest(&mut before.into_iter().filter(|&before| (before as usize) < rows.own));
    }
    path.reverse();
    path
}
