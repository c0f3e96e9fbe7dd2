//! From given values, environment and defaults to one value per declared input, or everything
//! that is wrong with them.
//!
//! Inputs of workflows inside nodes that are said to come from the environment, and that their node
//! gives nothing, are read here too: all of them are looked at before the run, so that a missing one
//! is told at once, and each again when its workflow starts ([`Variables`]). What a task gives to
//! run in its place is known only then.

use std::collections::{HashMap, HashSet};
use std::fmt;

use terrace_core::{Input, TaskError, Type, Value, Workflow, read_input};
use terrace_plugin_api::ErrorClass;
use terrace_scheduler::Environment;

/// One thing that is wrong with a run's inputs. Never shows a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// The input.
    pub input: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Everything that is wrong with a run's inputs, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblems(pub Vec<InputProblem>);

impl fmt::Display for InputProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}input `{}`: {}", problem.input, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for InputProblems {}

/// One value per declared input, in the workflow's order.
pub(crate) fn settle(
    workflow: &Workflow,
    given: &[(String, Value)],
    unreadable: &[(String, String)],
) -> Result<Vec<Value>, InputProblems> {
    let mut problems: Vec<InputProblem> = unreadable
        .iter()
        .map(|(input, message)| InputProblem { input: input.clone(), message: message.clone() })
        .collect();
    let mut complain = |input: &str, message: String| {
        problems.push(InputProblem { input: input.to_owned(), message });
    };
    let declared: HashSet<&str> = workflow.inputs().iter().map(|i| i.name.as_str()).collect();
    let mut by_name: HashMap<&str, &Value> = HashMap::with_capacity(given.len());
    for (name, value) in given {
        if !declared.contains(name.as_str()) {
            let mut names: Vec<&str> =
                workflow.inputs().iter().map(|i| i.name.as_str()).take(31).collect();
            if names.len() > 30 {
                names[30] = "…";
            }
            let known = if names.is_empty() {
                "the workflow has none".to_owned()
            } else {
                format!("the workflow has {}", names.join(", "))
            };
            complain(name, format!("there is no such input; {known}"));
        }
        if by_name.insert(name, value).is_some() {
            complain(name, "it is given twice".to_owned());
        }
    }
    let mut values = Vec::with_capacity(workflow.inputs().len());
    for input in workflow.inputs() {
        let value = match by_name.get(input.name.as_str()) {
            Some(&value) => check(input, value.clone()),
            None if unreadable.iter().any(|(name, _)| *name == input.name) => Ok(Value::Null),
            None => fallback(input),
        };
        match value {
            Ok(value) => values.push(value),
            Err(message) => complain(&input.name, message),
        }
    }
    for (path, input) in workflow.inputs_from_environment() {
        if let Err(mut message) = fallback(input) {
            if variable(input).is_ok() {
                message.push_str(", or give it in `with`");
            }
            problems.push(InputProblem { input: path, message });
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(InputProblems(problems)) }
}

fn check(input: &Input, value: Value) -> Result<Value, String> {
    match input.ty.check(&value) {
        Ok(()) => Ok(value),
        Err(_) if input.secret => Err(format!("expected {}, found something else", input.ty)),
        Err(mismatch) => Err(mismatch.to_string()),
    }
}

/// What an input has from the environment, where that has anything for it.
fn variable(input: &Input) -> Result<Option<Value>, String> {
    let Some(variable) = &input.env else { return Ok(None) };
    match std::env::var(variable) {
        Ok(text) => read_input(&text, &input.ty).map(Some).map_err(|error| {
            let error = if input.secret { error.masked(&input.ty) } else { error };
            format!("environment variable {variable}: {error}")
        }),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(format!("environment variable {variable} is not UTF-8"))
        }
        Err(std::env::VarError::NotPresent) => Ok(None),
    }
}

/// The process's own environment variables.
pub(crate) struct Variables;

impl Environment for Variables {
    fn value(&self, input: &Input) -> Result<Option<Value>, TaskError> {
        variable(input).map_err(|message| {
            let message = format!("input `{}`: {message}", input.name);
            TaskError::new(ErrorClass::INVALID_INPUT, message)
        })
    }
}

/// What an input is where nothing was given: the environment's value, the default, or null for
/// an optional one.
fn fallback(input: &Input) -> Result<Value, String> {
    if let Some(value) = variable(input)? {
        return Ok(value);
    }
    if let Some(default) = &input.default {
        return Ok(default.clone());
    }
    match (&input.ty, &input.env) {
        (Type::Optional(_), _) => Ok(Value::Null),
        (ty, Some(variable)) => {
            Err(format!("a value of type {ty} is needed; set the environment variable {variable}"))
        }
        (ty, None) => Err(format!("a value of type {ty} is needed and there is no default")),
    }
}
