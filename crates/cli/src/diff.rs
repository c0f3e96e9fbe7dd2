//! `terrace diff`: what changed from one recorded run to another.

use terrace::report::{Diff, Noise};

use crate::args::DiffArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;
use crate::recorded;

pub(crate) fn diff(args: &DiffArgs, output: &mut Output) -> Exit {
    let read =
        recorded::read(&args.first).and_then(|first| Ok((first, recorded::read(&args.second)?)));
    let (first, second) = match read {
        Ok(records) => records,
        Err(error) => return problem::report(&error, args.json, output),
    };
    let noise = Noise {
        least: u64::try_from(args.noise_time.as_nanos()).unwrap_or(u64::MAX),
        part: args.noise / 100.0,
    };
    let diff = Diff::of(&first, &second, noise);
    match args.json {
        true => output.json(&diff.to_json()),
        false => output.text(&diff.to_text()),
    }
    Exit::Success
}
