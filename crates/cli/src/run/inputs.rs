//! `--input` and `--inputs`: text on the command line and in files, read by the declared types.

use std::path::Path;

use terrace::core::{Value, Workflow, read_input, read_inputs};
use terrace::{Error, InputProblem, InputProblems, RunRequest, read_source, read_text};

use crate::args::RunArgs;

/// The most bytes that `@FILE` may have.
const MAX_VALUE: u64 = 1 << 30;

/// A request with the values given, each name once; `--input` wins over the file. Everything that
/// is wrong with any input is reported at once, missing ones included.
pub(super) fn collect(args: &RunArgs, workflow: &Workflow) -> Result<RunRequest, Error> {
    let (values, mut problems) = given(&args.inputs, args.inputs_file.as_deref(), workflow)?;
    let mut request = RunRequest::new();
    for (name, value) in values {
        request = request.input(name, value);
    }
    if problems.is_empty() {
        return Ok(request);
    }
    if let Err(Error::Inputs(others)) = request.settle(workflow) {
        // One that could not be read is not missing.
        let known: Vec<String> = problems.iter().map(|problem| problem.input.clone()).collect();
        problems.extend(others.0.into_iter().filter(|other| !known.contains(&other.input)));
    }
    Err(InputProblems(problems).into())
}

/// Values by name, and what is wrong with those that cannot be read.
type Given = (Vec<(String, Value)>, Vec<InputProblem>);

/// The values given, each name once; `--input` wins over the file.
pub(crate) fn given(
    inputs: &[(String, String)],
    file: Option<&Path>,
    workflow: &Workflow,
) -> Result<Given, Error> {
    let mut values = match file {
        Some(file) => from_file(file)?,
        None => Vec::new(),
    };
    let mut problems = Vec::new();
    let mut given: Vec<&str> = Vec::new();
    for (name, text) in inputs {
        let mut complain = |message: String| {
            problems.push(InputProblem { input: name.clone(), message });
        };
        if given.contains(&name.as_str()) {
            complain("`--input` gives it twice".to_owned());
            continue;
        }
        given.push(name);
        match read(workflow, name, text) {
            Ok(value) => {
                values.retain(|(known, _)| known != name);
                values.push((name.clone(), value));
            }
            Err(message) => complain(message),
        }
    }
    Ok((values, problems))
}

/// The files that inputs are read from.
pub(crate) fn files<'a>(
    inputs: &'a [(String, String)],
    file: Option<&'a Path>,
) -> impl Iterator<Item = &'a Path> {
    let named = inputs.iter().filter_map(|(_, text)| file_of(text));
    file.into_iter().chain(named.map(Path::new))
}

/// The file that an input is in, `@FILE`; `@@` begins a text that begins with `@`.
fn file_of(text: &str) -> Option<&str> {
    text.strip_prefix('@').filter(|rest| !rest.starts_with('@'))
}

fn read(workflow: &Workflow, name: &str, text: &str) -> Result<Value, String> {
    let Some(id) = workflow.input(name) else {
        // Reported with the names that there are, together with everything else.
        return Ok(Value::from(text));
    };
    let input = &workflow.inputs()[id.index()];
    let text = match (file_of(text), input.secret) {
        (Some(file), _) => {
            let text = read_text(file, MAX_VALUE)
                .map_err(|error| format!("cannot read {file}: {error}"))?;
            // An editor's last line end is not part of the value.
            let text = text.strip_suffix('\n').unwrap_or(&text);
            text.strip_suffix('\r').unwrap_or(text).to_owned()
        }
        (None, true) if !text.starts_with('@') => {
            let from = match &input.env {
                Some(variable) => format!("the environment variable {variable}, "),
                None => String::new(),
            };
            return Err(format!(
                "it is secret, and other users can see command lines; use {from}\
                 `--input {name}=@FILE` or `--inputs FILE`"
            ));
        }
        (None, _) => text.strip_prefix('@').unwrap_or(text).to_owned(),
    };
    read_input(&text, &input.ty).map_err(|error| {
        let error = if input.secret { error.masked(&input.ty) } else { error };
        error.to_string()
    })
}

fn from_file(file: &Path) -> Result<Vec<(String, Value)>, Error> {
    Ok(read_inputs(&read_source(file)?)?)
}
