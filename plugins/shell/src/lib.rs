//! The shell pack.
