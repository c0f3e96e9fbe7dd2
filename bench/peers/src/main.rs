//! Terrace and the engines that a user would pick instead, measured in one run.
//!
//! `bench/README.md` says how to run it and how to read what it prints. This program is both the
//! driver, which starts one process after the other and sums up, and, as `one`, each of the peers
//! that live in [`engines`]. Terrace itself is a program of its own, `terrace-peer`, and so is
//! oneTBB's flow graph (`tbb/`): they speak the same protocol.

mod chart;
mod claim;
mod driver;
mod engines;
mod matrix;
mod outside;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    about = "Measures Terrace and its peers in one run",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    matrix: matrix::Matrix,
}

#[derive(Subcommand)]
enum Command {
    /// Measures one engine in this process and prints one line: the protocol's other side.
    #[command(disable_help_flag = true)]
    One {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Prints how many steps of the body `spin` take a microsecond here.
    Calibrate,
    /// Draws the charts again from a result.
    Chart {
        /// The folder with `results.json`.
        folder: PathBuf,
    },
    /// Writes the file of a graph.
    Graph { shape: String, nodes: usize, file: PathBuf },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::One { .. }) => return engines::serve_one(),
        Some(Command::Calibrate) => {
            println!("{}", matrix::steps_per_microsecond());
            Ok(())
        }
        Some(Command::Chart { folder }) => table::read(&folder)
            .and_then(|results| chart::draw(&results, &folder))
            .map(|files| println!("{files}")),
        Some(Command::Graph { shape, nodes, file }) => driver::write_graph(&shape, nodes, &file),
        None => driver::run(&cli.matrix),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
