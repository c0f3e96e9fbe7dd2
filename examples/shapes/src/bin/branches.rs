//! Branches: named workflows side by side, in each other, and in a map. What takes the value of one
//! waits for all of its node's; a workflow that was built once is a node wherever it is wanted.
//!
//! `cargo run -p example-shapes --bin branches`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// Smallest, largest and their difference: a workflow of its own, with an input and outputs.
fn spread(engine: &Engine) -> Result<Workflow, Error> {
    let wf = engine.workflow("spread");
    let values = wf.input::<Vec<f64>>("values");
    let low = wf.call_ref(|v: &Vec<f64>| v.iter().copied().fold(f64::MAX, f64::min), (&values,));
    let high = wf.call_ref(|v: &Vec<f64>| v.iter().copied().fold(f64::MIN, f64::max), (&values,));
    wf.output("spread", &wf.call(|low: f64, high: f64| high - low, (&low, &high)));
    engine.build(wf)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().build()?;
    let spread = spread(&engine)?;
    let wf = engine.workflow("branches");
    let values = wf.input::<Vec<f64>>("values").with_default(vec![3.0, 1.0, 4.0, 1.0, 5.0]);

    let statistics = wf.branches("statistics");
    let mean = statistics.branch("mean", |body| {
        // Branches of a branch; there is no limit to it.
        let parts = body.branches("parts");
        let sum = parts.branch("sum", |body| {
            body.call(|values: Vec<f64>| values.iter().sum::<f64>(), (&values,))
        });
        let count = parts.branch("count", |body| body.call(|v: Vec<f64>| v.len(), (&values,)));
        body.call(|sum: f64, count: usize| sum / count as f64, (&sum, &count))
    });
    let range = statistics.branch("range", |body| {
        body.run(&spread).arg("values", &values).add().field::<f64>("spread")
    });

    // Branches in a map: both run for each value. What one gives the other never waits for.
    let around = wf.map(&values, |body, value| {
        let sides = body.branches("sides");
        let below =
            sides.branch("below", |body| body.call(|v: f64, m: f64| v < m, (&value, &mean)));
        let above =
            sides.branch("above", |body| body.call(|v: f64, m: f64| v > m, (&value, &mean)));
        let mark = |below: bool, above: bool| i64::from(above) - i64::from(below);
        body.call(mark, (&below, &above))
    });

    wf.output("mean", &mean);
    wf.output("range", &range);
    wf.output("all", &statistics.all());
    wf.output("around", &around);
    let wf = engine.build(wf)?;
    let report = engine.run(&wf, &RunRequest::new())?;
    println!("mean {}, range {}", report.get(&mean)?, report.get(&range)?);
    println!("around {:?}", report.get(&around)?);
    print!("{}", wf.to_levels_text());

    // It runs by itself too.
    let report = engine.run(&spread, &RunRequest::new().input("values", vec![2.0, 7.5]))?;
    println!("by itself {:?}", report.output("spread").and_then(|spread| spread.as_ref().ok()));
    Ok(())
}
