//! The record of a run: JSON lines, documented in `docs/RECORD.md`.
//!
//! What is known before the run is the [`header`]; events become lines in [`recorder`], through a
//! buffer for each thread ([`portion`]) and the thread of [`sink`]. How a line is put together without
//! allocating is in [`line`], how values are cut in [`preview`].
//!
//! The other way, bytes become lines in [`reading`], each a [`raw`] one that [`lines`] adds to a [`Record`]
//! ([`mod@read`]), whose parts are in [`model`]; what paths tell is in [`path`], and who only
//! waits for others inside in [`around`]. A record of a run that nobody recorded is made in [`told`].

mod around;
mod error;
mod header;
mod line;
mod lines;
mod model;
mod path;
mod portion;
mod preview;
mod raw;
mod read;
mod reading;
mod recorder;
mod sink;
mod time;
mod told;

pub(crate) use around::Around;
pub use error::RecordError;
pub use header::{Edge, Header, RecordLimit, RecordNeed, RecordNode};
pub use model::{
    Attempt, Budget, Checkpoint, Cut, End, Error, Gave, Given, LimitUse, Log, MapRun, Place,
    Progress, Reserved, RunCounts,
};
pub(crate) use path::outer_path;
pub use path::{bare_path, path_parts};
pub use read::Record;
pub use reading::Reading;
pub use recorder::{Closing, Recorder, RecorderOptions};
pub use told::Ran;

/// The version of the format that this crate writes, and the highest that it reads.
pub const VERSION: u32 = 1;
