//! [`Record`]: a record read again, as far as it goes.

use std::io::BufRead;

use super::error::RecordError;
use super::header::{Header, RecordNode};
use super::model::{
    Attempt, Budget, Checkpoint, Cut, End, Gave, Given, LimitUse, Log, MapRun, Progress, Reserved,
    RunCounts,
};
use super::reading::Reading;

/// What happened in a run, as its record tells it. In the order of the lines, unless said otherwise.
///
/// ```
/// use terrace_report::Record;
///
/// let text = r#"{"terrace_record":1,"workflow":"sum","own":1,"nodes":[{"name":"a","task":"math/add"}]}
/// {"k":"start","at":100,"node":0,"worker":0}
/// {"k":"end","at":350,"node":0,"ran":2"#;
/// let record = Record::read(text.as_bytes())?;
/// assert_eq!(record.attempts[0].start, 100);
/// assert!(!record.is_complete());
/// assert_eq!(
///     record.cut.unwrap().to_string(),
///     "the record breaks off inside line 3: the run was interrupted while it was written"
/// );
/// # Ok::<(), terrace_report::RecordError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Record {
    /// What was known before.
    pub header: Header,
    /// Every attempt, by its start.
    pub attempts: Vec<Attempt>,
    /// The end of every node and item that ended.
    pub ends: Vec<End>,
    /// Runs of maps.
    pub maps: Vec<MapRun>,
    /// What tasks logged.
    pub logs: Vec<Log>,
    /// How far tasks said that they were.
    pub progress: Vec<Progress>,
    /// Who had waited too long.
    pub reserved: Vec<Reserved>,
    /// Pauses.
    pub checkpoints: Vec<Checkpoint>,
    /// What tasks were given.
    pub given: Vec<Given>,
    /// What nodes gave.
    pub gave: Vec<Gave>,
    /// Whether there were more values than the record has.
    pub values_cut: bool,
    /// Declared outputs: a value as text, or why there is none.
    pub outputs: Vec<(String, Result<String, String>)>,
    /// What was used of limits.
    pub limits: Vec<LimitUse>,
    /// What was spent.
    pub budgets: Vec<Budget>,
    /// Attempts that were given up and still ran at the end, by task.
    pub leftovers: Vec<(String, u32)>,
    /// How many nodes ended how.
    pub counts: Option<RunCounts>,
    /// How the run ended, with its duration in nanoseconds.
    pub status: Option<(String, u64)>,
    /// What stopped the run that is no node's error.
    pub error: Option<String>,
    /// The time of the last line that has one.
    pub last: u64,
    /// Why it does not tell everything.
    pub cut: Option<Cut>,
}

impl Record {
    /// Reads a record. One that breaks off is read as far as it goes, and [`Record::cut`] says so;
    /// kinds of lines and keys that are not known are passed over. One that is still being written is
    /// followed by [`Reading`].
    ///
    /// # Errors
    /// When it is no record, has not even its first line, is of a newer version, or the system does
    /// not give it.
    pub fn read(mut input: impl BufRead) -> Result<Self, RecordError> {
        let mut reading = Reading::new();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            reading.line(&line)?;
            line.clear();
        }
        reading.finish()
    }

    /// The nodes.
    pub fn nodes(&self) -> &[RecordNode] {
        &self.header.nodes
    }

    /// Whether it tells the run to its end and nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none()
    }

    /// How long the run took, or as long as the record goes, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.status.as_ref().map_or(self.last, |(_, duration)| self.last.max(*duration))
    }
}
