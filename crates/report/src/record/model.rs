//! What a [`super::Record`] is made of. All times are nanoseconds since the run's start.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use terrace_core::{Lane, OutcomeStatus};

use super::header::Header;

/// Where something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The node of the header's list. Of an item or pass, the map or loop; of what runs inside one,
    /// the node of its body. `None` for what no list had, such as workflows that tasks give.
    pub node: Option<u32>,
    /// Where it is, for what is not a node of the run's own workflow: `measure["XX"]`, `left.merge`.
    pub path: Option<Arc<str>>,
}

impl Place {
    /// Its path, or the name of the node.
    pub fn name<'a>(&'a self, header: &'a Header) -> &'a str {
        match (&self.path, self.node) {
            (Some(path), _) => path,
            (None, Some(node)) => header.nodes.get(node as usize).map_or("", |node| &node.name),
            (None, None) => "",
        }
    }

    /// Whether it is a node of the run's own workflow.
    pub fn is_own(&self) -> bool {
        self.path.is_none()
    }
}

/// An error of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Error {
    /// What kind of error: `task`, `panic`, `timed_out`.
    pub class: String,
    /// What its author calls it.
    pub code: Option<String>,
    /// What happened.
    pub message: String,
    /// What was behind it, the nearest first.
    pub causes: Vec<String>,
    /// Where in its source.
    pub location: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// One try of a node or item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Of which.
    pub place: Place,
    /// What runs, where the header does not say so.
    pub task: Option<Arc<str>>,
    /// Which try, from 1.
    pub number: u32,
    /// On which kind of thread.
    pub lane: Lane,
    /// Which thread of that kind, from 0.
    pub worker: u32,
    /// When it began.
    pub start: u64,
    /// When it ended; `None` where the record does not have that.
    pub end: Option<u64>,
    /// How it ended.
    pub status: Option<OutcomeStatus>,
    /// Why it did not succeed.
    pub error: Option<Error>,
    /// Whether it was given up and may have gone on.
    pub abandoned: bool,
    /// How long the next one waited at least, where there is another.
    pub pause: Option<u64>,
}

impl Attempt {
    /// The first of something, at the run's start, of which nothing more is known.
    pub(super) fn at(place: Place) -> Self {
        Self {
            place,
            task: None,
            number: 1,
            lane: Lane::Compute,
            worker: 0,
            start: 0,
            end: None,
            status: None,
            error: None,
            abandoned: false,
            pause: None,
        }
    }
}

/// The end of a node or item, whether it ran or not.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct End {
    /// Of which.
    pub place: Place,
    /// What runs, where the header does not say so.
    pub task: Option<Arc<str>>,
    /// When it was known.
    pub at: u64,
    /// How.
    pub status: OutcomeStatus,
    /// How many attempts there were.
    pub attempts: u32,
    /// How long it ran.
    pub ran: u64,
    /// Why it did not succeed.
    pub error: Option<Error>,
    /// What it was skipped because of.
    pub cause: Option<Place>,
}

/// A run of a map: one for each time that its node ran.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapRun {
    /// The map.
    pub place: Place,
    /// How many items it had.
    pub items: u64,
    /// When it knew them.
    pub start: u64,
    /// When all had ended.
    pub end: Option<u64>,
    /// How many items had ended by when, where items have no lines of their own.
    pub advances: Vec<(u64, u64)>,
    /// How many failed.
    pub failed: u64,
    /// How many did not run to their end.
    pub cancelled: u64,
}

/// A line that a task logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Log {
    /// By which node or item.
    pub place: Place,
    /// When.
    pub at: u64,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
    /// The line.
    pub message: String,
}

/// What a task said of how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Which.
    pub place: Place,
    /// When.
    pub at: u64,
    /// How far, of a million.
    pub millionths: u64,
    /// A few words.
    pub note: String,
}

/// A node for which what it needs was kept, because it had waited too long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reserved {
    /// Which.
    pub place: Place,
    /// When.
    pub at: u64,
}

/// A pause in which somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpoint {
    /// When the run paused.
    pub at: u64,
    /// When somebody had looked.
    pub passed: Option<u64>,
    /// The level that had ended, where it paused for that.
    pub level: Option<u64>,
    /// The nodes looked at, by number.
    pub nodes: Vec<u32>,
    /// Why the run stopped there.
    pub refused: Option<String>,
}

/// What an attempt of a task was given, as text that may be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Given {
    /// Which node or item.
    pub place: Place,
    /// When.
    pub at: u64,
    /// Ports and values.
    pub inputs: Vec<(String, String)>,
}

/// What a node or item gave, as text that may be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gave {
    /// Which.
    pub place: Place,
    /// When.
    pub at: u64,
    /// The value.
    pub value: String,
}

/// How many nodes of the run's own workflow ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// When the last had ended.
    pub at: u64,
    /// Gave an output.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Did not run because of another.
    pub skipped: u64,
    /// Were told to stop.
    pub cancelled: u64,
}

/// What was used of a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitUse {
    /// The limit.
    pub name: String,
    /// How many there were; `None` for one of starts in a time alone.
    pub most: Option<u64>,
    /// How many were used at once, at most.
    pub used: u64,
    /// How many starts there were.
    pub starts: u64,
}

/// What was spent of a budget, in millionths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Of what: `usd`.
    pub of: String,
    /// How much there was.
    pub most: u64,
    /// How much was spent.
    pub spent: u64,
}

/// Why a record does not tell all of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// It stops in the middle of a line.
    InLine {
        /// The line, from 1.
        line: u64,
    },
    /// It stops before the run's end: the run still goes on, or its process was ended.
    NoEnd {
        /// The last line.
        line: u64,
    },
    /// A line in the middle cannot be read, and was left out.
    BadLine {
        /// The first such line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InLine { line } => write!(
                f,
                "the record breaks off inside line {line}: the run was interrupted while it was written"
            ),
            Self::NoEnd { line } => write!(
                f,
                "the record stops after line {line}, before the end of the run: it still goes on, or its \
                 process was ended"
            ),
            Self::BadLine { line, reason } => {
                write!(f, "line {line} of the record cannot be read and is left out: {reason}")
            }
        }
    }
}
