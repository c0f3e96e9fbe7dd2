//! [`Instance`]: a recorded workflow of somebody else in WfFormat, as the WfCommons project
//! collects them (<https://wfcommons.org/format>).
//!
//! Read are the graph and how long each task took; files, machines and what else there is are not.
//! The schema from 1.5 on has `workflow.specification.tasks` and `workflow.execution.tasks`, joined
//! by id; before it had one list, `workflow.tasks` or `workflow.jobs`, with `runtime` or
//! `runtimeInSeconds` in place. Parents and children are ids, in old files names; an edge is one
//! whichever end names it.
//!
//! Reading text is here, everything that can be wrong in [`check`], names and the way to a workflow
//! in [`draft`].

mod check;
mod draft;

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use terrace_core::{Problem, Problems};

pub use draft::Body;

/// A recorded workflow: tasks, what they depend on, how long they took.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The tasks, in the order of the file.
    pub tasks: Vec<RecordedTask>,
    /// How long the recorded run took.
    pub makespan: Option<Duration>,
}

/// A task of an [`Instance`].
#[derive(Clone, Debug)]
pub struct RecordedTask {
    /// Its id as recorded; its name where it has no id.
    pub id: String,
    /// What kind of task it is: its name without the number behind.
    pub kind: String,
    /// How long it took.
    pub runtime: Duration,
    /// The positions of the tasks that it depends on, ascending, each once.
    pub parents: Vec<u32>,
}

impl Instance {
    /// Whether a JSON text looks like one. Reads all of it: about a second for 500 MB.
    pub fn is_one(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Probe {
            terrace: Option<IgnoredAny>,
            workflow: Option<IgnoredAny>,
        }
        serde_json::from_str(text)
            .is_ok_and(|probe: Probe| probe.terrace.is_none() && probe.workflow.is_some())
    }

    /// Reads one. `name` is what problems call the text: its file. Costs O(tasks + edges), about
    /// 2 µs a task.
    ///
    /// # Errors
    /// Where the text is not JSON or not of this form, that; else everything that is wrong with it,
    /// at most a hundred: ids that are there twice, parents and children that are not there, tasks
    /// without a time, times that are none, cycles.
    pub fn read(name: &str, text: &str) -> Result<Self, Problems> {
        let file: File<'_> = serde_json::from_str(text).map_err(|error| {
            Problem::new(format!("{name}: this is no WfFormat instance: {error}"))
        })?;
        check::check(name, file)
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a workflow")]
struct File<'t> {
    #[serde(borrow)]
    name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    workflow: Option<Recorded<'t>>,
}

#[derive(Deserialize)]
#[serde(expecting = "a map with the tasks")]
struct Recorded<'t> {
    #[serde(borrow)]
    specification: Option<Specification<'t>>,
    #[serde(borrow)]
    execution: Option<Execution<'t>>,
    #[serde(borrow, alias = "jobs")]
    tasks: Option<Vec<Task<'t>>>,
    #[serde(alias = "makespanInSeconds")]
    makespan: Option<f64>,
}

#[derive(Deserialize)]
struct Specification<'t> {
    #[serde(borrow, default)]
    tasks: Vec<Task<'t>>,
}

#[derive(Deserialize)]
struct Execution<'t> {
    #[serde(borrow, default)]
    tasks: Vec<Task<'t>>,
    #[serde(rename = "makespanInSeconds", alias = "makespan")]
    makespan: Option<f64>,
}

/// A task as it stands in any of the lists.
#[derive(Deserialize)]
struct Task<'t> {
    #[serde(borrow)]
    id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    name: Option<Cow<'t, str>>,
    #[serde(default)]
    parents: Vec<Text<'t>>,
    #[serde(default)]
    children: Vec<Text<'t>>,
    #[serde(rename = "runtimeInSeconds", alias = "runtime")]
    runtime: Option<f64>,
}

/// Text that is copied only where it has escapes; of a list serde would copy it always.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
