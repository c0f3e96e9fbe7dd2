//! [`Series`]: nodes run one after the other whose tasks are of one type, in one call.
//!
//! Large graphs are often made by a loop, so that nodes after nodes call closures of one type. Called
//! one by one through `dyn Task`, each of them costs an indirect call and the registers that it saves;
//! here the type is known around the loop, and what the closure does becomes part of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, compiler_fence, fence};

use terrace_plugin_api::{Slots, TaskContext, TaskError, Value, prefetch_at};

use crate::catalog::Task;

/// Nodes to be run one after the other on one thread by
/// [`Plan::run_series`](crate::Plan::run_series): such that take nothing and give nothing, or that each
/// take a few values without heap and leave one.
///
/// While it runs others may look where it is, and say that it is to stop: see [`Way`].
#[derive(Debug)]
pub struct Series<'a> {
    /// Where their tasks lie.
    pub tasks: SeriesTasks<'a>,
    /// How it is run.
    pub way: Way<'a>,
    /// What they take and give.
    pub values: SeriesValues<'a>,
}

/// Where the tasks of a [`Series`] lie among those of their type: [`Plan::task_place`] of each.
///
/// [`Plan::task_place`]: crate::Plan::task_place
#[derive(Clone, Copy, Debug)]
pub enum SeriesTasks<'a> {
    /// Side by side, in order.
    Row {
        /// The place of the first.
        first: u32,
        /// How many there are.
        count: u32,
    },
    /// At these places.
    At(&'a [u32]),
}

/// What the nodes of a [`Series`] take and give.
#[derive(Debug)]
pub enum SeriesValues<'a> {
    /// They take nothing, and all leave what they give here.
    None(&'a mut Value),
    /// They take and leave these.
    Some(Slots<'a>),
}

/// How a [`Series`] is run.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// What every task is called with.
    pub ctx: &'a TaskContext<'a>,
    /// The number of the first node.
    pub first: u32,
    /// Where the number of the node is left that is about to run: whoever reads it acquires what the
    /// nodes before have done.
    pub at: &'a AtomicU32,
    /// Looked at before each node: other than 0 where it must not begin any more. Whoever writes it
    /// and then reads `at` has a fence between the two.
    pub stop: &'a AtomicU32,
    /// Whether a real fence is between writing `at` and reading `stop`; else one that keeps the
    /// compiler alone from changing their order, for who has the kernel run a real one.
    pub fenced: bool,
    /// Looked at after each node: whether something is to be done before the next.
    pub pause: &'a AtomicBool,
}

/// Why a series ended, and at which node.
#[derive(Debug)]
pub enum SeriesEnd {
    /// After its last one.
    Done,
    /// Before this one, which has not begun.
    Stopped(u32),
    /// Before this one, which has not begun: what it takes has heap.
    Other(u32),
    /// After this one: it gave something else than was foreseen, or there is something to be done.
    Paused(u32),
    /// This one failed.
    Failed(u32, TaskError),
}

impl Series<'_> {
    /// Runs tasks of one type, which lie in `row`.
    pub(crate) fn run<T: Task>(&mut self, row: &[T]) -> SeriesEnd {
        match self.tasks {
            SeriesTasks::Row { first, count } => {
                self.run_all(0, row[first as usize..][..count as usize].iter())
            }
            SeriesTasks::At(places) => self.run_at(row, places),
        }
    }

    /// Runs those at some places. Where they fill a cache, some are fetched while others run.
    fn run_at<T: Task>(&mut self, row: &[T], places: &[u32]) -> SeriesEnd {
        if size_of_val(row) <= NEAR {
            return self.run_all(0, places.iter().map(|&place| &row[place as usize]));
        }
        let fetch = |places: &[u32]| {
            places.iter().for_each(|&place| prefetch_at(row, place as usize));
        };
        let mut chunks = places.chunks(AHEAD).enumerate().peekable();
        fetch(&places[..places.len().min(AHEAD)]);
        while let Some((number, chunk)) = chunks.next() {
            if let Some((_, next)) = chunks.peek() {
                fetch(next);
            }
            let tasks = chunk.iter().map(|&place| &row[place as usize]);
            match self.run_all(number * AHEAD, tasks) {
                SeriesEnd::Done => {}
                other => return other,
            }
        }
        SeriesEnd::Done
    }

    /// Runs these, of which the first has this number.
    #[inline]
    fn run_all<'t, T: Task + 't>(
        &mut self,
        first: usize,
        tasks: impl Iterator<Item = &'t T>,
    ) -> SeriesEnd {
        match &mut self.values {
            SeriesValues::None(out) => run(first, tasks, &self.way, out),
            SeriesValues::Some(slots) => run_with(first, tasks, &self.way, slots),
        }
    }
}

/// So many tasks are fetched while as many run: tasks lie in the order in which they were written, and run
/// level by level.
const AHEAD: usize = 16;

/// So many bytes of tasks are near enough: most cores have a cache of twice that.
const NEAR: usize = 256 * 1024;

impl Way<'_> {
    /// Comes to a node. False: it must not begin.
    #[inline(always)]
    fn reach(&self, node: u32) -> bool {
        self.at.store(node, Ordering::Release);
        if self.fenced {
            fence(Ordering::SeqCst);
        } else {
            compiler_fence(Ordering::SeqCst);
        }
        self.stop.load(Ordering::Relaxed) == 0
    }
}

/// The loop of a series without values. What a node gives lies here until it is seen that it is nothing:
/// so a small closure needs no memory for it.
#[inline(never)]
fn run<'t, T: Task + 't>(
    first: usize,
    tasks: impl Iterator<Item = &'t T>,
    way: &Way<'_>,
    out: &mut Value,
) -> SeriesEnd {
    let way = *way;
    for (node, task) in (way.first + first as u32..).zip(tasks) {
        if !way.reach(node) {
            return SeriesEnd::Stopped(node);
        }
        let mut given = Value::Null;
        if let Err(error) = task.call_into(way.ctx, &mut [], &mut given) {
            return SeriesEnd::Failed(node, error);
        }
        if !matches!(given, Value::Null) || way.pause.load(Ordering::Relaxed) {
            *out = given;
            return SeriesEnd::Paused(node);
        }
    }
    SeriesEnd::Done
}

/// The loop of a series with values.
#[inline(never)]
fn run_with<'t, T: Task + 't>(
    first: usize,
    tasks: impl Iterator<Item = &'t T>,
    way: &Way<'_>,
    slots: &mut Slots<'_>,
) -> SeriesEnd {
    let way = *way;
    for (number, task) in (first..).zip(tasks) {
        let node = way.first + number as u32;
        if !way.reach(node) {
            return SeriesEnd::Stopped(node);
        }
        let Some((args, out)) = slots.node(number) else { return SeriesEnd::Other(node) };
        if let Err(error) = task.call_into(way.ctx, args, out) {
            return SeriesEnd::Failed(node, error);
        }
        if !out.is_plain() || way.pause.load(Ordering::Relaxed) {
            return SeriesEnd::Paused(node);
        }
    }
    SeriesEnd::Done
}
