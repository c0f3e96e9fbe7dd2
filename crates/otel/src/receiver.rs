//! [`Receiver`]: who takes spans and metrics.

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
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use crate::client::Client;
use crate::error::OtlpError;

/// Spans of a request.
pub(crate) const BATCH: usize = 512;

/// A receiver of OTLP over HTTP.
pub(crate) struct Receiver {
    url: String,
    resource: Resource,
    spans: SpanExporter,
}

impl Receiver {
    /// The one at an address. Nothing is sent.
    pub(crate) fn at(url: &str) -> Result<Self, OtlpError> {
        let base = url.trim_end_matches('/');
        let address = |reason: String| OtlpError::Address { url: url.to_owned(), reason };
        if !(base.starts_with("http://") || base.starts_with("https://")) {
            return Err(address("it begins neither with http:// nor with https://".to_owned()));
        }
        let resource = Resource::builder().with_service_name("terrace").build();
        let mut spans = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{base}/v1/traces"))
            .build()
            .map_err(|error| address(error.to_string()))?;
        spans.set_resource(&resource);
        Ok(Self { url: url.to_owned(), resource, spans })
    }

    /// Sends spans; what was taken is taken out.
    pub(crate) fn take_spans(&self, spans: &mut Vec<SpanData>) -> Result<(), OtlpError> {
        while !spans.is_empty() {
            let batch = spans[..BATCH.min(spans.len())].to_vec();
            let sent = batch.len();
            wait_for(self.spans.export(batch))
                .map_err(|error| self.refused("spans", error.to_string()))?;
            spans.drain(..sent);
        }
        Ok(())
    }

    /// What a run is measured with.
    pub(crate) fn meters(&self) -> Result<SdkMeterProvider, OtlpError> {
        let base = self.url.trim_end_matches('/');
        let metrics = MetricExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{base}/v1/metrics"))
            .build()
            .map_err(|error| OtlpError::Address {
                url: self.url.clone(),
                reason: error.to_string(),
            })?;
        // Sends when it is told to, and not by itself.
        let reader =
            PeriodicReader::builder(metrics).with_interval(Duration::from_secs(86_400)).build();
        let resource = self.resource.clone();
        Ok(SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build())
    }

    /// Sends what was measured so far, all since the run's start.
    pub(crate) fn take_metrics(&self, meters: &SdkMeterProvider) -> Result<(), OtlpError> {
        meters.force_flush().map_err(|error| self.refused("metrics", error.to_string()))
    }

    /// Sends what was measured, for the last time.
    pub(crate) fn take_last_metrics(&self, meters: &SdkMeterProvider) -> Result<(), OtlpError> {
        // Sends by itself; flushing before would send it twice.
        meters.shutdown().map_err(|error| self.refused("metrics", error.to_string()))
    }

    fn refused(&self, what: &'static str, reason: String) -> OtlpError {
        OtlpError::Refused { what, url: self.url.clone(), reason }
    }
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
