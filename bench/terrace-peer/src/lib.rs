//! Terrace as a peer: runs a graph the way a user's program would, and says what it took.
//!
//! It speaks the protocol of [`terrace_bench_protocol`] and uses public interfaces only: closures
//! through `WorkflowBuilder::call`, order through `Handle::after`, values through handles. A build
//! is all from the first `call` to the `Plan`; a run is `Scheduler::run` of an `Engine`, from the call
//! to the report.
//!
//! `--timing on` lets the scheduler take every node's start and duration, as it does unless told
//! otherwise. Without it it does not, since no other peer does. `--path fast` and `--path
//! dispatcher` fix which path of the scheduler is measured. `--ask priority`, `retry`, `limit` or
//! `timeout` asks that of every node. `--build plan` builds with `PlanBuilder` what else
//! `WorkflowBuilder` builds, with nothing asked: closures and edges by number.
#![forbid(unsafe_code)]

mod by_number;
mod workflow;

use std::process::ExitCode;
use std::sync::Arc;

use terrace::Engine;
use terrace_bench_protocol::{Built, Work, serve};
use terrace_core::Plan;
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Timing};
use workflow::Ask;

/// Measures as the arguments of the process say, and prints the line of the protocol: the program's
/// `main`.
pub fn run() -> ExitCode {
    serve(|request| {
        let engine = Engine::builder()
            .workers(request.threads)
            .build()
            .map_err(|error| error.to_string())?;
        let (options, ask) = options()?;
        let build = builder()?;
        Ok(move |work: &Arc<Work>| {
            let plan = match build(work, ask) {
                Ok(plan) => Arc::new(plan),
                Err(problem) => {
                    eprintln!("{problem}");
                    return None;
                }
            };
            let (engine, options) = (engine.clone(), options.clone());
            Some(Box::new(Ready { engine, plan, options }) as Box<dyn Built>)
        })
    })
}

/// A plan with who runs it.
struct Ready {
    engine: Engine,
    plan: Arc<Plan>,
    options: RunOptions,
}

impl Built for Ready {
    fn run(&mut self) -> bool {
        let report = self.engine.scheduler().run(&self.plan, self.options.clone());
        report.status == RunStatus::Succeeded
    }
}

type Build = fn(&Arc<Work>, Ask) -> Result<Plan, String>;

/// What builds a plan, as the arguments say.
fn builder() -> Result<Build, String> {
    let mut build: Build = written;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        build = match (name.as_str(), args.next().as_deref()) {
            ("--build", Some("workflow")) => written,
            ("--build", Some("plan")) => |work, _| by_number::of(work),
            ("--build", value) => return Err(format!("--build: not {value:?}")),
            _ => build,
        };
    }
    Ok(build)
}

fn written(work: &Arc<Work>, ask: Ask) -> Result<Plan, String> {
    workflow::of(work, ask).map(|workflow| workflow.plan()).map_err(|problems| problems.to_string())
}

/// The options that the arguments beside the protocol's ask for.
fn options() -> Result<(RunOptions, Ask), String> {
    let mut options = RunOptions::default().with_timing(Timing::Off);
    let mut ask = Ask::Nothing;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        options = match (name.as_str(), args.next().as_deref()) {
            ("--timing", Some("on")) => options.with_timing(Timing::On),
            ("--timing", Some("off")) => options.with_timing(Timing::Off),
            ("--path", Some("auto")) => options.with_path(PathChoice::Auto),
            ("--path", Some("fast")) => options.with_path(PathChoice::Fast),
            ("--path", Some("dispatcher")) => options.with_path(PathChoice::Dispatcher),
            ("--ask", Some(asked)) => {
                ask = Ask::of(asked).ok_or_else(|| format!("--ask: not {asked:?}"))?;
                options
            }
            ("--timing" | "--path" | "--ask", value) => {
                return Err(format!("{name}: not {value:?}"));
            }
            _ => options,
        };
    }
    Ok((options, ask))
}
