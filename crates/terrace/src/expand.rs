//! [`Expander`]: makes workflows of the descriptions that tasks give, with the engine's packs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use terrace_core::{Draft, PackId, PackRequirement, TaskRef, Value, Workflow};
use terrace_plugin_api::{ErrorClass, TaskError};
use terrace_plugin_host::PackSet;
use terrace_scheduler::Expand;

use crate::engine::Packs;

/// Makes workflows of descriptions. One serves one run, and finds each set of packs once.
pub(crate) struct Expander {
    packs: Packs,
    found: Mutex<HashMap<Wanted, Arc<PackSet>>>,
}

/// What packs are found by: requirements, or where there are none the tasks' names.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Wanted {
    Required(Vec<[String; 3]>),
    Named(Vec<String>),
}

impl Expander {
    pub(crate) fn new(packs: Packs) -> Self {
        Self { packs, found: Mutex::default() }
    }

    fn packs_for(
        &self,
        packs: &[PackRequirement],
        tasks: &[String],
    ) -> Result<Arc<PackSet>, TaskError> {
        let wanted = if packs.is_empty() {
            let mut names: Vec<String> =
                tasks.iter().filter_map(|task| Some(task.split_once('/')?.0.to_owned())).collect();
            names.dedup();
            Wanted::Named(names)
        } else {
            let key = |pack: &PackRequirement| {
                [pack.alias.clone(), pack.name.clone(), pack.version.clone()]
            };
            Wanted::Required(packs.iter().map(key).collect())
        };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = found.get(&wanted) {
            return Ok(set.clone());
        }
        let set = self.packs.find(packs, tasks).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            wrong(&errors)
        })?;
        let set = Arc::new(set);
        found.insert(wanted, set.clone());
        Ok(set)
    }
}

impl Expand for Expander {
    fn expand(
        &self,
        description: Value,
        around: &Workflow,
        by: &TaskRef,
    ) -> Result<Workflow, TaskError> {
        let lines = |problems: terrace_core::Problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            wrong(&problems)
        };
        let draft = match Draft::of_value(&description) {
            Some(draft) => draft,
            None => Draft::from_value(&description).map_err(lines)?,
        };
        let packs = match draft.packs.is_empty() {
            true => around_and_own(around.packs(), by.pack.as_deref()),
            false => draft.packs.clone(),
        };
        let catalog = self.packs_for(&packs, &draft.task_names())?;
        draft.validate(&*catalog).map_err(lines)
    }
}

/// The packs that a description knows which asks for none itself: those of the workflow around it,
/// and the pack that gave it under its own name, whatever alias the workflow has for it.
fn around_and_own(around: &[PackRequirement], own: Option<&PackId>) -> Vec<PackRequirement> {
    let mut packs = around.to_vec();
    // Without requirements packs are found by the tasks' names, which is the pack's own.
    if let Some(own) = own.filter(|_| !around.is_empty()) {
        packs.retain(|pack| pack.alias != own.name);
        packs.push(PackRequirement {
            alias: own.name.clone(),
            name: own.name.clone(),
            version: format!("={}", own.version),
            span: None,
        });
    }
    packs
}

fn wrong(problems: &[String]) -> TaskError {
    let message = format!("the workflow it gave is wrong: {}", problems.join("; "));
    TaskError::new(ErrorClass::INVALID_OUTPUT, message)
}
