//! What `simulate` and `explain` have in common: what they read, and what they go by.

use std::path::Path;

use terrace::core::{Draft, Format, Problems, Value, Workflow};
use terrace::forecast::wfformat::{Body, Instance};
use terrace::forecast::{Assumptions, ForecastError, MissingTimes, Priority, Recorded, Times};
use terrace::{Engine, Error, InputProblem, read_draft, read_text};

use crate::args::ForecastArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;
use crate::recorded;
use crate::run::inputs;

/// The most bytes of an instance.
pub(crate) const MAX_INSTANCE: u64 = 4 << 30;

/// A workflow to be simulated, and what is known of it.
pub(crate) struct Subject {
    pub(crate) workflow: Workflow,
    pub(crate) assumptions: Assumptions,
    /// Tasks that nothing says the time of.
    pub(crate) missing: MissingTimes,
    /// How many workers were recorded.
    pub(crate) workers: Option<u32>,
    /// What a record does not tell.
    pub(crate) assumed: Vec<String>,
}

/// How long takes what nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// That is told, and nothing simulated.
    Refused,
    /// As long as the others on average, or one unit where nothing is known of any.
    Average,
}

/// What a forecast is of, or how the command ends.
pub(crate) fn subject(
    args: &ForecastArgs,
    priority: Priority,
    unknown: Unknown,
    output: &mut Output,
) -> Result<Subject, Exit> {
    read(args, priority, unknown).map_err(|error| problem::report(&error, args.json, output))
}

fn read(args: &ForecastArgs, priority: Priority, unknown: Unknown) -> Result<Subject, Error> {
    let engine = Engine::builder().workers(0).pack_path(args.packs.path()).build()?;
    let Read { mut draft, workers, assumed } = draft(&args.file)?;
    Problems::check(std::mem::take(&mut draft.problems))?;
    let mut times = Times::declared().with_default(args.default_duration);
    let record = args.durations.as_deref().filter(|file| recorded::is_one(file));
    if let Some(file) = args.durations.as_ref().filter(|_| record.is_none()) {
        times.read(&recorded::read_text_instead(file)?)?;
    }
    let mut assumptions = Assumptions {
        times,
        items: args.items.clone(),
        limits: args.limits.clone(),
        max_blocking: Some(usize::from(args.max_blocking)),
        priority,
        ..Assumptions::default()
    };
    if let Some(file) = record {
        assumptions.record(&recorded::read(file)?);
    }
    let missing = assumptions.tell(&mut draft)?;
    if missing.count > 0 && unknown == Unknown::Average {
        let average = missing.average();
        assumptions.times = assumptions.times.with_default(Some(average));
        assumptions.times.tell(&mut draft)?;
    }
    let workflow = engine.foresee(draft)?;
    let (given, mut problems) =
        inputs::given(&args.inputs, args.inputs_file.as_deref(), &workflow)?;
    problems.extend(unknown_inputs(&given, &workflow));
    if !problems.is_empty() {
        return Err(terrace::InputProblems(problems).into());
    }
    let value =
        |name: &str| given.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    assumptions.inputs = workflow.inputs().iter().map(|input| value(&input.name)).collect();
    Ok(Subject { workflow, assumptions, missing, workers, assumed })
}

/// Inputs that the workflow does not have: what is missing is made up, what is not there is not.
fn unknown_inputs(given: &[(String, Value)], workflow: &Workflow) -> Vec<InputProblem> {
    let known: Vec<String> =
        workflow.inputs().iter().map(|input| format!("`{}`", input.name)).collect();
    let known = match known.is_empty() {
        true => "the workflow has none".to_owned(),
        false => format!("the workflow has {}", known.join(", ")),
    };
    let unknown = given.iter().filter(|(name, _)| workflow.input(name).is_none());
    let problem = |(name, _): &(String, Value)| InputProblem {
        input: name.clone(),
        message: format!("there is no such input; {known}"),
    };
    unknown.map(problem).collect()
}

/// A workflow to look at: as written, or what was recorded.
struct Read {
    draft: Draft,
    workers: Option<u32>,
    assumed: Vec<String>,
}

/// A workflow as written, that of an instance, or that of a run's record.
fn draft(file: &Path) -> Result<Read, Error> {
    let name = file.display().to_string();
    let of_draft = |draft| Read { draft, workers: None, assumed: Vec::new() };
    if recorded::is_one(file) {
        let Recorded { draft, workers, assumed, .. } = Recorded::of(&recorded::read(file)?);
        return Ok(Read { draft, workers, assumed });
    }
    if Format::of_name(&name) == Some(Format::Json) {
        let text = read_text(file, MAX_INSTANCE)
            .map_err(|source| Error::Read { path: file.to_owned(), source })?;
        if Instance::is_one(&text) {
            let mut draft = Instance::read(&name, &text)?.draft(Body::Nothing, 1.0)?;
            let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            draft.name = draft.name.or(stem);
            return Ok(of_draft(draft));
        }
    }
    Ok(of_draft(read_draft(&recorded::read_text_instead(file)?)?))
}

/// How a command ends whose forecast could not be made.
pub(crate) fn report(error: ForecastError, json: bool, output: &mut Output) -> Exit {
    match error {
        ForecastError::Wrong(problems) => problem::report(&problems.into(), json, output),
        other => problem::usage(&problem::chain(&other), json, output),
    }
}
