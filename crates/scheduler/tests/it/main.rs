//! The scheduler's public behaviour.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, though clippy does not see it"
)]

mod graph;
mod random;

mod built;
mod by_number;
mod cancel;
mod checkpoint;
mod conformance;
mod control;
mod dispatch;
mod dispatch_limits;
mod early;
mod events;
mod fan;
mod given_up;
mod lanes;
mod large;
mod map_cancel;
mod map_pace;
mod map_panic;
mod map_reduce;
mod nested;
mod oracle;
mod report;
mod retold;
mod sequence;
mod series;
mod simulated;
mod stress;
mod told_nodes;
mod told_values;
mod values;
mod watch;
