//! [`export`]: sends a run, in batches, and waits for the receiver.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use opentelemetry_otlp::{
    MetricExporter, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SpanExporter as _;
use terrace_report::Record;

use crate::client::Client;
use crate::error::OtlpError;
use crate::metrics::measure;
use crate::spans::Run;

/// Spans of a request.
const BATCH: usize = 512;

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    let base = url.trim_end_matches('/');
    if !(base.starts_with("http://") || base.starts_with("https://")) {
        let reason = "it begins neither with http:// nor with https://".to_owned();
        return Err(OtlpError::Address { url: url.to_owned(), reason });
    }
    let address = |reason: String| OtlpError::Address { url: url.to_owned(), reason };
    let refused = |what, reason: String| OtlpError::Refused { what, url: url.to_owned(), reason };
    let run = Run::new(record);
    let resource = Resource::builder().with_service_name("terrace").build();

    let mut spans = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/traces"))
        .build()
        .map_err(|error| address(error.to_string()))?;
    spans.set_resource(&resource);
    let mut all = run.spans();
    loop {
        let batch: Vec<_> = all.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        wait_for(spans.export(batch)).map_err(|error| refused("spans", error.to_string()))?;
    }

    let metrics = MetricExporter::builder()
        .with_http()
        .with_http_client(Client::new())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{base}/v1/metrics"))
        .build()
        .map_err(|error| address(error.to_string()))?;
    // Sent once, when all is measured.
    let reader =
        PeriodicReader::builder(metrics).with_interval(Duration::from_secs(86_400)).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build();
    measure(&run, &provider);
    // Sends what was measured; flushing before would send it twice.
    provider.shutdown().map_err(|error| refused("metrics", error.to_string()))?;
    Ok(Sent { spans: run.len() })
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread. The client blocks, so there is nothing else to do meanwhile.
fn wait_for<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
