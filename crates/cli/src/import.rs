//! `terrace import`: workflow files made of recorded workflows of others.

use std::fs;
use std::path::Path;

use terrace::core::{Format, Limits, Problems};
use terrace::forecast::wfformat::{Body, Instance};
use terrace::{Error, read_text};

use crate::args::{BodyArg, ImportArgs, ImportCommand, WfformatArgs};
use crate::exit::Exit;
use crate::files;
use crate::forecast::MAX_INSTANCE;
use crate::output::Output;
use crate::problem;

pub(crate) fn import(args: &ImportArgs, output: &mut Output) -> Exit {
    let ImportCommand::Wfformat(args) = &args.command;
    let Some(format) = Format::of_name(&args.output.display().to_string()) else {
        return problem::report(&Error::UnknownFormat(args.output.clone()), false, output);
    };
    if let Err(message) = files::apart(&args.instance, &args.output) {
        return problem::usage(&message, false, output);
    }
    let text = match workflow(args, format) {
        Ok(text) => text,
        Err(error) => return problem::report(&error, false, output),
    };
    if let Err(error) = fs::write(&args.output, &text) {
        let message = format!("cannot write {}: {error}", args.output.display());
        return problem::usage(&message, false, output);
    }
    if text.len() > Limits::MAX_TEXT {
        crate::say!(
            "warning: {} has {} bytes, and a workflow file may have {}; `terrace simulate` reads the \
             instance itself",
            args.output.display(),
            text.len(),
            Limits::MAX_TEXT
        );
    }
    Exit::Success
}

/// The text of the workflow file.
fn workflow(args: &WfformatArgs, format: Format) -> Result<String, Error> {
    let name = args.instance.display().to_string();
    let text = read_text(&args.instance, MAX_INSTANCE)
        .map_err(|source| Error::Read { path: args.instance.clone(), source })?;
    let body = match args.body {
        BodyArg::Sleep => Body::Sleep,
        BodyArg::Spin => Body::Spin,
    };
    let mut draft = Instance::read(&name, &text)?.draft(body, args.scale)?;
    draft.description = Some(format!("Imported from {}, WfFormat.", file_name(&args.instance)));
    let written: Result<String, Problems> = draft.write(format);
    Ok(written?)
}

fn file_name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
