//! Files as text, never more of them than is allowed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use terrace_core::{Format, Limits, Source};

use crate::error::Error;

/// Reads a workflow's or inputs' file, with its format by its extension.
///
/// # Errors
/// When the extension is unknown, or the file cannot be read, is no UTF-8 or is too large.
pub fn read_source(file: impl AsRef<Path>) -> Result<Source, Error> {
    let file = file.as_ref();
    let name = file.display().to_string();
    let format = Format::of_name(&name).ok_or_else(|| Error::UnknownFormat(file.to_owned()))?;
    let text = read_text(file, Limits::MAX_TEXT as u64)
        .map_err(|source| Error::Read { path: file.to_owned(), source })?;
    Ok(Source::new(name, text, format))
}

/// Reads at most `limit` bytes of text: a device has no end.
///
/// # Errors
/// When it cannot be read, is no UTF-8 or has more.
pub fn read_text(file: impl AsRef<Path>, limit: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than the {limit} bytes allowed")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 at byte {at}"))
    })
}
