//! `--record`: what happens in the run, written down while it does.

use std::fs::File;
use std::path::Path;

use terrace::core::Redactor;
use terrace::report::{Budget, Closing, Header, LimitUse, Recorder, RecorderOptions};
use terrace::scheduler::RunStatus;

use super::Told;
use crate::problem;

/// Starts the record of a run.
pub(super) fn start(file: &Path, header: &Header, redactor: &Redactor) -> Result<Recorder, String> {
    let cannot = |error| format!("cannot write the record `{}`: {error}", file.display());
    let output = File::create(file).map_err(cannot)?;
    Recorder::new(output, header, redactor.clone(), RecorderOptions::default()).map_err(cannot)
}

/// Ends it. A record that could not be written to its end is said, and is no failure of the run.
pub(super) fn finish(file: &Path, recorder: &Recorder, told: &Told<'_>) {
    if let Err(error) = recorder.finish(&closing(told)) {
        crate::say!("warning: the record `{}` is not whole: {error}", file.display());
    }
}

fn closing(told: &Told<'_>) -> Closing {
    let report = told.report;
    Closing {
        status: status(report.status).to_owned(),
        duration: report.duration,
        error: report.error.as_ref().map(|error| problem::chain(error)),
        limits: report
            .limits
            .iter()
            .map(|limit| LimitUse {
                name: limit.name.clone(),
                most: limit.most,
                used: limit.used,
                starts: limit.starts,
            })
            .collect(),
        budgets: report
            .spent
            .iter()
            .map(|spent| Budget {
                of: spent.budget.of.to_string(),
                most: spent.budget.millionths,
                spent: spent.spent,
            })
            .collect(),
        outputs: told.values(),
        leftovers: report.leftovers.clone(),
    }
}

/// The name that documents use.
pub(super) fn status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::LimitReached => "limit_reached",
        RunStatus::StoppedAtCheckpoint => "stopped_at_checkpoint",
    }
}
