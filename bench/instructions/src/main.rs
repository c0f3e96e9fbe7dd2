//! How many instructions things take, and whether that has grown.
//!
//! Times differ between two runs of the same program; the number of instructions on one thread
//! hardly does, so a change of a few percent is seen on a busy machine and without a second one to
//! compare with. `valgrind --tool=callgrind` counts them.
//!
//! - `compare` (the default): counts everything and compares with `bench/baseline.json`.
//! - `record`: counts everything and writes that file.
//! - `list`: names what is counted.
//! - `repeat NAME TIMES`: does one thing so many times. It is what valgrind runs.
//!
//! `bench/README.md` says how to read the numbers and when to record anew.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

mod baseline;
mod callgrind;
mod compare;
mod error;
mod workload;

use std::path::Path;
use std::process::ExitCode;

use baseline::Baseline;
use error::Error;

/// What is on record, in the repository.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../baseline.json");

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [] | ["compare"] => compare(),
        ["record"] => record(),
        ["list"] => {
            workload::ALL.iter().for_each(|workload| println!("{}", workload.name));
            Ok(ExitCode::SUCCESS)
        }
        ["repeat", name, times] => repeat(name, times),
        _ => Err(Error::Usage),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn compare() -> Result<ExitCode, Error> {
    let record = Baseline::read(Path::new(RECORD))?;
    let found = count()?;
    let report = compare::Report::of(&record, &found);
    print!("{report}");
    Ok(if report.has_grown() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn record() -> Result<ExitCode, Error> {
    let found = count()?;
    found.write(Path::new(RECORD))?;
    println!("{} counts are on record", found.counts.len());
    Ok(ExitCode::SUCCESS)
}

fn count() -> Result<Baseline, Error> {
    if cfg!(debug_assertions) {
        return Err(Error::NotOptimised);
    }
    let mut found = Baseline::here(callgrind::version()?);
    for workload in &workload::ALL {
        eprintln!("{} …", workload.name);
        found.counts.insert(workload.name.to_owned(), callgrind::per_unit(workload)?);
    }
    Ok(found)
}

fn repeat(name: &str, times: &str) -> Result<ExitCode, Error> {
    let workload = workload::ALL.iter().find(|workload| workload.name == name);
    let workload = workload.ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
    let times: u32 = times.parse().map_err(|_| Error::Usage)?;
    let mut work = (workload.prepare)();
    (0..times).for_each(|_| work());
    Ok(ExitCode::SUCCESS)
}
