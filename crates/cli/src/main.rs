//! The `terrace` command: glue between the engine and a terminal.
//!
//! Results go to standard output, everything else to standard error. Exit codes are in [`exit`],
//! what is written in [`output`], errors drawn with their line in [`diagnostics`],
//! logs in [`log`].
#![forbid(unsafe_code)]

/// Says something on standard error, a line. One that is closed or full stops nothing.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::say(&format!($($text)*))
    };
}

mod args;
mod check;
mod completions;
mod diagnostics;
mod diff;
mod exit;
mod explain;
mod files;
mod forecast;
mod graph;
mod import;
mod log;
mod output;
mod packs;
mod problem;
mod recorded;
mod report;
mod run;
mod simulate;
mod trace;
mod usage;

use clap::Parser as _;

use args::{Cli, Command};
use exit::Exit;
use output::Output;

fn main() -> std::process::ExitCode {
    let parsed = match Cli::try_parse() {
        // Help and version.
        Err(error) if !error.use_stderr() => error.exit(),
        parsed => parsed,
    };
    let mut output = match Output::open() {
        Ok(output) => output,
        Err(error) => {
            crate::say!("error: cannot put standard output aside: {error}");
            return Exit::Usage.into();
        }
    };
    let verbose = parsed.as_ref().map_or(0, |cli| cli.verbose);
    if let Err(error) = log::start(verbose) {
        crate::say!("error: {error}");
        return Exit::Usage.into();
    }
    let exit = match parsed.map(|cli| cli.command) {
        Ok(Command::Run(args)) => run::run(&args, &mut output),
        Ok(Command::Check(args)) => check::check(&args, &mut output),
        Ok(Command::Graph(args)) => graph::graph(&args, &mut output),
        Ok(Command::Simulate(args)) => simulate::simulate(&args, &mut output),
        Ok(Command::Explain(args)) => explain::explain(&args, &mut output),
        Ok(Command::Diff(args)) => diff::diff(&args, &mut output),
        Ok(Command::Import(args)) => import::import(&args, &mut output),
        Ok(Command::Report(args)) => report::report(&args, &mut output),
        Ok(Command::Trace(args)) => trace::trace(&args, &mut output),
        Ok(Command::Packs(args)) => packs::packs(&args, &mut output),
        Ok(Command::Completions(args)) => completions::completions(&args, &mut output),
        Err(error) => usage::usage(&error, std::env::args_os(), &mut output),
    };
    // A reader that went away (`| head`) is no failure of ours.
    match output.finish() {
        Ok(()) => exit.into(),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit.into(),
        Err(error) => {
            crate::say!("error: cannot write to standard output: {error}");
            Exit::Usage.into()
        }
    }
}
