//! What a command does with an error that ends it: draws it, puts it into the JSON document where
//! one was asked for, and picks the exit code.

use serde_json::{Value, json};
use terrace::Error;
use terrace::core::{Finding, Place, Problem, Source};
use terrace::host::ResolveError;

use crate::diagnostics;
use crate::exit::Exit;
use crate::output::Output;
use crate::recorded;

/// How a command ends that did not get to work.
pub(crate) fn report(error: &Error, json: bool, output: &mut Output) -> Exit {
    let (status, exit) = match error {
        Error::Packs { .. } | Error::Pack(_) => ("refused", Exit::Pack),
        _ => ("invalid", Exit::Usage),
    };
    match error {
        Error::Invalid(problems) => diagnostics::print_problems(problems),
        Error::Packs { errors, text, problems } => {
            let errors = errors.iter().map(|error| pack_problem(error, text.as_ref()));
            let all: Vec<Problem> = errors.chain(problems.iter().cloned()).collect();
            diagnostics::print_each(&all);
        }
        Error::Inputs(problems) => {
            for problem in &problems.0 {
                print_line(&format!("input `{}`: {}", problem.input, problem.message));
            }
        }
        Error::UnknownFormat(path) if recorded::is_one(path) => print_line(&format!(
            "{} is the record of a run and no workflow: `terrace report`, `trace`, `explain` and \
             `simulate` take it",
            path.display()
        )),
        other => print_chain(other),
    }
    if json {
        print_document(status, errors(error), output);
    }
    exit
}

/// Prints an error that is not the engine's, as bad usage.
pub(crate) fn usage(message: &str, json: bool, output: &mut Output) -> Exit {
    print_line(message);
    if json {
        print_document("invalid", vec![json!({ "message": message })], output);
    }
    Exit::Usage
}

/// Prints the JSON document of a command that did not get to work.
pub(crate) fn print_document(status: &str, errors: Vec<Value>, output: &mut Output) {
    output.json(&json!({
        "format": 1,
        "status": status,
        "outputs": {},
        "nodes": [],
        "errors": errors,
    }));
}

/// Prints an error and what caused it, each said once.
fn print_chain(error: &dyn std::error::Error) {
    print_line(&chain(error));
}

/// Prints an error that ends nothing.
pub(crate) fn warn_chain(error: &dyn std::error::Error) {
    crate::say!("warning: {}", chain(error));
}

fn print_line(message: &str) {
    if diagnostics::colour() {
        crate::output::say_drawn(&format!(
            "\u{1b}[1;31merror\u{1b}[0m: {}",
            crate::output::tame(message)
        ));
    } else {
        crate::say!("error: {message}");
    }
}

/// The errors for programs, with their places.
fn errors(error: &Error) -> Vec<Value> {
    match error {
        Error::Invalid(problems) => problems.iter().map(problem_json).collect(),
        Error::Packs { errors, text, problems } => errors
            .iter()
            .map(|error| problem_json(&pack_problem(error, text.as_ref())))
            .chain(problems.iter().map(problem_json))
            .collect(),
        Error::Inputs(problems) => problems
            .0
            .iter()
            .map(|problem| json!({ "input": problem.input, "message": problem.message }))
            .collect(),
        other => vec![json!({ "message": chain(other) })],
    }
}

/// A pack that cannot be had, at the place that wants it.
fn pack_problem(error: &ResolveError, text: Option<&Source>) -> Problem {
    let problem = Problem::new(chain(error));
    match (text, error.requirement().span) {
        (Some(text), Some(span)) => problem.with_span(text, span),
        _ => problem,
    }
}

/// An error and what caused it on one line, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// A finding for programs, with its code and place.
pub(crate) fn finding_json(finding: &Finding) -> Value {
    let mut entry = problem_json(&finding.problem);
    entry["code"] = json!(finding.code.name());
    entry["severity"] = json!(finding.code.severity().name());
    entry["node"] = json!(finding.node);
    entry
}

fn problem_json(problem: &Problem) -> Value {
    let mut entry = json!({ "message": problem.message, "help": problem.help });
    match &problem.place {
        Place::Text { source, span } => {
            let (line, column) = source.line_column(span.start);
            entry["file"] = json!(source.name());
            entry["line"] = json!(line);
            entry["column"] = json!(column);
        }
        Place::Node(name) => entry["node"] = json!(name),
        Place::Value(path) => entry["path"] = json!(path),
        _ => {}
    }
    entry
}
