//! The public behaviour of terrace-plugin-host, with packs built by the tests themselves.
#![expect(clippy::unwrap_used, reason = "helpers of tests may, too")]

mod call;
mod choose;
mod damage;
mod fixture;
mod interface;
mod linked;
mod refuse_code;
mod refuse_file;
mod reload;
mod scan;
mod stdout;
