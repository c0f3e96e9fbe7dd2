//! A program that embeds Terrace: the same workflow typed in Rust, from a file, and by task names
//! that only the run-time knows; then a pack's tasks and closures together.
//!
//! Build the packs first, then give their folder: `cargo run -p example-embed -- target/release`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// What `quantum/measure_pauli` gives.
#[derive(Record, Clone, Debug)]
struct Term {
    pauli: String,
    value: f64,
}

fn typed(engine: &Engine) -> Result<Workflow, Error> {
    let wf = engine.workflow("typed");
    let theta = wf.input::<f64>("theta").with_default(-0.22368);
    let ansatz = wf.import::<(f64,), Value>("quantum/build_ansatz").call((&theta,));
    let measure = wf.import::<(Value, String), Term>("quantum/measure_pauli");
    let terms = ["ZI", "IZ", "ZZ", "XX", "YY"].map(|pauli| measure.call((&ansatz, pauli)));
    let energy = wf.import::<(Vec<Term>,), f64>("quantum/compute_energy").call((terms,));
    wf.output("energy", &energy);
    engine.build(wf)
}

fn by_name(engine: &Engine) -> Result<Workflow, Error> {
    let wf = engine.workflow("by-name");
    let theta = wf.input::<f64>("theta").with_default(-0.22368);
    let ansatz = wf.task("quantum/build_ansatz").arg("theta", &theta).add();
    let terms: Vec<Handle<Value>> = ["ZI", "IZ", "ZZ", "XX", "YY"]
        .iter()
        .map(|&pauli| {
            wf.task("quantum/measure_pauli").arg("circuit", &ansatz).arg("pauli", pauli).add()
        })
        .collect();
    let energy = wf.task("quantum/compute_energy").arg("terms", terms).add();
    wf.output("energy", &energy);
    engine.build(wf)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let packs = std::env::args().nth(1).unwrap_or_else(|| "target/release".to_owned());
    let engine = Engine::builder().pack_folder(packs).build()?;

    let file = engine.read("examples/vqe-h2.yaml")?;
    for workflow in [typed(&engine)?, by_name(&engine)?, file] {
        let report = engine.run(&workflow, &RunRequest::new().input("theta", -0.22354))?;
        println!("{:>8}: {:?}", workflow.name(), report.output("energy"));
        print!("{}", workflow.to_levels_text());
    }

    let wf = engine.workflow("mixed");
    let ansatz = wf.task("quantum/build_ansatz").arg("theta", 0.5).add();
    let measure = wf.import::<(Value, String), Term>("quantum/measure_pauli");
    let zz = measure.call((&ansatz, "ZZ"));
    // A closure takes what the pack gave as the program's own type.
    let line = wf.call_ref(|term: &Term| format!("<{}> = {:+.6}", term.pauli, term.value), (&zz,));
    wf.output("line", &line);
    let workflow = engine.build(wf)?;
    let handle = engine.start(&workflow, &RunRequest::new())?;
    println!("{}", handle.wait().get(&line)?);
    Ok(())
}
