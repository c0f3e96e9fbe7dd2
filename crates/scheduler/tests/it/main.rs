//! The scheduler's public behaviour.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, though clippy does not see it"
)]

mod graph;
mod random;

mod cancel;
mod conformance;
mod dispatch;
mod events;
mod fan;
mod lanes;
mod large;
mod nested;
mod report;
mod stress;
mod values;
