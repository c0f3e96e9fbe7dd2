//! The util pack.
