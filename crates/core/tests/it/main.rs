//! The public behaviour of terrace-core.
#![expect(clippy::unwrap_used, reason = "clippy does not take helpers of tests for tests")]

mod absence;
mod builder;
mod builder_flow;
mod builder_map;
mod by_number;
mod file_catalog;
mod file_errors;
mod file_fan_errors;
mod file_flows;
mod file_hostile;
mod file_link;
mod file_nested;
mod file_read;
mod file_reference;
mod file_values;
mod file_write;
mod lint;
mod naive;
mod policy_build;
mod policy_errors;
mod policy_read;
mod preview;
mod tasks;
mod view;
mod view_inside;
mod view_svg;
