//! Reading the record that a command shows in another form.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use terrace::report::Record;

use crate::problem;

/// Reads a record, and warns where it breaks off: what there is of it is shown all the same.
///
/// # Errors
/// Why it cannot be read, with the file's name.
pub(crate) fn read(path: &Path) -> Result<Record, String> {
    let read = File::open(path)
        .map_err(Into::into)
        .and_then(|opened| Record::read(BufReader::new(opened)));
    let record =
        read.map_err(|error| format!("`{}`: {}", path.display(), problem::chain(&error)))?;
    if let Some(cut) = &record.cut {
        crate::say!("warning: {cut}");
    }
    Ok(record)
}
