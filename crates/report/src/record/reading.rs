//! [`Reading`]: a record that is read while it is written.

use super::error::RecordError;
use super::header::Header;
use super::lines::Lines;
use super::model::Cut;
use super::raw::Raw;
use super::read::Record;

/// Reads a record bit by bit, as it comes.
///
/// ```
/// use terrace_report::Reading;
///
/// let mut reading = Reading::new();
/// reading.take(b"{\"terrace_record\":1,\"own\":1,\"nodes\":[{\"name\":\"a\"}]}\n{\"k\":\"sta")?;
/// assert_eq!(reading.record().map(|record| record.attempts.len()), Some(0));
/// reading.take(b"rt\",\"at\":100,\"node\":0,\"worker\":0}\n")?;
/// assert_eq!(reading.record().map(|record| record.attempts.len()), Some(1));
/// assert!(!reading.finish()?.is_complete());
/// # Ok::<(), terrace_report::RecordError>(())
/// ```
#[derive(Default)]
pub struct Reading {
    /// What came of the lines so far; nothing before the first.
    lines: Option<Lines>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    /// How many lines there were.
    count: u64,
}

impl Reading {
    /// One of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what comes next; it may begin and end anywhere.
    ///
    /// # Errors
    /// When the first line is not that of a record, or of a newer version.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.rest.is_empty() && part.ends_with(b"\n") {
                self.line(part)?;
                continue;
            }
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.rest);
                self.line(&line)?;
            }
        }
        Ok(())
    }

    /// The record as far as it has come; `None` before its first line. Attempts are in the order of
    /// their lines, which is nearly that of their starts.
    pub fn record(&self) -> Option<&Record> {
        self.lines.as_ref().map(|lines| &lines.record)
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// As [`Reading::take`], and when there was not even a first line.
    pub fn finish(mut self) -> Result<Record, RecordError> {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest)?;
        }
        let Some(Lines { mut record, .. }) = self.lines else { return Err(RecordError::Empty) };
        // Quick: they nearly are.
        record.attempts.sort_by_key(|attempt| attempt.start);
        if record.counts.is_none() && !matches!(record.cut, Some(Cut::InLine { .. })) {
            record.cut = Some(Cut::NoEnd { line: self.count });
        }
        Ok(record)
    }

    /// Takes a line with its end; without, it is the last and was cut off.
    pub(super) fn line(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.count += 1;
        let Some(lines) = &mut self.lines else {
            self.lines = Some(Lines::new(header(bytes)?));
            return Ok(());
        };
        let text = bytes.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let line = self.count;
        let taken =
            serde_json::from_slice::<Raw>(text).map_err(told).and_then(|raw| lines.take(raw));
        match taken {
            Ok(()) => {}
            Err(_) if !bytes.ends_with(b"\n") => lines.record.cut = Some(Cut::InLine { line }),
            Err(reason) => {
                lines.record.cut.get_or_insert(Cut::BadLine { line, reason });
            }
        }
        Ok(())
    }
}

fn header(line: &[u8]) -> Result<Header, RecordError> {
    let text = line.trim_ascii();
    if text.is_empty() {
        return Err(RecordError::Empty);
    }
    let not = |reason: String| RecordError::NotARecord { reason };
    let whole = line.last() == Some(&b'\n');
    let json: serde_json::Value = match serde_json::from_slice(text) {
        Ok(json) => json,
        Err(_) if !whole && text.starts_with(b"{\"terrace_record\"") => {
            return Err(RecordError::Empty);
        }
        Err(error) => return Err(not(told(error))),
    };
    let Some(version) = json.get("terrace_record") else {
        return Err(not("it has no `terrace_record`".to_owned()));
    };
    match version.as_u64() {
        Some(found) if found > u64::from(super::VERSION) => {
            return Err(RecordError::Newer { found, known: super::VERSION });
        }
        Some(1..) => {}
        _ => return Err(not(format!("its version is {version}"))),
    }
    serde_json::from_value(json).map_err(|error| not(told(error)))
}

/// What is wrong with a line: it is one, so only the column says where.
#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn told(error: serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}
