//! Runs a compiled plan on a pool of threads.
