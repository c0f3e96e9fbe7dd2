//! [`Lines`]: makes a [`Record`] of its lines, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;
use terrace_core::{Lane, OutcomeStatus};

use super::header::Header;
use super::model::{
    Attempt, Budget, Checkpoint, End, Gave, Given, LimitUse, Log, MapRun, Place, Progress,
    Reserved, RunCounts,
};
use super::path::bare_path;
use super::raw::Raw;
use super::read::Record;

/// Makes a record of lines.
pub(super) struct Lines {
    pub(super) record: Record,
    /// The nodes of the header by name.
    names: HashMap<String, u32>,
    /// The last attempt of each own node that runs.
    own: HashMap<u32, Option<usize>>,
    /// What is known of each path.
    paths: HashMap<Arc<str>, Known>,
    /// Tasks that the header does not have.
    tasks: HashMap<String, Arc<str>>,
    /// The last run of each map.
    maps: HashMap<Place, usize>,
}

struct Known {
    node: Option<u32>,
    /// The attempt that runs.
    open: Option<usize>,
}

impl Lines {
    pub(super) fn new(header: Header) -> Self {
        let numbered = header.nodes.iter().zip(0_u32..);
        let names = numbered.map(|(node, number)| (node.name.clone(), number)).collect();
        Self {
            record: Record { header, ..Record::default() },
            names,
            own: HashMap::new(),
            paths: HashMap::new(),
            tasks: HashMap::new(),
            maps: HashMap::new(),
        }
    }

    /// Takes a line; of a kind that is not known, nothing.
    pub(super) fn take(&mut self, raw: Raw) -> Result<(), String> {
        if let Some(at) = raw.at {
            self.record.last = self.record.last.max(at);
        }
        match raw.k.as_str() {
            "start" => self.start(raw),
            "end" => self.end(raw),
            "retry" | "abandon" => self.between(raw),
            "reserve" => {
                let (place, at) = (self.place(&raw)?, raw.time()?);
                self.record.reserved.push(Reserved { place, at });
                Ok(())
            }
            "map" | "advance" | "mapped" => self.map(&raw),
            "pause" | "pass" => self.checkpoint(raw),
            "progress" => {
                let (place, at) = (self.place(&raw)?, raw.time()?);
                let millionths = raw.millionths.unwrap_or_default();
                let note = raw.note.unwrap_or_default();
                self.record.progress.push(Progress { place, at, millionths, note });
                Ok(())
            }
            "log" => {
                let (place, at) = (self.place(&raw)?, raw.time()?);
                let level = raw.level.as_ref().and_then(Json::as_str).unwrap_or("info").to_owned();
                let message = raw.message.unwrap_or_default();
                self.record.logs.push(Log { place, at, level, message });
                Ok(())
            }
            "given" => {
                let (place, at) = (self.place(&raw)?, raw.time()?);
                self.record.given.push(Given { place, at, inputs: raw.inputs });
                Ok(())
            }
            "gave" => {
                let (place, at) = (self.place(&raw)?, raw.time()?);
                let value = raw.value.unwrap_or_default();
                self.record.gave.push(Gave { place, at, value });
                Ok(())
            }
            _ => self.last_lines(raw),
        }
    }

    /// Takes a line that tells how the run ended.
    fn last_lines(&mut self, raw: Raw) -> Result<(), String> {
        match raw.k.as_str() {
            "finish" => {
                self.record.counts = Some(RunCounts {
                    at: raw.time()?,
                    succeeded: raw.succeeded.unwrap_or_default(),
                    failed: raw.failed.unwrap_or_default(),
                    skipped: raw.skipped.unwrap_or_default(),
                    cancelled: raw.cancelled.unwrap_or_default(),
                });
            }
            "no_more_values" => self.record.values_cut = true,
            "limit" => self.record.limits.push(LimitUse {
                name: raw.name.ok_or("it has no `name`")?,
                most: raw.most,
                used: raw.used.unwrap_or_default(),
                starts: raw.starts.unwrap_or_default(),
            }),
            "budget" => self.record.budgets.push(Budget {
                of: raw.of.ok_or("it has no `of`")?,
                most: raw.most.unwrap_or_default(),
                spent: raw.spent.unwrap_or_default(),
            }),
            "leftover" => {
                let task = raw.task.ok_or("it has no `task`")?;
                self.record.leftovers.push((task, raw.count.unwrap_or(1)));
            }
            "output" => {
                let error = raw.error_text().unwrap_or_default().to_owned();
                let name = raw.name.ok_or("it has no `name`")?;
                self.record.outputs.push((name, raw.value.ok_or(error)));
            }
            "result" => {
                self.record.error = raw.error_text().map(str::to_owned);
                let status = raw.status.ok_or("it has no `status`")?;
                self.record.status = Some((status, raw.duration.unwrap_or_default()));
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, raw: Raw) -> Result<(), String> {
        let (place, start) = (self.place(&raw)?, raw.time()?);
        let lane = match raw.lane.as_deref() {
            Some("blocking") => Lane::Blocking,
            _ => Lane::Compute,
        };
        let task = raw.task.map(|task| self.task(task));
        *self.open(&place) = Some(self.record.attempts.len());
        self.record.attempts.push(Attempt {
            task,
            number: raw.r#try.unwrap_or(1),
            lane,
            worker: raw.worker.unwrap_or_default(),
            start,
            ..Attempt::at(place)
        });
        Ok(())
    }

    fn end(&mut self, mut raw: Raw) -> Result<(), String> {
        let (place, at) = (self.place(&raw)?, raw.time()?);
        let status = raw.status.as_deref().unwrap_or("ok");
        let status = OutcomeStatus::of_name(status)
            .ok_or_else(|| format!("nothing ends with the status `{status}`"))?;
        let error = raw.take_error()?;
        if let Some(open) = self.open(&place).take() {
            let attempt = &mut self.record.attempts[open];
            attempt.end = Some(at);
            attempt.status = Some(status);
            attempt.error.clone_from(&error);
        }
        let cause = match (raw.cause_path, raw.cause) {
            (Some(path), _) => Some(self.path(&path)),
            (None, Some(node)) => Some(Place { node: Some(node), path: None }),
            (None, None) => None,
        };
        let task = raw.task.map(|task| self.task(task));
        let (attempts, ran) = (raw.tries.unwrap_or(1), raw.ran.unwrap_or_default());
        self.record.ends.push(End { place, task, at, status, attempts, ran, error, cause });
        Ok(())
    }

    /// Takes the end of an attempt that is not the last, or that it was given up.
    fn between(&mut self, mut raw: Raw) -> Result<(), String> {
        let (place, at) = (self.place(&raw)?, raw.time()?);
        let retries = raw.k == "retry";
        let error = raw.take_error()?;
        let open = self.open(&place);
        // An attempt that was given up ends where that is said, and its error follows.
        let Some(number) = (if retries { open.take() } else { *open }) else { return Ok(()) };
        let attempt = &mut self.record.attempts[number];
        attempt.end.get_or_insert(at);
        if retries {
            let late = error.as_ref().is_some_and(|error| error.class == "timed_out");
            let status = if late { OutcomeStatus::TimedOut } else { OutcomeStatus::Failed };
            attempt.status = Some(status);
            attempt.error = error;
            attempt.pause = raw.pause;
        } else {
            attempt.abandoned = true;
        }
        Ok(())
    }

    fn map(&mut self, raw: &Raw) -> Result<(), String> {
        let (place, at) = (self.place(raw)?, raw.time()?);
        let items = raw.items.unwrap_or_default();
        if raw.k == "map" {
            self.maps.insert(place.clone(), self.record.maps.len());
            let (end, advances) = (None, Vec::new());
            let map = MapRun { place, items, start: at, end, advances, failed: 0, cancelled: 0 };
            self.record.maps.push(map);
            return Ok(());
        }
        let Some(&number) = self.maps.get(&place) else { return Ok(()) };
        let map = &mut self.record.maps[number];
        if raw.k == "advance" {
            let before = map.advances.last().map_or(0, |(_, items)| *items);
            map.advances.push((at, before + items));
        } else {
            map.end = Some(at);
            map.failed = raw.failed.unwrap_or_default();
            map.cancelled = raw.cancelled.unwrap_or_default();
        }
        Ok(())
    }

    fn checkpoint(&mut self, raw: Raw) -> Result<(), String> {
        let at = raw.time()?;
        if raw.k == "pause" {
            let nodes = raw.nodes.map(serde_json::from_value).transpose();
            let nodes = nodes.map_err(|error| error.to_string())?.unwrap_or_default();
            let level = raw.level.as_ref().and_then(Json::as_u64);
            let checkpoint = Checkpoint { at, passed: None, level, nodes, refused: None };
            self.record.checkpoints.push(checkpoint);
        } else if let Some(checkpoint) = self.record.checkpoints.last_mut() {
            checkpoint.passed = Some(at);
            checkpoint.refused = raw.refused;
        }
        Ok(())
    }

    fn place(&mut self, raw: &Raw) -> Result<Place, String> {
        match (&raw.path, raw.node) {
            (Some(path), _) => Ok(self.path(path)),
            (None, Some(node)) if (node as usize) < self.record.header.nodes.len() => {
                Ok(Place { node: Some(node), path: None })
            }
            (None, Some(node)) => Err(format!("there is no node {node}")),
            (None, None) => Err("it says of no node or path".to_owned()),
        }
    }

    /// What is at a path.
    pub(super) fn path(&mut self, path: &str) -> Place {
        if let Some((path, known)) = self.paths.get_key_value(path) {
            return Place { node: known.node, path: Some(Arc::clone(path)) };
        }
        let node = self.names.get(&*bare_path(path)).copied();
        let path: Arc<str> = path.into();
        self.paths.insert(Arc::clone(&path), Known { node, open: None });
        Place { node, path: Some(path) }
    }

    /// The attempt that runs at a place.
    fn open(&mut self, place: &Place) -> &mut Option<usize> {
        match (&place.path, place.node) {
            (Some(path), node) => {
                let known = || Known { node, open: None };
                &mut self.paths.entry(Arc::clone(path)).or_insert_with(known).open
            }
            (None, node) => self.own.entry(node.unwrap_or(u32::MAX)).or_default(),
        }
    }

    fn task(&mut self, task: String) -> Arc<str> {
        if let Some(known) = self.tasks.get(&task) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = task.as_str().into();
        self.tasks.insert(task, Arc::clone(&shared));
        shared
    }
}
