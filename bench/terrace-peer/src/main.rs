//! Terrace as a peer of other engines: the library of this name is all of it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    terrace_peer::run()
}
