//! [`Error`]: why nothing could be counted or compared.

use std::path::PathBuf;
use std::{fmt, io};

/// Why nothing could be counted or compared.
#[derive(Debug)]
pub(crate) enum Error {
    /// The arguments make no sense.
    Usage,
    /// Nothing of that name is counted.
    Unknown { name: String },
    /// The program was built for debugging.
    NotOptimised,
    /// valgrind cannot be started.
    NoValgrind { source: io::Error },
    /// valgrind did not end well, or said no count.
    NoCount { workload: &'static str, said: String },
    /// The record cannot be read or written.
    Record { path: PathBuf, why: String },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage => f.write_str(
                "usage: terrace-instructions [compare | record | list | repeat NAME TIMES]",
            ),
            Self::Unknown { name } => write!(f, "nothing called `{name}` is counted; see `list`"),
            Self::NotOptimised => f.write_str("counts of a debug build say nothing: use --release"),
            Self::NoValgrind { source } => {
                write!(f, "valgrind cannot be started: {source} (Debian: apt-get install valgrind)")
            }
            Self::NoCount { workload, said } => write!(f, "{workload}: valgrind failed:\n{said}"),
            Self::Record { path, why } => write!(f, "{}: {why}", path.display()),
        }
    }
}
