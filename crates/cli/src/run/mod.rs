//! `terrace run`: reads, runs, and says how it went.
//!
//! Inputs from the command line in [`inputs`], Ctrl-C in [`interrupt`], what a terminal shows
//! meanwhile in [`progress`], what happened inside nodes in [`inside`], the end in [`summary`] for people,
//! where the time went in [`pace`], and [`document`] for programs. The record of it all in [`record`].
//! What would happen, without running anything, in [`dry`].

mod approve;
mod document;
mod dry;
pub(crate) mod inputs;
mod inside;
mod interrupt;
mod pace;
mod progress;
mod record;
mod summary;

use std::sync::Arc;

use terrace::Engine;
use terrace::core::{Checkpoints, Event, EventKind, EventKinds, Observer, Redactor, Workflow};
use terrace::report::{Header, Recorder, Tracer};
use terrace::scheduler::{CancelToken, Growth, RunReport, RunStatus};

use crate::args::{JsonArg, OrderArg, RunArgs};
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

pub(crate) fn run(args: &RunArgs, output: &mut Output) -> Exit {
    let mut builder =
        Engine::builder().pack_path(args.packs.path()).max_blocking(max_blocking(args));
    if let Some(workers) = args.workers {
        builder = builder.workers(usize::from(workers));
    }
    let engine = match builder.build() {
        Ok(engine) => engine,
        Err(error) => return problem::report(&error, args.json.is_some(), output),
    };
    let workflow = match engine.read(&args.file) {
        Ok(workflow) => workflow,
        Err(error) => return problem::report(&error, args.json.is_some(), output),
    };
    let given = match inputs::collect(args, &workflow) {
        Ok(given) => given,
        Err(error) => return problem::report(&error, args.json.is_some(), output),
    };
    warn(args, &workflow);

    // The values as they will run, environment and defaults included, so that secrets are known
    // before the first event. Those of workflows inside nodes it learns while they start.
    let values = match given.settle(&workflow) {
        Ok(values) => values,
        Err(error) => return problem::report(&error, args.json.is_some(), output),
    };
    if args.dry_run {
        return dry::run(args, &workflow, values, engine.scheduler().workers(), output);
    }
    let redactor = Redactor::new(&workflow, &values);

    let cancel = CancelToken::new();
    let signals = match interrupt::watch(&cancel) {
        Ok(signals) => signals,
        Err(error) => {
            return problem::usage(
                &format!("cannot listen to signals: {error}"),
                args.json.is_some(),
                output,
            );
        }
    };
    let header = || header(args, &engine, &workflow);
    let made_of = (&engine, &workflow);
    let recording = match record::Recording::start(args, made_of, header, &redactor) {
        Ok(recording) => recording,
        Err(message) => return problem::usage(&message, args.json.is_some(), output),
    };
    let progress = progress::Progress::start(&workflow, redactor.clone(), args.progress);
    let inside = args.json.map(|how| Arc::new(inside::Inside::new(how == JsonArg::Full)));
    let folder = args.file.parent().map(|dir| dir.display().to_string()).unwrap_or_default();
    let tracer = Tracer::new(&workflow, redactor.clone());
    let mut request = given
        .order(args.order.order())
        .growth(Growth { nodes: args.max_grown, ..Growth::default() })
        .seed(args.seed)
        .workflow_dir(if folder.is_empty() { ".".to_owned() } else { folder })
        .cancel_token(cancel.clone())
        .redactor(redactor.clone())
        .watch(progress.watch())
        .observer(Listener {
            progress: progress.listener(),
            inside: inside.clone(),
            logged: tracer.wants(),
            tracer,
            recorder: recording.as_ref().map(|recording| recording.recorder.clone()),
            workflow: workflow.clone(),
        });
    if let Some(recording) = &recording {
        request = request.run_id(recording.run.clone());
    }
    if let Some(approver) = approve::approver(args, &redactor, &cancel) {
        request = request.approver(approver);
    }
    if let Some(deadline) = args.deadline {
        request = request.deadline(deadline);
    }
    if let Some(on_failure) = args.on_failure {
        request = request.on_failure(on_failure.policy());
    }
    if let Some(tasks) = args.max_concurrent {
        request = request.max_concurrent(tasks);
    }
    let mut targets = args.targets.clone();
    targets.dedup();
    for target in &targets {
        request = request.target(target.clone());
    }
    let report = engine.run(&workflow, &request);
    let seen = progress.finish();
    let report = match report {
        Ok(report) => report,
        Err(error) => return problem::report(&error, args.json.is_some(), output),
    };
    let told = Told {
        args,
        workflow: &workflow,
        report: &report,
        workers: engine.scheduler().workers(),
        redactor: &redactor,
        seen: &seen,
    };
    match inside {
        Some(inside) => document::print(&told, inside, output),
        None => summary::print_outputs(&told, output),
    }
    output.flush();
    summary::print(&told);
    if let Some(recording) = recording {
        recording.finish(&told);
    }
    if signals.interrupted() {
        return Exit::Interrupted;
    }
    match report.status {
        RunStatus::Succeeded => Exit::Success,
        RunStatus::Cancelled => Exit::Interrupted,
        RunStatus::LimitReached => Exit::Limit,
        RunStatus::StoppedAtCheckpoint => Exit::Checkpoint,
        _ => Exit::NodeFailed,
    }
}

/// How many blocking tasks go at once. In sequence what waits on a thread of its own does so alone too.
fn max_blocking(args: &RunArgs) -> usize {
    if args.workers == Some(0) { 1 } else { 512 }
}

/// What the record says of the run before it starts.
fn header(args: &RunArgs, engine: &Engine, workflow: &Workflow) -> Header {
    let mut header = Header::of(workflow);
    header.file = Some(args.file.display().to_string());
    header.workers = Some(engine.scheduler().workers() as u64);
    header.max_blocking = Some(max_blocking(args) as u64);
    header.order = order(args, workflow).name().to_owned();
    header
}

/// Who listens: the terminal, what the document needs, and the record.
struct Listener {
    progress: Arc<progress::State>,
    inside: Option<Arc<inside::Inside>>,
    /// Wants nothing unless logs are asked for.
    tracer: Tracer,
    logged: EventKinds,
    recorder: Option<Recorder>,
    workflow: Workflow,
}

impl Observer for Listener {
    fn event(&self, event: &Event) {
        if self.logged != EventKinds::NONE {
            self.tracer.event(event);
        }
        // What tasks log is said once.
        let is_log = matches!(event.kind, EventKind::NodeLog { .. });
        if !(is_log && self.logged.any_of(EventKinds::LOGS)) {
            self.progress.take(event);
        }
        if let Some(inside) = &self.inside {
            inside.take(event, &self.workflow);
        }
        if let Some(recorder) = &self.recorder {
            recorder.event(event);
        }
    }

    fn wants(&self) -> EventKinds {
        let inside = if self.inside.is_some() { inside::WANTS } else { EventKinds::NONE };
        let record = self.recorder.as_ref().map_or(EventKinds::NONE, Observer::wants);
        self.progress.wants() | self.logged | inside | record
    }

    fn is_concurrent(&self) -> bool {
        // Whoever reads a log expects it in order; the others keep what they hear under locks of
        // their own.
        self.logged == EventKinds::NONE
    }
}

/// Everything that is said of a run, and what must not be.
struct Told<'a> {
    args: &'a RunArgs,
    workflow: &'a Workflow,
    report: &'a RunReport,
    workers: usize,
    redactor: &'a Redactor,
    /// What was seen of how much ran.
    seen: &'a progress::Seen,
}

impl Told<'_> {
    /// In which order it ran.
    fn order(&self) -> OrderArg {
        order(self.args, self.workflow)
    }
}

/// In which order it runs: to look at a level, the next has to wait for it.
fn order(args: &RunArgs, workflow: &Workflow) -> OrderArg {
    match workflow.rules().checkpoints {
        Checkpoints::Levels => OrderArg::Levels,
        Checkpoints::None => args.order,
    }
}

/// What is odd about a workflow, and the pure nodes that nobody needs, which are not run: whoever
/// wrote it should know.
fn warn(args: &RunArgs, workflow: &Workflow) {
    for warning in workflow.warnings() {
        crate::say!("warning: {warning}");
    }
    if !args.targets.is_empty() {
        return;
    }
    let plan = workflow.plan();
    for &id in plan.unneeded() {
        crate::say!(
            "warning: `{}` is not run: it has no effects and nobody needs its output",
            workflow.node(id).name()
        );
    }
}
