//! Why a run could not be sent.

/// Why a run could not be sent. It ran all the same, and its record can be sent again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// The address is none.
    #[error("`{url}` is no address of an OTLP receiver: {reason}; as in http://localhost:4318")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The receiver is not there or does not take it.
    #[error("cannot send {what} to {url}: {reason}")]
    Refused {
        /// Spans or metrics.
        what: &'static str,
        /// Where to.
        url: String,
        /// Why.
        reason: String,
    },
    /// The system gives no thread to send it from.
    #[error("no thread to send the run from")]
    NoThread(#[source] std::io::Error),
}
