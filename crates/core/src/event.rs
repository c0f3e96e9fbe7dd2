//! [`Event`]: what happened in a run, in order, and [`Observer`], who wants to know.

use std::sync::Arc;
use std::time::Duration;

use terrace_plugin_api::{Lane, OutcomeStatus, TaskError, Value};

use crate::catalog::PackId;
use crate::expr::NodeId;
use crate::signature::Signature;

/// One thing that happened in a run.
#[derive(Clone, Debug)]
pub struct Event {
    /// Time since the run's start.
    pub at: Duration,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// The run begins. Always the first.
    RunStarted {
        /// How many nodes it may run.
        nodes: usize,
        /// How many levels they have.
        levels: usize,
    },
    /// An attempt begins.
    NodeStarted {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// What it runs: the task's name, or what stands for a workflow inside.
        task: Arc<str>,
        /// Which try it is, from 1.
        attempt: u32,
        /// On which kind of thread.
        lane: Lane,
        /// Which thread of that kind, from 0; the caller's own is the last.
        worker: u32,
    },
    /// A map knows its items, and begins with them.
    MapStarted {
        /// The node.
        node: NodeId,
        /// Where it is, inside a node of the run's workflow.
        path: Option<Arc<str>>,
        /// How many items it has.
        items: u64,
    },
    /// Some more items of a map have ended. Each of the first two thousand is told, of more a
    /// thousandth of those that have ended at a time, and the rest before [`EventKind::MapFinished`]; of items
    /// that are one task several at a time, where they are quick.
    MapAdvanced {
        /// The node.
        node: NodeId,
        /// Where it is, inside a node of the run's workflow.
        path: Option<Arc<str>>,
        /// How many items have ended since this was told last.
        items: u64,
    },
    /// All items of a map have ended; the end of its node follows.
    MapFinished {
        /// The node.
        node: NodeId,
        /// Where it is, inside a node of the run's workflow.
        path: Option<Arc<str>>,
        /// How many items it has.
        items: u64,
        /// How many of them failed.
        failed: u64,
        /// How many did not run to their end, because the run was told to stop.
        cancelled: u64,
    },
    /// An attempt has failed, and there is another.
    NodeRetrying {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// Why it failed.
        error: TaskError,
        /// How long to wait before the next one may start.
        pause: Duration,
    },
    /// An attempt took too long and goes on without anybody waiting for it: a thread cannot be
    /// ended from outside.
    NodeAbandoned {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// A node was passed over too often by others that need less: what it needs is kept for it
    /// until it starts.
    NodeReserved {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
    },
    /// The run pauses: nothing runs until somebody has looked.
    CheckpointReached {
        /// The level that has ended, where it pauses for that.
        level: Option<usize>,
        /// The nodes to be looked at.
        nodes: Vec<NodeId>,
    },
    /// Somebody has looked at a checkpoint.
    CheckpointPassed {
        /// Why the run stops there; `None`: it goes on.
        refused: Option<String>,
    },
    /// A task tells how far it is.
    NodeProgress {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// From 0 to 1.
        fraction: f64,
        /// A few words.
        note: String,
    },
    /// A task writes a log line.
    NodeLog {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// How much it matters.
        level: terrace_plugin_api::LogLevel,
        /// The line.
        message: String,
    },
    /// A task is about to be called with these values. Told after the start of each attempt that gets
    /// so far; not of what runs a workflow and calls no task.
    NodeGiven {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// What is known of the task: the ports' names, and which of them are secret.
        signature: Arc<Signature>,
        /// One value per port. Whoever keeps them keeps the task from having them for itself.
        values: Vec<Value>,
    },
    /// A node has given a value. Its end follows.
    NodeGave {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// The value.
        value: Value,
    },
    /// A node has ended: nothing more happens to it.
    NodeFinished {
        /// The node.
        node: NodeId,
        /// Where it is, for a node of a workflow inside the run's and for an item of a map:
        /// `measure["XX"]`, `left.merge`. `node` is then an id of that workflow, or the map's own.
        path: Option<Arc<str>>,
        /// What it runs, as in [`EventKind::NodeStarted`], which those that never start have not.
        task: Arc<str>,
        /// The pack that it comes from.
        pack: Option<Arc<PackId>>,
        /// The node's level in its own workflow.
        level: usize,
        /// How it ended.
        status: OutcomeStatus,
        /// How many tries there were.
        attempts: u32,
        /// How long it ran.
        duration: Duration,
        /// Why, where it did not succeed.
        error: Option<TaskError>,
        /// The node behind it, where it was skipped: of the same workflow.
        cause: Option<NodeId>,
        /// Where that is, inside a node of the run's workflow.
        cause_path: Option<Arc<str>>,
    },
    /// The run is over. Always the last.
    RunFinished {
        /// Nodes that succeeded.
        succeeded: usize,
        /// Nodes that failed.
        failed: usize,
        /// Nodes that were skipped.
        skipped: usize,
        /// Nodes that were cancelled.
        cancelled: usize,
    },
}

/// Kinds of events, joined by `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKinds(u16);

impl EventKinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// The run's start and end.
    pub const RUN: Self = Self(1);
    /// Starts and ends of the nodes of the run's own workflow.
    pub const NODES: Self = Self(1 << 1);
    /// Starts and ends of the nodes of workflows inside nodes.
    pub const INSIDE: Self = Self(1 << 2);
    /// Starts and ends of the items of maps over a single task.
    pub const ITEMS: Self = Self(1 << 3);
    /// What happens to maps as a whole.
    pub const MAPS: Self = Self(1 << 4);
    /// How far tasks say that they are.
    pub const PROGRESS: Self = Self(1 << 5);
    /// What tasks log.
    pub const LOGS: Self = Self(1 << 6);
    /// What tasks are given and nodes give, of those whose starts and ends are wanted too.
    pub const VALUES: Self = Self(1 << 7);
    /// What goes wrong without ending anything, wherever it happens: attempts that are followed by
    /// another, those that are given up, nodes that were passed over too often.
    pub const RETRIES: Self = Self(1 << 8);
    /// All that there are, and those that a later version adds, but for [`EventKinds::VALUES`], which
    /// hold on to what would be let go.
    pub const ALL: Self = Self(!Self::VALUES.0);

    /// These and some others; what `|` does, in constants too.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether any of some kinds is among these.
    pub const fn any_of(self, some: Self) -> bool {
        self.0 & some.0 != 0
    }
}

impl std::ops::BitOr for EventKinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// Someone who wants to know what happens. Called on the threads of the run, one event at a time and
/// in order, unless it [says otherwise](Self::is_concurrent); a slow one slows the run, a panicking
/// one is called no more.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);

    /// Whether several threads may be inside [`event`](Self::event) at once; not, unless it says
    /// otherwise. Asked once, before a run starts. Threads that tell of short nodes then do not wait
    /// for each other, which is most of what being observed costs them. What follows from something
    /// is told after it, and the end of the run last; what happens at the same time comes in any
    /// order, and [`Event::at`] tells which was first.
    fn is_concurrent(&self) -> bool {
        false
    }

    /// Which events it wants; all of them, unless it says otherwise. Asked once, before a run
    /// starts: of any other kind nothing is built, not even the path.
    fn wants(&self) -> EventKinds {
        EventKinds::ALL
    }
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}
