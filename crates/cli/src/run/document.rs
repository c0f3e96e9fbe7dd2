//! How a run went, for programs: one JSON document, `format` 1.
//!
//! `status` is `succeeded`, `failed` or `cancelled` (`invalid` and `refused` come from
//! [`crate::problem`]); `outputs` by name; `nodes` a flat list with the full path as `name`, times
//! in seconds from the run's start; `errors` names the failed nodes again.

use serde_json::{Map, Value as Json, json};
use terrace::core::{NodeId, Redactor, TaskError, Value};
use terrace::scheduler::{NodeOutcome, RunStatus};

use super::Told;
use crate::output::Output;

/// Version of the document.
const FORMAT: u32 = 1;

pub(super) fn print(told: &Told<'_>, output: &mut Output) {
    let report = told.report;
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
        nodes.push(node(told, id, &outcome));
    }
    let counts = report.counts;
    output.json(&json!({
        "format": FORMAT,
        "status": match report.status {
            RunStatus::Succeeded => "succeeded",
            RunStatus::Cancelled => "cancelled",
            _ => "failed",
        },
        "workflow": told.workflow.name(),
        "run": report.run_id,
        "order": told.args.order.name(),
        "workers": told.workers,
        "seconds": report.duration.as_secs_f64(),
        "levels": told.workflow.levels().groups().map(<[NodeId]>::len).collect::<Vec<_>>(),
        "counts": {
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "skipped": counts.skipped,
            "cancelled": counts.cancelled,
        },
        "outputs": outputs,
        "nodes": nodes,
        "errors": errors,
    }));
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

fn error_json(error: &TaskError, redactor: &Redactor) -> Json {
    let mask = |text: &str| redactor.mask(text).into_owned();
    json!({
        "class": error.class().name(),
        "code": mask(error.code()),
        "message": mask(error.message()),
        "causes": error.causes().map(mask).collect::<Vec<_>>(),
        "retryable": error.retryable(),
        "location": error.location(),
        "details": json_of(&redactor.mask_value(error.details())).unwrap_or(Json::Null),
    })
}

/// A value as JSON, by [`Value`]'s own rules for what JSON has no form for.
fn json_of(value: &Value) -> Result<Json, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
