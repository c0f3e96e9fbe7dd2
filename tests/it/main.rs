//! Tests across crates, with real packs loaded by `dlopen` and the real command.

mod arrows;
