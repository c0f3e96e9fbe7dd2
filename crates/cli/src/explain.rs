//! `terrace explain`: what makes a workflow take as long as it does, and what would help.

use terrace::forecast::{Explanation, Priority};

use crate::args::ExplainArgs;
use crate::exit::Exit;
use crate::forecast::{self, Unknown};
use crate::output::Output;

pub(crate) fn explain(args: &ExplainArgs, output: &mut Output) -> Exit {
    let json = args.forecast.json;
    let priority = Priority::CriticalPath;
    let subject = match forecast::subject(&args.forecast, priority, Unknown::Average, output) {
        Ok(subject) => subject,
        Err(exit) => return exit,
    };
    let recorded = subject.workers.unwrap_or_else(cores);
    let workers = args.workers.map_or(recorded, u32::from);
    for assumed in &subject.assumed {
        crate::say!("assumed: {assumed}");
    }
    let in_units = subject.missing.known == 0 && subject.missing.count > 0;
    let explained = Explanation::of(&subject.workflow, &subject.assumptions, workers, in_units);
    let explanation = match explained {
        Ok(explanation) => explanation,
        Err(error) => return forecast::report(error, json, output),
    };
    if subject.missing.count > 0 && !in_units {
        crate::say!(
            "assumed: as long as the others on average take {}; `--durations` says otherwise",
            subject.missing
        );
    }
    match json {
        true => output.json(&explanation.to_json()),
        false => output.text(&explanation.to_text()),
    }
    Exit::Success
}

/// The workers that a run would have.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}
