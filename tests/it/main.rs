//! Tests across crates, with real packs loaded by `dlopen` and the real command.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod absence;
mod arrows;
mod checkpoints;
mod checks;
mod crates;
mod crawl;
mod document;
mod early;
mod errors;
mod examples;
mod format;
mod http;
mod interrupt;
mod outside;
mod overlap;
mod readme;
mod record;
mod same;
mod secrets;
mod secrets_inside;
mod seen;
mod shapes;
mod simulate;
mod snippets;
mod support;
mod values;
