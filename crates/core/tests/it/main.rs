//! The public behaviour of terrace-core.

mod builder;
mod file_catalog;
mod file_errors;
mod file_hostile;
mod file_read;
mod file_reference;
mod file_values;
mod file_write;
mod view;
