//! What an item of a map costs, against plain nodes with the same body: the body reads an integer
//! and gives one more. Rows: a body of one task, with measured and with fixed chunks; a body of
//! two tasks, which needs a frame.

use std::sync::Arc;

use terrace_core::{
    Args, Chunk, Draft, Expr, FlowDraft, FlowStyle, InputDraft, InputId, InputRole, Map, NoTasks,
    NodeDraft, NodeId, OutputDraft, Plan, Port, Problems, Ref, RepeatDraft, Root, Signature, Task,
    TaskChoice, TaskError, TaskRef, Type, Value,
};
use terrace_scheduler::{PathChoice, RunOptions, Scheduler, TaskContext, Timing};

struct Next;

impl Task for Next {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::from(args[0].as_i64().unwrap_or(0) + 1))
    }
}

fn next(arg: Expr) -> NodeDraft {
    let signature = Signature {
        ports: vec![Port::new("x", Type::I64)],
        output: Type::I64,
        ..Signature::default()
    };
    let task = TaskRef {
        name: "next".into(),
        signature: Arc::new(signature),
        body: Arc::new(Next),
        pack: None,
    };
    NodeDraft::new(TaskChoice::Inline(task), Args::Positional(vec![arg]))
}

fn output(at: usize) -> Expr {
    let id = NodeId::at(at).expect("a bench has fewer nodes than ids");
    Expr::Ref(Ref::new(Root::Node(id)))
}

/// The first input of any workflow.
fn first_input() -> InputId {
    let draft = Draft { inputs: vec![InputDraft::new("item", Type::I64)], ..Draft::default() };
    let workflow = draft.validate(&NoTasks).expect("an input alone is right");
    workflow.input("item").expect("it was just declared")
}

fn plain(n: usize) -> Result<Plan, Problems> {
    let nodes =
        (0..n).map(|at| NodeDraft { keep: true, ..next(Expr::Const(Value::from(at as u64))) });
    Ok(Draft { nodes: nodes.collect(), ..Draft::default() }.validate(&NoTasks)?.plan())
}

fn map(n: usize, body: usize, chunk: Chunk) -> Result<Plan, Problems> {
    let input = first_input();
    let item = InputDraft { role: InputRole::Local, ..InputDraft::new("item", Type::I64) };
    let mut nodes = vec![next(Expr::Ref(Ref::new(Root::Input(input))))];
    nodes.extend((1..body).map(|at| next(output(at - 1))));
    let draft =
        Draft { inputs: vec![item], nodes, result: Some(output(body - 1)), ..Draft::default() };
    let flow = FlowDraft { draft, style: FlowStyle::Nodes, captures: Vec::new() };
    let over = Value::list((0..n as i64).map(Value::from).collect()).expect("a flat list");
    let mut spec = Map::over(Expr::Const(over), input);
    spec.chunk = chunk;
    let node = NodeDraft {
        repeat: Some(RepeatDraft::Map(Box::new(spec))),
        ..NodeDraft::new(TaskChoice::Flow(Box::new(flow)), Args::Named(Vec::new()))
    };
    let out = OutputDraft { name: "out".into(), value: output(0), span: None };
    Ok(Draft { nodes: vec![node], outputs: vec![out], ..Draft::default() }
        .validate(&NoTasks)?
        .plan())
}

pub(crate) fn table(n: usize) -> Result<(), Box<dyn std::error::Error>> {
    println!("\n{n} items, ns per item, and the ratio to as many plain nodes");
    println!("body             threads     fast  dispatcher   fast/plain  disp/plain");
    let plans = [
        ("plain nodes", plain(n)?),
        ("map, auto chunk", map(n, 1, Chunk::Auto)?),
        ("map, chunk of 1", map(n, 1, Chunk::Of(1))?),
        ("map, two nodes", map(n, 2, Chunk::Auto)?),
    ];
    let plans = plans.map(|(name, plan)| (name, Arc::new(plan)));
    for threads in [1, 2] {
        let scheduler = Scheduler::builder().workers(threads).build()?;
        let mut base = None;
        for (name, plan) in &plans {
            let cost = |path| {
                let run = || {
                    let options = RunOptions::default().with_path(path).with_timing(Timing::Off);
                    drop(scheduler.run(plan, options));
                };
                crate::median(run) / n as f64
            };
            let (fast, dispatcher) = (cost(PathChoice::Fast), cost(PathChoice::Dispatcher));
            let (fast_plain, disp_plain) = *base.get_or_insert((fast, dispatcher));
            println!(
                "{name:<16} {threads:>7} {fast:>8.1} {dispatcher:>11.1} {:>12.2} {:>11.2}",
                fast / fast_plain,
                dispatcher / disp_plain,
            );
        }
    }
    Ok(())
}
