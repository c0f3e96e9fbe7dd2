//! What a run looked like: reads events, changes nothing.
//!
//! A [`Recorder`] writes down what happens in a run, one JSON object a line (`docs/RECORD.md`); a
//! [`Record`] is that read again, however it was cut off, and made a page or a trace. A [`Tracer`] tells of a
//! run while it goes on, in the words of the `tracing` crate.
#![forbid(unsafe_code)]

mod by_path;
mod diff;
mod page;
mod record;
mod shown;
mod trace;
mod tracer;

pub use by_path::by_path;
pub use diff::{Changed, Diff, EdgeName, Noise, RunSide, TimeChange};
pub use record::{
    Attempt, Budget, Checkpoint, Closing, Cut, Edge, End, Error, Gave, Given, Header, LimitUse,
    Log, MapRun, Place, Progress, Ran, Reading, Record, RecordError, RecordLimit, RecordNeed,
    RecordNode, Recorder, RecorderOptions, Reserved, RunCounts, VERSION, bare_path, path_parts,
};
pub use shown::show_time;
pub use tracer::Tracer;
