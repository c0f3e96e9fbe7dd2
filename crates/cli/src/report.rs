//! `terrace report`: a page that shows a run, made of its record.

use std::path::Path;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::files;
use crate::output::Output;
use crate::problem;
use crate::recorded;

pub(crate) fn report(args: &ReportArgs, output: &mut Output) -> Exit {
    let record = match recorded::read_to_show(&args.record) {
        Ok(record) => record,
        Err(error) => return problem::report(&error, false, output),
    };
    let page = record.to_html();
    match &args.output {
        None if output.is_terminal() => {
            let message =
                "the page is no text for a terminal: `-o run.html` writes it to a file, `>` too";
            return problem::usage(message, false, output);
        }
        None => output.text(&page),
        Some(path) => {
            let written = files::apart(&args.record, path);
            if let Err(error) = written.and_then(|()| write(path, &page)) {
                return problem::usage(&error, false, output);
            }
        }
    }
    Exit::Success
}

/// Writes a page to a file.
pub(crate) fn write(path: &Path, page: &str) -> Result<(), String> {
    std::fs::write(path, page)
        .map_err(|error| format!("cannot write the report `{}`: {error}", path.display()))
}
