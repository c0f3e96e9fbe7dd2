//! `terrace check`: everything that is wrong with a workflow, what is probably not meant, and what a
//! run would ask for, without running it.

use serde_json::json;
use terrace::Engine;
use terrace::core::{Conditions, Preview};

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

pub(crate) fn check(args: &CheckArgs, output: &mut Output) -> Exit {
    let engine = match Engine::builder().workers(0).pack_path(args.packs.path()).build() {
        Ok(engine) => engine,
        Err(error) => return problem::report(&error, args.json, output),
    };
    let workflow = match engine.describe(&args.file) {
        Ok(workflow) => workflow,
        Err(error) => return problem::report(&error, args.json, output),
    };
    for warning in workflow.warnings() {
        crate::say!("warning: {warning}");
    }
    let plan = workflow.plan();
    let names = |ids: &[terrace::core::NodeId]| -> Vec<&str> {
        ids.iter().map(|&id| workflow.node(id).name()).collect()
    };
    for name in names(plan.unneeded()) {
        crate::say!(
            "warning: `{name}` will not run: it has no effects and nobody needs its output"
        );
    }
    let workers = args.workers.map(usize::from);
    let findings = workflow.lint(workers);
    for finding in &findings {
        let severity = finding.code.severity().name();
        crate::say!("{severity}: {} [{}]", finding.problem, finding.code);
    }
    // As a run without inputs would have them.
    let inputs = workflow.inputs().iter().map(|input| input.default.clone());
    let conditions = Conditions::new(workers.unwrap_or_else(cores)).with_inputs(inputs);
    let preview = Preview::of(&plan, &conditions);
    let (nodes, levels) = (workflow.nodes().len(), workflow.levels().len());
    if args.json {
        output.json(&json!({
            "format": 1,
            "status": "valid",
            "nodes": nodes,
            "levels": levels,
            "unneeded": names(plan.unneeded()),
            "warnings": workflow.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "findings": findings.iter().map(problem::finding_json).collect::<Vec<_>>(),
            "preview": preview.to_json(),
            "errors": [],
        }));
    } else {
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        output.line(&format!(
            "{} is valid: {} in {}",
            args.file.display(),
            plural(nodes, "node"),
            plural(levels, "level"),
        ));
        if preview.is_worth_telling() {
            output.text(&preview.to_text());
        }
    }
    Exit::Success
}

/// The workers that a run would have.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
