//! A loop: the ground state of the hydrogen molecule, as in `examples/vqe-minimum.yaml`, by the
//! tasks of a pack. Each pass measures five terms of the energy, as a map, and learns from it which
//! angle to try next.
//!
//! `cargo build --release`, then `cargo run -p example-shapes --bin vqe -- target/release`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// What the program wants of what `quantum/minimise_step` gives. The rest goes through as it is:
/// the state of the loop is a `Value`.
const WANTED: [&str; 3] = ["energy", "best", "passes"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let packs = std::env::args().nth(1).unwrap_or_else(|| "target/release".to_owned());
    let engine = Engine::builder().pack_folder(packs).build()?;
    let wf = engine.workflow("vqe");

    // A pack's tasks with the types that this program expects of them: `build` holds them against
    // the pack's manifest.
    let build_ansatz = wf.import::<(f64,), Value>("quantum/build_ansatz");
    let measure = wf.import::<(Value, String), Value>("quantum/measure_pauli");
    let compute = wf.import::<(Vec<Value>,), f64>("quantum/compute_energy");
    let minimise = wf.import::<(Value, f64), Value>("quantum/minimise_step");

    let start = wf.import::<(f64, f64), Value>("quantum/bracket").call((-3.0, 3.0));
    let minimum = wf.loop_from(&start).until(60, |body, search| {
        // `within` makes nodes of the body, not of the workflow around it; `field` selects on the
        // edge and adds no node.
        let ansatz = build_ansatz.within(body).call((search.field::<f64>("theta"),));
        let terms = ["ZI", "IZ", "ZZ", "XX", "YY"].map(str::to_owned).to_vec();
        let terms = body.map(terms, |body, pauli| measure.within(body).call((&ansatz, &pauli)));
        let energy = compute.within(body).call((&terms,));
        let step = minimise.within(body).call((&search, &energy));
        let done = step.field::<bool>("done");
        (step, done)
    });

    for name in WANTED {
        wf.output(name, &minimum.field::<Value>(name));
    }
    let wf = engine.build(wf)?;
    let report = engine.run(&wf, &RunRequest::new())?;
    for name in WANTED {
        let value = report.output(name).ok_or("no such output")?;
        println!(
            "{name}: {}",
            terrace::core::value_to_json(value.as_ref().map_err(|e| e.to_string())?)?
        );
    }
    Ok(())
}
