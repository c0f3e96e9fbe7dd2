//! The math pack.
