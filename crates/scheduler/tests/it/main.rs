//! The scheduler's public behaviour.

mod graph;

mod smoke;
