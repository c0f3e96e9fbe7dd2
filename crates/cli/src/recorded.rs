//! Reading the record of a run, which several commands do.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use terrace::core::{Problem, Problems, Source};
use terrace::report::{Record, RecordError};
use terrace::{Error, read_source};

/// Reads a record, however much there is of it.
///
/// # Errors
/// When the file cannot be read or is no record, each in the same words whatever wants it.
pub(crate) fn read(file: &Path) -> Result<Record, Error> {
    let unread = |source| Error::Read { path: file.to_owned(), source };
    let open = File::open(file).map_err(unread)?;
    Record::read(BufReader::new(open)).map_err(|error| match error {
        RecordError::Io(source) => unread(source),
        other => Problems::from(Problem::new(format!("{}: {other}", file.display()))).into(),
    })
}

/// Reads a record that is to be shown in another form, and warns where it breaks off.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_to_show(file: &Path) -> Result<Record, Error> {
    let record = read(file)?;
    if let Some(cut) = &record.cut {
        crate::say!("warning: {cut}");
    }
    Ok(record)
}

/// Reads a text that stands where a record could. A file whose name is of no text is taken to be meant as
/// a record, so that it is said why it is none.
///
/// # Errors
/// As [`read_source`] and [`read`].
pub(crate) fn read_text_instead(file: &Path) -> Result<Source, Error> {
    match read_source(file) {
        Err(unknown @ Error::UnknownFormat(_)) => Err(read(file).err().unwrap_or(unknown)),
        text => text,
    }
}

/// Whether a file begins as the record of a run does.
pub(crate) fn is_one(file: &Path) -> bool {
    const BEGINS: &[u8] = b"{\"terrace_record\"";
    let mut start = [0; BEGINS.len()];
    File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == BEGINS
}
