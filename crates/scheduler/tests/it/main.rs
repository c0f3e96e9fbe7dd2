//! The scheduler's public behaviour.

mod graph;
mod random;

mod cancel;
mod conformance;
mod dispatch;
mod events;
mod large;
mod lanes;
mod nested;
mod report;
mod stress;
mod values;
