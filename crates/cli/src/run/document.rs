//! How a run went, for programs: one JSON document, `format` 1.
//!
//! `status` is `succeeded`, `failed` or `cancelled` (`invalid` and `refused` come from
//! [`crate::problem`]); `outputs` by name; `nodes` a flat list with the full path as `name` (items
//! of maps and nodes of workflows inside follow the node they are in, in the order in which they
//! ended), times in seconds from the run's start, `level` that in the node's own workflow; `items` of
//! a map in numbers; `errors` names the failed nodes again. Of failures inside nodes there are the
//! first thousand, and `failures_not_shown` where there were more, unless all was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use terrace::core::{Amount, LimitKind, NodeId, OutcomeStatus, Redactor, TaskError, Value};
use terrace::scheduler::dispatch::{HighWater, Spent};
use terrace::scheduler::{NodeOutcome, RunStatus};

use super::Told;
use super::inside::{Entry, Inside, Items, Kept};
use crate::output::Output;

/// Version of the document.
const FORMAT: u32 = 1;

pub(super) fn print(told: &Told<'_>, inside: Arc<Inside>, output: &mut Output) {
    let report = told.report;
    let Kept { entries, maps, failures_not_shown } = inside.told();
    let mut entries_of: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        entries_of.entry(outermost(&entry.path)).or_default().push(entry);
    }
    let mut outputs = Map::new();
    let mut errors = Vec::new();
    for (name, value) in told.values() {
        match value.and_then(|value| json_of(&value)) {
            Ok(value) => {
                outputs.insert(name, value);
            }
            Err(why) => errors.push(json!({ "output": name, "message": why })),
        }
    }
    let mut nodes = Vec::new();
    for id in told.workflow.node_ids() {
        let Some(outcome) = report.outcome(id) else { continue };
        if let Some(error) = outcome.error.as_ref().filter(|_| outcome.cause.is_none()) {
            let name = told.workflow.node(id).name();
            errors.push(json!({ "node": name, "message": told.redactor.mask(&error.to_string()) }));
        }
        let name = told.workflow.node(id).name();
        nodes.push(with_items(node(told, id, &outcome), maps.get(name)));
        for entry in entries_of.remove(name).unwrap_or_default() {
            nodes.push(with_items(node_inside(told, entry), maps.get(&*entry.path)));
            if let Some(error) = entry.error.as_ref().filter(|_| is_failure(entry.status)) {
                let message = told.redactor.mask(&error.to_string()).into_owned();
                let path = told.redactor.mask(&entry.path).into_owned();
                errors.push(json!({ "node": path, "message": message }));
            }
        }
    }
    let counts = report.counts;
    let mut document = json!({
        "format": FORMAT,
        "status": match report.status {
            RunStatus::Succeeded => "succeeded",
            RunStatus::Cancelled => "cancelled",
            RunStatus::LimitReached => "limit_reached",
            RunStatus::StoppedAtCheckpoint => "stopped_at_checkpoint",
            _ => "failed",
        },
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
        "outputs": outputs,
        "nodes": nodes,
        "errors": errors,
    });
    if failures_not_shown > 0 {
        document["failures_not_shown"] = json!(failures_not_shown);
    }
    if !report.limits.is_empty() {
        document["limits"] = report.limits.iter().map(limit).collect();
    }
    if !report.spent.is_empty() {
        document["spent"] = report.spent.iter().map(spent).collect();
    }
    if !report.leftovers.is_empty() {
        let entry = |(task, count): &(String, u32)| json!({ "task": task, "attempts": count });
        document["leftovers"] = report.leftovers.iter().map(entry).collect();
    }
    if let Some(refused) = &report.refused {
        document["checkpoint"] = json!({
            "level": refused.level,
            "nodes": refused.nodes,
            "reason": told.redactor.mask(&refused.reason),
        });
    }
    output.json(&document);
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
