//! `terrace report`: a page that shows a run, made of its record.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use terrace::report::Record;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

pub(crate) fn report(args: &ReportArgs, output: &mut Output) -> Exit {
    let file = args.record.display();
    let record = File::open(&args.record)
        .map_err(Into::into)
        .and_then(|opened| Record::read(BufReader::new(opened)));
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            return problem::usage(&format!("`{file}`: {}", problem::chain(&error)), false, output);
        }
    };
    if let Some(cut) = &record.cut {
        crate::say!("warning: {cut}");
    }
    let page = record.to_html();
    match &args.output {
        None => output.text(&page),
        Some(path) => {
            if let Err(error) = write(path, &page) {
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
