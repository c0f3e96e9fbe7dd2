//! [`Client`]: sends what OpenTelemetry's exporters give it, on the thread that asks.
//!
//! Their own clients want an async runtime, and panic in a thread without one.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use ureq::Agent;

/// How long a receiver may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const ANSWER: u64 = 4 << 20;

/// A blocking HTTP client.
#[derive(Clone, Debug)]
pub(crate) struct Client(Agent);

impl Client {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // What the receiver says is read by the exporter.
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(Agent::new_with_config(config))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.0.run(request.map(|body| body.to_vec()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
