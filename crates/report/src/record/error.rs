//! Why a record cannot be read.

use std::io;

/// Why a record cannot be read. A record that is cut off can: see [`crate::Record::cut`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// There is nothing in it, or its first line was cut off.
    #[error("the record ends inside its first line: the run wrote nothing that can be shown")]
    Empty,
    /// Its first line is not the head of a record.
    #[error(
        "not the record of a run: its first line is not {{\"terrace_record\": 1, …}}: {reason}"
    )]
    NotARecord {
        /// What is wrong with it.
        reason: String,
    },
    /// A newer program wrote it, in a form that this one may misread.
    #[error(
        "the record has version {found}, and this program reads versions up to {known}: a newer \
         terrace reads it"
    )]
    Newer {
        /// The version of the record.
        found: u64,
        /// The highest that can be read.
        known: u32,
    },
    /// The system does not give it.
    #[error("cannot read the record")]
    Io(#[from] io::Error),
}
