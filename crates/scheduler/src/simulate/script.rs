//! [`Script`]: how long simulated attempts take and what comes of them.

use std::time::Duration;

use terrace_core::{Lane, NodeId, Policy, TaskError, Type, Value};
use terrace_plugin_api::Item;

/// Says how attempts go.
pub trait Script {
    /// How an attempt goes that begins now. Asked once for each, in the order in which they begin.
    fn attempt(&mut self, attempt: &Attempt<'_>) -> Course;
}

impl<F: FnMut(&Attempt<'_>) -> Course> Script for F {
    fn attempt(&mut self, attempt: &Attempt<'_>) -> Course {
        self(attempt)
    }
}

/// An attempt that begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// Its node, as in events: of a workflow inside another, an id of that; of an item of a map over
    /// one task, the map's.
    pub node: NodeId,
    /// Where it is: `measure["XX"]`, `left.merge`; of a node of the run's workflow its name.
    pub path: &'a str,
    /// The item of the innermost map that it is in.
    pub item: Option<&'a Item>,
    /// What it runs.
    pub task: &'a str,
    /// Which try it is, from 1.
    pub number: u32,
    /// The seed that its task sees: the same for all its attempts.
    pub seed: u64,
    /// On which lane it runs.
    pub lane: Lane,
    /// When it begins, since the run's start.
    pub at: Duration,
    /// When it is given up.
    pub due: Option<Duration>,
    /// What holds for it: how long it takes as far as is declared, what it costs.
    pub policy: Option<&'a Policy>,
    /// How many workers it takes.
    pub cpus: u32,
    /// What its task gives.
    pub output: &'a Type,
}

/// How an attempt goes.
#[derive(Clone, Debug)]
pub struct Course {
    /// How long it takes, if nothing stops it; `None`: it never comes back.
    pub takes: Option<Duration>,
    /// How long after it was told to stop it comes back, as one that was cancelled; `None`: it does
    /// not look.
    pub stops_after: Option<Duration>,
    /// What comes of it.
    pub gives: Gives,
}

/// What comes of an attempt.
#[derive(Clone, Debug)]
pub enum Gives {
    /// What its task gives, which is called when the attempt begins.
    Called,
    /// This; no task is called.
    This(Result<Value, TaskError>),
    /// A value that is made up, of the type of the task's output ([`made`](super::made)), whose
    /// outermost list has so many items, and the lists in it as many as follow; no task is called.
    Made(Vec<usize>),
}

impl Course {
    /// It takes so long, and gives this. No task is called.
    pub fn gives(takes: Duration, result: Result<Value, TaskError>) -> Self {
        Self { takes: Some(takes), stops_after: None, gives: Gives::This(result) }
    }

    /// The task is called, and takes so long.
    pub fn calls(takes: Duration) -> Self {
        Self { takes: Some(takes), stops_after: None, gives: Gives::Called }
    }

    /// It takes so long, and gives a value that is made up; see [`Gives::Made`].
    pub fn makes(takes: Duration, items: Vec<usize>) -> Self {
        Self { takes: Some(takes), stops_after: None, gives: Gives::Made(items) }
    }

    /// It never comes back.
    pub fn hangs() -> Self {
        Self { takes: None, stops_after: None, gives: Gives::This(Ok(Value::Null)) }
    }

    /// It looks whether it was told to stop, and comes back so long after that.
    #[must_use]
    pub fn stops_after(mut self, time: Duration) -> Self {
        self.stops_after = Some(time);
        self
    }
}
