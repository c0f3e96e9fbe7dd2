//! [`Follower`]: sends a run while it goes on, from its record while that is written.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver as Source, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::SpanData;
use terrace_report::Reading;

use crate::error::OtlpError;
use crate::export::Sent;
use crate::receiver::Receiver;
use crate::spans::Trace;

/// How long a span waits for others.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a receiver that did not take something is left alone.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Sends what has ended in a run about once a second, while the run goes on: of one that is killed the
/// receiver has what had ended by then, below a run that is missing. A thread of its own sends, so that
/// the run never waits for a receiver; what is not taken is offered again, and at the end once more.
///
/// # Examples
/// ```no_run
/// use std::io::Write as _;
/// use terrace_otel::Follower;
///
/// let (mut record, follower) = Follower::start("http://localhost:4318")?;
/// record.write_all(b"{\"terrace_record\":1,\"run\":\"r-1\",\"own\":1,\"nodes\":[{\"name\":\"a\"}]}\n")?;
/// // … the lines of the record, as a `Recorder` writes them …
/// let sent = follower.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Follower {
    end: Sender<Option<Vec<u8>>>,
    thread: JoinHandle<Result<Sent, OtlpError>>,
}

/// Takes a record line by line, as it is written, for a [`Follower`]. Never waits and never fails.
#[derive(Clone, Debug)]
pub struct Lines(Sender<Option<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Whoever follows no more has said why.
        let _ = self.0.send(Some(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Follower {
    /// Follows a run to the receiver at an address, as [`export`](crate::export) knows them.
    ///
    /// # Errors
    /// When the address is none, or there is no thread to be had.
    pub fn start(url: &str) -> Result<(Lines, Self), OtlpError> {
        let receiver = Receiver::at(url)?;
        let (lines, source) = mpsc::channel();
        let thread = thread::Builder::new().name("terrace-otlp".to_owned());
        let thread = thread
            .spawn(move || Course::new(receiver).follow(&source))
            .map_err(OtlpError::NoThread)?;
        Ok((Lines(lines.clone()), Self { end: lines, thread }))
    }

    /// Waits until all is sent that was written so far; of what is written later nothing is.
    ///
    /// # Errors
    /// When the receiver is not there or does not take it, at the end too.
    pub fn finish(self) -> Result<Sent, OtlpError> {
        // A panic there is a bug, and none of the run's.
        // Who follows no more has ended.
        let _ = self.end.send(None);
        self.thread.join().unwrap_or_else(|_| Ok(Sent::default()))
    }
}

/// How far it is.
struct Course {
    receiver: Receiver,
    reading: Reading,
    trace: Option<Trace>,
    /// Spans that were not taken yet.
    waiting: Vec<SpanData>,
    sent: Sent,
    /// When spans are sent next.
    next: Instant,
}

impl Course {
    fn new(receiver: Receiver) -> Self {
        let (reading, trace, waiting) = (Reading::new(), None, Vec::new());
        let next = Instant::now() + PAUSE;
        Self { receiver, reading, trace, waiting, sent: Sent::default(), next }
    }

    fn follow(mut self, source: &Source<Option<Vec<u8>>>) -> Result<Sent, OtlpError> {
        loop {
            let wait = self.next.saturating_duration_since(Instant::now());
            match source.recv_timeout(wait) {
                // What is no record is not sent; a recorder writes one.
                Ok(Some(bytes)) => drop(self.reading.take(&bytes)),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= self.next {
                self.note();
                self.send();
            }
        }
        self.finish()
    }

    /// Looks what has ended.
    fn note(&mut self) {
        if let Some(record) = self.reading.record() {
            let trace = self.trace.get_or_insert_with(|| Trace::new(record));
            let spans = trace.advance(record);
            self.sent.spans += spans.len();
            self.waiting.extend(spans);
        }
    }

    /// Sends what waits.
    fn send(&mut self) {
        let pause = match self.receiver.take_spans(&mut self.waiting) {
            Ok(()) => PAUSE,
            // It is tried again, and said at the end.
            Err(_) => AFTER_FAILURE,
        };
        self.next = Instant::now() + pause;
    }

    fn finish(mut self) -> Result<Sent, OtlpError> {
        let Some(record) = self.reading.record() else { return Ok(self.sent) };
        let trace = self.trace.get_or_insert_with(|| Trace::new(record));
        let spans = trace.rest(record);
        self.sent.spans += spans.len();
        self.waiting.extend(spans);
        self.receiver.take_spans(&mut self.waiting)?;
        self.receiver.take_metrics(record, trace)?;
        Ok(self.sent)
    }
}
