//! [`Work`]: what the tasks of a graph do, the same for every peer, and the proof that they did.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::graph::Graph;
use crate::tally;

/// What one task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Adds one to the node's own cell: nothing but the engine is left to measure.
    Empty,
    /// Writes 1 plus the values of its dependencies to the node's cell.
    Value,
    /// As [`Body::Value`], with the numbers as [texts](crate::text) on the edges.
    Text,
    /// So many dependent multiply-adds, then as [`Body::Empty`].
    Spin(u64),
    /// As [`Body::Spin`] on average, but one task in 16 takes 8 times as long as that.
    Uneven(u64),
}

impl FromStr for Body {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps =
            |number: &str| number.parse().map_err(|_| format!("`{text}`: not a number of steps"));
        match (text, text.split_once(':')) {
            ("empty", _) => Ok(Self::Empty),
            ("value", _) => Ok(Self::Value),
            ("string", _) => Ok(Self::Text),
            (_, Some(("spin", number))) => Ok(Self::Spin(steps(number)?)),
            (_, Some(("uneven", number))) => Ok(Self::Uneven(steps(number)?)),
            _ => Err(format!(
                "`{text}` is no body: empty, value, string, spin:STEPS or uneven:STEPS"
            )),
        }
    }
}

impl Body {
    /// Whether nodes read what others gave, so that a run is checked by its values.
    pub fn has_values(self) -> bool {
        matches!(self, Self::Value | Self::Text)
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Value => f.write_str("value"),
            Self::Text => f.write_str("string"),
            Self::Spin(steps) => write!(f, "spin:{steps}"),
            Self::Uneven(steps) => write!(f, "uneven:{steps}"),
        }
    }
}

/// A task as engines of the plainest kind hold it: a function that is called through a pointer.
pub type TaskFn = fn(&Work, u32);

/// A graph, its bodies, and one cell per node that the bodies write to.
#[derive(Debug)]
pub struct Work {
    /// What is run.
    pub graph: Graph,
    /// What each node does.
    pub body: Body,
    cells: Vec<AtomicI64>,
    /// What each cell holds after a run of a body with values.
    values: Vec<i64>,
    /// Whether tasks count for their thread.
    is_tallied: bool,
}

impl Work {
    /// Work that nobody has done yet.
    pub fn new(graph: Graph, body: Body) -> Self {
        let cells = (0..graph.len()).map(|_| AtomicI64::new(0)).collect();
        let mut values = Vec::new();
        if body.has_values() {
            for node in 0..graph.len() {
                let inputs = graph.dependencies(node).iter().map(|&on| values[on as usize]);
                values.push(sum(inputs));
            }
        }
        Self { graph, body, cells, values, is_tallied: false }
    }

    /// The same, whose tasks count for the thread that does them.
    pub(crate) fn tallied(self) -> Self {
        Self { is_tallied: true, ..self }
    }

    /// Whether each task counts for the thread that does it: then [`Work::count_for_thread`] is the
    /// body of those without values, instead of [`Work::count`] and [`Work::spin`].
    pub fn is_tallied(&self) -> bool {
        self.is_tallied
    }

    /// What each thread has done since the last call, where that is counted.
    pub(crate) fn tally(&self) -> Vec<u64> {
        if self.is_tallied { tally::take() } else { Vec::new() }
    }

    /// The body as a function pointer, opaque to the optimiser: an engine does not know what it
    /// runs, so no peer may have it inlined.
    pub fn task(&self) -> TaskFn {
        black_box(match self.body {
            Body::Value | Body::Text => Self::add_up,
            _ if self.is_tallied => Self::count_for_thread,
            Body::Empty => Self::count,
            Body::Spin(_) | Body::Uneven(_) => Self::spin,
        })
    }

    /// The body of [`Body::Empty`]. Nobody else writes to the cell, so load and store will do, and
    /// a task that runs twice is still seen.
    pub fn count(&self, node: u32) {
        let cell = &self.cells[node as usize];
        cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// The body of [`Body::Value`] for engines that hand no values on: it reads its dependencies'
    /// cells. That they are written is for the engine's own synchronisation to see to.
    pub fn add_up(&self, node: u32) {
        let inputs = self.graph.dependencies(node as usize).iter();
        let value = sum(inputs.map(|&on| self.cells[on as usize].load(Relaxed)));
        self.put(node, value);
    }

    /// The body of [`Body::Spin`] and [`Body::Uneven`].
    pub fn spin(&self, node: u32) {
        black_box(spin(self.steps(node)));
        self.count(node);
    }

    /// The body of tallied tasks without values.
    pub fn count_for_thread(&self, node: u32) {
        tally::count();
        match self.body {
            Body::Spin(_) | Body::Uneven(_) => self.spin(node),
            Body::Empty | Body::Value | Body::Text => self.count(node),
        }
    }

    /// Keeps the value that an engine with values of its own computed, for [`Work::check`].
    pub fn put(&self, node: u32, value: i64) {
        if self.is_tallied {
            tally::count();
        }
        self.cells[node as usize].store(value, Relaxed);
    }

    fn steps(&self, node: u32) -> u64 {
        match self.body {
            Body::Empty | Body::Value | Body::Text => 0,
            Body::Spin(steps) => steps,
            // Which are long depends on a hash of the number, so that no shape has them all in one row.
            Body::Uneven(steps) => {
                let is_long = u64::from(node).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60 == 0;
                if is_long { 8 * steps } else { 8 * steps / 15 }
            }
        }
    }

    /// Empties the cells.
    pub fn clear(&self) {
        self.cells.iter().for_each(|cell| cell.store(0, Relaxed));
    }

    /// Whether the cells hold what `runs` whole runs leave behind since [`Work::clear`]: each task
    /// once per run, values equal to those of a sequential pass.
    pub fn check(&self, runs: u32) -> bool {
        match self.body {
            Body::Value | Body::Text => {
                let cells = self.cells.iter().map(|cell| cell.load(Relaxed));
                cells.eq(self.values.iter().copied())
            }
            _ => self.cells.iter().all(|cell| cell.load(Relaxed) == i64::from(runs)),
        }
    }
}

/// 1 plus the inputs. Wrapping: the values of a tree of a million nodes fit, those of other graphs
/// need not.
pub fn sum(inputs: impl IntoIterator<Item = i64>) -> i64 {
    inputs.into_iter().fold(1, i64::wrapping_add)
}

/// So many steps, each waiting for the one before: about a nanosecond each, whatever else the core
/// does meanwhile.
#[inline(never)]
pub fn spin(steps: u64) -> u64 {
    let mut state = steps | 1;
    for _ in 0..steps {
        state = black_box(
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407),
        );
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequential_pass_is_right_and_a_missing_or_second_task_is_not() {
        for body in ["empty", "value", "spin:3", "uneven:15"] {
            let graph = Graph::make("random4", 200).unwrap();
            let work = Work::new(graph, body.parse().unwrap());
            let task = work.task();
            (0..199).for_each(|node| task(&work, node));
            assert!(!work.check(1), "{body}: one is missing");
            task(&work, 199);
            assert!(work.check(1), "{body}");
            task(&work, 0);
            // Values do not count runs: they are cleared between them.
            assert_eq!(work.check(1), body == "value", "{body}");
        }
    }

    #[test]
    fn bodies_print_as_they_are_read() {
        for text in ["empty", "value", "string", "spin:898", "uneven:9000"] {
            assert_eq!(text.parse::<Body>().unwrap().to_string(), text);
        }
        assert!("spin".parse::<Body>().is_err() && "spin:x".parse::<Body>().is_err());
    }

    #[test]
    fn uneven_tasks_take_as_long_on_average() {
        let work = Work::new(Graph::make("fan", 16_000).unwrap(), Body::Uneven(1500));
        let all: u64 = (0..16_000).map(|node| work.steps(node)).sum();
        assert!((all / 16_000).abs_diff(1500) < 50, "{}", all / 16_000);
    }
}
