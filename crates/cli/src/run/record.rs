//! `--record`, `--report` and `--trace`: what happens in the run, written down while it does, and shown when it
//! is over.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use terrace::Engine;
use terrace::core::{Redactor, Workflow};
use terrace::report::{Budget, Closing, Header, LimitUse, Record, Recorder, RecorderOptions};
use terrace::scheduler::RunStatus;

use super::{Told, inputs};
use crate::args::RunArgs;
use crate::files::{self, name_of};
use crate::{problem, report, trace};

/// Nodes from which on values are not recorded: they are tiny then, and each would take a tenth longer.
const MOST_WITH_VALUES: u64 = 20_000;

/// A record under way.
pub(super) struct Recording {
    pub(super) recorder: Recorder,
    /// The run's id.
    pub(super) run: String,
    record: Option<PathBuf>,
    report: Option<PathBuf>,
    trace: Option<PathBuf>,
    #[cfg(feature = "otel")]
    follower: Option<terrace_otel::Follower>,
    /// What was written, for what is made of it.
    copy: Option<Copy>,
}

/// Bytes that whoever writes them and whoever reads them share.
type Copy = Arc<Mutex<Vec<u8>>>;

/// Writes to all who want the record.
struct Sinks {
    file: Option<File>,
    copy: Option<Copy>,
    #[cfg(feature = "otel")]
    lines: Option<terrace_otel::Lines>,
}

impl Write for Sinks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => bytes.len(),
        };
        if let Some(copy) = &self.copy {
            let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            copy.extend_from_slice(&bytes[..written]);
        }
        #[cfg(feature = "otel")]
        if let Some(lines) = &mut self.lines {
            lines.write_all(&bytes[..written])?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Recording {
    /// Starts the record of a run, where one or a report is wanted.
    pub(super) fn start(
        args: &RunArgs,
        (engine, workflow): (&Engine, &Workflow),
        header: impl FnOnce() -> Header,
        redactor: &Redactor,
    ) -> Result<Option<Self>, String> {
        let reads = args.report.is_some() || args.trace.is_some();
        #[cfg(feature = "otel")]
        let sends = args.otlp.is_some();
        #[cfg(not(feature = "otel"))]
        let sends = false;
        if args.record.is_none() && !reads && !sends {
            return Ok(None);
        }
        one_file_for_each(args, read(args, engine, workflow))?;
        let file = args.record.as_ref().map(|path| {
            let cannot = |error| format!("cannot write the record `{}`: {error}", path.display());
            File::create(path).map_err(cannot)
        });
        for (what, path) in [("report", &args.report), ("trace", &args.trace)] {
            let Some(path) = path else { continue };
            // Rather now than after a long run.
            let cannot = |error| format!("cannot write the {what} `{}`: {error}", path.display());
            File::options().append(true).create(true).open(path).map_err(cannot)?;
        }
        let copy = reads.then(Copy::default);
        #[cfg(feature = "otel")]
        let (lines, follower) = {
            let follow = |url: &String| terrace_otel::Follower::start(url);
            let followed = args.otlp.as_ref().map(follow).transpose();
            followed.map_err(|error| problem::chain(&error))?.unzip()
        };
        let sinks = Sinks {
            file: file.transpose()?,
            copy: copy.clone(),
            #[cfg(feature = "otel")]
            lines,
        };
        let header = header();
        let mut options = RecorderOptions::default();
        if header.own > MOST_WITH_VALUES {
            options = options.with_value_bytes(0);
        }
        let recorder = Recorder::new(sinks, &header, redactor.clone(), options);
        Ok(Some(Self {
            recorder: recorder.map_err(|error| format!("cannot record the run: {error}"))?,
            run: header.run,
            record: args.record.clone(),
            report: args.report.clone(),
            trace: args.trace.clone(),
            #[cfg(feature = "otel")]
            follower,
            copy,
        }))
    }

    /// Ends it. A record or report that could not be written is said, and is no failure of the run.
    pub(super) fn finish(self, told: &Told<'_>) {
        if let Err(error) = self.recorder.finish(&closing(told)) {
            let what = self.record.as_ref().map_or_else(
                || "the record".to_owned(),
                |path| format!("the record `{}`", path.display()),
            );
            crate::say!("warning: {what} is not whole: {error}");
        }
        if let Some(copy) = &self.copy {
            let lines = std::mem::take(&mut *copy.lock().unwrap_or_else(PoisonError::into_inner));
            self.show(&lines);
        }
        #[cfg(feature = "otel")]
        if let Some(Err(error)) = self.follower.map(terrace_otel::Follower::finish) {
            crate::say!("warning: {}", problem::chain(&error));
        }
    }

    /// Writes what is made of the whole record.
    fn show(&self, lines: &[u8]) {
        let record = match Record::read(lines) {
            Ok(record) => record,
            Err(error) => return crate::say!("warning: {}", problem::chain(&error)),
        };
        let report = self.report.as_ref().map(|path| report::write(path, &record.to_html()));
        let trace = self.trace.as_ref().map(|path| trace::write(path, &record));
        for error in report.into_iter().chain(trace).filter_map(Result::err) {
            crate::say!("warning: {error}");
        }
    }
}

/// The files that a run is made of, and what each is.
fn read(args: &RunArgs, engine: &Engine, workflow: &Workflow) -> Vec<(&'static str, PathBuf)> {
    let used = files::used(workflow, &args.file);
    let packs = engine.registry().packs();
    let packs = packs.iter().filter_map(|pack| pack.path());
    let given = inputs::files(&args.inputs, args.inputs_file.as_deref());
    let mut read = vec![("workflow", name_of(&args.file))];
    read.extend(used.iter().map(|file| ("used workflow", name_of(file))));
    read.extend(given.map(|file| ("input", name_of(file))));
    read.extend(packs.map(|file| ("pack", name_of(file))));
    read
}

/// Whether what is written would end up in a file that is something else: one that is read, or two of it
/// in one.
fn one_file_for_each(
    args: &RunArgs,
    mut taken: Vec<(&'static str, PathBuf)>,
) -> Result<(), String> {
    let written = [("record", &args.record), ("report", &args.report), ("trace", &args.trace)];
    let written = written.iter().filter_map(|(what, path)| Some((*what, path.as_ref()?)));
    for (what, path) in written {
        // A device takes whatever comes.
        if path.exists() && !path.is_file() {
            continue;
        }
        let file = name_of(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == file) {
            return Err(format!("`{}` cannot be both {other} and {what}", path.display()));
        }
        taken.push((what, file));
    }
    Ok(())
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
