//! How a run went, for programs: one JSON document, `format` 1.
//!
//! `status` is `succeeded`, `failed` or `cancelled` (`invalid` and `refused` come from
//! [`crate::problem`]); `outputs` by name; `nodes` a flat list with the full path as `name` (items
//! of maps and nodes of workflows inside follow the node they are in, by their paths), times in seconds from the run's start, `level` that in the node's own workflow; `items` of
//! a map in numbers; `errors` names the failed nodes again. Of failures inside nodes there are the
//! first thousand, and `failures_not_shown` where there were more; of all else there ten thousand,
//! without the items of large maps, and `nodes_not_shown`; unless all was asked for.
//!
//! It is written while it is made: of a million items there is never more than one as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value as Json, json};
use terrace::core::{Amount, LimitKind, NodeId, OutcomeStatus, Redactor, TaskError, Value};
use terrace::scheduler::NodeOutcome;
use terrace::scheduler::dispatch::{HighWater, Spent};

use super::Told;
use super::inside::{Entry, Inside, Items, Kept};
use crate::output::Output;
use crate::problem;

/// Version of the document.
const FORMAT: u32 = 1;

pub(super) fn print(told: &Told<'_>, inside: Arc<Inside>, output: &mut Output) {
    let kept = inside.told();
    let mut outputs = Vec::new();
    let refused = told.report.error.iter();
    let mut errors: Vec<Json> =
        refused.map(|error| json!({ "message": problem::chain(error) })).collect();
    for (name, value) in told.values() {
        // Once for nothing: what has begun to be written cannot be taken back.
        let written = value.and_then(|value| {
            let tried = serde_json::to_writer(std::io::sink(), &value);
            tried.map(|()| value).map_err(|error| error.to_string())
        });
        match written {
            Ok(value) => outputs.push((name, value)),
            Err(why) => errors.push(json!({ "output": name, "message": why })),
        }
    }
    let mut inside: BTreeMap<&str, &[Entry]> = BTreeMap::new();
    for entries in kept.entries.chunk_by(|a, b| outermost(&a.path) == outermost(&b.path)) {
        inside.insert(outermost(&entries[0].path), entries);
    }
    output.json(&Document { told, kept: &kept, inside, outputs, errors });
}

/// All that is written.
struct Document<'a> {
    told: &'a Told<'a>,
    kept: &'a Kept,
    /// What ran inside each node.
    inside: BTreeMap<&'a str, &'a [Entry]>,
    outputs: Vec<(String, Value)>,
    /// Of outputs.
    errors: Vec<Json>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &self.head() {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("outputs", &Outputs(&self.outputs))?;
        map.serialize_entry("nodes", &Each(|| self.nodes()))?;
        map.serialize_entry("errors", &Each(|| self.errors()))?;
        for (key, value) in &self.tail() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Document<'_> {
    /// What comes before the lists.
    fn head(&self) -> Map<String, Json> {
        let (told, report) = (self.told, self.told.report);
        let counts = report.counts;
        object(json!({
            "format": FORMAT,
            "status": super::record::status(report.status),
            "workflow": told.workflow.name(),
            "run": report.run_id,
            "order": told.order().name(),
            "workers": told.workers,
            "seconds": report.duration.as_secs_f64(),
            "levels": told.workflow.levels().groups().map(<[NodeId]>::len).collect::<Vec<_>>(),
            "counts": {
                "succeeded": counts.succeeded,
                "failed": counts.failed,
                "skipped": counts.skipped,
                "cancelled": counts.cancelled,
                "tolerated": counts.tolerated,
            },
        }))
    }

    /// The nodes that ended, each with what ran inside it.
    fn nodes(&self) -> impl Iterator<Item = Json> {
        let Self { told, kept, .. } = *self;
        let maps = &kept.maps;
        self.ended().flat_map(move |(id, outcome)| {
            let name = told.workflow.node(id).name();
            let own = with_items(node(told, id, &outcome), maps.get(name));
            let inside = self.inside_of(name).iter();
            let inside = inside
                .map(move |entry| with_items(node_inside(told, entry), maps.get(&*entry.path)));
            std::iter::once(own).chain(inside)
        })
    }

    /// What is wrong with outputs, and the failed nodes once more.
    fn errors(&self) -> impl Iterator<Item = Json> {
        let told = self.told;
        let of_nodes = self.ended().flat_map(move |(id, outcome)| {
            let name = told.workflow.node(id).name();
            let own = outcome.error.as_ref().filter(|_| outcome.cause.is_none());
            let own = own.map(|error| error_of(name, error, told.redactor));
            let inside = self.inside_of(name).iter().filter_map(move |entry| {
                let error = entry.error.as_ref().filter(|_| is_failure(entry.status))?;
                Some(error_of(&told.redactor.mask(&entry.path), error, told.redactor))
            });
            own.into_iter().chain(inside)
        });
        self.errors.iter().cloned().chain(of_nodes)
    }

    fn ended(&self) -> impl Iterator<Item = (NodeId, NodeOutcome)> {
        let Told { workflow, report, .. } = *self.told;
        workflow.node_ids().filter_map(|id| Some((id, report.outcome(id)?)))
    }

    fn inside_of(&self, name: &str) -> &[Entry] {
        self.inside.get(name).copied().unwrap_or_default()
    }

    /// What comes after the lists.
    fn tail(&self) -> Map<String, Json> {
        let (told, report) = (self.told, self.told.report);
        let mut tail = json!({});
        if self.kept.failures_not_shown > 0 {
            tail["failures_not_shown"] = json!(self.kept.failures_not_shown);
        }
        if self.kept.nodes_not_shown > 0 {
            tail["nodes_not_shown"] = json!(self.kept.nodes_not_shown);
        }
        if !report.limits.is_empty() {
            tail["limits"] = report.limits.iter().map(limit).collect();
        }
        if !report.spent.is_empty() {
            tail["spent"] = report.spent.iter().map(spent).collect();
        }
        if !report.leftovers.is_empty() {
            let entry = |(task, count): &(String, u32)| json!({ "task": task, "attempts": count });
            tail["leftovers"] = report.leftovers.iter().map(entry).collect();
        }
        if let Some(refused) = &report.refused {
            tail["checkpoint"] = json!({
                "level": refused.level,
                "nodes": refused.nodes,
                "reason": told.redactor.mask(&refused.reason),
            });
        }
        object(tail)
    }
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// A list whose entries are made one by one.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Json>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

struct Outputs<'a>(&'a [(String, Value)]);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn error_of(name: &str, error: &TaskError, redactor: &Redactor) -> Json {
    json!({ "node": name, "message": redactor.mask(&error.to_string()) })
}

/// What was used of a limit at most.
fn limit(limit: &HighWater) -> Json {
    let unit = match limit.kind {
        LimitKind::Memory => "bytes",
        LimitKind::Concurrency => "places",
    };
    json!({
        "name": limit.name,
        "unit": unit,
        "most": limit.most,
        "used": limit.used,
        "starts": limit.starts,
    })
}

/// What was spent of a budget.
fn spent(spent: &Spent) -> Json {
    let of = Amount { of: spent.budget.of.clone(), millionths: spent.spent };
    json!({ "of": &*of.of, "budget": spent.budget.shown(), "spent": of.shown() })
}

fn node(told: &Told<'_>, id: NodeId, outcome: &NodeOutcome) -> Json {
    let node = told.workflow.node(id);
    let mut entry = json!({
        "name": node.name(),
        "task": &*node.task().name,
        "level": told.workflow.levels().of(id),
        "status": outcome.status.name(),
        "attempts": outcome.attempts,
        "started": outcome.started.as_secs_f64(),
        "seconds": outcome.duration.as_secs_f64(),
    });
    if let Some(pack) = &node.task().pack {
        entry["pack"] = json!({ "name": pack.name, "version": pack.version });
    }
    if let Some(error) = &outcome.error {
        entry["error"] = error_json(error, told.redactor);
    }
    if let Some(cause) = outcome.cause {
        entry["cause"] = json!(told.workflow.node(cause).name());
    }
    entry
}

/// The node of the outermost workflow that a path begins with.
fn outermost(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn is_failure(status: OutcomeStatus) -> bool {
    matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut)
}

fn node_inside(told: &Told<'_>, entry: &Entry) -> Json {
    let mut json = json!({
        "name": told.redactor.mask(&entry.path),
        "task": &*entry.task,
        "level": entry.level,
        "status": entry.status.name(),
        "attempts": entry.attempts,
        "started": entry.started.as_secs_f64(),
        "seconds": entry.seconds,
    });
    if let Some(pack) = &entry.pack {
        json["pack"] = json!({ "name": pack.name, "version": pack.version });
    }
    if let Some(error) = &entry.error {
        json["error"] = error_json(error, told.redactor);
    }
    if let Some(cause) = &entry.cause {
        json["cause"] = json!(told.redactor.mask(cause));
    }
    json
}

/// The entry of a map tells how many items it had.
fn with_items(mut entry: Json, items: Option<&Items>) -> Json {
    if let Some(items) = items {
        entry["items"] = json!({
            "total": items.total,
            "succeeded": items.total.saturating_sub(items.failed).saturating_sub(items.cancelled),
            "failed": items.failed,
            "cancelled": items.cancelled,
        });
    }
    entry
}

fn error_json(error: &TaskError, redactor: &Redactor) -> Json {
    let mask = |text: &str| redactor.mask(text).into_owned();
    json!({
        "class": error.class().name(),
        "code": mask(error.code()),
        "message": mask(error.message()),
        "causes": error.causes().map(mask).collect::<Vec<_>>(),
        "retryable": error.retryable(),
        "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
        "location": error.location(),
        "details": json_of(&redactor.mask_value(error.details())).unwrap_or(Json::Null),
    })
}

/// A value as JSON, by [`Value`]'s own rules for what JSON has no form for.
fn json_of(value: &Value) -> Result<Json, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
