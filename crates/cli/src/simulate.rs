//! `terrace simulate`: what runs would take, with how many workers, without running anything.

use std::fs;
use std::path::Path;

use terrace::core::{Problem, Problems, Workflow};
use terrace::forecast::Forecast;

use crate::args::{ForecastArgs, SimulateArgs};
use crate::exit::Exit;
use crate::files;
use crate::forecast::{self, Unknown};
use crate::output::Output;
use crate::problem;
use crate::run::inputs;

pub(crate) fn simulate(args: &SimulateArgs, output: &mut Output) -> Exit {
    let json = args.forecast.json;
    let priority = args.priority.priority();
    let subject = match forecast::subject(&args.forecast, priority, Unknown::Refused, output) {
        Ok(subject) => subject,
        Err(exit) => return exit,
    };
    if subject.missing.count > 0 {
        let message = format!("nothing says how long these take: {}", subject.missing);
        let problem = Problem::new(message).with_help(
            "declare `expected` in the file, or give --durations FILE or --default-duration TIME",
        );
        return problem::report(&Problems::from(problem).into(), json, output);
    }
    if let Some(plot) = &args.plot
        && let Err(message) = apart(&args.forecast, &subject.workflow, plot)
    {
        return problem::usage(&message, json, output);
    }
    let orders = args.order.orders();
    let forecast =
        match Forecast::of(&subject.workflow, &subject.assumptions, orders, &args.workers.0) {
            Ok(forecast) => forecast,
            Err(error) => return forecast::report(error, json, output),
        };
    if let Some(file) = &args.plot
        && let Err(error) = fs::write(file, forecast.to_svg())
    {
        let message = format!("cannot write {}: {error}", file.display());
        return problem::usage(&message, json, output);
    }
    for assumed in &subject.assumed {
        crate::say!("assumed: {assumed}");
    }
    for assumed in &forecast.assumed {
        crate::say!("assumed: {assumed}");
    }
    match json {
        true => output.json(&forecast.to_json()),
        false => output.text(&forecast.to_text()),
    }
    Exit::Success
}

/// Whether something can be written to `output` that is made of all that a forecast reads.
fn apart(args: &ForecastArgs, workflow: &Workflow, output: &Path) -> Result<(), String> {
    let used = files::used(workflow, &args.file);
    let mut read = [Some(&args.file), args.durations.as_ref()].into_iter().flatten().chain(&used);
    read.try_for_each(|file| files::apart(file, output))?;
    let mut given = inputs::files(&args.inputs, args.inputs_file.as_deref());
    given.try_for_each(|file| files::apart(file, output))
}
