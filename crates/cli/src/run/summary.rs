//! How a run went, for people: outputs on standard output, the rest on standard error.

use std::time::Duration;

use terrace::core::{
    Amount, IfFailed, LimitKind, NodeId, OutcomeStatus, TaskError, Value, show_size, value_to_json,
    value_to_json_pretty,
};
use terrace::report::by_path;
use terrace::scheduler::{RunReport, RunStatus};

use super::{Told, approve, pace};
use crate::output::Output;
use crate::problem;

/// How many failed nodes are shown in full.
const SHOWN: usize = 20;

/// How many failures inside a node are shown with it.
const SHOWN_INSIDE: usize = 5;

/// Prints every output that there is, and the targets' outputs.
pub(super) fn print_outputs(told: &Told<'_>, output: &mut Output) {
    for (name, value) in told.values() {
        match value {
            Ok(value) => output.line(&format!("{name}: {}", show(&value))),
            Err(why) => crate::say!("no output `{name}`: {why}"),
        }
    }
}

/// A value on a line or several: text as it is, everything else as JSON.
fn show(value: &Value) -> String {
    if let Value::Str(text) = value {
        return if text.contains('\n') {
            format!("|\n{}", text.as_str())
        } else {
            text.as_str().to_owned()
        };
    }
    let short = value_to_json(value).unwrap_or_else(|error| format!("<{error}>"));
    if short.chars().count() <= 100 {
        return short;
    }
    value_to_json_pretty(value).unwrap_or(short)
}

/// Prints what ran, how long each level took, and what failed.
pub(super) fn print(told: &Told<'_>) {
    let report = told.report;
    let workflow = told.workflow;
    let name = if workflow.name().is_empty() { "workflow" } else { workflow.name() };
    let counts = report.counts;
    let how = match report.status {
        RunStatus::Succeeded => "succeeded",
        RunStatus::Cancelled => "was cancelled",
        RunStatus::LimitReached => "reached a limit",
        RunStatus::StoppedAtCheckpoint => "was stopped at a checkpoint",
        _ => "failed",
    };
    // Those of the levels below: a cancelled node ran as far as it came.
    let started = |id| report.outcome(id).is_some_and(|outcome| outcome.attempts > 0);
    let ran = workflow.node_ids().filter(|&id| started(id)).count();
    let workers = match (told.args.workers, told.workers) {
        (Some(0), _) => "in sequence on one thread".to_owned(),
        (_, 1) => "1 compute worker".to_owned(),
        (_, workers) => format!("{workers} compute workers"),
    };
    let inside = match report.inside {
        0 => String::new(),
        1 => " with 1 inside".to_owned(),
        inside => format!(" with {inside} inside"),
    };
    crate::say!(
        "{name} {how} in {}: {ran} node{} ran{inside} ({} order, {workers})",
        time(report.duration),
        if ran == 1 { "" } else { "s" },
        told.order().name(),
    );
    print_levels(told);
    for line in pace::lines(told) {
        crate::say!("  {line}");
    }
    if counts.tolerated > 0 {
        crate::say!("{} failed, which was allowed", counts.tolerated);
    }
    if counts.failed + counts.skipped + counts.cancelled > 0 {
        crate::say!(
            "{} succeeded, {} failed, {} skipped, {} cancelled",
            counts.succeeded,
            counts.failed,
            counts.skipped,
            counts.cancelled
        );
    }
    print_limits(report);
    if let Some(error) = &report.error {
        crate::say!("stopped: {}", problem::chain(error));
    }
    if let Some(refused) = &report.refused {
        let nodes: Vec<&str> = refused.nodes.iter().map(String::as_str).collect();
        let place = approve::place(refused.level, &nodes);
        let reason = told.redactor.mask(&refused.reason);
        crate::say!("stopped {place}: {reason}{}", approve::how(told.args));
    }
    print_failures(told);
}

/// What was used of limits and budgets, and what still runs.
fn print_limits(report: &RunReport) {
    for limit in &report.limits {
        let shown = |amount: u64| match limit.kind {
            LimitKind::Memory => show_size(amount),
            LimitKind::Concurrency => amount.to_string(),
        };
        let of = limit.most.map(|most| format!(" of {}", shown(most))).unwrap_or_default();
        let starts = match limit.starts {
            1 => "1 start".to_owned(),
            starts => format!("{starts} starts"),
        };
        crate::say!("  limit {}: at most {}{of} at once, {starts}", limit.name, shown(limit.used));
    }
    for spent in &report.spent {
        let Amount { of, .. } = &spent.budget;
        let used = Amount { of: of.clone(), millionths: spent.spent }.shown();
        crate::say!("  {of}: {used} of {} spent", spent.budget.shown());
    }
    for (task, count) in &report.leftovers {
        let (attempts, run) = if *count == 1 { ("attempt", "runs") } else { ("attempts", "run") };
        crate::say!("warning: {count} {attempts} of {task} took too long and still {run}");
    }
}

/// One line per level, with the nodes that ran and the time they took together. That is work where no node
/// has others inside, which may run side by side.
fn print_levels(told: &Told<'_>) {
    let levels = told.workflow.levels();
    // A long chain has as many lines as nodes: the first tell enough.
    let shown = levels.len().min(12);
    let lines: Vec<(String, Duration, &str)> =
        (0..shown).filter_map(|level| level_line(told, level)).collect();
    let width = lines.iter().map(|(line, ..)| line.chars().count()).max().unwrap_or(0);
    for (line, busy, what) in lines {
        let pad = width - line.chars().count();
        crate::say!("  {line}{} {:>9} {what}", " ".repeat(pad), time(busy));
    }
    if levels.len() > shown {
        crate::say!("  … and {} more levels", levels.len() - shown);
    }
}

fn level_line(told: &Told<'_>, level: usize) -> Option<(String, Duration, &'static str)> {
    let mut busy = Duration::ZERO;
    let mut ran = told.workflow.levels().group(level).to_vec();
    ran.retain(|&id| {
        let outcome = told.report.outcome(id).filter(|outcome| outcome.attempts > 0);
        if let Some(outcome) = &outcome {
            let before = told.seen.tried(id, outcome.attempts).unwrap_or_default();
            busy += outcome.duration + before;
        }
        outcome.is_some()
    });
    let has_inside = |id: &NodeId| {
        let node = told.workflow.node(*id);
        node.flow().is_some() || node.is_dynamic()
    };
    let what = if ran.iter().any(has_inside) { "elapsed" } else { "of work" };
    (!ran.is_empty()).then(|| {
        let items = |id| told.report.items(id);
        (told.workflow.level_line(level, &ran, items), busy, what)
    })
}

fn print_failures(told: &Told<'_>) {
    let failed = told.workflow.node_ids().filter_map(|id| {
        let outcome = told.report.outcome(id)?;
        let failed = matches!(outcome.status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
        failed.then_some((id, outcome))
    });
    for (shown, (id, outcome)) in failed.enumerate() {
        if shown == SHOWN {
            crate::say!("… and more failed nodes; `--json` has them all");
            break;
        }
        let node = told.workflow.node(id);
        let error = outcome.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let may = node.policy().is_some_and(|policy| policy.if_failed != IfFailed::Fails);
        let attempts = match outcome.attempts {
            0 | 1 => String::new(),
            attempts => format!(" after {attempts} attempts"),
        };
        crate::say!(
            "{}: node `{}` ({}){attempts}: {}",
            if may { "allowed" } else { "error" },
            node.name(),
            node.task().name,
            told.redactor.mask(&error)
        );
        let grew = |error: &TaskError| error.class().name() == "limit" && error.code() == "nodes";
        if outcome.error.as_ref().is_some_and(grew) {
            crate::say!("  help: `--max-grown` says how many nodes there may be");
        }
        print_inside(told, node.name());
        if let Some(place) = outcome.error.as_ref().and_then(|error| error.location()) {
            crate::say!("  at {place}");
        }
        let mut skipped: Vec<&str> = told
            .workflow
            .node_ids()
            .filter(|&other| told.report.outcome(other).is_some_and(|o| o.cause == Some(id)))
            .map(|other| told.workflow.node(other).name())
            .take(9)
            .collect();
        if skipped.len() > 8 {
            skipped[8] = "and others";
        }
        if !skipped.is_empty() {
            crate::say!("  skipped because of it: {}", skipped.join(", "));
        }
    }
}

/// The first failures inside a node, where the node's own error does not say it all.
fn print_inside(told: &Told<'_>, node: &str) {
    let inside =
        |path: &str| path.strip_prefix(node).is_some_and(|rest| rest.starts_with(['.', '[']));
    let mut failures: Vec<_> =
        told.report.failures.iter().filter(|failure| inside(&failure.path)).collect();
    if failures.len() < 2 {
        return;
    }
    failures.sort_by(|a, b| by_path(&a.path, &b.path));
    // What failed because of something inside it says the same again.
    let inner: Vec<bool> = failures
        .windows(2)
        .map(|two| {
            let rest = two[1].path.strip_prefix(&*two[0].path);
            rest.is_none_or(|rest| !rest.starts_with(['.', '[']))
        })
        .chain([true])
        .collect();
    let mut inner = inner.into_iter();
    failures.retain(|_| inner.next().unwrap_or(true));
    for failure in failures.iter().take(SHOWN_INSIDE) {
        let error = failure.error.to_string();
        let (path, error) = (told.redactor.mask(&failure.path), told.redactor.mask(&error));
        crate::say!("  {path}: {error}");
    }
    if failures.len() > SHOWN_INSIDE {
        // Of many the report keeps only the first.
        if told.report.failures_inside > told.report.failures.len() as u64 {
            crate::say!("  … and many more inside it; `--json=full` tells which");
        } else {
            let more = failures.len() - SHOWN_INSIDE;
            crate::say!("  … and {more} more inside it; `--json` tells which");
        }
    }
}

/// A duration in the unit that suits it.
pub(super) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 120.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

impl Told<'_> {
    /// Declared outputs, or the targets' where only those ran, masked.
    pub(super) fn values(&self) -> Vec<(String, Result<Value, String>)> {
        let mask = |value: &Value| self.redactor.mask_value(value);
        if self.args.targets.is_empty() {
            let outputs = self.report.outputs.iter();
            return outputs
                .map(|(name, value)| {
                    let value = value
                        .as_ref()
                        .map(mask)
                        .map_err(|error| self.redactor.mask(&error.to_string()).into_owned());
                    (name.clone(), value)
                })
                .collect();
        }
        let mut targets = self.args.targets.clone();
        targets.dedup();
        targets
            .iter()
            .filter_map(|name| Some((name.clone(), self.workflow.find(name)?)))
            .map(|(name, id)| {
                let value = self.report.value(id).map(mask);
                (name, value.map_err(|error| self.redactor.mask(&error.to_string()).into_owned()))
            })
            .collect()
    }
}
