//! [`export`]: sends a run that is over, in batches, and waits for the receiver.

use terrace_report::Record;

use crate::error::OtlpError;
use crate::metrics::Measures;
use crate::receiver::Receiver;
use crate::spans::Trace;

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// How many spans.
    pub spans: usize,
}

/// Sends a run to a receiver of OTLP over HTTP, its spans to `v1/traces` and its metrics to
/// `v1/metrics` below `url`, as in `http://localhost:4318`. Takes as long as the receiver does, at
/// most ten seconds for each 512 spans. What `OTEL_EXPORTER_OTLP_HEADERS` says is sent with it, so
/// that keys stay out of command lines.
///
/// # Errors
/// When the address is none, or the receiver is not there or refuses it; some of the run may have
/// been taken by then. Sent again, the run has the same ids.
pub fn export(record: &Record, url: &str) -> Result<Sent, OtlpError> {
    let receiver = Receiver::at(url)?;
    let mut trace = Trace::new(record);
    let mut spans = trace.rest(record);
    let sent = Sent { spans: spans.len() };
    receiver.take_spans(&mut spans)?;
    let meters = receiver.meters()?;
    Measures::new(record, &meters).finish(record, &trace);
    receiver.take_last_metrics(&meters)?;
    Ok(sent)
}
