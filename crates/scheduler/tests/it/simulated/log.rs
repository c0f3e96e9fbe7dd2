//! What was told of a run, and what its script answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{Event, EventKind, Lane, Observer, OutcomeStatus, Plan};

use super::spec::Known;

/// An event, as far as it is looked at.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) at: Duration,
    /// The path of whom, and what is known of it.
    pub(super) path: Arc<str>,
    pub(super) who: Option<usize>,
    pub(super) step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    RunStarted,
    Started { number: u32, lane: Lane, worker: u32 },
    Retrying { number: u32, pause: Duration },
    Abandoned,
    Finished { status: OutcomeStatus, attempts: u32, level: usize },
    MapStarted(u64),
    MapFinished,
    Reserved,
    Reached,
    Passed { refused: bool },
    RunFinished([usize; 4]),
    Else,
}

/// What was answered of an attempt that began.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) number: u32,
    pub(super) at: Duration,
    pub(super) takes: Option<Duration>,
    pub(super) ok: bool,
    pub(super) retryable: bool,
}

/// What was answered, in order, as it is asked for.
pub(super) struct Answers<'a>(&'a [Asked]);

impl<'a> Answers<'a> {
    pub(super) fn new(asked: &'a [Asked]) -> Self {
        Self(asked)
    }

    /// What was answered of the attempt that begins with an event.
    pub(super) fn of(&mut self, told: &Told) -> Option<&'a Asked> {
        let Step::Started { number, .. } = told.step else { return None };
        let (first, rest) = self.0.split_first()?;
        let same = *first.path == *told.path && first.number == number && first.at == told.at;
        same.then(|| {
            self.0 = rest;
            first
        })
    }

    /// What is next.
    pub(super) fn next(&self) -> Option<&'a Asked> {
        self.0.first()
    }
}

/// The events of a run, in order.
#[derive(Default)]
pub(super) struct Seen(Mutex<Vec<Event>>);

impl Observer for Seen {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// Who is known, by a number.
pub(super) struct Book {
    numbers: HashMap<String, usize>,
    pub(super) known: Vec<Known>,
}

impl Book {
    pub(super) fn new(known: HashMap<String, Known>) -> Self {
        let mut all: Vec<(String, Known)> = known.into_iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let numbers = all.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        Self { numbers, known: all.into_iter().map(|(_, known)| known).collect() }
    }

    /// Who has a path.
    pub(super) fn who(&self, path: &str) -> Option<usize> {
        let last = path.rsplit('.').next().unwrap_or(path);
        match last.split_once('[') {
            Some((name, _)) => self.numbers.get(&format!("{name}[]")).copied(),
            None => self.numbers.get(last).copied(),
        }
    }
}

/// Where something is: all of its path but its own name.
pub(super) fn around(path: &str) -> &str {
    path.rfind('.').map_or("", |at| &path[..=at])
}

impl Seen {
    /// Everything that was told, whatever it is.
    pub(super) fn text(&self) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for event in self.0.lock().unwrap().iter() {
            let _ = writeln!(text, "{event:?}");
        }
        text
    }

    pub(super) fn told(&self, plan: &Plan, book: &Book) -> Vec<Told> {
        let nothing: Arc<str> = "".into();
        let read = |event: &Event| {
            let none = (None, nothing.clone());
            let of = |node, path: &Option<Arc<str>>| {
                let name = || plan.workflow().node(node).name().into();
                let path: Arc<str> = path.clone().unwrap_or_else(name);
                (book.who(&path), path)
            };
            let ((who, path), step) = match &event.kind {
                EventKind::RunStarted { .. } => (none, Step::RunStarted),
                EventKind::NodeStarted { node, path, attempt, lane, worker, .. } => {
                    let step = Step::Started { number: *attempt, lane: *lane, worker: *worker };
                    (of(*node, path), step)
                }
                EventKind::NodeRetrying { node, path, attempt, pause, .. } => {
                    (of(*node, path), Step::Retrying { number: *attempt, pause: *pause })
                }
                EventKind::NodeAbandoned { node, path, .. } => (of(*node, path), Step::Abandoned),
                EventKind::NodeFinished { node, path, status, attempts, level, .. } => {
                    let (status, attempts, level) = (*status, *attempts, *level);
                    (of(*node, path), Step::Finished { status, attempts, level })
                }
                EventKind::NodeReserved { node, path } => (of(*node, path), Step::Reserved),
                EventKind::MapStarted { node, path, items } => {
                    (of(*node, path), Step::MapStarted(*items))
                }
                EventKind::MapFinished { node, path, .. } => (of(*node, path), Step::MapFinished),
                EventKind::CheckpointReached { .. } => (none, Step::Reached),
                EventKind::CheckpointPassed { refused } => {
                    (none, Step::Passed { refused: refused.is_some() })
                }
                EventKind::RunFinished { succeeded, failed, skipped, cancelled } => {
                    (none, Step::RunFinished([*succeeded, *failed, *skipped, *cancelled]))
                }
                _ => (none, Step::Else),
            };
            Told { at: event.at, path, who, step }
        };
        self.0.lock().unwrap().iter().map(read).collect()
    }
}
