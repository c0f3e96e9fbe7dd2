//! [`Error`]: everything an embedding program can meet, by what it can do about it.

use std::io;
use std::path::PathBuf;

use terrace_core::{PlanError, Problem, Problems};
use terrace_plugin_host::{PackError, ResolveError};
use terrace_scheduler::SchedulerError;

use crate::inputs::InputProblems;

/// Why a workflow could not be read, built or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A workflow file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file's name does not tell its format.
    #[error("{}: the name must end in .yaml, .yml, .toml or .json", .0.display())]
    UnknownFormat(PathBuf),
    /// The workflow is wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// Packs are missing, do not meet the requirements, or were refused.
    #[error("{}", list(errors, problems))]
    Packs {
        /// Each pack that cannot be had, and why.
        errors: Vec<ResolveError>,
        /// The workflow's text, which the requirements' spans point into.
        text: Option<terrace_core::Source>,
        /// What else is wrong with the workflow, as far as can be told without the packs.
        problems: Vec<Problem>,
    },
    /// A pack that was named was refused.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The run's inputs are wrong.
    #[error(transparent)]
    Inputs(#[from] InputProblems),
    /// A target is not a node.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The scheduler could not be made.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// A value could not be read after the run.
    #[error(transparent)]
    NotReadable(#[from] terrace_scheduler::NotReadable),
}

fn list(errors: &[ResolveError], problems: &[Problem]) -> String {
    let errors = errors.iter().map(ToString::to_string);
    errors.chain(problems.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}
