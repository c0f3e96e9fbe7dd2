//! Core alone: builds a workflow, levels it and looks at it. Nothing runs.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace_core::{NoTasks, Problems, WorkflowBuilder};

fn main() -> Result<(), Problems> {
    let wf = WorkflowBuilder::new("fan-out");
    let data = wf.call(|| vec![3_i64, 1, 2], ()).named("prepare");
    let parts: Vec<_> = (0..3)
        .map(|n| wf.call(move |all: Vec<i64>| all[n] * 2, (&data,)).named(format!("part_{n}")))
        .collect();
    let all = wf.call(|parts: Vec<i64>| parts.iter().sum::<i64>(), (parts,)).named("combine");
    wf.output("sum", &all);
    let wf = wf.build(&NoTasks)?;

    print!("{}", wf.to_levels_text());
    let path = wf.critical_path(|_| 1.0);
    let names: Vec<&str> = path.nodes.iter().map(|&id| wf.node(id).name()).collect();
    println!("critical path: {} ({} units)", names.join(" → "), path.length);
    print!("{}", wf.to_dot());
    Ok(())
}
