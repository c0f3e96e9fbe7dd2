//! [`Approve`]: who looks at what was produced and decides whether a run goes on.

use std::time::Duration;

use terrace_core::{NodeId, OutcomeStatus, TaskError, Value};

/// Who looks at what was produced so far and decides whether the run goes on.
///
/// Called on a thread of its own, which may take as long as it likes: the run holds no worker
/// meanwhile. A run that is cancelled, or whose deadline passes, does not wait for the answer.
pub trait Approve: Send + Sync {
    /// Decides. A panic is a refusal.
    fn approve(&self, checkpoint: &Checkpoint) -> Decision;
}

impl<F: Fn(&Checkpoint) -> Decision + Send + Sync> Approve for F {
    fn approve(&self, checkpoint: &Checkpoint) -> Decision {
        self(checkpoint)
    }
}

/// A place at which a run has paused: nothing runs.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The run's id.
    pub run_id: String,
    /// The workflow's name.
    pub workflow: String,
    /// Time since the run's start.
    pub at: Duration,
    /// The level that has ended, where it paused for that.
    pub level: Option<usize>,
    /// What has ended since the last checkpoint that is to be looked at: the nodes of the level, or
    /// those that are checkpoints themselves. In run order.
    pub produced: Vec<Produced>,
    /// The names of the nodes that would start next, in run order.
    pub next: Vec<String>,
}

/// A node that has ended before a checkpoint.
#[derive(Clone, Debug)]
pub struct Produced {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: OutcomeStatus,
    /// What it gave; `None` where it gave nothing, or nobody is to read it: keep the node to see it.
    pub value: Option<Value>,
    /// Why it failed.
    pub error: Option<TaskError>,
}

/// What is decided at a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// The run goes on.
    GoOn,
    /// It goes on without some items of what was produced.
    GoOnWithout(Vec<Dropped>),
    /// It stops; nothing new starts but what cleans up.
    Stop {
        /// Why, for people.
        reason: String,
    },
}

/// Items of a list or a keyed result that a run goes on without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The name of the node that produced them.
    pub node: String,
    /// Which.
    pub items: Vec<Which>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of a list, by its position from 0.
    Index(usize),
    /// Of a keyed result.
    Key(String),
}

/// Where and why a run was stopped at a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The level that had ended, where it had paused for that.
    pub level: Option<usize>,
    /// The nodes that were to be looked at.
    pub nodes: Vec<String>,
    /// Why.
    pub reason: String,
}

impl Dropped {
    /// The value without the items.
    ///
    /// # Errors
    /// Where there is no such item.
    pub(crate) fn apply(&self, value: Value) -> Result<Value, String> {
        match value {
            Value::List(list) => {
                let mut items: Vec<Option<Value>> = list.into_vec().into_iter().map(Some).collect();
                for which in &self.items {
                    let slot = match which {
                        Which::Index(at) => items.get_mut(*at),
                        Which::Key(_) => None,
                    };
                    match slot {
                        Some(slot) => *slot = None,
                        None => return Err(self.missing(which)),
                    }
                }
                let left = items.into_iter().flatten().collect();
                Value::list(left).map_err(|error| error.to_string())
            }
            Value::Map(map) => {
                let mut entries = map.into_entries();
                for which in &self.items {
                    let before = entries.len();
                    if let Which::Key(key) = which {
                        entries.retain(|(name, _)| name != key);
                    }
                    if entries.len() == before {
                        return Err(self.missing(which));
                    }
                }
                Value::map(entries).map_err(|error| error.to_string())
            }
            Value::Ext(_) => Err(format!(
                "what node `{}` gave is a Rust value of the program, whose items are not known here",
                self.node
            )),
            other => Err(format!("node `{}` gave {}, which has no items", self.node, other.kind())),
        }
    }

    fn missing(&self, which: &Which) -> String {
        match which {
            Which::Index(at) => format!("what node `{}` gave has no item {at}", self.node),
            Which::Key(key) => format!("what node `{}` gave has no item {key:?}", self.node),
        }
    }
}
