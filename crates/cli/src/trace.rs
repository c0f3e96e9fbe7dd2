//! `terrace trace`: a run for Chrome's and Perfetto's viewers, made of its record.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use terrace::report::Record;

use crate::args::TraceArgs;
use crate::exit::Exit;
use crate::files;
use crate::output::Output;
use crate::problem;
use crate::recorded;

pub(crate) fn trace(args: &TraceArgs, output: &mut Output) -> Exit {
    let record = match recorded::read_to_show(&args.record) {
        Ok(record) => record,
        Err(error) => return problem::report(&error, false, output),
    };
    match &args.output {
        None if output.is_terminal() => {
            let message =
                "the trace is no text for a terminal: `-o trace.json` writes it to a file, `>` too";
            return problem::usage(message, false, output);
        }
        None => output.write_with(|to| record.to_trace(to)),
        Some(path) => {
            let written = files::apart(&args.record, path);
            if let Err(error) = written.and_then(|()| write(path, &record)) {
                return problem::usage(&error, false, output);
            }
        }
    }
    Exit::Success
}

/// Writes the trace of a record to a file.
pub(crate) fn write(path: &Path, record: &Record) -> Result<(), String> {
    File::create(path)
        .and_then(|file| record.to_trace(BufWriter::new(file)))
        .map_err(|error| format!("cannot write the trace `{}`: {error}", path.display()))
}
