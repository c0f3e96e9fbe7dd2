//! The record of a run: JSON lines, documented in `docs/RECORD.md`.
//!
//! What is known before the run is the [`header`]; events become lines in [`recorder`], through a
//! buffer for each thread ([`portion`]) and the thread of [`sink`]; [`read`] makes a [`Record`] of lines, whose parts are in
//! [`model`]. How a line is put together without allocating is in [`line`], how values are cut in
//! [`preview`].

mod error;
mod header;
mod line;
mod model;
mod portion;
mod preview;
mod read;
mod recorder;
mod sink;
mod time;

pub use error::RecordError;
pub use header::{Edge, Header, RecordLimit, RecordNeed, RecordNode};
pub use model::{
    Attempt, Budget, Checkpoint, Cut, End, Error, Gave, Given, LimitUse, Log, MapRun, Place,
    Progress, Reserved, RunCounts,
};
pub use read::Record;
pub use recorder::{Closing, Recorder, RecorderOptions};

/// The version of the format that this crate writes, and the highest that it reads.
pub const VERSION: u32 = 1;
