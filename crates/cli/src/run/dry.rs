//! `terrace run --dry-run`: everything that a run checks before it starts, and what it would ask
//! for. Packs are loaded, as a run loads them; no task is called.

use serde_json::{Value as Json, json};
use terrace::core::{Conditions, NodeId, Plan, PlanIndex, Preview, Value, Workflow, show_duration};

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

/// Says what would run. `inputs` are the values that it would get.
pub(super) fn run(
    args: &RunArgs,
    workflow: &Workflow,
    inputs: Vec<Value>,
    workers: usize,
    output: &mut Output,
) -> Exit {
    let plan = match args.targets.is_empty() {
        true => workflow.plan(),
        false => match workflow.plan_for(&args.targets) {
            Ok(plan) => plan,
            Err(error) => return problem::report(&error.into(), args.json.is_some(), output),
        },
    };
    let conditions = Conditions::new(workers)
        .with_max_concurrent(args.max_concurrent)
        .with_inputs(inputs.into_iter().map(Some));
    let preview = Preview::of(&plan, &conditions);
    let deadline = args.deadline.into_iter().chain(workflow.rules().deadline).min();
    let at_best = preview.time.as_ref().map(|time| time.at_best);
    let late = deadline.zip(at_best).filter(|(deadline, at_best)| at_best > deadline);
    if args.json.is_some() {
        output.json(&json!({
            "format": 1,
            "status": "checked",
            "workflow": workflow.name(),
            "order": args.order.name(),
            "workers": workers,
            "levels": levels(&plan).iter().map(Vec::len).collect::<Vec<_>>(),
            "preview": preview.to_json(),
            "deadline": deadline.map(|deadline| json!({
                "seconds": deadline.as_secs_f64(),
                "can_be_met": late.is_none(),
            })),
            "outputs": {},
            "nodes": nodes(&plan),
            "errors": [],
        }));
        return Exit::Success;
    }
    if args.targets.is_empty() {
        output.text(&workflow.to_levels_text());
    } else {
        for (level, nodes) in levels(&plan).iter().enumerate() {
            output.line(&workflow.level_line(level, nodes, |_| None));
        }
    }
    output.text(&preview.to_text());
    if let Some((deadline, at_best)) = late {
        let (deadline, at_best) = (show_duration(deadline), show_duration(at_best));
        output.line(&format!("deadline: {deadline}, and it takes at least {at_best}"));
    }
    Exit::Success
}

/// The nodes that would run, level by level.
fn levels(plan: &Plan) -> Vec<Vec<NodeId>> {
    let level = |level| plan.level(level).map(|at| plan.id(PlanIndex::new(at))).collect();
    (0..plan.levels()).map(level).collect()
}

fn nodes(plan: &Plan) -> Vec<Json> {
    let workflow = plan.workflow();
    let entry = |id: NodeId| {
        let node = workflow.node(id);
        json!({
            "name": node.name(),
            "task": &*node.task().name,
            "level": workflow.levels().of(id),
            "items": node.width(),
        })
    };
    plan.indices().map(|at| entry(plan.id(at))).collect()
}
