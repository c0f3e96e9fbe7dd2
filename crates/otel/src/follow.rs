//! [`Follower`]: sends a run while it goes on, from its record while that is written.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver as Source, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SpanData;
use terrace_report::{Reading, Record};

use crate::error::OtlpError;
use crate::export::Sent;
use crate::metrics::Measures;
use crate::receiver::Receiver;
use crate::spans::Trace;

/// How long a span waits for others.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a receiver that did not take something is left alone.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often metrics are sent, where nothing is said.
const METRICS: Duration = Duration::from_secs(10);

/// How often they are sent, in milliseconds: OpenTelemetry's own word for it.
const METRICS_VARIABLE: &str = "OTEL_METRIC_EXPORT_INTERVAL";

/// Sends what has ended in a run about once a second, while the run goes on, and metrics every ten
/// seconds, the first after a second: of one that is killed the receiver has what had ended by then,
/// below a run that is missing. A thread of its own sends, so that the run never waits for a receiver;
/// what is not taken is offered again, and at the end once more. Metrics count from the run's start, so
/// that of those nothing is lost that was not taken.
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
    /// Follows a run to the receiver at an address, as [`export`](crate::export) knows them. How many
    /// milliseconds pass from metrics to metrics says `OTEL_METRIC_EXPORT_INTERVAL`.
    ///
    /// # Errors
    /// When the address is none, or there is no thread to be had.
    pub fn start(url: &str) -> Result<(Lines, Self), OtlpError> {
        let said = std::env::var(METRICS_VARIABLE).ok().and_then(|ms| ms.trim().parse().ok());
        let every = said.filter(|&ms| ms > 0).map_or(METRICS, Duration::from_millis);
        Self::start_with(url, every)
    }

    /// As [`start`](Self::start), with metrics every so often.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(url: &str, metrics: Duration) -> Result<(Lines, Self), OtlpError> {
        let receiver = Receiver::at(url)?;
        let (lines, source) = mpsc::channel();
        let thread = thread::Builder::new().name("terrace-otlp".to_owned());
        let thread = thread
            .spawn(move || Course::new(receiver, metrics).follow(&source))
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
    seen: Option<Seen>,
    /// Spans that were not taken yet.
    waiting: Vec<SpanData>,
    sent: Sent,
    /// When spans are sent next.
    next: Instant,
    /// How often metrics are sent, and when next.
    every: Duration,
    next_metrics: Instant,
}

/// What is known of a run, from its first line on.
struct Seen {
    trace: Trace,
    measures: Measures,
    meters: SdkMeterProvider,
}

impl Seen {
    fn new(record: &Record, receiver: &Receiver) -> Result<Self, OtlpError> {
        let meters = receiver.meters()?;
        let (trace, measures) = (Trace::new(record), Measures::new(record, &meters));
        Ok(Self { trace, measures, meters })
    }
}

impl Course {
    fn new(receiver: Receiver, every: Duration) -> Self {
        let next = Instant::now() + PAUSE;
        Self {
            receiver,
            reading: Reading::new(),
            seen: None,
            waiting: Vec::new(),
            sent: Sent::default(),
            next,
            every,
            next_metrics: Instant::now() + PAUSE.min(every),
        }
    }

    fn follow(mut self, source: &Source<Option<Vec<u8>>>) -> Result<Sent, OtlpError> {
        loop {
            let next = self.next.min(self.next_metrics);
            match source.recv_timeout(next.saturating_duration_since(Instant::now())) {
                // What is no record is not sent; a recorder writes one.
                Ok(Some(bytes)) => drop(self.reading.take(&bytes)),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if now >= self.next || now >= self.next_metrics {
                self.note()?;
            }
            if now >= self.next {
                self.send();
            }
            if now >= self.next_metrics {
                self.send_metrics();
            }
        }
        self.finish()
    }

    /// Looks what has ended.
    fn note(&mut self) -> Result<(), OtlpError> {
        let Some(record) = self.reading.record() else { return Ok(()) };
        let seen = match &mut self.seen {
            Some(seen) => seen,
            none => none.insert(Seen::new(record, &self.receiver)?),
        };
        let spans = seen.trace.advance(record);
        self.sent.spans += spans.len();
        self.waiting.extend(spans);
        Ok(())
    }

    /// Sends the spans that wait.
    fn send(&mut self) {
        let pause = match self.receiver.take_spans(&mut self.waiting) {
            Ok(()) => PAUSE,
            // It is tried again, and said at the end.
            Err(_) => AFTER_FAILURE,
        };
        self.next = Instant::now() + pause;
    }

    /// Measures what is over and sends it.
    fn send_metrics(&mut self) {
        let mut pause = self.every;
        if let Some((record, seen)) = self.reading.record().zip(self.seen.as_mut()) {
            seen.measures.advance(record, &seen.trace);
            if self.receiver.take_metrics(&seen.meters).is_err() {
                pause = pause.max(AFTER_FAILURE);
            }
        }
        self.next_metrics = Instant::now() + pause;
    }

    fn finish(mut self) -> Result<Sent, OtlpError> {
        self.note()?;
        let Some((record, mut seen)) = self.reading.record().zip(self.seen) else {
            return Ok(self.sent);
        };
        let spans = seen.trace.rest(record);
        self.sent.spans += spans.len();
        self.waiting.extend(spans);
        seen.measures.finish(record, &seen.trace);
        let spans = self.receiver.take_spans(&mut self.waiting);
        // One that takes no spans may take metrics; and a meter that is dropped sends by itself.
        let metrics = self.receiver.take_last_metrics(&seen.meters);
        spans.and(metrics).map(|()| self.sent)
    }
}
