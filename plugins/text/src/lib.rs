//! The text pack.
