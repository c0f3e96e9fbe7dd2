//! `terrace simulate`: what runs would take, with how many workers, without running anything.

use std::fs;

use terrace::core::{Problem, Problems};
use terrace::forecast::Forecast;

use crate::args::SimulateArgs;
use crate::exit::Exit;
use crate::forecast::{self, Unknown};
use crate::output::Output;
use crate::problem;

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
