//! Finds, checks and loads packs of tasks.
