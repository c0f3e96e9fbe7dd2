//! The quantum pack.
